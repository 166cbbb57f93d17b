/** Labelled samples and labelled real rows, and how much they vary within a class. */
import type { Candidates } from '../../attack/target.ts';
import { PhiloxStream } from '../../base/philox.ts';
import { pickRows } from '../../base/rows.ts';
import type { LabelledRows } from '../../metrics/downstream.ts';
import type { Metrics } from '../../metrics/index.ts';
import { classVariety } from '../../metrics/variety.ts';
import type { Subject } from './subject.ts';
import { membersOf } from './target.ts';

/** What a model is to learn: from samples, from real rows in their place, both tested on the same real rows. */
export interface ClassTask {
  readonly classes: number;
  readonly samples: LabelledRows;
  readonly real: LabelledRows;
  readonly test: LabelledRows;
}

/** Rows and networks of judges are drawn by a seed of their own, so that all runs on the same data are judged alike. */
export const JUDGE_SEED = 0;

/**
 * The labels that condition the generator, and as many training rows with theirs, drawn at random since a data set may
 * come class by class; undefined where nothing has labels, or they tell nothing apart.
 */
export function labelTask({ job, generated, count }: Subject, others: Candidates): ClassTask | undefined {
  const { gan, data } = job;
  const labels = gan.labelsOf(count);
  const members = membersOf(job);
  const own = members.labels;
  if (!labels || !others.labels || !own || gan.classes < 2) return undefined;
  const drawn = new PhiloxStream(JUDGE_SEED, 'evaluate/real').permutation(own.length).subarray(0, count);
  return {
    classes: gan.classes,
    samples: { rows: generated, labels },
    real: { rows: pickRows(members.rows, data.features, drawn), labels: drawn.map((row) => own[row]) },
    test: { rows: others.rows, labels: others.labels },
  };
}

/**
 * Variety within classes of samples, and of real rows in their place, against that of the rows that neither was made of.
 * @param prefix of the measures' names
 * @param features of rows, [rows, width]
 */
export async function varietyQuality(
  { found }: Subject,
  { classes, samples, real, test }: ClassTask,
  prefix: '' | 'cnn_',
  features: (rows: Float32Array) => Promise<Float32Array>,
): Promise<void> {
  const seen = async ({ rows, labels }: LabelledRows) => ({ rows: await features(rows), labels });
  const reference = await seen(test);
  const against = async (rows: LabelledRows): Promise<Metrics> => {
    const variety = classVariety(await seen(rows), reference, classes);
    return {
      [`${prefix}class_variety`]: variety?.mean ?? null,
      [`${prefix}class_variety_least`]: variety?.least ?? null,
    };
  };
  Object.assign(found.metrics, await against(samples));
  Object.assign(found.real, await against(real));
}
