/** What the owner types of columns that are known without the rows, and what it comes to. */

import { VeilganError } from '../../base/errors.ts';
import { type Given, type GivenColumn, givenCodes } from '../../data/encoding/schema.ts';
import type { Column } from '../../data/table.ts';
import { sentence } from '../ui/notice.ts';

/** Texts as they stand in the fields of one column; all empty where nothing is known. */
export interface Entry {
  readonly low: string;
  readonly high: string;
  /** one a line */
  readonly values: string;
  readonly missing: boolean;
  /** what a file gave of the column beside that, for which there are no fields */
  readonly told?: Told;
}

export type Told = Pick<GivenColumn, 'kind' | 'decimals' | 'format' | 'unit'>;

export const EMPTY: Entry = { low: '', high: '', values: '', missing: false };

/** In a field of numbers, what the browser cannot read as one. */
export const UNREADABLE = '?';

/** What keeps an entry from being taken, as sentences, and the field that it is about. */
export interface Wrong {
  readonly field: 'low' | 'high' | 'values';
  readonly text: string;
}

export interface Taken {
  /** undefined where nothing is typed, or something is wrong */
  readonly given?: GivenColumn;
  readonly wrong?: Wrong;
}

/**
 * Values of a text that has one a line. Spaces around them go, as around cells, and so do empty lines; one that holds a
 * line break stands in double quotes, its own quotes doubled, as in CSV.
 */
export function valuesIn(text: string): string[] {
  const lines = text.matchAll(/[^\S\n]*(?:"((?:[^"]|"")*)"[^\S\n]*(?=\n|$)|([^\n]*))(?:\n|$)/g);
  return Array.from(lines, ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain)
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

/** The text that `valuesIn` reads as these values. */
export const linesOf = (values: readonly string[]): string =>
  values.map((value) => (/^"|\n/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join('\n');

/** A bound as `GivenColumn` has it. */
function boundOf({ kind }: Column, text: string): number | string {
  return kind === 'date' || text === UNREADABLE ? text : Number(text);
}

function givenOf(column: Column, { low, high, values, missing, told }: Entry): GivenColumn {
  const more = { ...(missing ? { missing } : {}), ...told };
  if ('values' in column) return { values: valuesIn(values), ...more };
  return { low: boundOf(column, low.trim()), high: boundOf(column, high.trim()), ...more };
}

/** Whether nothing is said of a column. */
export const isEmpty = (column: Column, { low, high, values }: Entry): boolean =>
  'values' in column ? valuesIn(values).length === 0 : low.trim() === '' && high.trim() === '';

/** What one column's entry comes to. What is right is decided by `givenCodes`, as it is on the command line. */
export function readEntry(column: Column, entry: Entry): Taken {
  if (isEmpty(column, entry)) return entry.told ? { given: entry.told } : {};
  if (!('values' in column)) {
    const open = (['low', 'high'] as const).find((side) => entry[side].trim() === '');
    const other = open === 'low' ? 'lowest' : 'highest';
    if (open) return { wrong: { field: open, text: `Give the ${other} value too, or neither of the two.` } };
    for (const field of ['low', 'high'] as const) {
      const text = 'This is no number. Write digits, and a point before decimals.';
      if (entry[field] === UNREADABLE) return { wrong: { field, text } };
    }
  }
  const given = givenOf(column, entry);
  try {
    givenCodes([{ ...column, name: 'c' }], { columns: { c: given } }, '');
    return { given };
  } catch (error) {
    if (error instanceof VeilganError) return { wrong: wrongOf(error) };
    throw error;
  }
}

function wrongOf({ message, where, fix }: VeilganError): Wrong {
  const field = (['low', 'high', 'values'] as const).find((name) => where.endsWith(`c.${name}`));
  if (field) return { field, text: `${sentence(message)} ${sentence(fix)}` };
  return { field: 'high', text: 'The highest value must be above the lowest.' };
}

/** The texts of the fields that stand for what is given. */
export function entryOf(given: GivenColumn): Entry {
  const { low = '', high = '', values = [], missing = false, kind, decimals, format, unit } = given;
  // That a column is to be left out says nothing of one that was taken.
  const all: Told = { kind: kind === 'leave' || kind === 'key' ? undefined : kind, decimals, format, unit };
  const told = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Told;
  const more = Object.keys(told).length > 0 ? { told } : {};
  return { low: String(low), high: String(high), values: linesOf(values), missing, ...more };
}

/** What is given of all columns; undefined where it is nothing. */
export function givenOfAll(taken: Iterable<readonly [name: string, Taken]>): Given | undefined {
  const columns = [...taken].flatMap(([name, { given }]) => (given ? [[name, given] as const] : []));
  return columns.length > 0 ? { columns: Object.fromEntries(columns) } : undefined;
}

/**
 * What a file says of columns that the table has; it may speak of others, which are left out here.
 * @throws VeilganError CONFIG naming the place, DATA for a file that is no JSON
 */
export function givenIn(text: string, columns: readonly Column[], file: string): Given {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch (cause) {
    const fix = 'Choose one that was saved here, or that the command line takes';
    throw new VeilganError('DATA', 'the file is no JSON', { where: file, fix, cause });
  }
  const all = (whole as { columns?: unknown } | null)?.columns;
  const own = Object.entries(typeof all === 'object' && all ? all : {}).filter(([name]) =>
    columns.some((column) => column.name === name),
  );
  const given = { columns: Object.fromEntries(own) };
  // What is of another form altogether is checked as it is.
  const formed = typeof all === 'object' && all !== null && !Array.isArray(all);
  givenCodes(columns, formed ? given : whole, file);
  return given as Given;
}
