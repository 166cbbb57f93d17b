/** Cells of a table to records of numbers. Browser-safe. */
import { VeilganError } from '../../base/errors.ts';
import { type Dataset, type DatasetMeta, makeDataset, quote } from '../dataset.ts';
import {
  type Block,
  blocksOf,
  type CategoryCode,
  type CategoryColumn,
  type Cells,
  type Column,
  type ColumnCode,
  type Encoding,
  type NumberCode,
  type Table,
  valueNames,
  widthOf,
} from '../table.ts';
import { interpolate } from './knots.ts';

/** Bytes of an encoded table, both parts together. */
const MOST_BYTES = 2 ** 31 - 1;

/** One column on its way: every `columns`-th cell from `from`, to every `width`-th place of `out`. */
interface Lane {
  readonly cells: Cells;
  readonly columns: number;
  readonly from: number;
  readonly out: Float32Array;
  readonly width: number;
}

function encodeNumbers({ values, at, missing }: NumberCode, [scalar, choice]: readonly Block[], lane: Lane): void {
  const { cells, columns, from, out, width } = lane;
  const [xs, ys] = [Float64Array.from(values), Float64Array.from(at)];
  for (let i = from, row = 0; i < cells.length; i += columns, row += width) {
    const gone = Number.isNaN(cells[i]) || xs.length === 0;
    out[row + scalar.at] = gone ? 0 : interpolate(xs, ys, cells[i]);
    if (missing) out[row + choice.at + (gone ? 1 : 0)] = 1;
  }
}

/** Place of each value of the column, and of a missing cell behind them. */
function placesOf(code: CategoryCode, column: CategoryColumn): Int32Array {
  const shared = code.values.length;
  const place = new Map(code.values.map((text, i) => [text, i]));
  for (const text of code.rare?.values ?? []) place.set(text, shared);
  const other = code.rare ? shared : 0;
  const gone = code.missing ? shared + (code.rare ? 1 : 0) : other;
  return Int32Array.from([...column.values.map((text) => place.get(text) ?? other), gone]);
}

function encodeChoices(code: CategoryCode, { at }: Block, column: CategoryColumn, lane: Lane): void {
  const { cells, columns, from, out, width } = lane;
  const places = placesOf(code, column);
  const last = places.length - 1;
  for (let i = from, row = 0; i < cells.length; i += columns, row += width) {
    out[row + at + places[Number.isNaN(cells[i]) ? last : cells[i]]] = 1;
  }
}

/** Where the column of a code is in the table. @throws VeilganError DATA where there is none of its kind */
function sourceOf(code: ColumnCode, columns: readonly Column[]): number {
  const found = columns.findIndex(({ name }) => name === code.name);
  const column = columns[found];
  const alike =
    column &&
    ('values' in column
      ? !('at' in code)
      : 'at' in code && (column.kind === 'date' ? code.format === column.format : code.kind !== 'date'));
  if (alike) return found;
  throw new VeilganError(
    'DATA',
    column ? `its cells are not what the encoding takes` : 'the table has no such column',
    {
      where: `column ${quote(code.name)}`,
      fix: 'Take the table that the encoding was made for, or make one for this table',
    },
  );
}

/**
 * Records [rows, width] of cells. Columns are found by name. What training never showed has the nearest place there is:
 *
 * - a number beyond the outermost knots goes to them;
 * - a value without a place goes to the shared one, else to the first value (of a paid encoding, the most frequent one);
 * - a missing cell of a column without a place for it goes where a value without a place goes, a number to 0, the
 *   middle.
 * @param out zeros, to be filled
 * @throws VeilganError DATA where the table lacks a column, or has it of another kind
 */
export function encodeCells(
  columns: readonly Column[],
  cells: Cells,
  encoding: Encoding,
  out = new Float32Array((cells.length / columns.length) * widthOf(encoding)),
): Float32Array {
  const width = widthOf(encoding);
  const blocks = blocksOf(encoding);
  encoding.columns.forEach((code, j) => {
    const from = sourceOf(code, columns);
    const lane: Lane = { cells, columns: columns.length, from, out, width };
    if ('at' in code) encodeNumbers(code, blocks[j], lane);
    else encodeChoices(code, blocks[j][0], columns[from] as CategoryColumn, lane);
  });
  return out;
}

/**
 * A table as a data set of records [width] that says how it was encoded.
 * @throws VeilganError OVER_LIMIT where the records would take more than 2 GiB, before anything is allocated; DATA as
 * `encodeCells`
 */
export function encodeTable(table: Table, encoding: Encoding, of: { name: string; meta: DatasetMeta }): Dataset {
  const { columns, train, holdout } = table;
  const width = widthOf(encoding);
  const rows = (train.length + holdout.length) / columns.length;
  if (4 * width * rows > MOST_BYTES) {
    const widest = blocksOf(encoding)
      .map((blocks, j) => ({ name: encoding.columns[j].name, places: blocks[blocks.length - 1].width }))
      .reduce((a, b) => (b.places > a.places ? b : a));
    const message = `${rows} rows of ${width} values are ${((4 * width * rows) / 2 ** 30).toFixed(1)} GiB, 2 at most`;
    throw new VeilganError('OVER_LIMIT', message, {
      where: `data set ${quote(of.name)}`,
      fix: `Take fewer rows or columns, or fewer levels (column ${quote(widest.name)} has ${widest.places} places)`,
    });
  }
  const split = train.length / columns.length;
  const values = new Float32Array(rows * width);
  encodeCells(columns, train, encoding, values.subarray(0, split * width));
  encodeCells(columns, holdout, encoding, values.subarray(split * width));
  const { name, meta } = of;
  return makeDataset({ name, columns: valueNames(encoding), shape: [width], values, split, encoding, meta });
}
