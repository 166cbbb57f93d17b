/**
 * The binary format of CIFAR-10 (A. Krizhevsky, "The CIFAR-10 dataset", binary version): records of 3073 bytes, a label
 * 0..9 and then the red, green and blue plane of 32x32, each by rows. On disk: the archive as published, a folder unpacked
 * from it, or one batch. Untrusted. Node only.
 */
import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { VeilganError } from '../../base/errors.ts';
import { nameFromFile } from '../csv/numbers.ts';
import type { Dataset } from '../dataset.ts';
import { entriesOf, type Format, headOf, readError, readWhole } from './files.ts';
import { idxKind } from './idx-read.ts';
import { type ImagePart, imageDataset, type RowRanges } from './images.ts';

const CIFAR_SHAPE = [32, 32, 3] as const;
const PLANE = 32 * 32;
/** Bytes of one record. */
export const CIFAR_RECORD = 1 + 3 * PLANE;
const CLASSES = 10;
const digits = Array.from({ length: CLASSES }, (_, label) => String(label));

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

const TRAIN = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
const TEST = 'test_batch.bin';
const META = 'batches.meta.txt';
const WANTED = new Set([...TRAIN, TEST, META]);
/** A batch has 30,730,000 bytes. */
const MOST_ENTRY = 2 ** 26;
const MOST_UNPACKED = 2 ** 30;
/** The folder in the archive, and the archive. */
const FOLDER = 'cifar-10-batches-bin';
const ARCHIVE = /^cifar-?10-binary\.tar(\.gz)?$/i;

/** The batches of CIFAR-10 in a folder, in a folder in it, or in an archive in it. */
async function cifarIn(folder: string): Promise<{ path: string; isFile: boolean } | undefined> {
  const { files, folders } = await entriesOf(folder);
  if (files.some((file) => file === TEST || TRAIN.includes(file))) return { path: folder, isFile: false };
  if (folders.includes(FOLDER)) return cifarIn(join(folder, FOLDER));
  const archive = files.find((file) => ARCHIVE.test(file));
  return archive === undefined ? undefined : { path: join(folder, archive), isFile: true };
}

/** The wanted files of an archive, by name without folder. @throws VeilganError FILE, DATA */
async function readArchive(path: string): Promise<Map<string, Uint8Array>> {
  const file = basename(path);
  const found = new Map<string, Uint8Array>();
  const bad = (message: string, cause?: unknown) =>
    new VeilganError('DATA', message, { where: file, fix: 'Get the archive again: this copy cannot be used.', cause });
  let failure: unknown;
  const take = (entry: ReadEntry) => {
    const name = basename(entry.path);
    if (entry.type !== 'File' || !WANTED.has(name) || found.has(name)) {
      entry.resume();
      return;
    }
    if (entry.size > MOST_ENTRY) {
      failure ??= bad(`${name} has ${entry.size} bytes, more than any batch of CIFAR-10`);
      entry.resume();
      return;
    }
    const bytes = new Uint8Array(entry.size);
    let done = 0;
    found.set(name, bytes);
    entry.on('data', (chunk: Uint8Array) => {
      bytes.set(chunk, done);
      done += chunk.length;
    });
  };
  const parser = new Parser({ strict: true, onReadEntry: take });
  parser.on('error', (error: unknown) => {
    failure ??= bad(`it is no whole tar archive: ${error instanceof Error ? error.message : error}`, error);
  });
  let total = 0;
  const unpacked = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      total += chunk.length;
      if (total > MOST_UNPACKED) failure ??= bad('it unpacks to more than 1 GiB, which CIFAR-10 does not');
      if (failure) throw failure;
      parser.write(chunk);
    }
    parser.end();
  };
  const raw = createReadStream(path, { highWaterMark: 1 << 18 });
  try {
    await ((await headOf(path)).gzip ? pipeline(raw, createGunzip(), unpacked) : pipeline(raw, unpacked));
  } catch (error) {
    if (error === failure) throw error;
    if ((error as NodeJS.ErrnoException).syscall) throw readError(error, path);
    const early = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    throw bad(early ? 'the gzip data end early' : 'the gzip data are damaged', error);
  }
  if (failure) throw failure;
  return found;
}

async function readFolder(path: string): Promise<Map<string, Uint8Array>> {
  const { files } = await entriesOf(path);
  const found = new Map<string, Uint8Array>();
  for (const file of files) if (WANTED.has(file)) found.set(file, await readWhole(join(path, file)));
  return found;
}

/**
 * The data set in the archive of CIFAR-10, in its unpacked folder (five training batches; `test_batch.bin`, if there,
 * is held out), or in one batch. `ranges` count through training batches and then test batch.
 * @throws VeilganError FILE, DATA, USAGE
 */
export async function importCifar(
  path: string,
  isFile: boolean,
  options: RowRanges & { name: string; classes?: readonly string[] },
): Promise<Dataset<Uint8Array>> {
  const own = { name: options.name, shape: CIFAR_SHAPE, origin: basename(path) };
  if (isFile && /\.bin$/i.test(path)) {
    const train = readCifar([[basename(path), await readWhole(path)]]);
    return imageDataset({ ...own, train, classes: options.classes ?? digits }, options);
  }
  const found = await (isFile ? readArchive(path) : readFolder(path));
  const missing = TRAIN.find((file) => !found.has(file));
  if (missing) {
    throw new VeilganError('DATA', `${missing} is not in it`, {
      where: basename(path),
      fix: `Give all of ${TRAIN[0]} to ${TRAIN[4]} (and ${TEST}), or one .bin file.`,
    });
  }
  const batch = (file: string) => [file, found.get(file) as Uint8Array] as const;
  const meta = found.get(META);
  const classes = options.classes ?? (meta ? cifarClasses(new TextDecoder().decode(meta), META) : digits);
  const test = found.has(TEST) ? { ...readCifar([batch(TEST)]), file: TEST } : undefined;
  return imageDataset({ ...own, train: readCifar(TRAIN.map(batch)), test, classes }, options);
}

const ustar = (head: Uint8Array) => String.fromCharCode(...head.subarray(257, 262)) === 'ustar';

export const cifar = {
  title: 'CIFAR-10 data (binary version)',
  options: ['classes'],
  async claims({ path, isFile, head }) {
    const found = isFile ? { path, isFile } : await cifarIn(path);
    if (!found || (isFile && (idxKind(head) || !(ustar(head) || /\.(tar\.gz|tgz|tar|bin)$/i.test(path)))))
      return undefined;
    return { ...found, name: isFile && /\.bin$/i.test(path) ? nameFromFile(path) : 'cifar10' };
  },
  read: ({ path, isFile }, options: RowRanges & { name: string; classes?: readonly string[] }) =>
    importCifar(path, isFile, options),
} satisfies Format;
