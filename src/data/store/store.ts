/**
 * Data sets by name: the generated ones of `synthetic.ts`, and those that `save.ts` stored, one folder each with
 * `meta.json` and raw little-endian arrays (`train.f32`, `holdout.f32`, for images `train.u8`, `holdout.u8`, and
 * `train.u32`, `holdout.u32` where there are labels; a table of mixed types has its cells in `train.f64`, `holdout.f64`
 * and its columns in `meta.json`). What is read back is verified: sizes before anything is allocated, checksums after.
 * Node only.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VeilganError } from '../../base/errors.ts';
import { KNOWN } from '../catalogue.ts';
import {
  checkName,
  type Dataset,
  type DatasetMeta,
  datasetFiles,
  fingerprintOf,
  isTable,
  makeDataset,
  makeTable,
  quote,
  type Source,
  sha256,
  type TableData,
  type Values,
} from '../dataset.ts';
import { encodeTable } from '../encoding/encode.ts';
import { fitEncoding } from '../encoding/encoding.ts';
import type { Records } from '../records.ts';
import { type GeneratedName, generate, generated, isGenerated } from '../synthetic.ts';
import { DOWNLOADS, dataHome } from './home.ts';
import { damaged, type Stored, storedMeta } from './meta.ts';

export interface StoreOptions {
  /** The folder of all data sets; default `dataHome()`. */
  home?: string;
  /** Seed of a generated set; default 0. */
  seed?: number;
}

/** What `data list` and `data info` print. */
export interface DatasetInfo {
  name: string;
  /** Training rows. */
  rows: number;
  /** Hold-out rows. */
  holdout: number;
  /** Shape of one record. */
  shape: number[];
  columns: string[];
  /** Names of the classes, where there are labels with names. */
  classes?: string[];
  /** The columns of a table of mixed types, with their missing cells. */
  table?: Stored['table'];
  /** How the rows to train on were chosen, where not all are. */
  split?: Stored['split'];
  /** What was found in the rows, nobody having given it. */
  open?: Stored['open'];
  sha256: string;
  origin: string;
  /** Size of the arrays. */
  bytes: number;
  /** Where it is stored; absent for a generated set. */
  path?: string;
  /** Why a stored set cannot be used. */
  problem?: string;
}

/** The `code` of a file-system error, such as ENOENT. */
export const errorCode = (error: unknown): string => String((error as NodeJS.ErrnoException | undefined)?.code);

/** A file-system error as the user should read it; a VeilganError passes unchanged. */
export function fileError(error: unknown, where: string, doing: string): VeilganError {
  if (error instanceof VeilganError) return error;
  return new VeilganError('FILE', `cannot ${doing}: ${error instanceof Error ? error.message : String(error)}`, {
    where,
    fix: 'Check the folder, its permissions and the free space, or set VEILGAN_DATA to another folder.',
    cause: error,
  });
}

/** What a stored set says of itself; the folder's name counts, so that a folder may be renamed. */
export function toInfo(name: string, stored: Stored, path: string): DatasetInfo {
  const { rows, holdoutRows, shape, columns, classes, table, split, open, sha256, origin, files } = stored;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const facts = { ...(split ? { split } : {}), ...(open ? { open } : {}) };
  const more = { ...(classes ? { classes } : {}), ...(table ? { table } : {}), ...facts };
  return { name, rows, holdout: holdoutRows, shape, columns, ...more, sha256, origin, bytes, path };
}

async function describeGenerated(name: GeneratedName, seed?: number): Promise<[DatasetInfo, Dataset]> {
  const data = generate(name, { seed });
  const { rows, holdoutRows, shape, columns, meta } = data;
  const { origin } = meta;
  meta.sha256 = await fingerprintOf(data);
  const bytes = datasetFiles(data).reduce((sum, [, array]) => sum + array.byteLength, 0);
  return [{ name, rows, holdout: holdoutRows, shape, columns, sha256: meta.sha256, origin, bytes }, data];
}

async function storedNames(home: string): Promise<string[]> {
  const entries = await readdir(home, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileError(error, home, 'list data sets');
  });
  return entries
    .filter((e) => e.isDirectory() && /^[A-Za-z0-9]/.test(e.name) && e.name !== DOWNLOADS)
    .map((e) => e.name)
    .sort();
}

async function readStored(name: string, home: string): Promise<{ path: string; stored: Stored }> {
  checkName(name);
  const path = join(home, name);
  const text = await readFile(join(path, 'meta.json'), 'utf8').catch(async (error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw fileError(error, path, `read data set ${quote(name)}`);
    if (await stat(path).catch(() => undefined)) throw damaged(name, join(path, 'meta.json'), 'the file is missing');
    const names = [...Object.keys(generated), ...(await storedNames(home))];
    throw new VeilganError('DATA', `there is no data set ${quote(name)}; there are: ${names.join(', ')}`, {
      where: 'data',
      fix: KNOWN.has(name)
        ? `Download it with: veilgan data fetch ${name}`
        : `Import it with: veilgan data import FILE.csv --name ${name}`,
    });
  });
  const stored = storedMeta(name, join(path, 'meta.json'), text);
  for (const file of stored.files) {
    const found = await stat(join(path, file.name)).catch(() => undefined);
    if (!found?.isFile()) throw damaged(name, join(path, file.name), 'the file is missing');
    if (found.size !== file.bytes) {
      throw damaged(name, join(path, file.name), `the file has ${found.size} bytes instead of ${file.bytes}`);
    }
  }
  return { path, stored };
}

/** Every data set there is: the generated ones, then the stored ones by name; a damaged one has a `problem`. */
export async function listDatasets(options: StoreOptions = {}): Promise<DatasetInfo[]> {
  const home = options.home ?? dataHome();
  const list: DatasetInfo[] = [];
  for (const name of Object.keys(generated))
    list.push((await describeGenerated(name as GeneratedName, options.seed))[0]);
  for (const name of await storedNames(home)) {
    try {
      const { path, stored } = await readStored(name, home);
      list.push(toInfo(name, stored, path));
    } catch (error) {
      const problem = error instanceof VeilganError ? error.line() : String(error);
      const none = { rows: 0, holdout: 0, shape: [], columns: [], sha256: '', origin: '', bytes: 0 };
      list.push({ name, ...none, path: join(home, name), problem });
    }
  }
  return list;
}

/** Of a set from before it was noted: the classes may be as many as the labels of the rows go up to. */
const unnoted = (files: Stored['files']): DatasetMeta['open'] => (files.length === 4 ? [{ what: 'classes' }] : []);

const metaOf = ({ origin, sha256, seed, generator, split, table, files, open, keys }: Stored): DatasetMeta => {
  const found = open ?? (table ? undefined : unnoted(files));
  return {
    ...{ origin, sha256 },
    ...(seed === undefined ? {} : { seed }),
    ...(generator === undefined ? {} : { generator }),
    ...(split ? { split } : {}),
    ...(found ? { open: found } : {}),
    ...(keys ? { keys } : {}),
  };
};

/** An array of two files one behind the other, their checksums verified. @throws VeilganError FILE */
async function readParts<A extends Values | Uint32Array>(
  name: string,
  path: string,
  files: Stored['files'],
  Type: new (buffer: ArrayBuffer) => A,
): Promise<A> {
  const all = new Uint8Array(files.reduce((sum, { bytes }) => sum + bytes, 0));
  let at = 0;
  for (const file of files) {
    const bytes = await readFile(join(path, file.name)).catch((error: unknown) => {
      throw fileError(error, join(path, file.name), `read data set ${quote(name)}`);
    });
    if (bytes.length !== file.bytes || (await sha256(bytes)) !== file.sha256) {
      throw damaged(name, join(path, file.name), 'its checksum is not the one in meta.json');
    }
    all.set(bytes, at);
    at += bytes.length;
  }
  return new Type(all.buffer);
}

/** The first cell that its column cannot hold: an infinite number, or the index of a category that there is not. */
function wrongCell({ values, table: { columns } }: TableData): string | undefined {
  const counts = columns.map((column) => ('values' in column ? column.values.length : undefined));
  const wrong = values.findIndex((value, i) => {
    const count = counts[i % counts.length];
    if (Number.isNaN(value)) return false;
    return count === undefined ? !Number.isFinite(value) : !(Number.isInteger(value) && value >= 0 && value < count);
  });
  const row = Math.floor(wrong / columns.length) + 1;
  return wrong < 0 ? undefined : `row ${row} holds ${values[wrong]}, which is no value of its column`;
}

async function readSet(name: string, path: string, stored: Stored): Promise<Source> {
  const { columns, shape, classes, scaling, table, rows: split, files } = stored;
  const read = <A extends Values | Uint32Array>(first: number, Type: new (buffer: ArrayBuffer) => A) =>
    readParts(name, path, files.slice(first, first + 2), Type);
  const meta = metaOf(stored);
  if (!table) {
    const values = await read<Records>(0, files[0].name === 'train.u8' ? Uint8Array : Float32Array);
    const labels = files.length === 4 ? { labels: await read(2, Uint32Array) } : {};
    const more = { ...labels, ...(classes ? { classes } : {}), ...(scaling ? { scaling } : {}) };
    return makeDataset({ name, columns, shape, values, split, ...more, meta });
  }
  const { label, notes, given } = table;
  const typed = table.columns.map(({ missing: _, ...column }) => column);
  const data = makeTable({
    name,
    columns: typed,
    label,
    values: await read(0, Float64Array),
    split,
    meta,
    notes,
    given,
  });
  const wrong =
    wrongCell(data) ??
    ((await fingerprintOf(data)) === stored.sha256 ? undefined : 'its columns are not those that were stored');
  if (wrong) throw damaged(name, join(path, 'meta.json'), wrong);
  return data;
}

/**
 * A data set by name, with its checksums verified.
 * @throws VeilganError DATA for an unknown or impossible name; FILE for a damaged set
 */
export async function loadSource(name: string, options: StoreOptions = {}): Promise<Source> {
  if (isGenerated(name)) return (await describeGenerated(name, options.seed))[1];
  const { path, stored } = await readStored(name, options.home ?? dataHome());
  return readSet(name, path, stored);
}

/** As `loadSource`; the records of a table are its cells in an encoding that is fitted to the training rows. */
export async function loadDataset(name: string, options: StoreOptions = {}): Promise<Dataset> {
  const source = await loadSource(name, options);
  return isTable(source) ? encodeTable(source.table, fitEncoding(source.table), source) : source;
}

/**
 * What is known of one data set; a stored one is read and verified whole.
 * @throws VeilganError as `loadSource`.
 */
export async function describeDataset(name: string, options: StoreOptions = {}): Promise<DatasetInfo> {
  if (isGenerated(name)) return (await describeGenerated(name, options.seed))[0];
  const { path, stored } = await readStored(name, options.home ?? dataHome());
  await readSet(name, path, stored);
  return toInfo(name, stored, path);
}
