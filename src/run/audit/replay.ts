/**
 * Record and replay: a production run is made again without one record, under the same key, and given the releases of
 * the first. Both go through the same states, so that their sums without noise differ by what the record adds, and by
 * nothing else if nothing else depends on it: at most C over all critics together, and in its own critic alone.
 */
import type { Dataset } from '../../data/dataset.ts';
import type { PrivateConfig } from '../../gan/private/config.ts';
import { secretOf } from '../../gan/private/run.ts';
import type { Gpu } from '../../gpu/index.ts';
import { byCritic, type Claimed, dot, type Watched, watch } from './production.ts';

export interface Replayed {
  readonly name: string;
  /** the largest movement of a sum, over C */
  readonly moved: number;
  /** what rounding may make of 1 */
  readonly limit: number;
  /** the largest movement of a critic that does not see the record, over C */
  readonly elsewhere: number;
  /** records that were left out, and updates that each could move */
  readonly records: number;
  readonly updates: number;
}

/** What f32 may move in a critic that has the same records: nothing, but for the order in which they are summed. */
const ELSEWHERE = 1e-4;

/**
 * Twice what the rounding of a sum of n clipped gradients in f32 may come to, over C: each addition loses 2^-24 of a
 * partial sum that is n C at most; and the gradients' own products as much again.
 */
export const rounding = (n: number): number => 4 * n * n * 2 ** -24;

export interface ReplayOptions {
  readonly seed: number;
  readonly insecureSeed?: number;
  /** rows that are left out in turn */
  readonly removed: readonly number[];
  /** whether the system is prepared as before a training */
  readonly prepare?: boolean;
  readonly claimed?: Partial<Claimed>;
  readonly unclipped?: boolean;
}

/** @param without the data set with a row left out */
export async function replay(
  gpu: Gpu,
  name: string,
  config: PrivateConfig,
  data: Dataset,
  without: (row: number) => Dataset,
  { removed, prepare, ...options }: ReplayOptions,
): Promise<Replayed> {
  const key = secretOf(options.insecureSeed);
  const { seed, claimed, unclipped } = options;
  try {
    const common = { key, claimed, unclipped };
    const whole = await watch(gpu, config, data, seed, { ...common, prepare });
    let [moved, elsewhere, updates] = [0, 0, 0];
    for (const row of removed) {
      const twin = await watch(gpu, config, without(row), seed, { ...common, noise: 1, given: whole.updates });
      const found = movement(whole, twin, whole.owners[row], config.partitions);
      moved = Math.max(moved, found.moved);
      elsewhere = Math.max(elsewhere, found.elsewhere);
      updates += found.updates;
    }
    const limit = 1 + rounding(data.rows + config.batch);
    return { name, moved, limit, elsewhere, records: removed.length, updates };
  } finally {
    key.wipe();
  }
}

/** The largest movements between two runs, over C. What is not finite is infinite. */
function movement(a: Watched, b: Watched, owner: number, critics: number) {
  let [moved, elsewhere, updates] = [0, 0, 0];
  const { bound } = a.claimed;
  const most = (x: number, y: number) => (Number.isFinite(y) ? Math.max(x, y) : Number.POSITIVE_INFINITY);
  a.updates.forEach(({ sum }, t) => {
    const squares = byCritic(a.layout, critics, sum, { less: b.updates[t].sum }).map((d) => dot(d, d));
    const all = Math.sqrt(squares.reduce((x, y) => x + y)) / bound;
    moved = most(moved, all);
    squares.forEach((square, k) => {
      if (k !== owner) elsewhere = most(elsewhere, Math.sqrt(square) / bound);
    });
    if (all > ELSEWHERE) updates++;
  });
  return { moved, elsewhere, updates };
}

/** Whether a movement is what a record may add. */
export const holds = ({ moved, limit, elsewhere }: Replayed): boolean => moved <= limit && elsewhere <= ELSEWHERE;
