/**
 * Clipped sums of per-sample gradients (Abadi et al. 2016): what a record can change of them is bounded by C. Norms come
 * from each layer's cheapest way, and the sum from the same backward pass with the errors weighted as they are summed
 * ("book-keeping", Bu et al. 2023): no second backward, and no gradient by sample in memory where a layer can do
 * without. All of it costs a step one dispatch for what norms are made of, one for the factors, and what layers need.
 */
import factorsShader from '#shaders/clip_factors.wgsl';
import type { Params } from '../autograd/grad.ts';
import { withSamples } from '../autograd/per-sample.ts';
import { VeilganError } from '../base/errors.ts';
import { findNormsBy } from '../ops/conv.ts';
import { filterNorms } from '../ops/conv-norms.ts';
import { checkLive } from '../ops/live.ts';
import { reshape } from '../ops/movement.ts';
import { rowSums } from '../ops/row-sums.ts';
import { gradientDepth, type RowSum, type SampleNorms } from '../tensor/tape.ts';
import { empty, type Tensor, tensor } from '../tensor/tensor.ts';
import { roundingBound, type Sensitivity } from './sensitivity.ts';

findNormsBy(filterNorms);

const KINDS = ['flat', 'per-layer', 'automatic'] as const;

export interface ClipOptions {
  /** C: the largest norm of what one record adds, over all parameters together */
  readonly bound: number;
  /**
   * flat: scaled down to C where the norm is larger; per-layer: the same for each parameter with C / sqrt(parameters);
   * automatic: always scaled, to C norm / (norm + 0.01) (Bu et al. 2022). Default flat.
   */
  readonly kind?: (typeof KINDS)[number];
  /**
   * Which samples count; what does not adds nothing, whatever it holds. 1 or 0 for each, [G, B] or [B]; or, inside a
   * program, a number of rows: of the first so many of each group those beyond `Replay.live` are padding. Default all.
   */
  readonly live?: Tensor | number;
}

/** What keeps automatic clipping from dividing by zero. */
const STABILITY = 0.01;
/** What f32 loses of a norm, at most: for each term that its sums of squares add in sequence, and for the rest. */
const ROUNDING = { term: 2 ** -26, rest: 2 ** -14 };
const NONE = 0xffffffff;

export interface ClippedSum<P extends Params> {
  /** sum over the samples of each group, in the parameters' shapes */
  readonly sum: P;
  /** what one record can change of `sum`, over all parameters: C, and the rounding of as many terms as there are rows */
  readonly sensitivity: Sensitivity;
  /** the samples' norms over all parameters, before clipping, [G, B] or [B]: the owner's diagnostics */
  readonly norms: Tensor;
  /** the losses, [G, B] or [B] */
  readonly losses: Tensor;
}

/**
 * The sum of per-sample gradients, each clipped to C. A sample whose gradient is not finite counts as zero. Norms are
 * upper bounds that include rounding, so that in f32 too no sample adds more than C; what the rounding of the sum can add to that is in the sensitivity.
 * @param losses as perSample's: [B], or [G, B] where the parameters have G weight blocks
 * @throws VeilganError CONFIG for a bound that is not positive; GRADIENT as perSample, or inside a gradient
 */
export function clippedSum<P extends Params>(
  losses: (params: P) => Tensor,
  params: P,
  { bound, kind = 'flat', live }: ClipOptions,
): ClippedSum<P> {
  if (!(bound > 0 && Number.isFinite(bound))) {
    throw new VeilganError('CONFIG', `a clipping bound of ${bound}`, {
      where: 'clippedSum, bound',
      fix: 'Give a positive number',
    });
  }
  if (gradientDepth() > 0) {
    throw new VeilganError('GRADIENT', 'a clipped sum has no derivative', {
      where: 'clippedSum',
      fix: 'Use perSample inside gradients',
    });
  }
  return withSamples(losses, params, (gradients, loss) => {
    const groups = loss.rank === 2 ? loss.shape[0] : 1;
    const { factors, norms } = clipFactors(gradients.norms(), groups, { bound, kind, live });
    return {
      sum: gradients.weighted(factors),
      sensitivity: { bound, rounding: roundingBound(bound, { most: loss.length / groups }) },
      norms: reshape(norms, loss.shape),
      losses: reshape(loss, loss.shape),
    };
  });
}

/** What each part is multiplied by, sample by sample (one tensor for all parts where they share it), and the norms. */
function clipFactors(
  parts: readonly SampleNorms[],
  groups: number,
  { bound, kind = 'flat', live }: ClipOptions,
): { factors: Tensor[]; norms: Tensor } {
  const rows: RowSum[] = [];
  const places = new Map<string, number>();
  /** The row of the sums that has this one: layers share errors, and rounding is measured by what norms are made of. */
  const place = (sum: RowSum | undefined): number => {
    if (!sum) return NONE;
    const { storage, offset, length } = sum.rows;
    const key = [storage.block.id, offset, length, sum.squared].join();
    const found = places.get(key) ?? rows.push(sum) - 1;
    places.set(key, found);
    return found;
  };
  const terms = new Uint32Array(8 * parts.length);
  const floats = new Float32Array(terms.buffer);
  parts.forEach(({ squares: [a, b], rounding }, i) => {
    const length = (t: Tensor | undefined) => place(t && { rows: t, squared: true });
    terms.set([place(a), place(b), length(rounding?.x), length(rounding?.y)], 8 * i);
    floats.set([rounding?.squares ?? 0, rounding?.norms ?? 0], 8 * i + 4);
  });
  const longest = Math.max(...rows.map(({ rows: t }) => t.length / t.shape[0]));
  const r = rowSums(rows);
  const { gpu } = r;
  const padded = typeof live === 'number' ? live : 0;
  if (padded) checkLive(gpu, groups);
  const samples = r.shape[1];
  const each = kind === 'per-layer' ? parts.length : 1;
  // Rows begin where a binding may.
  const stride = Math.ceil(samples / 64) * 64;
  const f = empty(gpu, [each + 1, stride]);
  gpu.run(
    factorsShader,
    { overrides: { MASKED: typeof live === 'object' ? 1 : 0 } },
    { r, terms: tensor(gpu, terms), live: typeof live === 'object' ? live : r, f },
    {
      samples,
      parts: parts.length,
      stride,
      kind: KINDS.indexOf(kind),
      bound,
      grow: 1 + ROUNDING.rest + longest * ROUNDING.term,
      stability: STABILITY,
      batch: samples / groups,
      padded,
    },
    [Math.ceil(samples / 64), 1, 1],
  );
  const row = (i: number) => f.view([samples], i * stride);
  const factors = Array.from({ length: each }, (_, i) => row(i));
  return { factors: parts.map((_, i) => factors[each === 1 ? 0 : i]), norms: row(each) };
}
