/** What the rows of a data set look like, as a file for its owner to correct and confirm. Browser-safe. */
import { formatDate } from '../csv/dates.ts';
import { isTable, type Source } from '../dataset.ts';
import type { CategoryColumn, Column, Given, GivenColumn } from '../table.ts';
import { gridOf, rounding } from './knots.ts';

const COMMENT =
  'Taken from the rows: every entry here tells of them. Keep an entry only where you would know it without having seen ' +
  'them, such as the ends of a scale or a list of codes; correct it to what is known (bounds and lists that hold for ' +
  'any rows), or delete it. What is deleted is paid for, or named in reports as public and not paid for. A private run ' +
  'takes what stands here as known to everybody.';

/** Values of a category that a file may list. */
const MOST_VALUES = 2 ** 16;

function categoryEntry({ kind, values }: CategoryColumn): GivenColumn {
  // The order of the rows is theirs alone.
  const sorted = [...values].sort((a, b) => (a < b ? -1 : 1));
  return values.length > 0 && values.length <= MOST_VALUES ? { kind, values: sorted } : { kind };
}

function numberEntry(column: Exclude<Column, CategoryColumn>, [low, high]: readonly [number, number]): GivenColumn {
  const { kind } = column;
  const type = kind === 'date' ? { kind, format: column.format } : kind === 'number' ? column : { kind };
  const { name: _, ...written } = type as { name?: string } & GivenColumn;
  if (!(low <= high)) return written;
  const round = rounding(column);
  const { per, period } = gridOf(column);
  const ends = [round(low), round(low < high ? high : high + period / per)];
  if (!(ends[0] < ends[1])) return written;
  if (kind !== 'date') return { ...written, low: ends[0], high: ends[1] };
  return { ...written, low: formatDate(ends[0], column.format), high: formatDate(ends[1], column.format) };
}

/**
 * What a data set looks like, as a file that an import takes as `given` once its owner has confirmed each entry. A CSV file
 * is to be read `as: 'table'` for it.
 * @param types that it was read with: what was told to be left out stays so
 */
export function schemaFile(data: Source, types: Readonly<Record<string, string>> = {}): Given {
  if (!isTable(data)) return { comment: COMMENT, columns: {}, classes: data.classes ?? [] };
  const { values, table, given, meta } = data;
  const columns = table.columns.map((column, j): [string, GivenColumn] => {
    const ends: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    let missing = false;
    for (let i = j; i < values.length; i += table.columns.length) {
      const cell = values[i];
      if (Number.isNaN(cell)) missing = true;
      else [ends[0], ends[1]] = [Math.min(ends[0], cell), Math.max(ends[1], cell)];
    }
    const entry = 'values' in column ? categoryEntry(column) : numberEntry(column, ends);
    return [column.name, { ...entry, missing }];
  });
  const left = [
    ...(meta.open ?? []).flatMap(({ what, column }) => (what === 'left-out' && column ? [column] : [])),
    ...Object.keys(types).filter((name) => types[name] === 'leave'),
    ...Object.keys(given?.columns ?? {}).filter((name) => given?.columns[name].kind === 'leave'),
  ];
  const out = [
    ...left.map((name): [string, GivenColumn] => [name, { kind: 'leave' }]),
    ...(meta.keys ?? []).map(({ name }): [string, GivenColumn] => [name, { kind: 'key' }]),
  ];
  return { comment: COMMENT, columns: Object.fromEntries([...columns, ...out]) };
}
