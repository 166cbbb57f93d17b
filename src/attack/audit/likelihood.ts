/**
 * How much one noisy update speaks for each canary having been in its batch. The released sum is taken as
 * sum_j a_j g_j + N(0, s^2 I), with g_j the gradients of the canaries and of some records that stand for the rest of
 * the batch, and Gaussian beliefs about how often each is in it. Everything follows from inner products, so that no
 * gradient has to be looked at itself. The better this describes the truth, the more an audit finds; its bound holds
 * whatever is believed here, because scores may be any function of what was released.
 */
import { cholesky, solveFactored } from '../../base/maths/cholesky.ts';

export interface UpdateBelief {
  /** these rows come first; the others stand for the rest of the batch */
  readonly canaries: number;
  /** probability that a canary that is in the data is in a batch */
  readonly q: number;
  /** s^2 of each coordinate of the noisy sum */
  readonly noise: number;
  /** how often each of the other rows is expected in the sum, [rows - canaries] */
  readonly others: ArrayLike<number>;
  /** what gradients are taken to be clipped to; Infinity where they are taken whole */
  readonly bound: number;
}

/** What rounding of 32-bit inner products may be of the largest of them. */
const ROUNDING = 1e-6;

/**
 * For each canary the log-likelihood ratio of the update, the canary in the data against not, all others uncertain
 * either way: ln(1 - q + q e^x) with x that of its being in this batch.
 * A row that is not finite is taken to add nothing; an update that is not finite says nothing.
 * @param gram inner products of the rows' whole gradients, [rows, rows], row-major
 * @param products their inner products with the noisy sum (not divided by anything), [rows]
 */
export function updateEvidence(
  gram: ArrayLike<number>,
  products: ArrayLike<number>,
  { canaries, q, noise, others, bound }: UpdateBelief,
): Float64Array {
  const rows = products.length;
  const norms = Array.from({ length: rows }, (_, i) => Math.sqrt(gram[i * rows + i]));
  const factors = norms.map((norm) => (Number.isFinite(norm) ? Math.min(1, bound / norm) : 0));
  const inner = Float64Array.from({ length: rows * rows }, (_, at) => {
    const factor = factors[Math.floor(at / rows)] * factors[at % rows];
    return factor && factor * gram[at];
  });
  const mean = Float64Array.from({ length: rows }, (_, i) => (i < canaries ? q / 2 : others[i - canaries]));
  // The mean over few rows stands for a mean over many: it is about as uncertain as it is large.
  const variance = mean.map((m, i) => Math.max(1e-12, i < canaries ? m * (1 - m) : m * (1 + m)));
  const floor = ROUNDING * norms.reduce((most, norm, i) => Math.max(most, factors[i] && (factors[i] * norm) ** 2), 0);
  const precision = inner.slice();
  const right = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    precision[i * rows + i] += noise / variance[i] + floor;
    right[i] = factors[i] && factors[i] * products[i];
    for (let j = 0; j < rows; j++) right[i] -= inner[i * rows + j] * mean[j];
  }
  const lower = cholesky(precision, rows, floor || Number.MIN_VALUE);
  const solved = solveFactored(lower, rows, right);
  const inverse = inverseDiagonal(lower, rows, canaries);
  const logOut = Math.log1p(-q);
  return Float64Array.from({ length: canaries }, (_, i) => {
    if (!(factors[i] * norms[i] > 0)) return 0;
    // Woodbury's identity; `left` takes what is believed of the canary itself out of the uncertainty of the sum.
    const left = (noise * inverse[i]) / variance[i];
    const own = (1 - left) / variance[i];
    const x = (solved[i] / variance[i] + mean[i] * own - own / 2) / left;
    return Number.isNaN(x) ? 0 : logSum(logOut, Math.log(q) + x);
  });
}

/** ln(e^a + e^b). */
function logSum(a: number, b: number): number {
  const top = Math.max(a, b);
  return top === Number.NEGATIVE_INFINITY ? top : top + Math.log1p(Math.exp(Math.min(a, b) - top));
}

/** The first entries of the diagonal of (L L^T)^-1: squared norms of the columns of L^-1. */
function inverseDiagonal(l: Float64Array, n: number, first: number): Float64Array {
  const column = new Float64Array(n);
  return Float64Array.from({ length: first }, (_, j) => {
    let squares = 0;
    for (let i = j; i < n; i++) {
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= l[i * n + k] * column[k];
      column[i] = sum / l[i * n + i];
      squares += column[i] ** 2;
    }
    return squares;
  });
}

/**
 * Rows whose vectors are long and unlike each other: each next one has the longest part that the ones before do not
 * span (pivoted Cholesky). Rows that are not finite are not chosen.
 * @param gram [total, total], row-major
 */
export function spreadRows(gram: ArrayLike<number>, total: number, count: number): number[] {
  const rest = Float64Array.from({ length: total }, (_, i) => gram[i * total + i]);
  const columns: Float64Array[] = [];
  const chosen: number[] = [];
  while (chosen.length < Math.min(count, total)) {
    let best = -1;
    for (let i = 0; i < total; i++) if (rest[i] > (best < 0 ? Number.NEGATIVE_INFINITY : rest[best])) best = i;
    if (best < 0) break;
    const pivot = Math.sqrt(Math.max(rest[best], Number.MIN_VALUE));
    const column = Float64Array.from({ length: total }, (_, i) => {
      const known = columns.reduce((sum, c) => sum + c[i] * c[best], 0);
      return (gram[i * total + best] - known) / pivot;
    });
    for (let i = 0; i < total; i++) rest[i] -= column[i] ** 2;
    for (const i of [...chosen, best]) rest[i] = Number.NEGATIVE_INFINITY;
    columns.push(column);
    chosen.push(best);
  }
  return chosen;
}
