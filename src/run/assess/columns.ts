/**
 * A table and samples of it side by side: cells as the source has them and as samples are released, so that what a
 * run's own encoding leaves out, which of a private one may be much, counts against its samples.
 */
import { evenly } from '../../base/rows.ts';
import { decodeRows, type TableRows } from '../../data/encoding/decode.ts';
import { fitEncoding } from '../../data/encoding/encoding.ts';
import type { CategoryCode, CategoryColumn, Cells, Encoding, Table } from '../../data/table.ts';
import type { ColumnCells } from '../../metrics/marginals.ts';
import { trainingRows } from '../../train/rows.ts';
import type { TrainingJob } from '../training.ts';
import type { Subject } from './subject.ts';
import { unseenOf } from './target.ts';

/** Rows that are drawn at once; a record of a wide table has thousands of numbers. */
const PIECE = 100_000;

/** The rows that quality of tables looks at. */
export interface Tables {
  /** fitted to the real training rows, whatever the run's own one is */
  readonly encoding: Encoding;
  readonly samples: TableRows;
  /** as many samples as training rows */
  readonly judged: TableRows;
  /** all training rows */
  readonly train: TableRows;
  /** what samples are compared with */
  readonly reference: TableRows;
  /** training rows in the place of samples, where the reference is others */
  readonly members?: TableRows;
  /** all rows that training left out, where there are some */
  readonly unseen?: TableRows;
}

/** Some rows, evenly spaced. */
function some({ columns, cells }: TableRows, most: number): TableRows {
  const width = columns.length;
  const list = evenly(cells.length / width, most);
  const cell = (i: number) => cells[list[Math.floor(i / width)] * width + (i % width)];
  return { columns, cells: Float64Array.from({ length: list.length * width }, (_, i) => cell(i)) };
}

/**
 * As many samples as there are training rows: those at hand, or new ones.
 * @param generated [n, features], of the generator's first sequence
 */
export async function judgedRows(
  { gan, data, run }: TrainingJob,
  own: Encoding,
  generated: Float32Array,
  rows: number,
): Promise<TableRows> {
  const { features } = data;
  const { seed } = run.info;
  if (generated.length >= rows * features) return decodeRows(own, generated.subarray(0, rows * features), { seed });
  const pieces: TableRows[] = [];
  for (let first = 0; first < rows; first += PIECE) {
    const made = await gan.sample(Math.min(PIECE, rows - first), pieces.length);
    pieces.push(decodeRows(own, made, { seed, first }));
  }
  const [{ columns }] = pieces;
  const cells = new Float64Array(rows * columns.length);
  pieces.forEach((piece, i) => {
    cells.set(piece.cells, i * PIECE * columns.length);
  });
  return { columns, cells };
}

/** The cells of the rows that a subject is about. @param table that the run was trained on */
export async function tablesOf(subject: Subject, table: Table, own: Encoding): Promise<Tables> {
  const { job, generated, members, found } = subject;
  const { data, gan, run } = job;
  const { columns } = table;
  const rows = (cells: Cells): TableRows => ({ columns, cells });
  const first = trainingRows(data, gan.config) * columns.length;
  const train = rows(table.train.subarray(0, first));
  const [[source, others] = []] = unseenOf(job);
  const left = ((others?.rows.length ?? 0) / data.features) * columns.length;
  const unseen = source && rows(source === 'hold-out' ? table.holdout : table.train.subarray(first, first + left));
  return {
    encoding: fitEncoding(table),
    samples: decodeRows(own, generated, { seed: run.info.seed }),
    judged: await judgedRows(job, own, generated, first / columns.length),
    train,
    reference: some(unseen ?? train, found.rows.reference),
    ...(members ? { members: some(train, found.rows.real) } : {}),
    ...(unseen ? { unseen } : {}),
  };
}

/** Places of a category: its values, all others, and missing cells. */
export const placeNames = ({ values }: CategoryCode): string[] => [...values, '(other)', '(missing)'];

/** The columns of an encoding in some rows: places of categories, numbers and dates as they are. */
export function columnCells({ columns, cells }: TableRows, encoding: Encoding): ColumnCells[] {
  return encoding.columns.map((code): ColumnCells => {
    const j = columns.findIndex(({ name }) => name === code.name);
    const column = Float64Array.from(
      { length: cells.length / columns.length },
      (_, i) => cells[i * columns.length + j],
    );
    if ('at' in code) return { cells: column };
    const { length } = code.values;
    const place = new Map(code.values.map((text, i) => [text, i]));
    const places = (columns[j] as CategoryColumn).values.map((text) => place.get(text) ?? length);
    return {
      places: length + 2,
      cells: Uint32Array.from(column, (value) => (Number.isNaN(value) ? length + 1 : places[value])),
    };
  });
}
