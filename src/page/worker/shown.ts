/** Records as people look at them: how many, and in what form. For the worker. */
import { parse } from 'csv-parse/browser/esm/sync';
import { decodedCsv } from '../../data/csv/text.ts';
import type { Dataset } from '../../data/dataset.ts';
import { decodeRows } from '../../data/encoding/decode.ts';
import { toBytes } from '../../data/records.ts';
import { widthOf } from '../../data/table.ts';
import { classColumns } from '../../report/grid.ts';
import type { Samples } from '../protocol.ts';

/** Records in a preview; images of each class, where classes condition them. */
const SHOWN = { points: 1000, images: 40, each: 4, rows: 6 };

/**
 * Records as people look at them.
 * @param rows [n, features], values as networks see them
 * @param classes that the rows are of in turn; 0 without
 */
export function samplesOf(data: Dataset, rows: Float32Array, classes = 0): Samples {
  const { shape, columns, features, encoding } = data;
  if (shape.length === 3) {
    const some = rows.subarray(0, Math.min(rows.length, shownOf(data, classes) * features));
    const names = Array.from({ length: classes }, (_, i) => data.classes?.[i] ?? String(i));
    return {
      ...{ kind: 'images', shape: [some.length / features, ...shape], bytes: toBytes(some) },
      ...(classes > 0 ? { classes: names } : {}),
    };
  }
  if (!encoding) return { kind: 'points', columns, xy: rows.slice(0, SHOWN.points * features) };
  const some = rows.subarray(0, Math.min(rows.length, SHOWN.rows * widthOf(encoding)));
  const [head, ...cells] = parse(decodedCsv(decodeRows(encoding, some, { seed: 1 }))) as string[][];
  return { kind: 'rows', columns: head, rows: cells };
}

/** Records of a preview. @param classes that they are of in turn; 0 without */
export function shownOf({ shape, encoding }: Dataset, classes = 0): number {
  if (shape.length === 3) return classColumns(classes) ? SHOWN.each * classes : SHOWN.images;
  return encoding ? SHOWN.rows : SHOWN.points;
}
