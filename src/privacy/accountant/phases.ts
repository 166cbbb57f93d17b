/** What was released: runs of Poisson-subsampled Gaussian steps, and their validation. */
import { VeilganError } from '../../base/errors.ts';
import { bisect } from '../../base/maths/search.ts';
import { RELATIONS, type Relation } from '../relation.ts';
import { gaussianDelta, gaussianEpsilon } from './gaussian.ts';
import { logRatio } from './moments.ts';

/** `steps` releases of a clipped sum, each record in each with probability `q`, noise of `sigma` clip norms. */
export interface Phase {
  /** sampling probability of a record, 0 to 1 */
  readonly q: number;
  /** noise multiplier: standard deviation of the noise of the SUM, divided by the clip norm */
  readonly sigma: number;
  /** noisy releases that read the data: updates of D, not epochs and not updates of G */
  readonly steps: number;
}

const RANGES = {
  q: { ok: (x: number) => x >= 0 && x <= 1, want: 'from 0 to 1', fix: 'Give the expected batch size over the records' },
  sigma: {
    ok: (x: number) => x >= 0.01 && x <= 1e6,
    want: 'from 0.01 to 1e6',
    fix: 'Give the noise multiplier: standard deviation over clip norm; without noise there is no guarantee',
  },
  steps: {
    ok: (x: number) => Number.isInteger(x) && x >= 0 && x <= 1e9,
    want: 'a whole number from 0 to 1e9',
    fix: 'Give the number of noisy updates',
  },
} as const;

/**
 * Phases with the same mechanism added up, those that touch no record left out. The order of composition does not matter.
 * @throws VeilganError CONFIG naming the phase and field that is out of range (also NaN)
 */
export function checkedPhases(phases: readonly Phase[]): Phase[] {
  const merged = new Map<string, Phase>();
  for (const [i, phase] of phases.entries()) {
    for (const field of ['q', 'sigma', 'steps'] as const) {
      const { ok, want, fix } = RANGES[field];
      if (ok(phase[field])) continue;
      const where = phases.length === 1 ? field : `phase ${i + 1}, ${field}`;
      throw new VeilganError('CONFIG', `${field} is ${phase[field]} and must be ${want}`, { where, fix });
    }
    const { q, sigma, steps } = phase;
    if (q === 0 || steps === 0) continue;
    const key = `${q} ${sigma}`;
    merged.set(key, { q, sigma, steps: steps + (merged.get(key)?.steps ?? 0) });
  }
  return [...merged.values()];
}

/** @throws VeilganError CONFIG unless 1e-300 <= delta < 1: with delta = 0 no Gaussian noise gives a finite epsilon */
export function checkedDelta(delta: number): number {
  if (delta >= 1e-300 && delta < 1) return delta;
  const fix = 'Give a probability well below one over the number of records; Gaussian noise has no epsilon at delta 0';
  throw new VeilganError('CONFIG', `delta is ${delta} and must be from 1e-300 to below 1`, { where: 'delta', fix });
}

/**
 * Exact where there is a formula, else null: phases that take all records (q = 1) compose to ONE Gaussian with mu^2 = sum
 * of T / sigma^2 (twice that mu where a record is exchanged for another), and a single step's two directions of adding or
 * removing a record reduce to a Gaussian's hockey-stick divergence at another point.
 */
export function exactEpsilon(phases: readonly Phase[], delta: number, relation: Relation): number | null {
  const { factor } = RELATIONS[relation];
  if (phases.every(({ q }) => q === 1)) {
    return gaussianEpsilon(delta, factor * Math.hypot(...phases.map(({ sigma, steps }) => Math.sqrt(steps) / sigma)));
  }
  const [{ q, sigma, steps }] = phases;
  if (factor > 1 || phases.length > 1 || steps > 1) return null;
  return Math.max(removedOnce(q, sigma, delta), addedOnce(q, sigma, delta));
}

/** delta(eps) = q deltaG(ln(1 + (e^eps - 1) / q)), solved for eps. */
const removedOnce = (q: number, sigma: number, delta: number): number =>
  delta >= q ? 0 : logRatio(q, gaussianEpsilon(delta / q, 1 / sigma));

/** delta(eps) = c deltaG(ln(q e^eps / c)) with c = 1 - (1-q) e^eps; 0 from eps = -ln(1-q) on. */
function addedOnce(q: number, sigma: number, delta: number): number {
  const good = (epsilon: number) => {
    const c = 1 - (1 - q) * Math.exp(epsilon);
    return c <= 0 || c * gaussianDelta(Math.max(0, epsilon + Math.log(q / c)), 1 / sigma) <= delta;
  };
  return good(0) ? 0 : bisect(0, -Math.log1p(-q), good);
}

/**
 * Parallel composition: mechanisms on disjoint partitions of the records, where a record's partition depends on that
 * record alone (a keyed hash of its id, or its own random draw). Neighbouring data sets differ in one record, hence in
 * the input of ONE mechanism; the outputs of all others have the same law and drop out of the likelihood ratio. So the
 * joint release is (max epsilon, delta)-DP when each is (epsilon_k, delta)-DP: delta is not split, because at most one
 * mechanism can fail for the record that changed. `epsilons` [K], all at the same delta; 0 for an empty list.
 */
export const parallel = (epsilons: readonly number[]): number => Math.max(0, ...epsilons);
