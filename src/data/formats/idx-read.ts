/**
 * IDX, the format of MNIST and its kin: big-endian magic 0x00, 0x00, type of value, number of dimensions; one 32-bit
 * size a dimension; the values. Images are unsigned bytes [count, height, width] (0x00000803), labels unsigned bytes
 * [count] (0x00000801). Plain or gzipped, untrusted. What files hold and how they belong together; idx.ts finds them on
 * disks. Runs in pages too.
 */
import { VeilganError } from '../../base/errors.ts';
import { type Dataset, quote } from '../dataset.ts';
import { unpack } from './gunzip.ts';
import { type ImagePart, imageDataset, type RowRanges } from './images.ts';

export interface IdxImages {
  count: number;
  height: number;
  width: number;
  /** [count, height, width], as stored: 0 is the background of MNIST. */
  data: Uint8Array;
}

const MAGIC = { images: 0x00000803, labels: 0x00000801 } as const;
const TYPES: Readonly<Record<number, string>> = {
  9: 'signed bytes',
  11: '16-bit integers',
  12: '32-bit integers',
  13: '32-bit floats',
  14: '64-bit floats',
};

export type IdxKind = keyof typeof MAGIC;

/** What the first bytes of an (unpacked) file say that it holds; undefined where it is no IDX file that we read. */
export function idxKind(head: Uint8Array): IdxKind | undefined {
  if (head.length < 4) return undefined;
  const magic = new DataView(head.buffer, head.byteOffset).getUint32(0);
  return magic === MAGIC.images ? 'images' : magic === MAGIC.labels ? 'labels' : undefined;
}

const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;

/** The sizes in a header. @throws VeilganError DATA for another magic number, a cut header or an empty dimension */
function sizesOf(head: Uint8Array, file: string, expected: IdxKind): number[] {
  const wrong = (message: string, byte: number, fix: string) =>
    new VeilganError('DATA', message, { where: `${file}, byte ${byte}`, fix });
  const dimensions = expected === 'images' ? 3 : 1;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (head.length >= 4 && view.getUint32(0) !== MAGIC[expected]) {
    const magic = view.getUint32(0);
    const found = idxKind(head);
    if (found) {
      const swap = 'Check that the images file and the labels file are not named for each other.';
      throw wrong(`the file holds ${found} (IDX ${hex(magic)}) where ${expected} are expected`, 0, swap);
    }
    const type = magic >>> 16 === 0 ? TYPES[head[2]] : undefined;
    const what = type
      ? `IDX values that are ${type}; only unsigned bytes are read`
      : head[0] === 0 && head[1] === 0 && head[2] === 8
        ? `IDX data of ${head[3]} dimensions where ${expected} have ${dimensions}`
        : `not an IDX file: it begins with ${hex(magic)} and not with ${hex(MAGIC[expected])} (${expected})`;
    throw wrong(what, 0, `Give an IDX file of ${expected}, plain or gzipped.`);
  }
  if (head.length < 4 + 4 * dimensions) {
    throw wrong(`the file ends in its header, after ${head.length} bytes`, head.length, 'Get the file again.');
  }
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const empty = sizes.indexOf(0);
  if (empty >= 0) {
    throw wrong(`the header claims ${sizes.join('x')}: no ${expected}`, 4 + 4 * empty, 'Give a file with data.');
  }
  return sizes;
}

async function read(bytes: Uint8Array, file: string, kind: IdxKind): Promise<{ sizes: number[]; data: Uint8Array }> {
  let sizes: number[] = [];
  const all = await unpack(bytes, file, `the ${kind}`, (head) => {
    sizes = sizesOf(head, file, kind);
    return 4 + 4 * sizes.length + sizes.reduce((product, size) => product * size, 1);
  });
  return { sizes, data: all.subarray(4 + 4 * sizes.length) };
}

/**
 * The images of an IDX file.
 * @param bytes the whole file, plain or gzipped
 * @param file the name that messages give it
 * @throws VeilganError DATA: another kind of file, cut off, with something behind, damaged; OVER_LIMIT above 2 GiB.
 */
export async function readIdxImages(bytes: Uint8Array, file: string): Promise<IdxImages> {
  const { sizes, data } = await read(bytes, file, 'images');
  const [count, height, width] = sizes;
  return { count, height, width, data };
}

/** The labels of an IDX file, [count]. @throws as `readIdxImages` */
export async function readIdxLabels(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  return (await read(bytes, file, 'labels')).data;
}

/** The pair that a file belongs to, from its name: `t10k` for `t10k-images-idx3-ubyte.gz` and its labels. */
export const pairOf = (file: string): string =>
  file
    .replace(/\.gz$/i, '')
    .replace(/(images|labels)/i, '')
    .replace(/[-._]*(idx\d[-_]ubyte)?$/i, '')
    .replace(/[-._]+$/, '');

/** File names of images and of their labels. */
export type Pair = Partial<Record<IdxKind, string>>;

/** Where the files of pairs are: in a folder, or dropped on a page. */
export interface PairFiles {
  /** What messages call a file. */
  where(file: string): string;
  /** A whole file. @throws VeilganError FILE, OVER_LIMIT */
  read(file: string): Promise<Uint8Array>;
}

async function readPair(files: PairFiles, { images, labels }: Pair): Promise<ImagePart & { shape: [number, number] }> {
  if (!images) {
    throw new VeilganError('DATA', 'the labels are there, but not their images', {
      where: files.where(labels ?? ''),
      fix: `Put ${quote((labels ?? '').replace(/labels/i, 'images').replace(/idx1/i, 'idx3'))} beside it.`,
    });
  }
  const { count, height, width, data } = await readIdxImages(await files.read(images), images);
  const part = { file: images, data, shape: [height, width] as [number, number] };
  if (!labels) return part;
  const values = await readIdxLabels(await files.read(labels), labels);
  if (values.length !== count) {
    throw new VeilganError('DATA', `${values.length} labels for the ${count} images of ${images}`, {
      where: labels,
      fix: 'Give the labels that belong to these images.',
    });
  }
  return { ...part, labels: values };
}

/**
 * The training pair and the test pair, told by their names where there are two.
 * @param where the files are, for messages
 * @throws VeilganError DATA where it is not clear which is which
 */
export function rolesOf(where: string, pairs: ReadonlyMap<string, Pair>): Pair[] {
  const list = [...pairs];
  const test = list.find(([name]) => /t10k|test/i.test(name));
  const train = list.find(([name]) => /train/i.test(name));
  if (list.length === 1) return [list[0][1]];
  if (list.length === 2 && train && test) return [train[1], test[1]];
  throw new VeilganError('DATA', `which of the IDX files are for training? There are ${list.length} pairs of them`, {
    where,
    fix: 'Leave train-* and t10k-* there, or give one images file.',
  });
}

export type IdxOptions = RowRanges & { name: string; classes?: readonly string[] };

/**
 * The data set in pairs of files: the first pair is for training, the second, if any, held out. Ranges count through both.
 * @throws VeilganError FILE, DATA, USAGE, OVER_LIMIT
 */
export async function pairedImages(
  files: PairFiles,
  pairs: readonly Pair[],
  options: IdxOptions,
): Promise<Dataset<Uint8Array>> {
  const parts: Awaited<ReturnType<typeof readPair>>[] = [];
  for (const pair of pairs) parts.push(await readPair(files, pair));
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
