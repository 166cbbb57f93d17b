/** CSV texts as tables, for tests. */
import * as assert from 'uvu/assert';
import { blobSource } from '../../src/data/csv/stream.ts';
import { inspectCsv, readTable, type TableOptions } from '../../src/data/csv/table.ts';
import { rejection } from '../support/failure.ts';

const source = (content: string | Uint8Array) => blobSource(new Blob([content as BlobPart]), 't.csv');

export const read = (content: string | Uint8Array, options: TableOptions = {}) => readTable(source(content), options);

export const inspect = (content: string, options: TableOptions = {}) => inspectCsv(source(content), options);

/** The one line that a user would see of a file that cannot be read. */
export async function line(content: string | Uint8Array, options: TableOptions = {}): Promise<string> {
  const error = await rejection(read(content, options));
  assert.is.not(error.fix, '', error.message);
  return error.line();
}

export const many = (n: number, of: (i: number) => string | number) => Array.from({ length: n }, (_, i) => of(i));

/** A column of these cells, alone in a file. */
export const column = (cells: readonly (string | number)[]) => `c\n${cells.map((cell) => `"${cell}"`).join('\n')}\n`;

export const kindOf = async (cells: readonly (string | number)[], options: TableOptions = {}) =>
  (await inspect(column(cells), options)).columns[0];
