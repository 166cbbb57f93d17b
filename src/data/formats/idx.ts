/**
 * IDX, the format of MNIST and its kin: big-endian magic 0x00, 0x00, type of value, number of dimensions; one 32-bit
 * size a dimension; the values. Images are unsigned bytes [count, height, width] (0x00000803), labels unsigned bytes
 * [count] (0x00000801). Plain or gzipped, untrusted; runs in pages too.
 */
import { VeilganError } from '../../base/errors.ts';
import { unpack } from '../store/gunzip.ts';

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
