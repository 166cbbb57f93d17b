/** Paid encodings of small tables, under keys that a seed makes. */
import { type PaidOptions, paidEncoding } from '../../src/data/encoding/private.ts';
import type { CategoryCode, Column, Encoding, Table } from '../../src/data/table.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';

export const category = (name: string, ...values: string[]): Column => ({ name, kind: 'category', values });
export const number = (name: string, decimals = 0): Column => ({
  name,
  kind: decimals ? 'number' : 'integer',
  decimals,
});
export type Paying = Omit<PaidOptions, 'key'>;
export const seeded = (table: Table, options: Paying, seed: number) =>
  paidEncoding(table, { ...options, key: PrivacyKey.insecure(seed) });
export const times = (n: number, cell: number) => Array<number>(n).fill(cell);

/** How often `event` is true of an encoding, over so many keys. */
export function frequency(
  table: Table,
  options: Paying,
  event: (e: Encoding) => boolean,
  draws: number,
  from = 0,
): number {
  let count = 0;
  for (let seed = from; seed < from + draws; seed++) if (event(seeded(table, options, seed))) count++;
  return count;
}

export const kept = (column: number, value: string) => (e: Encoding) =>
  (e.columns[column] as CategoryCode).values.includes(value);
