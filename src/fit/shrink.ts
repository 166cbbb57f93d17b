/** What of a noisy table is more than noise. Post-processing: nothing here sees the rows. */

/**
 * Singular value decomposition by one-sided Jacobi rotations (Hestenes 1958): columns of `a` are made orthogonal.
 * @param a [rows, columns], row-major, overwritten by U S
 * @returns V [columns, columns], row-major
 */
function orthogonalise(a: Float64Array, rows: number, columns: number): Float64Array {
  const v = new Float64Array(columns * columns);
  for (let i = 0; i < columns; i++) v[i * columns + i] = 1;
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    for (let p = 0; p < columns - 1; p++) {
      for (let q = p + 1; q < columns; q++) {
        let [alpha, beta, gamma] = [0, 0, 0];
        for (let i = 0; i < rows; i++) {
          const [x, y] = [a[i * columns + p], a[i * columns + q]];
          alpha += x * x;
          beta += y * y;
          gamma += x * y;
        }
        if (Math.abs(gamma) <= 1e-12 * Math.sqrt(alpha * beta) || gamma === 0) continue;
        off++;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        rotate(a, rows, columns, p, q, c, c * t);
        rotate(v, columns, columns, p, q, c, c * t);
      }
    }
    if (off === 0) break;
  }
  return v;
}

function rotate(a: Float64Array, rows: number, columns: number, p: number, q: number, c: number, s: number): void {
  for (let i = 0; i < rows; i++) {
    const [x, y] = [a[i * columns + p], a[i * columns + q]];
    a[i * columns + p] = c * x - s * y;
    a[i * columns + q] = s * x + c * y;
  }
}

/**
 * A matrix without white noise, as far as its singular values tell (Gavish and Donoho, "Optimal shrinkage of singular
 * values", 2017, for the Frobenius norm): those that noise alone would reach are dropped, the others made smaller.
 * @param noisy [rows, columns], row-major @param sigma standard deviation of the noise of each element
 */
export function shrunk(noisy: ArrayLike<number>, rows: number, columns: number, sigma: number): Float64Array {
  // One-sided rotations are of columns, of which there should be fewer.
  if (columns > rows) return transposed(shrunk(transposed(noisy, rows, columns), columns, rows, sigma), columns, rows);
  const a = Float64Array.from(noisy);
  const v = orthogonalise(a, rows, columns);
  const beta = columns / rows;
  const unit = sigma * Math.sqrt(rows);
  const out = new Float64Array(rows * columns);
  for (let k = 0; k < columns; k++) {
    let square = 0;
    for (let i = 0; i < rows; i++) square += a[i * columns + k] ** 2;
    const y = Math.sqrt(square) / unit;
    if (y <= 1 + Math.sqrt(beta)) continue;
    const factor = Math.sqrt((y * y - beta - 1) ** 2 - 4 * beta) / (y * y);
    for (let i = 0; i < rows; i++) {
      const left = factor * a[i * columns + k];
      for (let j = 0; j < columns; j++) out[i * columns + j] += left * v[j * columns + k];
    }
  }
  return out;
}

function transposed(a: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j];
  return out;
}

/**
 * Of the noisy table, what stays beside the one without noise: many weak dependences are below what a table by itself can
 * tell from noise, and tables of other columns confirm them. By measurement (README.md here).
 */
const KEPT = 0.5;

/**
 * A noisy table of two columns, with what it differs from independence by made as large as it is likely to be. The
 * independent part comes from the single columns, whose noise is small.
 * @param counts [a, b] with noise of `sigma` each @param a shares of places of the first column @param b of the second
 */
export function denoised(
  counts: ArrayLike<number>,
  { a, b, total, sigma }: { a: Float64Array; b: Float64Array; total: number; sigma: number },
): Float64Array {
  const [rows, columns] = [a.length, b.length];
  const base = Float64Array.from(counts, (_, i) => total * a[Math.floor(i / columns)] * b[i % columns]);
  const rest = base.map((x, i) => counts[i] - x);
  // What the table says of its single columns stays as it is: the fit weighs it against all others that say the same.
  const [ofRows, ofColumns] = [new Float64Array(rows), new Float64Array(columns)];
  for (let i = 0, k = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, k++) {
      ofRows[i] += rest[k] / columns;
      ofColumns[j] += rest[k] / rows;
    }
  }
  const all = ofRows.reduce((sum, x) => sum + x, 0) / rows;
  const single = base.map((_, i) => ofRows[Math.floor(i / columns)] + ofColumns[i % columns] - all);
  const both = shrunk(
    rest.map((x, i) => x - single[i]),
    rows,
    columns,
    sigma,
  );
  return base.map((x, i) => KEPT * counts[i] + (1 - KEPT) * (x + single[i] + both[i]));
}
