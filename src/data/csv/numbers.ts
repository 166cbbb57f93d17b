/** A CSV file of numbers to a data set of their values as they are. Browser-safe; `table.ts` reads mixed types. */

import { VeilganError } from '../../base/errors.ts';
import { checkName, concatRows, type Dataset, makeDataset } from '../dataset.ts';
import { parseCell } from './cell.ts';
import { CsvLayout, type LayoutOptions } from './layout.ts';
import { type CsvSource, csvRecords, type ReadOptions } from './stream.ts';

export interface CsvOptions extends LayoutOptions, ReadOptions {
  /** Name of the data set; default: the file's, without folder and extension. */
  name?: string;
}

const MOST = 2 ** 29;

/** A Float32Array that grows. */
class Floats {
  private values = new Float32Array(1024);
  private count = 0;

  /** @throws VeilganError OVER_LIMIT above 2^29 values (2 GiB), OUT_OF_MEMORY when the machine gives no more. */
  push(value: number): void {
    if (this.count === this.values.length) this.grow();
    this.values[this.count++] = value;
  }

  private grow(): void {
    if (this.count >= MOST) {
      throw new VeilganError('OVER_LIMIT', `the table has more than ${MOST} values`, {
        fix: 'Take fewer rows with `rows`, or fewer columns with `columns`.',
      });
    }
    try {
      const larger = new Float32Array(2 * this.count);
      larger.set(this.values);
      this.values = larger;
    } catch (cause) {
      throw new VeilganError('OUT_OF_MEMORY', `no memory for ${2 * this.count} values of the table`, {
        fix: 'Take fewer rows with `rows`, or fewer columns with `columns`.',
        cause,
      });
    }
  }

  /** A copy of exactly the values pushed. */
  done(): Float32Array {
    return this.values.slice(0, this.count);
  }
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
        const fix = 'Correct or remove the row, take only columns of numbers with `columns`, or say `as: table`.';
        throw layout.cellError(cells[column], value, place, column, fix);
      }
      (held ? holdout : train).push(value);
    }
  });
  await readInto(layout, source, options);
  return makeDataset({
    name,
    columns: layout.taken.map((index) => layout.names[index]),
    shape: [layout.taken.length],
    values: concatRows(train.done(), holdout.done()),
    split: layout.counts.train,
    meta: layout.split.meta(source.name),
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
