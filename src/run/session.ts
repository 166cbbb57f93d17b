/** From a command to a run directory and back: training, resuming, and opening a finished run. */

import { type Dataset, ofClass } from '../data/dataset.ts';
import { loadDataset } from '../data/store.ts';
import { type GanConfig, makeConfig } from '../gan/config.ts';
import { DpGan } from '../gan/dpgan.ts';
import { ParGan } from '../gan/pargan.ts';
import type { HostTensors } from '../gan/player.ts';
import type { GanSystem } from '../gan/system.ts';
import { type LossRow, train } from '../gan/train.ts';
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { createRun, openRun } from './directory.ts';
import { type Guarantee, isPrivate, type PrivateRun, parsePrivate, privateRun } from './private.ts';
import type { Run } from './run.ts';

/** Rows that a finished run releases in samples/, and that quality measures and attacks on samples draw. */
export const released = ({ shape }: Pick<Dataset, 'shape'>): number => (shape.length === 3 ? 2000 : 10_000);

export interface TrainingJob {
  readonly run: Run;
  readonly gan: GanSystem;
  /** the ledger and the keys of a private run */
  readonly guarantee?: Guarantee;
  readonly data: Dataset;
  /** generator steps in all */
  readonly steps: number;
}

export interface TrainingResult {
  readonly steps: number;
  /** of this call, training only */
  readonly seconds: number;
  /** steps that this call added */
  readonly added: number;
  readonly last: LossRow | null;
  readonly interrupted: boolean;
  /** from the start of the process to the end of the first step of this call, in seconds */
  readonly firstStep: number;
}

interface Start {
  readonly system: string;
  readonly data: string;
  readonly config: GanConfig;
  readonly seed: number;
  readonly out?: string;
  readonly root?: string;
  /** of a private run whose noise and samples follow from a seed: no guarantee */
  readonly insecureSeed?: number;
}

/** A new run. Nothing is written where the config does not fit the data or `out` exists. */
export async function startTraining(gpu: Gpu, options: Start): Promise<TrainingJob> {
  const { system, config, seed, insecureSeed } = options;
  const data = ofClass(await loadDataset(options.data), config.onlyClass);
  const made = isPrivate(system) ? privateRun(gpu, parsePrivate(config), data, seed, insecureSeed) : null;
  const gan = made?.gan ?? new ParGan(gpu, config, data, seed);
  const meta = {
    system,
    data: describe(data),
    seed,
    config: { ...config, ...(insecureSeed === undefined ? {} : { insecureSeed }) },
    adapter: { ...gpu.adapter },
  };
  let run: Run | undefined;
  try {
    run = createRun(options.out, meta, { root: options.root });
    const guarantee = made?.begin(run.dir);
    return { run, gan, guarantee, data, steps: Math.min(config.steps, reach(gan, guarantee)) };
  } catch (error) {
    made?.close();
    gan.dispose();
    run?.abandon();
    throw error;
  }
}

/** Generator steps that a budget allows, as far as they are known beforehand. */
const reach = (gan: GanSystem, guarantee: Guarantee | undefined): number =>
  gan instanceof DpGan && guarantee ? gan.stepsWithin(guarantee.limit) : Number.POSITIVE_INFINITY;

/** What run.json says of a data set. */
export const describe = ({ name, rows, holdoutRows, columns, meta }: Dataset) => ({
  name,
  rows,
  holdout: holdoutRows,
  columns,
  origin: meta.origin,
  sha256: meta.sha256,
  ...(meta.seed === undefined ? {} : { seed: meta.seed }),
});

/** The data of a run, checked to be what it was trained on. @throws VeilganError DATA, or USAGE for a classifier's */
async function dataOf(run: Run): Promise<Dataset> {
  if (run.info.system === 'classifier') {
    throw new VeilganError('USAGE', 'the run is a classifier, which generates nothing', {
      where: run.dir,
      fix: 'Name a run of `veilgan train`; a classifier goes behind evaluate --classifier',
    });
  }
  const { name, sha256, seed } = run.info.data as { name: string; sha256?: string; seed?: number };
  const data = await loadDataset(name, seed === undefined ? {} : { seed });
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
): Promise<TrainingJob> {
  const run = openRun(dir, { write });
  let gan: GanSystem | undefined;
  let made: PrivateRun | undefined;
  try {
    const whole = await dataOf(run);
    const { system, seed } = run.info;
    const { insecureSeed, ...fields } = run.info.config as { insecureSeed?: number };
    const dp = isPrivate(system) ? parsePrivate(fields) : null;
    const config = dp ?? makeConfig(undefined, fields);
    const data = ofClass(whole, config.onlyClass);
    const checkpoint = write ? run.resume() : run.readCheckpoint();
    if (dp) made = privateRun(gpu, dp, data, seed, insecureSeed);
    gan = made?.gan ?? new ParGan(gpu, config, data, seed);
    const tensors = Object.fromEntries(
      Object.entries(checkpoint.tensors).map(([name, t]) => [name, { shape: t.shape, data: t.data as Float32Array }]),
    );
    gan.restore(tensors, checkpoint.meta);
    const guarantee = made?.resume(run.dir, checkpoint.meta, write);
    return { run, gan, guarantee, data, steps: Math.min(steps ?? config.steps, reach(gan, guarantee)) };
  } catch (error) {
    made?.close();
    gan?.dispose();
    run.close();
    throw error;
  }
}

/** @throws VeilganError NAN where a checkpoint would hold what training cannot go on from */
export function checkFinite(tensors: Readonly<HostTensors>, step: number): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    if (data.every(Number.isFinite)) continue;
    throw new VeilganError('NAN', `${name} is not finite after step ${step}`, {
      where: `step ${step}`,
      fix: 'Lower --rate, or look for extreme values in the data; the checkpoint before, if any, is kept',
    });
  }
}

/**
 * Trains to the job's last step, appending metrics as chunks finish and replacing the checkpoint about every half
 * minute, at the end, and when `stop` says so.
 * @param options.checkpointSeconds 0 writes one after every chunk
 * @throws VeilganError NAN naming the step; the checkpoint before it stays
 */
export async function runTraining(
  { run, gan, guarantee, steps }: TrainingJob,
  {
    chunk,
    stop,
    onRows,
    checkpointSeconds = 30,
    every,
  }: {
    chunk?: number;
    stop?: () => boolean;
    onRows?: (rows: readonly LossRow[]) => void;
    checkpointSeconds?: number;
    /** called when so many steps more are done, counted from the run's first */
    every?: { steps: number; call: (step: number) => Promise<void> };
  } = {},
): Promise<TrainingResult> {
  const first = gan.step;
  const started = performance.now();
  let last: LossRow | null = null;
  let firstStep = 0;
  const save = async () => {
    const { tensors, meta } = await gan.state();
    checkFinite(tensors, gan.step);
    run.writeCheckpoint(tensors, { ...meta, ...guarantee?.meta() });
  };
  await gan.prepare(run.hasCheckpoint());
  // What a private run spends before its first checkpoint must not be lost with it: it can always be resumed.
  if (guarantee && !run.hasCheckpoint()) await save();
  while (gan.step < steps && !gan.exhausted && !stop?.()) {
    const until = performance.now() + 1000 * checkpointSeconds;
    const [from, updates] = [gan.step, gan.critics.optimizer.updates];
    const moved = () => gan.step > from || gan.critics.optimizer.updates > updates;
    const pause = every?.steps ? (Math.floor(from / every.steps) + 1) * every.steps : steps;
    await train(gan, {
      steps: Math.min(steps, pause),
      chunk,
      stop: () => stop?.() || (moved() && performance.now() > until),
      onRows: (rows) => {
        firstStep ||= process.uptime();
        run.appendMetrics(
          rows.map((row) => ({ step: row.step, loss_g: short(row.loss_g), loss_d: row.loss_d.map(short) })),
        );
        last = rows[rows.length - 1];
        onRows?.(rows);
      },
    });
    await save();
    if (every?.steps && gan.step === pause && gan.step > from) await every.call(gan.step);
  }
  const seconds = (performance.now() - started) / 1000;
  return {
    steps: gan.step,
    seconds,
    added: gan.step - first,
    last,
    interrupted: gan.step < steps && !gan.exhausted,
    firstStep,
  };
}

/** Nine digits tell every f32 apart. */
const short = (x: number): number => Number(x.toPrecision(9));
