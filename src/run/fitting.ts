/** Runs of a generator that is fitted to noisy measurements: begun, and opened again; training.ts dispatches to it. */
import type { Source } from '../data/dataset.ts';
import { beginLedger, reopenLedger } from '../fit/ledger.ts';
import { type Guarantee, secretOf } from '../gan/private/run.ts';
import { type FitSystem, type Measured, measuredBy } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import { type Ledger, readLedger } from '../privacy/ledger/ledger.ts';
import type { Fitted, Fitting } from './fitted.ts';
import { featuresFitting } from './fitting-features.ts';
import { tablesFitting } from './fitting-tables.ts';
import { type OpenOptions, type RunPlan, stepsOf, type TrainingJob } from './job.ts';
import { hostTensors, type NewRun, type Run } from './run.ts';

type Plan = (fields: Readonly<Record<string, unknown>>, source: Source) => Fitting;

/** By what is measured. */
const fittings: Readonly<Record<Measured, Plan>> = { tables: tablesFitting, features: featuresFitting };

const guaranteeOf = (ledger: Ledger, config: Fitting['config'], insecure: boolean, wipe: () => void): Guarantee => ({
  ...{ ledger, config, insecure, limit: Number.POSITIVE_INFINITY },
  meta: () => ({ ledger_line: String(ledger.head.line), ledger_hash: ledger.head.hash }),
  close: () => {
    wipe();
    ledger.close();
  },
});

/**
 * A run that begins: its ledger stands before anything is looked at.
 * @throws VeilganError CONFIG where data and budget do not fit, FILE
 */
export function beginFit<R extends Run>(
  gpu: Gpu,
  source: Source,
  { system, config: fields, seed, insecureSeed, tables }: RunPlan & { readonly system: FitSystem },
  meta: NewRun,
  makeRun: (meta: NewRun) => R,
): TrainingJob<R> {
  const fitting = fittings[measuredBy(system)](fields as Record<string, unknown>, source);
  const key = secretOf(insecureSeed);
  let run: R | undefined;
  let ledger: Ledger | undefined;
  let fitted: Fitted | undefined;
  try {
    run = makeRun(meta);
    ledger = beginLedger(run.ledgerFile(), fitting.terms);
    fitted = fitting.begin(gpu, { run, seed, key, ledger, tables });
    return jobOf(run, fitted, guaranteeOf(ledger, fitting.config, key.insecure, fitted.wipe), fitting.steps);
  } catch (error) {
    fitted?.gan.dispose();
    ledger?.close();
    run?.abandon();
    throw error;
  } finally {
    key.wipe();
  }
}

const jobOf = <R extends Run>(
  run: R,
  { gan, data, table }: Fitted,
  guarantee: Guarantee,
  steps: number,
): TrainingJob<R> => ({
  ...{ run, gan, guarantee, data, ...(table ? { table } : {}) },
  steps: stepsOf(steps, gan, guarantee),
});

/** A run as its checkpoint left it. @throws VeilganError FILE for what does not belong to it */
export function openFit<R extends Run>(
  gpu: Gpu,
  run: R,
  system: FitSystem,
  source: Source,
  { write = false, steps, warn = () => {} }: OpenOptions,
): TrainingJob<R> {
  const { insecureSeed, ...fields } = run.info.config as { insecureSeed?: number };
  const fitting = fittings[measuredBy(system)](fields, source);
  const quiet = { warn: () => {} };
  if (!run.hasCheckpoint()) {
    const unkept = fitting.unkept?.(readLedger(run.ledgerFile(), quiet));
    if (unkept) throw unkept;
  }
  const wanted = steps ?? fitting.steps;
  const checkpoint = write ? run.resume() : run.readCheckpoint();
  const ledger = write
    ? reopenLedger(run.ledgerFile(), fitting.terms, { meta: checkpoint.meta, warn })
    : readLedger(run.ledgerFile(), quiet);
  const key = write ? secretOf(insecureSeed) : undefined;
  let fitted: Fitted | undefined;
  try {
    fitted = fitting.open(gpu, { run, steps: wanted, ...(key ? { writes: { key, ledger } } : {}) });
    fitted.gan.restore(hostTensors(checkpoint), checkpoint.meta);
    return jobOf(run, fitted, guaranteeOf(ledger, fitting.config, insecureSeed !== undefined, fitted.wipe), wanted);
  } catch (error) {
    fitted?.gan.dispose();
    ledger.close();
    throw error;
  } finally {
    key?.wipe();
  }
}
