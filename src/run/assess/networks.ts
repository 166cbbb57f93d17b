/** Networks that learn labelled samples of images, and real rows in their place, and are tested on real rows. */
import { floats, toBytes } from '../../data/records.ts';
import type { LabelledRows } from '../../metrics/downstream.ts';
import { accuracy } from '../../metrics/images/classes.ts';
import { Classifier, type ClassifierConfig, fitsImages } from '../../metrics/images/classifier.ts';
import { type DownstreamNetwork, downstreamNetworks, FEATURE_NETWORK } from '../../metrics/images/networks.ts';
import type { MeasureName } from '../../metrics/index.ts';
import { train } from '../../train/loop.ts';
import { featureQuality } from './images.ts';
import { type ClassTask, JUDGE_SEED, varietyQuality } from './labels.ts';
import { type Subject, skip } from './subject.ts';

/** Trains each network on samples and on real rows; the features of one that learned real rows compare both. */
export async function networkQuality(subject: Subject, task: ClassTask): Promise<void> {
  const { job, judge, found } = subject;
  const { samples, real, classes } = task;
  for (const [name, { title, config }] of Object.entries<DownstreamNetwork>(downstreamNetworks)) {
    const measure = `downstream_${name}_accuracy` as MeasureName;
    if (!fitsImages(config, job.data.shape)) {
      skip(found, measure, 'the images are too small for it');
      continue;
    }
    found.metrics[measure] = await learned(subject, task, samples, config, title);
    found.real[measure] = await learned(subject, task, real, config, `${title}, real rows`, async (network) => {
      if (name === FEATURE_NETWORK) await networkFeatures(subject, task, network, config.hidden);
    });
  }
  if (!judge) return;
  if (judge.classifier.classes !== classes) {
    return skip(found, 'downstream_classifier_accuracy', 'the classifier has other classes');
  }
  const title = "classifier's network";
  found.metrics.downstream_classifier_accuracy = await learned(subject, task, samples, judge.config, title);
  found.real.downstream_classifier_accuracy = judge.accuracy;
}

/**
 * Accuracy on the task's test rows of a network that learned some rows, as bytes, which is what is released of images.
 * @param use what else it is good for
 */
async function learned(
  { job, report }: Subject,
  { classes, test }: ClassTask,
  { rows, labels }: LabelledRows,
  config: ClassifierConfig,
  title: string,
  use: (network: Classifier) => Promise<void> = async () => {},
): Promise<number> {
  const labelled = { train: toBytes(rows), labels, shape: job.data.shape, classes };
  const batch = Math.min(config.batch, labels.length);
  const network = new Classifier(job.gan.gpu, { ...config, batch }, labelled, JUDGE_SEED);
  try {
    report(title, 0);
    await train(network, {
      steps: network.steps,
      onRows: (done) => report(title, done[done.length - 1].step / network.steps),
    });
    await use(network);
    return accuracy(await network.predict(test.rows), test.labels);
  } finally {
    network.dispose();
  }
}

async function networkFeatures(subject: Subject, task: ClassTask, network: Classifier, width: number): Promise<void> {
  // Samples and hold-out rows are asked for twice.
  const known = new Map<Float32Array, Promise<Float32Array>>();
  const extract = (rows: Float32Array) => {
    const found = known.get(rows) ?? network.features(floats(toBytes(rows)));
    known.set(rows, found);
    return found;
  };
  await featureQuality(subject, width, extract, {
    frechet: `${FEATURE_NETWORK}_frechet_distance`,
    kernel: `${FEATURE_NETWORK}_kernel_distance`,
    prefix: `${FEATURE_NETWORK}_`,
  });
  await varietyQuality(subject, task, `${FEATURE_NETWORK}_`, extract);
}
