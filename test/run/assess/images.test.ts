/** What the judges of labelled images say of fresh images, of one image repeated, and of copies of training rows. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../../src/api/node.ts';
import { PhiloxStream } from '../../../src/base/philox.ts';
import { pickRows } from '../../../src/base/rows.ts';
import { floats } from '../../../src/data/records.ts';
import { measures } from '../../../src/metrics/index.ts';
import { evaluateRun } from '../../../src/run/assess/quality.ts';
import type { QualityOptions } from '../../../src/run/assess/subject.ts';
import type { TrainingJob } from '../../../src/run/job.ts';
import { datasetOf } from '../../support/dataset.ts';

const gpu = await open();
test.after(() => gpu.close());

const [CLASSES, HOLDOUT] = [3, 90];
const labelsOf = (n: number) => Uint32Array.from({ length: n }, (_, row) => row % CLASSES);

/** Noise with a bright band of rows, which is the class. */
function bands(n: number, [h, w, c]: readonly number[], seed: number, noise = 100): Uint8Array {
  const random = new PhiloxStream(seed, 'test/bands');
  return Uint8Array.from({ length: n * h * w * c }, (_, i) => {
    const band = Math.floor(((Math.floor(i / (w * c)) % h) * CLASSES) / h);
    return random.below(noise) + (band === Math.floor(i / (h * w * c)) % CLASSES ? 150 : 0);
  });
}

/** As much of an opened run as judges look at, whose generator makes what it is given. */
function jobOf(shape: number[], rows: number, made: (n: number, train: Uint8Array) => Uint8Array) {
  const train = bands(rows, shape, 1);
  const data = datasetOf({
    ...{ name: 'bands', columns: [], shape, train, holdout: bands(HOLDOUT, shape, 2), meta: { origin: 'test' } },
    ...{ labels: { train: labelsOf(rows), holdout: labelsOf(HOLDOUT) }, classes: ['top', 'middle', 'bottom'] },
  });
  const gan = {
    ...{ gpu, classes: CLASSES, partitions: 1, config: { rows: 0 }, labelsOf },
    owners: () => new Uint32Array(rows),
    sample: async (n: number) => floats(made(n, train)),
  };
  return { data, gan, run: { dir: 'made-up', info: { seed: 1 } } } as unknown as TrainingJob;
}
const evaluate = async (job: TrainingJob, options: QualityOptions) => {
  const found = await evaluateRun(job, options);
  const numbers = (side: object) => side as Record<string, number>;
  return { ...found, metrics: numbers(found.metrics), real: numbers(found.real) };
};

test('fresh images: as real rows by every judge, in colour and with odd sides', async () => {
  const shape = [9, 7, 3];
  const job = jobOf(shape, 700, (n) => bands(n, shape, 3));
  const { live } = gpu.memory();
  const { metrics, real, not_run } = await evaluate(job, { samples: 600, downstream: true });
  assert.is(gpu.memory().live, live);
  for (const name of ['downstream_linear_accuracy', 'downstream_mlp_accuracy', 'downstream_cnn_accuracy']) {
    assert.ok(metrics[name] > 0.9 && real[name] > 0.9, `${name}: ${metrics[name]} ${real[name]}`);
  }
  for (const prefix of ['', 'cnn_']) {
    for (const name of ['class_variety', 'class_variety_least']) {
      for (const v of [metrics, real]) assert.ok(Math.abs(v[prefix + name] - 1) < 0.2, `${prefix}${name}: ${v[name]}`);
    }
  }
  for (const name of ['nearest_training', 'nearest_holdout', 'nearest_sample']) {
    assert.ok(Math.abs(metrics[name] / real[name] - 1) < 0.05, `${name}: ${metrics[name]} ${real[name]}`);
  }
  assert.ok(metrics.cnn_frechet_distance >= 0 && Number.isFinite(metrics.cnn_coverage));
  assert.equal(
    Object.keys(metrics).filter((key) => !Object.hasOwn(measures, key)),
    [],
  );
  assert.ok(!not_run.some(({ name }) => /downstream|nearest/.test(name)), JSON.stringify(not_run));
});

test('labels that are wrong teach wrong things, and the judge is the same for every run', async () => {
  const shape = [8, 8, 1];
  // Each image has the label of the band above.
  const job = jobOf(shape, 300, (n) => bands(n + 1, shape, 3).subarray(64));
  const first = await evaluate(job, { samples: 300, downstream: true });
  assert.ok(first.metrics.downstream_cnn_accuracy < 0.3 && first.metrics.downstream_mlp_accuracy < 0.1);
  const other = jobOf(shape, 300, (n) => bands(n, shape, 4));
  other.run.info.seed = 2;
  const second = await evaluate(other, { samples: 300, downstream: true });
  for (const name of ['downstream_linear_accuracy', 'downstream_mlp_accuracy', 'downstream_cnn_accuracy']) {
    assert.is(second.real[name], first.real[name], name);
  }
});

test('one image of each class, repeated: no variety, and samples are where other samples are', async () => {
  const shape = [8, 8, 1];
  const job = jobOf(shape, 120, (n) => bands(n, shape, 3, 1));
  const { metrics, real } = await evaluate(job, { samples: 120 });
  assert.equal([metrics.class_variety, metrics.class_variety_least, metrics.nearest_sample], [0, 0, 0]);
  assert.ok(real.class_variety > 0.9 && real.nearest_sample > 0 && metrics.nearest_training > 0);
});

test('copies of training rows are nearer to those than to others; a class that is missing varies least', async () => {
  const shape = [8, 8, 1];
  const train = 60;
  const list = (n: number) => Array.from({ length: n }, (_, row) => row % train);
  const job = jobOf(shape, train, (n, rows) => pickRows(rows, 64, list(n)));
  const { metrics, real } = await evaluate(job, { samples: 600 });
  assert.ok(metrics.nearest_training < 0.5 * metrics.nearest_holdout, `${metrics.nearest_training}`);
  assert.is(real.nearest_sample, real.nearest_training);
  assert.ok(real.nearest_training > 0.9 * real.nearest_holdout);
  const two = jobOf(shape, train, (n, rows) => pickRows(rows, 64, list(n)));
  Object.assign(two.gan, { labelsOf: (n: number) => labelsOf(n).map((label) => label % 2) });
  assert.is((await evaluate(two, { samples: 30 })).metrics.class_variety_least, 0);
});

test('images too small for a convolution, and runs without labels, say so', async () => {
  const tiny = jobOf([3, 3, 1], 60, (n) => bands(n, [3, 3, 1], 3));
  const { metrics, not_run } = await evaluate(tiny, { samples: 60, downstream: true });
  assert.ok(metrics.downstream_mlp_accuracy >= 0);
  assert.is(not_run.find(({ name }) => name === 'downstream_cnn_accuracy')?.why, 'the images are too small for it');
  const bare = jobOf([8, 8, 1], 60, (n) => bands(n, [8, 8, 1], 3));
  Object.assign(bare.gan, { classes: 0, labelsOf: () => undefined });
  const without = await evaluate(bare, { samples: 60, downstream: true });
  assert.match(without.not_run.find(({ name }) => name === 'downstream')?.why ?? '', /labels of two classes/);
  assert.ok(without.metrics.nearest_training > 0 && !('class_variety' in without.metrics));
});

test.run();
