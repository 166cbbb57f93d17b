/** Accounting of the exact integer mechanism: clipped integer sums with discrete Gaussian noise. */
import type { Relation } from '../relation.ts';
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
 * The same, from above, for replacing one record: P with a record's shift against Q with another's, R with neither.
 *
 * Taking both records away from the batch in turn, by Cauchy and Schwarz,
 *   E_Q[(P/Q)^a] = sum of (P^a R^(1/2 - a)) (R^(a - 1/2) Q^(1 - a)) <= sqrt(E_R[(P/R)^(2a)] E_Q[(R/Q)^(2a - 1)]),
 * two moments for removing or adding one record (Mironov 2017, proposition 11, at p = 2). And as t^a is convex, mixtures
 * of R with weight 1 - q are no further apart than their parts: E <= 1 - q + q e^(2 a (a - 1) / s^2), with both shifts
 * at most 1 long in opposite directions. The smaller of the two holds; for small q the first is close to what noise on
 * the line has, and for q = 1 the second is exact.
 */
export function discreteReplaceLogMoment(q: number, sigma: number, order: number): number {
  const apart = (2 * order * (order - 1)) / (sigma * sigma);
  if (q === 1) return apart;
  const mixed = apart < 700 ? Math.log1p(q * Math.expm1(apart)) : apart + Math.log(q);
  const inTurn = (discreteLogMoment(q, sigma, 2 * order) + discreteLogMoment(q, sigma, 2 * order - 1)) / 2;
  return Math.min(mixed, inTurn);
}

/**
 * The least (epsilon, delta) that RDP proves for phases of the discrete mechanism. Their privacy-loss distribution is
 * not that of one number: it depends on the direction of the shift, not only on its length, so there is no PLD value.
 * @throws VeilganError CONFIG for a field of a phase or a delta out of range
 */
export function discreteEpsilon(phases: readonly Phase[], delta: number, relation?: Relation): RdpEpsilon {
  const checked = checkedPhases(phases);
  checkedDelta(delta);
  if (checked.length === 0) return { epsilon: 0, order: Number.POSITIVE_INFINITY };
  const moment = relation === 'replace-one' ? discreteReplaceLogMoment : discreteLogMoment;
  const curve = (order: number) =>
    checked.reduce((sum, { q, sigma, steps }) => sum + steps * moment(q, sigma, order), 0) / (order - 1);
  return leastEpsilon(curve, delta);
}
