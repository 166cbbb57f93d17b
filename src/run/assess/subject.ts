/** What quality measures of a run look at, and what they find. */

import type { Candidates } from '../../attack/target.ts';
import { PhiloxStream } from '../../base/philox.ts';
import { pickRows } from '../../base/rows.ts';
import type { Judge } from '../../metrics/images/classifier.ts';
import type { Inception } from '../../metrics/images/inception.ts';
import type { Metrics } from '../../metrics/index.ts';
import { prdc } from '../../metrics/prdc.ts';
import type { TrainingJob } from '../job.ts';
import type { Report } from './target.ts';

export interface Evaluation {
  /** of the samples */
  readonly metrics: Metrics;
  /** of as many training rows in the place of samples: what a generator that knew the law could reach */
  readonly real: Metrics;
  /** how many there were: samples, training rows in their place, and rows that both are compared with */
  readonly rows: { samples: number; real: number; reference: number };
  /** lists, column by column or critic by critic */
  readonly details: Record<string, unknown>;
  readonly not_run: { name: string; why: string }[];
}

/** Notes why something was not measured. */
export const skip = ({ not_run }: Evaluation, name: string, why: string): void => void not_run.push({ name, why });
export const NO_CRITICS = 'the system has no critics';
export const NO_OTHERS = 'there are no rows that training left out';

export interface QualityOptions {
  /** default as many as a run releases */
  readonly samples?: number;
  /** hold-out rows that samples are compared with; default 10,000 */
  readonly rows?: number;
  /** of images */
  readonly judge?: Judge;
  readonly inception?: Inception;
  /** train on samples, test on real rows */
  readonly downstream?: boolean;
  /** the columns that are the classes then; of a table any number, else one */
  readonly targets?: readonly string[];
  readonly report?: Report;
}

/** Neighbours whose distance is the radius of a ball. */
const NEIGHBOURS = 5;
/** Products of pairs and features that the host counts through in a few seconds. */
const PAIRS = 5e9;

/** Rows of each of two sides whose pairs take seconds. @param features values of a row */
export const affordable = (features: number): number => Math.floor(Math.sqrt(PAIRS / features));

/** What one evaluation works with. */
export interface Subject extends QualityOptions {
  readonly job: TrainingJob;
  readonly report: Report;
  readonly count: number;
  /** generated, [count, features] */
  readonly generated: Float32Array;
  /** real rows that samples are compared with */
  readonly reference: Float32Array;
  /** all rows that training left out, if there are some */
  readonly unseen?: Candidates;
  /** as many training rows, where the reference is others */
  readonly members?: Float32Array;
  readonly found: Evaluation;
}

/** Calls `judge` on the samples and on the training rows in their place, and keeps what it finds. */
export async function onBoth(
  { generated, members, found }: Subject,
  judge: (rows: Float32Array, generated: boolean) => Metrics | Promise<Metrics>,
): Promise<void> {
  Object.assign(found.metrics, await judge(generated, true));
  if (members) Object.assign(found.real, await judge(members, false));
}

/**
 * Precision, recall, density and coverage under names with a prefix: of equally many rows on both sides, since coverage
 * depends on their ratio, and of no more than take seconds.
 */
export async function neighbourhoods(
  { job, found }: Subject,
  real: Float32Array,
  rows: Float32Array,
  features: number,
  prefix: string,
): Promise<Metrics> {
  const most = Math.min(real.length / features, rows.length / features, affordable(features));
  if (most <= NEIGHBOURS) {
    const why = `it needs more than ${NEIGHBOURS} rows on both sides`;
    if (!found.not_run.some(({ name }) => name === `${prefix}precision`)) skip(found, `${prefix}precision`, why);
    return {};
  }
  // Drawn at random: samples come from snapshots of the generator in turn, of which every second row would miss half.
  const stream = new PhiloxStream(job.run.info.seed, 'evaluate/neighbourhoods');
  const [a, b] = [real, rows].map((all) => {
    const count = all.length / features;
    return count > most ? pickRows(all, features, stream.permutation(count).subarray(0, most)) : all;
  });
  const each = await prdc(job.gan.gpu, a, b, { features, k: NEIGHBOURS });
  return Object.fromEntries(Object.entries(each).map(([name, value]) => [prefix + name, value]));
}
