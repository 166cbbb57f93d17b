/** How a table becomes records of numbers, learnt from its training rows. Browser-safe. */
import { VeilganError } from '../../base/errors.ts';
import { quote } from '../dataset.ts';
import type { CategoryCode, CategoryColumn, Cells, ColumnCode, Encoding, NumberCode, Table } from '../table.ts';
import { type Curve, quantileCurve, straightCurve } from './knots.ts';

export interface EncodingOptions {
  /** `quantile` (default): by rank, whatever the shape of the distribution; `min-max`: a straight line */
  readonly scale?: 'quantile' | 'min-max';
  /** most knots of a quantile curve, 2 to 4096; default 33 */
  readonly knots?: number;
  /** most values of a category with a place of their own; default 64 */
  readonly levels?: number;
  /** values seen fewer times than this share one place; default 5 */
  readonly rareBelow?: number;
}

/** @throws VeilganError CONFIG where an option is no whole number of the range */
export function checkWhole(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new VeilganError('CONFIG', `${name} of ${value}`, {
    where: name,
    fix: `Give a whole number from ${low} to ${high}`,
  });
}

/** The cells of one column that are there, and how many are missing. */
export function present(cells: Cells, columns: number, column: number): { there: Float64Array; missing: number } {
  const rows = cells.length / columns;
  const there = new Float64Array(rows);
  let n = 0;
  for (let i = column; i < cells.length; i += columns) if (!Number.isNaN(cells[i])) there[n++] = cells[i];
  return { there: there.subarray(0, n), missing: rows - n };
}

/** How often each value of a category is there. */
export function tally({ values }: CategoryColumn, there: Float64Array): Float64Array {
  const counts = new Float64Array(values.length);
  for (const value of there) counts[value]++;
  return counts;
}

/** The description of a number or date column with its curve. */
export function numberCode(column: Exclude<Table['columns'][number], CategoryColumn>, curve: Curve, missing: boolean) {
  const { name, kind } = column;
  const format = kind === 'date' ? { format: column.format } : { decimals: column.decimals };
  return { name, kind, ...format, values: curve.values, at: curve.at, missing } satisfies NumberCode;
}

/**
 * Values in the column's order. One that would be alone in the shared place keeps its own: it takes no more room, and
 * comes back exactly.
 */
function categoryCode(
  column: CategoryColumn,
  counts: Float64Array,
  missing: boolean,
  options: Required<EncodingOptions>,
) {
  const seen = Array.from(column.values.keys()).filter((i) => counts[i] > 0);
  const often = seen.filter((i) => counts[i] >= options.rareBelow);
  const most = new Set(often.sort((a, b) => counts[b] - counts[a] || a - b).slice(0, options.levels));
  const rare = seen.filter((i) => !most.has(i));
  const own = rare.length === 1 ? seen : seen.filter((i) => most.has(i));
  const texts = (list: readonly number[]) => list.map((i) => column.values[i]);
  return {
    name: column.name,
    kind: column.kind,
    values: texts(own),
    ...(rare.length > 1 ? { rare: { values: texts(rare), counts: rare.map((i) => counts[i]) } } : {}),
    missing,
  } satisfies CategoryCode;
}

/**
 * An encoding from the training rows of a table (the hold-out has no say). Any one of them may move it: no private
 * system may use it. A column has a place for missing cells where training cells are missing.
 *
 * Numbers and dates: see `quantileCurve`, and `inversionError` for which of them come back exactly. A column whose
 * training cells are all missing has no knots, and decodes to missing cells. Categories: values in the column's order;
 * what is seen fewer than `rareBelow` times, or beyond the `levels` most frequent, shares one place, which decodes to
 * one of them by chance.
 * @throws VeilganError CONFIG for options out of range; DATA where there are no training rows, or numbers too far apart
 */
export function fitEncoding(table: Table, options: EncodingOptions = {}): Encoding {
  const all = { scale: 'quantile', knots: 33, levels: 64, rareBelow: 5, ...options } as const;
  checkWhole('knots', all.knots, 2, 4096);
  checkWhole('levels', all.levels, 1, 2 ** 16);
  checkWhole('rareBelow', all.rareBelow, 0, 2 ** 31);
  const { columns, train, label } = table;
  if (train.length === 0) {
    throw new VeilganError('DATA', 'the table has no training rows to take an encoding from', {
      where: 'training rows',
      fix: 'Leave rows for training, or give bounds and values',
    });
  }
  const codes = columns.map((column, j): ColumnCode => {
    const { there, missing } = present(train, columns.length, j);
    if ('values' in column) return categoryCode(column, tally(column, there), missing > 0, all);
    if (there.length === 0) return numberCode(column, { values: [], at: [] }, true);
    const sorted = there.sort();
    const [low, high] = [sorted[0], sorted[sorted.length - 1]];
    if (!Number.isFinite(high - low)) {
      throw new VeilganError('DATA', `its numbers from ${low} to ${high} are too far apart`, {
        where: `column ${quote(column.name)}`,
        fix: 'Correct the column, or leave it away',
      });
    }
    const curve = all.scale === 'min-max' ? straightCurve(low, high) : quantileCurve(sorted, all.knots);
    return numberCode(column, curve, missing > 0);
  });
  return { columns: codes, from: 'data', ...(label === undefined ? {} : { label }) };
}
