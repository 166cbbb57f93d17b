/** Where a sum of losses lies, by its moments: what makes a grid good. No bound rests on it. */
import { gaussLegendre } from '../../base/maths/gauss-legendre.ts';
import { goldenSection } from '../../base/maths/search.ts';
import type { Law } from './loss.ts';

/** Masses outside the window are made smaller than exp(-OUTSIDE). */
const OUTSIDE = 21;

const RULE = gaussLegendre(4);

/**
 * ln E[exp(theta L)] under the own law, as a function of theta, with what lies above `high` counted as L = 0: it no longer
 * matters but may rule the moments, and where RDP is loose, it is because of that.
 */
export function truncatedLogMgf(law: Law, low: number, high: number): (theta: number) => number {
  const panels = Math.min(1e5, Math.max(300, Math.ceil((high - low) / (0.1 * law.sigma))));
  const width = (high - low) / panels;
  const losses: number[] = [];
  const logMasses: number[] = [];
  for (let panel = 0; panel < panels; panel++) {
    for (const [i, node] of RULE.nodes.entries()) {
      const t = low + (panel + node) * width;
      const loss = law.loss(t);
      losses.push(loss);
      logMasses.push(law.logDensity(t, loss) + Math.log(RULE.weights[i] * width));
    }
  }
  const masses = logMasses.map(Math.exp);
  return (theta) => {
    // Close to 1 the excess over 1 is summed; only there would rounding, times the number of steps, be seen.
    let [excess, top] = [0, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < losses.length; i++) {
      const exponent = theta * losses[i];
      excess += masses[i] * Math.expm1(exponent);
      top = Math.max(top, logMasses[i] + exponent);
    }
    if (Math.abs(excess) < 0.5) return Math.log1p(excess);
    let sum = 0;
    for (let i = 0; i < losses.length; i++) sum += Math.exp(logMasses[i] + theta * losses[i] - top);
    return top + Math.log(sum);
  };
}

/** The tilt whose law of the total loss has mean `epsilon`, from 0 up: the minimum of ln M(theta) - theta epsilon. */
export function saddle(logMgf: (theta: number) => number, epsilon: number): number {
  const f = (x: number) => logMgf(Math.exp(x)) - Math.exp(x) * epsilon;
  let x = Math.log(1e-6);
  while (x < Math.log(1e10) && f(x + 1) < f(x)) x++;
  return x === Math.log(1e-6) ? 0 : Math.exp(goldenSection(f, x - 1, x + 1, 16));
}

export interface Window {
  from: number;
  to: number;
  /** the exponents of the Chernoff bounds that gave the two ends */
  left: number;
  right: number;
}

/**
 * A window of [lowest, highest] that the total loss, tilted by theta, leaves with probability exp(-OUTSIDE) on either
 * side; it holds epsilon, about the tilted law's mean.
 */
export function windowOf(
  logMgf: (theta: number) => number,
  theta: number,
  epsilon: number,
  lowest: number,
  highest: number,
): Window {
  const base = logMgf(theta);
  const above = (x: number) => (logMgf(theta + Math.exp(x)) - base + OUTSIDE) / Math.exp(x);
  const below = (x: number) => (logMgf(theta - Math.exp(x)) - base + OUTSIDE) / Math.exp(x);
  const right = least(above, Math.log(1e-7), Math.log(1e12), epsilon);
  const left = least(below, Math.log(1e-7), Math.log(1e12), -epsilon);
  const [to, from] = [above(right), -below(left)];
  const margin = 0.02 * (to - from);
  return {
    from: Math.min(Math.max(from, lowest - margin), epsilon - margin),
    to: Math.max(Math.min(to, highest + margin), epsilon + margin),
    left: Math.exp(left),
    right: Math.exp(right),
  };
}

/** About where a function falls no more towards `floor`, walking up from `low`; then the minimum around there. */
function least(f: (x: number) => number, low: number, high: number, floor: number): number {
  let x = low;
  while (x + 0.5 < high && f(x + 0.5) - floor < 0.95 * (f(x) - floor)) x += 0.5;
  return goldenSection(f, Math.max(low, x - 0.5), Math.min(high, x + 0.5), 14);
}
