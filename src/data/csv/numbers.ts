/** A CSV file of numbers to a data set of their values as they are. Browser-safe; `table-csv.ts` reads mixed types. */

import { checkName, type Dataset, makeDataset } from '../dataset.ts';
import { Floats } from '../floats.ts';
import { parseCell } from './cell.ts';
import { CsvLayout, type LayoutOptions } from './layout.ts';
import { type CsvSource, csvRecords, type ReadOptions } from './stream.ts';

export interface CsvOptions extends LayoutOptions, ReadOptions {
  /** Name of the data set; default: the file's, without folder and extension. */
  name?: string;
}

/** Feeds the records of a source to a layout, as far as they matter, and finishes it. */
export async function readInto(layout: CsvLayout, source: CsvSource, options: ReadOptions): Promise<string> {
  let delimiter = ',';
  read: for await (const batch of csvRecords(source, options)) {
    delimiter = batch.delimiter;
    for (let i = 0; i < batch.records.length; i++) {
      if (!layout.add(batch.records[i], batch.line(i), batch.records[i + 1])) break read;
    }
  }
  layout.finish();
  return delimiter;
}

/**
 * The numbers of a CSV file as a data set in memory.
 * @throws VeilganError USAGE for impossible options, DATA for what is wrong in the file: not UTF-8, ragged, a cell
 * without a finite number, a column that is not there, ranges past the end; INTERRUPTED; and as the source throws
 */
export async function readNumbers(source: CsvSource, options: CsvOptions = {}): Promise<Dataset<Float32Array>> {
  const name = options.name ?? nameFromFile(source.name);
  checkName(name);
  const train = new Floats();
  const holdout = new Floats();
  const layout = new CsvLayout(source.name, options, (cells, place, held) => {
    for (const column of layout.taken) {
      const value = parseCell(cells[column]);
      if (typeof value === 'string') {
        const fix = 'Correct or remove the row, take only columns of numbers with --columns, or say --as table.';
        throw layout.cellError(cells[column], value, place, column, fix);
      }
      (held ? holdout : train).push(value);
    }
  });
  await readInto(layout, source, options);
  const { split } = layout;
  return makeDataset({
    name,
    columns: layout.taken.map((index) => layout.names[index]),
    shape: [layout.taken.length],
    train: train.done(),
    holdout: holdout.done(),
    meta: { origin: layout.origin(), ...(split ? { split } : {}) },
  });
}

/** A data set's name from a file's: the part before the extension, with what a name may not hold replaced by `-`. */
export function nameFromFile(file: string): string {
  const base = file.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
  const name = base
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 64);
  return name || 'table';
}
