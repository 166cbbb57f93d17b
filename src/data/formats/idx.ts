/** IDX files on disks (idx-read.ts has what they hold): which there are in a folder, and what they are called. Node only. */
import { basename, dirname, join, resolve } from 'node:path';
import { nameFromFile } from '../csv/numbers.ts';
import type { Dataset } from '../dataset.ts';
import { entriesOf, type Format, headOf, readWhole } from './files.ts';
import { type IdxKind, type IdxOptions, idxKind, type Pair, pairedImages, pairOf, rolesOf } from './idx-read.ts';

/** Files of a folder that are looked into when no name says that it holds IDX. */
const LOOKED_INTO = 64;

/** Whether a file's name is one of IDX: `train-images-idx3-ubyte.gz`, `t10k-labels.idx1-ubyte`. */
const isIdxName = (file: string): boolean => /[-.]idx\d-ubyte(\.gz)?$/i.test(file);

const kindFromName = (file: string): IdxKind | undefined =>
  /images/i.test(file) ? 'images' : /labels/i.test(file) ? 'labels' : undefined;

/** The IDX files of a folder by pair; empty where there are none. An unpacked file counts before its .gz. */
async function pairsIn(folder: string): Promise<Map<string, Pair>> {
  const { files } = await entriesOf(folder);
  const named = files.filter(isIdxName);
  const pairs = new Map<string, Pair>();
  for (const file of named.length > 0 ? named : files.slice(0, LOOKED_INTO)) {
    const content = idxKind((await headOf(join(folder, file))).head);
    const kind = (isIdxName(file) || content ? kindFromName(file) : undefined) ?? content;
    if (!kind) continue;
    const pair = pairs.get(pairOf(file)) ?? {};
    pair[kind] ??= file;
    pairs.set(pairOf(file), pair);
  }
  return pairs;
}

/** A name for the data set of an IDX file or folder. */
function idxSetName(path: string, isFile: boolean): string {
  const folder = resolve(isFile ? dirname(path) : path);
  const last = nameFromFile(`${basename(basename(folder) === 'raw' ? dirname(folder) : folder)}.`);
  return isFile ? nameFromFile(`${last}-${pairOf(basename(path))}.`) : last;
}

/**
 * The data set in the files of a folder: the first pair is for training, the second, if any, held out. Ranges count
 * through both.
 * @throws VeilganError FILE, DATA, USAGE, OVER_LIMIT
 */
export function importPairs(folder: string, pairs: readonly Pair[], options: IdxOptions): Promise<Dataset<Uint8Array>> {
  const where = (file: string) => join(folder, file);
  return pairedImages({ where, read: (file) => readWhole(where(file)) }, pairs, options);
}

/**
 * The data set in an IDX file of images (with its labels, where they lie beside it), or in a folder: train-* is for
 * training and t10k-* held out; a single pair is all for training.
 * @throws as `importPairs`
 */
export async function importIdx(path: string, isFile: boolean, options: IdxOptions): Promise<Dataset<Uint8Array>> {
  const folder = isFile ? dirname(path) : path;
  const pairs = await pairsIn(folder);
  if (!isFile) return importPairs(folder, rolesOf(folder, pairs), options);
  const images = basename(path);
  const beside = pairs.get(pairOf(images))?.labels;
  // The named file is read as images even if its name says otherwise: the reader tells what it is.
  return importPairs(folder, [{ images, labels: beside === images ? undefined : beside }], options);
}

/** IDX of another type or number of dimensions, which the reader names. */
const idxLike = (head: Uint8Array) => head.length >= 8 && head[0] + head[1] === 0 && head[2] >= 8 && head[2] <= 14;

export const idx = {
  title: 'IDX data',
  options: ['classes'],
  async claims({ path, isFile, head, gzip }) {
    const found = isFile
      ? idxKind(head) || isIdxName(path) || (!gzip && idxLike(head))
      : (await pairsIn(path)).size > 0;
    return found ? { path, isFile, name: idxSetName(path, isFile) } : undefined;
  },
  read: ({ path, isFile }, options: IdxOptions) => importIdx(path, isFile, options),
} satisfies Format;
