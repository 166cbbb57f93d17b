/** Columns in few places, which the training rows fix: what tables of counts over several columns are made of. */
import { quantile } from '../base/maths/statistics.ts';
import { ascending } from './marginals.ts';

/** A column of more values than this goes by as many quantile bins. */
export const MOST_LEVELS = 20;
/** What stands for a category that the training rows do not know. */
export const UNKNOWN = Number.POSITIVE_INFINITY;

/** Cells of a column as places; at most 22 of them. */
export interface Coded {
  readonly places: number;
  readonly cells: Uint8Array;
}

/** How a column is coded. */
export interface Levels {
  /** the levels or bins, then one for any other value, then one for missing cells */
  readonly places: number;
  /** whether each place is a single value, not a bin */
  readonly single: boolean;
  /** @param cells a number each, NaN missing */
  readonly code: (cells: Float64Array) => Coded;
}

/** How many of ascending numbers are at or below a value. */
function atOrBelow(sorted: ArrayLike<number>, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The places of a column: each value of the training rows where there are at most 20, else at most 20 bins between their
 * quantiles. A missing cell has a place of its own, and so has a value that no training row has (of bins: UNKNOWN).
 * @param train a number each, NaN missing; categories as the index of their value
 */
export function levelsOf(train: Float64Array): Levels {
  const sorted = ascending(train);
  const found: number[] = [];
  for (let i = 0; i < sorted.length && found.length <= MOST_LEVELS; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) found.push(sorted[i]);
  }
  const single = found.length <= MOST_LEVELS;
  const inner = () => Array.from({ length: MOST_LEVELS - 1 }, (_, i) => quantile(sorted, (i + 1) / MOST_LEVELS));
  const edges = Float64Array.from(single ? found : new Set(inner()));
  const own = single ? edges.length : edges.length + 1;
  const place = (v: number): number => {
    if (Number.isNaN(v)) return own + 1;
    if (v === UNKNOWN) return own;
    const below = atOrBelow(edges, v);
    if (!single) return below;
    return below > 0 && edges[below - 1] === v ? below - 1 : own;
  };
  const places = own + 2;
  const code = (cells: Float64Array): Coded => {
    const out = new Uint8Array(cells.length);
    for (let i = 0; i < out.length; i++) out[i] = place(cells[i]);
    return { places, cells: out };
  };
  return { places, single, code };
}
