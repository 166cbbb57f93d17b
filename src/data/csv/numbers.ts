/** A CSV file of numbers to a data set of their values as they are. Browser-safe; `table.ts` reads mixed types. */

import { VeilganError } from '../../base/errors.ts';
import { checkName, type Dataset, makeDataset } from '../dataset.ts';
import { parseCell } from './cell.ts';
import { CsvLayout, type LayoutOptions, type Place, type TakeRow } from './layout.ts';
import { type CsvSource, csvRecords, passOf, type ReadOptions } from './stream.ts';

export interface CsvOptions extends LayoutOptions, ReadOptions {
  /** Name of the data set; default: the file's, without folder and extension. */
  name?: string;
}

/** Bytes that fit one array everywhere, checksums included. */
const MOST_BYTES = 2 ** 31 - 1;

/** `count` zeros. @throws VeilganError OVER_LIMIT, OUT_OF_MEMORY naming `file` */
function allocateNumbers<A>(
  Type: { new (count: number): A; readonly BYTES_PER_ELEMENT: number },
  count: number,
  file: string,
): A {
  const more = { where: file, fix: 'Take fewer rows with `rows`, or fewer columns with `columns`.' };
  const most = Math.floor(MOST_BYTES / Type.BYTES_PER_ELEMENT);
  if (count > most) {
    throw new VeilganError('OVER_LIMIT', `the table has ${count} cells, where ${most} is the most`, more);
  }
  try {
    return new Type(count);
  } catch (cause) {
    throw new VeilganError('OUT_OF_MEMORY', `no memory for ${count} cells`, { ...more, cause });
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
 * An array of the rows of a file, those to train on first.
 * @param counted what a pass over the file before found
 * @param put writes the cells of a row at a place of the array
 * @throws VeilganError as `CsvLayout`, DATA where the file has changed since, OVER_LIMIT, OUT_OF_MEMORY
 */
export async function fillRows<A>(
  Type: { new (count: number): A; readonly BYTES_PER_ELEMENT: number },
  [source, options]: readonly [CsvSource, CsvOptions],
  counted: CsvLayout,
  width: number,
  put: (values: A, at: number, cells: readonly string[], place: Place) => void,
): Promise<A> {
  const { train, holdout } = counted.counts;
  const values = allocateNumbers(Type, (train + holdout) * width, source.name);
  const next = { train: 0, holdout: train };
  // In a file that has grown rows are past the end of their part: the counts tell below.
  const take: TakeRow = (cells, place, side) => put(values, next[side]++ * width, cells, place);
  const layout = new CsvLayout(source.name, options, take, counted.split);
  await readInto(layout, source, options);
  if (layout.counts.train === train && layout.counts.holdout === holdout) return values;
  throw layout.error('the file changed while it was read', '', 'Read it again.');
}

/**
 * The numbers of a CSV file as a data set in memory.
 * @param counted of a pass over the file before
 * @throws VeilganError USAGE for impossible options, DATA for what is wrong in the file: not UTF-8, ragged, a cell
 * without a finite number, a column that is not there, ranges past the end; INTERRUPTED; and as `fillRows` and the source
 * throw
 */
export async function readNumbers(
  source: CsvSource,
  options: CsvOptions = {},
  counted?: CsvLayout,
): Promise<Dataset<Float32Array>> {
  const name = options.name ?? nameFromFile(source.name);
  checkName(name);
  const layout = counted ?? new CsvLayout(source.name, options, () => {});
  if (!counted) await readInto(layout, source, passOf(options, 0));
  const { taken, names, counts, split } = layout;
  const values = await fillRows(
    Float32Array,
    [source, passOf(options, 1)],
    layout,
    taken.length,
    (values, at, cells, place) => {
      taken.forEach((column, j) => {
        const value = parseCell(cells[column]);
        if (typeof value === 'string') {
          const fix = 'Correct or remove the row, take only columns of numbers with `columns`, or say `as: table`.';
          throw layout.cellError(cells[column], value, place, column, fix);
        }
        values[at + j] = value;
      });
    },
  );
  const columns = taken.map((index) => names[index]);
  return makeDataset({
    ...{ name, columns, shape: [columns.length], values, split: counts.train },
    meta: split.meta(source.name),
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
