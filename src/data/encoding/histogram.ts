/** Histograms with exact noise, and which of their bins are more than noise. Browser-safe. */
import { VeilganError } from '../../base/errors.ts';
import type { Words } from '../../privacy/chacha.ts';
import { gaussianBound, gaussianThreshold } from '../../privacy/counts.ts';
import { discreteLaplace } from '../../privacy/discrete-gaussian.ts';
import { pieceOf } from './knots.ts';

/** Epsilons are whole multiples of 1 / T, so that the noise is that of a rational number exactly. */
const T = 2 ** 24;

/**
 * The largest multiple of 2^-24 that is not above epsilon.
 * @throws VeilganError CONFIG where that is 0, or epsilon beyond 2^24
 */
export function grainOf(epsilon: number): number {
  const grain = Math.floor(epsilon * T);
  if (grain >= 1 && grain <= T * T) return grain / T;
  throw new VeilganError('CONFIG', `an epsilon of ${epsilon} for a count`, {
    where: 'encoderEpsilon',
    fix: 'Give a larger share of the budget, or the bounds and values of more columns',
  });
}

/**
 * Counts with discrete Laplace noise, P[k] proportional to exp(-epsilon |k|): epsilon-DP where one record more or less
 * changes one count by one. They may be negative.
 * @param epsilon of `grainOf`
 */
export const noisyCounts = (words: Words, counts: ArrayLike<number>, epsilon: number): Float64Array =>
  Float64Array.from(counts, (count) => count + discreteLaplace(words, T, epsilon * T));

/**
 * The least k >= 0 with P[Z >= k] <= p for the noise Z: P[Z >= k] = exp(-epsilon k) / (1 + exp(-epsilon)). Rounded up
 * beyond any error of f64.
 */
export function noiseBound(epsilon: number, p: number): number {
  const k = -(Math.log(p) + Math.log1p(Math.exp(-epsilon))) / epsilon;
  return Math.max(0, Math.ceil(k * (1 + 1e-12) + 1e-12));
}

/**
 * The noise of counts, one record being in one of them. Thresholds: the noisy count from which on a value may be named
 * (Korolova et al., "Releasing search queries and clicks privately", 2009; Bun, Nissim, Stemmer, "Simultaneous private
 * learning of multiple concepts", 2016). A value that only the added record has, with a count of 1, is named with
 * probability P[1 + Z >= threshold] <= delta; of others it moves a count by one. With the values of no record never named,
 * delta is all that naming adds to what the counts cost.
 */
export interface NoiseLaw {
  readonly noisy: (counts: ArrayLike<number>) => Float64Array;
  /** for naming values, as above */
  readonly threshold: (delta: number) => number;
  /**
   * The noisy count from which on one of so many public bins counts as filled. Changes no guarantee.
   * @param alarm how often at most one of them seems so where all are empty; default 0.01
   */
  readonly filled: (bins: number, alarm?: number) => number;
  /** standard deviation of a count's noise */
  readonly deviation: number;
  /** by how much the largest of so many noises goes beyond three deviations */
  readonly tail: (bins: number) => number;
}

/** How often bins that are empty may seem filled. */
const ALARM = 0.01;

/** Discrete Laplace noise. @param epsilon of `grainOf` @param noisy draws it, as `noisyCounts` */
export const laplaceLaw = (epsilon: number, noisy: NoiseLaw['noisy']): NoiseLaw => ({
  noisy,
  // The exact 1 + ln(1 / (2 delta)) / epsilon of continuous noise, up to rounding.
  threshold: (delta) => 1 + noiseBound(epsilon, delta),
  filled: (bins, alarm = ALARM) => Math.max(1, noiseBound(epsilon, alarm / bins)),
  deviation: Math.sqrt(2) / epsilon,
  tail: (bins) => Math.log(bins) / epsilon,
});

/** Discrete Gaussian noise. @param sigma of `sigmaGrid` @param noisy draws it, as `noisyTable` */
export const gaussianLaw = (sigma: number, noisy: NoiseLaw['noisy']): NoiseLaw => ({
  noisy,
  threshold: (delta) => gaussianThreshold(sigma, delta),
  filled: (bins, alarm = ALARM) => Math.max(1, gaussianBound(sigma, alarm / bins)),
  deviation: sigma,
  tail: () => 0,
});

/** Counts of bins [edges[i], edges[i + 1]); what lies outside goes to the first and the last. */
export function histogram(edges: readonly number[], values: Float64Array): Float64Array {
  const counts = new Float64Array(edges.length - 1);
  for (const value of values) counts[pieceOf(edges, value)]++;
  return counts;
}

/** The part of all records that may be cut from either end for looking like noise. */
const CUT = 0.01;

/**
 * How many bins to cut from the start of a noisy histogram, at most all but one: as long as the sum of those cut is no
 * more than what noise often gives, one and a half of its standard deviations; or what it rarely gives, three of them
 * and an allowance for its heavy tails, if that is less than a hundredth of all.
 */
export function emptyStart(counts: Float64Array, law: Pick<NoiseLaw, 'deviation' | 'tail'>): number {
  const all = counts.reduce((total, count) => total + Math.max(0, count), 0);
  let sum = 0;
  for (let i = 0; i < counts.length - 1; i++) {
    sum += counts[i];
    const deviation = Math.sqrt(i + 1) * law.deviation;
    const rare = 3 * deviation + law.tail(counts.length);
    if (sum > Math.max(1.5 * deviation, Math.min(rare, CUT * all))) return i;
  }
  return counts.length - 1;
}
