import { PhiloxStream } from '../ops/philox.ts';
import type { Dataset, DatasetMeta, Labels } from './dataset.ts';
import type { Records } from './records.ts';
import { type NamedTable, rowsOf } from './table-files.ts';

type Values = Records | Float64Array;

/** Rows of `width` values in a new order, both parts mixed, as many rows in each as before. */
function mixed<V extends Values>(train: V, holdout: V, width: number, order: Uint32Array): { train: V; holdout: V } {
  const rows = train.length / width;
  const make = (length: number) => new (train.constructor as new (length: number) => V)(length);
  const row = (i: number) =>
    i < rows
      ? train.subarray(i * width, (i + 1) * width)
      : holdout.subarray((i - rows) * width, (i - rows + 1) * width);
  const part = (from: number, to: number) => {
    const out = make((to - from) * width);
    for (let i = from; i < to; i++) out.set(row(order[i]), (i - from) * width);
    return out;
  };
  return { train: part(0, rows), holdout: part(rows, order.length) };
}

const orderOf = (seed: number, rows: number) => new PhiloxStream(seed, 'data/shuffle').permutation(rows);
const shuffledMeta = (meta: DatasetMeta, seed: number) => ({
  ...meta,
  origin: `${meta.origin}, shuffled by seed ${seed}`,
});

/**
 * The same records in another order, training and hold-out rows mixed, as many of each as before: a file may be sorted,
 * or its parts may differ in kind, which attacks would take for a leak.
 * @param seed of the order
 */
export function shuffled(data: Dataset, seed: number): Dataset {
  const { features, rows, holdoutRows, labels } = data;
  const order = orderOf(seed, rows + holdoutRows);
  const label = ({ train, holdout }: Labels, from: number, to: number) =>
    Uint32Array.from(order.subarray(from, to), (i) => (i < rows ? train[i] : holdout[i - rows]));
  return {
    ...data,
    ...mixed(data.train, data.holdout, features, order),
    ...(labels ? { labels: { train: label(labels, 0, rows), holdout: label(labels, rows, rows + holdoutRows) } } : {}),
    meta: shuffledMeta(data.meta, seed),
  };
}

/** The same rows of a table in another order, as `shuffled`. */
export function shuffledTable(named: NamedTable, seed: number): NamedTable {
  const { train, holdout, columns } = named.table;
  const order = orderOf(seed, rowsOf(train, columns) + rowsOf(holdout, columns));
  const parts = mixed(train, holdout, columns.length, order);
  return { ...named, table: { ...named.table, ...parts }, meta: shuffledMeta(named.meta, seed) };
}
