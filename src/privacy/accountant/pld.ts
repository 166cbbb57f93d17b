/** Certified bounds on epsilon from the privacy-loss distribution of composed phases. */
import type { Relation } from '../relation.ts';
import { boundsOf, normalised } from './bounds.ts';
import type { Step } from './compose.ts';
import { dominated, dominating, type Grid, originOf } from './discretise.ts';
import { type Direction, type Law, LossLaw } from './loss.ts';
import { checkedDelta, checkedPhases, exactEpsilon, type Phase } from './phases.ts';
import { leastEpsilon, rdpEpsilon } from './rdp.ts';
import { ReplaceLaw } from './replace.ts';
import { saddle, truncatedLogMgf, windowOf } from './window.ts';

/** epsilon lies in [lower, upper]; `upper` is what may be claimed. */
export interface EpsilonBounds {
  readonly upper: number;
  readonly lower: number;
  /** nodes of the finest grid that was used; 0 where a formula gave the value */
  readonly nodes: number;
}

export interface PldOptions {
  /** which two data sets are neighbours; by default add-remove, which zero-out costs the same as */
  readonly relation?: Relation;
  /** stop refining once upper - lower is below this share of upper (default 2e-5) */
  readonly relative?: number;
  /** or below this (default 1e-8) */
  readonly absolute?: number;
  /** log2 of the most nodes: 21 by default (seconds), 24 for `--tight` (a minute, 2 GiB) */
  readonly maxLog2?: number;
  /** false: use the grid even where a formula is exact (for tests) */
  readonly formulas?: boolean;
}

/** The coordinate starts here, in standard deviations below its lowest component: exp(-13^2/2) = 2e-37. */
const LOWEST = 13;

/**
 * Bounds on the least epsilon at `delta` of the phases composed.
 *
 * `upper`: both directions are discretised so that they are dominated by grid laws (`dominating`), composed exactly up
 * to rounding, and every mass that the window, the grid's ends or rounding may have lost or moved is charged. `lower`:
 * the same from below for removing a record (`dominated`); a lower bound for one direction is one for both. Replacing
 * a record has one direction, which is its own mirror image, and both bounds. They are computed in f64 with charged errors, not in interval arithmetic: exp, log and erfc are trusted to 1e-15 relative.
 *
 * The grid has as many nodes as the gap asks for: sums of T losses blur the grid law's variance by about T h^2 / 6, so
 * the gap falls fourfold with twice the nodes. Phases that take all records (q = 1) are one Gaussian release together,
 * and alone have a closed form. `upper` is never above RDP's epsilon, which is itself an upper bound.
 * @throws VeilganError CONFIG for a field of a phase or a delta out of range
 */
export function pldEpsilon(phases: readonly Phase[], delta: number, options: PldOptions = {}): EpsilonBounds {
  const { relation = 'add-remove', relative = 2e-5, absolute = 1e-8, maxLog2 = 21, formulas = true } = options;
  const checked = checkedPhases(phases);
  checkedDelta(delta);
  if (checked.length === 0) return { upper: 0, lower: 0, nodes: 0 };
  const exact = formulas ? exactEpsilon(checked, delta, relation) : null;
  if (exact !== null) return { upper: exact * (1 + 1e-12), lower: exact * (1 - 1e-12), nodes: 0 };
  const merged = oneGaussian(checked);
  const rdp = rdpEpsilon(checked, delta, relation).epsilon;
  if (rdp === 0) return { upper: 0, lower: 0, nodes: 0 };
  // Without the record the ratio of the laws is never below 1 - q.
  const pure = merged.reduce((sum, { q, steps }) => sum - steps * Math.log1p(-q), 0);
  const directions: readonly Direction[] = relation === 'replace-one' ? ['replace'] : ['remove', 'add'];
  const sides = directions.map((direction) => {
    const sum = new LossSum(merged, delta, direction);
    const upper = direction === 'add' ? Math.min(rdp, pure) : rdp;
    return { sum, upper, guess: Math.min(upper, sum.guess) };
  });
  const most = () => Math.max(...sides.map(({ upper }) => upper));
  const gap = () => most() - lower;
  const enough = () => Math.max(relative * most(), absolute);
  let lower = 0;
  let log2 = Math.min(14, maxLog2);
  for (let before = Number.POSITIVE_INFINITY; ; before = gap()) {
    for (const side of sides) {
      if (side.upper - lower <= enough()) continue;
      const bounds = boundsOnGrid(side.sum, 2 ** log2, side.guess);
      side.upper = Math.min(side.upper, bounds.upper);
      lower = Math.max(lower, bounds.lower);
      if (bounds.inside) side.guess = bounds.upper;
    }
    // Where charged rounding is what is left, a finer grid does not help.
    const stuck = lower > 0 && gap() > before / 1.5;
    if (log2 >= maxLog2 || gap() <= enough() || stuck) break;
    // The gap falls fourfold with twice the nodes.
    log2 = Math.min(maxLog2, log2 + Math.min(3, Math.max(1, Math.ceil(Math.log2(gap() / enough()) / 2))));
  }
  return { upper: Math.max(most(), lower), lower, nodes: 2 ** log2 };
}

/** All phases with q = 1 as one release. */
function oneGaussian(phases: readonly Phase[]): Phase[] {
  const full = phases.filter(({ q }) => q === 1);
  if (full.length === 0) return [...phases];
  const mu = Math.hypot(...full.map(({ sigma, steps }) => Math.sqrt(steps) / sigma));
  return [...phases.filter(({ q }) => q < 1), { q: 1, sigma: 1 / mu, steps: 1 }];
}

/** The sum of the losses of all steps in one direction, and about where it lies. */
class LossSum {
  readonly laws: readonly Law[];
  readonly phases: readonly Phase[];
  readonly delta: number;
  /** the coordinates from and to which each law is integrated */
  readonly ranges: readonly { readonly low: number; readonly high: number }[];
  readonly logMgfs: readonly ((theta: number) => number)[];
  readonly logLost: number;
  /** about the epsilon at delta, from above */
  readonly guess: number;

  constructor(phases: readonly Phase[], delta: number, direction: Direction) {
    [this.phases, this.delta] = [phases, delta];
    this.laws = phases.map(({ q, sigma }) =>
      direction === 'replace' ? new ReplaceLaw(q, sigma) : new LossLaw(q, sigma, direction),
    );
    // Losses above are charged as infinite: together a ten-millionth of delta.
    this.logLost = Math.log((delta * 1e-7) / this.steps);
    this.ranges = this.laws.map((law) => ({ low: lowest(law), high: highest(law, this.logLost) }));
    this.logMgfs = this.laws.map((law, i) => truncatedLogMgf(law, this.ranges[i].low, this.ranges[i].high));
    this.guess = leastEpsilon((order) => this.logMgf(order - 1) / (order - 1), delta).epsilon;
  }

  get steps(): number {
    return this.phases.reduce((sum, { steps }) => sum + steps, 0);
  }

  logMgf(theta: number): number {
    return this.logMgfs.reduce((sum, logMgf, i) => sum + this.phases[i].steps * logMgf(theta), 0);
  }

  /** The least and the largest sum. */
  end(which: 'low' | 'high'): number {
    return this.laws.reduce((sum, law, i) => sum + this.phases[i].steps * law.loss(this.ranges[i][which]), 0);
  }
}

/** One direction on one grid; `guess` is where epsilon may lie, and makes the bounds good, not valid. */
function boundsOnGrid(sum: LossSum, size: number, guess: number) {
  const { laws, phases, ranges, delta, logLost, steps: total } = sum;
  const logMgf = (theta: number) => sum.logMgf(theta);
  const theta = saddle(logMgf, guess);
  const spans = laws.map((law, i) => law.loss(ranges[i].high) - law.loss(ranges[i].low));
  const window = windowOf(logMgf, theta, guess, sum.end('low'), sum.end('high'));
  const h = Math.max(window.to - window.from, Math.max(...spans) / 4) / size;
  let [origins, logUpper, logLower, infinite] = [0, 0, 0, 0];
  const steps: Step[] = laws.map((law, i) => {
    const count = phases[i].steps;
    const origin = originFor(law, logLost, h);
    const grid: Grid = { h, origin, theta, scale: sum.logMgfs[i](theta), ...ranges[i] };
    const upper = dominating(law, grid);
    const lower = law.direction === 'add' ? null : dominated(law, grid);
    origins += count * origin;
    logUpper += count * (grid.scale + Math.log(normalised(upper.masses)));
    if (lower) logLower += count * (grid.scale + Math.log(normalised(lower.masses)));
    infinite += count * Math.exp(law.logTailAbove(grid.high));
    return { upper, lower, steps: count };
  });
  return boundsOf({ steps, delta, h, theta, size, window, origins, logUpper, logLower, infinite, total });
}

/** The grid's origin: that of the `remove` law, mirrored for `add`; replacing a record is symmetric around 0. */
function originFor({ q, sigma, direction }: Law, logLost: number, h: number): number {
  if (direction === 'replace') return 0;
  const removing = new LossLaw(q, sigma, 'remove');
  const removed = originOf(removing, lowest(removing), highest(removing, logLost), h);
  return direction === 'remove' ? removed : -removed;
}

/** Where the coordinate starts. */
const lowest = (law: Law): number => (law.q === 1 && law.direction !== 'add' ? 1 : 0) - LOWEST * law.sigma;

/** The place above which the own law has mass exp(logMass). */
function highest(law: Law, logMass: number): number {
  let [low, high] = [0, 1 + law.sigma];
  while (law.logTailAbove(high) > logMass) high = 2 * high;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (law.logTailAbove(middle) > logMass) low = middle;
    else high = middle;
  }
  return high;
}
