/**
 * Storing a data set: written to a temporary folder beside its place, synced, and renamed, so that a stored set is
 * always whole. Node only; `store.ts` says what is in the folder and reads it back.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VeilganError } from '../../base/errors.ts';
import {
  checkName,
  datasetFiles,
  fingerprintOf,
  isTable,
  quote,
  type Source,
  sha256,
  type TableData,
} from '../dataset.ts';
import { allOpen } from '../encoding/schema.ts';
import { isGenerated } from '../synthetic.ts';
import { DOWNLOADS, dataHome } from './home.ts';
import type { Stored } from './meta.ts';
import { type DatasetInfo, errorCode, fileError, type StoreOptions, toInfo } from './store.ts';

export interface SaveOptions extends StoreOptions {
  /** Replace a stored set of the same name. */
  force?: boolean;
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Removes what interrupted writers left behind more than a day ago. */
async function sweep(home: string): Promise<void> {
  for (const entry of await readdir(home)) {
    if (!/^\.(new|old)-/.test(entry)) continue;
    const path = join(home, entry);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > 86_400_000) await rm(path, { recursive: true, force: true });
  }
}

function taken(name: string, path: string): VeilganError {
  return new VeilganError('DATA', `a data set ${quote(name)} exists already`, {
    where: path,
    fix: 'Choose another `name`, or replace it with `force`.',
  });
}

/**
 * Refuses a name that `saveDataset` would refuse, so that a long import can fail at once.
 * @throws VeilganError DATA: not a folder name, a generated set's name, or taken and `force` not given.
 */
export async function checkFree(name: string, options: SaveOptions = {}): Promise<void> {
  checkName(name);
  if (name.toLowerCase() === DOWNLOADS) {
    throw new VeilganError('DATA', `${quote(name)} is the name of the folder of downloads`, {
      where: 'name',
      fix: 'Choose another name.',
    });
  }
  if (isGenerated(name.toLowerCase())) {
    throw new VeilganError('DATA', `${quote(name)} is the name of a generated data set`, {
      where: 'name',
      fix: `Choose another name, for example ${name}-imported.`,
    });
  }
  const path = join(options.home ?? dataHome(), name);
  if (!options.force && (await stat(path).catch(() => undefined))) throw taken(name, path);
}

/** Missing cells of each column. */
function missingIn({ values, features }: TableData): number[] {
  const missing = new Array<number>(features).fill(0);
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) missing[i % features]++;
  return missing;
}

/** What `meta.json` says beside checksums. */
function factsOf(data: Source): Omit<Stored, 'format' | 'sha256' | 'files'> {
  const { name, columns, shape, rows, holdoutRows, classes, scaling, notes = [], given, meta } = data;
  const { origin, split, seed, generator, open = isTable(data) ? allOpen(data.table.columns) : [], keys } = meta;
  const facts = {
    name,
    columns,
    shape,
    rows,
    holdoutRows,
    origin,
    split,
    open: [...open],
    seed,
    generator,
    ...(keys ? { keys: [...keys] } : {}),
  };
  if (!isTable(data)) return { ...facts, classes, scaling };
  const missing = missingIn(data);
  const typed = data.table.columns.map((column, i) => ({
    ...('values' in column ? { ...column, values: [...column.values] } : column),
    missing: missing[i],
  }));
  const { label } = data.table;
  const more = {
    ...(label === undefined ? {} : { label }),
    ...(notes.length > 0 ? { notes: [...notes] } : {}),
    ...(given ? { given } : {}),
  };
  return { ...facts, table: { columns: typed, ...more } };
}

/**
 * Stores a set under `data.name`: written to a temporary folder, synced, then renamed into place. With `force` an
 * existing set is moved aside first and restored when the rename fails.
 * @throws VeilganError as `checkFree`; FILE when the disk refuses. Nothing is left behind then.
 */
export async function saveDataset(data: Source, options: SaveOptions = {}): Promise<DatasetInfo> {
  const { name } = data;
  const home = options.home ?? dataHome();
  await checkFree(name, options);
  const path = join(home, name);
  const tag = `${name}-${process.pid}-${randomBytes(6).toString('hex')}`;
  const fresh = join(home, `.new-${tag}`);
  const old = join(home, `.old-${tag}`);
  try {
    await mkdir(home, { recursive: true });
    await sweep(home);
    await mkdir(fresh);
    const files: Stored['files'] = [];
    for (const [file, bytes] of datasetFiles(data)) {
      await writeSynced(join(fresh, file), bytes);
      files.push({ name: file, bytes: bytes.byteLength, sha256: await sha256(bytes) });
    }
    const sum = await fingerprintOf(
      data,
      files.map((file) => file.sha256),
    );
    const stored: Stored = { format: 1, ...factsOf(data), sha256: sum, files };
    await writeSynced(join(fresh, 'meta.json'), new TextEncoder().encode(`${JSON.stringify(stored, null, 2)}\n`));
    await putInPlace(fresh, path, old, options.force === true);
    return toInfo(name, stored, path);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(errorCode(error)) && (await stat(path).catch(() => undefined))) {
      throw taken(name, path);
    }
    throw fileError(error, home, `store data set ${quote(name)}`);
  }
}

async function putInPlace(fresh: string, path: string, old: string, force: boolean): Promise<void> {
  const replaced = force && (await stat(path).catch(() => undefined)) !== undefined;
  if (replaced) await rename(path, old);
  try {
    await rename(fresh, path);
  } catch (error) {
    if (replaced) await rename(old, path);
    throw error;
  }
  if (replaced) await rm(old, { recursive: true, force: true });
}
