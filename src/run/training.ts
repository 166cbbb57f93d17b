/** Training, from data and a configuration to a run with a checkpoint, and going on with it: in Node and in a page alike. */

import { VeilganError } from '../base/errors.ts';
import { type Dataset, isTable, ofClass, type Source } from '../data/dataset.ts';
import type { Table } from '../data/table.ts';
import type { GanConfig } from '../gan/config.ts';
import { ParGan } from '../gan/pargan.ts';
import { type PrivateConfig, parsePrivate } from '../gan/private/config.ts';
import { PrivatePlan } from '../gan/private/plan.ts';
import { type PrivateRun, privateRun, secretOf } from '../gan/private/run.ts';
import type { GanSystem } from '../gan/system.ts';
import { isFit, isPrivate, type PlainSystem, systemNamed } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import { type LossRow, type TrainOptions, train } from '../train/loop.ts';
import type { HostTensors } from '../train/player.ts';
import { trainingRows } from '../train/rows.ts';
import { configFor } from './config.ts';
import { beginFit, openFit } from './fitting.ts';
import { type OpenOptions, type RunPlan, stepsOf, type TrainingJob } from './job.ts';
import { hostTensors, type NewRun, type Run } from './run.ts';
import { describe, newRecords, priceOf, records } from './training-data.ts';

/** Rows that a finished run releases in samples/, and that quality measures and attacks on samples draw. */
export const released = ({ shape }: Pick<Dataset, 'shape'>): number => (shape.length === 3 ? 2000 : 10_000);

/** The classes of systems without a guarantee; `privateRun` makes the others. */
const plainSystems: Readonly<Record<PlainSystem, new (...parts: ConstructorParameters<typeof ParGan>) => GanSystem>> = {
  gan: ParGan,
  pargan: ParGan,
};

const tableOf = (source: Source): { table?: Table } => (isTable(source) ? { table: source.table } : {});

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

/** What run.json says of a run from its beginning. */
const metaOf = (gpu: Gpu, source: Source, { system, seed, config, insecureSeed }: RunPlan): NewRun => ({
  system,
  data: describe(source),
  seed,
  config: { ...config, ...(insecureSeed === undefined ? {} : { insecureSeed }) },
  adapter: { ...gpu.adapter },
});

/**
 * A job that begins. Nothing is made where the config does not fit the data.
 * @param makeRun makes the run once everything else fits that can be known before the data are looked at
 */
export function beginJob<R extends Run>(
  gpu: Gpu,
  source: Source,
  plan: RunPlan,
  makeRun: (meta: NewRun) => R,
): TrainingJob<R> {
  const { system, seed } = plan;
  if (isFit(system)) return beginFit(gpu, source, { ...plan, system }, metaOf(gpu, source, plan), makeRun);
  if (isPrivate(system)) return beginPrivate(gpu, source, plan, makeRun);
  const config = plan.config as GanConfig;
  const whole = ofClass(source, config.onlyClass);
  const data = newRecords(whole, config.rows);
  const gan = new plainSystems[system](gpu, config, data, seed);
  try {
    const meta = metaOf(gpu, whole, plan);
    const run = makeRun({ ...meta, ...(data.encoding ? { encoding: data.encoding } : {}) });
    return { run, gan, data, ...tableOf(source), steps: stepsOf(config.steps, gan, undefined) };
  } catch (error) {
    gan.dispose();
    throw error;
  }
}

/**
 * A private job. The ledger stands, and says what the encoding of a table costs, before noise is drawn for it: a start
 * that fails after that leaves a run of which nothing remains but what it paid.
 */
function beginPrivate<R extends Run>(...[gpu, source, plan, makeRun]: Parameters<typeof beginJob<R>>): TrainingJob<R> {
  const { seed, insecureSeed, witness, warm } = plan;
  const config = parsePrivate(plan.config);
  const whole = ofClass(source, config.onlyClass);
  const terms = new PrivatePlan(config, trainingRows(whole, config), priceOf(whole, config), warm?.copied);
  const key = secretOf(insecureSeed);
  let run: R | undefined;
  let made: PrivateRun | undefined;
  try {
    // What needs no look at the cells is found wrong before anything is written.
    if (!isTable(whole)) made = privateRun(gpu, config, whole, seed, { key, plan: terms, witness });
    if (warm) made?.gan.generator.begin(warm.tensors);
    run = makeRun(metaOf(gpu, whole, { ...plan, config }));
    const { ledger, limit } = terms.begin(run.ledgerFile());
    const data = newRecords(whole, config.rows, { config, key, witness });
    if (data.encoding) run.describe({ encoding: data.encoding });
    made ??= privateRun(gpu, config, data, seed, { key, plan: terms, witness });
    const guarantee = made.pay(ledger, limit);
    const { gan } = made;
    return { run, gan, guarantee, data, ...tableOf(source), steps: stepsOf(config.steps, gan, guarantee) };
  } catch (error) {
    made?.close();
    made?.gan.dispose();
    run?.abandon();
    throw error;
  } finally {
    key.wipe();
  }
}

/**
 * A run as its checkpoint left it, for sampling, attacks or more training.
 * @param source what the run was trained on
 * @throws VeilganError FILE for a checkpoint or a ledger that does not belong to it; the run stays open
 */
export function openJob<R extends Run>(
  gpu: Gpu,
  run: R,
  source: Source,
  { write = false, steps, warn }: OpenOptions = {},
): TrainingJob<R> {
  let made: ({ readonly gan: GanSystem } & Partial<Omit<PrivateRun, 'gan'>>) | undefined;
  try {
    const { seed } = run.info;
    const system = systemNamed(run.info.system);
    if (isFit(system)) return openFit(gpu, run, system, source, { write, steps, warn });
    const { insecureSeed, ...fields } = run.info.config as { insecureSeed?: number };
    const config = configFor(system, fields) as GanConfig | PrivateConfig;
    const data = ofClass(records(source, run.info.encoding), config.onlyClass);
    const checkpoint = write ? run.resume() : run.readCheckpoint();
    made = isPrivate(system)
      ? privateRun(gpu, config as PrivateConfig, data, seed, { insecureSeed, trains: write })
      : { gan: new plainSystems[system](gpu, config, data, seed) };
    const { gan } = made;
    gan.restore(hostTensors(checkpoint), checkpoint.meta);
    const guarantee = made.resume?.(run.ledgerFile(), { meta: checkpoint.meta, write, warn });
    return { run, gan, guarantee, data, ...tableOf(source), steps: stepsOf(steps ?? config.steps, gan, guarantee) };
  } catch (error) {
    made?.close?.();
    made?.gan.dispose();
    throw error;
  }
}

/** @throws VeilganError NAN where a checkpoint would hold what training cannot go on from */
export function checkFinite(tensors: Readonly<HostTensors>, step: number): void {
  for (const [name, { data }] of Object.entries(tensors)) {
    if (data.every(Number.isFinite)) continue;
    throw new VeilganError('NAN', `${name} is not finite after step ${step}`, {
      where: `step ${step}`,
      fix: 'Lower `rate`, or look for extreme values in the data; the checkpoint before, if any, is kept',
    });
  }
}

export interface TrainingOptions extends Omit<TrainOptions<LossRow>, 'steps'> {
  /** 0 writes a checkpoint after every chunk */
  readonly checkpointSeconds?: number;
  /** whether there is one before the first step; by default of private runs, which can always be resumed then */
  readonly checkpointFirst?: boolean;
  /** called when so many steps more are done, counted from the run's first */
  readonly every?: { steps: number; call: (step: number) => Promise<void> };
}

/**
 * Trains to the job's last step, appending metrics as chunks finish and replacing the checkpoint about every half
 * minute, at the end, and when `stop` says so.
 * @throws VeilganError NAN naming the step; the checkpoint before it stays
 */
export async function runTraining(
  { run, gan, guarantee, steps }: TrainingJob,
  {
    chunk,
    targetMs,
    stop,
    onRows,
    checkpointSeconds = 30,
    checkpointFirst = guarantee !== undefined,
    every,
  }: TrainingOptions = {},
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
  let asked = await gan.prepare(run.hasCheckpoint());
  // What a private run spends before its first checkpoint must not be lost with it: it can always be resumed.
  if (checkpointFirst && !run.hasCheckpoint()) await save();
  while (gan.step < steps && !gan.exhausted && !stop?.()) {
    if (gan.step >= asked) asked = await gan.prepare(true);
    const until = performance.now() + 1000 * checkpointSeconds;
    const [from, { done }] = [gan.step, gan];
    const moved = () => gan.done > done;
    const pause = every?.steps ? (Math.floor(from / every.steps) + 1) * every.steps : steps;
    await train(gan, {
      steps: Math.min(steps, pause, asked),
      chunk,
      targetMs,
      stop: () => stop?.() || (moved() && performance.now() > until),
      onRows: (rows) => {
        firstStep ||= performance.now() / 1000;
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
