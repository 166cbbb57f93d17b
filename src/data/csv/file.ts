/** CSV files on disk. Node only. */
import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { VeilganError } from '../../base/errors.ts';
import { readError } from '../store/files.ts';
import type { CsvSource } from './stream.ts';

const failure = (error: unknown, path: string): VeilganError =>
  (error as NodeJS.ErrnoException).code === 'EISDIR'
    ? new VeilganError('FILE', 'this is a folder', { where: path, fix: 'Give the CSV file in it.', cause: error })
    : readError(error, path);

/** A file on disk as a source; whether it can be read shows when it is read (VeilganError FILE). */
export function fileSource(path: string): CsvSource {
  return {
    name: basename(path),
    size: sizeOf(path),
    async *bytes() {
      const stream = createReadStream(path, { highWaterMark: 1 << 18 });
      try {
        yield* stream;
      } catch (error) {
        throw failure(error, path);
      } finally {
        stream.destroy();
      }
    },
  };
}

function sizeOf(path: string): number | undefined {
  try {
    const found = statSync(path);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}
