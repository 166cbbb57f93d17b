/** Data sets by their two parts, as tests write them. */
import {
  concatRows,
  type DatasetParts,
  makeDataset,
  makeTable,
  type Source,
  type TableData,
} from '../../src/data/dataset.ts';
import type { Records } from '../../src/data/records.ts';
import type { Table } from '../../src/data/table.ts';

interface Twins<V> {
  readonly train: V;
  readonly holdout: V;
}

export const datasetOf = <R extends Records>(
  of: Omit<DatasetParts<R>, 'values' | 'split' | 'labels'> & Twins<R> & { readonly labels?: Twins<Uint32Array> },
) => {
  const { train, holdout, labels, ...facts } = of;
  const features = of.shape.reduce((product, size) => product * size, 1);
  return makeDataset<R>({
    ...facts,
    ...{ values: concatRows(train, holdout), split: train.length / features },
    ...(labels ? { labels: concatRows(labels.train, labels.holdout) } : {}),
  });
};

/** A table with a name. */
export const named = (of: { readonly table: Table } & Pick<Source, 'name' | 'meta' | 'notes' | 'given'>): TableData => {
  const { table, ...facts } = of;
  const { columns, label, train, holdout } = table;
  const values = concatRows(train, holdout);
  return makeTable({ ...facts, columns, label, values, split: train.length / columns.length });
};
