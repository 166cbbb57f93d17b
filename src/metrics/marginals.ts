/** The columns of two tables, one by one: how far their laws are apart. */

/** Cells as places of so many. */
export interface Places {
  readonly places: number;
  readonly cells: Uint32Array;
}

/** Cells that are numbers or dates, NaN where missing. */
export interface Numbers {
  readonly places?: undefined;
  readonly cells: Float64Array;
}

export type ColumnCells = Places | Numbers;

/** Share of the cells in each place, [places]. */
export function placeShares({ places, cells }: Places): Float64Array {
  const counts = new Float64Array(places);
  for (const place of cells) counts[place]++;
  return counts.map((count) => count / cells.length);
}

/** Total variation distance of two laws on the same places: half the sum of differences, 0 to 1. */
export const totalVariation = (p: Float64Array, q: Float64Array): number =>
  p.reduce((sum, share, i) => sum + Math.abs(share - q[i]), 0) / 2;

/** The numbers that are there, ascending. */
export const ascending = (cells: Float64Array): Float64Array => cells.filter((v) => !Number.isNaN(v)).sort();

/**
 * Kolmogorov-Smirnov distance: the largest difference of two empirical distribution functions, 0 to 1.
 * @param a ascending @param b ascending; where one is empty and the other is not they are 1 apart
 */
export function kolmogorovSmirnov(a: Float64Array, b: Float64Array): number {
  if (!a.length || !b.length) return a.length === b.length ? 0 : 1;
  let [i, j, most] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i], b[j]);
    while (i < a.length && a[i] === at) i++;
    while (j < b.length && b[j] === at) j++;
    most = Math.max(most, Math.abs(i / a.length - j / b.length));
  }
  return most;
}

/** Share of missing numbers. */
export const missingShare = (cells: Float64Array): number =>
  cells.reduce((n, v) => n + Number(Number.isNaN(v)), 0) / cells.length;

/**
 * How far the law of a column is from that of another table: total variation of categories (a place may stand for
 * missing cells or for rare values); of numbers and dates Kolmogorov-Smirnov of the cells that are there, or the
 * difference of the shares of missing ones where that is larger. 0 to 1; one less them are the scores TVComplement and
 * KSComplement of SDMetrics.
 */
export function marginalDistance(a: ColumnCells, b: ColumnCells): number {
  if (a.places !== undefined && b.places !== undefined) {
    return totalVariation(placeShares(a), placeShares(b));
  }
  const [x, y] = [Float64Array.from(a.cells), Float64Array.from(b.cells)];
  const missing = Math.abs(missingShare(x) - missingShare(y));
  return Math.max(missing, kolmogorovSmirnov(ascending(x), ascending(y)));
}
