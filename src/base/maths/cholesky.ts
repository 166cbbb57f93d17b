/** Cholesky factors of small dense matrices on the host, in float64. Row-major. */

/**
 * The lower factor L of a positive definite matrix A = L L^T [n, n], of which the lower triangle is read.
 * @param floor pivots are kept above it
 */
export function cholesky(a: Float64Array, n: number, floor = Number.MIN_VALUE): Float64Array {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      l[i * n + j] = i === j ? Math.sqrt(Math.max(sum, floor)) : sum / l[j * n + j];
    }
  }
  return l;
}

/** Solves L y = x in place for each row x of [rows, n]. */
export function solveLower(l: Float64Array, n: number, rows: Float64Array): Float64Array {
  for (let at = 0; at < rows.length; at += n) {
    for (let i = 0; i < n; i++) {
      let sum = rows[at + i];
      for (let k = 0; k < i; k++) sum -= l[i * n + k] * rows[at + k];
      rows[at + i] = sum / l[i * n + i];
    }
  }
  return rows;
}

/** x of L L^T x = b. */
export function solveFactored(l: Float64Array, n: number, b: Float64Array): Float64Array {
  const x = solveLower(l, n, b.slice());
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= l[k * n + i] * x[k];
    x[i] /= l[i * n + i];
  }
  return x;
}
