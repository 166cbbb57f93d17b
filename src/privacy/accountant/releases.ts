/**
 * What tables of counts cost that are released with exact discrete Gaussian noise: by zero-concentrated differential
 * privacy, and where all of them were fixed beforehand by their privacy-loss distribution.
 *
 * A table counts each record in one cell. Adding, removing or zeroing out a record changes one cell by one; replacing it
 * changes two. A phase is `steps` tables with noise of parameter `sigma` (in counts) and q = 1: no sampling.
 */
import { VeilganError } from '../../base/errors.ts';
import { bisect } from '../../base/maths/search.ts';
import { RELATIONS, type Relation } from '../relation.ts';
import { boundsOf, normalised } from './bounds.ts';
import type { Step } from './compose.ts';
import { gaussianEpsilon, gaussianSigma } from './gaussian.ts';
import { lattice, mergeDown, spreadUp, tiltedMoments } from './lattice.ts';
import { checkedDelta, checkedPhases, type Phase } from './phases.ts';
import type { EpsilonBounds } from './pld.ts';
import { leastEpsilon } from './rdp.ts';

/** Cells of a table that two neighbours differ in, by one each. */
const cellsOf = (relation: Relation): number => RELATIONS[relation].factor;

/** Phases of tables, equal ones added up. @throws VeilganError CONFIG for a field out of range, and for samples */
function tablesOf(phases: readonly Phase[]): Phase[] {
  const checked = checkedPhases(phases);
  const sampled = checked.find(({ q }) => q !== 1);
  if (!sampled) return checked;
  throw new VeilganError('CONFIG', `q is ${sampled.q}, and a measured table counts every record`, {
    where: 'q',
    fix: 'Give 1; samples of records are what the accountants of updates are for',
  });
}

/**
 * The zCDP of all phases: each cell costs 1 / (2 sigma^2) (Canonne, Kamath and Steinke 2020, theorem 4).
 * @throws VeilganError CONFIG for a field out of range, or q other than 1
 */
export const releaseRho = (phases: readonly Phase[], relation: Relation): number =>
  tablesOf(phases).reduce((sum, { sigma, steps }) => sum + (steps * cellsOf(relation)) / (2 * sigma * sigma), 0);

/**
 * An upper bound on the epsilon of rho-zCDP at delta: Renyi divergence rho a at every order a, converted as RDP is
 * (Canonne, Kamath and Steinke 2020, corollary 13).
 * @throws VeilganError CONFIG for a delta out of range, or a rho that is negative or no number
 */
export function zcdpEpsilon(rho: number, delta: number): number {
  checkedDelta(delta);
  if (!(rho >= 0))
    throw new VeilganError('CONFIG', `rho is ${rho} and must be 0 or above`, {
      where: 'rho',
      fix: 'Add up with `releaseRho`',
    });
  return rho === 0 ? 0 : leastEpsilon((order) => rho * order, delta).epsilon;
}

/** Left out of a rho that a budget allows, for what sums and the search for an order are off by. */
const MARGIN = 1e-10;

/**
 * The largest rho that a budget of (epsilon, delta) allows by `zcdpEpsilon`, from below, to 1e-10.
 * @throws VeilganError CONFIG for an epsilon not above 0 or a delta out of range
 */
export function zcdpRho(epsilon: number, delta: number): number {
  checkedDelta(delta);
  mustBeBudget(epsilon);
  // In 1 / rho, of which the least good one is wanted.
  const good = (inverse: number) => zcdpEpsilon(1 / inverse, delta) <= epsilon;
  let [low, high] = [1, 1];
  while (!good(high)) [low, high] = [high, 4 * high];
  while (good(low)) [high, low] = [low, low / 4];
  return (1 - MARGIN) / bisect(low, high, good, 1e-12);
}

function mustBeBudget(epsilon: number): void {
  if (epsilon > 0 && epsilon < Number.POSITIVE_INFINITY) return;
  throw new VeilganError('CONFIG', `epsilon is ${epsilon} and must be a number above 0`, {
    where: 'epsilon',
    fix: 'Give the budget that may be spent',
  });
}

/** From here on noise is so wide that normals bound it from both sides to 2e-5. */
const WIDE = 256;
/** The tilted sum is looked at so many standard deviations around its mean: e^-21 is outside. */
const WINDOW = 6.6;
/** Nodes of the largest lattice that is composed as it is, of the first grid and of the finest. */
const [MOST_EXACT, FIRST, FINEST] = [2 ** 18, 2 ** 12, 2 ** 18];

/**
 * Certified bounds on the least epsilon at `delta` of all tables together, whose number and noise were fixed beforehand.
 * Tables of one sigma have losses on one lattice, which is composed as it is, so that the bounds differ by charged
 * rounding only. Several sigmas share a grid, refined until the bounds are within `relative` of each other or it has 2^18
 * nodes. Noise of 256 counts or more alone is bounded by normals. `upper` is never above `zcdpEpsilon` of `releaseRho`.
 * Computed in f64 with charged errors, as `pldEpsilon` is. With a sigma below 0.4, where epsilon is in the tens, rounding
 * may leave no more than a `lower` of 0.
 * @param relative stop refining once the bounds are within this share of each other
 * @throws VeilganError CONFIG for a field of a phase, its q or a delta out of range
 */
export function tablesEpsilon(
  phases: readonly Phase[],
  delta: number,
  relation: Relation,
  { relative = 2e-4 }: { readonly relative?: number } = {},
): EpsilonBounds {
  const most = zcdpEpsilon(releaseRho(phases, relation), delta);
  if (most === 0) return { upper: 0, lower: 0, nodes: 0 };
  const cells = tablesOf(phases).map((phase) => ({ ...phase, steps: phase.steps * cellsOf(relation) }));
  if (cells.every(({ sigma }) => sigma >= WIDE)) return wideEpsilon(cells, delta, most);
  let [upper, lower] = [most, 0];
  let guess = Math.min(most, gaussianEpsilon(delta, Math.sqrt(squaredMu(cells))));
  for (let [nodes, moves, gap] = [FIRST, 0, Number.POSITIVE_INFINITY]; ; ) {
    const found = boundsAround(cells, delta, guess, nodes);
    upper = Math.min(upper, found.upper);
    lower = Math.max(lower, found.lower);
    // Around another epsilon than the true one bounds hold too, but are wide.
    const next = found.inside ? Math.min(upper, found.upper) : upper;
    if (Math.abs(next - guess) > 0.02 * guess && moves++ < 4) {
      guess = next;
      continue;
    }
    // Where charged rounding is what is left, a finer grid does not help.
    const stuck = lower > 0 && upper < most && upper - lower > gap / 1.5;
    if (found.exact || upper - lower <= relative * upper || nodes >= FINEST || stuck) {
      return { upper: Math.max(upper, lower), lower, nodes: found.exact ? 0 : nodes };
    }
    gap = upper - lower;
    nodes *= 4;
  }
}

/** mu^2 of the continuous Gaussians of the same sigmas. */
const squaredMu = (cells: readonly Phase[]): number =>
  cells.reduce((sum, { sigma, steps }) => sum + steps / (sigma * sigma), 0);

/** The tilt with which the sum of losses has the mean `epsilon`, from 0 up; it makes bounds good, not valid. */
function tiltFor(cells: readonly Phase[], epsilon: number): number {
  const theta = epsilon / squaredMu(cells) - 0.5;
  if (cells.every(({ sigma }) => sigma >= 1.5)) return Math.max(0, theta);
  const mean = (tilt: number) => momentsOf(cells, tilt).mean;
  return bisect(Math.max(0, theta - 1), Math.max(0, theta) + 1, (tilt) => mean(tilt) >= epsilon, 1e-3);
}

/** Mean and variance of the tilted sum. */
function momentsOf(cells: readonly Phase[], theta: number) {
  let [mean, variance] = [0, 0];
  for (const { sigma, steps } of cells) {
    const one = tiltedMoments(sigma, theta);
    const h = 1 / (sigma * sigma);
    mean += steps * h * (one.mean + 0.5);
    variance += steps * h * h * one.variance;
  }
  return { mean, variance };
}

/** Bounds by one lattice or grid that is good if epsilon is about `guess`; `exact` where it is the losses' own lattice. */
function boundsAround(cells: readonly Phase[], delta: number, guess: number, nodes: number) {
  const theta = tiltFor(cells, guess);
  const total = cells.reduce((sum, { steps }) => sum + steps, 0);
  const { mean, variance } = momentsOf(cells, theta);
  const widest = Math.max(...cells.map(({ sigma }) => 1 / (sigma * sigma)));
  const deviation = Math.max(Math.sqrt(variance), widest / 4);
  const from = Math.min(mean - WINDOW * deviation, guess) - 2 * widest;
  const to = Math.max(mean + WINDOW * deviation, guess) + 2 * widest;
  const exact = cells.length === 1 && (to - from) / widest < MOST_EXACT;
  const size = exact ? 2 ** Math.ceil(Math.log2(Math.max(64, (to - from) / widest))) : nodes;
  // Of a whole number of nodes between the atoms that are furthest apart, where it is not the other way round.
  const coarse = (to - from) / size;
  const h = exact ? widest : coarse < widest ? widest / Math.floor(widest / coarse) : coarse;
  // Losses above are charged as infinite: together a ten-millionth of delta.
  const logLost = Math.log((delta * 1e-7) / total);
  let [origins, logUpper, logLower, infinite] = [0, 0, 0, 0];
  const steps: Step[] = cells.map(({ sigma, steps: count }) => {
    const law = lattice(sigma, theta, logLost);
    const upper = exact ? law.upper : spreadUp(law, { h, theta });
    const lower = exact ? law.lower : mergeDown(law, { h, theta });
    origins += count * law.origin;
    logUpper += count * (law.scale + Math.log(normalised(upper.masses)));
    logLower += count * (law.scale + Math.log(normalised(lower.masses)));
    infinite += count * law.infinite;
    return { upper, lower, steps: count };
  });
  const window = { from, to, left: WINDOW / deviation, right: WINDOW / deviation };
  const sum = { steps, delta, h, theta, size, window, origins, logUpper, logLower, infinite, total };
  return { ...boundsOf(sum), exact };
}

/** Variance of the noise that turns discrete and continuous normals into each other. */
const BLUR = 2.25;

/**
 * Wide noise, between two Gaussian mechanisms. A discrete Gaussian of variance s^2 around an integer is what a normal of
 * variance s^2 - 2.25 around it becomes when each value is rounded by a discrete Gaussian of variance 2.25 around it,
 * and a normal of variance s^2 + 2.25 is what it becomes with one of variance 2.25 added: all densities to a factor of
 * 1 +- 3.2e-19, by Poisson's sum. Both are post-processing.
 */
function wideEpsilon(cells: readonly Phase[], delta: number, most: number): EpsilonBounds {
  const total = cells.reduce((sum, { steps }) => sum + steps, 0);
  const off = 3.2e-19 * total + 1e-15;
  const mu = (blur: number) =>
    Math.sqrt(cells.reduce((sum, { sigma, steps }) => sum + steps / (sigma * sigma + blur), 0));
  const upper = (gaussianEpsilon(delta * Math.exp(-off), mu(-BLUR)) + 2 * off) * (1 + 1e-12);
  const lower = (gaussianEpsilon(delta * Math.exp(off), mu(BLUR)) - 2 * off) * (1 - 1e-12);
  return { upper: Math.min(upper, most), lower: Math.max(0, lower), nodes: 0 };
}

/** Steps of sigma: with them sigma^2 is a quotient of whole numbers up to 2^48, as `DiscreteGaussian` takes it. */
const GRAIN = 2 ** -10;

/** The grid's step around a sigma: 2^-10, and more above 2^14. */
const grainAt = (sigma: number): number => (sigma <= 2 ** 14 ? GRAIN : 2 ** (Math.ceil(Math.log2(sigma)) - 24));

/**
 * The least sigma that noise is drawn with (`noisyTable`) and that is not below `sigma`: a multiple of 2^-10, or of more
 * above 2^14.
 * @throws VeilganError CONFIG unless it is above 0 and at most 1e6
 */
export function sigmaGrid(sigma: number): number {
  if (sigma > 0 && sigma <= 1e6) return Math.ceil(sigma / grainAt(sigma)) * grainAt(sigma);
  throw new VeilganError('CONFIG', `sigma is ${sigma} and must be above 0, at most 1e6`, {
    where: 'sigma',
    fix: 'Give the noise of a count; without noise there is no guarantee',
  });
}

/** sigma^2 as a quotient of whole numbers. @throws VeilganError CONFIG for a sigma that `sigmaGrid` would change */
export function varianceOf(sigma: number): { readonly num: number; readonly den: number } {
  if (sigmaGrid(sigma) === sigma) return { num: (sigma / grainAt(sigma)) ** 2, den: grainAt(sigma) ** -2 };
  throw new VeilganError('CONFIG', `sigma is ${sigma} and must be a multiple of ${grainAt(sigma)}`, {
    where: 'sigma',
    fix: 'Round it up with `sigmaGrid` before it is charged',
  });
}

/** What tables may cost together, and by which neighbours. */
export interface TablesBudget {
  readonly epsilon: number;
  readonly delta: number;
  readonly relation: Relation;
}

/** Tables of equal noise: `relative` times the scale that is looked for. */
export interface TableWeight {
  readonly tables: number;
  readonly relative: number;
}

/** Tables as phases, each with the noise that is drawn for its weight at this scale. */
export const tablesAt = (weights: readonly TableWeight[], scale: number): Phase[] =>
  weights.map(({ tables, relative }) => ({ q: 1, sigma: sigmaGrid(scale * relative), steps: tables }));

/**
 * The least scale, to 5e-5 from above, with which all tables of `tablesAt` fit the budget by `tablesEpsilon`; a multiple of
 * 2^-10. It holds where the tables and their weights were fixed before anything was released.
 * @throws VeilganError CONFIG for values out of range, no tables, and where no noise suffices
 */
export function tablesScale(weights: readonly TableWeight[], { epsilon, delta, relation }: TablesBudget): number {
  checkedDelta(delta);
  mustBeBudget(epsilon);
  const unit = tablesOf(weights.map(({ tables, relative }) => ({ q: 1, sigma: relative, steps: tables })));
  if (unit.length === 0) throw new VeilganError('CONFIG', 'there are no tables', { where: 'tables', fix: 'Give one' });
  const fits = (steps: number) => {
    const phases = tablesAt(weights, steps * GRAIN);
    return tablesEpsilon(phases, delta, relation, { relative: 1e-3 }).upper <= epsilon;
  };
  // All sigmas are in the accountants' range.
  const least = Math.ceil(0.01 / (GRAIN * Math.min(...unit.map(({ sigma }) => sigma))));
  const most = Math.floor(1e6 / (GRAIN * Math.max(...unit.map(({ sigma }) => sigma))));
  const within = (steps: number) => Math.min(most, Math.max(least, Math.ceil(steps)));
  const mu = 1 / gaussianSigma(epsilon, delta);
  const start = within(Math.sqrt(squaredMu(unit) * cellsOf(relation)) / mu / GRAIN);
  let [low, high] = [start, start];
  for (let stride = 1e-3; !fits(high); stride *= 4) {
    if (high === most) {
      throw new VeilganError('CONFIG', `no noise up to 1e6 keeps epsilon at ${epsilon}`, {
        where: 'epsilon',
        fix: 'Measure fewer tables, or allow a larger epsilon',
      });
    }
    [low, high] = [high, within(high * (1 + stride) + 1)];
  }
  for (let stride = 1e-3; low === high || fits(low); stride *= 4) {
    if (low < high) high = low;
    if (high === least) return high * GRAIN;
    low = within(high * (1 - stride) - 1);
  }
  while (high - low > Math.max(1, 5e-5 * high)) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return high * GRAIN;
}
