/** What a training is, from its plan to its end: for all that begins, opens, judges and reports on runs. */
import type { Dataset } from '../data/dataset.ts';
import type { Table } from '../data/table.ts';
import type { TableWitness } from '../fit/measurer.ts';
import type { Guarantee } from '../gan/private/run.ts';
import type { Witness } from '../gan/private/witness.ts';
import type { SystemName } from '../gan/systems.ts';
import type { GenerativeSystem } from '../train/generative.ts';
import type { AnyConfig } from './config.ts';
import type { Run } from './run.ts';
import type { WarmStart } from './warm.ts';

export interface TrainingJob<R extends Run = Run> {
  readonly run: R;
  readonly gan: GenerativeSystem;
  /** the ledger and the keys of a private run */
  readonly guarantee?: Guarantee;
  readonly data: Dataset;
  /** where the data are a table: its cells, of which the records are made */
  readonly table?: Table;
  /** generator steps in all */
  readonly steps: number;
}

/** What is trained, the data aside. */
export interface RunPlan {
  readonly system: SystemName;
  readonly config: AnyConfig;
  readonly seed: number;
  /** of a private run whose noise and samples follow from a seed: no guarantee */
  readonly insecureSeed?: number;
  /** of a private GAN, where it begins with the generator of another run and counts what that released */
  readonly warm?: WarmStart;
  /** of a private run, for audits and tests */
  readonly witness?: Witness;
  /** of a run that is fitted to noisy tables, for audits and tests */
  readonly tables?: TableWitness;
}

export interface OpenOptions {
  /** to train on */
  readonly write?: boolean;
  /** generator steps in all, in place of what the run was planned with */
  readonly steps?: number;
  /** told of a ledger's last line that a crash cut short */
  readonly warn?: (line: string) => void;
}

/** Of so many generator steps those that a budget allows, as far as they are known beforehand. */
export const stepsOf = (wanted: number, gan: GenerativeSystem, guarantee: Guarantee | undefined): number =>
  Math.min(gan.planned(wanted), guarantee ? gan.stepsWithin(guarantee.limit) : Number.POSITIVE_INFINITY);
