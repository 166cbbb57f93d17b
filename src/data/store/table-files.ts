/** A table as the store keeps it: its cells as files, its columns in `meta.json`. Browser-safe. */
import { type Dataset, type DatasetMeta, fingerprint, hashArray } from '../dataset.ts';
import { allOpen, type Given, stillOpen } from '../encoding/schema.ts';
import type { Column, Open, Table } from '../table.ts';

/** A table with a name. */
export interface NamedTable {
  readonly name: string;
  readonly table: Table;
  readonly meta: DatasetMeta;
  /** what happened when it was read: columns that were left out, and why */
  readonly notes?: readonly string[];
  /** bounds and values of columns that the owner knows without the data: see given.ts */
  readonly given?: Given;
  /** what was found in the rows, nobody having given it; absent of tables from before this was noted */
  readonly open?: readonly Open[];
}

/** What of a table was found in its rows and is not given: what no budget covers. */
export const openOf = ({ table, given, open }: Pick<NamedTable, 'table' | 'given' | 'open'>): Open[] =>
  stillOpen(open ?? allOpen(table.columns), given);

/** What can be trained on: records as they are, or a table, of which they are made when a training begins. */
export type Source = Dataset | NamedTable;

export const isTable = (source: Source): source is NamedTable => 'table' in source;

export const rowsOf = (cells: ArrayLike<number>, columns: readonly unknown[]): number => cells.length / columns.length;

/** The bytes of the cells, by file name; the order is the order of the fingerprint. */
export function tableFiles({ train, holdout }: Table): [string, Uint8Array][] {
  const bytes = (cells: Float64Array) => new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength);
  return [
    ['train.f64', bytes(train)],
    ['holdout.f64', bytes(holdout)],
  ];
}

/** SHA-256 (hex) of what the columns are, whatever the order of their fields. */
export function hashColumns(columns: readonly Column[], label?: string): Promise<string> {
  const facts = columns.map((column) => [
    column.name,
    column.kind,
    'values' in column ? column.values : 'format' in column ? column.format : column.decimals,
  ]);
  return hashArray(new TextEncoder().encode(JSON.stringify([facts, label ?? null])));
}

/** SHA-256 (hex) of a whole table: as `fingerprint`, with a line for the columns behind those of the files. */
export async function tableFingerprint(table: Table): Promise<string> {
  const sums: [string, string][] = [];
  for (const [file, bytes] of tableFiles(table)) sums.push([file, await hashArray(bytes)]);
  return fingerprint([...sums, ['columns', await hashColumns(table.columns, table.label)]]);
}

/** Missing cells of each column, in both parts. */
export function missingIn({ columns, train, holdout }: Table): number[] {
  const missing = columns.map(() => 0);
  for (const cells of [train, holdout]) {
    for (let i = 0; i < cells.length; i++) if (Number.isNaN(cells[i])) missing[i % missing.length]++;
  }
  return missing;
}

/** The first cell that its column cannot hold: an infinite number, or the index of a category that there is not. */
export function wrongCell({ columns, train, holdout }: Table): string | undefined {
  const counts = columns.map((column) => ('values' in column ? column.values.length : 0));
  for (const cells of [train, holdout]) {
    for (let i = 0; i < cells.length; i++) {
      const [value, column] = [cells[i], i % columns.length];
      const fits =
        Number.isNaN(value) ||
        ('values' in columns[column]
          ? Number.isInteger(value) && value >= 0 && value < counts[column]
          : Number.isFinite(value));
      if (!fits) return `row ${Math.floor(i / columns.length) + 1} holds ${value}, which is no value of its column`;
    }
  }
  return undefined;
}
