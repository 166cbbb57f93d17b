/** Tables of odd columns for the tests of encoders. */
import { encodingSchema } from '../../src/data/encoding/format.ts';
import type { Column, Encoding, Table } from '../../src/data/table.ts';
import { Values } from '../support/values.ts';

/** A table by columns: what each is, and its cells, training rows first. */
export function tableOf(columns: readonly (readonly [Column, readonly number[]])[], train: number): Table {
  const rows = columns[0][1].length;
  const part = (from: number, to: number) =>
    Float64Array.from({ length: (to - from) * columns.length }, (_, i) => {
      return columns[i % columns.length][1][from + Math.floor(i / columns.length)];
    });
  return { columns: columns.map(([column]) => column), train: part(0, train), holdout: part(train, rows) };
}

/** One column of a table's training cells. */
export const columnOf = ({ columns, train }: Pick<Table, 'columns' | 'train'>, j: number): number[] =>
  Array.from(train).filter((_, i) => i % columns.length === j);

export const ODD_TEXTS = [
  'plain',
  'comma, quote " and\nline',
  ' spaces ',
  'Zürich',
  '東京',
  '🙂',
  '"',
  '1',
  'a=b',
  '\u0000',
];

const number = (name: string, decimals: number): Column => ({ name, kind: decimals ? 'number' : 'integer', decimals });
const date = (name: string, format: string): Column => ({ name, kind: 'date', format });

/** A number with so many decimals, as its digits are read. */
const digits = (v: number, decimals: number) => Number(v.toFixed(decimals)) + 0;

/** Columns of every kind: ties, extremes, one value, missing cells, dates, odd texts. */
export function oddTable(seed: number, rows: number, train: number): Table {
  const values = new Values(seed);
  const uniform = () => values.stream.uniform();
  const fill = (cell: () => number) => Array.from({ length: rows }, cell);
  const holes = (cells: number[], share: number) => cells.map((v) => (uniform() < share ? Number.NaN : v));
  const decimals = values.int(1, 4);
  return tableOf(
    [
      [number('age', 0), fill(() => values.int(0, 99))],
      [number('ties', 0), fill(() => (uniform() < 0.8 ? 0 : values.int(-3, 5000)))],
      [number('heavy tail', 2), fill(() => digits(Math.exp(1.5 * values.stream.normal() + 3), 2))],
      [number('fine, signed', decimals), fill(() => digits(values.stream.normal(), decimals))],
      [number('large', 0), fill(() => 1e12 + values.int(0, 100_000))],
      [number('tiny', 20), fill(() => digits(values.int(-9, 9) * 1e-20, 20))],
      [number('one', 1), fill(() => 0.3)],
      [
        number('one or none', 1),
        holes(
          fill(() => -7.5),
          0.3,
        ),
      ],
      [
        number('holes', 3),
        holes(
          fill(() => digits(uniform(), 3)),
          0.4,
        ),
      ],
      [
        date('day', 'DD.MM.YYYY'),
        holes(
          fill(() => values.int(-20_000, 20_000)),
          0.1,
        ),
      ],
      [date('moment', 'YYYY-MM-DD HH:MM:SS'), fill(() => 1_700_000_000 + values.int(0, 1_000_000))],
      [date('minute', 'YYYY-MM-DD HH:MM'), fill(() => 60 * (28_000_000 + values.int(0, 500_000)))],
      [{ name: 'odd "text"', kind: 'category', values: ODD_TEXTS }, fill(() => values.int(0, ODD_TEXTS.length - 1))],
      [
        { name: 'yes', kind: 'boolean', values: ['yes', 'no'] },
        holes(
          fill(() => values.int(0, 1)),
          0.2,
        ),
      ],
      [{ name: 'same', kind: 'category', values: ['only'] }, fill(() => 0)],
      [{ name: 'nothing', kind: 'category', values: [] }, fill(() => Number.NaN)],
    ],
    train,
  );
}

/** An encoding of JSON; else the first thing that is wrong, as `encoding.columns.0: message`. */
export function parseEncoding(value: unknown): Encoding {
  const parsed = encodingSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${['encoding', ...issue.path].join('.')}: ${issue.message}`);
}
