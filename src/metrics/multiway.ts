/** Tables of counts over one, two or three columns: how far those of samples are from those of the training rows. */
import type { PhiloxStream } from '../base/philox.ts';
import type { Coded } from './levels.ts';

/** Counts of the cells of a table, the last column running fastest. @param columns one to three, of equally many rows */
export function tableCounts(columns: readonly Coded[]): Uint32Array {
  const counts = new Uint32Array(columns.reduce((n, { places }) => n * places, 1));
  const [a, b, c] = columns.map(({ cells }) => cells);
  const [, second = 1, third = 1] = columns.map(({ places }) => places);
  const rows = a.length;
  if (c) {
    for (let i = 0; i < rows; i++) counts[(a[i] * second + b[i]) * third + c[i]]++;
  } else if (b) {
    for (let i = 0; i < rows; i++) counts[a[i] * second + b[i]]++;
  } else {
    for (let i = 0; i < rows; i++) counts[a[i]]++;
  }
  return counts;
}

/** Total variation of the shares that two tables of counts are: half the sum of differences, 0 to 1. */
export function countsApart(a: ArrayLike<number>, n: number, b: ArrayLike<number>, m: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] / n - b[i] / m);
  return sum / 2;
}

/** Shares of the cells of a table whose columns are independent, the last column running fastest. @param columns shares each */
export function productShares(columns: readonly Float64Array[]): Float64Array {
  return columns.reduce((all, own) => {
    const out = new Float64Array(all.length * own.length);
    for (let i = 0; i < out.length; i++) out[i] = all[Math.floor(i / own.length)] * own[i % own.length];
    return out;
  }, Float64Array.of(1));
}

/** Total variation of each table to that of the training rows. */
export interface Distances {
  /** a list for each of the other sets of rows */
  readonly others: number[][];
  /** of what the columns alone would give, were they independent */
  readonly independent: number[];
}

/**
 * The total variation of each table to that of the training rows, for each of some other sets of rows, and for the same
 * columns made independent: what permuted columns give, without the chance of a permutation.
 * @param train its columns, at least one row
 * @param others sets of rows with the same columns, at least one row each
 * @param lists the columns of each table
 */
export function tableDistances(
  train: readonly Coded[],
  others: readonly (readonly Coded[])[],
  lists: readonly (readonly number[])[],
): Distances {
  const found: Distances = { others: others.map(() => []), independent: [] };
  const n = train[0].cells.length;
  const alone = train.map((column) => Float64Array.from(tableCounts([column]), (count) => count / n));
  for (const list of lists) {
    const counts = (rows: readonly Coded[]) => tableCounts(list.map((j) => rows[j]));
    const own = counts(train);
    others.forEach((rows, k) => {
      found.others[k].push(countsApart(own, n, counts(rows), rows[0].cells.length));
    });
    found.independent.push(countsApart(own, n, productShares(list.map((j) => alone[j])), 1));
  }
  return found;
}

/** How many tables of so many of the columns there are. */
const choices = (columns: number, of: number): number => {
  let n = 1;
  for (let i = 0; i < of; i++) n = (n * (columns - i)) / (i + 1);
  return Math.max(0, n);
};

/** All lists of `of` columns in order, the first ones first; or `most` different ones by chance, where there are more. */
export function columnLists(columns: number, of: 1 | 2 | 3, most: number, stream: PhiloxStream): number[][] {
  if (choices(columns, of) <= most) {
    const from = (first: number, left: number): number[][] =>
      left === 0
        ? [[]]
        : Array.from({ length: Math.max(0, columns - first) }, (_, i) =>
            from(first + i + 1, left - 1).map((rest) => [first + i, ...rest]),
          ).flat();
    return from(0, of);
  }
  const lists = new Map<string, number[]>();
  while (lists.size < most) {
    const list = Array.from({ length: of }, () => stream.below(columns)).sort((a, b) => a - b);
    if (new Set(list).size === of) lists.set(list.join(), list);
  }
  return [...lists.values()];
}
