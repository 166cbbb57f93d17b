/** Quality of images: what a classifier and InceptionV3 make of them. */
import { floats, toBytes } from '../../data/records.ts';
import { classScores } from '../../metrics/images/classes.ts';
import { frechetFrom, momentsOf } from '../../metrics/images/frechet.ts';
import { kid } from '../../metrics/mmd.ts';
import { type ClassTask, varietyQuality } from './labels.ts';
import { nearestQuality } from './nearest.ts';
import { neighbourhoods, onBoth, type Subject, skip } from './subject.ts';

/** The names of distances between features of one network. */
interface FeatureNames {
  readonly frechet: string;
  readonly kernel: string;
  readonly prefix: string;
}

/** Distances of samples, and of training rows in their place, from real rows in the features of a network. */
export async function featureQuality(
  subject: Subject,
  width: number,
  extract: (rows: Float32Array, stage: string) => Promise<Float32Array>,
  names: FeatureNames,
): Promise<void> {
  const real = await extract(subject.reference, 'hold-out rows');
  const distance = frechetFrom(momentsOf(real, width));
  await onBoth(subject, async (rows, generated) => {
    const features = await extract(rows, generated ? 'samples' : 'training rows');
    subject.report(`${names.prefix}distances`.replace('_', ' '), 0);
    const { value, error } = kid(real, features, { features: width, seed: subject.job.run.info.seed });
    return {
      [names.frechet]: distance(momentsOf(features, width)),
      [names.kernel]: value,
      [`${names.kernel}_error`]: error,
      ...(await neighbourhoods(subject, real, features, width, names.prefix)),
    };
  });
}

/**
 * Measures on the features of the networks that were given, distances to the nearest rows, and variety within classes.
 * @param labelled samples and real rows with their classes, if they have some
 */
export async function imageQuality(subject: Subject, labelled: ClassTask | undefined): Promise<void> {
  const { job, judge, inception, found, report } = subject;
  if (judge) {
    const { classifier, accuracy } = judge;
    await onBoth(subject, async (rows) => ({ ...classScores(await classifier.predict(rows), classifier.classes) }));
    found.metrics.classifier_accuracy = accuracy;
    await featureQuality(subject, judge.config.hidden, (rows) => classifier.features(rows), {
      frechet: 'classifier_frechet_distance',
      kernel: 'classifier_kernel_distance',
      prefix: 'classifier_',
    });
  } else skip(found, 'classifier_frechet_distance', 'it needs `classifier: RUN`');
  await nearestQuality(subject);
  if (labelled) await varietyQuality(subject, labelled, '', async (rows) => rows);
  if (!inception) return skip(found, 'fid', 'it needs `inception: FILE`');
  // As if they came from files of pictures, which is how published figures are made.
  const extract = (rows: Float32Array, stage: string) => {
    const total = rows.length / job.data.features;
    const onProgress = (images: number) => report(`Inception, ${stage}`, images / total);
    return inception.features(floats(toBytes(rows)), job.data.shape, { onProgress });
  };
  await featureQuality(subject, inception.width, extract, { frechet: 'fid', kernel: 'kid', prefix: 'inception_' });
}
