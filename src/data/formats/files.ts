/** What a format is, and reading files from outside. Node only. */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { VeilganError } from '../../base/errors.ts';
import { quote, type Source } from '../dataset.ts';
import { givenClasses } from '../encoding/schema-entry.ts';
import { isGzip } from './gunzip.ts';
import { checkSize } from './images.ts';

/** A file or folder that is to be read. */
export interface Place {
  readonly path: string;
  readonly isFile: boolean;
  /** first bytes of a file, and of what it holds where it is gzip */
  readonly head: Uint8Array;
  readonly gzip: boolean;
}

export interface Claim extends Pick<Place, 'path' | 'isFile'> {
  /** a name for the data set */
  readonly name: string;
}

/** What a data set can be read from: a row of `formats`. */
export interface Format {
  /** in words: `a CSV file` */
  readonly title: string;
  /** what it takes that not all formats do; with `classes`, those that a `given` file names too */
  readonly options: readonly string[];
  /** What of a place it reads, if anything. @throws VeilganError where it knows better than others what is wrong */
  claims(place: Place): Promise<Claim | undefined>;
  /** @throws VeilganError FILE, DATA, USAGE, OVER_LIMIT */
  read(claim: Claim, options: object): Promise<Source>;
}

/** A failure to read `path`, as the user should read it; a VeilganError passes unchanged. */
export function readError(error: unknown, path: string): VeilganError {
  if (error instanceof VeilganError) return error;
  const cause = error as NodeJS.ErrnoException;
  if (cause.code === 'ENOENT') {
    return new VeilganError('FILE', 'there is no such file', { where: path, fix: 'Check the path.', cause });
  }
  return new VeilganError('FILE', `cannot read it: ${cause.message}`, {
    where: path,
    fix: 'Check the file and its permissions.',
    cause,
  });
}

/** Up to `length` first bytes of a file. @throws VeilganError FILE */
async function firstBytes(path: string, length: number): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(error, path);
  }
}

/** The first bytes of a file, and of what it holds where it is gzip (none where that is damaged). */
export async function headOf(path: string): Promise<{ gzip: boolean; head: Uint8Array }> {
  const raw = await firstBytes(path, 4096);
  if (!isGzip(raw)) return { gzip: false, head: raw };
  try {
    return { gzip: true, head: gunzipSync(raw, { finishFlush: zlib.Z_SYNC_FLUSH }) };
  } catch {
    return { gzip: true, head: new Uint8Array(0) };
  }
}

/** A whole file. @throws VeilganError FILE, and OVER_LIMIT above 2 GiB before anything is read */
export async function readWhole(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      checkSize((await file.stat()).size, path);
      const bytes = await file.readFile();
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(error, path);
  }
}

/** The names in a folder, sorted by code unit and without hidden ones: files (links to files too) and folders. */
export async function entriesOf(path: string): Promise<{ files: string[]; folders: string[] }> {
  try {
    const files: string[] = [];
    const folders: string[] = [];
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) folders.push(entry.name);
      else if (entry.isFile()) files.push(entry.name);
      else if (entry.isSymbolicLink() && (await stat(join(path, entry.name)).catch(() => undefined))?.isFile()) {
        files.push(entry.name);
      }
    }
    return { files: files.sort(), folders: folders.sort() };
  } catch (error) {
    throw readError(error, path);
  }
}

/** What a file of what the owner knows without the rows holds; its entries are checked where the columns are known. */
export interface GivenFile {
  readonly value: unknown;
  /** how messages call it */
  readonly source: string;
  readonly classes?: readonly string[];
}

/** @throws VeilganError FILE, or CONFIG for classes that are no list of texts */
export async function readGiven(path: string): Promise<GivenFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(error, path);
  });
  const source = basename(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const fix = 'Write {"columns": {"age": {"low": 0, "high": 120}, "sex": {"values": ["f", "m"]}}}.';
    throw new VeilganError('FILE', 'the file is not JSON', { where: path, fix, cause });
  }
  const classes = givenClasses(value, source);
  return { value, source, ...(classes ? { classes } : {}) };
}

/** Names of classes from a list of them, or from how many there are. @throws VeilganError USAGE */
function classesIn(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  const count = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  if (count >= 1) return Array.from({ length: count }, (_, label) => String(label));
  if (names.length > 1 && !names.includes('') && new Set(names).size === names.length) return names;
  throw new VeilganError('USAGE', 'these are no classes', {
    where: 'classes',
    fix: 'Give their names, each once, in the order of their labels, as in cat,dog; or how many there are.',
  });
}

export interface LabelOptions {
  /** Names of the classes by label, `cat,dog`, or how many there are. */
  readonly classes?: string;
  /** A JSON file that names them. */
  readonly given?: string;
}

/** Classes of labelled images, as the caller or a file names them. @throws VeilganError */
export async function classesOf(
  path: string,
  { classes, given }: LabelOptions,
): Promise<readonly string[] | undefined> {
  const file = given === undefined ? undefined : await readGiven(given);
  if (file && (!file.classes || classes !== undefined)) {
    throw new VeilganError('USAGE', file.classes ? 'classes are named twice' : `${quote(path)} is no table`, {
      where: 'given',
      fix: file.classes
        ? 'Leave `classes` away'
        : 'Give {"classes": [...]} of labelled images; columns are of CSV files',
    });
  }
  return classes === undefined ? file?.classes : classesIn(classes);
}
