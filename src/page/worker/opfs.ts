/**
 * Runs kept in the origin private file system of a page, for a dedicated worker: the ledger as a file that is flushed
 * before what it pays for is submitted, and two places that take turns for everything else, so that one is always whole.
 */
import { VeilganError } from '../../base/errors.ts';
import { LEDGER, type LedgerFile } from '../../privacy/ledger/ledger.ts';
import type { MemoryRunOptions } from '../../run/memory-run.ts';

/** FileSystemSyncAccessHandle (WHATWG, File System), as far as it is used here; the DOM's declarations leave it out. */
interface Handle {
  getSize(): number;
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

const FOLDER = 'veilgan-runs';
const STATES = ['state.0', 'state.1'] as const;
/** Bytes in front of a state: its number, counted from 1, written once everything else is safe; 0: not whole. */
const NUMBER = 8;

/** The folder of all runs; undefined where the browser keeps nothing for this page, as in some private windows. */
async function folder(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(FOLDER, { create: true });
  } catch {
    return undefined;
  }
}

function refused(cause: unknown, where: string, doing: string): VeilganError {
  const { name, message } = cause as DOMException;
  const [what, fix] =
    name === 'QuotaExceededError'
      ? ['the browser gives this page no more space', 'Free some space on the disk or remove older runs, then go on']
      : name === 'NoModificationAllowedError'
        ? ['it is open in another tab', 'Close the other tab, or go on there']
        : [message, 'Allow the browser to keep data of this page, or use another window'];
  return new VeilganError('FILE', `cannot ${doing} ${where}: ${what}`, { where, fix, cause });
}

/** Milliseconds for which files that are open elsewhere are waited for: the worker of a page that was left dies slowly. */
const PATIENCE_MS = 10_000;

/** Does it once no other worker has the files open, or throws what it throws after the wait. */
async function whenFree<T>(work: () => Promise<T>, wait: number): Promise<T> {
  const end = performance.now() + wait;
  for (;;) {
    try {
      return await work();
    } catch (cause) {
      const { name } = cause as DOMException;
      if (name !== 'NoModificationAllowedError' || performance.now() >= end) throw cause;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

function contents(handle: Handle): Uint8Array {
  const bytes = new Uint8Array(handle.getSize());
  handle.read(bytes, { at: 0 });
  return bytes;
}

/** Writes all of it, or throws. */
function put(handle: Handle, bytes: Uint8Array, at: number): void {
  if (handle.write(bytes, { at }) !== bytes.length) throw new DOMException('the disk is full', 'QuotaExceededError');
}

class OpfsLedgerFile implements LedgerFile {
  readonly path: string;
  readonly #handle: Handle;

  constructor(path: string, handle: Handle) {
    this.path = path;
    this.#handle = handle;
  }

  read(): Uint8Array | undefined {
    return this.#handle.getSize() ? contents(this.#handle) : undefined;
  }

  open(size: number): void {
    if (size === 0 && this.#handle.getSize()) {
      throw new VeilganError('FILE', 'there is a ledger already', { where: this.path, fix: 'Go on with its run' });
    }
    this.truncate(size);
  }

  append(bytes: Uint8Array): void {
    this.#doing(() => {
      put(this.#handle, bytes, this.#handle.getSize());
      this.#handle.flush();
    });
  }

  truncate(size: number): void {
    this.#doing(() => this.#handle.truncate(size));
  }

  // The run holds the file, which could not be opened again without waiting.
  close(): void {}

  #doing(work: () => void): void {
    try {
      work();
    } catch (cause) {
      throw refused(cause, this.path, 'write');
    }
  }
}

/** The number of a state and the state; number 0 where it is not whole. */
function numbered(bytes: Uint8Array): { number: number; state: Uint8Array } {
  if (bytes.length <= NUMBER) return { number: 0, state: new Uint8Array(0) };
  const number = new DataView(bytes.buffer, bytes.byteOffset, NUMBER).getFloat64(0);
  return { number, state: bytes.subarray(NUMBER) };
}

const newest = (all: readonly Uint8Array[]): Uint8Array | undefined => {
  const whole = all.map(numbered).filter(({ number }) => number > 0);
  return whole.sort((a, b) => b.number - a.number)[0]?.state;
};

/** The files of one run, held open for this worker alone until `close`. */
export class OpfsRun {
  readonly ledger: LedgerFile;
  readonly #name: string;
  readonly #states: readonly Handle[];
  readonly #ledger: Handle;
  #number: number;

  /**
   * Opens the files of a run, which are made where there are none.
   * @param wait milliseconds for which files that are open elsewhere are waited for: the worker of a page that was just
   *   left, by a reload say, has them a while longer
   * @returns undefined where the browser keeps nothing for this page
   * @throws VeilganError FILE where another tab has them open
   */
  static async open(name: string, wait = PATIENCE_MS): Promise<OpfsRun | undefined> {
    const runs = await folder();
    if (!runs) return undefined;
    const handles: Handle[] = [];
    try {
      const own = await runs.getDirectoryHandle(name, { create: true });
      for (const file of [LEDGER, ...STATES]) {
        const handle = await own.getFileHandle(file, { create: true });
        const { createSyncAccessHandle: open } = handle as { createSyncAccessHandle?: () => Promise<Handle> };
        if (!open) return undefined;
        handles.push(await whenFree(() => open.call(handle), wait));
      }
    } catch (cause) {
      for (const handle of handles) handle.close();
      throw refused(cause, name, 'open the run');
    }
    const [ledger, ...states] = handles;
    return new OpfsRun(name, ledger, states);
  }

  private constructor(name: string, ledger: Handle, states: readonly Handle[]) {
    this.#name = name;
    this.#ledger = ledger;
    this.#states = states;
    this.ledger = new OpfsLedgerFile(`${name}/${LEDGER}`, ledger);
    this.#number = Math.max(...states.map((handle) => numbered(contents(handle)).number));
  }

  /** The last state that was kept whole; undefined before the first. */
  read(): Uint8Array | undefined {
    return newest(this.#states.map(contents));
  }

  /** Keeps a state: after a crash at any moment it is this one or the one before. @throws VeilganError FILE */
  keep(state: Uint8Array): void {
    const number = this.#number + 1;
    const handle = this.#states[number % 2];
    try {
      handle.truncate(0);
      put(handle, state, NUMBER);
      handle.flush();
      const head = new Uint8Array(NUMBER);
      new DataView(head.buffer).setFloat64(0, number);
      put(handle, head, 0);
      handle.flush();
    } catch (cause) {
      throw refused(cause, this.#name, 'keep the run');
    }
    this.#number = number;
  }

  close(): void {
    for (const handle of [this.#ledger, ...this.#states]) handle.close();
  }

  /** For a start that failed: closes, and removes a run of which nothing was kept. */
  async abandon(): Promise<void> {
    this.close();
    if (this.#number === 0) await removeRun(this.#name).catch(() => {});
  }
}

/** What a run in memory is given to be kept; that a state could not be kept is told and ends nothing. */
export const keeping = (kept: OpfsRun | undefined, onNotice?: (notice: string) => void): MemoryRunOptions => ({
  ledger: kept?.ledger,
  keep: (state) => {
    try {
      kept?.keep(state);
    } catch (error) {
      onNotice?.(`${(error as VeilganError).line()} Until then a closed tab loses what was trained last.`);
    }
  },
});

/** The kept runs by name, each with its last state; those that another tab has open, or that never began, are left out. */
export async function keptRuns(): Promise<{ name: string; state: Uint8Array }[]> {
  const runs = await folder();
  const found: { name: string; state: Uint8Array }[] = [];
  for await (const [name, own] of (runs ?? []) as AsyncIterable<[string, FileSystemDirectoryHandle]>) {
    try {
      const read = async (file: string) => {
        const handle = await own.getFileHandle(file);
        return new Uint8Array(await (await handle.getFile()).arrayBuffer());
      };
      const state = newest(await Promise.all(STATES.map(read)));
      if (state) found.push({ name, state });
    } catch {}
  }
  return found;
}

/**
 * Removes a kept run, its ledger too.
 * @param wait as `OpfsRun.open` has it
 * @throws VeilganError FILE where another tab has it open
 */
export async function removeRun(name: string, wait = PATIENCE_MS): Promise<void> {
  const runs = await folder();
  try {
    await whenFree(async () => runs?.removeEntry(name, { recursive: true }), wait);
  } catch (cause) {
    if ((cause as DOMException).name !== 'NotFoundError') throw refused(cause, name, 'remove');
  }
}
