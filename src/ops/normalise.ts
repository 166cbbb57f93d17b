/**
 * What batch, layer and group normalisation are made of: standardising each channel of each group by its own rows, and
 * an affine map by channel, with or without given statistics. Activations are [G, n, ..., c]; weights and statistics
 * are [blocks, c] or [c], group g using block floor(g blocks / G).
 */
import { scope } from '../tensor/scope.ts';
import { noGrad } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, leakyRelu, mul, reciprocal, shift, sqrt, square, sub } from './elementwise.ts';
import { fastPaths, fused } from './fused.ts';
import { broadcastTo, reshape, slice } from './movement.ts';
import { fits, runBack, runMoments, runNormalise, runSums, walkOf } from './norm-kernels.ts';
import { mean as average, sum } from './reduce.ts';

/** Statistics by channel: [c], or a block of them for each of some groups. */
export interface Statistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** y = leaky((x - mean) / sqrt(variance + epsilon) gamma + beta); what is missing is 0, 1, 1 and 0. */
export interface Normalisation extends Partial<Statistics> {
  readonly x: Tensor;
  readonly gamma?: Tensor;
  readonly beta?: Tensor;
  readonly epsilon: number;
  /** 1 where there is no activation */
  readonly slope: number;
}

/** op of x as [blocks, G / blocks, rows, c] and a tensor of blocks as [blocks, 1, 1, c]. */
function perChannel(op: (a: Tensor, b: Tensor) => Tensor, x: Tensor, t: Tensor): Tensor {
  const { groups, rows, channels } = walkOf(x);
  const blocks = t.length / channels;
  const [a, b] = [reshape(x, [blocks, groups / blocks, rows, channels]), reshape(t, [blocks, 1, 1, channels])];
  return reshape(op(a, b), x.shape);
}

/** A normalisation made of operations. */
function normalise({ x, gamma, beta, mean, variance, epsilon, slope }: Normalisation): Tensor {
  let y = x;
  if (mean && variance) {
    y = perChannel(mul, perChannel(sub, y, mean), reciprocal(sqrt(shift(variance, epsilon))));
  }
  if (gamma && beta) y = perChannel(add, perChannel(mul, y, gamma), beta);
  return slope === 1 ? y : leakyRelu(y, slope);
}

/** scale times the sum over each run of `each` neighbouring channels, for every channel of it. @param t [..., c] */
function overNeighbours(t: Tensor, each: number, scale: number): Tensor {
  const split = [t.length / each, each];
  return reshape(broadcastTo(sum(reshape(t, split), 1, { keep: true, scale }), split), t.shape);
}

/** Statistics of channels made those of runs of `each` neighbouring channels, repeated for every channel. */
function joined({ mean, variance }: Statistics, each: number): Statistics {
  if (each === 1) return { mean, variance };
  const whole = overNeighbours(mean, each, 1 / each);
  return { mean: whole, variance: overNeighbours(add(variance, square(sub(mean, whole))), each, 1 / each) };
}

/** `moments`, made of operations. */
function composedMoments(x: Tensor, each: number): Statistics {
  const { groups, rows, channels } = walkOf(x);
  const flat = reshape(x, [groups, rows, channels]);
  const mean = average(flat, 1);
  return joined({ mean, variance: average(square(sub(flat, reshape(mean, [groups, 1, channels]))), 1) }, each);
}

/**
 * Mean and biased variance of each channel of each group, constant to gradients.
 * @param each neighbouring channels that share their statistics
 * @returns [G, c] each
 */
export const moments = (x: Tensor, each = 1): Statistics =>
  noGrad(() => scope(() => (fastPaths() && fits(x) ? joined(runMoments(x), each) : composedMoments(x, each))));

/** Cotangents of gamma and beta from the sums of runSums. */
function weightGradients(sums: Tensor, gamma: Tensor, wanted: readonly boolean[]): (Tensor | null)[] {
  const [, groups, channels] = sums.shape;
  const blocks = gamma.length / channels;
  const both = sum(reshape(sums, [2, blocks, groups / blocks, channels]), 2);
  const half = (i: number) => reshape(slice(both, 0, i, i + 1), gamma.shape);
  return [wanted[0] ? half(1) : null, wanted[1] ? half(0) : null];
}

interface Setting {
  readonly epsilon: number;
  readonly slope: number;
}

const withWeights = ([x, gamma, beta]: readonly Tensor[], options: Setting & Partial<Statistics>): Normalisation => ({
  ...options,
  x,
  gamma,
  beta,
});

/**
 * Standardises by own statistics; inputs x, or with `each` 1 also gamma and beta. The options hold the statistics, from
 * `moments`.
 * @returns the shape of x
 */
export const standardise = fused<Setting & Statistics & { readonly each: number }>(
  'standardise',
  (inputs, options) => normalise(withWeights(inputs, { ...options, ...composedMoments(inputs[0], options.each) })),
  {
    eligible: ([x]) => fits(x),
    kernel: (inputs, options) => runNormalise(withWeights(inputs, options)),
    vjp: ({ inputs, options }, g, wanted) => {
      const n = withWeights(inputs, options);
      const sums = runSums(n, g);
      const weights = n.gamma && (wanted[1] || wanted[2]) ? weightGradients(sums, n.gamma, wanted.slice(1)) : [];
      const shared = options.each === 1 ? sums : overNeighbours(sums, options.each, 1 / options.each);
      return [wanted[0] ? runBack(n, g, shared) : null, ...weights];
    },
  },
);

const withStatistics = ([x, gamma, beta, mean, variance]: readonly Tensor[], options: Setting): Normalisation => ({
  ...options,
  x,
  gamma,
  beta,
  mean,
  variance,
});

/**
 * An affine map by channel; inputs x, gamma, beta, or these and the statistics to standardise by.
 * Knows the per-sample gradients of gamma and beta, the samples being the first two axes.
 * @returns the shape of x
 */
export const affine = fused<Setting>('affine', (inputs, options) => normalise(withStatistics(inputs, options)), {
  // Nobody trains given statistics, so their gradients are left to the composite.
  eligible: ([x, , , ...statistics]) => fits(x) && !statistics.some((t) => t.tracked),
  kernel: (inputs, options) => runNormalise(withStatistics(inputs, options)),
  vjp: ({ inputs, options }, g, wanted) => {
    const n = withStatistics(inputs, options);
    const weights = wanted[1] || wanted[2] ? weightGradients(runSums(n, g), inputs[1], wanted.slice(1)) : [];
    return [wanted[0] ? runBack(n, g, null) : null, ...weights];
  },
  pairs: ({ inputs, options }, g, index) => {
    const n = withStatistics(inputs, options);
    const [groups, samples] = n.x.shape;
    if (index === 0 || groups * samples > 65535) return null;
    const { channels } = walkOf(n.x);
    const whole = [groups * samples, n.x.length / (groups * samples * channels), channels];
    return {
      each: () => {
        const sums = runSums({ ...n, x: reshape(n.x, whole) }, reshape(g, whole));
        return reshape(slice(sums, 0, 2 - index, 3 - index), [groups * samples, channels]);
      },
    };
  },
});
