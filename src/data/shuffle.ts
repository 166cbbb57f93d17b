/**
 * Records in another order, by a keyed hash of each: a file may be sorted, or its parts may differ in kind, which attacks
 * would take for a leak. A record's place among the others follows from what it holds and how many equal ones there are
 * before it, so that one record more or less moves none of the others past each other.
 *
 * Which side of the split a record is on: where sides were chosen by a hash already, or nothing is held out, it stays
 * where it is. Where they were chosen by position, each record is held out with a probability, by a hash of its own: sizes
 * vary. That probability is what the caller says (two ranges that were given say it), which no record moves; without it
 * the part that was held out, as one over a whole number where that is near: then it follows from the number of rows,
 * and the split still counts as one by position, which is right only where that number is public and stays.
 */
import { VeilganError } from '../base/errors.ts';
import type { Dataset, DatasetMeta, Labels } from './dataset.ts';
import type { Records } from './records.ts';
import { bytesOfCells, RowHash } from './row-hash.ts';
import { type NamedTable, rowsOf } from './store/table-files.ts';

type Values = Records | Float64Array;

export interface ShuffleOptions {
  /** the probability with which a record is held out, where sides are mixed */
  readonly share?: number;
}

interface Order {
  /** row numbers, those of the hold-out following those of training */
  readonly train: readonly number[];
  readonly holdout: readonly number[];
  readonly meta: DatasetMeta;
}

/** A part as a number that a few rows more or less do not change. */
function steady(part: number): number {
  const whole = Math.round(1 / part);
  return whole >= 2 && Math.abs(1 / part - whole) < 0.05 ? 1 / whole : part;
}

/** @param bytesOf what a row holds */
function orderOf(
  meta: DatasetMeta,
  [rows, holdoutRows]: readonly [number, number],
  seed: number,
  bytesOf: (row: number) => Uint8Array,
  { share }: ShuffleOptions,
): Order {
  const [place, side] = [new RowHash(seed, 'order'), new RowHash(seed, 'side')];
  const mixed = holdoutRows > 0 && meta.split !== 'hash';
  const part = share ?? steady(holdoutRows / (rows + holdoutRows));
  const all = Array.from({ length: rows + holdoutRows }, (_, row) => {
    const bytes = bytesOf(row);
    return { row, at: place.next(bytes), held: mixed ? side.next(bytes) < part : row >= rows };
  });
  const sorted = all.sort((a, b) => a.at - b.at || a.row - b.row);
  const of = (held: boolean) => sorted.filter((each) => each.held === held).map(({ row }) => row);
  const [train, holdout] = [of(false), of(true)];
  if (train.length === 0 || (mixed && holdout.length === 0)) {
    throw new VeilganError('USAGE', `a seed of ${seed} puts all ${rows + holdoutRows} rows on one side`, {
      where: '--shuffle',
      fix: 'Give another seed, or more rows',
    });
  }
  const origin = `${meta.origin}, shuffled by seed ${seed}`;
  const split = mixed && share !== undefined ? { split: 'hash' as const } : {};
  return { train, holdout, meta: { ...meta, origin, ...split } };
}

/** Rows of `width` values of both parts, in the order of a list. */
function picked<V extends Values>(train: V, holdout: V, width: number, list: readonly number[]): V {
  const rows = train.length / width;
  const out = new (train.constructor as new (length: number) => V)(list.length * width);
  list.forEach((i, at) => {
    const [part, row] = i < rows ? [train, i] : [holdout, i - rows];
    out.set(part.subarray(row * width, (row + 1) * width), at * width);
  });
  return out;
}

/** The bytes of one row of both parts. */
function bytesIn({ train, holdout, features, rows }: Dataset, row: number): Uint8Array {
  const [part, at] = row < rows ? [train, row] : [holdout, row - rows];
  const values = part.subarray(at * features, (at + 1) * features);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/**
 * The same records in another order; see above for which are held out.
 * @param seed of the order, public
 * @throws VeilganError USAGE where one side would be empty
 */
export function shuffled(data: Dataset, seed: number, options: ShuffleOptions = {}): Dataset {
  const { features, rows, holdoutRows, labels } = data;
  const labelOf = (row: number) => (labels && row < rows ? labels.train[row] : labels?.holdout[row - rows]);
  const bytesOf = (row: number) => {
    const label = labelOf(row);
    if (label === undefined) return bytesIn(data, row);
    const record = bytesIn(data, row);
    const bytes = new Uint8Array(record.length + 4);
    bytes.set(record);
    new DataView(bytes.buffer).setUint32(record.length, label, true);
    return bytes;
  };
  const { train, holdout, meta } = orderOf(data.meta, [rows, holdoutRows], seed, bytesOf, options);
  const of = (list: readonly number[]) => picked(data.train, data.holdout, features, list);
  const marks = (list: readonly number[]) => Uint32Array.from(list, (row) => labelOf(row) ?? 0);
  const kept: { labels?: Labels } = labels ? { labels: { train: marks(train), holdout: marks(holdout) } } : {};
  const sizes = { rows: train.length, holdoutRows: holdout.length };
  return { ...data, ...sizes, train: of(train), holdout: of(holdout), ...kept, meta };
}

/** The same rows of a table in another order, as `shuffled`; a row is what its cells say, not how they are stored. */
export function shuffledTable(named: NamedTable, seed: number, options: ShuffleOptions = {}): NamedTable {
  const { train, holdout, columns } = named.table;
  const width = columns.length;
  const sizes = [rowsOf(train, columns), rowsOf(holdout, columns)] as const;
  const bytesOf = (row: number) => {
    const [part, at] = row < sizes[0] ? [train, row] : [holdout, row - sizes[0]];
    const cells = columns.map((column, j) => {
      const cell = part[at * width + j];
      if (Number.isNaN(cell)) return '';
      return 'values' in column ? `=${column.values[cell]}` : String(cell);
    });
    return bytesOfCells(cells);
  };
  const order = orderOf(named.meta, sizes, seed, bytesOf, options);
  const of = (list: readonly number[]) => picked(train, holdout, width, list);
  return {
    ...named,
    table: { ...named.table, train: of(order.train), holdout: of(order.holdout) },
    meta: order.meta,
  };
}
