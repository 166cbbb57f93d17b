/** How much the columns of a table say of each other, whatever their kinds: Cramer's V of their binned cells. */
import { ascending, type ColumnCells, type Places } from './marginals.ts';

/** Bins of a number; its quantiles of the reference are the edges. */
const BINS = 10;

/**
 * What brings a column to places: those of a category are its own; numbers go by the deciles of the reference, missing
 * ones to a place of their own.
 */
export function binsOf(reference: ColumnCells): (column: ColumnCells) => Places {
  if (reference.places !== undefined) {
    const { places } = reference;
    return ({ cells }) => ({ places, cells: Uint32Array.from(cells) });
  }
  const sorted = ascending(reference.cells);
  const last = sorted[sorted.length - 1];
  const deciles = Array.from({ length: BINS - 1 }, (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / BINS)]);
  // An edge belongs to the bin below it: one at the largest value would have an empty bin above.
  const edges = [...new Set(deciles)].filter((edge) => edge < last);
  const bin = (v: number) => {
    if (Number.isNaN(v)) return edges.length + 1;
    let i = 0;
    while (i < edges.length && v > edges[i]) i++;
    return i;
  };
  return ({ cells }) => ({ places: edges.length + 2, cells: Uint32Array.from(cells, bin) });
}

/**
 * Cramer's V of two columns, 0 (independent) to 1 (one follows from the other), with Bergsma's correction, without
 * which independent columns of many places would seem to depend (W. Bergsma, "A bias-correction for Cramer's V and
 * Tschuprow's T", J. Korean Stat. Soc. 42, 2013). A column of one value depends on nothing: 0.
 */
export function cramersV(a: Places, b: Places): number {
  const n = a.cells.length;
  const counts = new Float64Array(a.places * b.places);
  const [rows, columns] = [new Float64Array(a.places), new Float64Array(b.places)];
  for (let i = 0; i < n; i++) {
    counts[a.cells[i] * b.places + b.cells[i]]++;
    rows[a.cells[i]]++;
    columns[b.cells[i]]++;
  }
  const there = (list: Float64Array) => list.reduce((sum, count) => sum + Number(count > 0), 0);
  const [r, k] = [there(rows), there(columns)];
  if (r < 2 || k < 2) return 0;
  // Chi squared over n: sum of squared counts over what independence expects, less 1.
  let phi = -1;
  for (let i = 0; i < a.places; i++) {
    for (let j = 0; j < b.places; j++) {
      const count = counts[i * b.places + j];
      if (count) phi += (count * count) / (rows[i] * columns[j]);
    }
  }
  const corrected = Math.max(0, phi - ((r - 1) * (k - 1)) / (n - 1));
  const size = (m: number) => m - (m - 1) ** 2 / (n - 1);
  const least = Math.min(size(r), size(k)) - 1;
  return least > 0 ? Math.min(1, Math.sqrt(corrected / least)) : 0;
}

/** Cramer's V of each pair of columns, those of the first column before those of the second. */
export const associations = (columns: readonly Places[]): number[] =>
  columns.flatMap((a, i) => columns.slice(i + 1).map((b) => cramersV(a, b)));

/** The pairs in the order of `associations`. */
export const pairsOf = (columns: number): [number, number][] =>
  Array.from({ length: columns }, (_, i) =>
    Array.from({ length: columns - i - 1 }, (_, j): [number, number] => [i, i + j + 1]),
  ).flat();
