/** A folder of image files as a data set; class sub-folders give labels. Node only: `sharp` decodes. */
import { basename, join, resolve } from 'node:path';
import { VeilganError } from '../../base/errors.ts';
import { nameFromFile } from '../csv/numbers.ts';
import { type Dataset, quote } from '../dataset.ts';
import { entriesOf, type Format } from './files.ts';
import { allocate, imageDataset, type RowRanges } from './images.ts';

export interface ImageFolderOptions extends RowRanges {
  name: string;
  /** `64` or `96x64` (width x height): resized to cover it and cropped at the centre; default the images' own size. */
  size?: string;
  /** One channel; default three. */
  grey?: boolean;
  /** Names of all classes, the folders' own, by label; default those that have images, sorted. */
  classes?: readonly string[];
  /** Called as images are decoded. */
  onProgress?: (done: number, total: number) => void;
}

const FORMATS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff'];
/** Pixels of the largest file that is decoded: what a header claims is allocated. */
const MOST_PIXELS = 2 ** 27;
const MOST_SIDE = 4096;
/** Images decoded at a time. */
const AT_ONCE = 16;
/** How far sub-folders are followed. */
const DEEPEST = 4;

/** Whether a name is that of an image that can be decoded. */
const isImageName = (file: string): boolean => /\.(jpe?g|png|webp|gif|tiff?)$/i.test(file);

interface Size {
  width: number;
  height: number;
}

/** @throws VeilganError USAGE */
export function parseSize(text: string): Size {
  const match = /^\s*(\d{1,5})(?:\s*[x×]\s*(\d{1,5}))?\s*$/i.exec(text);
  const size = { width: Number(match?.[1]), height: Number(match?.[2] ?? match?.[1]) };
  if (match && Math.min(size.width, size.height) >= 1 && Math.max(size.width, size.height) <= MOST_SIDE) return size;
  throw new VeilganError('USAGE', `${quote(text)} is no size of images`, {
    where: 'size',
    fix: `Give pixels from 1 to ${MOST_SIDE}, as in \`size: 64\` or \`size: 96x64\` (width x height).`,
  });
}

interface Listed {
  /** Paths below the folder. */
  files: string[];
  labels?: number[];
  classes?: string[];
}

/** Image files in a folder and its sub-folders, in code-unit order of their paths. */
async function below(folder: string, path = '', depth = 0): Promise<string[]> {
  const { files, folders } = await entriesOf(join(folder, path));
  const inside = (name: string) => (path ? `${path}/${name}` : name);
  const found = files.filter(isImageName).map(inside);
  if (depth < DEEPEST) for (const name of folders) found.push(...(await below(folder, inside(name), depth + 1)));
  return depth === 0 ? found.sort() : found;
}

/** @throws VeilganError DATA: no images, images both beside and inside class folders, or a folder of no class given */
async function list(folder: string, given: readonly string[] | undefined): Promise<Listed> {
  const files = await below(folder);
  const where = folder;
  if (files.length === 0) {
    throw new VeilganError('DATA', 'there are no images in this folder', {
      where,
      fix: 'Give a folder of .jpg, .png, .webp, .gif or .tiff files, or of class folders with such files.',
    });
  }
  const classOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');
  const found = [...new Set(files.map(classOf))].sort();
  // A single folder in the folder is no class, but where the images are; unless it is given as one.
  if (found.length === 1 && !given?.includes(found[0])) return { files };
  const classes = given ?? found;
  const strange = given && found.find((name) => name !== '' && !given.includes(name));
  if (strange !== undefined) {
    throw new VeilganError('DATA', `${quote(strange)} is a folder of images and no class that was named`, {
      where,
      fix: 'Name the folders of all classes, or leave the folder away.',
    });
  }
  if (found[0] === '') {
    const stray = files.find((file) => !file.includes('/')) ?? '';
    throw new VeilganError('DATA', `images lie both in class folders and beside them (${quote(stray)})`, {
      where,
      fix: 'Move every image into the folder of its class, or give a folder with images only.',
    });
  }
  const label = new Map(classes.map((name, i) => [name, i]));
  return { files, classes: [...classes], labels: files.map((file) => label.get(classOf(file)) ?? 0) };
}

type Sharp = typeof import('sharp').default;

async function loadSharp(): Promise<Sharp> {
  try {
    const { default: sharp } = await import('sharp');
    // Files are untrusted: no loader that runs scripts, reads other files or is little used.
    sharp.block({ operation: ['VipsForeignLoad'] });
    sharp.unblock({ operation: FORMATS.map((format) => `VipsForeignLoad${format}`) });
    sharp.cache(false);
    // Many small images: side by side, and not each on many threads.
    sharp.concurrency(1);
    return sharp;
  } catch (cause) {
    throw new VeilganError('FILE', 'the package that decodes images (sharp) cannot be loaded', {
      where: 'sharp',
      fix: 'Install the packages again with optional ones: npm ci --include=optional.',
      cause,
    });
  }
}

interface Decoded extends Size {
  data: Uint8Array;
}

/** One image as [height, width, channels] bytes, upright, transparent parts white. @throws VeilganError DATA */
async function decode(sharp: Sharp, path: string, file: string, grey: boolean, size?: Size): Promise<Decoded> {
  const channels = grey ? 1 : 3;
  try {
    let image = sharp(path, { failOn: 'error', limitInputPixels: MOST_PIXELS })
      .autoOrient()
      .flatten({ background: '#fff' });
    if (size) image = image.resize(size.width, size.height, { fit: 'cover', position: 'centre' });
    image = grey ? image.greyscale().toColourspace('b-w') : image.toColourspace('srgb');
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels`);
    return { data, width: info.width, height: info.height };
  } catch (cause) {
    const why = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
    const large = /pixel limit/i.test(why);
    throw new VeilganError('DATA', large ? `the image has more than ${MOST_PIXELS} pixels` : `cannot decode: ${why}`, {
      where: file,
      fix: large ? 'Make it smaller, or remove it.' : 'Replace or remove the file.',
      cause,
    });
  }
}

/**
 * The images of a folder, by path. Where they lie in sub-folders, these are the classes (sorted names -> 0, 1, ...).
 * Records are [height, width, 3] bytes, with `grey` [height, width, 1].
 * @throws VeilganError USAGE, FILE, DATA naming the image: corrupt, too large, or (without `size`) of another size than
 * the first; OVER_LIMIT above 2 GiB
 */
export async function importImages(folder: string, options: ImageFolderOptions): Promise<Dataset<Uint8Array>> {
  const given = options.size === undefined ? undefined : parseSize(options.size);
  const { files, labels, classes } = await list(folder, options.classes);
  const sharp = await loadSharp();
  const grey = options.grey === true;
  let shape = given;
  let features = 0;
  let data: Uint8Array = new Uint8Array(0);
  const put = ({ width, height, data: pixels }: Decoded, index: number) => {
    shape ??= { width, height };
    if (width !== shape.width || height !== shape.height) {
      const others = `${shape.width}x${shape.height} of ${quote(files[0])}`;
      throw new VeilganError('DATA', `the image is ${width}x${height}, not the ${others}`, {
        where: files[index],
        fix: `Bring all to one size, for example with \`size: ${shape.width}x${shape.height}\`.`,
      });
    }
    features = pixels.length;
    if (index === 0) data = allocate(files.length * features, folder);
    data.set(pixels, index * features);
  };
  for (let first = 0; first < files.length; first += AT_ONCE) {
    const some = files.slice(first, first + AT_ONCE);
    const settled = await Promise.allSettled(some.map((file) => decode(sharp, join(folder, file), file, grey, given)));
    settled.forEach((result, i) => {
      if (result.status === 'rejected') throw result.reason;
      put(result.value, first + i);
    });
    options.onProgress?.(first + some.length, files.length);
  }
  const { width, height } = shape as Size;
  return imageDataset(
    {
      name: options.name,
      origin: `${files.length} images of ${basename(resolve(folder))}`,
      shape: [height, width, grey ? 1 : 3],
      train: { file: folder, data, labels },
      classes,
      found: options.classes === undefined,
    },
    options,
  );
}

const PICTURES = /^(\x89PNG|\xff\xd8\xff|GIF8|.{8}WEBP)/s;

export const images = {
  title: 'a folder of images',
  options: ['classes', 'size', 'grey'],
  async claims({ path, isFile, head }) {
    if (isFile && PICTURES.test(String.fromCharCode(...head.subarray(0, 12)))) {
      const fix = 'Give the folder that it lies in.';
      throw new VeilganError('DATA', 'this is one image', { where: path, fix });
    }
    if (isFile || (await below(path)).length === 0) return undefined;
    return { path, isFile, name: nameFromFile(`${basename(resolve(path))}.`) };
  },
  read: ({ path }, options: ImageFolderOptions) => importImages(path, options),
} satisfies Format;
