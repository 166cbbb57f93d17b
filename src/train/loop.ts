import { VeilganError } from '../base/errors.ts';
import { type Gpu, kindOf, type Replay, type Ticket } from '../gpu/index.ts';

/** Numbers of one step. */
export interface StepRow {
  /** counted from 1: the state after this step */
  readonly step: number;
}

/** What the training loop drives. */
export interface System<Row extends StepRow> {
  readonly gpu: Gpu;
  /** generator steps done or submitted */
  readonly step: number;
  readonly maxChunk: number;
  /** whether nothing more can be done, whatever the steps */
  readonly exhausted?: boolean;
  /** whether the next chunk depends on what the last one found, so that it must come back first */
  readonly waits?: boolean;
  /** The replays of the next `count` steps, their batches uploaded. */
  chunk(count: number): Replay[];
  /** What its program logged for the steps after `first`. @throws VeilganError NAN */
  rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): Row[];
}

/** Losses of a step; read back from a file NaN where one was not finite. */
export interface LossRow extends StepRow {
  readonly loss_g: number;
  /** of the last critic update of the step, by critic */
  readonly loss_d: readonly number[];
}

export interface TrainOptions<Row extends StepRow> {
  /** stop after this many steps in all */
  readonly steps: number;
  /** steps a submit; by default about `targetMs` worth of them */
  readonly chunk?: number;
  /** milliseconds of work a submit: 100 headless, 8 in a page */
  readonly targetMs?: number;
  /** called for each finished chunk, in order */
  readonly onRows?: (rows: readonly Row[]) => void;
  /** asked between chunks: true stops cleanly */
  readonly stop?: () => boolean;
}

/**
 * Trains until `steps`, or until `stop` says so, with two chunks in flight. The numbers do not depend on the chunks.
 * @throws VeilganError NAN naming step and loss where a loss is not finite; DEVICE_LOST
 */
export async function train<Row extends StepRow>(
  system: System<Row>,
  { steps, chunk, targetMs = 100, onRows, stop }: TrainOptions<Row>,
): Promise<void> {
  const { waiter } = system.gpu;
  const flying: { ticket: Ticket; first: number }[] = [];
  const land = async () => {
    const next = flying.shift();
    if (!next) return;
    // Outside of the optional call, which would not evaluate its argument.
    const rows = system.rows(await next.ticket.done(), next.first);
    // A chunk may end in the middle of a step.
    if (rows.length) onRows?.(rows);
  };
  let size = chunk ?? 1;
  try {
    while (system.step < steps && !system.exhausted && !stop?.()) {
      const count = Math.min(size, steps - system.step, system.maxChunk);
      const first = system.step;
      const replays = system.chunk(count);
      flying.push({ ticket: system.gpu.replay(replays), first });
      // The first chunk compiles the kernels; nothing else is sent before it has come back.
      while (flying.length === 2 || (flying.length && (first === 0 || system.waits))) await land();
      const each = waiter.estimate(kindOf(replays));
      const made = Math.max(1, system.step - first);
      const ms = each && (each * replays.length) / made;
      if (!chunk && ms) size = Math.max(1, Math.min(4 * size, Math.round(targetMs / ms)));
    }
    while (flying.length) await land();
  } catch (error) {
    // What is still in flight follows from what failed: it has to end, but its rows and errors say nothing new.
    await Promise.allSettled(flying.map(({ ticket }) => ticket.done()));
    throw error;
  }
}

/** Rows of a GAN's losses. @throws VeilganError NAN naming step and player */
export function lossRows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] {
  const g = logs.get('loss_g') ?? [];
  const d = logs.get('loss_d') ?? [];
  return g.map((row, i) => {
    const step = first + i + 1;
    const bad = d[i].some((x) => !Number.isFinite(x)) ? 'critic' : Number.isFinite(row[0]) ? null : 'generator';
    if (bad) throw notFinite(`the ${bad} loss`, step);
    return { step, loss_g: row[0], loss_d: Array.from(d[i]) };
  });
}

export const notFinite = (what: string, step: number): VeilganError =>
  new VeilganError('NAN', `${what} is not finite at step ${step}`, {
    where: `step ${step}`,
    fix: 'Lower `rate`, or look for extreme values in the data',
  });
