/** Images that were dropped as IDX files, the format of MNIST: the images, and their labels if any. For the worker. */
import { VeilganError } from '../../base/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import { isGzip } from '../../data/formats/gunzip.ts';
import { type IdxKind, idxKind, type Pair, pairedImages, pairOf, rolesOf } from '../../data/formats/idx-read.ts';

/** Bytes of images that a tab can hold beside what trains on them. */
const MOST_BYTES = 2 ** 28;
/** Bytes of a file that tell what it is. */
const HEAD = 4;

/** The first bytes of a file, or of what it holds where it is gzip; none where that is damaged. */
async function headOf(file: File): Promise<Uint8Array> {
  const raw = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  if (!isGzip(raw)) return raw;
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    return (await reader.read()).value ?? new Uint8Array(0);
  } catch {
    return new Uint8Array(0);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Files by pair: two that are images and labels belong together whatever they are called, more of them by their names. */
function paired(files: readonly File[], kinds: readonly IdxKind[]): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  const alone = files.length === 2 && kinds[0] !== kinds[1];
  files.forEach(({ name }, i) => {
    const key = alone ? '' : pairOf(name);
    pairs.set(key, { ...pairs.get(key), [kinds[i]]: name });
  });
  return pairs;
}

/**
 * The images in some files, as they were dropped: one of images; images and labels; or the four of MNIST, of which
 * train-* is for training and t10k-* kept back.
 * @returns undefined where none of them is IDX
 * @throws VeilganError DATA for what does not belong together or is damaged; OVER_LIMIT for more than a tab can hold
 */
export async function openImages(files: readonly File[]): Promise<Dataset<Uint8Array> | undefined> {
  const found = await Promise.all(files.map(async (file) => idxKind(await headOf(file))));
  if (found.every((kind) => kind === undefined)) return undefined;
  const other = files[found.indexOf(undefined)];
  if (other) {
    throw new VeilganError('DATA', `${other.name} holds neither images nor labels in the format of MNIST (IDX)`, {
      fix: 'Drop the images and their labels alone',
    });
  }
  const pairs = [...paired(files, found as IdxKind[])];
  const bare = pairs.find(([, { images }]) => images === undefined)?.[1].labels;
  if (bare !== undefined) {
    throw new VeilganError('DATA', 'the labels are there, but not their images', {
      where: bare,
      fix: 'Drop both files together',
    });
  }
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const read = async (name: string) => {
    const file = files.find((each) => each.name === name) as File;
    return new Uint8Array(await file.arrayBuffer());
  };
  if (bytes > MOST_BYTES) throw tooLarge(bytes);
  const roles = rolesOf('', new Map(pairs));
  const name = (roles[0].images as string).replace(/\.gz$/i, '');
  const data = await pairedImages({ where: (file) => file, read }, roles, { name });
  if (data.values.length > MOST_BYTES) throw tooLarge(data.values.length);
  return data;
}

const tooLarge = (bytes: number): VeilganError =>
  new VeilganError('OVER_LIMIT', `those are ${Math.ceil(bytes / 2 ** 20)} MiB of images, where a tab can hold 256`, {
    fix: 'Take fewer of them, or train with the command line',
  });
