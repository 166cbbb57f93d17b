/** Maximum mean discrepancy (Gretton et al. 2012), and its form on features, the kernel inception distance. */
import { VeilganError } from '../base/errors.ts';
import { distancesFrom } from '../base/maths/distances.ts';
import { rowProducts } from '../base/maths/matrix.ts';
import { median } from '../base/maths/statistics.ts';
import { PhiloxStream } from '../base/philox.ts';
import { chooseRows, countRecords } from '../base/rows.ts';

/** Squared Euclidean distances of all pairs, [rows of x, rows of y]; 0 for equal rows. */
function squaredDistances(x: Float64Array, y: Float64Array, features: number): Float64Array {
  const columns = y.length / features;
  const out = new Float64Array((x.length / features) * columns);
  for (let i = 0; i * features < x.length; i++) {
    distancesFrom(x, i * features, y, features, out.subarray(i * columns, (i + 1) * columns));
  }
  return out;
}

const sumOf = (values: Float64Array): number => values.reduce((sum, v) => sum + v, 0);

/**
 * The unbiased estimate of MMD^2 from the kernel's values of all pairs (Gretton et al. 2012, lemma 6): pairs of a row
 * with itself are left out, so it is 0 on average for equal laws and may be negative.
 * @param xx [n, n]
 * @param yy [m, m]
 * @param xy [n, m]
 */
export function unbiasedMmd(xx: Float64Array, yy: Float64Array, xy: Float64Array): number {
  const within = (k: Float64Array) => {
    const n = Math.round(Math.sqrt(k.length));
    let own = 0;
    for (let i = 0; i < n; i++) own += k[i * n + i];
    return (sumOf(k) - own) / (n * (n - 1));
  };
  return within(xx) + within(yy) - (2 * sumOf(xy)) / xy.length;
}

/** Records of each side whose distances the median heuristic looks at. */
const MEDIAN_ROWS = 250;

/**
 * The bandwidth of the median heuristic (Gretton et al. 2012, section 8): the median distance of pairs of different
 * rows of both samples together, of at most 250 rows each; 1 where that is 0.
 */
export function medianDistance(x: Float64Array, y: Float64Array, features: number): number {
  const some = (rows: Float64Array) => Array.from(rows.subarray(0, MEDIAN_ROWS * features));
  const pooled = Float64Array.from([...some(x), ...some(y)]);
  const n = pooled.length / features;
  const all = squaredDistances(pooled, pooled, features);
  const pairs = new Float64Array((n * (n - 1)) / 2);
  for (let i = 0, at = 0; i < n; i++) for (let j = 0; j < i; j++, at++) pairs[at] = Math.sqrt(all[i * n + j]);
  return median(pairs) || 1;
}

export interface MmdOptions {
  /** default 2 */
  readonly features?: number;
  /** rows that are drawn from larger samples; default 2000 */
  readonly max?: number;
  readonly seed?: number;
  /** default the median heuristic's */
  readonly bandwidth?: number;
}

/**
 * MMD^2 of two samples [n, features] and [m, features] with the kernel exp(-|x - y|^2 / (2 b^2)), unbiased: 0 on average
 * for equal laws (then it scatters around 0, so it may be negative), up to 2 for samples far apart.
 * @throws VeilganError SHAPE, NAN; DATA below two rows a side
 */
export function mmd(a: Float32Array, b: Float32Array, options: MmdOptions = {}): number {
  const { features = 2, max = 2000, seed = 0 } = options;
  twoRows(a, features, 'first sample');
  twoRows(b, features, 'second sample');
  const x = chooseRows(a, features, max, new PhiloxStream(seed, 'metrics/mmd/a'));
  const y = chooseRows(b, features, max, new PhiloxStream(seed, 'metrics/mmd/b'));
  const { bandwidth = medianDistance(x, y, features) } = options;
  const kernel = (p: Float64Array, q: Float64Array) =>
    squaredDistances(p, q, features).map((squared) => Math.exp(-squared / (2 * bandwidth * bandwidth)));
  return unbiasedMmd(kernel(x, x), kernel(y, y), kernel(x, y));
}

function twoRows(samples: Float32Array, features: number, what: string): number {
  const rows = countRecords(samples, features, what);
  if (rows >= 2) return rows;
  throw new VeilganError('DATA', `${what}: an unbiased MMD needs two rows`, { where: what, fix: 'Give more rows' });
}

export interface Kid {
  /** mean over the blocks */
  readonly value: number;
  /** standard error of that mean; null for a single block */
  readonly error: number | null;
  readonly blocks: number;
}

/** Rows of a block, at most; there are ten blocks where there are rows for them. */
const [BLOCK_ROWS, BLOCKS] = [1000, 10];

/**
 * The kernel distance of features (KID where they are Inception's; Binkowski et al. 2018): unbiased MMD^2 with the kernel
 * (x y / features + 1)^3, the mean over disjoint blocks of rows drawn at random (Zaremba et al. 2013), whose scatter
 * gives the standard error. 0 on average for equal laws whatever the number of rows; may be negative.
 * @param a [n, features]
 * @param b [m, features]
 * @throws VeilganError SHAPE, NAN; DATA below two rows a side
 */
export function kid(
  a: Float32Array,
  b: Float32Array,
  { features, block, seed = 0 }: { features: number; block?: number; seed?: number },
): Kid {
  const rows = Math.min(twoRows(a, features, 'first features'), twoRows(b, features, 'second features'));
  const size = Math.max(2, Math.min(block ?? Math.floor(rows / BLOCKS), BLOCK_ROWS, rows));
  const blocks = Math.floor(rows / size);
  const drawn = [a, b].map((side, i) => {
    const order = new PhiloxStream(seed, `metrics/kid/${i}`).permutation(side.length / features);
    return (index: number) =>
      Float64Array.from({ length: size * features }, (_, at) => {
        return side[order[index * size + Math.floor(at / features)] * features + (at % features)];
      });
  });
  const kernel = (products: Float64Array) => products.map((dot) => (dot / features + 1) ** 3);
  const values = Array.from({ length: blocks }, (_, index) => {
    const [x, y] = drawn.map((draw) => draw(index));
    return unbiasedMmd(
      kernel(rowProducts(x, features)),
      kernel(rowProducts(y, features)),
      kernel(rowProducts(x, features, y)),
    );
  });
  const value = values.reduce((sum, v) => sum + v, 0) / blocks;
  const variance = values.reduce((sum, v) => sum + (v - value) ** 2, 0) / (blocks - 1);
  return { value, error: blocks > 1 ? Math.sqrt(variance / blocks) : null, blocks };
}
