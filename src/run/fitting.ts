/** Runs of a generator that is fitted to noisy measurements: begun, and opened again; training.ts dispatches to it. */
import type { Dataset, Source } from '../data/dataset.ts';
import type { Table } from '../data/table.ts';
import type { FitConfig } from '../fit/config.ts';
import type { FeaturesConfig } from '../fit/features/config.ts';
import { type Guarantee, secretOf } from '../gan/private/run.ts';
import { type FitSystem, type Measured, measuredBy } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import type { PrivacyKey } from '../privacy/key.ts';
import {
  createLedger,
  type Ledger,
  type LedgerFile,
  type LedgerTerms,
  openLedger,
  readLedger,
} from '../privacy/ledger/ledger.ts';
import type { GenerativeSystem } from '../train/generative.ts';
import { restoreCount } from '../train/player.ts';
import { featuresFitting } from './fitting-features.ts';
import { tablesFitting } from './fitting-tables.ts';
import { type OpenOptions, type RunPlan, stepsOf, type TrainingJob } from './job.ts';
import { hostTensors, type NewRun, type Run } from './run.ts';

/** A system as it is trained, with what it is trained on. */
export interface Fitted {
  readonly gan: GenerativeSystem;
  readonly data: Dataset;
  readonly table?: Table;
  /** Overwrites the keys. */
  wipe(): void;
}

/** What a fit is begun from: the ledger stands before anything is looked at. */
export interface Beginning extends Pick<RunPlan, 'seed' | 'tables'> {
  readonly run: Run;
  readonly key: PrivacyKey;
  readonly ledger: Ledger;
}

/** What a fit is opened from. */
export interface Reopening {
  readonly run: Run;
  /** of one that may still measure: the secret of this start, and the ledger */
  readonly writes?: { readonly key: PrivacyKey; readonly ledger: Ledger };
  /** steps of the fit */
  readonly steps: number;
}

/** A fit to some data as it is planned, before anything is looked at. */
export interface Fitting {
  readonly config: FitConfig | FeaturesConfig;
  readonly terms: LedgerTerms;
  readonly steps: number;
  /** Makes what is measured first; it may draw from the key only before it returns. */
  begin(gpu: Gpu, from: Beginning): Fitted;
  /** The same for a run that is there, whose checkpoint is restored behind it. @throws VeilganError FILE */
  open(gpu: Gpu, from: Reopening): Fitted;
  /** What is wrong with a run without a checkpoint. */
  readonly unkept?: (ledger: Ledger) => Error | undefined;
}

type Plan = (fields: Readonly<Record<string, unknown>>, source: Source) => Fitting;

/** By what is measured. */
const fittings: Readonly<Record<Measured, Plan>> = { tables: tablesFitting, features: featuresFitting };

const guaranteeOf = (
  ledger: Ledger,
  config: FitConfig | FeaturesConfig,
  insecure: boolean,
  wipe: () => void,
): Guarantee => ({
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
    ledger = createLedger(run.ledgerFile(), fitting.terms);
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

/** The ledger of a run that goes on, opened to write. @throws VeilganError FILE; CONFIG where its terms are others */
function reopen(
  file: LedgerFile,
  terms: LedgerTerms,
  meta: Readonly<Record<string, string>>,
  warn: (line: string) => void,
): Ledger {
  const head = { line: restoreCount(meta, 'ledger_line'), hash: meta.ledger_hash ?? '' };
  return openLedger(file, { terms, head, updates: 0, warn });
}

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
    ? reopen(run.ledgerFile(), fitting.terms, checkpoint.meta, warn)
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
