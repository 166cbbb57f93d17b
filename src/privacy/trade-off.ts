/**
 * The trade-off between both errors of a test that a mechanism allows (Dong, Roth and Su 2022), from points
 * (epsilon, delta) of its privacy profile: whoever is right with probability y in one world is with x in the other, and
 * y <= e^epsilon x + delta and 1 - x <= e^epsilon (1 - y) + delta for each point. Fewer points say less, never more.
 */
import { pldEpsilon } from './accountant/pld.ts';

/** Pairs with which the mechanism is (epsilon, delta)-DP for adding and for removing a record. */
export type Profile = readonly (readonly [epsilon: number, delta: number])[];

/** Deltas at which the profile of a composition is computed: more of them would change little, and take longer. */
const DELTAS: readonly number[] = [
  ...Array.from({ length: 6 }, (_, i) => 0.66 - 0.1 * i),
  ...Array.from({ length: 9 }, (_, i) => 0.08 * 10 ** ((-2 * i) / 3)),
];

/** The profile of `steps` subsampled Gaussian updates, certified from above. */
export function profileOf(q: number, sigma: number, steps: number): Profile {
  const points: [number, number][] = [];
  for (const delta of DELTAS) {
    const { upper } = pldEpsilon([{ q, sigma, steps }], delta, { maxLog2: 11, relative: 1e-2 });
    // Of several deltas that need next to no epsilon the least says most.
    if (upper < 1e-6) points.pop();
    points.push([upper, delta]);
  }
  return points;
}

/** The least x that y allows, [0, 1]. */
export function least(profile: Profile, y: number): number {
  let x = 0;
  for (const [epsilon, delta] of profile) {
    const odds = Math.exp(epsilon);
    x = Math.max(x, (y - delta) / odds, 1 - delta - odds * (1 - y));
  }
  return Math.min(x, y);
}

/** The largest y that x allows, [0, 1]. */
export function most(profile: Profile, x: number): number {
  let y = 1;
  for (const [epsilon, delta] of profile) {
    const odds = Math.exp(epsilon);
    y = Math.min(y, odds * x + delta, 1 - (1 - delta - x) / odds);
  }
  return Math.max(x, y);
}
