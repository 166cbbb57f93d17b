/**
 * Clipped sums of per-sample gradients (Abadi et al. 2016): what a record can change of them is bounded by C. Norms come
 * from each layer's cheapest way, and the sum from the same backward pass with the errors scaled ("book-keeping", Bu et
 * al. 2023): no second backward, and no gradient by sample in memory where a layer can do without.
 */
import type { Params } from '../autograd/grad.ts';
import { withSamples } from '../autograd/per_sample.ts';
import { VeilganError } from '../gpu/errors.ts';
import { add, div, finite, maximum, mul, scale, shift, sqrt, where } from '../ops/elementwise.ts';
import { reshape } from '../ops/movement.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';

export interface ClipOptions {
  /** C: the largest norm of what one record adds, over all parameters together */
  readonly bound: number;
  /**
   * flat: scaled down to C where the norm is larger; per-layer: the same for each parameter with C / sqrt(parameters);
   * automatic: always scaled, to C norm / (norm + 0.01) (Bu et al. 2022). Default flat.
   */
  readonly kind?: 'flat' | 'per-layer' | 'automatic';
  /** [G, B] or [B]: 1 for samples that count, 0 for padding, which adds nothing whatever it holds; default all count */
  readonly live?: Tensor;
}

/** What keeps automatic clipping from dividing by zero. */
const STABILITY = 0.01;
/** Sums of squares of up to a few thousand terms in sequence lose less than this of the norm in f32. */
const ROUNDING = 2 ** -13;

export interface ClippedSum<P extends Params> {
  /** sum over the samples of each group, in the parameters' shapes */
  readonly sum: P;
  /** the samples' norms over all parameters, before clipping, [G, B] or [B]: the owner's diagnostics */
  readonly norms: Tensor;
  /** the losses, [G, B] or [B] */
  readonly losses: Tensor;
}

/**
 * The sum of per-sample gradients, each clipped to C. A sample whose gradient is not finite counts as zero. Norms are
 * upper bounds that include rounding, so that in f32 too no sample adds more than C (up to the rounding of the sum).
 * @param losses as perSample's: [B], or [G, B] where the parameters have G weight blocks
 * @throws VeilganError CONFIG for a bound that is not positive; GRADIENT as perSample
 */
export function clippedSum<P extends Params>(
  losses: (params: P) => Tensor,
  params: P,
  { bound, kind = 'flat', live }: ClipOptions,
): ClippedSum<P> {
  if (!(bound > 0 && Number.isFinite(bound))) {
    throw new VeilganError('CONFIG', `a clipping bound of ${bound}`, {
      where: '--bound',
      fix: 'Give a positive number',
    });
  }
  return withSamples(losses, params, (gradients, loss) => {
    const parts = gradients.norms();
    const upper = (list: typeof parts) => {
      const root = sqrt(list.map((n) => n.squares).reduce(add));
      return list.flatMap((n) => n.slack ?? []).reduce(add, scale(root, 1 + ROUNDING));
    };
    const all = upper(parts);
    const counts = live ? mul(finite(all), reshape(live, all.shape)) : finite(all);
    const one = factor(all, bound, counts, kind === 'automatic');
    const factors = parts.map((part) =>
      kind === 'per-layer' ? factor(upper([part]), bound / Math.sqrt(parts.length), counts) : one,
    );
    return { sum: gradients.weighted(factors), norms: reshape(all, loss.shape), losses: reshape(loss, loss.shape) };
  });
}

/** [samples]: what a gradient of this norm is multiplied by; 0 where it does not count. */
function factor(norm: Tensor, bound: number, counts: Tensor, automatic = false): Tensor {
  const c = tensor(norm.gpu, new Float32Array([bound]));
  const clipped = automatic ? div(c, shift(norm, STABILITY)) : div(c, maximum(norm, c));
  return where(counts, clipped, scale(c, 0));
}
