import { VeilganError } from '../gpu/errors.ts';
import { fileError, writeAtomic } from './files.ts';
import { encodeNpy } from './npy.ts';

/** Rows as CSV with a header; nine digits give every f32 back exactly. */
export function toCsv(rows: Float32Array, columns: readonly string[]): string {
  const lines = [columns.map(quoteCell).join(',')];
  for (let i = 0; i < rows.length; i += columns.length) {
    lines.push(Array.from(rows.subarray(i, i + columns.length), (x) => String(Number(x.toPrecision(9)))).join(','));
  }
  return `${lines.join('\n')}\n`;
}

const quoteCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

/**
 * Writes samples as the file's extension says; a picture needs `png`, which draws it.
 * @throws VeilganError USAGE for another extension, FILE where the disk refuses
 */
export async function writeSamples(
  file: string,
  rows: Float32Array,
  columns: readonly string[],
  png: () => Promise<Uint8Array>,
): Promise<void> {
  const kind = /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase();
  if (kind !== 'csv' && kind !== 'npy' && kind !== 'png') {
    throw new VeilganError('USAGE', `${file}: samples are written as .csv, .npy or .png`, {
      where: '--out',
      fix: 'Give a file with one of these extensions',
    });
  }
  const shape = [rows.length / columns.length, columns.length];
  const content = kind === 'csv' ? toCsv(rows, columns) : kind === 'npy' ? encodeNpy(rows, shape) : await png();
  try {
    writeAtomic(file, typeof content === 'string' ? content : [content]);
  } catch (cause) {
    throw fileError(cause, file, 'write samples');
  }
}
