/** What a fit to noisy measurements is to the frame that begins and opens it (fitting.ts), whatever is measured. */
import type { Dataset } from '../data/dataset.ts';
import type { Table } from '../data/table.ts';
import type { FitConfig } from '../fit/config.ts';
import type { FeaturesConfig } from '../fit/features/config.ts';
import type { Gpu } from '../gpu/index.ts';
import type { PrivacyKey } from '../privacy/key.ts';
import type { Ledger, LedgerTerms } from '../privacy/ledger/ledger.ts';
import type { GenerativeSystem } from '../train/generative.ts';
import type { RunPlan } from './job.ts';
import type { Run } from './run.ts';

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
