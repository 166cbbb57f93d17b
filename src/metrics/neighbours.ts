/**
 * Exact k nearest neighbours of many records. Where records are many and wide the device looks through all pairs in
 * f32 and the host computes the distances of the few candidates anew in float64; a bound on what f32 may have got
 * wrong says whether a row outside of the candidates could be nearer, and only then are all rows looked at again.
 */
import { VeilganError } from '../base/errors.ts';
import { HostSearch, type Neighbours, TREE_FEATURES } from '../base/maths/kdtree.ts';
import { countRecords } from '../base/rows.ts';
import type { Gpu } from '../gpu/index.ts';
import { disposeCandidates, makeCandidates, nearestTile } from '../ops/nearest.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';

export interface NeighbourOptions {
  /** values of a record */
  readonly features: number;
  /** neighbours of each query, 1 to 16; default 1 */
  readonly k?: number;
  /** how much of the work is done, 0 to 1 */
  readonly onProgress?: (share: number) => void;
  /** most queries and rows of one product; default what takes well under a second and 32 MiB */
  readonly tile?: number;
  /** where; default by size */
  readonly on?: 'host' | 'device';
}

/** Products of pairs and features below which the host is done before the device has begun. */
const DEVICE_WORK = 2e7;
/** Multiply-adds and floats of a tile. */
const TILE_WORK = 8e9;
const TILE_FLOATS = 1 << 23;
/** Half the distance between 1 and the next f32. */
const ROUNDING = 2 ** -24;

/**
 * For each query the k nearest rows by Euclidean distance, exact in float64 whatever computed them, ties by lower
 * index; all rows where there are fewer than k.
 * @param queries [queries, features]
 * @param base [rows, features]
 * @throws VeilganError SHAPE, NAN; whatever the device throws
 */
export async function nearestNeighbours(
  gpu: Gpu,
  queries: Float32Array,
  base: Float32Array,
  options: NeighbourOptions,
): Promise<Neighbours> {
  const { features } = options;
  const count = countRecords(queries, features, 'queries');
  const rows = countRecords(base, features, 'rows');
  const k = Math.min(options.k ?? 1, rows);
  if (!(k >= 1 && k <= 16))
    throw new VeilganError('SHAPE', `${options.k} nearest neighbours`, { fix: 'Ask for 1 to 16' });
  const out = { k, squared: new Float64Array(count * k), indices: new Uint32Array(count * k) };
  const large = features > TREE_FEATURES && count * rows * features > DEVICE_WORK;
  if (options.on === 'device' || (options.on === undefined && large)) {
    await onDevice(gpu, queries, base, out, options);
  } else {
    const host = new HostSearch(base, features);
    for (let i = 0; i < count; i++) {
      host.find(queries, i, out);
      if (i % 256 === 255) options.onProgress?.(i / count);
    }
  }
  options.onProgress?.(1);
  return out;
}

/** Euclidean distance of each query to its nearest row; see `nearestNeighbours`. */
export async function nearestDistances(
  gpu: Gpu,
  queries: Float32Array,
  base: Float32Array,
  options: Omit<NeighbourOptions, 'k'>,
): Promise<Float64Array> {
  return (await nearestNeighbours(gpu, queries, base, { ...options, k: 1 })).squared.map(Math.sqrt);
}

const meanRow = (base: Float32Array, features: number): Float64Array => {
  const mean = new Float64Array(features);
  for (let i = 0; i < base.length; i++) mean[i % features] += base[i];
  return mean.map((sum) => (sum * features) / base.length);
};

/** Rows [first, first + count) less the centre, rounded to f32, and their squared norms. */
function centred(values: Float32Array, centre: Float64Array, first: number, count: number, padded = count) {
  const width = centre.length;
  const rows = new Float32Array(padded * width);
  const norms = new Float64Array(padded);
  for (let r = 0; r < count; r++) {
    let sum = 0;
    for (let f = 0, at = r * width; f < width; f++, at++) {
      const value = Math.fround(values[first * width + at] - centre[f]);
      rows[at] = value;
      sum += value * value;
    }
    norms[r] = sum;
  }
  return { rows, norms };
}

const squaredDistance = (a: Float32Array, i: number, b: Float32Array, j: number, width: number): number => {
  let sum = 0;
  for (let f = 0; f < width; f++) {
    const difference = a[i * width + f] - b[j * width + f];
    sum += difference * difference;
  }
  return sum;
};

async function onDevice(
  gpu: Gpu,
  queries: Float32Array,
  base: Float32Array,
  out: Neighbours,
  { features: width, onProgress, tile }: NeighbourOptions,
): Promise<void> {
  const [count, rows] = [queries.length / width, base.length / width];
  const most = Math.max(4, Math.min(2048, Math.sqrt(TILE_WORK / width), TILE_FLOATS / width));
  const size = 4 * Math.ceil(Math.floor(tile ?? most) / 4);
  const listed = out.k <= 4 ? 8 : out.k <= 10 ? 16 : 24;
  // A query's walk over a tile is one thread's: a software adapter has few, a GPU wants tens of thousands.
  const strips = gpu.adapter.software ? 1 : 8;
  // Distances from the mean are the smallest, and so are the errors of |x|^2 - 2 q x.
  const centre = meanRow(base, width);
  let host: HostSearch | undefined;

  for (let q = 0; q < count; q += size) {
    const live = Math.min(size, count - q);
    const wide = 4 * Math.ceil(live / 4);
    const some = centred(queries, centre, q, live, wide);
    const lists = makeCandidates(gpu, wide, listed, strips);
    const held: Tensor[] = [tensor(gpu, some.rows, [wide, width])];
    let radius = 0;
    for (let first = 0; first < rows; first += size) {
      const n = Math.min(size, rows - first);
      const part = centred(base, centre, first, n);
      for (const norm of part.norms) if (!(norm <= radius)) radius = norm;
      const [x, norms] = [tensor(gpu, part.rows, [n, width]), tensor(gpu, Float32Array.from(part.norms))];
      nearestTile(lists, x, norms, held[0], first);
      gpu.flush();
      x.dispose();
      norms.dispose();
      const work = (n * wide * width) / 1e9;
      await gpu.waiter.settle('nearest', work, performance.now(), () => gpu.idle());
      onProgress?.((q * rows + live * (first + n)) / (count * rows));
    }
    const [scores, indices] = await gpu.read(lists.scores, lists.indices);
    held[0].dispose();
    disposeCandidates(lists);
    const found = { scores: new Float32Array(scores), indices: new Uint32Array(indices) };
    for (let i = 0; i < live; i++) {
      const at = { width, listed, strips, stride: wide, i, radius: Math.sqrt(radius), norm: Math.sqrt(some.norms[i]) };
      if (settleQuery(queries, base, q + i, found, at, out)) continue;
      host ??= new HostSearch(base, width);
      host.find(queries, q + i, out, out.squared[(q + i + 1) * out.k - 1]);
    }
  }
}

interface Place {
  readonly width: number;
  readonly listed: number;
  readonly strips: number;
  readonly stride: number;
  /** the query's column in the lists */
  readonly i: number;
  /** largest norm of a centred row, and the norm of the centred query */
  readonly radius: number;
  readonly norm: number;
}

/**
 * Computes the distances of a query's candidates anew and writes the k nearest.
 * @returns whether no other row can be among them
 */
function settleQuery(
  queries: Float32Array,
  base: Float32Array,
  query: number,
  { scores, indices }: { scores: Float32Array; indices: Uint32Array },
  { width, listed, strips, stride, i, radius, norm }: Place,
  { k, squared, indices: rows }: Neighbours,
): boolean {
  const candidates: { squared: number; row: number }[] = [];
  // Every row that is not listed scored at least this.
  let unlisted = Number.POSITIVE_INFINITY;
  for (let s = 0; s < strips; s++) {
    for (let r = 0; r < listed; r++) {
      const at = (s * listed + r) * stride + i;
      const row = indices[at];
      if (row === 0xffffffff) break;
      candidates.push({ squared: squaredDistance(queries, query, base, row, width), row });
      if (r === listed - 1) unlisted = Math.min(unlisted, scores[at]);
    }
  }
  candidates.sort((a, b) => a.squared - b.squared || a.row - b.row);
  if (candidates.length < k) {
    squared[(query + 1) * k - 1] = Number.POSITIVE_INFINITY;
    return false;
  }
  for (let r = 0; r < k; r++) {
    squared[query * k + r] = candidates[r].squared;
    rows[query * k + r] = candidates[r].row;
  }
  // A dot product of `width` terms in any order is off by at most width u |q| |x| (Higham, section 3.1), the rest by a
  // few u; smaller than the least normal f32 nothing is kept. Rounding the centred records moves a distance by a few u.
  const score = ROUNDING * (3 * radius * radius + 2.02 * (width + 3) * norm * radius) + (width + 4) * 1.2e-38;
  const distance = 2 * ROUNDING * (norm + radius);
  // Where f32 overflows, rows are missing from the lists.
  if (!(score < 1e30)) return false;
  const least = Math.sqrt(Math.max(0, unlisted + norm * norm - score)) - distance;
  return Math.sqrt(candidates[k - 1].squared) < least;
}
