/** Rows times weights, and back: the two products that a linear model is fitted by. Of one-hot rows most values are 0. */

/** Weights are [columns, features + 1], the last of each column its intercept. */
export interface Design {
  /** out[c] = x[row] . w[c] + intercept */
  logits(row: number, weights: Float64Array, out: Float64Array): void;
  /** gradient[c] += shares[c] (x[row], 1), for c with a share */
  add(row: number, shares: Float64Array, gradient: Float64Array): void;
}

/** Share of values other than 0 below which only those are gone through. */
const SPARSE = 0.5;

/** @param x [rows, features] */
export function designOf(x: Float32Array, features: number): Design {
  const filled = x.reduce((n, v) => n + Number(v !== 0), 0);
  return filled < SPARSE * x.length ? sparse(x, features, filled) : dense(x, features);
}

/** All values of the rows. @param x [rows, features] */
export const dense = (x: Float32Array, features: number): Design => ({
  logits(row, weights, out) {
    const at = row * features;
    for (let c = 0; c < out.length; c++) {
      const w = c * (features + 1);
      let sum = weights[w + features];
      for (let f = 0; f < features; f++) sum += x[at + f] * weights[w + f];
      out[c] = sum;
    }
  },
  add(row, shares, gradient) {
    const at = row * features;
    for (let c = 0; c < shares.length; c++) {
      const [w, share] = [c * (features + 1), shares[c]];
      if (share === 0) continue;
      for (let f = 0; f < features; f++) gradient[w + f] += share * x[at + f];
      gradient[w + features] += share;
    }
  },
});

/** The values that are not 0: the same sums to the last bit, without their zeros. */
function sparse(x: Float32Array, features: number, filled: number): Design {
  const rows = x.length / features;
  const [starts, places, values] = [new Uint32Array(rows + 1), new Uint32Array(filled), new Float32Array(filled)];
  let n = 0;
  for (let i = 0; i < x.length; i++) {
    if (x[i] !== 0) {
      places[n] = i % features;
      values[n++] = x[i];
    }
    starts[Math.floor(i / features) + 1] = n;
  }
  return {
    logits(row, weights, out) {
      const [from, end] = [starts[row], starts[row + 1]];
      for (let c = 0; c < out.length; c++) {
        const w = c * (features + 1);
        let sum = weights[w + features];
        for (let i = from; i < end; i++) sum += values[i] * weights[w + places[i]];
        out[c] = sum;
      }
    },
    add(row, shares, gradient) {
      const [from, end] = [starts[row], starts[row + 1]];
      for (let c = 0; c < shares.length; c++) {
        const [w, share] = [c * (features + 1), shares[c]];
        if (share === 0) continue;
        for (let i = from; i < end; i++) gradient[w + places[i]] += share * values[i];
        gradient[w + features] += share;
      }
    },
  };
}
