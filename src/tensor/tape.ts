import { VeilganError } from '../base/errors.ts';
import type { Tensor } from './tensor.ts';

/** A cotangent that is not yet computed, because the node it goes to may want it in another form; see ops/epilogue.ts. */
export interface DeferredCotangent {
  readonly shape: readonly number[];
  plain(): Tensor;
}
export type Cotangent = Tensor | DeferredCotangent;

/** The cotangent itself, computed now if it was put off. */
export const force = (g: Cotangent): Tensor => ('plain' in g ? g.plain() : g);

/** For each input, its cotangent; null where it has none or is not wanted. */
export type Vjp = (cotangent: Tensor, wanted: readonly boolean[]) => readonly (Cotangent | null)[];
/** The same for the few operations that can use a cotangent before it is computed. */
export type LazyVjp = (cotangent: Cotangent, wanted: readonly boolean[]) => readonly (Cotangent | null)[];

/** How a tensor came to be: what backward needs. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  /** how the inputs came to be; kept here because a tensor that is freed forgets its own */
  readonly parents: readonly (Node | null)[];
  /** versions of the inputs' storages when they were read */
  readonly versions: readonly number[];
  readonly output: Tensor;
  readonly vjp: LazyVjp;
  /** order of creation: every node comes after its inputs */
  readonly seq: number;
  /** what per-sample gradients need to know of a contraction or broadcast with parameter input i; see perSample */
  readonly pairs?: PairRule;
}

/** From a cotangent to the pair that a parameter's per-sample gradient is made of, for the input at `index`. */
export type PairRule = (cotangent: Cotangent, index: number) => Pair | null;

/** One use of a parameter by a batch: enough to form its gradient for each sample, their norms, or a weighted sum. */
export interface Pair {
  /** per-sample gradient [samples, ...parameter shape]; samples = G * n, g-major */
  each(): Tensor;
  /** what the norms of `each` are made of, without it; where it does not tell, the squares of its elements */
  norms?(): SampleNorms | null;
  /**
   * The sum over samples of c[s] times their gradient, in the parameter's shape, without `each`; a sample of weight 0
   * adds nothing, whatever it holds.
   * @param c [samples]
   */
  weighted?(c: Tensor): Tensor;
  /** how many samples there are, where `norms` or `weighted` is given */
  readonly samples?: number;
}

/** For each sample of [samples, ...] the sum of its elements, or of their squares. */
export interface RowSum {
  readonly rows: Tensor;
  readonly squared: boolean;
}

/**
 * Euclidean norms of per-sample gradients, as what they are made of: whoever wants those of all parameters computes
 * them together.
 */
export interface SampleNorms {
  /** one or two, whose product is the squared norm of each sample as f32 arithmetic finds it */
  readonly squares: readonly RowSum[];
  /** how far rounding may have put it below the truth, in multiples of |x| |y| (sample by sample) */
  readonly rounding?: {
    readonly x: Tensor;
    readonly y: Tensor;
    /** of the squared norm, in multiples of |x|^2 |y|^2 */
    readonly squares: number;
    /** of the norm itself, or of the gradient that is later summed */
    readonly norms: number;
  };
}

let sequence = 0;
let depth = 0;
let paused = 0;

/** Whether operations on tracked tensors leave nodes. */
export const recording = (): boolean => depth > 0 && paused === 0;

/** How many gradients are being taken around the current call. */
export const gradientDepth = (): number => depth;

/** Runs `fn` as the inside of one more gradient. */
export function traced<T>(fn: () => T): T {
  depth++;
  const was = paused;
  paused = 0;
  try {
    return fn();
  } finally {
    depth--;
    paused = was;
  }
}

/** Runs `fn` without leaving nodes: its results are constants to every gradient around it. */
export function noGrad<T>(fn: () => T): T {
  paused++;
  try {
    return fn();
  } finally {
    paused--;
  }
}

/** Leaves a node on `output` where one is wanted; returns `output`. */
export function record(
  op: string,
  inputs: readonly Tensor[],
  output: Tensor,
  vjp: Vjp,
  pairs?: (cotangent: Tensor, index: number) => Pair | null,
): Tensor {
  return recordLazy(op, inputs, output, (g, wanted) => vjp(force(g), wanted), pairs && ((g, i) => pairs(force(g), i)));
}

/** `record` for an operation whose vjp takes cotangents that are put off. */
export function recordLazy(
  op: string,
  inputs: readonly Tensor[],
  output: Tensor,
  vjp: LazyVjp,
  pairs?: PairRule,
): Tensor {
  if (!recording() || !inputs.some((t) => t.tracked)) return output;
  const versions = inputs.map((t) => t.storage.version);
  const parents = inputs.map((t) => t.node);
  output.node = { op, inputs, parents, versions, output, vjp, seq: ++sequence, pairs };
  return output;
}

/** Makes `tensor` a leaf that gradients can be taken for. */
export function markLeaf(tensor: Tensor): void {
  const none = () => [];
  tensor.node = { op: 'leaf', inputs: [], parents: [], versions: [], output: tensor, vjp: none, seq: ++sequence };
}

/**
 * @throws VeilganError GRADIENT where a value that backward needs was assigned to since, USE_AFTER_FREE where it was
 * freed
 */
export function checkVersions(node: Node): void {
  node.inputs.forEach((input, i) => {
    if (input.storage.version === node.versions[i]) return;
    throw new VeilganError('GRADIENT', `${node.op}: input ${i} was assigned to after it was used`, {
      where: node.op,
      fix: 'Take the gradient before the update, or recompute the forward after it',
    });
  });
}
