/**
 * Production runs that are watched: made by `privateRun` as any training is, with a ledger to pay from. What is claimed
 * is read in that ledger, and nowhere else.
 */

import { VeilganError } from '../../base/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { PrivateConfig } from '../../gan/private/config.ts';
import { type PrivateOptions, privateRun } from '../../gan/private/run.ts';
import { Witness, type WitnessedUpdate } from '../../gan/private/witness.ts';
import { type Gpu, MAX_ROWS } from '../../gpu/index.ts';
import { train } from '../../train/loop.ts';
import { MemoryLedgerFile } from '../memory-run.ts';
import { BatchWatcher } from './watcher.ts';

/** What a ledger says of an update. */
export interface Claimed {
  readonly q: number;
  readonly sigma: number;
  /** C */
  readonly bound: number;
  readonly divisor: number;
}

/** Where the values of each critic lie among those of all: of every parameter, its place and a critic's share of it. */
export type Layout = readonly { readonly at: number; readonly each: number }[];

export interface Watched {
  readonly updates: readonly WitnessedUpdate[];
  readonly claimed: Claimed;
  readonly layout: Layout;
  /** the critic of each row */
  readonly owners: Uint32Array;
  /** the batches of each critic as they were sent, where they were asked for */
  readonly batches: readonly (readonly Uint32Array[])[];
}

export interface WatchOptions extends Pick<PrivateOptions, 'key' | 'insecureSeed' | 'noise' | 'unclipped'> {
  /** releases that take the place of the run's own */
  readonly given?: readonly WitnessedUpdate[];
  /** whether batches are told, in place of sums and releases */
  readonly batches?: boolean;
  /** whether the system is prepared as before a training, with the guard of its critics */
  readonly prepare?: boolean;
  /** for audits of audits: what is claimed in place of what the ledger says */
  readonly claimed?: Partial<Claimed>;
  /** called after each chunk with the updates so far */
  readonly onUpdates?: (updates: number) => void;
}

/** What an audit's own runs do without, whatever is configured: all rows, a fixed schedule, no budget, no pictures. */
export const BARE = {
  rows: 0,
  snapshots: 1,
  gridEvery: 0,
  burst: 0,
  relation: 'auto',
  adaptive: 0,
  epsilon: 0,
} as const;

/** Trains all steps of the config, and leaves nothing behind. @throws VeilganError CONFIG where config and data do not fit */
export async function watch(
  gpu: Gpu,
  config: PrivateConfig,
  data: Dataset,
  seed: number,
  options: WatchOptions,
): Promise<Watched> {
  const { key, insecureSeed, noise, given, claimed, unclipped } = options;
  const witness = options.batches ? undefined : new Witness(given && { updates: given });
  const run = privateRun(gpu, config, data, seed, { key, insecureSeed, noise, witness, unclipped });
  const { gan } = run;
  try {
    if (witness) checkFits(gpu, gan.critics.parameters.whole.length);
    const { ledger } = run.begin(new MemoryLedgerFile('audit'));
    if (options.prepare) await gan.prepare(false);
    const sent = options.batches ? new BatchWatcher(gan) : undefined;
    await train(sent ?? gan, { steps: config.steps, onRows: () => options.onUpdates?.(gan.updates) });
    const [{ q, sigma }] = ledger.totals();
    const { bound, divisor } = ledger.terms;
    const { parts, at } = gan.critics.parameters;
    return {
      updates: witness?.updates ?? [],
      claimed: { q, sigma, bound, divisor, ...claimed },
      layout: Object.values(parts).map((part, i) => ({ at: at[i], each: part.length / config.partitions })),
      owners: gan.owners(),
      batches: sent?.batches ?? [],
    };
  } finally {
    gan.dispose();
    run.close();
  }
}

/** Sums and releases of a chunk lie in one buffer each. @throws VeilganError OVER_LIMIT where they do not fit there */
function checkFits({ device: { limits } }: Gpu, values: number): void {
  const most = Math.floor(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize) / 4 / MAX_ROWS);
  if (values <= most) return;
  throw new VeilganError('OVER_LIMIT', `the critics have ${values} values, and an audit can look at ${most} here`, {
    where: 'parts',
    fix: 'Audit smaller networks, or with `parts: samplers,transcript`, which do not look at sums',
  });
}

/** The values of each critic, one after another, in f64; of two vectors the difference. @param by what the first is multiplied with */
export function byCritic(
  layout: Layout,
  critics: number,
  a: Float32Array,
  { less, by = 1 }: { less?: Float32Array; by?: number } = {},
): Float64Array[] {
  const total = layout.reduce((sum, { each }) => sum + each, 0);
  return Array.from({ length: critics }, (_, k) => {
    const out = new Float64Array(total);
    let place = 0;
    for (const { at, each } of layout) {
      const from = at + k * each;
      for (let i = from; i < from + each; i++) out[place++] = a[i] * by - (less ? less[i] : 0);
    }
    return out;
  });
}

export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};
