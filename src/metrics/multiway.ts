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
export function countsApart(a: Uint32Array, n: number, b: Uint32Array, m: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] / n - b[i] / m);
  return sum / 2;
}

/**
 * The total variation of each table to that of the training rows, for each of some other sets of rows.
 * @param train its columns, at least one row
 * @param others sets of rows with the same columns, at least one row each
 * @param lists the columns of each table
 * @returns a list for each of the others
 */
export function tableDistances(
  train: readonly Coded[],
  others: readonly (readonly Coded[])[],
  lists: readonly (readonly number[])[],
): number[][] {
  const found = others.map((): number[] => []);
  for (const list of lists) {
    const counts = (rows: readonly Coded[]) => tableCounts(list.map((j) => rows[j]));
    const own = counts(train);
    others.forEach((rows, k) => {
      found[k].push(countsApart(own, train[0].cells.length, counts(rows), rows[0].cells.length));
    });
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
