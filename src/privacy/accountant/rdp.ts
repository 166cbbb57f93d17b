/** Renyi differential privacy of composed phases, and its conversion to (epsilon, delta). */

import { goldenSection } from '../../base/maths/search.ts';
import type { Relation } from '../relation.ts';
import { logMoment } from './moments.ts';
import { checkedDelta, checkedPhases, type Phase } from './phases.ts';
import { replaceLogMoment } from './replace.ts';

/** An upper bound on epsilon, and the Renyi order that gave it (Infinity where no order was needed). */
export interface RdpEpsilon {
  readonly epsilon: number;
  readonly order: number;
}

/** The Renyi divergence at a real order > 1 of what a record's presence changes. */
export type RenyiCurve = (order: number) => number;

/**
 * RDP of one Poisson-subsampled Gaussian step at a real order > 1. For zeroing out, adding or removing one record: the
 * divergence of "with" from "without" the record, which is the larger of the two directions (Mironov, Talwar and Zhang
 * 2019, theorem 5). For replacing one: that of the pair of `replace.ts`.
 */
export const rdpStep = (q: number, sigma: number, order: number, relation: Relation = 'add-remove'): number =>
  (relation === 'replace-one' ? replaceLogMoment : logMoment)(q, sigma, order) / (order - 1);

/** RDP of all phases at one order: divergences add up. @throws VeilganError CONFIG for a field out of range */
export function rdp(phases: readonly Phase[], order: number, relation?: Relation): number {
  return checkedPhases(phases).reduce(
    (sum, { q, sigma, steps }) => sum + steps * rdpStep(q, sigma, order, relation),
    0,
  );
}

/**
 * epsilon of (order, rho)-RDP at delta: rho + ln(1 - 1/a) - (ln delta + ln a) / (a - 1) (Canonne, Kamath and Steinke
 * 2020, proposition 12; Balle et al. 2020, theorem 21). May be negative: then epsilon is 0.
 */
export const epsilonAtOrder = (rho: number, order: number, logDelta: number): number =>
  rho + Math.log1p(-1 / order) - (logDelta + Math.log(order)) / (order - 1);

/**
 * The least epsilon over all real orders: a geometric scan of order - 1 from 1e-7 to 1e10, left as soon as the
 * divergence alone (it grows with the order) exceeds what was found, then golden section around the best.
 * Infinite only where every order's divergence is.
 */
export function leastEpsilon(curve: RenyiCurve, delta: number): RdpEpsilon {
  const logDelta = Math.log(delta);
  const at = (x: number) => {
    const order = 1 + Math.exp(x);
    return epsilonAtOrder(curve(order), order, logDelta);
  };
  // Total variation is at most sqrt(1 - exp(-KL)) (Bretagnolle and Huber), and KL at most any order's divergence.
  if (delta * delta + Math.expm1(-curve(1.01)) > 0) return { epsilon: 0, order: Number.POSITIVE_INFINITY };
  const step = 0.4;
  let best = Number.POSITIVE_INFINITY;
  let place = Number.NaN;
  for (let x = Math.log(1e-7); x < Math.log(1e10); x += step) {
    const order = 1 + Math.exp(x);
    const rho = curve(order);
    const epsilon = epsilonAtOrder(rho, order, logDelta);
    if (epsilon < best) [best, place] = [epsilon, x];
    if (best <= 0) return { epsilon: 0, order };
    // What is added to rho at larger orders is above -2 ln(order) / (order - 1), less and less.
    if (order > 4 && rho - (2 * Math.log(order)) / (order - 1) > best) break;
  }
  if (Number.isNaN(place)) return { epsilon: Number.POSITIVE_INFINITY, order: Number.POSITIVE_INFINITY };
  const x = goldenSection(at, place - step, place + step);
  const epsilon = Math.min(best, at(x));
  return { epsilon: Math.max(0, epsilon), order: 1 + Math.exp(epsilon < best ? x : place) };
}

/**
 * The least (epsilon, delta) that RDP proves for the phases composed, under a neighbour relation.
 * @throws VeilganError CONFIG for a field of a phase or a delta out of range
 */
export function rdpEpsilon(phases: readonly Phase[], delta: number, relation?: Relation): RdpEpsilon {
  const checked = checkedPhases(phases);
  checkedDelta(delta);
  if (checked.length === 0) return { epsilon: 0, order: Number.POSITIVE_INFINITY };
  const curve = (order: number) =>
    checked.reduce((sum, { q, sigma, steps }) => sum + steps * rdpStep(q, sigma, order, relation), 0);
  return leastEpsilon(curve, delta);
}
