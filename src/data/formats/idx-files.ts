/** IDX files on disk: which belong together. Node only; what is in them is read by `idx.ts`. */
import { basename, dirname, join, resolve } from 'node:path';
import { VeilganError } from '../../base/errors.ts';
import { nameFromFile } from '../csv/numbers.ts';
import { type Dataset, quote } from '../dataset.ts';
import { type ImagePart, imageDataset, type RowRanges } from '../images.ts';
import { entriesOf, headOf, readWhole } from '../store/files.ts';
import { type IdxKind, idxKind, readIdxImages, readIdxLabels } from './idx.ts';

/** Files of a folder that are looked into when no name says that it holds IDX. */
const LOOKED_INTO = 64;

/** Whether a file's name is one of IDX: `train-images-idx3-ubyte.gz`, `t10k-labels.idx1-ubyte`. */
export const isIdxName = (file: string): boolean => /[-.]idx\d-ubyte(\.gz)?$/i.test(file);

/** The pair that a file belongs to, from its name: `t10k` for `t10k-images-idx3-ubyte.gz` and its labels. */
const pairOf = (file: string): string =>
  file
    .replace(/\.gz$/i, '')
    .replace(/(images|labels)/i, '')
    .replace(/[-._]*(idx\d[-_]ubyte)?$/i, '')
    .replace(/[-._]+$/, '');

const kindFromName = (file: string): IdxKind | undefined =>
  /images/i.test(file) ? 'images' : /labels/i.test(file) ? 'labels' : undefined;

/** File names of images and of their labels. */
export type Pair = Partial<Record<IdxKind, string>>;

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

/** Whether a folder holds IDX files. */
export const holdsIdx = async (folder: string): Promise<boolean> => (await pairsIn(folder)).size > 0;

async function readPair(folder: string, { images, labels }: Pair): Promise<ImagePart & { shape: [number, number] }> {
  if (!images) {
    throw new VeilganError('DATA', 'the labels are there, but not their images', {
      where: join(folder, labels ?? ''),
      fix: `Put ${quote((labels ?? '').replace(/labels/i, 'images').replace(/idx1/i, 'idx3'))} beside it.`,
    });
  }
  const { count, height, width, data } = await readIdxImages(await readWhole(join(folder, images)), images);
  const part = { file: images, data, shape: [height, width] as [number, number] };
  if (!labels) return part;
  const values = await readIdxLabels(await readWhole(join(folder, labels)), labels);
  if (values.length !== count) {
    throw new VeilganError('DATA', `${values.length} labels for the ${count} images of ${images}`, {
      where: labels,
      fix: 'Give the labels that belong to these images.',
    });
  }
  return { ...part, labels: values };
}

/** The training pair and the test pair of a folder. @throws VeilganError DATA where it is not clear which is which */
function rolesOf(folder: string, pairs: ReadonlyMap<string, Pair>): Pair[] {
  const list = [...pairs];
  const test = list.find(([name]) => /t10k|test/i.test(name));
  const train = list.find(([name]) => /train/i.test(name));
  if (list.length === 1) return [list[0][1]];
  if (list.length === 2 && train && test) return [train[1], test[1]];
  throw new VeilganError('DATA', `which of the IDX files are for training? There are ${list.length} pairs of them`, {
    where: folder,
    fix: 'Leave train-* and t10k-* there, or give one images file.',
  });
}

/** A name for the data set of an IDX file or folder. */
export function idxSetName(path: string, isFile: boolean): string {
  const folder = resolve(isFile ? dirname(path) : path);
  const last = nameFromFile(`${basename(basename(folder) === 'raw' ? dirname(folder) : folder)}.`);
  return isFile ? nameFromFile(`${last}-${pairOf(basename(path))}.`) : last;
}

type IdxOptions = RowRanges & { name: string; classes?: readonly string[] };

/**
 * The data set in the files of a folder: the first pair is for training, the second, if any, held out. `ranges` count
 * through both.
 * @throws VeilganError FILE, DATA, USAGE, OVER_LIMIT
 */
export async function importPairs(
  folder: string,
  pairs: readonly Pair[],
  options: IdxOptions,
): Promise<Dataset<Uint8Array>> {
  const parts: Awaited<ReturnType<typeof readPair>>[] = [];
  for (const pair of pairs) parts.push(await readPair(folder, pair));
  const [train, test] = parts;
  if (test && String(test.shape) !== String(train.shape)) {
    const sizes = [test, train].map(({ shape }) => `${shape[1]}x${shape[0]}`);
    throw new VeilganError('DATA', `the images are ${sizes[0]}, but those of ${train.file} ${sizes[1]}`, {
      where: test.file,
      fix: 'Give images of one size.',
    });
  }
  const { name, classes } = options;
  const origin = parts.map(({ file }) => file).join(', ');
  return imageDataset({ name, classes, origin, shape: [...train.shape, 1], train, test }, options);
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
