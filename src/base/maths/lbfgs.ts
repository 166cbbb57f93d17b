/** Limited-memory BFGS (Nocedal and Wright 2006, algorithms 7.4 and 7.5) for smooth convex functions, in float64. */

/** Writes the gradient at x and gives the value there. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  /** largest absolute entry of the gradient */
  readonly gradient: number;
  readonly iterations: number;
}

/** Steps that the curvature is remembered of. */
const MEMORY = 10;

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};
const largest = (a: Float64Array): number => a.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** The negative gradient times the inverse Hessian that the pairs stand for. */
function direction(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const d = gradient.map((g) => -g);
  const alphas = new Array<number>(pairs.length);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, rho } = pairs[i];
    alphas[i] = rho * dot(s, d);
    for (let j = 0; j < d.length; j++) d[j] -= alphas[i] * y[j];
  }
  const newest = pairs[pairs.length - 1];
  const scale = newest ? 1 / (newest.rho * dot(newest.y, newest.y)) : 1 / Math.max(1, Math.sqrt(dot(d, d)));
  for (let j = 0; j < d.length; j++) d[j] *= scale;
  pairs.forEach(({ s, y, rho }, i) => {
    const beta = rho * dot(y, d);
    for (let j = 0; j < d.length; j++) d[j] += (alphas[i] - beta) * s[j];
  });
  return d;
}

/**
 * Minimises from `start` until no entry of the gradient exceeds `tolerance`, no step gets lower, or the iterations end.
 * @param options tolerance default 1e-4 (scikit-learn's), iterations 1000
 */
export function lbfgs(
  objective: Objective,
  start: Float64Array,
  { tolerance = 1e-4, iterations = 1000 }: { tolerance?: number; iterations?: number } = {},
): Minimum {
  let x = start.slice();
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const pairs: Pair[] = [];
  let done = 0;
  while (done < iterations && largest(gradient) > tolerance) {
    const d = direction(gradient, pairs);
    const slope = dot(gradient, d);
    const next = search(objective, x, value, d, slope);
    if (!next) {
      // What is remembered of the curvature may be no longer true: once more along the gradient, then it is the end.
      if (!pairs.length) break;
      pairs.length = 0;
      continue;
    }
    const s = next.x.map((v, i) => v - x[i]);
    const y = next.gradient.map((v, i) => v - gradient[i]);
    const curvature = dot(s, y);
    if (curvature > 1e-14 * dot(y, y)) pairs.push({ s, y, rho: 1 / curvature });
    if (pairs.length > MEMORY) pairs.shift();
    ({ x, gradient, value } = next);
    done++;
  }
  return { x, value, gradient: largest(gradient), iterations: done };
}

/** Halves the step until the value falls by a share of what the slope promises (Armijo); null where it never does. */
function search(objective: Objective, x: Float64Array, value: number, d: Float64Array, slope: number) {
  if (!(slope < 0)) return null;
  const gradient = new Float64Array(x.length);
  for (let step = 1, tries = 0; tries < 40; step /= 2, tries++) {
    const at = x.map((v, i) => v + step * d[i]);
    const there = objective(at, gradient);
    if (there <= value + 1e-4 * step * slope) return { x: at, gradient, value: there };
  }
  return null;
}
