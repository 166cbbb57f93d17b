/**
 * Record and replay: a production run is made again without one record, under the same key, and given the releases of
 * the first. Both go through the same states, so that their sums without noise differ by what the record adds, and by
 * nothing else if nothing else depends on it: at most C over all critics together, and in its own critic alone.
 */
import type { Check } from '../../attack/audit/family.ts';
import { pickRows } from '../../base/rows.ts';
import { type Dataset, pick } from '../../data/dataset.ts';
import type { PrivateConfig } from '../../gan/private/config.ts';
import { secretOf } from '../../gan/private/run.ts';
import type { Gpu } from '../../gpu/index.ts';
import { trainingRows } from '../../train/rows.ts';
import { canaryCandidates } from './canaries.ts';
import { allCells, type Cell, configOf, dataOf, quickCells, ROWS, smallRun } from './cells.ts';
import type { AuditSetting, Part, PartResult } from './part.ts';
import { byCritic, dot, type Watched, watch } from './production.ts';

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

export interface ReplayOptions extends Pick<AuditSetting, 'seed' | 'insecureSeed' | 'claimed' | 'unclipped'> {
  /** rows that are left out in turn */
  readonly removed: readonly number[];
  /** whether the system is prepared as before a training */
  readonly prepare?: boolean;
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

/** Rows that a quick audit leaves out: a canary in front of all others, one of two equal records, and the last. */
const QUICK = [0, 6, ROWS - 1];
/** A whole audit: also one at the edge of a device batch, and one of no distinction. */
const SOME = [0, 3, 5, 6, ROWS - 1];

const others = (n: number, gone: number): number[] => Array.from({ length: n }, (_, i) => i).filter((i) => i !== gone);

/** Replays cells one after another, each record left out in turn. */
export async function replayCells(
  gpu: Gpu,
  cells: readonly Cell[],
  setting: Pick<AuditSetting, 'seed' | 'insecureSeed' | 'claimed' | 'unclipped' | 'onProgress'>,
  removed: readonly number[] = others(ROWS, -1),
): Promise<Replayed[]> {
  const out: Replayed[] = [];
  for (const [i, cell] of cells.entries()) {
    const data = dataOf(cell, setting.seed);
    const without = (row: number) => pick(data, others(ROWS, row));
    out.push(await replay(gpu, cell.name, configOf(cell), data, without, { ...setting, removed }));
    setting.onProgress?.((i + 1) / (cells.length + 1));
  }
  return out;
}

/** The networks as configured, on a few of the data's own records and canaries, prepared as before a training. */
async function replayConfigured(gpu: Gpu, setting: AuditSetting): Promise<Replayed> {
  const { data, seed } = setting;
  const { partitions: K } = setting.config;
  const n = Math.min(ROWS, trainingRows(data, setting.config));
  const all = pick(data, others(n, -1));
  const canaries = canaryCandidates(all.train, data.features, 2, seed);
  // First and last; `pick` has made the rows, so they may be written over.
  all.train.set(pickRows(canaries, data.features, [0]), 0);
  all.train.set(pickRows(canaries, data.features, [1]), (n - 1) * data.features);
  const run = smallRun(1);
  const config: PrivateConfig = {
    ...setting.config,
    ...run,
    batch: Math.max(1, Math.round((0.8 * n) / K)),
    population: n,
  };
  const removed = setting.quick ? [0, n - 1] : others(n, -1);
  const options = { ...setting, removed, prepare: true };
  return replay(gpu, 'as configured', config, all, (row) => pick(all, others(n, row)), options);
}

/** Movements as a table, and what they prove. */
export function replayed(list: readonly Replayed[]): PartResult {
  const worst = list.reduce((a, b) => (b.moved > a.moved ? b : a));
  const shown = (x: number) => x.toFixed(4);
  const check = (one: Replayed): Check => ({
    name: `a record adds at most C, to its own critic: ${one.name}`,
    p: holds(one) ? 1 : 0,
    found: `moved by ${shown(one.moved)} C, in other critics by ${shown(one.elsewhere)} C`,
  });
  return {
    found: `a record moves a sum by ${shown(worst.moved)} C at most, in ${list.length} kinds of updates`,
    ceiling: '1 C, and what rounding in f32 may add',
    table: {
      head: ['update', 'moved, in C', 'limit', 'in other critics', 'records'],
      rows: list.map((one) => [one.name, shown(one.moved), shown(one.limit), shown(one.elsewhere), `${one.records}`]),
    },
    checks: list.map(check),
    document: { cells: list },
  };
}

async function run(gpu: Gpu, setting: AuditSetting): Promise<PartResult> {
  const cells = setting.quick
    ? await replayCells(gpu, quickCells(), setting, QUICK)
    : await replayCells(gpu, allCells(), setting, SOME);
  return replayed([await replayConfigured(gpu, setting), ...cells]);
}

export const replayPart: Part = {
  name: 'replay',
  title: 'what one record adds',
  proves:
    'Makes a few updates again without one record and with all else as it was, for every kind of update. It proves for these records, exactly, that one of them moves a sum by at most C, and no other critic than its own. It proves nothing of the noise, and is no proof for other records.',
  run,
};
