/** The problems that all peers are given, and the float64 references that they are checked against before timing. */

/** A small generator for inputs (mulberry32); uniform in [0, 1). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `n` normal numbers (Box-Muller). */
export function normals(next, n) {
  const values = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Float32Array.from({ length: n }, values);
}

/** Square matrices of the matmul suite; `large` ones run on demand only. */
export const MATMUL = [
  { n: 512, large: false },
  { n: 1024, large: false },
  { n: 2048, large: true },
];

/** Two [n, n] matrices, uniform in [-1, 1). */
export function matrices(n) {
  const next = generator(n);
  const matrix = () => Float32Array.from({ length: n * n }, () => 2 * next() - 1);
  return { a: matrix(), b: matrix() };
}

/**
 * Holds 32 random entries and the four corners of `c` against the float64 product of `a` and `b`.
 * @throws Error naming the entry that is off by more than n rounding errors of the sum of |terms|
 */
export function checkProduct(n, a, b, c) {
  if (c.length !== n * n) throw new Error(`the product has ${c.length} entries, not ${n * n}`);
  const next = generator(n + 1);
  const entries = Array.from({ length: 32 }, () => [Math.floor(next() * n), Math.floor(next() * n)]);
  for (const [i, j] of [...entries, [0, 0], [0, n - 1], [n - 1, 0], [n - 1, n - 1]]) {
    let sum = 0;
    let size = 0;
    for (let k = 0; k < n; k++) {
      const term = a[i * n + k] * b[k * n + j];
      sum += term;
      size += Math.abs(term);
    }
    // The usual error grows with the root of n; 8 times that is out of reach of honest f32 and not of f16 or a bug.
    const tolerance = 8 * Math.sqrt(n) * 2 ** -24 * size;
    const got = c[i * n + j];
    if (!(Math.abs(got - sum) <= tolerance)) throw new Error(`entry ${i},${j} of the product is ${got}, not ${sum}`);
  }
}

/** PAR-GAN on Blobs, JS loss: sizes and rates of the original's notebook. */
export const BLOBS = {
  critics: 10,
  batch: 32,
  criticSteps: 2,
  latent: 2,
  features: 2,
  hidden: 256,
  slope: 0.3,
  rate: 1e-4,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-7,
  rows: 5000,
};

/** `rows` points of the five Gaussians of Blobs, covariance 0.1 I, [rows, 2]. */
export function blobs(rows = BLOBS.rows) {
  const next = generator(7);
  const noise = normals(next, 2 * rows);
  const means = [[0, 0], [1, 1], [-1, -1], [1, -1], [-1, 1]];
  const points = new Float32Array(2 * rows);
  for (let i = 0; i < rows; i++) {
    const mean = means[Math.floor(next() * 5)];
    for (let d = 0; d < 2; d++) points[2 * i + d] = mean[d] + Math.sqrt(0.1) * noise[2 * i + d];
  }
  return points;
}

/** Row numbers of one step's real batch, [K * B]: B rows of each of the K contiguous blocks, without repetition. */
export function drawRows(next) {
  const { critics: K, batch: B, rows } = BLOBS;
  const size = Math.floor(rows / K);
  const out = new Int32Array(K * B);
  for (let k = 0; k < K; k++) {
    const seen = new Set();
    while (seen.size < B) seen.add(k * size + Math.floor(next() * size));
    out.set([...seen], k * B);
  }
  return out;
}

/** Glorot-uniform weights and zero biases: G as [in, out] layers, the critics with a leading axis of K. */
export function initialWeights(seed = 11) {
  const { critics: K, latent, features, hidden } = BLOBS;
  const next = generator(seed);
  const layer = (fanIn, fanOut, copies) => {
    const limit = Math.sqrt(6 / (fanIn + fanOut));
    return {
      w: Float32Array.from({ length: copies * fanIn * fanOut }, () => limit * (2 * next() - 1)),
      b: new Float32Array(copies * fanOut),
      in: fanIn,
      out: fanOut,
    };
  };
  return {
    g: [layer(latent, hidden, 1), layer(hidden, hidden, 1), layer(hidden, features, 1)],
    d: [layer(features, hidden, K), layer(hidden, 1, K)],
  };
}
