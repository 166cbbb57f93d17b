/** What a file says of columns without the rows, which may come from anywhere. Browser-safe. */
import { VeilganError } from '../../base/errors.ts';
import { isPairOf } from '../csv/cell.ts';
import { isDateFormat, parseDate } from '../csv/dates.ts';
import { quote } from '../dataset.ts';
import type { CategoryColumn, Column, GivenColumn, Kind, LeftOut, Open } from '../table.ts';
import { rounding } from './knots.ts';

const KINDS: readonly string[] = ['number', 'integer', 'category', 'boolean', 'date', 'leave', 'key'];
/** Fields that any column may have. */
const ANY = ['kind', 'unit', 'missing', 'comment'];
const OF: Readonly<Record<Kind, readonly string[]>> = {
  number: ['decimals', 'low', 'high'],
  integer: ['decimals', 'low', 'high'],
  date: ['format', 'low', 'high'],
  category: ['values'],
  boolean: ['values'],
};
const EXAMPLES: Readonly<Record<Kind, string>> = {
  number: '{"low": 0, "high": 100}',
  integer: '{"low": 0, "high": 100}',
  date: '{"low": "2020-01-01", "high": "2024-12-31"}',
  category: '{"values": ["f", "m"]}',
  boolean: '{"values": ["f", "m"]}',
};
/** Decimals that float64 can hold beside a digit. */
const MOST_DECIMALS = 15;

type Fields = Record<string, unknown>;
type Numeric = Exclude<Column, CategoryColumn>;

const short = (v: unknown) => typeof v === 'string' && v.length <= 100;
const whole = (v: unknown, most: number) => Number.isInteger(v) && Number(v) >= 0 && Number(v) <= most;

/** What fields of any entry may be, what other values are, and what to write instead. */
const FORMS: Readonly<Record<string, readonly [fits: (v: unknown, of: Fields) => boolean, what: string, fix: string]>> =
  {
    kind: [(v) => short(v) && KINDS.includes(String(v)), 'no kind of column', `Write one of ${KINDS.join(', ')}`],
    decimals: [
      (v, { kind }) => whole(v, kind === 'integer' ? 0 : MOST_DECIMALS),
      'no number of decimals',
      `Write 0 to ${MOST_DECIMALS}; an integer has none`,
    ],
    format: [
      (v) => short(v) && isDateFormat(String(v)),
      'no format of dates',
      'Write one as YYYY-MM-DD or DD.MM.YYYY HH:MM',
    ],
    unit: [short, 'no short text', 'Write a text, as in "kg"'],
    missing: [(v) => typeof v === 'boolean', 'neither true nor false', 'Write true where cells may be missing'],
  };

export function refuse(message: string, where: string, fix: string): VeilganError {
  return new VeilganError('CONFIG', message, { where, fix });
}

/** @throws VeilganError CONFIG for what is no object */
function fieldsOf(value: unknown, where: string, fix: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw refuse('it is no object in braces', where, fix);
}

/** Texts that are each there once. @throws VeilganError CONFIG */
function textsOf(values: unknown, where: string): string[] {
  const fix = 'List all values as texts, as in ["f", "m"]';
  if (!Array.isArray(values) || values.length === 0) throw refuse('it is no list of values', where, fix);
  if (values.length > 2 ** 16) throw refuse(`${values.length} values are too many`, where, 'Give 65,536 at most');
  const odd = values.findIndex((value) => typeof value !== 'string');
  if (odd >= 0) throw refuse(`value ${odd} (from 0), ${JSON.stringify(values[odd])}, is no text`, where, fix);
  const seen = new Set<string>();
  const twice = values.find((value) => seen.size === seen.add(value).size);
  if (twice !== undefined) throw refuse(`${quote(twice)} is there twice`, where, 'Give each value once');
  return values;
}

/** An entry: its fields are as `FORMS` has them, bounds and values still to be read. @throws VeilganError CONFIG */
export function entryOf(value: unknown, where: string): GivenColumn {
  const fields = fieldsOf(value, where, `Write ${EXAMPLES.number}`);
  for (const [name, [fits, what, fix]] of Object.entries(FORMS)) {
    if (fields[name] === undefined || fits(fields[name], fields)) continue;
    throw refuse(`${quote(JSON.stringify(fields[name])).slice(1, -1)} is ${what}`, `${where}.${name}`, fix);
  }
  return fields;
}

/** Whether a column of this kind is in no row of the table. */
export const isLeftOut = (kind: string | undefined): kind is LeftOut => kind === 'leave' || kind === 'key';

/** Refuses fields that a column of this kind does not have. @throws VeilganError CONFIG */
export function checkFields(entry: GivenColumn, kind: Kind | LeftOut, where: string): void {
  const known = isLeftOut(kind) ? [] : OF[kind];
  const strange = Object.keys(entry).find((key) => !known.includes(key) && !ANY.includes(key));
  const example = isLeftOut(kind) ? `{"kind": "${kind}"}` : EXAMPLES[kind];
  if (strange !== undefined) throw refuse(`it takes no ${quote(strange)}`, where, `Write ${example}`);
}

export const hasBounds = ({ low, high }: GivenColumn): boolean => low !== undefined || high !== undefined;

/** The values of an entry. @throws VeilganError CONFIG */
export const valuesOf = ({ values }: GivenColumn, where: string): string[] => textsOf(values, `${where}.values`);

/** The bounds of an entry, values of its column. @throws VeilganError CONFIG */
export function boundsOf(entry: GivenColumn, column: Numeric, where: string): [number, number] {
  const [low, high] = (['low', 'high'] as const).map((side) => boundOf(entry[side], column, `${where}.${side}`));
  if (low < high) return [low, high];
  throw refuse('low is not below high', where, 'Write the smaller bound as "low"');
}

function boundOf(value: unknown, column: Numeric, where: string): number {
  if (column.kind === 'date') {
    const date = typeof value === 'string' ? parseDate(value, column.format) : Number.NaN;
    if (!Number.isNaN(date)) return date;
    throw refuse(`${JSON.stringify(value) ?? 'nothing'} is no date`, where, `Write a text as ${column.format}`);
  }
  if (typeof value !== 'number' || !(Math.abs(value) <= 1e300)) {
    throw refuse(`${JSON.stringify(value) ?? 'nothing'} is no number`, where, 'Write a number, as in "low": 0');
  }
  if (rounding(column)(value) === value) return value;
  const digits = column.decimals === 0 ? 'a whole number' : `at most ${column.decimals} decimals`;
  throw refuse(`${value} is no value of the column`, where, `Write ${digits}`);
}

export interface GivenType {
  readonly kind?: Kind | LeftOut;
  /** of numbers; integers have 0 */
  readonly decimals?: number;
  /** of dates */
  readonly format?: string;
  /** of categories: all that there can be */
  readonly values?: readonly string[];
  /** of numbers and dates of which all of the above is known: cells beyond are moved to them */
  readonly bounds?: readonly [low: number, high: number];
}

const FORM = 'Write {"columns": {"age": {"low": 0, "high": 120}, "sex": {"values": ["f", "m"]}}}';

/** The kind that an entry says, or that what else it says implies. */
function kindOf(entry: GivenColumn, where: string): Kind | LeftOut | undefined {
  const { kind, values, format, decimals } = entry;
  if (kind !== undefined) return kind;
  if (values !== undefined) return isPairOf(valuesOf(entry, where)) ? 'boolean' : 'category';
  if (format !== undefined) return 'date';
  return decimals === undefined ? undefined : decimals === 0 ? 'integer' : 'number';
}

/** What an entry says of the type of its column. @throws VeilganError CONFIG naming the place */
export function typeOf(value: unknown, where: string): GivenType {
  const entry = entryOf(value, where);
  const kind = kindOf(entry, where);
  if (kind === undefined) return {};
  checkFields(entry, kind, where);
  if (isLeftOut(kind)) return { kind };
  if (kind === 'category' || kind === 'boolean') {
    return entry.values === undefined ? { kind } : { kind, values: valuesOf(entry, where) };
  }
  const { format, decimals = kind === 'integer' ? 0 : undefined } = entry;
  if ((kind === 'date' ? format : decimals) === undefined) return { kind };
  const type = kind === 'date' ? { kind, format } : { kind, decimals };
  return hasBounds(entry) ? { ...type, bounds: boundsOf(entry, { name: '', ...type } as Numeric, where) } : type;
}

/** Whether nothing more has to be found in the rows to read the cells. */
export const isWhole = ({ kind, decimals, format, values }: GivenType): boolean =>
  isLeftOut(kind) || decimals !== undefined || format !== undefined || values !== undefined;

/** The entries of a file, by the names of columns. @throws VeilganError CONFIG where it is of another form */
export function entriesIn(given: unknown, source: string): Map<string, unknown> {
  const { columns, classes } = fieldsOf(given, source, FORM);
  const none = columns === undefined && classes !== undefined;
  return new Map(none ? [] : Object.entries(fieldsOf(columns, `${source}, columns`, FORM)));
}

/** Where messages say that an entry stands. */
export const placeOf = (source: string, name: string): string => `${source}, columns.${quote(name).slice(1, -1)}`;

/**
 * What a file says of the types of columns, before the rows are read.
 * @param names of the columns that there are
 * @throws VeilganError CONFIG naming the place: not of the form of `Given`, or of a column that there is not
 */
export function givenTypes(names: readonly string[], given: unknown, source: string): Map<string, GivenType> {
  const there = new Set(names);
  return new Map(
    [...entriesIn(given, source)].map(([name, entry]) => {
      const where = placeOf(source, name);
      const type = typeOf(entry, where);
      if (!there.has(name) && !isLeftOut(type.kind)) throw noColumn(names, where);
      return [name, type];
    }),
  );
}

export function noColumn(names: readonly string[], where: string) {
  const some = names.slice(0, 20).map((name) => quote(name).slice(1, -1));
  const list = `${some.join(', ')}${names.length > 20 ? ', ...' : ''}`;
  return refuse('the table has no such column', where, `Choose among ${list}`);
}

/** Names of classes that a file gives; undefined where it gives none. @throws VeilganError CONFIG */
export function givenClasses(given: unknown, source: string): string[] | undefined {
  const { classes } = fieldsOf(given, source, FORM);
  return classes === undefined ? undefined : textsOf(classes, `${source}, classes`);
}

/** Whether an entry says what was otherwise found in the rows. Of an entry that was checked. */
export function tells(entry: unknown, what: Open['what']): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const { kind, decimals, format, values } = typeOf(entry, '');
  if (what === 'kind') return kind !== undefined;
  if (what === 'left-out') return isLeftOut(kind);
  // Values that are listed are written as they are listed, whatever the decimals of the rows.
  if (what === 'decimals') return decimals !== undefined || values !== undefined;
  return what === 'format' && format !== undefined;
}
