/** What the fit is drawn to: all tables that were measured, as one square matrix of shares and one of their weights. */
import { type Block, widthOfBlocks } from '../ops/heads.ts';
import { denoised } from './shrink.ts';

/** A noisy table of one, two or three columns. */
export interface NoisyTable {
  /** indices of the columns, ascending */
  readonly columns: readonly number[];
  /** standard deviation of the noise of each count */
  readonly sigma: number;
  /** noisy counts of places, row-major in the order of the columns; may be negative */
  readonly counts: ArrayLike<number>;
}

/** Noisy counts of the places of one column, each the sum of `merged` counts with noise of `sigma`. */
export interface NoisyColumn {
  readonly counts: ArrayLike<number>;
  readonly merged: ArrayLike<number>;
  /** without noise as far as that is known */
  readonly shares: Float64Array;
  readonly sigma: number;
}

/** Cells of tables of three columns: three places each, as `tripleIndex` takes them, their shares and weights. */
export interface TripleTargets {
  readonly cells: Uint32Array;
  readonly target: Float32Array;
  readonly weight: Float32Array;
}

export interface Targets {
  /** of measured tables of three columns, where there are some */
  readonly triples?: TripleTargets;
  /** [W + 1, W + 1]: shares of pairs of places; the last row and column are those of single ones. Symmetric. */
  readonly target: Float32Array;
  /** [W + 1, W + 1]: precisions over the number of cells; negative where a pair is drawn to independence. Symmetric. */
  readonly weight: Float32Array;
  /** cells that were measured */
  readonly cells: number;
}

/** Of the precision of the usual table, what draws pairs of which nothing is known to independence. */
const PULL = 0.01;

/** The place of column a's value and of column b's in a table, of repeated measurements their mean by precision. */
interface Merged {
  readonly columns: readonly number[];
  readonly counts: Float64Array;
  precision: number;
}

/** Tables of the same columns as one, weighted by the precision of each. */
export function merged(tables: readonly NoisyTable[]): Merged[] {
  const found = new Map<string, Merged>();
  for (const { columns, sigma, counts } of tables) {
    const key = columns.join();
    const precision = 1 / sigma ** 2;
    const before = found.get(key);
    if (!before) {
      found.set(key, { columns, counts: Float64Array.from(counts), precision });
      continue;
    }
    const all = before.precision + precision;
    for (let i = 0; i < before.counts.length; i++) {
      before.counts[i] = (before.counts[i] * before.precision + counts[i] * precision) / all;
    }
    before.precision = all;
  }
  return [...found.values()];
}

/**
 * The number of records, from the noisy tables of single columns: their totals, weighted by precision. Post-processing.
 * At least 1.
 */
export function estimatedTotal(columns: readonly NoisyColumn[]): number {
  let [sum, precision] = [0, 0];
  for (const { counts, merged, sigma } of columns) {
    let [total, variance] = [0, 0];
    for (let i = 0; i < counts.length; i++) {
      total += counts[i];
      variance += merged[i] * sigma ** 2;
    }
    sum += total / variance;
    precision += 1 / variance;
  }
  return Math.max(1, sum / precision);
}

/**
 * The targets of a fit.
 * @param blocks of the columns' places
 * @param total records, public or estimated
 * @param usual standard deviation of the noise of a usual table of two columns, by which unmeasured pairs are pulled
 */
export function targetsOf(
  blocks: readonly Block[],
  columns: readonly NoisyColumn[],
  tables: readonly NoisyTable[],
  { total, usual }: { total: number; usual: number },
): Targets {
  const side = widthOfBlocks(blocks) + 1;
  const target = new Float32Array(side * side);
  const weight = new Float32Array(side * side);
  const all = merged(tables);
  const [pairs, threes] = [2, 3].map((n) => all.filter((table) => table.columns.length === n));
  const cells = side - 1 + all.reduce((n, { counts }) => n + counts.length, 0);
  const put = (i: number, j: number, share: number, w: number) => {
    target[i * side + j] = target[j * side + i] = share;
    weight[i * side + j] = weight[j * side + i] = w;
  };
  const scale = (precision: number) => (precision * total ** 2) / cells;
  const known = new Set(pairs.map((pair) => pair.columns.join()));
  for (const [i, { at, width }] of blocks.entries()) {
    const { counts, merged: of, sigma } = columns[i];
    for (let a = 0; a < width; a++) put(at + a, side - 1, counts[a] / total, scale(1 / (of[a] * sigma ** 2)));
    for (const [j, other] of blocks.entries()) {
      if (j <= i || known.has(`${i},${j}`)) continue;
      const pull = -PULL * scale(1 / usual ** 2);
      for (let a = 0; a < width; a++) for (let b = 0; b < other.width; b++) put(at + a, other.at + b, 0, pull);
    }
  }
  for (const { columns: of, counts: noisy, precision } of pairs) {
    const [a, b] = of.map((column) => blocks[column]);
    const w = scale(precision);
    const [sa, sb] = of.map((column) => columns[column].shares);
    const counts = denoised(noisy, { a: sa, b: sb, total, sigma: 1 / Math.sqrt(precision) });
    for (let i = 0, k = 0; i < a.width; i++) {
      for (let j = 0; j < b.width; j++, k++) put(a.at + i, b.at + j, counts[k] / total, w);
    }
  }
  return { target, weight, cells, ...(threes.length > 0 ? { triples: triplesOf(blocks, threes, total, scale) } : {}) };
}

function triplesOf(
  blocks: readonly Block[],
  tables: readonly Merged[],
  total: number,
  scale: (precision: number) => number,
): TripleTargets {
  const n = tables.reduce((sum, { counts }) => sum + counts.length, 0);
  const [cells, target, weight] = [new Uint32Array(3 * n), new Float32Array(n), new Float32Array(n)];
  let cell = 0;
  for (const { columns, counts, precision } of tables) {
    const [a, b, c] = columns.map((column) => blocks[column]);
    // The loss of a cell of a pair is counted twice, halved: once. That of a triple is halved only.
    const w = 2 * scale(precision);
    for (let k = 0; k < counts.length; k++, cell++) {
      const places = [
        a.at + Math.floor(k / (b.width * c.width)),
        b.at + (Math.floor(k / c.width) % b.width),
        c.at + (k % c.width),
      ];
      cells.set(places, 3 * cell);
      target[cell] = counts[k] / total;
      weight[cell] = w;
    }
  }
  return { cells, target, weight };
}
