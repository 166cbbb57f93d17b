/** What a run says of its data. Browser-safe. */
import { isTable, type Source } from '../data/dataset.ts';
import type { Open } from '../data/table.ts';

/** What run.json says of a data set, or of the table that records are made of. */
export function describe(source: Source) {
  const { name, rows, holdoutRows: holdout, columns, meta } = source;
  const { origin, sha256, seed, split } = meta;
  return {
    ...{ name, rows, holdout, columns, origin, sha256 },
    ...(seed === undefined ? {} : { seed }),
    ...(split ? { split } : {}),
    // What a table's rows decided stands in its encoding.
    ...(isTable(source) ? {} : { open: meta.open ?? unnamed(source) }),
  };
}

/** Of labelled data whose classes nobody named, that their number comes from the labels. */
const unnamed = ({ labels, classes, meta }: Source): Open[] =>
  labels && !classes && meta.seed === undefined ? [{ what: 'classes' }] : [];
