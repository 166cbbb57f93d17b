/** What one training leaves behind, wherever it lies: in a directory (directory-run.ts) or in memory (memory-run.ts). */
import { VeilganError } from '../base/errors.ts';
import type { LedgerFile } from '../privacy/ledger/book.ts';
import type { LossRow } from '../train/loop.ts';
import type { HostTensors } from '../train/player.ts';
import type { SafetensorsFile, StoredTensor } from './safetensors.ts';
import type { RunInfo } from './schema.ts';

/** Numbers of one step. A value that is not finite is stored as null and read back as NaN. */
export interface MetricRow {
  step: number;
  [name: string]: number | readonly number[];
}

export interface Checkpoint {
  /** Generator steps done. */
  step: number;
  tensors: SafetensorsFile['tensors'];
  meta: Record<string, string>;
}

/** The tensors of a checkpoint, which are all f32, as systems restore them. */
export const hostTensors = ({ tensors }: Checkpoint): HostTensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, { shape: t.shape, data: t.data as Float32Array }]),
  );

/** What the caller tells about a new run; format, time and versions are added where it is made. */
export type NewRun = Pick<RunInfo, 'system' | 'data' | 'seed' | 'config' | 'adapter' | 'encoding'>;

export const CHECKPOINT = 'checkpoint.safetensors';

/** What is appended, replaced and read while training and afterwards. */
export interface Run {
  /** Where it is: an absolute path, or the name of a run in memory. */
  readonly dir: string;
  readonly info: RunInfo;
  /** Adds to `info`, and to where it is kept, what could not be known when the run was made. Throws FILE. */
  describe(more: Pick<NewRun, 'encoding'>): void;
  /** Throws DATA for a bad step, FILE when the disk refuses. */
  appendMetrics(rows: readonly MetricRow[]): void;
  /** All rows; a last line that a crash cut short is left out and told to `warn`, without which it is an error. */
  readMetrics(options?: { warn?: (message: string) => void }): MetricRow[];
  /** Replaces the checkpoint. `meta.step` (decimal) counts the generator steps done. Throws SHAPE, CONFIG or FILE. */
  writeCheckpoint(tensors: Record<string, StoredTensor>, meta: Record<string, string>): void;
  hasCheckpoint(): boolean;
  /** Throws FILE when there is none or it is damaged. */
  readCheckpoint(): Checkpoint;
  /** The checkpoint to go on from; metrics are cut back to its step. Only for a run opened to write. */
  resume(): Checkpoint;
  /** Writes a document such as `private/attacks.json`. Values that are not finite become null. */
  writeJson(name: string, value: unknown): void;
  /** A document of `writeJson`, or undefined when it was never written. Unchecked: validate what you use of it. */
  readJson(name: string): unknown;
  /** Whether a document was written after the run's last training. */
  isCurrent(name: string): boolean;
  /** The file that a private run's spending goes to. */
  ledgerFile(): LedgerFile;
  /** Ends the use of it; what there is stays. May be called twice. */
  close(): void;
  /** For a start that failed: closes, and removes what is worth nothing. */
  abandon(): void;
}

/** The losses of a GAN's run. @throws VeilganError FILE for a row without them; else as `readMetrics` */
export const lossesOf = (run: Run, options?: Parameters<Run['readMetrics']>[0]): LossRow[] =>
  run.readMetrics(options).map(({ step, loss_g, loss_d }) => {
    if (typeof loss_g === 'number' && typeof loss_d === 'object') return { step, loss_g, loss_d };
    throw new VeilganError('FILE', `step ${step} has no losses of a GAN`, { where: `${run.dir}, metrics.jsonl` });
  });

/** Whether a row or a checkpoint may say that it is of this step. */
export const isStep = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** @throws VeilganError DATA for a row without a whole step >= 0 */
export function checkSteps(rows: readonly MetricRow[], where: string): void {
  const bad = rows.find((row) => !isStep(row.step));
  if (!bad) return;
  throw new VeilganError('DATA', `a metrics row has step ${bad.step}`, {
    where,
    fix: 'Take another copy of the run, or start it anew',
  });
}

/** The step that a checkpoint says it is of. @throws VeilganError FILE where it says none */
export function stepOf(meta: Readonly<Record<string, string>>, where: string): number {
  const step = Object.hasOwn(meta, 'step') && /^\d{1,15}$/.test(meta.step) ? Number(meta.step) : undefined;
  if (step !== undefined) return step;
  throw new VeilganError('FILE', 'the checkpoint does not say its step (metadata field "step")', {
    where,
    fix: 'The file is not a checkpoint of VeilGAN: take another copy of it',
  });
}
