/** Released samples as files. Node only. */
import { VeilganError } from '../base/errors.ts';
import { fileError, writeAtomic } from '../base/files.ts';
import { countRecords } from '../base/rows.ts';
import { sizeOf } from '../tensor/shape.ts';
import { encodeNpy } from './npy.ts';
import { type Samples, samplesCsv, toNpy } from './samples.ts';

/** Where the labels of `samples.npy` are: `samples.labels.npy`. */
export const labelsFile = (file: string): string => file.replace(/\.npy$/i, '.labels.npy');

type Encode = (
  samples: Samples,
  png: () => Promise<Uint8Array>,
) => Promise<readonly [content: string | Uint8Array, labels?: Uint8Array]>;

/** By the file's extension: what it holds, and the labels where they are a file of their own. */
const encoders = {
  csv: async (samples) => [samplesCsv(samples)],
  npy: async ({ labels, ...samples }) => [toNpy(samples), labels && encodeNpy(labels, [labels.length])],
  png: async (_, png) => [await png()],
} satisfies Record<string, Encode>;

export type SampleKind = keyof typeof encoders;
/** For people: `.csv, .npy, .png`. */
export const sampleKinds = Object.keys(encoders)
  .map((kind) => `.${kind}`)
  .join(', ');

/** What a file of samples is, by its extension. @throws VeilganError USAGE for another one */
export function sampleKind(file: string): SampleKind {
  const kind = /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
  if (Object.hasOwn(encoders, kind)) return kind as SampleKind;
  throw new VeilganError('USAGE', `${file}: samples are written as ${sampleKinds}`, {
    where: 'out',
    fix: 'Give a file with one of these extensions',
  });
}

/**
 * Writes samples as the file's extension says; a picture needs `png`, which draws it. Labels are a column of the CSV,
 * or in an array of their own beside the .npy.
 * @throws VeilganError USAGE for another extension, NAN for a value that is not finite, FILE where the disk refuses
 */
export async function writeSamples(file: string, samples: Samples, png: () => Promise<Uint8Array>): Promise<void> {
  const { rows, shape } = samples;
  const encode = encoders[sampleKind(file)];
  countRecords(rows, sizeOf(shape), 'samples');
  const [content, labels] = await encode(samples, png);
  try {
    writeAtomic(file, typeof content === 'string' ? content : [content]);
    if (labels) writeAtomic(labelsFile(file), [labels]);
  } catch (cause) {
    throw fileError(cause, file, 'write samples');
  }
}
