/** How far samples of images are from the nearest training row, hold-out row, and other sample. */

import { median } from '../../base/maths/statistics.ts';
import { PhiloxStream } from '../../base/philox.ts';
import { pickRows } from '../../base/rows.ts';
import { nearestDistances } from '../../metrics/neighbours.ts';
import { affordable, NO_OTHERS, type Subject, skip } from './subject.ts';
import { membersOf } from './target.ts';

/**
 * Medians of distances of samples, and of training rows in their place, to three sets of as many rows, none of which is
 * among what is compared: a row has no distance to itself, and distances to the nearest depend on how many there are.
 */
export async function nearestQuality(subject: Subject): Promise<void> {
  const { job, generated, unseen, found, report } = subject;
  const { features } = job.data;
  if (!unseen) return skip(found, 'nearest_training', NO_OTHERS);
  const sides = { members: membersOf(job).rows, generated, unseen: unseen.rows };
  const half = (rows: Float32Array) => Math.floor(rows.length / features / 2);
  const most = Math.min(half(sides.members), half(generated), unseen.rows.length / features, affordable(features));
  if (most < 1) return skip(found, 'nearest_training', 'it needs two rows on both sides');
  const [training, made, holdout] = Object.entries(sides).map(([name, rows]) => {
    const order = new PhiloxStream(job.run.info.seed, `evaluate/nearest/${name}`).permutation(rows.length / features);
    const part = (first: number) => pickRows(rows, features, order.subarray(first, first + most));
    return { queries: part(0), base: part(most) };
  });
  let done = 0;
  const to = async (queries: Float32Array, base: Float32Array) => {
    report('nearest rows', done++ / 5);
    return median(await nearestDistances(job.gan.gpu, queries, base, { features }));
  };
  found.metrics.nearest_training = await to(made.queries, training.base);
  found.metrics.nearest_holdout = await to(made.queries, holdout.queries);
  found.metrics.nearest_sample = await to(made.queries, made.base);
  found.real.nearest_training = await to(training.queries, training.base);
  found.real.nearest_holdout = await to(training.queries, holdout.queries);
  // Other rows of the same kind are training rows then.
  found.real.nearest_sample = found.real.nearest_training;
  report('nearest rows', 1);
}
