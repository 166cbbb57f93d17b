/** A run directory in use: what is appended, replaced and read while training and afterwards. */
import { existsSync, mkdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { VeilganError } from '../base/errors.ts';
import { readBytes, readJson, writeAtomic } from '../base/files.ts';
import type { LedgerFile } from '../privacy/ledger/book.ts';
import { ledgerFile } from '../privacy/ledger/disk.ts';
import { LEDGER, readLedger } from '../privacy/ledger/ledger.ts';
import { MetricsWriter, readMetrics, truncateMetrics } from './metrics.ts';
import { CHECKPOINT, type Checkpoint, type MetricRow, type Run, stepOf } from './run.ts';
import { decodeSafetensors, type StoredTensor, safetensorsBlocks } from './safetensors.ts';
import type { RunInfo } from './schema.ts';

export class DirectoryRun implements Run {
  /** Absolute path. */
  readonly dir: string;
  info: RunInfo;
  readonly #release: (() => void) | undefined;
  readonly #metrics: MetricsWriter;
  /** Directories that `createRun` had to make, outermost first; undefined for a run that was there before. */
  readonly #made: readonly string[] | undefined;

  /** Use `createRun` or `openRun`. */
  constructor(dir: string, info: RunInfo, release?: () => void, made?: readonly string[]) {
    this.dir = dir;
    this.info = info;
    this.#release = release;
    this.#made = made;
    this.#metrics = new MetricsWriter(join(dir, 'metrics.jsonl'));
  }

  describe(more: Pick<RunInfo, 'encoding'>): void {
    this.#mustWrite();
    const info = { ...this.info, ...more };
    writeRunInfo(this.dir, info);
    this.info = info;
  }

  appendMetrics(rows: readonly MetricRow[]): void {
    this.#mustWrite();
    this.#metrics.append(rows);
  }

  readMetrics(options: { warn?: (message: string) => void } = {}): MetricRow[] {
    return readMetrics(join(this.dir, 'metrics.jsonl'), options);
  }

  /** As `Run` has it: atomically, after syncing the metrics up to it; where it throws, the one before stays. */
  writeCheckpoint(tensors: Record<string, StoredTensor>, meta: Record<string, string>): void {
    this.#mustWrite();
    stepOf(meta, CHECKPOINT);
    const blocks = safetensorsBlocks(tensors, meta);
    this.#metrics.sync();
    writeAtomic(join(this.dir, CHECKPOINT), blocks);
  }

  hasCheckpoint(): boolean {
    return existsSync(join(this.dir, CHECKPOINT));
  }

  readCheckpoint(): Checkpoint {
    const path = join(this.dir, CHECKPOINT);
    if (!existsSync(path)) {
      throw new VeilganError('FILE', 'the run has no checkpoint: it stopped before its first one', {
        where: this.dir,
        fix: 'Train it again from the start with another `out`',
      });
    }
    const { tensors, metadata: meta } = decodeSafetensors(readBytes(path), path);
    return { step: stepOf(meta, path), tensors, meta };
  }

  resume(): Checkpoint {
    this.#mustWrite();
    const checkpoint = this.readCheckpoint();
    truncateMetrics(join(this.dir, 'metrics.jsonl'), checkpoint.step);
    return checkpoint;
  }

  /** Path of a file in samples/, which is made when missing. Samples may be released. */
  samplePath(name: string): string {
    if (name !== basename(name) || name === '..' || name === '.' || name === '') {
      throw new VeilganError('USAGE', `${JSON.stringify(name)} is not a plain file name`, { where: this.dir });
    }
    mkdirSync(join(this.dir, 'samples'), { recursive: true });
    return join(this.dir, 'samples', name);
  }

  writeJson(name: string, value: unknown): void {
    const path = join(this.dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
  }

  readJson(name: string): unknown {
    const path = join(this.dir, name);
    return existsSync(path) ? readJson(path) : undefined;
  }

  isCurrent(name: string): boolean {
    const [file, checkpoint] = [name, CHECKPOINT].map((each) => statSync(join(this.dir, each)).mtimeMs);
    return file >= checkpoint;
  }

  ledgerFile(): LedgerFile {
    return ledgerFile(join(this.dir, LEDGER));
  }

  close(): void {
    this.#metrics.close();
    this.#release?.();
  }

  /**
   * For a start that failed: closes, and removes what `createRun` made unless there are metrics, a checkpoint, or a
   * ledger in which something was paid.
   */
  abandon(): void {
    this.#metrics.close();
    const worthless = !this.hasCheckpoint() && !existsSync(join(this.dir, 'metrics.jsonl')) && !this.#paid();
    if (this.#made && worthless) removeStarted(this.dir, this.#made);
    this.#release?.();
  }

  /** Whether anything was paid for; of a ledger that cannot be read nobody knows. */
  #paid(): boolean {
    try {
      return existsSync(join(this.dir, LEDGER)) && !readLedger(this.ledgerFile(), { warn: () => {} }).unspent;
    } catch {
      return true;
    }
  }

  #mustWrite(): void {
    if (!this.#release) throw new VeilganError('USAGE', 'the run was opened to read only', { where: this.dir });
  }
}

/** Writes run.json, or replaces it. Throws FILE. */
export const writeRunInfo = (dir: string, info: RunInfo): void =>
  writeAtomic(join(dir, 'run.json'), `${JSON.stringify(info, null, 2)}\n`);

/** Removes what a start wrote, then the directories it made, innermost first, as far as they are empty. */
export function removeStarted(dir: string, made: readonly string[]): void {
  for (const name of ['run.json', LEDGER, 'lock', 'samples', 'private'])
    rmSync(join(dir, name), { recursive: true, force: true });
  removeEmpty(made);
}

/** Removes those of the directories that are empty, innermost first. */
export function removeEmpty(made: readonly string[]): void {
  for (const directory of [...made].reverse()) {
    try {
      rmdirSync(directory);
    } catch {
      return;
    }
  }
}
