/** One column's entry of a file of what the owner knows, which may come from anywhere. Browser-safe. */
import { VeilganError } from '../../base/errors.ts';
import { isDateFormat, parseDate } from '../csv/dates.ts';
import { quote } from '../dataset.ts';
import type { CategoryColumn, Column, Kind } from '../table.ts';
import { rounding } from './knots.ts';

const KINDS: readonly string[] = ['number', 'integer', 'category', 'boolean', 'date', 'leave'];
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

export function refuse(message: string, where: string, fix: string): VeilganError {
  return new VeilganError('CONFIG', message, { where, fix });
}

/** @throws VeilganError CONFIG for what is no object */
export function fieldsOf(value: unknown, where: string, fix: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw refuse('it is no object in braces', where, fix);
}

/** Texts that are each there once. @throws VeilganError CONFIG */
export function textsOf(values: unknown, where: string): string[] {
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

/** Each getter checks what it gives, and throws a VeilganError CONFIG that names the place. */
export class Entry {
  readonly #fields: Fields;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    this.#where = where;
    this.#fields = fieldsOf(value, where, `Write ${EXAMPLES.number}`);
  }

  /** Refuses fields that a column of this kind does not have. */
  check(kind: Kind | 'leave'): void {
    const known = kind === 'leave' ? [] : OF[kind];
    const strange = Object.keys(this.#fields).find((key) => !known.includes(key) && !ANY.includes(key));
    const example = kind === 'leave' ? '{"kind": "leave"}' : EXAMPLES[kind];
    if (strange !== undefined) throw refuse(`it takes no ${quote(strange)}`, this.#where, `Write ${example}`);
    void this.missing;
    void this.unit;
    void this.decimals;
  }

  has(...fields: readonly string[]): boolean {
    return fields.some((field) => this.#fields[field] !== undefined);
  }

  get kind(): Kind | 'leave' | undefined {
    const { kind } = this.#fields;
    if (kind === undefined || (typeof kind === 'string' && KINDS.includes(kind))) return kind as Kind;
    throw this.#wrong('kind', 'no kind of column', `Write one of ${KINDS.join(', ')}`);
  }

  get decimals(): number | undefined {
    const { decimals, kind } = this.#fields;
    const most = kind === 'integer' ? 0 : MOST_DECIMALS;
    const fits = typeof decimals === 'number' && Number.isInteger(decimals) && decimals >= 0 && decimals <= most;
    if (decimals === undefined || fits) return decimals as number | undefined;
    const fix = kind === 'integer' ? 'Leave it away, or write "kind": "number"' : `Write 0 to ${MOST_DECIMALS}`;
    throw this.#wrong('decimals', 'no number of decimals', fix);
  }

  get format(): string | undefined {
    const { format } = this.#fields;
    if (format === undefined) return undefined;
    if (typeof format === 'string' && format.length <= 100 && isDateFormat(format)) return format;
    throw this.#wrong('format', 'no format of dates', 'Write one as YYYY-MM-DD or DD.MM.YYYY HH:MM');
  }

  get unit(): string | undefined {
    const { unit } = this.#fields;
    if (unit === undefined || (typeof unit === 'string' && unit.length <= 100)) return unit as string | undefined;
    throw this.#wrong('unit', 'no short text', 'Write a text, as in "kg"');
  }

  get missing(): boolean {
    const { missing = false } = this.#fields;
    if (typeof missing === 'boolean') return missing;
    throw refuse('it is neither true nor false', `${this.#where}.missing`, 'Write true where cells may be missing');
  }

  get values(): string[] {
    return textsOf(this.#fields.values, `${this.#where}.values`);
  }

  bounds(column: Exclude<Column, CategoryColumn>): [number, number] {
    const [low, high] = [this.#bound('low', column), this.#bound('high', column)];
    if (low < high) return [low, high];
    throw refuse('low is not below high', this.#where, 'Write the smaller bound as "low"');
  }

  #bound(side: 'low' | 'high', column: Exclude<Column, CategoryColumn>): number {
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

  #wrong(field: string, what: string, fix: string): VeilganError {
    const value = JSON.stringify(this.#fields[field]);
    return refuse(`${quote(value).slice(1, -1)} is ${what}`, `${this.#where}.${field}`, fix);
  }
}
