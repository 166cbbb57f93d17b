/** A data set of images from its parts, whatever format they came in. Runs in pages too. */
import { VeilganError } from '../../base/errors.ts';
import { type Dataset, makeDataset } from '../dataset.ts';
import { Split, type SplitOptions } from '../split.ts';

/** Images of one file or folder, and their labels. */
export interface ImagePart {
  /** The name that messages give it. */
  file: string;
  /** [count, height, width, channels] */
  data: Uint8Array;
  /** [count] */
  labels?: ArrayLike<number>;
}

export interface ImageSource {
  name: string;
  /** Where the images come from, for people. */
  origin: string;
  /** [height, width, channels] */
  shape: readonly [number, number, number];
  train: ImagePart;
  /** The hold-out of the source; its rows follow those of `train`. */
  test?: ImagePart;
  /** By label; where there are labels and no names: 0, 1, 2, ... up to the largest label. */
  classes?: readonly string[];
  /** Whether these were found beside the images, such as the names of their folders, and not given. */
  found?: boolean;
}

export type RowRanges = Pick<SplitOptions, 'rows' | 'holdout'>;

/** Bytes of images that fit one array everywhere, checksums included. */
const MOST_BYTES = 2 ** 31 - 1;
const MAKE_FEWER = 'Take smaller images with `size`, or fewer of them.';

/** @throws VeilganError OVER_LIMIT when `bytes` of images are more than an array holds */
export function checkSize(bytes: number, file: string): void {
  if (bytes <= MOST_BYTES) return;
  const gib = (bytes / 2 ** 30).toFixed(1);
  throw new VeilganError('OVER_LIMIT', `${gib} GiB of images, where 2 GiB is the most`, {
    where: file,
    fix: MAKE_FEWER,
  });
}

/** The error for an allocation of images that the machine refused. */
export const outOfMemory = (bytes: number, file: string, cause: unknown): VeilganError =>
  new VeilganError('OUT_OF_MEMORY', `no memory for ${bytes} bytes of images`, { where: file, fix: MAKE_FEWER, cause });

/** `count` zero bytes. @throws VeilganError OVER_LIMIT, OUT_OF_MEMORY naming `file` */
export function allocate(count: number, file: string): Uint8Array {
  checkSize(count, file);
  try {
    return new Uint8Array(count);
  } catch (cause) {
    throw outOfMemory(count, file, cause);
  }
}

/** Images [height, width, channels] are stored by rows, the channels of a pixel side by side (NHWC). */
function countOf({ file, data, labels }: ImagePart, features: number): number {
  const count = data.length / features;
  if (labels && labels.length !== count) {
    throw new VeilganError('DATA', `${labels.length} labels for ${count} images`, {
      where: file,
      fix: 'Give the labels that belong to these images.',
    });
  }
  return count;
}

/**
 * A data set of images. Without ranges all of `train` is for training and `test` is held out; ranges count through
 * `train` and then `test`, and mean what they mean for tables.
 * @throws VeilganError USAGE for bad ranges, DATA for ranges past the end or labels that do not fit, OVER_LIMIT
 */
export function imageDataset(source: ImageSource, ranges: RowRanges = {}): Dataset<Uint8Array> {
  const { name, origin, shape, train, test } = source;
  const features = shape[0] * shape[1] * shape[2];
  const parts = test ? [train, test] : [train];
  const [first, second = 0] = parts.map((part) => countOf(part, features));
  const bare = parts.find((part) => !part.labels);
  const labelled = parts.find((part) => part.labels);
  if (bare && labelled) {
    throw new VeilganError('DATA', `there are labels for ${labelled.file} and none for ${bare.file}`, {
      where: origin,
      fix: 'Give labels for both or for none.',
    });
  }
  const count = first + second;
  const split = new Split(ranges);
  const sideOf = (row: number) => (split.kind ? split.sideOf(row) : row < first ? 'train' : 'holdout');
  const [members, others] = (['train', 'holdout'] as const).map((side) =>
    Array.from({ length: count }, (_, row) => row).filter((row) => sideOf(row) === side),
  );
  split.check(count, `there are ${count} images`, { train: members.length, holdout: others.length }, origin);
  const list = [...members, ...others];
  const places = list.map((row) => (row < first ? ([train, row] as const) : ([parts[1], row - first] as const)));
  const facts = split.meta(origin);
  const values = split.kind || test ? allocate(list.length * features, train.file) : train.data;
  if (values !== train.data) {
    places.forEach(([{ data }, i], row) => {
      values.set(data.subarray(i * features, (i + 1) * features), row * features);
    });
  }
  const common = {
    ...{ name, columns: [], shape: [...shape], values, split: members.length },
    meta: {
      ...facts,
      ...(test ? { split: 'positions' as const } : {}),
      ...(labelled && (!source.classes || source.found) ? { open: [{ what: 'classes' as const }] } : {}),
    },
  };
  if (!labelled) return makeDataset(common);
  const classes = source.classes ?? digits(parts);
  const strange = parts.flatMap((part) => Array.from(part.labels ?? [])).find((label) => label >= classes.length);
  if (strange !== undefined) {
    throw new VeilganError('DATA', `there is a label ${strange}, and ${classes.length} classes are named`, {
      where: origin,
      fix: 'Name all classes, in the order of their labels from 0.',
    });
  }
  const labels = Uint32Array.from(places, ([part, i]) => part.labels?.[i] ?? 0);
  return makeDataset({ ...common, labels, classes: [...classes] });
}

/** Names for labels that have none: their numbers. */
function digits(parts: readonly ImagePart[]): string[] {
  let most = 0;
  for (const { labels = [] } of parts) for (let i = 0; i < labels.length; i++) most = Math.max(most, labels[i]);
  return Array.from({ length: most + 1 }, (_, label) => String(label));
}
