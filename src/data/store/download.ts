/**
 * Downloading a file whose size and checksum are known: into `NAME.part`, continued where it was cut off, and renamed
 * to its name when it is whole. Node only.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VeilganError } from '../../base/errors.ts';
import type { RemoteFile } from '../catalogue.ts';
import { fileError } from './store.ts';
import { MirrorError, transfer } from './transfer.ts';

export interface DownloadOptions {
  /** Stops the transfer; what was received stays in the .part file. */
  signal?: AbortSignal;
  /** Bytes of this file that are there. */
  onProgress?: (bytes: number) => void;
  /** A connection that gives nothing for so long is cut; default 30 s. */
  stallMs?: number;
  /** Times that all mirrors are tried without getting further; default 4. */
  attempts?: number;
  /** Pause after the first of those, doubled after each; default 1 s. */
  pauseMs?: number;
}

/** SHA-256 (hex) of a file. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size ?? 0;

/** Whether a file has the size and the checksum that are known of it. */
export const isWhole = async (path: string, { bytes, sha256 }: RemoteFile): Promise<boolean> =>
  (await sizeOf(path)) === bytes && (await hashFile(path)) === sha256;

/**
 * Brings `file` into `folder` from the first mirror that gives it, unless it is there and whole.
 * @param mirrors addresses that the file's name is appended to
 * @returns its path
 * @throws VeilganError FILE with what each mirror said, or when the disk refuses; INTERRUPTED when `signal` stops it.
 * Nothing but the .part file is left then.
 */
export async function download(
  file: RemoteFile,
  mirrors: readonly string[],
  folder: string,
  options: DownloadOptions = {},
): Promise<string> {
  const { attempts = 4, pauseMs = 1000, signal } = options;
  const path = join(folder, file.name);
  const part = `${path}.part`;
  const said = new Map<string, string>();
  const open = new Set(mirrors);
  try {
    await mkdir(folder, { recursive: true });
    if (await isWhole(path, file)) {
      options.onProgress?.(file.bytes);
      return path;
    }
    await rm(path, { force: true });
    let best = await sizeOf(part);
    for (let fruitless = 0; fruitless < attempts && open.size > 0; ) {
      for (const mirror of [...open]) {
        const begun = await sizeOf(part);
        try {
          if (begun !== file.bytes) await transfer(new URL(file.name, mirror), part, file.bytes, options);
          if (await isWhole(part, file)) {
            await rename(part, path);
            return path;
          }
          const found = await hashFile(part);
          await rm(part);
          // After a resumed transfer the beginning may be the other mirror's, or an older file's: once more from zero.
          throw new MirrorError(`other content: SHA-256 ${found}, expected ${file.sha256}`, begun === 0);
        } catch (error) {
          if (signal?.aborted) throw interrupted(signal, part);
          if (!(error instanceof MirrorError)) throw error;
          said.set(mirror, error.message);
          if (error.final) open.delete(mirror);
        }
      }
      const now = await sizeOf(part);
      fruitless = now > best ? 0 : fruitless + 1;
      best = Math.max(best, now);
      if (fruitless > 0 && fruitless < attempts && open.size > 0) {
        await sleep(pauseMs * 2 ** (fruitless - 1), undefined, { signal }).catch(() => undefined);
        if (signal?.aborted) throw interrupted(signal, part);
      }
    }
  } catch (error) {
    throw fileError(error, folder, `download ${file.name}`);
  }
  const reasons = [...said].map(([mirror, why]) => `${new URL(mirror).host}: ${why}`).join('; ');
  throw new VeilganError('FILE', `cannot download ${file.name} (${reasons})`, {
    where: folder,
    fix: 'Check the connection and run it again, or get the files yourself and give their folder with `from`.',
  });
}

function interrupted(signal: AbortSignal, part: string): VeilganError {
  const message = signal.reason instanceof Error ? signal.reason.message : 'stopped';
  return new VeilganError('INTERRUPTED', message, {
    where: part,
    fix: 'Run the same command again: it goes on from there.',
  });
}
