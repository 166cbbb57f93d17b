/** Files that are either whole or not there: write beside, sync, rename. Node only. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { VeilganError } from './errors.ts';

/** Name of the temporary file beside `path`; a crash may leave it behind, and the next write replaces it. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
}

/**
 * Writes `blocks` one after the other so that `path` holds the old content or all of the new one, also after a
 * crash or a power cut: temporary file, fsync, rename, fsync of the directory. Throws FILE, leaving `path` as it was.
 */
export function writeAtomic(path: string, blocks: string | Iterable<Uint8Array>): void {
  const temporary = temporaryName(path);
  try {
    const file = openSync(temporary, 'w');
    try {
      // writeFileSync on a descriptor appends at its position and, unlike writeSync, never writes a part only.
      if (typeof blocks === 'string') writeFileSync(file, blocks);
      else for (const block of blocks) writeFileSync(file, block);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw fileError(cause, path, 'write');
  }
  syncDirectory(dirname(path));
}

/** Makes a rename in `directory` durable where the platform can; Windows cannot open a directory, and need not. */
export function syncDirectory(directory: string): void {
  try {
    const handle = openSync(directory, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {}
}

/** The bytes of a file. Throws FILE naming it. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw fileError(cause, path, 'read');
  }
}

/** Parsed JSON of a file. Throws FILE with the line of the mistake where the parser tells its position. */
export function readJson(path: string): unknown {
  const text = new TextDecoder().decode(readBytes(path));
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = (cause as Error).message;
    const position = /position (\d+)/.exec(message)?.[1];
    const line = position === undefined ? '' : `, line ${text.slice(0, Number(position)).split('\n').length}`;
    throw new VeilganError('FILE', `not valid JSON (${message})`, {
      where: path + line,
      fix: 'Restore the file from a copy, or remove it',
      cause,
    });
  }
}

/** A system error as one that says what to do. Other errors pass unchanged. */
export function fileError(cause: unknown, path: string, doing: string): unknown {
  const code = (cause as NodeJS.ErrnoException)?.code;
  if (cause instanceof VeilganError || typeof code !== 'string') return cause;
  const known: Record<string, [string, string]> = {
    ENOENT: ['there is no such file or directory', 'Check the path'],
    EEXIST: ['something of that name is in the way', 'Choose another place'],
    ENOTDIR: ['a part of the path is a file, not a directory', 'Check the path'],
    EISDIR: ['it is a directory', 'Name a file'],
    EACCES: ['permission denied', 'Choose a place that you may write to, or change its permissions'],
    EPERM: ['not permitted', 'Choose a place that you may write to, or change its permissions'],
    EROFS: ['the file system is read-only', 'Choose another place'],
    ENOSPC: ['the disk is full', 'Free some space and try again'],
    EDQUOT: ['the disk quota is used up', 'Free some space and try again'],
    ERR_FS_FILE_TOO_LARGE: ['the file is larger than 2 GiB', 'Use a smaller file'],
  };
  const [what, fix] = known[code] ?? [(cause as Error).message, ''];
  return new VeilganError('FILE', `cannot ${doing} ${path}: ${what}`, { where: path, fix, cause });
}
