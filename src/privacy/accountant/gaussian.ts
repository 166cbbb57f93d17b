/** The Gaussian mechanism, exactly: Balle and Wang 2018, Theorem 8 (the "analytic Gaussian mechanism"). */

import { gaussLegendre } from '../../base/maths/gauss-legendre.ts';
import { logDensity, mills, tail } from '../../base/maths/normal.ts';
import { bisect } from '../../base/maths/search.ts';

const RULE = gaussLegendre(12);

/**
 * ln delta(epsilon) of N(0, 1) against N(mu, 1): Phi(mu/2 - eps/mu) - e^eps Phi(-mu/2 - eps/mu). For T releases with
 * noise multiplier sigma mu is sqrt(T) / sigma. With x = eps/mu - mu/2 and Mills' ratio M the two terms share the
 * density at x, so delta = density(x) (M(x) - M(x + mu)); where that difference cancels it is the integral of
 * -M'(t) = 1 - t M(t), which is positive. `epsilon` >= 0, `mu` >= 0; -Infinity for mu = 0.
 */
export function gaussianLogDelta(epsilon: number, mu: number): number {
  if (mu === 0) return -Infinity;
  const x = epsilon / mu - mu / 2;
  if (mu < 0.5) {
    let sum = 0;
    for (const [i, node] of RULE.nodes.entries()) {
      const t = x + mu * node;
      // 1 - t M(t) cancels far out; there its asymptotic series takes over.
      sum += RULE.weights[i] * (t > 200 ? (1 - (3 - 15 / (t * t)) / (t * t)) / (t * t) : 1 - t * mills(t));
    }
    return logDensity(x) + Math.log(mu * sum);
  }
  if (x >= 0) return logDensity(x) + Math.log(mills(x) - mills(x + mu));
  return Math.log(Math.max(0, tail(x) - Math.exp(logDensity(x)) * mills(x + mu)));
}

/** delta(epsilon) of the Gaussian mechanism with `mu` = sensitivity / noise standard deviation. */
export const gaussianDelta = (epsilon: number, mu: number): number => Math.exp(gaussianLogDelta(epsilon, mu));

/** The smallest epsilon >= 0 with delta(epsilon) <= delta, from above to a few units in the last place. */
export function gaussianEpsilon(delta: number, mu: number): number {
  const target = Math.log(delta);
  if (gaussianLogDelta(0, mu) <= target) return 0;
  let low = 0;
  let high = 1;
  while (gaussianLogDelta(high, mu) > target) [low, high] = [high, 2 * high];
  return bisect(low, high, (epsilon) => gaussianLogDelta(epsilon, mu) <= target);
}

/** The smallest noise multiplier (noise standard deviation / sensitivity) of one release that is (epsilon, delta)-DP. */
export function gaussianSigma(epsilon: number, delta: number): number {
  const target = Math.log(delta);
  let [low, high] = [1, 1];
  while (gaussianLogDelta(epsilon, 1 / high) > target) high *= 2;
  while (gaussianLogDelta(epsilon, 1 / low) <= target && low > 1e-150) low /= 2;
  return bisect(low, high, (sigma) => gaussianLogDelta(epsilon, 1 / sigma) <= target);
}
