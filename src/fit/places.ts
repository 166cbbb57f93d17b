/**
 * Places: what the values of a column are merged into before columns are counted together, by noisy counts alone
 * (post-processing). Fewer places mean fewer noisy cells; what is merged comes back by its own share. Browser-safe.
 */
import '../base/schema.ts';
import * as z from 'zod';
import { hash32 } from '../base/philox.ts';
import { columnCodeSchema } from '../data/encoding/format.ts';
import { gridOf, pieceOf } from '../data/encoding/knots.ts';
import type { CategoryColumn, Cells, Column, ColumnCode } from '../data/table.ts';

/** Noisy counts of a column, as fine as it was looked at. */
export interface Fine {
  readonly code: ColumnCode;
  /** of numbers and dates: ends of bins, in steps of what the column can write */
  readonly edges?: readonly number[];
  /** of each value or bin, and of missing cells behind them where the code has a place for these */
  readonly noisy: readonly number[];
  readonly sigma: number;
  /** of categories that were paid for: values that were too rare to be named count as named ones, by their shares */
  readonly spread?: boolean;
}

/** What is stored of a column's places: the look, and to which place each fine value belongs. */
const stored = z
  .object({
    code: columnCodeSchema,
    edges: z
      .array(z.number())
      .max(2 ** 17)
      .optional(),
    noisy: z
      .array(z.number())
      .min(1)
      .max(2 ** 17),
    sigma: z.number().positive(),
    spread: z.boolean().optional(),
    groups: z.array(z.int().min(0)).max(2 ** 17),
  })
  .refine(({ noisy, groups }) => noisy.length === groups.length, 'there are not as many groups as counts')
  .refine(
    ({ code, edges, noisy }) =>
      noisy.length === ('at' in code ? (edges?.length ?? 0) - 1 : code.values.length) + (code.missing ? 1 : 0),
    'there are not as many counts as values',
  );

export const placesSchema = stored.transform((fine) => withPlaces(fine as Fine & { groups: number[] }));

export interface ColumnPlaces extends Fine {
  readonly name: string;
  /** the place of each fine value */
  readonly groups: readonly number[];
  /** noisy count of each place, and of how many fine ones it is the sum */
  readonly counts: Float64Array;
  readonly merged: Float64Array;
  /** of all, without noise as far as that is known: none negative, adding up to 1 */
  readonly shares: Float64Array;
  /** of fine values, likewise */
  readonly fine: Float64Array;
}

/**
 * The nearest shares to noisy counts: none negative, adding up to 1 (projection onto the simplex, Duchi and others 2008).
 */
export function nearestShares(noisy: ArrayLike<number>): Float64Array {
  const total = Array.from(noisy).reduce((sum, count) => sum + count, 0);
  const target = Math.max(1, total);
  const sorted = Float64Array.from(noisy).sort().reverse();
  let [sum, shift] = [0, 0];
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i];
    const candidate = (sum - target) / (i + 1);
    if (sorted[i] > candidate) shift = candidate;
  }
  return Float64Array.from(noisy, (count) => Math.max(0, count - shift) / target);
}

/** What follows from a look and its groups. */
function withPlaces({
  code,
  edges,
  noisy,
  sigma,
  spread,
  groups,
}: Fine & { readonly groups: readonly number[] }): ColumnPlaces {
  const width = groups.reduce((most, place) => Math.max(most, place + 1), 0);
  const [counts, merged, shares] = [0, 0, 0].map(() => new Float64Array(width));
  const fine = nearestShares(noisy);
  groups.forEach((place, i) => {
    counts[place] += noisy[i];
    merged[place] += 1;
    shares[place] += fine[i];
  });
  const derived = { name: code.name, counts, merged, shares, fine };
  return { code, ...(edges ? { edges } : {}), noisy, sigma, ...(spread ? { spread } : {}), groups, ...derived };
}

/** What of places is stored. */
export const storedPlaces = ({ code, edges, noisy, sigma, spread, groups }: ColumnPlaces): z.input<typeof stored> =>
  ({ code, ...(edges ? { edges } : {}), noisy, sigma, ...(spread ? { spread } : {}), groups }) as z.input<
    typeof stored
  >;

/** Neighbouring bins as one, until each has its part: one with more than that is alone. */
function neighbours(shares: Float64Array, most: number): number[] {
  for (let part = 1 / most; ; part *= 1.1) {
    const groups: number[] = [];
    let [place, sum] = [0, 0];
    for (const share of shares) {
      if (sum > 0 && share >= part) [place, sum] = [place + 1, 0];
      groups.push(place);
      sum += share;
      if (sum >= part) [place, sum] = [place + 1, 0];
    }
    // What is left at the end has no part of its own.
    const width = groups[groups.length - 1] + 1;
    if (width <= most || part > 1) return groups;
  }
}

/** The frequent values alone, the others together behind them; one that would be alone there keeps its own. */
function frequent(shares: Float64Array, most: number, least: number): number[] {
  const order = Array.from(shares.keys()).sort((a, b) => shares[b] - shares[a] || a - b);
  const own = new Set(order.filter((i, rank) => rank < most && shares[i] >= least));
  if (own.size === most && shares.length > most) own.delete(order[most - 1]);
  if (shares.length - own.size === 1) return Array.from(shares.keys());
  const place = new Map([...own].sort((a, b) => a - b).map((i, at) => [i, at]));
  return Array.from(shares, (_, i) => place.get(i) ?? own.size);
}

/** Records that a value must have, in deviations of the noise of a cell, to be counted together with others by itself. */
const RARE = 1;

/**
 * The places of a column.
 * @param options.most places besides that of missing cells @param options.sigma noise of a cell in tables of several columns
 */
export function placesOf(look: Fine, { most, sigma }: { most: number; sigma: number }): ColumnPlaces {
  const { code, noisy } = look;
  const shares = nearestShares(noisy);
  const there = code.missing ? shares.subarray(0, -1) : shares;
  const total = Math.max(
    1,
    noisy.reduce((sum, count) => sum + count, 0),
  );
  const groups = 'at' in code ? neighbours(there, most) : frequent(there, Math.max(2, most), (RARE * sigma) / total);
  const width = groups.reduce((n, place) => Math.max(n, place + 1), 0);
  return withPlaces({ ...look, groups: code.missing ? [...groups, width] : groups });
}

/** The fine value of each cell of a column of the source. */
function fineOf({ code, edges, noisy, spread, fine: shares }: ColumnPlaces, column: Column): (cell: number) => number {
  const gone = code.missing ? noisy.length - 1 : undefined;
  if (!('at' in code)) {
    const known = new Map(code.values.map((text, i) => [text, i]));
    const sums = [0];
    for (const share of shares.subarray(0, code.values.length)) sums.push(sums[sums.length - 1] + share);
    // Each rare value goes with one named value, whatever other rows hold: the first would come out too often else.
    const other = (text: string) => (spread ? pieceOf(sums, (hash32(text) / 2 ** 32) * sums[sums.length - 1]) : 0);
    const fine = (column as CategoryColumn).values.map((text) => known.get(text) ?? other(text));
    return (cell) => (Number.isNaN(cell) ? (gone ?? 0) : fine[cell]);
  }
  const ends = Float64Array.from(edges ?? []);
  const { per, period } = gridOf(code);
  const middle = pieceOf(ends, (ends[0] + ends[ends.length - 1]) / 2);
  return (cell) => (Number.isNaN(cell) ? (gone ?? middle) : pieceOf(ends, Math.round((cell * per) / period)));
}

/** The place of each row's cell, a list for each column. Columns are found by name. @param cells [rows, columns] */
export function assign(cells: Cells, columns: readonly Column[], places: readonly ColumnPlaces[]): Uint16Array[] {
  const rows = cells.length / columns.length;
  return places.map((own) => {
    const from = columns.findIndex(({ name }) => name === own.name);
    const fine = fineOf(own, columns[from]);
    const out = new Uint16Array(rows);
    for (let row = 0, at = from; row < rows; row++, at += columns.length) out[row] = own.groups[fine(cells[at])];
    return out;
  });
}

/** Rows by their places in two columns, [wx, wy]. */
export function pairCounts(x: Uint16Array, wx: number, y: Uint16Array, wy: number): Float64Array {
  const counts = new Float64Array(wx * wy);
  for (let row = 0; row < x.length; row++) counts[x[row] * wy + y[row]]++;
  return counts;
}

/** Rows by their places in three columns, [wx, wy, wz]. */
export function tripleCounts([x, y, z]: readonly Uint16Array[], [wx, wy, wz]: readonly number[]): Float64Array {
  const counts = new Float64Array(wx * wy * wz);
  for (let row = 0; row < x.length; row++) counts[(x[row] * wy + y[row]) * wz + z[row]]++;
  return counts;
}

/**
 * Draws a cell of a place: a fine value by its share, and of a bin one of its steps. A category's cell is the index of its
 * value in the code, a missing one NaN. All of them are cells that the column can write.
 * @returns (place, u, v) -> cell, for u and v uniform on [0, 1)
 */
export function cellsOf({
  code,
  edges = [],
  groups,
  fine,
}: ColumnPlaces): (place: number, u: number, v: number) => number {
  const members: number[][] = [];
  groups.forEach((place, i) => {
    members[place] ??= [];
    members[place].push(i);
  });
  const starts = members.map((list) => {
    const sums = [0];
    // Where nothing is known of the values of a place, they are alike.
    const known = list.some((i) => fine[i] > 0);
    for (const i of list) sums.push(sums[sums.length - 1] + (known ? fine[i] : 1));
    return Float64Array.from(sums);
  });
  const gone = code.missing ? groups.length - 1 : -1;
  const { per, period } = 'at' in code ? gridOf(code) : { per: 1, period: 1 };
  return (place, u, v) => {
    const sums = starts[place];
    const found = members[place][pieceOf(sums, u * sums[sums.length - 1])];
    if (found === gone) return Number.NaN;
    if (!('at' in code)) return found;
    const step =
      edges[found] + Math.min(edges[found + 1] - edges[found] - 1, Math.floor(v * (edges[found + 1] - edges[found])));
    return (step * period) / per + 0;
  };
}
