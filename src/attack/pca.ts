/** Principal components of records, which the Monte Carlo attack measures its distances in. */

import { PhiloxStream } from '../base/philox.ts';
import type { Gpu } from '../gpu/index.ts';
import { contract } from '../ops/contract.ts';
import { scope } from '../tensor/scope.ts';
import { noGrad } from '../tensor/tape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';

export interface Pca {
  /** mean of the records, [features] */
  readonly mean: Float64Array;
  /** orthonormal directions [components, features], by falling variance */
  readonly axes: Float64Array;
  /** of the records along each axis (divided by rows - 1) */
  readonly variances: Float64Array;
}

/** Directions beyond those asked for, which make the others converge; and how often the records are gone through. */
const SPARE = 16;
const ROUNDS = 12;
/** Floats of records on the device at a time. */
const TILE_FLOATS = 1 << 23;

/** Calls `use` for tiles of rows - mean on the device, in order. */
async function inTiles(
  gpu: Gpu,
  rows: Float32Array,
  mean: Float64Array,
  use: (tile: Tensor, first: number) => Promise<void>,
): Promise<void> {
  const width = mean.length;
  const [total, size] = [rows.length / width, Math.max(1, Math.floor(TILE_FLOATS / width))];
  for (let first = 0; first < total; first += size) {
    const count = Math.min(size, total - first);
    const centred = Float32Array.from({ length: count * width }, (_, i) => rows[first * width + i] - mean[i % width]);
    const tile = tensor(gpu, centred, [count, width]);
    await use(tile, first);
    tile.dispose();
  }
}

/** Makes the rows of [count, width] orthonormal, one after another, twice (Gram-Schmidt, "twice is enough"). */
function orthonormalise(v: Float64Array, width: number): void {
  const row = (i: number) => v.subarray(i * width, (i + 1) * width);
  const dot = (a: Float64Array, b: Float64Array) => {
    let sum = 0;
    for (let f = 0; f < width; f++) sum += a[f] * b[f];
    return sum;
  };
  for (let i = 0; i < v.length / width; i++) {
    const a = row(i);
    const before = Math.sqrt(dot(a, a));
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const b = row(j);
        const along = dot(a, b);
        for (let f = 0; f < width; f++) a[f] -= along * b[f];
      }
    }
    const norm = Math.sqrt(dot(a, a));
    // What is left of a direction without variance is rounding: it becomes zero and stays out of every projection.
    const keep = norm > 1e-6 * before ? 1 / norm : 0;
    for (let f = 0; f < width; f++) a[f] *= keep;
  }
}

/** Eigenvectors (rows, by falling eigenvalue) of a symmetric matrix, by cyclic Jacobi rotations. */
export function symmetricEigen(matrix: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const v = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) ? 0 : 1));
  const off = () => {
    let sum = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sum += a[i * n + j] ** 2;
    return sum;
  };
  const total = a.reduce((sum, x) => sum + x * x, 0);
  for (let sweep = 0; sweep < 60 && off() > 1e-30 * total; sweep++) {
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q];
        if (apq === 0) continue;
        const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k * n + p], a[k * n + q]];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p * n + k], a[q * n + k]];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
          const [w, z] = [v[p * n + k], v[q * n + k]];
          v[p * n + k] = c * w - s * z;
          v[q * n + k] = s * w + c * z;
        }
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i] || i - j);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(v.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]), vectors };
}

/**
 * The first principal components of rows [rows, features], by subspace iteration: products on the device in f32,
 * orthogonalisation and the small eigenproblem on the host in float64 (Halko, Martinsson and Tropp 2011, algorithm
 * 4.4).
 * @param components at most the features and the rows
 */
export async function fitPca(
  gpu: Gpu,
  rows: Float32Array,
  features: number,
  components: number,
  seed = 0,
): Promise<Pca> {
  const total = rows.length / features;
  const mean = new Float64Array(features);
  for (let i = 0; i < rows.length; i++) mean[i % features] += rows[i] / total;
  const width = Math.min(components + SPARE, features, total);
  const stream = new PhiloxStream(seed, 'attack/pca');
  let v: Float64Array = Float64Array.from({ length: width * features }, () => stream.normal());
  orthonormalise(v, features);
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(width * features);
    const directions = tensor(gpu, Float32Array.from(v), [width, features]);
    await inTiles(gpu, rows, mean, async (tile) => {
      const y = scope(() =>
        noGrad(() => contract(contract(tile, directions, { transposeB: true }), tile, { transposeA: true })),
      );
      const part = await y.read();
      y.dispose();
      for (let i = 0; i < part.length; i++) next[i] += part[i];
    });
    directions.dispose();
    v = next;
    orthonormalise(v, features);
  }
  // The covariance inside the subspace, and its axes.
  const coordinates = await project(gpu, rows, { mean, axes: v });
  const small = new Float64Array(width * width);
  for (let r = 0; r < total; r++) {
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) small[i * width + j] += coordinates[r * width + i] * coordinates[r * width + j];
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) small[j * width + i] = small[i * width + j];
  const { values, vectors } = symmetricEigen(small, width);
  const axes = new Float64Array(components * features);
  for (let i = 0; i < components; i++) {
    for (let j = 0; j < width; j++) {
      const weight = vectors[i * width + j];
      for (let f = 0; f < features; f++) axes[i * features + f] += weight * v[j * features + f];
    }
  }
  return { mean, axes, variances: values.slice(0, components).map((x) => Math.max(0, x) / Math.max(1, total - 1)) };
}

/** Coordinates of rows along the axes, [rows, components], f32. */
export async function project(
  gpu: Gpu,
  rows: Float32Array,
  { mean, axes }: Pick<Pca, 'mean' | 'axes'>,
): Promise<Float32Array> {
  const count = axes.length / mean.length;
  const out = new Float32Array((rows.length / mean.length) * count);
  const directions = tensor(gpu, Float32Array.from(axes), [count, mean.length]);
  await inTiles(gpu, rows, mean, async (tile, first) => {
    const y = contract(tile, directions, { transposeB: true });
    out.set(await y.read(), first * count);
    y.dispose();
  });
  directions.dispose();
  return out;
}
