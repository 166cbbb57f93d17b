/** From a command to a run directory and back: what training.ts does, with data and runs on the disk. Node only. */
import { existsSync } from 'node:fs';
import { VeilganError } from '../base/errors.ts';
import type { Source } from '../data/dataset.ts';
import { loadSource } from '../data/store/store.ts';
import { relationOf } from '../gan/private/config.ts';
import type { GuaranteeConfig } from '../gan/private/run.ts';
import { isPrivate, systemRow } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import { FREE } from '../privacy/budget.ts';
import { configFor } from './config.ts';
import { createRun, openRun } from './directory.ts';
import type { DirectoryRun } from './directory-run.ts';
import type { RunPlan, TrainingJob } from './job.ts';
import { type Noted, noteStart } from './odometer.ts';
import type { Run } from './run.ts';
import { beginJob, openJob } from './training.ts';

export type DirectoryJob = TrainingJob<DirectoryRun>;

interface Start extends RunPlan {
  /** a name, or what was read under one */
  readonly data: string | Source;
  readonly out?: string;
  readonly root?: string;
}

/**
 * A new run. Nothing is written where the config does not fit the data or `out` exists, but for one thing: a private run
 * on a stored data set is noted beside the set before anything of it is looked at, and stays noted.
 */
export async function startTraining(gpu: Gpu, { data, out, root, ...plan }: Start): Promise<DirectoryJob> {
  const source = typeof data === 'string' ? await loadSource(data) : data;
  const noted = noteOf(source, plan, out);
  let run: DirectoryRun | undefined;
  try {
    const job = beginJob(gpu, source, plan, (meta) => {
      run = createRun(out, meta, { root });
      noted?.began({ dir: run.dir, created: run.info.created });
      return run;
    });
    return job;
  } catch (error) {
    // A run that is there has a ledger, which says what was paid; without one nothing was.
    if (!run || !existsSync(run.dir)) noted?.failed(FREE);
    throw error;
  }
}

/** Of a private run on a set that is not generated. @throws VeilganError FILE, and CONFIG as its beginning would */
function noteOf(source: Source, { system, config, insecureSeed }: RunPlan, out: string | undefined): Noted | undefined {
  if (!isPrivate(system) || source.meta.seed !== undefined) return undefined;
  const dp = configFor(system, config) as GuaranteeConfig;
  const { epsilon, delta, bound = 'clip' } = dp;
  const { name, meta } = source;
  return noteStart({
    data: { name, sha256: meta.sha256 },
    system,
    relation: relationOf(dp),
    delta,
    budget: epsilon,
    unguarded: insecureSeed !== undefined || bound !== 'clip',
    out,
  });
}

/** The data of a run, checked to be what it was trained on. @throws VeilganError DATA, or USAGE for a classifier's */
async function dataOf(run: Run): Promise<Source> {
  const { system } = run.info;
  if (!systemRow(system)) {
    throw new VeilganError('USAGE', `the run is a ${system}, which generates nothing`, {
      where: run.dir,
      fix: 'Name a run of `veilgan train`; a classifier is given to an evaluation of images',
    });
  }
  const { name, sha256, seed } = run.info.data as { name: string; sha256?: string; seed?: number };
  const data = await loadSource(name, seed === undefined ? {} : { seed });
  if (sha256 && data.meta.sha256 !== sha256) {
    throw new VeilganError('DATA', `data set ${name} is no longer what the run was trained on`, {
      where: run.dir,
      fix: `Import the original again as ${name}`,
    });
  }
  return data;
}

/** Opens a run for sampling, attacks or more training; its parameters are those of its checkpoint. */
export async function openTraining(
  gpu: Gpu,
  dir: string,
  { write = false, steps }: { write?: boolean; steps?: number } = {},
): Promise<DirectoryJob> {
  const run = openRun(dir, { write });
  try {
    const warn = (line: string) => void process.stderr.write(`${line}\n`);
    return openJob(gpu, run, await dataOf(run), { write, steps, warn });
  } catch (error) {
    run.close();
    throw error;
  }
}
