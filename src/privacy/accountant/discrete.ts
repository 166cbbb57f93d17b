/** Accounting of the exact integer mechanism: clipped integer sums with discrete Gaussian noise. */
import { logMomentWhole } from './moments.ts';
import { checkedDelta, checkedPhases, type Phase } from './phases.ts';
import { leastEpsilon, type RdpEpsilon } from './rdp.ts';

/** Orders beyond are not tried: their moments are sums of as many terms. */
const MOST = 1 << 15;

/**
 * ln of the moment of order a > 1 of one Poisson-subsampled step with discrete Gaussian noise, from above; `sigma` is the
 * noise's parameter s divided by the L2 sensitivity of the integer sums (records truncated toward zero only get shorter).
 *
 * With noise of probability proportional to e^(-x^2 / 2 s^2) on the integers and a record that shifts the sums by an
 * integer vector m, E_Q[(P/Q)^i] for a WHOLE order i is exactly e^((i^2 - i) |m|^2 / 2 s^2), as for continuous noise:
 * the sum over the integers does not change when shifted by i m. The binomial expansion of the subsampled moment then has
 * the same value too, growing with |m|, and x -> m - x swaps the pair, so that "remove" is again the larger direction
 * (Mironov, Talwar and Zhang 2019, theorem 5; Canonne, Kamath and Steinke 2020 for q = 1). Between whole orders ln A is
 * convex in the order, so the chord is an upper bound; A(1) = 1.
 */
export function discreteLogMoment(q: number, sigma: number, order: number): number {
  if (q === 1) return (order * (order - 1)) / (2 * sigma * sigma);
  if (order > MOST) return Number.POSITIVE_INFINITY;
  const floor = Math.floor(order);
  const part = order - floor;
  const at = (whole: number) => (whole < 2 ? 0 : logMomentWhole(q, sigma, whole));
  return (1 - part) * at(floor) + (part === 0 ? 0 : part * at(floor + 1));
}

/**
 * The least (epsilon, delta) that RDP proves for phases of the discrete mechanism. Their privacy-loss distribution is
 * not that of one number: it depends on the direction of the shift, not only on its length, so there is no PLD value.
 * @throws VeilganError CONFIG for a field of a phase or a delta out of range
 */
export function discreteEpsilon(phases: readonly Phase[], delta: number): RdpEpsilon {
  const checked = checkedPhases(phases);
  checkedDelta(delta);
  if (checked.length === 0) return { epsilon: 0, order: Number.POSITIVE_INFINITY };
  const curve = (order: number) =>
    checked.reduce((sum, { q, sigma, steps }) => sum + steps * discreteLogMoment(q, sigma, order), 0) / (order - 1);
  return leastEpsilon(curve, delta);
}
