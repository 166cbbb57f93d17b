/** `data fetch`: the files of a known set, downloaded or taken from a folder, checked, and read. Node only. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VeilganError } from '../../base/errors.ts';
import { KNOWN, type KnownSet } from '../catalogue.ts';
import { type Dataset, quote } from '../dataset.ts';
import { readError } from '../formats/files.ts';
import { type DownloadOptions, download, hashFile } from './download.ts';
import { DOWNLOADS, dataHome } from './home.ts';

export interface FetchOptions extends Omit<DownloadOptions, 'onProgress'> {
  /** The folder of all data sets; default `dataHome()`. */
  home?: string;
  /** Take the files of this folder instead of downloading. */
  from?: string;
  /** A mirror that is tried before the public ones. */
  mirror?: string;
  /** The file in work, and bytes of all files that are there. */
  onProgress?: (file: string, bytes: number) => void;
}

/** @throws VeilganError USAGE for an unknown name */
export function knownSet(name: string): KnownSet {
  const set = KNOWN.get(name);
  if (set) return set;
  throw new VeilganError('USAGE', `${quote(name)} is no data set with a known home`, {
    where: 'data fetch',
    fix: `Choose among ${[...KNOWN.keys()].join(', ')}; for other files there is \`data import\`.`,
  });
}

/** @throws VeilganError FILE when a file is not there, DATA when it is not what it is named for */
async function checkFolder(set: KnownSet, folder: string): Promise<void> {
  const remedy = `Get ${set.title} again, or take other files with: data import ${folder}`;
  for (const { name, bytes, sha256 } of set.files) {
    const path = join(folder, name);
    const found = await stat(path).catch((error: unknown) => {
      const failure = readError(error, path);
      throw new VeilganError('FILE', failure.message, { where: path, fix: `Put it there. ${remedy}`, cause: error });
    });
    const wrong = (what: string) => new VeilganError('DATA', what, { where: path, fix: remedy });
    if (found.size !== bytes) throw wrong(`the file has ${found.size} bytes, expected ${bytes}`);
    const sum = await hashFile(path);
    if (sum !== sha256) throw wrong(`the file's SHA-256 is ${sum}, expected ${sha256}`);
  }
}

/** The address of a mirror, ending in a slash. @throws VeilganError USAGE */
function mirrorUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.endsWith('/') ? text : `${text}/`;
  throw new VeilganError('USAGE', `${quote(text)} is no address`, {
    where: 'mirror',
    fix: 'Give the https address of a folder.',
  });
}

/**
 * A known set as published: its training images, and its test images as the hold-out. Files that were downloaded before
 * are used again.
 * @throws VeilganError as `download`, the check of `from`, and the readers
 */
export async function fetchDataset(set: KnownSet, options: FetchOptions = {}): Promise<Dataset<Uint8Array>> {
  const { home = dataHome(), from, mirror, onProgress, ...transfer } = options;
  const folder = from ?? join(home, DOWNLOADS, set.name);
  const mirrors = mirror === undefined ? set.mirrors : [mirrorUrl(mirror), ...set.mirrors];
  if (from === undefined) {
    let before = 0;
    for (const file of set.files) {
      await download(file, mirrors, folder, {
        ...transfer,
        onProgress: (bytes) => onProgress?.(file.name, before + bytes),
      });
      before += file.bytes;
    }
  } else {
    await checkFolder(set, folder);
  }
  const data = await set.read(folder, set);
  data.meta.origin = `${set.title}: ${data.meta.origin}`;
  return data;
}
