/** Dense linear algebra on the host in float64, for matrices of up to a few thousand rows. Row-major. */

/** Columns of a strip and rows of a block that stay in a cache together. */
const [STRIP, BLOCK] = [512, 64];

/**
 * All inner products of rows, X Y^T: [p, width] and [q, width] -> [p, q]. Summed in strips of 512 columns.
 * @param y default x: the result is symmetric, and half the work is done
 */
export function rowProducts(x: Float64Array, width: number, y: Float64Array = x): Float64Array {
  const [p, q] = [x.length / width, y.length / width];
  const out = new Float64Array(p * q);
  const symmetric = x === y;
  for (let from = 0; from < width; from += STRIP) {
    const to = Math.min(width, from + STRIP);
    for (let block = 0; block < q; block += BLOCK) {
      const end = Math.min(q, block + BLOCK);
      for (let i = symmetric ? block - (block % 4) : 0; i < p; i += 4) {
        for (let j = block; j < end && !(symmetric && j > i + 3); j += 2)
          tile(x, i, p, y, j, end, from, to, width, out, q);
      }
    }
  }
  if (symmetric) for (let i = 0; i < p; i++) for (let j = 0; j < i; j++) out[j * q + i] = out[i * q + j];
  return out;
}

/** Adds to out[i..i+3, j..j+1] what columns [from, to) contribute; rows beyond the last are read as the last. */
function tile(
  x: Float64Array,
  i: number,
  p: number,
  y: Float64Array,
  j: number,
  q: number,
  from: number,
  to: number,
  width: number,
  out: Float64Array,
  columns: number,
): void {
  const x0 = i * width;
  const x1 = Math.min(i + 1, p - 1) * width;
  const x2 = Math.min(i + 2, p - 1) * width;
  const x3 = Math.min(i + 3, p - 1) * width;
  const y0 = j * width;
  const y1 = Math.min(j + 1, q - 1) * width;
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  for (let k = from; k < to; k++) {
    const u = y[y0 + k];
    const v = y[y1 + k];
    const r = x[x0 + k];
    a0 += r * u;
    b0 += r * v;
    const s = x[x1 + k];
    a1 += s * u;
    b1 += s * v;
    const t = x[x2 + k];
    a2 += t * u;
    b2 += t * v;
    const w = x[x3 + k];
    a3 += w * u;
    b3 += w * v;
  }
  const sums = [a0, b0, a1, b1, a2, b2, a3, b3];
  for (let row = 0; row < 4 && i + row < p; row++) {
    for (let c = 0; c < 2 && j + c < q; c++) out[(i + row) * columns + j + c] += sums[2 * row + c];
  }
}

/**
 * A factor of a positive semidefinite matrix S [n, n], by Cholesky's method with diagonal pivoting (Higham 2002, section
 * 10.3): S = F^T F up to rounding, with as many rows in F as S has rank. A row whose pivot is below 2^-52 of the largest
 * diagonal entry is rounding and left out.
 * @returns F [rank, n]
 */
export function semidefiniteFactor(s: Float64Array, n: number): Float64Array {
  const rest = Float64Array.from({ length: n }, (_, i) => s[i * n + i]);
  const least = rest.reduce((a, b) => Math.max(a, b), 0) * 2 ** -52;
  const f = new Float64Array(n * n);
  let rank = 0;
  for (; rank < n; rank++) {
    let pivot = 0;
    for (let i = 1; i < n; i++) if (rest[i] > rest[pivot]) pivot = i;
    if (!(rest[pivot] > least)) break;
    const at = rank * n;
    for (let i = 0; i < n; i++) f[at + i] = s[pivot * n + i];
    let j = 0;
    for (; j + 4 <= rank; j += 4) {
      const [o0, o1, o2, o3] = [j * n, (j + 1) * n, (j + 2) * n, (j + 3) * n];
      const [c0, c1, c2, c3] = [f[o0 + pivot], f[o1 + pivot], f[o2 + pivot], f[o3 + pivot]];
      for (let i = 0; i < n; i++) f[at + i] -= c0 * f[o0 + i] + c1 * f[o1 + i] + c2 * f[o2 + i] + c3 * f[o3 + i];
    }
    for (; j < rank; j++) {
      const [o, c] = [j * n, f[j * n + pivot]];
      for (let i = 0; i < n; i++) f[at + i] -= c * f[o + i];
    }
    const root = Math.sqrt(rest[pivot]);
    for (let i = 0; i < n; i++) {
      // What was a pivot already has nothing left.
      f[at + i] = rest[i] === 0 ? 0 : f[at + i] / root;
      rest[i] = Math.max(0, rest[i] - f[at + i] ** 2);
    }
    f[at + pivot] = root;
    rest[pivot] = 0;
  }
  return f.slice(0, rank * n);
}

/**
 * Eigenvalues of a symmetric matrix [n, n], ascending: Householder's reduction to a tridiagonal one, then implicit QL
 * (Golub and Van Loan 2013, sections 8.3.1 and 8.3.3). No eigenvectors, so 2048 rows take seconds.
 */
export function symmetricEigenvalues(matrix: Float64Array, n: number): Float64Array {
  const { diagonal, off } = tridiagonal(matrix.slice(), n);
  return implicitQl(diagonal, off).sort();
}

/** Overwrites the lower triangle of `a`. */
function tridiagonal(a: Float64Array, n: number): { diagonal: Float64Array; off: Float64Array } {
  const diagonal = new Float64Array(n);
  const off = new Float64Array(Math.max(0, n - 1));
  const [v, p] = [new Float64Array(n), new Float64Array(n)];
  for (let k = n - 1; k > 0; k--) {
    // The last row left of the diagonal becomes (0, ..., 0, alpha), and a smaller matrix remains.
    const row = k * n;
    diagonal[k] = a[row + k];
    let norm = 0;
    for (let i = 0; i < k; i++) norm += a[row + i] ** 2;
    const alpha = (a[row + k - 1] > 0 ? -1 : 1) * Math.sqrt(norm);
    off[k - 1] = alpha;
    const square = norm - alpha * a[row + k - 1];
    if (square === 0) continue;
    for (let i = 0; i < k; i++) v[i] = a[row + i];
    v[k - 1] -= alpha;
    p.fill(0, 0, k);
    for (let i = 0; i < k; i++) {
      const [at, vi] = [i * n, v[i]];
      let sum = a[at + i] * vi;
      for (let j = 0; j < i; j++) {
        sum += a[at + j] * v[j];
        p[j] += a[at + j] * vi;
      }
      p[i] += sum;
    }
    let along = 0;
    for (let i = 0; i < k; i++) {
      p[i] /= square;
      along += p[i] * v[i];
    }
    const half = along / (2 * square);
    for (let i = 0; i < k; i++) p[i] -= half * v[i];
    for (let i = 0; i < k; i++) {
      const [at, vi, pi] = [i * n, v[i], p[i]];
      for (let j = 0; j <= i; j++) a[at + j] -= vi * p[j] + pi * v[j];
    }
  }
  if (n) diagonal[0] = a[0];
  return { diagonal, off };
}

/** Eigenvalues of a tridiagonal matrix, in its diagonal's place. */
function implicitQl(d: Float64Array, off: Float64Array): Float64Array {
  const n = d.length;
  const e = new Float64Array(n);
  e.set(off);
  for (let l = 0; l < n; l++) {
    for (;;) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > 2 ** -52 * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      const r = Math.hypot(g, 1);
      g = d[m] - d[l] + e[l] / (g + (g < 0 ? -r : r));
      let [s, c, shift] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const [f, b] = [s * e[i], c * e[i]];
        const length = Math.hypot(f, g);
        e[i + 1] = length;
        if (length === 0) {
          d[i + 1] -= shift;
          e[m] = 0;
          break;
        }
        s = f / length;
        c = g / length;
        const base = d[i + 1] - shift;
        const t = (d[i] - base) * s + 2 * c * b;
        shift = s * t;
        d[i + 1] = base + shift;
        g = c * t - b;
      }
      if (i >= l) continue;
      d[l] -= shift;
      e[l] = g;
      e[m] = 0;
    }
  }
  return d;
}
