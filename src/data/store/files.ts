/** Reading files from outside. Node only. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { VeilganError } from '../../base/errors.ts';
import { checkSize } from '../images.ts';
import { isGzip } from './gunzip.ts';

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
