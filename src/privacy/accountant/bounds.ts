/** Both bounds on epsilon of a sum of losses that were put on a grid: composed, read, and charged for what is missing. */
import { compose, type Step } from './compose.ts';
import { readDown } from './curve.ts';
import { MASS_ERROR } from './discretise.ts';
import type { Window } from './window.ts';

/** What a bound may be off by through rounding of the losses themselves: relative, of the loss's spread and epsilon. */
const LOSS_ERROR = 1e-11;

/** A sum of losses on a grid, and the window of it that is looked at. */
export interface GridSum {
  /** masses of each kind of step, weighted with exp(theta loss) and scaled to a sum of 1 */
  readonly steps: readonly Step[];
  readonly delta: number;
  /** distance of nodes */
  readonly h: number;
  readonly theta: number;
  /** nodes that are looked at, a power of two */
  readonly size: number;
  readonly window: Window;
  /** the loss at the sum of all steps' nodes 0 */
  readonly origins: number;
  /** by what the weighted sums were scaled, in all */
  readonly logUpper: number;
  readonly logLower: number;
  /** mass of the own law to be charged as an infinite loss */
  readonly infinite: number;
  /** number of steps */
  readonly total: number;
}

/** The bounds; `inside` where the upper one lies in the window, `lower` 0 where a step has no dominated law. */
export function boundsOf(sum: GridSum): { upper: number; lower: number; inside: boolean } {
  const { steps, delta, h, theta, size, window, origins, logUpper, logLower, infinite, total } = sum;
  const start = Math.floor((window.from - origins) / h);
  const bottom = origins + start * h;
  // What the window misses on either side: nothing where no sum of nodes lies there.
  const outside = (side: 'upper' | 'lower') => {
    const ends = (last: 0 | 1) =>
      steps.reduce((sum, step) => sum + step.steps * (step[side]!.first + last * (step[side]!.masses.length - 1)), 0);
    const above = chernoff(steps, side, window.right, h) - window.right * (start + size) * h;
    const below = chernoff(steps, side, -window.left, h) + window.left * start * h;
    return {
      above: ends(1) < start + size ? 0 : Math.exp(Math.min(0, above)),
      below: ends(0) >= start ? 0 : Math.exp(Math.min(0, below)),
    };
  };
  const composed = compose(steps, size, start);
  const common = { delta, bottom, h, theta, error: composed.error };
  const spread = (window.to - window.from) / 10;
  const slack = (epsilon: number) => LOSS_ERROR * (epsilon + spread);
  const out = outside('upper');
  const raised = readDown(composed.upper, {
    ...common,
    logScale: logUpper + total * MASS_ERROR,
    added: infinite,
    beyond: out.above,
    moved: 0,
    sign: 1,
  });
  const upper = raised + slack(raised);
  // Otherwise the grid was too coarse for the window to hold it.
  const inside = raised > Math.max(0, bottom) && raised < bottom + size * h;
  if (!composed.lower) return { upper, lower: 0, inside };
  const missing = outside('lower');
  const lowered = readDown(composed.lower, {
    ...common,
    logScale: logLower - total * MASS_ERROR,
    added: 0,
    beyond: 0,
    moved: missing.above + missing.below,
    sign: -1,
  });
  return { upper, lower: Math.max(0, lowered - slack(lowered)), inside };
}

/** Scales masses to sum 1 and gives what the sum was, which is wanted to a unit: it is taken to the T-th power. */
export function normalised(masses: Float64Array): number {
  let [sum, rest] = [0, 0];
  for (const mass of masses) {
    const next = sum + mass;
    rest += sum >= mass ? sum - next + mass : mass - next + sum;
    sum = next;
  }
  sum += rest;
  for (let i = 0; i < masses.length; i++) masses[i] /= sum;
  return sum;
}

/** ln E[exp(lambda (total loss - origins))] of the discretised laws. */
function chernoff(steps: readonly Step[], side: 'upper' | 'lower', lambda: number, h: number): number {
  return steps.reduce((total, step) => {
    const { first, masses } = step[side]!;
    let [top, sum] = [Number.NEGATIVE_INFINITY, 0];
    for (let j = 0; j < masses.length; j++) {
      if (masses[j] === 0) continue;
      const exponent = Math.log(masses[j]) + lambda * (first + j) * h;
      if (exponent > top) [sum, top] = [sum * Math.exp(top - exponent) + 1, exponent];
      else sum += Math.exp(exponent - top);
    }
    return total + step.steps * (top + Math.log(sum));
  }, 0);
}
