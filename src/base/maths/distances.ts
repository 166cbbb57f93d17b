/** Squared Euclidean distances on the host, in float64. */

/**
 * Squared distances of one row to the rows of b from `first` on, each summed over the features in order, whatever the
 * others are: equal rows have 0, and equal pairs the same number. Four at a time is for speed alone.
 * @param at offset of the row in a
 * @param out [rows of b], of which those before `first` are left alone
 */
export function distancesFrom(
  a: Float64Array,
  at: number,
  b: Float64Array,
  width: number,
  out: Float64Array,
  first = 0,
): void {
  const last = out.length - 1;
  for (let j = first; j <= last; j += 4) {
    const b0 = j * width;
    const b1 = Math.min(j + 1, last) * width;
    const b2 = Math.min(j + 2, last) * width;
    const b3 = Math.min(j + 3, last) * width;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let f = 0; f < width; f++) {
      const x = a[at + f];
      const d0 = x - b[b0 + f];
      const d1 = x - b[b1 + f];
      const d2 = x - b[b2 + f];
      const d3 = x - b[b3 + f];
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    out[j] = s0;
    if (j < last) out[j + 1] = s1;
    if (j + 1 < last) out[j + 2] = s2;
    if (j + 2 < last) out[j + 3] = s3;
  }
}
