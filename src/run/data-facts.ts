/** What a run says of its data. Browser-safe. */
import type { Dataset } from '../data/dataset.ts';
import { isTable, rowsOf, type Source } from '../data/store/table-files.ts';
import type { Open } from '../data/table.ts';

/** What run.json says of a data set, or of the table that records are made of. */
export function describe(source: Source) {
  const { name, meta } = source;
  const { origin, sha256, seed, split } = meta;
  const { rows, holdout, columns } = isTable(source)
    ? {
        rows: rowsOf(source.table.train, source.table.columns),
        holdout: rowsOf(source.table.holdout, source.table.columns),
        columns: source.table.columns.map((column) => column.name),
      }
    : { rows: source.rows, holdout: source.holdoutRows, columns: source.columns };
  return {
    ...{ name, rows, holdout, columns, origin, sha256 },
    ...(seed === undefined ? {} : { seed }),
    ...(split ? { split } : {}),
    // What a table's rows decided stands in its encoding.
    ...(isTable(source) ? {} : { open: meta.open ?? unnamed(source) }),
  };
}

/** Of labelled data whose classes nobody named, that their number comes from the labels. */
const unnamed = ({ labels, classes, meta }: Dataset): Open[] =>
  labels && !classes && meta.seed === undefined ? [{ what: 'classes' }] : [];
