/** What the DPGAN paper calls epsilon. */

/** To be printed wherever `paperEpsilon` is. */
export const PAPER_EPSILON_LABEL =
  'formula of the DPGAN paper, NOT a differential-privacy guarantee: it covers one generator iteration, composes nothing over the others, and is used far outside the noise levels for which it was derived';

export interface PaperSetting {
  /** batch size over number of records */
  q: number;
  /** discriminator updates of one generator iteration */
  criticSteps: number;
  /** standard deviation of the noise added to the batch's summed gradient (not a multiple of a clip norm) */
  noise: number;
  /** the bound c_g that the paper derives for a gradient's norm from weight clipping */
  gradientBound: number;
  delta: number;
  /** the authors' code takes log10 of 1/delta; `ln` is the paper's formula as one would read it */
  logarithm?: 'log10' | 'ln';
}

/**
 * 2 q sqrt(n_d log(1/delta)) c_g / sigma (Xie et al. 2018, arXiv 1802.06739, lemma 2 solved for epsilon, as their code
 * computes it). For comparison with their figures only, always with `PAPER_EPSILON_LABEL`; Infinity without noise.
 */
export function paperEpsilon({
  q,
  criticSteps,
  noise,
  gradientBound,
  delta,
  logarithm = 'log10',
}: PaperSetting): number {
  const log = logarithm === 'log10' ? -Math.log10(delta) : -Math.log(delta);
  return noise === 0 ? Number.POSITIVE_INFINITY : (2 * q * Math.sqrt(criticSteps * log) * gradientBound) / noise;
}
