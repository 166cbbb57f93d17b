/** Tables of counts with exact discrete Gaussian noise, and what such noise rarely exceeds. */
import { VeilganError } from '../base/errors.ts';
import { logTail } from '../base/maths/normal.ts';
import { bisect } from '../base/maths/search.ts';
import { normaliser } from './accountant/lattice.ts';
import { varianceOf } from './accountant/releases.ts';
import type { Words } from './chacha.ts';
import { DiscreteGaussian } from './discrete-gaussian.ts';

/**
 * Counts with independent discrete Gaussian noise, P[k] proportional to exp(-k^2 / (2 sigma^2)), exactly. Where a record
 * moves one count by one that is 1 / (2 sigma^2)-zCDP. They may be negative.
 * @param counts whole numbers, a cell each
 * @param sigma of `sigmaGrid`
 * @throws VeilganError CONFIG for another sigma, VALIDATION for a count that is not whole
 */
export function noisyTable(words: Words, counts: ArrayLike<number>, sigma: number): Float64Array {
  const { num, den } = varianceOf(sigma);
  const noise = new DiscreteGaussian(words, num, den);
  return Float64Array.from(counts, (count, i) => {
    if (Number.isSafeInteger(count)) return count + noise.next();
    throw new VeilganError('VALIDATION', `a count of ${count}`, {
      where: `cell ${i} of a table`,
      fix: 'Count records: give whole numbers',
    });
  });
}

/** From here on the tail is that of a normal; it may add one to the bound. */
const WIDE = 2 ** 12;

/**
 * The least whole k >= 0 with P[Z >= k] <= p for discrete Gaussian noise Z of this sigma, from above beyond any error of
 * f64; above 4096 at most one more, by P[Z >= k] <= P[N(0, sigma^2) >= k - 1] (Canonne, Kamath and Steinke 2020,
 * proposition 25).
 * @throws VeilganError CONFIG for a sigma not above 0, or a p that is no probability above 0
 */
export function gaussianBound(sigma: number, p: number): number {
  if (!(sigma > 0 && sigma < Number.POSITIVE_INFINITY)) throw wrong('sigma', sigma);
  if (!(p > 0 && p <= 1)) throw wrong('a probability', p);
  const aimed = Math.log(p) - 1e-9;
  if (sigma > WIDE) {
    const far = 40 * Math.sqrt(1 - aimed);
    return Math.ceil(sigma * bisect(0, far, (x) => logTail(x) <= aimed)) + 1;
  }
  // Summed from far out, where a whole tail is below what it is compared with by e^-40.
  const weight = (k: number) => Math.exp((-k * k) / (2 * sigma * sigma));
  const most = p * normaliser(sigma) * (1 - 1e-9);
  let k = Math.ceil(sigma * Math.sqrt(2 * (40 - aimed))) + 1;
  for (let sum = 0; k > 0; k--) {
    sum += weight(k - 1);
    if (sum > most) return k;
  }
  return 0;
}

/**
 * The noisy count from which on a value may be named, `stabilityThreshold` for this noise: a value that only one record
 * has is named with probability P[1 + Z >= threshold] <= delta. The values of no record are never named, of others a
 * record moves a count by one: with the table's own price that is delta more of delta, and twice delta where a record is
 * replaced, which may take one value away and bring another.
 * @throws VeilganError CONFIG as `gaussianBound`
 */
export const gaussianThreshold = (sigma: number, delta: number): number => 1 + gaussianBound(sigma, delta);

const wrong = (what: string, value: number) =>
  new VeilganError('CONFIG', `${what} of ${value} for noise on counts`, {
    where: 'the noise of a table',
    fix: 'Give a larger share of the budget',
  });
