/** Binomial tails and exact confidence limits, by the regularised incomplete beta function, in f64. */
import { VeilganError } from '../errors.ts';
import { bisect } from './search.ts';

/** Coefficients of Stirling's series, B_2k / (2k (2k - 1)). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360];
const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** ln Gamma(x) for x > 0, to about 1e-14 of max(1, |value|): Stirling's series from 12 on, below by the recurrence. */
export function logGamma(x: number): number {
  let product = 1;
  let z = x;
  for (; z < 12; z++) product *= z;
  const series = STIRLING.reduceRight((sum, c) => c + sum / (z * z), 0) / z;
  return (z - 0.5) * Math.log(z) - z + HALF_LOG_2PI + series - Math.log(product);
}

/**
 * I_x(a, b), the regularised incomplete beta function, for a, b > 0 and 0 <= x <= 1: the continued fraction of
 * DLMF 8.17.22 (from whichever side it converges fast), by the modified Lentz method.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  // Keeps a denominator of zero from stopping it.
  const TINY = 1e-300;
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || TINY);
  let value = d;
  for (let m = 1; m < 20_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    const before = value;
    for (const term of [even, odd]) {
      d = 1 / (1 + term * d || TINY);
      c = 1 + term / c || TINY;
      value *= c * d;
    }
    if (Math.abs(value - before) <= 1e-16 * value) break;
  }
  return (Math.exp(front) * value) / a;
}

/** P[Bin(n, p) >= k]. */
export const binomialTail = (n: number, p: number, k: number): number =>
  k <= 0 ? 1 : k > n ? 0 : incompleteBeta(p, k, n - k + 1);

function checked(successes: number, trials: number, significance: number): void {
  const whole = Number.isInteger(successes) && Number.isInteger(trials);
  if (whole && successes >= 0 && successes <= trials && trials > 0 && significance > 0 && significance < 1) return;
  throw new VeilganError('DATA', `${successes} of ${trials} at significance ${significance} has no confidence limit`, {
    where: 'Clopper-Pearson',
    fix: 'Give whole numbers with 0 <= successes <= trials, trials > 0, and a significance between 0 and 1',
  });
}

/**
 * The one-sided upper Clopper-Pearson limit (1934): the p with P[Bin(trials, p) <= successes] = significance. It is
 * below the true probability with at most that probability.
 * @throws VeilganError DATA for counts that are none
 */
export function clopperPearsonUpper(successes: number, trials: number, significance: number): number {
  checked(successes, trials, significance);
  if (successes === trials) return 1;
  // P[Bin <= k] = I_{1-p}(n - k, k + 1), so that small tails keep their digits.
  return bisect(0, 1, (p) => incompleteBeta(1 - p, trials - successes, successes + 1) <= significance);
}

/**
 * The one-sided lower Clopper-Pearson limit: the p with P[Bin(trials, p) >= successes] = significance.
 * @throws VeilganError DATA for counts that are none
 */
export const clopperPearsonLower = (successes: number, trials: number, significance: number): number =>
  1 - clopperPearsonUpper(trials - successes, trials, significance);

/** P[Bin(n, p) <= k], exact where it is small. */
export const binomialBelow = (n: number, p: number, k: number): number =>
  k < 0 ? 0 : k >= n ? 1 : incompleteBeta(1 - p, n - k, k + 1);

/** Twice the smaller tail of Bin(n, p) at k, at most 1: a p-value for either side. */
export const binomialTwoSided = (n: number, p: number, k: number): number =>
  n === 0 ? 1 : Math.min(1, 2 * Math.min(binomialTail(n, p, k), binomialBelow(n, p, k)));

/** P[Bin(n, p) = k]. */
export function binomialMass(n: number, p: number, k: number): number {
  if (p <= 0 || p >= 1) return k === (p <= 0 ? 0 : n) ? 1 : 0;
  const logWays = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
  return Math.exp(logWays + k * Math.log(p) + (n - k) * Math.log1p(-p));
}
