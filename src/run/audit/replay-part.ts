/** Record and replay over all kinds of updates, and over the configured one. */

import type { Check } from '../../attack/audit/family.ts';
import { pick } from '../../data/dataset.ts';
import type { PrivateConfig } from '../../gan/private/config.ts';
import type { Gpu } from '../../gpu/index.ts';
import { pickRows, trainingRows } from '../../train/rows.ts';
import { canaryCandidates } from './canaries.ts';
import { allCells, type Cell, configOf, dataOf, quickCells, ROWS, smallRun } from './cells.ts';
import type { AuditSetting, Part, PartResult } from './part.ts';
import { holds, type Replayed, replay } from './replay.ts';

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
  const some = pick(data, others(n, -1));
  const canaries = canaryCandidates(some.train, data.features, 2, seed);
  const train = some.train.slice();
  // First and last.
  train.set(pickRows(canaries, data.features, [0]), 0);
  train.set(pickRows(canaries, data.features, [1]), (n - 1) * data.features);
  const all = { ...some, train };
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
