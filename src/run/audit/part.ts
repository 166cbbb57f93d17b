/** What the parts of an audit are given, and what each of them gives. */
import type { Check } from '../../attack/audit/family.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { PrivateConfig } from '../../gan/private/config.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { Claimed } from './production.ts';

export type PartName = 'replay' | 'step' | 'samplers' | 'transcript' | 'tables';

export interface AuditSetting {
  readonly config: PrivateConfig;
  readonly data: Dataset;
  /** of networks, canaries and all else that is public */
  readonly seed: number;
  /** makes all that is secret follow from a seed too: for tests */
  readonly insecureSeed?: number;
  /** small forms of all parts */
  readonly quick: boolean;
  /** that a printed bound is below the true value */
  readonly confidence: number;
  /** noisy updates that the step test looks at; 0: 5000, or 750 in a quick audit */
  readonly updates: number;
  /** epsilons that the step test is made for beside the configured one, the noise found for each */
  readonly claims: readonly number[];
  /** of the transcript: each canary of each run is a guess; or each run is one, and has one canary */
  readonly mode: 'one-run' | 'many-run';
  /** of the transcript: guesses from every noisy update, or from the critics after training */
  readonly score: 'trace' | 'loss';
  readonly canaries: number;
  readonly runs: number;
  /** told of the share of a part that is done */
  readonly onProgress?: (share: number) => void;
  /** for audits of audits: what is claimed in place of what ledgers say */
  readonly claimed?: Partial<Claimed>;
  /** for audits of audits: trains without clipping */
  readonly unclipped?: boolean;
}

/** A table for people, and what it says for programs. */
export interface PartResult {
  /** one line each: what was found, and what an ideal attacker would find */
  readonly found: string;
  readonly ceiling: string;
  readonly table?: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
  readonly checks: readonly Check[];
  /** bounds on epsilon, where the part has some: found, an ideal attacker's, and claimed */
  readonly epsilon?: { readonly lower: number; readonly ceiling: number; readonly claimed: number };
  readonly document: Readonly<Record<string, unknown>>;
}

export interface Part {
  readonly name: PartName;
  readonly title: string;
  /** what it proves, and what it does not */
  readonly proves: string;
  /** whether it is about tables that are measured, and not about updates of critics */
  readonly measured?: true;
  readonly run: (gpu: Gpu, setting: AuditSetting) => Promise<PartResult>;
}
