import { toBytes } from '../data/records.ts';
import { VeilganError } from '../gpu/errors.ts';
import { countRecords } from '../metrics/samples.ts';
import { fileError, writeAtomic } from './files.ts';
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

const quoteCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

export interface Samples {
  /** [n, ...shape] */
  readonly rows: Float32Array;
  /** of a record: [features], or [height, width, channels] with values in [-1, 1] */
  readonly shape: readonly number[];
  /** names of the features; none for images */
  readonly columns: readonly string[];
  /** [n], where labels condition the generator */
  readonly labels?: Uint32Array;
}

/** Where the labels of `samples.npy` are: `samples.labels.npy`. */
export const labelsFile = (file: string): string => file.replace(/\.npy$/i, '.labels.npy');

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

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
  const n = countRecords(rows, size(shape), 'samples');
  return encodeNpy(shape.length === 3 ? toBytes(rows) : rows, [n, ...shape]);
};

/**
 * Writes samples as the file's extension says; a picture needs `png`, which draws it. Labels are a column of the CSV,
 * or in an array of their own beside the .npy.
 * @throws VeilganError USAGE for another extension, NAN for a value that is not finite, FILE where the disk refuses
 */
export async function writeSamples(file: string, samples: Samples, png: () => Promise<Uint8Array>): Promise<void> {
  const kind = /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase();
  if (kind !== 'csv' && kind !== 'npy' && kind !== 'png') {
    throw new VeilganError('USAGE', `${file}: samples are written as .csv, .npy or .png`, {
      where: '--out',
      fix: 'Give a file with one of these extensions',
    });
  }
  const { rows, shape, columns, labels } = samples;
  countRecords(rows, size(shape), 'samples');
  const csv = () =>
    shape.length === 3
      ? toCsv(Float32Array.from(toBytes(rows)), pixelNames(shape), labels)
      : toCsv(rows, columns, labels);
  const content = kind === 'csv' ? csv() : kind === 'npy' ? toNpy(samples) : await png();
  try {
    writeAtomic(file, typeof content === 'string' ? content : [content]);
    if (kind === 'npy' && labels) writeAtomic(labelsFile(file), [encodeNpy(labels, [labels.length])]);
  } catch (cause) {
    throw fileError(cause, file, 'write samples');
  }
}
