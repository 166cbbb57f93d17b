/** Released samples as the bytes of files. Browser-safe; write-samples.ts writes them. */

import { VeilganError } from '../base/errors.ts';
import { countRecords } from '../base/rows.ts';
import { decodedCsv, quoteCell } from '../data/csv/text.ts';
import type { Dataset } from '../data/dataset.ts';
import { columnsOf, decodeRows, type TableRows } from '../data/encoding/decode.ts';
import { unscaled } from '../data/encoding/linear.ts';
import { toBytes } from '../data/records.ts';
import type { Column, Encoding, Key } from '../data/table.ts';
import { sizeOf } from '../tensor/shape.ts';
import { conditionOf, drawMatching, PIECES, type Piece } from './conditions.ts';
import type { TrainingJob } from './job.ts';
import { encodeNpy } from './npy.ts';

/**
 * Rows as CSV with a header; nine digits give every f32 back exactly.
 * @param labels of the rows, in a last column
 * @throws VeilganError NAN for a value that is not finite
 */
export function toCsv(rows: Float32Array, columns: readonly string[], labels?: Uint32Array): string {
  countRecords(rows, columns.length, 'samples');
  const lines = [[...columns.map(quoteCell), ...(labels ? ['label'] : [])].join(',')];
  for (let i = 0; i < rows.length; i += columns.length) {
    const values = Array.from(rows.subarray(i, i + columns.length), (x) => String(Number(x.toPrecision(9))));
    lines.push([...values, ...(labels ? [String(labels[i / columns.length])] : [])].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** Whether records are points in the plane. */
export const isPoints = ({ features, encoding }: Pick<Dataset, 'features' | 'encoding'>): boolean =>
  features === 2 && !encoding;

/** Whether records of this shape are images. */
export const isImage = (shape: readonly number[]): boolean => shape.length === 3;

export interface Samples {
  /** [n, ...shape] */
  readonly rows: Float32Array;
  /** of a record: [features], or [height, width, channels] with values in [-1, 1] */
  readonly shape: readonly number[];
  /** names of the features; none for images */
  readonly columns: readonly string[];
  /** [n], where labels condition the generator */
  readonly labels?: Uint32Array;
  /** of a table's records, which CSV holds as cells; draws among rare values follow from the seed */
  readonly table?: { readonly encoding: Encoding; readonly seed: number };
  /** the same rows as cells of a table, where they were chosen by these */
  readonly cells?: TableRows;
  /** columns that get fresh values */
  readonly keys?: readonly Key[];
}

/**
 * Generated records [n, features] as they are released: in the units of the source.
 * @param labels of rows that are not the first ones of a sequence
 */
export function samplesOf(
  { gan, data, run }: Pick<TrainingJob, 'gan' | 'data' | 'run'>,
  rows: Float32Array,
  labels = gan.labelsOf(rows.length / data.features),
): Samples {
  const { shape, columns, scaling, encoding } = data;
  const table = encoding && { encoding, seed: run.info.seed };
  return { rows: unscaled(rows, scaling), shape, columns, labels, table, keys: data.meta.keys };
}

/**
 * Rows with columns of identifiers at their places: whole numbers from 1 on, which nothing of the data is in.
 * @param first number of the first row, where rows come in pieces
 */
export function withKeys({ columns, cells }: TableRows, keys: readonly Key[] = [], first = 0): TableRows {
  if (keys.length === 0) return { columns, cells };
  const all: (Column | number)[] = columns.map((_, i) => i);
  for (const { name, at } of [...keys].sort((a, b) => a.at - b.at)) {
    all.splice(at, 0, { name, kind: 'integer', decimals: 0 });
  }
  const rows = cells.length / columns.length;
  const out = new Float64Array(rows * all.length);
  for (let row = 0, to = 0; row < rows; row++) {
    for (const from of all) {
      out[to++] = typeof from === 'number' ? cells[row * columns.length + from] : first + row + 1;
    }
  }
  return { columns: all.map((from) => (typeof from === 'number' ? columns[from] : from)), cells: out };
}

/** Names of an image's values, row by row: y, x, and the channel where there are several. */
const pixelNames = ([h, w, c]: readonly number[]): string[] =>
  Array.from({ length: h * w * c }, (_, i) => {
    const at = Math.floor(i / c);
    return `y${Math.floor(at / w)}_x${at % w}${c > 1 ? `_c${i % c}` : ''}`;
  });

/**
 * Samples as a NumPy array: images as bytes, 0 to 255, everything else as f32.
 * @throws VeilganError NAN for a value that is not finite, which no byte could show
 */
export const toNpy = ({ rows, shape }: Samples): Uint8Array => {
  const n = countRecords(rows, sizeOf(shape), 'samples');
  return encodeNpy(isImage(shape) ? toBytes(rows) : rows, [n, ...shape]);
};

/**
 * Samples as CSV: numbers, the cells of a table as its source writes them, or the bytes of images, a column a pixel.
 * @throws VeilganError NAN for a value that is not finite
 */
export function samplesCsv({ rows, shape, columns, labels, table, cells, keys }: Samples): string {
  if (cells) return decodedCsv(withKeys(cells, keys));
  if (table) return decodedCsv(withKeys(decodeRows(table.encoding, rows, table), keys));
  if (!isImage(shape)) return toCsv(rows, columns, labels);
  countRecords(rows, sizeOf(shape), 'samples');
  return toCsv(Float32Array.from(toBytes(rows)), pixelNames(shape), labels);
}

/** Sequences of samples that a generator has, and how far apart are those that one call takes: `PIECES` fit beside one another. */
const STREAMS = 1001;
const STRIDE = Math.floor(STREAMS / PIECES);

/** What conditions on samples ask for. */
export interface Asked {
  readonly where: readonly string[];
  readonly require: readonly string[];
  readonly balance?: string;
}

/**
 * Samples that meet conditions (rejection; see `drawMatching`).
 * @param stream of the seed's sequences, which the first piece is of; further pieces are of every twentieth one behind it, so
 * that no two calls of streams less than twenty apart share a row
 * @throws VeilganError USAGE for conditions on images or on columns that are not there; DATA where too few rows meet them
 */
export async function matchingSamples(
  job: Pick<TrainingJob, 'gan' | 'data' | 'run'>,
  { n, stream, asked, onProgress }: { n: number; stream: number; asked: Asked; onProgress?: (found: number) => void },
): Promise<Samples> {
  const { gan, data, run } = job;
  const { shape, encoding, features, scaling } = data;
  if (isImage(shape)) {
    throw new VeilganError('USAGE', 'images have no columns that conditions could name', {
      where: 'where',
      fix: 'Leave the conditions away',
    });
  }
  const columns: Column[] = encoding
    ? columnsOf(encoding)
    : data.columns.map((name) => ({ name, kind: 'number', decimals: 0 }));
  const conditions = [
    ...asked.where.map((text) => conditionOf(text, columns, { where: 'where' })),
    ...asked.require.map((text) => conditionOf(text, columns, { where: 'require', columnsToo: true })),
  ];
  const { seed } = run.info;
  const draw = async (count: number, piece: number, first: number): Promise<Piece> => {
    const rows = await gan.sample(count, (stream + STRIDE * piece) % STREAMS);
    const cells = encoding
      ? decodeRows(encoding, rows, { seed, first }).cells
      : Float64Array.from(unscaled(rows, scaling));
    return { rows, cells, labels: gan.labelsOf(count) };
  };
  const { balance } = asked;
  const found = await drawMatching(draw, { n, features, columns, conditions, balance, onProgress });
  const samples = samplesOf(job, found.rows, found.labels);
  return encoding ? { ...samples, cells: { columns, cells: found.cells } } : samples;
}
