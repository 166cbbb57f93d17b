/** What the owner knows of columns without the data, so that using it costs nothing. Browser-safe. */
import { quote, type Source } from '../dataset.ts';
import type { Column, ColumnCode, Encoding, Given, Kind, Open, Table } from '../table.ts';
import { numberCode } from './encoding.ts';
import { straightCurve } from './knots.ts';
import {
  boundsOf,
  checkFields,
  entriesIn,
  entryOf,
  hasBounds,
  isLeftOut,
  noColumn,
  placeOf,
  refuse,
  tells,
  typeOf,
  valuesOf,
} from './schema-entry.ts';

export type { Given, GivenColumn } from '../table.ts';

/** The columns whose bounds or values are not given: those that an encoding has to pay for. */
export const notGiven = <C extends { readonly name: string }>(columns: readonly C[], given?: Given): C[] =>
  columns.filter(({ name }) => {
    const entry = Object.hasOwn(given?.columns ?? {}, name) ? given?.columns[name] : undefined;
    return entry?.values === undefined && entry?.low === undefined && entry?.high === undefined;
  });

/** What of a data set was found in its rows and is not given: what no budget covers. */
export const openOf = ({ table, given, meta }: Pick<Source, 'table' | 'given' | 'meta'>): Open[] =>
  stillOpen(meta.open ?? (table ? allOpen(table.columns) : []), given);

/** Of what was found in the rows, that which is not given. */
export const stillOpen = (open: readonly Open[], given?: Given): Open[] =>
  open.filter(({ what, column }) => {
    if (what === 'classes') return given?.classes === undefined;
    return column === undefined || !Object.hasOwn(given?.columns ?? {}, column) || !tells(given?.columns[column], what);
  });

/** What must be taken as found in the rows of a table of which nobody noted what was: all that can be. */
export const allOpen = (columns: readonly Pick<Column, 'name' | 'kind'>[]): Open[] => [
  ...columns.flatMap(({ name, kind }): Open[] => [
    { what: 'kind', column: name },
    ...(kind === 'number' ? [{ what: 'decimals' as const, column: name }] : []),
    ...(kind === 'date' ? [{ what: 'format' as const, column: name }] : []),
  ]),
  { what: 'left-out' },
];

/**
 * Columns with kinds and decimals as they are given, where the cells were read without them: what the rows look like has
 * no say then. Of entries that `givenCodes` took.
 */
export const typedColumns = (columns: readonly Column[], given: unknown): Column[] => {
  const entries = given === undefined ? undefined : entriesIn(given, '');
  return columns.map((column): Column => {
    const entry = entries?.get(column.name);
    const { kind = column.kind, decimals } = entry === undefined ? {} : typeOf(entry, '');
    if (column.kind === 'date' || isLeftOut(kind)) return column;
    if ('values' in column) return { ...column, kind: kind as 'category' };
    return { ...column, kind: kind as 'number', decimals: decimals ?? column.decimals };
  });
};

/** The code of a column by its entry; undefined where it gives neither bounds nor values. */
function codeOf(column: Column, given: unknown, where: string): ColumnCode | undefined {
  const entry = entryOf(given, where);
  const isCategory = 'values' in column;
  if (entry.kind === undefined && (entry.values !== undefined) !== isCategory) checkFields(entry, column.kind, where);
  const { kind: told, decimals, format } = typeOf(given, where);
  const kind = told ?? column.kind;
  const family = (of: Kind) => (of === 'integer' ? 'number' : of === 'boolean' ? 'category' : of);
  const fits = isLeftOut(kind) ? !hasBounds(entry) && entry.values === undefined : family(kind) === family(column.kind);
  const fix = 'Read the column as that from the start, or correct the entry';
  if (!fits) {
    if (entry.kind === undefined) checkFields(entry, column.kind, where);
    throw refuse(`the table has the column as ${column.kind}, and it is given as ${kind}`, `${where}.kind`, fix);
  }
  if (isLeftOut(kind)) return undefined;
  checkFields(entry, kind, where);
  if (column.kind === 'date' && (format ?? column.format) !== column.format) {
    throw refuse(`the table has dates as ${column.format}`, `${where}.format`, fix);
  }
  const silent = isCategory ? entry.values === undefined : !hasBounds(entry);
  if (silent && told !== undefined) return undefined;
  const { missing = false } = entry;
  const { name } = column;
  if (isCategory) return { name, kind: kind as 'category', values: valuesOf(entry, where), missing };
  const as = column.kind === 'date' ? column : { name, kind: kind as 'number', decimals: decimals ?? column.decimals };
  return numberCode(as, straightCurve(...boundsOf(entry, as, where)), missing);
}

/**
 * The columns whose bounds or values a file gives, by name.
 * @param given parsed JSON, from anywhere
 * @param source how messages call it: a file's name
 * @throws VeilganError CONFIG naming the place: not of the form of `Given`, a column that the table has not or has as
 * another kind, bounds that are no values of their column or out of order, values that are no texts or repeated
 */
export function givenCodes(columns: readonly Column[], given: unknown, source: string): Map<string, ColumnCode> {
  const codes = [...entriesIn(given, source)].flatMap(([name, entry]): [string, ColumnCode][] => {
    const column = columns.find((candidate) => candidate.name === name);
    const where = placeOf(source, name);
    const code = column && codeOf(column, entry, where);
    if (code) return [[name, code]];
    if (column || isLeftOut(typeOf(entry, where).kind)) return [];
    throw noColumn(
      columns.map((candidate) => candidate.name),
      where,
    );
  });
  return new Map(codes);
}

/**
 * An encoding by bounds and values that the owner gives, whatever the table holds: straight lines for numbers and dates,
 * and the values of categories in the given order.
 * @throws VeilganError CONFIG as `givenCodes`, and where a column is not given
 */
export function givenEncoding(
  { columns, label }: Pick<Table, 'columns' | 'label'>,
  given: unknown,
  source = 'bounds',
): Encoding {
  const codes = givenCodes(columns, given, source);
  const all = columns.map((column) => {
    const code = codes.get(column.name);
    if (code) return code;
    const fix = 'values' in column ? 'List its values' : 'Write its low and high';
    throw refuse(`column ${quote(column.name)} is not given`, `${source}, columns`, `${fix}, or leave the column away`);
  });
  return { columns: all, from: 'given', ...(label === undefined ? {} : { label }) };
}
