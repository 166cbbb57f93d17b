/** A ledger's file on a disk. Node only. */
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileError, readBytes, syncDirectory } from '../../base/files.ts';
import type { LedgerFile } from './book.ts';

class DiskLedgerFile implements LedgerFile {
  readonly path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.path = path;
  }

  read(): Uint8Array | undefined {
    return existsSync(this.path) ? readBytes(this.path) : undefined;
  }

  open(size: number): void {
    this.#doing(() => {
      this.#file = openSync(this.path, size === 0 ? 'ax' : 'a');
      ftruncateSync(this.#file, size);
      syncDirectory(dirname(this.path));
    });
  }

  append(bytes: Uint8Array): void {
    this.#doing(() => {
      writeFileSync(this.#file as number, bytes);
      fsyncSync(this.#file as number);
    });
  }

  truncate(size: number): void {
    this.#doing(() => ftruncateSync(this.#file as number, size));
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #doing(work: () => void): void {
    try {
      work();
    } catch (cause) {
      throw fileError(cause, this.path, 'write');
    }
  }
}

/** The ledger at a path; nothing is touched before it is read or opened. */
export const ledgerFile = (path: string): LedgerFile => new DiskLedgerFile(path);
