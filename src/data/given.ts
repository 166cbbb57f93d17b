/** Bounds and values of columns that the owner knows without the data, so that using them costs nothing. Browser-safe. */
import { VeilganError } from '../gpu/errors.ts';
import { quote } from './dataset.ts';
import { parseDate } from './dates.ts';
import { numberCode } from './encoding.ts';
import { rounding, straightCurve } from './knots.ts';
import type { CategoryColumn, Column, ColumnCode, Encoding } from './table.ts';

/** What a file of bounds holds: `{"columns": {"age": {"low": 0, "high": 120}, "sex": {"values": ["f", "m"]}}}`. */
export interface Given {
  readonly columns: Readonly<Record<string, GivenColumn>>;
}

export interface GivenColumn {
  /** of numbers; of dates a text in the column's format. What lies beyond is moved to the bounds. */
  readonly low?: number | string;
  readonly high?: number | string;
  /** of categories: all that there can be; other ones count as the first */
  readonly values?: readonly string[];
  /** whether cells may be missing; default false */
  readonly missing?: boolean;
}

/** The columns of which nothing is given. */
export const notGiven = <C extends { readonly name: string }>(columns: readonly C[], given?: Given): C[] =>
  columns.filter(({ name }) => !Object.hasOwn(given?.columns ?? {}, name));

type Fields = Record<string, unknown>;

/** One column's entry, at a place that messages name. */
class Entry {
  readonly #fields: Fields;
  readonly #where: string;

  constructor(value: unknown, where: string, known: readonly string[], example: string) {
    this.#where = where;
    this.#fields = fieldsOf(value, where, `Write ${example}`);
    const strange = Object.keys(this.#fields).find((key) => !known.includes(key));
    if (strange !== undefined) throw refuse(`it takes no ${quote(strange)}`, where, `Write ${example}`);
  }

  get missing(): boolean {
    const { missing = false } = this.#fields;
    if (typeof missing === 'boolean') return missing;
    throw refuse('it is neither true nor false', `${this.#where}.missing`, 'Write true where cells may be missing');
  }

  get values(): string[] {
    const { values } = this.#fields;
    const where = `${this.#where}.values`;
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

  bound(side: 'low' | 'high', column: Exclude<Column, CategoryColumn>): number {
    const value = this.#fields[side];
    const where = `${this.#where}.${side}`;
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

  bounds(column: Exclude<Column, CategoryColumn>): [number, number] {
    const [low, high] = [this.bound('low', column), this.bound('high', column)];
    if (low < high) return [low, high];
    throw refuse('low is not below high', this.#where, 'Write the smaller bound as "low"');
  }
}

function refuse(message: string, where: string, fix: string): VeilganError {
  return new VeilganError('CONFIG', message, { where, fix });
}

function fieldsOf(value: unknown, where: string, fix: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw refuse('it is no object in braces', where, fix);
}

function codeOf(column: Column, given: unknown, where: string): ColumnCode {
  if ('values' in column) {
    const entry = new Entry(given, where, ['values', 'missing'], '{"values": ["f", "m"]}');
    return { name: column.name, kind: column.kind, values: entry.values, missing: entry.missing };
  }
  const example = column.kind === 'date' ? '{"low": "2020-01-01", "high": "2024-12-31"}' : '{"low": 0, "high": 100}';
  const entry = new Entry(given, where, ['low', 'high', 'missing'], example);
  return numberCode(column, straightCurve(...entry.bounds(column)), entry.missing);
}

/**
 * The columns that a file of bounds describes, by name.
 * @param given parsed JSON, from anywhere
 * @param source how messages call it: a file's name
 * @throws VeilganError CONFIG naming the place: not of the form of `Given`, a column that the table has not, bounds that
 * are no values of their column or out of order, values that are no texts or repeated
 */
export function givenCodes(columns: readonly Column[], given: unknown, source: string): Map<string, ColumnCode> {
  const form = 'Write {"columns": {"age": {"low": 0, "high": 120}, "sex": {"values": ["f", "m"]}}}';
  const fields = fieldsOf(fieldsOf(given, source, form).columns, `${source}, columns`, form);
  return new Map(
    Object.entries(fields).map(([name, entry]) => {
      const column = columns.find((candidate) => candidate.name === name);
      const where = `${source}, columns.${quote(name).slice(1, -1)}`;
      if (column) return [name, codeOf(column, entry, where)];
      const there = columns.slice(0, 20).map((candidate) => quote(candidate.name).slice(1, -1));
      const names = `${there.join(', ')}${columns.length > 20 ? ', ...' : ''}`;
      throw refuse('the table has no such column', where, `Choose among ${names}`);
    }),
  );
}

/**
 * An encoding by bounds and values that the owner gives, whatever the table holds: straight lines for numbers and dates,
 * and the values of categories in the given order.
 * @throws VeilganError CONFIG as `givenCodes`, and where a column is not given
 */
export function givenEncoding(
  { columns, label }: { readonly columns: readonly Column[]; readonly label?: string },
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
