/** What the page asks of its worker, and what the worker tells it: everything that crosses between the two threads. */

import type { VeilganError } from '../base/errors.ts';
import type { Given } from '../data/encoding/schema.ts';
import type { Column, Kind } from '../data/table.ts';
import type { DivergenceName } from '../gan/divergences.ts';
import type { SystemName } from '../gan/systems.ts';
import type { AdapterReport } from '../gpu/index.ts';

/** A VeilganError on its way between threads. */
export type Trouble = Pick<VeilganError, 'code' | 'message' | 'where' | 'fix'>;

export type Example = 'people' | 'points' | 'digits';
export type Source =
  /** one CSV, or the IDX files of images and labels */
  { readonly from: 'file'; readonly files: readonly File[] } | { readonly from: 'example'; readonly example: Example };

/** A column as it was found; texts are as the file writes them. */
export interface ColumnView {
  readonly name: string;
  readonly kind: Kind;
  /** the types that all of its cells can be read as */
  readonly kinds: readonly Kind[];
  /** different values, and whether there may be more */
  readonly distinct: number;
  readonly atLeast: boolean;
  readonly missing: number;
  /** a few of its values, or of numbers and dates the least and the greatest */
  readonly examples: readonly string[];
  readonly range: boolean;
  /** whether it is better left out: an identifier, or without values */
  readonly leaveOut: boolean;
  /** what its owner should know */
  readonly note?: string;
}

export interface OpenedTable {
  readonly kind: 'table';
  readonly name: string;
  readonly rows: number;
  readonly columns: readonly ColumnView[];
  /** what was assumed of the file */
  readonly notes: readonly string[];
}

/** Images, and an example of points: no tables to be corrected. */
export interface OpenedRecords {
  readonly kind: 'points' | 'images';
  readonly name: string;
  readonly rows: number;
  /** of the rows, those that no network will see */
  readonly holdout: number;
  /** 0 without labels */
  readonly classes: number;
  readonly preview: Samples;
}

export type Opened = OpenedTable | OpenedRecords;

export interface Choice {
  readonly columns: readonly { readonly name: string; readonly kind: Kind }[];
  /** the column that is to be predicted from the others */
  readonly label?: string;
}

/** What training can begin with. */
export interface Ready {
  readonly kind: Opened['kind'];
  readonly rows: number;
  /** rows that no network sees, for comparison, unless the plan takes them too */
  readonly holdout: number;
  /** rows of the file, where only some of them fit */
  readonly of?: number;
  readonly columns: number;
  /** of the labels of what is no table; absent without */
  readonly classes?: number;
  /** of images whether their sides are even, as a generator needs that doubles its grids */
  readonly even?: boolean;
  /** of a table what is public of its columns: names and how cells are written, no values */
  readonly known?: readonly Column[];
  /** of a table what private systems with critics begin with, as on the command line */
  readonly usual?: Partial<Record<SystemName, Usual>>;
}

/** Of a plan what a preset says. */
export type Usual = Pick<Plan, 'partitions' | 'batch' | 'criticSteps' | 'rate'>;

/** How long a plan is worth being at its budget. */
export interface Worth {
  readonly steps: number;
  readonly criticSteps: number;
  /** noisy lessons that the budget is worth, be they fewer than those of the steps */
  readonly updates: number;
  /** steps below which little is learnt */
  readonly least: number;
}

export type Size = 'small' | 'medium' | 'large';

/** What the owner chose. */
export interface Plan {
  readonly system: SystemName;
  /** K */
  readonly partitions: number;
  readonly size: Size;
  /** generator steps */
  readonly steps: number;
  /** B: rows of each critic's minibatch */
  readonly batch: number;
  /** of private systems */
  readonly epsilon: number;
  readonly delta: number;
  readonly clipNorm: number;
  /** of a table's columns what the owner knows without the rows, which costs nothing of epsilon */
  readonly given?: Given;
  /** of a table whether all rows are trained on; none are kept back then */
  readonly whole?: boolean;
  /** n_D: critic updates a generator update */
  readonly criticSteps: number;
  readonly rate: number;
  readonly seed: number;
  readonly divergence: DivergenceName;
}

/** Some generated (or example) records, in a form to be shown. */
export type Samples =
  | { readonly kind: 'rows'; readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'points'; readonly columns: readonly string[]; readonly xy: Float32Array }
  | {
      readonly kind: 'images';
      /** [n, height, width, channels] */
      readonly shape: readonly number[];
      readonly bytes: Uint8Array;
      /** names of the classes that they are of in turn, where classes condition the generator */
      readonly classes?: readonly string[];
    };

/** A point of the loss curves: means over some steps, and over the critics. */
export interface LossPoint {
  readonly step: number;
  readonly generator: number;
  readonly critics: number;
}

export interface Spent {
  readonly epsilon: number;
  readonly delta: number;
}

/** An attack on what there is so far. */
export interface AttackScore {
  readonly step: number;
  readonly name: string;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

export type Ending = 'done' | 'budget' | 'stopped';

/** Each call of the worker: what it takes and what it gives. */
export interface Calls {
  /** @throws NO_ADAPTER, WRONG_ADAPTER */
  adapter: { takes: undefined; gives: AdapterReport };
  open: { takes: Source; gives: Opened };
  /** ends the reading that is under way, which throws INTERRUPTED then */
  cancel: { takes: undefined; gives: undefined };
  /** a column as it looks when it is taken for something else */
  look: { takes: { name: string; kind: Kind }; gives: ColumnView };
  choose: { takes: Choice; gives: Ready };
  /** of a private system with critics, on a table; a search that may take a second */
  worth: { takes: Plan; gives: Worth };
  /** milliseconds that a step of such a plan takes here */
  speed: { takes: Plan; gives: number };
  /** comes back when the first step can begin, with the name that the networks are kept under, where they are */
  start: { takes: Plan; gives: { run?: string } };
  /** a kept training, with the rows of `choose`; comes back as one that was stopped */
  reopen: { takes: { run: string; plan: Plan }; gives: undefined };
  /** ends the training, and removes what is kept of it, of `run`, and of all others that no tab has open */
  forget: { takes: { run?: string }; gives: undefined };
  stop: { takes: undefined; gives: undefined };
  resume: { takes: { steps: number }; gives: undefined };
  /** whether attacks are run from time to time */
  watch: { takes: boolean; gives: undefined };
  csv: { takes: { rows: number }; gives: Blob };
  npy: { takes: { rows: number }; gives: Blob };
  /** classes of the images that `npy` gives, where classes condition the generator */
  labels: { takes: { rows: number }; gives: Blob };
  picture: { takes: { rows: number }; gives: Blob };
  model: { takes: undefined; gives: Blob };
  report: { takes: { diagnostics: boolean }; gives: Blob };
}

export type CallName = keyof Calls;

/** What the worker says unasked. */
export type News =
  | { readonly news: 'reading'; readonly bytes: number; readonly of: number }
  | { readonly news: 'losses'; readonly points: readonly LossPoint[]; readonly steps: number; readonly seconds: number }
  | { readonly news: 'samples'; readonly step: number; readonly samples: Samples }
  | { readonly news: 'spent'; readonly spent: Spent }
  | { readonly news: 'attack'; readonly score: AttackScore }
  | { readonly news: 'ended'; readonly how: Ending; readonly step: number; readonly seconds: number }
  /** something went wrong, and training goes on */
  | { readonly news: 'notice'; readonly text: string }
  | { readonly news: 'failed'; readonly trouble: Trouble; readonly step: number };

/** To the worker. */
export interface Asked {
  readonly id: number;
  readonly call: CallName;
  readonly takes: unknown;
}

/** From the worker. */
export type Told =
  | { readonly id: number; readonly gives: unknown }
  | { readonly id: number; readonly trouble: Trouble }
  | News;
