/** What a report knows of a run; collected by the command line, told by the blocks of this folder. */
import { systemRow, systemTitle } from '../gan/systems.ts';
import type { RunInfo } from '../run/schema.ts';
import type { PrivacyFacts } from './blocks/guarantee.ts';
import type { Block } from './html.ts';
import { formatNumber } from './numbers.ts';
import type { StoredAssessment, StoredQuality } from './results.ts';

export interface RunFacts {
  /** as it was named to the report; no path of a machine */
  readonly dir: string;
  readonly info: RunInfo;
  /** generator steps done, and those the run was to do */
  readonly steps: number;
  readonly wanted: number;
  /** K */
  readonly critics: number;
  /** records trained on; absent where their number is private */
  readonly rows?: number;
  /** of a record: [features] or [height, width, channels] */
  readonly shape: readonly number[];
  /** of a private run */
  readonly privacy?: PrivacyFacts;
  /** samples and losses: what may be released of a private run */
  readonly pictures: readonly Block[];
  /** what looked at real records; absent where it belongs to the owner of a private run alone */
  readonly measured?: Measured;
}

/** What looked at real records. */
export interface Measured {
  readonly attacks?: StoredAssessment;
  /** whether the run was trained on after it was attacked */
  readonly stale?: boolean;
  readonly quality: StoredQuality;
  /** what quality compares samples with: `the 2,000 hold-out rows` */
  readonly against: string;
  /** records of each critic */
  readonly partitions: readonly number[];
  /** training rows that no critic saw */
  readonly leftOver: number;
  readonly pictures: readonly Block[];
}

/** `PAR-GAN, K = 10, on blobs`. */
export const titleOf = (facts: Pick<RunFacts, 'info' | 'critics'>): string =>
  `${systemTitle(facts.info.system, facts.critics)}, on ${facts.info.data.name}`;

/** What was trained on what, as a sentence. */
export function trainedOn(facts: RunFacts): string {
  const { info, rows, shape, steps, wanted, privacy, critics } = facts;
  const records =
    shape.length === 3 ? `images of ${shape.join(' x ')}` : `rows of ${shape[0]} column${shape[0] > 1 ? 's' : ''}`;
  const many = rows === undefined ? records : `${formatNumber(rows)} ${records}`;
  const whole = `${formatNumber(steps)} steps`;
  const short = steps < wanted && !privacy?.exhausted;
  const done = short ? `${formatNumber(steps)} of ${formatNumber(wanted)} steps` : whole;
  const what = systemRow(info.system)?.described(critics) ?? `The system ${info.system}`;
  return `${what} was trained for ${done} on ${info.data.name}: ${many}.`;
}
