/** A run in memory, for pages; what it has at a checkpoint can be kept as one file and taken up again. Browser-safe. */
import { VeilganError } from '../base/errors.ts';
import { LEDGER, type LedgerFile } from '../privacy/ledger/ledger.ts';
import { CHECKPOINT, type Checkpoint, checkSteps, type MetricRow, type Run, stepOf } from './run.ts';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.ts';
import { checkedRunInfo, type RunInfo } from './schema.ts';

/** Metadata of a kept run that a checkpoint does not have. */
const EXTRA = { info: 'run.json', rows: 'metrics.json', documents: 'documents.json' } as const;

export interface MemoryRunOptions {
  /** where a private run's spending goes; in memory, and gone with it, unless told */
  readonly ledger?: LedgerFile;
  /** given the run as one file after each checkpoint */
  readonly keep?: (bytes: Uint8Array) => void;
}

interface Document {
  readonly text: string;
  /** the checkpoints there had been when it was written */
  readonly after: number;
}

export class MemoryRun implements Run {
  readonly dir: string;
  info: RunInfo;
  readonly #ledger: LedgerFile;
  readonly #keep: MemoryRunOptions['keep'];
  #rows: MetricRow[] = [];
  #checkpoint: Checkpoint | undefined;
  #checkpoints = 0;
  readonly #documents = new Map<string, Document>();

  /** @param dir what it is called */
  constructor(dir: string, info: RunInfo, { ledger, keep }: MemoryRunOptions = {}) {
    this.dir = dir;
    this.info = info;
    this.#ledger = ledger ?? new MemoryLedgerFile(`${dir}/${LEDGER}`);
    this.#keep = keep;
  }

  /** What `bytes` gave. @throws VeilganError FILE where it is damaged */
  static fromBytes(dir: string, bytes: Uint8Array, options: MemoryRunOptions = {}): MemoryRun {
    const { tensors, metadata } = decodeSafetensors(bytes, dir);
    const { [EXTRA.info]: info, [EXTRA.rows]: rows = '[]', [EXTRA.documents]: documents = '{}', ...meta } = metadata;
    const run = new MemoryRun(dir, checkedRunInfo(parsed(info ?? '', dir), dir), options);
    run.#checkpoint = { step: stepOf(meta, dir), tensors, meta };
    run.#checkpoints = 1;
    run.#rows = parsed(rows, dir) as MetricRow[];
    checkSteps(run.#rows, dir);
    for (const [name, text] of Object.entries(parsed(documents, dir) as Record<string, string>)) {
      run.#documents.set(name, { text, after: 1 });
    }
    return run;
  }

  /** The run as one file: its checkpoint with everything else as metadata. @throws VeilganError FILE without one */
  bytes(): Uint8Array {
    const { tensors, meta } = this.readCheckpoint();
    // What judged the run as it was before says nothing of it now; what it is made of stays.
    const current = [...this.#documents].filter(([name]) => !name.startsWith('private/') || this.isCurrent(name));
    return encodeSafetensors(tensors, {
      ...meta,
      [EXTRA.info]: JSON.stringify(this.info),
      [EXTRA.rows]: JSON.stringify(this.#rows),
      [EXTRA.documents]: JSON.stringify(Object.fromEntries(current.map(([name, { text }]) => [name, text]))),
    });
  }

  /** The files that a run directory has. @throws VeilganError FILE before the first checkpoint */
  files(): Record<string, Uint8Array> {
    const { tensors, meta } = this.readCheckpoint();
    const text = (content: string) => new TextEncoder().encode(content);
    const ledger = this.#ledger.read();
    return {
      'run.json': text(`${JSON.stringify(this.info, null, 2)}\n`),
      'metrics.jsonl': text(this.#rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
      [CHECKPOINT]: encodeSafetensors(tensors, meta),
      ...(ledger ? { [LEDGER]: ledger } : {}),
      ...Object.fromEntries([...this.#documents].map(([name, document]) => [name, text(`${document.text}\n`)])),
    };
  }

  describe(more: Pick<RunInfo, 'encoding'>): void {
    this.info = { ...this.info, ...more };
  }

  appendMetrics(rows: readonly MetricRow[]): void {
    checkSteps(rows, this.dir);
    this.#rows.push(...rows);
  }

  readMetrics(): MetricRow[] {
    return [...this.#rows];
  }

  writeCheckpoint(tensors: Record<string, StoredTensor>, meta: Record<string, string>): void {
    const step = stepOf(meta, CHECKPOINT);
    this.#checkpoint = { step, tensors: tensors as Checkpoint['tensors'], meta };
    this.#checkpoints += 1;
    this.#keep?.(this.bytes());
  }

  hasCheckpoint(): boolean {
    return this.#checkpoint !== undefined;
  }

  readCheckpoint(): Checkpoint {
    if (this.#checkpoint) return this.#checkpoint;
    throw new VeilganError('FILE', 'the run has no checkpoint: it stopped before its first one', {
      where: this.dir,
      fix: 'Train it again from the start',
    });
  }

  resume(): Checkpoint {
    const checkpoint = this.readCheckpoint();
    this.#rows = this.#rows.filter(({ step }) => step <= checkpoint.step);
    return checkpoint;
  }

  writeJson(name: string, value: unknown): void {
    this.#documents.set(name, { text: JSON.stringify(value), after: this.#checkpoints });
  }

  readJson(name: string): unknown {
    const document = this.#documents.get(name);
    return document && JSON.parse(document.text);
  }

  isCurrent(name: string): boolean {
    return this.#documents.get(name)?.after === this.#checkpoints;
  }

  ledgerFile(): LedgerFile {
    return this.#ledger;
  }

  close(): void {}

  abandon(): void {}
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VeilganError('FILE', 'the kept run is damaged', { where, fix: 'Remove it and train again', cause });
  }
}

/** A ledger that is gone with the memory it lies in: nothing pays for what a lost process has spent. */
export class MemoryLedgerFile implements LedgerFile {
  readonly path: string;
  #bytes = new Uint8Array(0);

  constructor(path: string) {
    this.path = path;
  }

  read(): Uint8Array | undefined {
    return this.#bytes.length ? this.#bytes : undefined;
  }

  open(size: number): void {
    if (size === 0 && this.#bytes.length) {
      throw new VeilganError('FILE', 'there is a ledger already', { where: this.path, fix: 'Go on with its run' });
    }
    this.truncate(size);
  }

  append(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#bytes.length + bytes.length);
    all.set(this.#bytes);
    all.set(bytes, this.#bytes.length);
    this.#bytes = all;
  }

  truncate(size: number): void {
    this.#bytes = this.#bytes.slice(0, size);
  }

  close(): void {}
}
