/** Runs of a generator that is fitted to noisy tables: begun, and opened again; training.ts dispatches to it. */
import { VeilganError } from '../base/errors.ts';
import { isTable, type Source, type TableData } from '../data/dataset.ts';
import { encodeTable } from '../data/encoding/encode.ts';
import { openOf } from '../data/encoding/schema.ts';
import { type Encoding, widthOf } from '../data/table.ts';
import { type FitConfig, parseFit } from '../fit/config.ts';
import { MarginalsFit } from '../fit/marginals.ts';
import { MEASURED_FILE, Measured } from '../fit/measured.ts';
import { Measurer, type TableWitness } from '../fit/measurer.ts';
import { FitPlan } from '../fit/plan.ts';
import { type Guarantee, secretOf } from '../gan/private/run.ts';
import type { Gpu } from '../gpu/index.ts';
import type { PrivacyKey } from '../privacy/key.ts';
import { type Ledger, readLedger } from '../privacy/ledger/ledger.ts';
import { trainingRows } from '../train/rows.ts';
import { type OpenOptions, type RunPlan, stepsOf, type TrainingJob } from './job.ts';
import { hostTensors, type NewRun, type Run } from './run.ts';

/** @throws VeilganError CONFIG for data that are no table */
function tableOf(source: Source): TableData {
  if (isTable(source)) return source;
  throw new VeilganError('CONFIG', `${source.name} is no table of columns, which dp-marginals counts`, {
    where: 'data',
    fix: 'Import the CSV `as: table`, or train dpgan',
  });
}

/** The rows that are counted, as a table of their own. */
const counted = ({ table, train, features }: TableData, rows: number) => ({
  ...table,
  train: train.subarray(0, features * rows),
});

const guaranteeOf = (ledger: Ledger, config: FitConfig, insecure: boolean, wipe: () => void = () => {}): Guarantee => ({
  ...{ ledger, config, insecure, limit: Number.POSITIVE_INFINITY },
  meta: () => ({ ledger_line: String(ledger.head.line), ledger_hash: ledger.head.hash }),
  close: () => {
    wipe();
    ledger.close();
  },
});

/**
 * A run that begins: its ledger stands before anything is looked at, the columns are looked at here, and tables of several
 * columns when it is trained.
 * @throws VeilganError CONFIG where data and budget do not fit, FILE
 */
export function beginFit<R extends Run>(
  gpu: Gpu,
  source: Source,
  { config: fields, seed, insecureSeed, tables: witness }: RunPlan,
  meta: NewRun,
  makeRun: (meta: NewRun) => R,
): TrainingJob<R> {
  const config = parseFit(fields);
  const data = tableOf(source);
  const rows = trainingRows(data, config);
  const plan = new FitPlan(config, data.table, data.given, rows);
  const key = secretOf(insecureSeed);
  let run: R | undefined;
  let ledger: Ledger | undefined;
  let gan: MarginalsFit | undefined;
  let measurer: Measurer | undefined;
  try {
    run = makeRun(meta);
    ledger = plan.begin(run.ledgerFile());
    measurer = measurerOf({ plan, key, ledger, data, rows, run, witness });
    const encoding = { ...(measurer.encoding as Encoding), open: openOf(data) };
    run.describe({ encoding });
    const { steps } = plan;
    gan = fitOf(gpu, { config, seed, encoding, rows, plan, steps }, measurer.measured, measurer);
    const guarantee = guaranteeOf(ledger, config, key.insecure, () => measurer?.wipe());
    return jobOf(run, gan, guarantee, data, encoding, steps);
  } catch (error) {
    measurer?.wipe();
    gan?.dispose();
    ledger?.close();
    run?.abandon();
    throw error;
  } finally {
    key.wipe();
  }
}

interface Measuring {
  readonly plan: FitPlan;
  readonly key: PrivacyKey;
  readonly ledger: Ledger;
  readonly data: TableData;
  readonly rows: number;
  readonly run: Run;
  readonly witness?: TableWitness;
}

const measurerOf = ({ data, rows, run, ...parts }: Measuring, before?: Measured): Measurer =>
  new Measurer(
    {
      ...parts,
      ...{ table: counted(data, rows), given: data.given },
      store: (measured) => run.writeJson(MEASURED_FILE, measured.toJson()),
    },
    before,
  );

const fitOf = (
  gpu: Gpu,
  {
    plan,
    ...parts
  }: { config: FitConfig; seed: number; encoding: Encoding; rows: number; plan: FitPlan; steps: number },
  measured: Measured,
  measurer?: Measurer,
): MarginalsFit => {
  const { tableSigma, rounds } = plan;
  return new MarginalsFit(gpu, widthOf(parts.encoding), { ...parts, measured, measurer, tableSigma, rounds });
};

const jobOf = <R extends Run>(
  run: R,
  gan: MarginalsFit,
  guarantee: Guarantee,
  { table, ...data }: TableData,
  encoding: Encoding,
  steps: number,
): TrainingJob<R> => ({
  ...{ run, gan, guarantee, table, data: encodeTable(table, encoding, data) },
  steps: stepsOf(steps, gan, guarantee),
});

/** A run as its checkpoint left it. @throws VeilganError FILE for what does not belong to it */
export function openFit<R extends Run>(
  gpu: Gpu,
  run: R,
  source: Source,
  { write = false, steps, warn = () => {} }: OpenOptions,
): TrainingJob<R> {
  const { seed, encoding } = run.info;
  const { insecureSeed, ...fields } = run.info.config as { insecureSeed?: number };
  const config = parseFit(fields);
  const data = tableOf(source);
  const rows = trainingRows(data, config);
  const plan = new FitPlan(config, data.table, data.given, rows);
  const wanted = steps ?? plan.steps;
  const checkpoint = write ? run.resume() : run.readCheckpoint();
  const measured = Measured.fromJson(run.readJson(MEASURED_FILE), run.dir);
  if (!encoding) {
    throw new VeilganError('FILE', 'the run does not say how its records are made', {
      where: `${run.dir}, run.json`,
      fix: 'Restore run.json from a copy',
    });
  }
  const ledger = write
    ? plan.reopen(run.ledgerFile(), checkpoint.meta, warn)
    : readLedger(run.ledgerFile(), { warn: () => {} });
  let measurer: Measurer | undefined;
  let gan: MarginalsFit | undefined;
  const key = write ? secretOf(insecureSeed) : undefined;
  try {
    if (key) measurer = measurerOf({ plan, key, ledger, data, rows, run }, measured);
    gan = fitOf(gpu, { config, seed, encoding, rows, plan, steps: wanted }, measured, measurer);
    gan.restore(hostTensors(checkpoint), checkpoint.meta);
    const guarantee = guaranteeOf(ledger, config, insecureSeed !== undefined, () => measurer?.wipe());
    return jobOf(run, gan, guarantee, data, encoding, wanted);
  } catch (error) {
    measurer?.wipe();
    gan?.dispose();
    ledger.close();
    throw error;
  } finally {
    key?.wipe();
  }
}
