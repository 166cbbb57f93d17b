/**
 * The binary format of CIFAR-10 (A. Krizhevsky, "The CIFAR-10 dataset", binary version): records of 3073 bytes, a label
 * 0..9 and then the red, green and blue plane of 32x32, each by rows. Untrusted; runs in pages too.
 */
import { VeilganError } from '../../base/errors.ts';
import type { ImagePart } from '../images.ts';

export const CIFAR_SHAPE = [32, 32, 3] as const;
const PLANE = 32 * 32;
/** Bytes of one record. */
export const CIFAR_RECORD = 1 + 3 * PLANE;
const CLASSES = 10;

/**
 * Decodes batches, in order, to images [count, 32, 32, 3] with the channels of a pixel side by side.
 * @param batches files by the name that messages give them
 * @throws VeilganError DATA naming file and record: not a whole number of records, or a label above 9
 */
export function readCifar(batches: readonly (readonly [file: string, bytes: Uint8Array])[]): ImagePart {
  for (const [file, bytes] of batches) {
    const rest = bytes.length % CIFAR_RECORD;
    if (bytes.length > 0 && rest === 0) continue;
    const whole = (bytes.length - rest) / CIFAR_RECORD;
    throw new VeilganError(
      'DATA',
      bytes.length === 0 ? 'the file is empty' : `the file ends within a record: ${rest} of ${CIFAR_RECORD} bytes`,
      { where: `${file}, record ${whole + 1}`, fix: 'Give a file of CIFAR-10, binary version, that is not cut off.' },
    );
  }
  const count = batches.reduce((sum, [, bytes]) => sum + bytes.length, 0) / CIFAR_RECORD;
  const data = new Uint8Array(count * 3 * PLANE);
  const labels = new Uint8Array(count);
  let row = 0;
  for (const [file, bytes] of batches) {
    for (let at = 0; at < bytes.length; at += CIFAR_RECORD, row++) {
      labels[row] = bytes[at];
      if (labels[row] >= CLASSES) {
        throw new VeilganError('DATA', `label ${labels[row]}, where CIFAR-10 has 0 to ${CLASSES - 1}`, {
          where: `${file}, record ${at / CIFAR_RECORD + 1} (byte ${at})`,
          fix: 'Give a file of CIFAR-10, binary version (CIFAR-100 and the Python version have other formats).',
        });
      }
      const to = row * 3 * PLANE;
      for (let channel = 0; channel < 3; channel++) {
        const from = at + 1 + channel * PLANE;
        for (let i = 0; i < PLANE; i++) data[to + 3 * i + channel] = bytes[from + i];
      }
    }
  }
  return { file: batches.map(([file]) => file).join(', '), data, labels };
}

/** The names in `batches.meta.txt`, one a line. @throws VeilganError DATA when they are not ten */
export function cifarClasses(text: string, file: string): string[] {
  const names = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (names.length === CLASSES) return names;
  throw new VeilganError('DATA', `${names.length} names of classes, where CIFAR-10 has ${CLASSES}`, {
    where: file,
    fix: 'Take the file from the archive again, or remove it.',
  });
}
