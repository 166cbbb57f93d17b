/** CIFAR-10 on disk: the archive as published, a folder unpacked from it, or one batch. Node only. */
import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { VeilganError } from '../../base/errors.ts';
import type { Dataset } from '../dataset.ts';
import { imageDataset, type RowRanges } from '../images.ts';
import { entriesOf, headOf, readError, readWhole } from '../store/files.ts';
import { CIFAR_SHAPE, cifarClasses, readCifar } from './cifar.ts';

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
export async function cifarIn(folder: string): Promise<{ path: string; isFile: boolean } | undefined> {
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
  const { gzip } = await headOf(path);
  const raw = createReadStream(path, { highWaterMark: 1 << 18 });
  const unzip = createGunzip();
  const unpacked = gzip ? raw.on('error', (error) => unzip.destroy(error)).pipe(unzip) : raw;
  let total = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > MOST_UNPACKED) failure ??= bad('it unpacks to more than 1 GiB, which CIFAR-10 does not');
      if (!failure) parser.write(chunk);
      if (failure) break;
    }
    if (!failure) parser.end();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall) throw readError(error, path);
    const early = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    throw bad(early ? 'the gzip data end early' : 'the gzip data are damaged', error);
  } finally {
    raw.destroy();
    unzip.destroy();
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

const digits = Array.from({ length: 10 }, (_, label) => String(label));
