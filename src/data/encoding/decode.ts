/** Records of numbers back to cells of a table. Browser-safe. */

import { PhiloxStream } from '../../base/philox.ts';
import { countRecords } from '../../base/rows.ts';
import { largest } from '../../ops/heads.ts';
import {
  blocksOf,
  type CategoryCode,
  type Cells,
  type Column,
  type ColumnCode,
  type Encoding,
  widthOf,
} from '../table.ts';
import { inverse, pieceOf } from './knots.ts';

/** Rows with what says how to write them; needs no table. */
export interface TableRows {
  readonly columns: readonly Column[];
  /** [rows, columns]; a category is an index into its column's values, NaN is missing */
  readonly cells: Cells;
}

/** The column that decoded cells are of; the texts of a shared place follow the others. */
function columnOf(code: ColumnCode): Column {
  if (!('at' in code)) {
    return { name: code.name, kind: code.kind, values: [...code.values, ...(code.rare?.values ?? [])] };
  }
  const { name, kind, format = '', decimals = 0 } = code;
  return kind === 'date' ? { name, kind, format } : { name, kind, decimals };
}

/** The columns that decoded cells are of. */
export const columnsOf = ({ columns }: Pick<Encoding, 'columns'>): Column[] => columns.map(columnOf);

/** Cells by place; of the shared one by counts, from a 32-bit word. */
function choiceOf({ values, rare }: CategoryCode): (place: number, word: () => number) => number {
  const starts = [0];
  for (const count of rare?.counts ?? []) starts.push(starts[starts.length - 1] + count);
  return (place, word) => {
    if (place < values.length) return place;
    if (!rare || place > values.length) return Number.NaN;
    return values.length + pieceOf(starts, (word() / 2 ** 32) * starts[starts.length - 1]);
  };
}

/**
 * Cells of records [n, width], such as a generator's: numbers through the inverse curve, rounded as the column is
 * written and kept within the outermost knots; choices by their largest value. All cells are valid values of their
 * columns, whatever finite numbers the records hold.
 * @param seed of the draws among the values that share a place: a function of seed, row and column
 * @param first number of the first row, where rows come in pieces
 * @throws VeilganError SHAPE for no rows or no whole ones; NAN for a value that is not finite; CONFIG for a bad seed
 */
export function decodeRows(
  encoding: Encoding,
  rows: Float32Array,
  { seed, first = 0 }: { seed: number; first?: number },
): TableRows {
  const width = widthOf(encoding);
  const n = countRecords(rows, width, 'rows to decode');
  const count = encoding.columns.length;
  const cells = new Float64Array(n * count);
  const stream = new PhiloxStream(seed, 'data/decode');
  const blocks = blocksOf(encoding);
  encoding.columns.forEach((code, j) => {
    const [{ at, width: places }, choice] = blocks[j];
    if ('at' in code) {
      const back = inverse(code);
      for (let i = 0, row = 0; i < n; i++, row += width) {
        const gone = choice && largest(rows, row + choice.at, 2) === 1;
        cells[i * count + j] = gone ? Number.NaN : back(rows[row + at]);
      }
    } else {
      const pick = choiceOf(code);
      for (let i = 0, row = 0; i < n; i++, row += width) {
        cells[i * count + j] = pick(largest(rows, row + at, places), () => stream.at((first + i) * count + j));
      }
    }
  });
  return { columns: columnsOf(encoding), cells };
}
