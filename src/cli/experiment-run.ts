/** One run of an experiment: trained, or gone on with, attacked and judged; what it measured is kept beside it. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { AttackName } from '../attack/index.ts';
import { VeilganError } from '../base/errors.ts';
import { readJson } from '../base/files.ts';
import type { Gpu } from '../gpu/index.ts';
import { type Metrics, numbersOf } from '../metrics/index.ts';
import { type Assessment, attackRun } from '../run/assess/attacks.ts';
import { quickQuality } from '../run/assess/quality.ts';
import { configFor } from '../run/config.ts';
import { folderOf, type Measurement, type Plan, type Readings, type Setting } from '../run/experiment/experiment.ts';
import { CHECKPOINT } from '../run/run.ts';
import type { DirectoryJob } from '../run/session.ts';
import { released, type TrainingResult } from '../run/training.ts';
import { withNewRun, withRun } from './job.ts';

const READINGS = 'private/experiment.json';
const readings = z.record(z.string(), z.object({ value: z.number(), se: z.number().optional() }));

/**
 * The numbers that an experiment averages; those of attacks are accuracies unless the name says otherwise, against rows
 * of the members' own file where training left some out.
 */
function readingsOf(attacks: Assessment, quality: Metrics): Readings {
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
  for (const [name, value] of numbersOf(quality)) add(name, value);
  return found;
}

/**
 * What a run measured; it is trained and attacked where that has not been done.
 * @param train trains a job as far as it may
 * @throws VeilganError INTERRUPTED where it was stopped, with the run saved
 */
export async function experimentRun(
  gpu: Gpu,
  dir: string,
  plan: Plan,
  setting: Setting,
  seed: number,
  train: (job: DirectoryJob) => Promise<TrainingResult>,
): Promise<Readings> {
  const out = join(dir, 'runs', folderOf(setting, seed));
  const before = join(out, READINGS);
  if (existsSync(before)) {
    const known = readings.safeParse(readJson(before));
    if (known.success) return known.data;
  }
  const found = await withRunOf(gpu, out, plan, setting, seed, async (job) => {
    const { interrupted } = await train(job);
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
  });
  gpu.trim();
  return found;
}

/** A run that goes on from its checkpoint, or a new one; what stopped before its first checkpoint starts over. */
function withRunOf<T>(
  gpu: Gpu,
  out: string,
  plan: Plan,
  setting: Setting,
  seed: number,
  use: (job: DirectoryJob) => Promise<T>,
): Promise<T> {
  if (existsSync(join(out, CHECKPOINT))) return withRun(gpu, out, use, { write: true });
  rmSync(out, { recursive: true, force: true });
  const { system, fields } = setting;
  const config = configFor(system, fields);
  return withNewRun(gpu, { system, data: plan.data, config, seed, out }, use);
}
