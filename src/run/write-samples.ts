/** Released samples as files. Node only. */
import { VeilganError } from '../base/errors.ts';
import { fileError, writeAtomic } from '../base/files.ts';
import { countRecords } from '../base/rows.ts';
import { sizeOf } from '../tensor/shape.ts';
import { encodeNpy } from './npy.ts';
import { type Samples, samplesCsv, toNpy } from './samples.ts';

/** Where the labels of `samples.npy` are: `samples.labels.npy`. */
export const labelsFile = (file: string): string => file.replace(/\.npy$/i, '.labels.npy');

/**
 * Writes samples as the file's extension says; a picture needs `png`, which draws it. Labels are a column of the CSV,
 * or in an array of their own beside the .npy.
 * @throws VeilganError USAGE for another extension, NAN for a value that is not finite, FILE where the disk refuses
 */
export async function writeSamples(file: string, samples: Samples, png: () => Promise<Uint8Array>): Promise<void> {
  const kind = /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase();
  if (kind !== 'csv' && kind !== 'npy' && kind !== 'png') {
    throw new VeilganError('USAGE', `${file}: samples are written as .csv, .npy or .png`, {
      where: 'out',
      fix: 'Give a file with one of these extensions',
    });
  }
  const { rows, shape, labels } = samples;
  countRecords(rows, sizeOf(shape), 'samples');
  const content = kind === 'csv' ? samplesCsv(samples) : kind === 'npy' ? toNpy(samples) : await png();
  try {
    writeAtomic(file, typeof content === 'string' ? content : [content]);
    if (kind === 'npy' && labels) writeAtomic(labelsFile(file), [encodeNpy(labels, [labels.length])]);
  } catch (cause) {
    throw fileError(cause, file, 'write samples');
  }
}
