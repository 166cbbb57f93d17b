/**
 * An encoding paid for from the privacy budget: no bound, no quantile and no value of it is seen without noise.
 * Browser-safe.
 */
import { VeilganError } from '../../base/errors.ts';
import { ChaChaStream } from '../../privacy/chacha.ts';
import type { PrivacyKey } from '../../privacy/key.ts';
import { quote } from '../dataset.ts';
import type { CategoryCode, CategoryColumn, ColumnCode, Encoding, NumberCode, Table } from '../table.ts';
import { checkWhole, numberCode, present, tally } from './encoding.ts';
import { emptyStart, grainOf, histogram, laplaceLaw, type NoiseLaw, noisyCounts } from './histogram.ts';
import { type Curve, gridOf, interpolate, positions, scores } from './knots.ts';
import { givenCodes, typedColumns } from './schema.ts';

export interface PaidOptions {
  /** of the whole encoding */
  readonly epsilon: number;
  /** of the whole encoding, in (0, 1); spent by categories only */
  readonly delta: number;
  /** fresh, as it must be for any guarantee; a seeded one is for tests and repeatable experiments */
  readonly key: PrivacyKey;
  /** columns whose bounds or values are known without the data, which cost nothing: see `Given` */
  readonly given?: unknown;
  /** how messages call `given`: a file's name */
  readonly source?: string;
  /** most values of a category; default 64 */
  readonly levels?: number;
  /** most knots of a curve, 4 to 258; default 66, of 65 bins */
  readonly knots?: number;
  /** whether columns that are given are counted too, so that the encoding says how often each value is there; default false */
  readonly counts?: boolean;
  /** for audits and tests: is told each list of noisy counts, in order, and gives what takes its place */
  readonly witness?: (noisy: Float64Array) => Float64Array;
}

/** What was bought of a column: its code, and the noisy counts that it was made of. */
export interface PaidColumn<C extends ColumnCode = ColumnCode> {
  readonly code: C;
  /** of the values of a category, in the code's order, or of bins */
  readonly noisy: Float64Array;
  /** of missing cells */
  readonly missing: number;
  /** of numbers and dates: ends of the bins, in steps of what the column can write (`gridOf`) */
  readonly edges?: readonly number[];
}

/** Edges of bins [-(2^(e+1) - 1), -(2^e - 1)), ..., [-1, 0), [0, 1), [1, 2), [2, 4), ..., [2^62, 2^63), in steps. */
const OCTAVES: readonly number[] = [
  ...Array.from({ length: 63 }, (_, i) => 1 - 2 ** (63 - i)),
  ...[0, 1],
  ...Array.from({ length: 63 }, (_, i) => 2 ** (i + 1)),
];

/** The octaves between two steps, both of them inside. */
const octavesWithin = (low: number, high: number): number[] => [
  low,
  ...OCTAVES.filter((edge) => edge > low && edge <= high),
  high + 1,
];

/** Deviations of the noise that a bin of a paid number holds at least: more of them would show noise only. */
const FULL = 5;
/** The first octave that is not negative. */
const ZERO = OCTAVES.indexOf(0);

function nothing(name: string, what: string, fix: string, where = 'encoderEpsilon'): VeilganError {
  return new VeilganError('CONFIG', `column ${quote(name)} has ${what}`, {
    where,
    fix: `${fix}, pay a larger epsilon, or leave the column away`,
  });
}

/**
 * Values in descending order of their noisy counts: the column's order is that of the rows, which are secret. One table.
 * @throws VeilganError CONFIG where no value is frequent enough
 */
export function paidCategory(
  column: CategoryColumn,
  { there, missing }: ReturnType<typeof present>,
  { law, delta, levels, where }: { law: NoiseLaw; delta: number; levels: number; where?: string },
): PaidColumn<CategoryCode> {
  const counts = tally(column, there);
  const seen = column.values.flatMap((text, i) => (counts[i] > 0 ? [{ text, count: counts[i] }] : []));
  const noisy = law.noisy([missing, ...seen.map((value) => value.count)]);
  const least = law.threshold(delta);
  const kept = seen
    .map(({ text }, i) => ({ text, count: noisy[i + 1] }))
    .filter(({ count }) => count >= least)
    .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1))
    .slice(0, levels);
  if (kept.length === 0) throw nothing(column.name, `no value seen some ${least} times`, 'Give its values', where);
  const values = kept.map(({ text }) => text);
  return {
    code: { name: column.name, kind: column.kind, values, missing: noisy[0] >= law.filled(1) },
    noisy: Float64Array.from(kept, ({ count }) => count),
    missing: noisy[0],
  };
}

/**
 * The first and the last bin that are filled, or -1. Far from others a bin is taken for filled once in a hundred times
 * where all are empty; next to others, where an error only doubles the range, once in ten, but not
 * across 0: there are no negative numbers without good reason.
 */
function filledRange(counts: readonly number[], law: NoiseLaw): [first: number, last: number] {
  const least = { far: law.filled(counts.length), near: law.filled(1, 0.1) };
  const filled = (count: number) => count >= least.far;
  const near = (bin: number) => counts[bin] >= least.near;
  let [first, last] = [counts.findIndex(filled), counts.findLastIndex(filled)];
  if (last >= 0) {
    while (first !== ZERO && near(first - 1)) first--;
    while (last !== ZERO - 1 && near(last + 1)) last++;
  }
  return [first, last];
}

/** Bins of equal noisy counts, of whole steps: cut out of the octaves, which are taken as even inside. */
function evenBins(octaves: readonly number[], counts: Float64Array, bins: number): number[] {
  const ends = [0];
  for (const count of counts) ends.push(ends[ends.length - 1] + Math.max(0, count));
  const total = ends[ends.length - 1];
  const edges = [octaves[0]];
  for (let i = 1; i < bins; i++) {
    const edge = Math.round(interpolate(ends, octaves, (i / bins) * total));
    if (edge > edges[edges.length - 1] && edge < octaves[octaves.length - 1]) edges.push(edge);
  }
  return [...edges, octaves[octaves.length - 1]];
}

/**
 * Knots at the ends of the bins, half a step below the first value of each: what is drawn evenly between -1 and 1 then
 * falls into a bin as often as its count says, and a bin of one step decodes to its value wherever in it that is. A
 * column of one value has one knot.
 */
function knotsOf(edges: readonly number[], counts: ArrayLike<number>): { steps: number[]; ranks: number[] } {
  if (edges.length === 2 && edges[1] - edges[0] === 1) return { steps: [edges[0]], ranks: [0] };
  const ranks = [0];
  for (let i = 0; i + 1 < edges.length; i++) ranks.push(ranks[i] + Math.max(0, counts[i]));
  return { steps: edges.map((edge) => edge - 0.5), ranks };
}

interface NumberOptions {
  readonly law: NoiseLaw;
  readonly knots: number;
  /** how messages call the budget */
  readonly where?: string;
  /** the least and the largest cell, where they are given */
  readonly bounds?: readonly [low: number, high: number];
  /** where knots lie by their ranks; default `positions` */
  readonly place?: (ranks: readonly number[]) => number[];
  /** how many deviations of the noise a bin is to hold at least; default 0 */
  readonly full?: number;
}

/**
 * Two tables: powers of two, within bounds where there are some, and bins of about equal counts.
 * @throws VeilganError CONFIG where no range is filled
 */
export function paidNumber(
  column: Exclude<Table['columns'][number], CategoryColumn>,
  { there, missing }: ReturnType<typeof present>,
  { law, knots, where, bounds, place = positions, full = 0 }: NumberOptions,
): PaidColumn<NumberCode> {
  const { per, period } = gridOf(column);
  const toStep = (value: number) => Math.round((value * per) / period);
  const steps = there.map(toStep);
  const ends = bounds ? octavesWithin(toStep(bounds[0]), toStep(bounds[1])) : OCTAVES;
  const [gone, ...octaves] = law.noisy([missing, ...histogram(ends, steps)]);
  const [first, last] = bounds ? [0, octaves.length - 1] : filledRange(octaves, law);
  if (last < 0) {
    const least = law.filled(octaves.length);
    throw nothing(column.name, `no range of numbers seen some ${least} times`, 'Give its bounds', where);
  }
  const inside = Float64Array.from(octaves.slice(first, last + 1));
  const all = inside.reduce((sum, count) => sum + Math.max(0, count), 0);
  // Four at least: what a column is like would not be seen otherwise.
  const most = full > 0 ? Math.max(4, Math.floor(all / (full * law.deviation))) : knots;
  const edges = evenBins(ends.slice(first, last + 2), inside, Math.min(knots - 1, most));
  const counts = law.noisy(histogram(edges, steps));
  const start = emptyStart(counts, law);
  const end = counts.length - emptyStart(counts.slice(start).reverse(), law);
  const kept = { edges: edges.slice(start, end + 1), noisy: counts.slice(start, end) };
  const found = knotsOf(kept.edges, kept.noisy);
  const curve: Curve = { values: found.steps.map((step) => (step * period) / per), at: place(found.ranks) };
  return { code: numberCode(column, curve, gone >= law.filled(1)), missing: gone, ...kept };
}

/**
 * An encoding of the training rows that is (epsilon, delta)-differentially private under adding or removing one of
 * them. Public are the names of columns, their kinds, decimals and date formats (which `openOf` lists where they were found
 * in the rows), and what is given; not public are the number of rows, the values of categories and their order, bounds, quantiles, and whether cells are missing.
 *
 * Each column that is counted gets the same part of epsilon, and each category of them of delta; the parts add up
 * (sequential composition). All noise is exact discrete Laplace noise. In a column:
 *
 * - a category: counts of its values, at the column's epsilon, of which those above `NoiseLaw.threshold` are kept, the
 *   most frequent first. What is not kept is never generated, and counts as the most frequent value.
 * - a number or date, half the epsilon each: a histogram over powers of two (of the last decimal; days, seconds) gives
 *   the bounds, as ApproxBounds of Google's differential privacy library; then one over bins that would be equally full
 *   by the first one gives the knots, after empty ends are cut. Numbers beyond the bounds are moved to them. Where the
 *   range is small beside the numbers, as seconds of one day, the bounds are wide: better give them.
 * - missing cells: one more count.
 *
 * With `counts` columns that are given are counted like the others: a category by its values, a number within its bounds.
 * The codes then say how often each value is there, as far as the noise lets it be known.
 *
 * An error after noise was drawn, for a column in which nothing is frequent enough, has spent the budget too.
 * @throws VeilganError CONFIG for options out of range, a bad `given`, or such a column
 */
export function paidEncoding(table: Table, options: PaidOptions): Encoding {
  const { epsilon, delta, key, source = 'bounds', levels = 64, knots = 66, witness = (list) => list } = options;
  const { counts = false } = options;
  checkWhole('levels', levels, 1, 2 ** 16);
  checkWhole('knots', knots, 4, 258);
  if (!(epsilon > 0 && Number.isFinite(epsilon) && delta > 0 && delta < 1)) {
    throw new VeilganError('CONFIG', `an encoding at epsilon ${epsilon}, delta ${delta}`, {
      where: 'epsilon and delta of the encoding',
      fix: 'Give an epsilon above 0, and a delta between 0 and 1 such as 1e-6',
    });
  }
  const { columns, train, label } = table;
  const given =
    options.given === undefined ? new Map<string, ColumnCode>() : givenCodes(columns, options.given, source);
  const typed = typedColumns(columns, options.given);
  const paying = typed.filter(({ name }) => counts || !given.has(name));
  const categories = paying.filter((column) => 'values' in column && !given.has(column.name)).length;
  const named = label === undefined ? {} : { label };
  if (paying.length === 0) {
    return { columns: columns.flatMap(({ name }) => given.get(name) ?? []), from: 'given', ...named };
  }
  const share = grainOf(epsilon / paying.length);
  const derived = key.derive('encoding');
  const codes = typed.map((column, j): ColumnCode => {
    const known = given.get(column.name);
    if (known && !counts) return known;
    const words = new ChaChaStream(derived, [j, 0, 0]);
    const law = (of: number) => laplaceLaw(of, (list) => witness(noisyCounts(words, list, of)));
    const cells = present(train, columns.length, j);
    const paid =
      'values' in column
        ? known
          ? givenCategory(column, cells, known as CategoryCode, law(share))
          : paidCategory(column, cells, { law: law(share), delta: delta / categories, levels })
        : paidNumber(column, cells, {
            law: law(grainOf(share / 2)),
            knots,
            full: FULL,
            ...(counts ? startOf(known) : {}),
          });
    words.wipe();
    const code = known ? { ...paid.code, missing: known.missing } : paid.code;
    return counts ? { ...code, shares: sharesOf(paid, code, Math.SQRT2 / share) } : code;
  });
  derived.fill(0);
  return { columns: codes, from: 'paid', paid: { epsilon, delta: categories > 0 ? delta : 0 }, ...named };
}

/**
 * How often each value that a category was given is there, before any noise. What is none of them is the first, as
 * `GivenColumn` has it; so are missing cells where none may be.
 */
export function countsOf(
  column: CategoryColumn,
  { there, missing }: ReturnType<typeof present>,
  code: CategoryCode,
): Float64Array {
  const place = new Map(code.values.map((text, i) => [text, i]));
  const counts = new Float64Array(code.values.length);
  for (const cell of there) counts[place.get(column.values[cell]) ?? 0]++;
  if (!code.missing) counts[0] += missing;
  return counts;
}

/** Counts of the values that a category was given. One table. */
function givenCategory(
  column: CategoryColumn,
  { there, missing }: ReturnType<typeof present>,
  code: CategoryCode,
  law: NoiseLaw,
): PaidColumn<CategoryCode> {
  const counts = countsOf(column, { there, missing }, code);
  const [gone, ...noisy] = law.noisy([code.missing ? missing : 0, ...counts]);
  return { code, noisy: Float64Array.from(noisy), missing: gone };
}

/** Of a number that a generator begins with: where its knots lie, and within what. */
const startOf = (known: ColumnCode | undefined) => ({
  place: scores,
  ...(known && 'at' in known ? { bounds: [known.values[0], known.values[known.values.length - 1]] as const } : {}),
});

/**
 * The shares of the places of a column's choice, as `blocksOf` has them: of a number present and missing. What is below
 * the noise of a count is nothing; where nothing is left all are alike.
 */
function sharesOf({ noisy, missing }: PaidColumn, code: ColumnCode, deviation: number): number[] {
  const there = Array.from(noisy, (count) => (count < deviation ? 0 : count));
  const gone = missing < deviation ? 0 : missing;
  const all = there.reduce((sum, count) => sum + count, 0);
  const counts = 'at' in code ? (code.missing ? [all, gone] : []) : [...there, ...(code.missing ? [gone] : [])];
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total > 0 ? count / total : 1 / counts.length));
}
