import { scope } from '../tensor/scope.ts';
import { gradientDepth, noGrad, type Pair, record, recording } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** How one call of a fused operation went. */
export interface Call<O> {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly options: O;
  /** what its kernel left for the way back beside the output */
  readonly saved: readonly Tensor[];
}

/** What a kernel may give instead of its output alone. */
export interface Made {
  readonly output: Tensor;
  readonly saved: readonly Tensor[];
}

/** The kernel side of a fused operation. */
export interface FastPath<O> {
  /** whether the kernel takes these inputs; always, where it is not given */
  readonly eligible?: (inputs: readonly Tensor[], options: O) => boolean;
  readonly kernel: (inputs: readonly Tensor[], options: O) => Tensor | Made;
  /** cotangents of the inputs from what the forward left; without it a recorded call takes the composite */
  readonly vjp?: (call: Call<O>, g: Tensor, wanted: readonly boolean[]) => readonly (Tensor | null)[];
  /** what per-sample gradients need of input `index`; without it they are taken one sample at a time */
  readonly pairs?: (call: Call<O>, g: Tensor, index: number) => Pair | null;
}

let plain = false;

/** Runs `fn` with every fast path off: each fused operation is then its composite. */
export function compositesOnly<T>(fn: () => T): T {
  const was = plain;
  plain = true;
  try {
    return fn();
  } finally {
    plain = was;
  }
}

/** Whether kernels may stand in for composites; false inside compositesOnly. */
export const fastPaths = (): boolean => !plain;

/**
 * An operation with a definition and a fast path. `composite` is the definition, made of operations; `kernel` computes
 * the same in fewer dispatches, and `vjp` its gradient without running the forward again.
 *
 * Inside a gradient of a gradient the composite runs from the start. A node left at depth one is only ever walked
 * back outside all gradients, so a vjp's own results are never differentiated and it may use kernels without
 * derivatives.
 */
export function fused<O>(
  name: string,
  composite: (inputs: readonly Tensor[], options: O) => Tensor,
  { kernel, eligible, vjp, pairs }: FastPath<O>,
): (inputs: readonly Tensor[], options: O) => Tensor {
  return (inputs, options) => {
    const leaves = recording() && inputs.some((t) => t.tracked);
    const derivable = !leaves || (vjp !== undefined && gradientDepth() === 1);
    if (plain || !derivable || !(eligible?.(inputs, options) ?? true)) {
      return scope(() => composite(inputs, options));
    }
    const made = noGrad(() => scope(() => kernel(inputs, options)));
    const { output, saved } = 'saved' in made ? made : { output: made, saved: [] };
    if (!leaves || !vjp) {
      for (const t of saved) t.dispose();
      return output;
    }
    const call = { inputs, output, options, saved };
    return record(
      name,
      inputs,
      output,
      (g, wanted) => scope(() => vjp(call, g, wanted)),
      pairs && ((g, i) => pairs(call, g, i)),
    );
  };
}
