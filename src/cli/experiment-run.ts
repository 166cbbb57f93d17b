/** One run of an experiment: trained, or gone on with, attacked and judged; what it measured is kept beside it. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { AttackName } from '../attack/index.ts';
import { VeilganError } from '../base/errors.ts';
import { readJson } from '../base/files.ts';
import { makeConfig } from '../gan/presets/index.ts';
import { parsePrivate } from '../gan/private/run.ts';
import { isPrivate } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import type { Metrics } from '../metrics/index.ts';
import { type Assessment, attackRun } from '../run/assess/attacks.ts';
import { quickQuality } from '../run/assess/quality.ts';
import { folderOf, type Measurement, type Plan, type Readings, type Setting } from '../run/experiment/experiment.ts';
import { CHECKPOINT } from '../run/run.ts';
import { type DirectoryJob, openTraining, startTraining } from '../run/session.ts';
import { released, runTraining } from '../run/training.ts';
import { createProgress } from './progress.ts';

const READINGS = 'private/experiment.json';
const readings = z.record(z.string(), z.object({ value: z.number(), se: z.number().optional() }));

export interface RunHooks {
  readonly label: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly stop: () => boolean;
}

/** Shares of samples below which a mode counts as lost. */
const LOST = 0.05;

/**
 * The numbers that an experiment averages; those of attacks are accuracies unless the name says otherwise, against rows
 * of the members' own file where training left some out.
 */
export function readingsOf(attacks: Assessment, quality: Metrics): Readings {
  const { mode_shares: modes, ring_shares: rings, ...numbers } = quality;
  const found: Record<string, Measurement> = {};
  const add = (key: string, value: number, ci95?: readonly [number, number]) => {
    found[key] = { value, ...(ci95 ? { se: (ci95[1] - ci95[0]) / (2 * 1.96) } : {}) };
  };
  const judged = (attacks.clean ?? attacks).attacks;
  for (const { name, accuracy, auc, tpr_at_fpr: rate, ci95, intervals } of judged) {
    add(name, accuracy, ci95);
    add(`${name}:auc`, auc, intervals.auc);
    add(`${name}:tpr-at-1%`, rate['0.01'], intervals.tpr_at_fpr['0.01']);
  }
  if (Array.isArray(modes)) add('modes_covered', modes.filter((share) => share >= LOST).length);
  if (Array.isArray(rings)) {
    add(
      'on_rings',
      rings.reduce((a, b) => a + b, 0),
    );
  }
  for (const [key, value] of Object.entries(numbers)) if (typeof value === 'number') add(key, value);
  return found;
}

/**
 * What a run measured; it is trained and attacked where that has not been done.
 * @throws VeilganError INTERRUPTED where `stop` says so, with the run saved
 */
export async function experimentRun(
  gpu: Gpu,
  dir: string,
  plan: Plan,
  setting: Setting,
  seed: number,
  { label, json, quiet, stop }: RunHooks,
): Promise<Readings> {
  const out = join(dir, 'runs', folderOf(setting, seed));
  const kept = join(out, READINGS);
  if (existsSync(kept)) {
    const known = readings.safeParse(readJson(kept));
    if (known.success) return known.data;
  }
  const job = await opened(gpu, out, plan, setting, seed);
  const progress = createProgress({ total: job.steps, start: job.gan.step, label, json, quiet });
  try {
    const { interrupted } = await runTraining(job, {
      stop,
      onRows: (rows) => progress.update(rows[rows.length - 1].step, rows[rows.length - 1]),
    });
    progress.stop();
    if (interrupted) {
      throw new VeilganError('INTERRUPTED', 'the experiment was stopped', {
        fix: `Go on with: veilgan experiment --resume ${dir}`,
      });
    }
    const attacks = await attackRun(job, plan.attacks as AttackName[]);
    job.run.writeJson('private/attacks.json', attacks);
    const { metrics } = await quickQuality(job, await job.gan.sample(released(job.data)), false);
    const found = readingsOf(attacks, metrics);
    job.run.writeJson(READINGS, found);
    return found;
  } finally {
    progress.stop();
    job.guarantee?.close();
    job.run.close();
    job.gan.dispose();
    gpu.trim();
  }
}

/** A run that goes on from its checkpoint, or a new one; what stopped before its first checkpoint starts over. */
async function opened(gpu: Gpu, out: string, plan: Plan, setting: Setting, seed: number): Promise<DirectoryJob> {
  if (existsSync(join(out, CHECKPOINT))) return openTraining(gpu, out, { write: true });
  rmSync(out, { recursive: true, force: true });
  const { system, fields } = setting;
  const config = isPrivate(system) ? parsePrivate(fields) : makeConfig(undefined, fields);
  return startTraining(gpu, { system, data: plan.data, config, seed, out });
}
