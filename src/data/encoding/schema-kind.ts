/** What is known of a column before any of its cells is read: its kind, and how its cells are written. Browser-safe. */
import { isPairOf } from '../csv/cell.ts';
import { quote } from '../dataset.ts';
import type { Kind, Open } from '../table.ts';
import { Entry, fieldsOf, refuse, textsOf } from './schema-entry.ts';

/** `leave`: the column is to be left out. */
export interface GivenType {
  readonly kind?: Kind | 'leave';
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
function kindOf(entry: Entry): Kind | 'leave' | undefined {
  if (entry.kind !== undefined) return entry.kind;
  if (entry.has('values')) return isPairOf(entry.values) ? 'boolean' : 'category';
  if (entry.has('format')) return 'date';
  return entry.has('decimals') ? (entry.decimals === 0 ? 'integer' : 'number') : undefined;
}

/** @throws VeilganError CONFIG naming the place */
export function typeOf(value: unknown, where: string): GivenType {
  const entry = new Entry(value, where);
  const kind = kindOf(entry);
  if (kind === undefined) return {};
  entry.check(kind);
  if (kind === 'leave') return { kind };
  if (kind === 'category' || kind === 'boolean') return entry.has('values') ? { kind, values: entry.values } : { kind };
  if (kind === 'date') {
    const { format } = entry;
    if (format === undefined) return { kind };
    const bounds = entry.has('low', 'high') ? { bounds: entry.bounds({ name: '', kind, format }) } : {};
    return { kind, format, ...bounds };
  }
  const decimals = kind === 'integer' ? 0 : entry.decimals;
  if (decimals === undefined) return { kind };
  const bounds = entry.has('low', 'high') ? { bounds: entry.bounds({ name: '', kind, decimals }) } : {};
  return { kind, decimals, ...bounds };
}

/** Whether nothing more has to be found in the rows to read the cells. */
export const isWhole = ({ kind, decimals, format, values }: GivenType): boolean =>
  kind === 'leave' || decimals !== undefined || format !== undefined || values !== undefined;

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
      if (!there.has(name) && type.kind !== 'leave') throw noColumn(names, where);
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
  if (what === 'left-out') return kind === 'leave';
  // Values that are listed are written as they are listed, whatever the decimals of the rows.
  if (what === 'decimals') return decimals !== undefined || values !== undefined;
  return what === 'format' && format !== undefined;
}
