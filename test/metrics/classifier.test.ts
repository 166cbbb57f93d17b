/** The classifier of images: its network, what it learns, and that its bits follow from the seed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { VeilganError } from '../../src/base/errors.ts';
import { PhiloxStream } from '../../src/base/philox.ts';
import { floats } from '../../src/data/records.ts';
import { parseConfig } from '../../src/gan/config.ts';
import { accuracy } from '../../src/metrics/images/classes.ts';
import {
  Classifier,
  type ClassifierConfig,
  type ClassifierRow,
  classifierConfig,
  classifierNetwork,
} from '../../src/metrics/images/classifier.ts';
import { downstreamNetworks } from '../../src/metrics/images/networks.ts';
import { parameterCount } from '../../src/nn/network.ts';
import { train } from '../../src/train/loop.ts';
import { near, sameBits } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const configOf = (fields: Partial<ClassifierConfig> = {}) => parseConfig(classifierConfig, fields) as ClassifierConfig;

test('the network of the DPGAN evaluations has 1,199,882 parameters', () => {
  const network = classifierNetwork(configOf(), [28, 28, 1], 10);
  assert.is(parameterCount(network), 1_199_882);
  assert.equal(Object.values(network.shapes(1)), [
    [1, 3, 3, 1, 32],
    [1, 32],
    [1, 3, 3, 32, 64],
    [1, 64],
    [1, 9216, 128],
    [1, 128],
    [1, 128, 10],
    [1, 10],
  ]);
  const { dropout, denseDropout, batch, rate, epochs } = configOf();
  assert.equal([dropout, denseDropout, batch, rate, epochs], [0.25, 0.5, 64, 1e-3, 10]);
});

test('the judges of samples: 5 x 5 convolutions with a pooling each, and dense layers alone', () => {
  const shapes = (name: 'cnn' | 'mlp', shape: number[]) =>
    Object.values(classifierNetwork(downstreamNetworks[name].config, shape, 10).shapes(1)).filter(
      ({ length }) => length > 2,
    );
  assert.equal(shapes('cnn', [28, 28, 1]), [
    [1, 5, 5, 1, 16],
    [1, 5, 5, 16, 32],
    [1, 1568, 64],
    [1, 64, 10],
  ]);
  assert.is(parameterCount(classifierNetwork(downstreamNetworks.cnn.config, [28, 28, 1], 10)), 114_314);
  // Odd sides round down: 30 x 45 becomes 15 x 22, and that 7 x 11.
  assert.equal(shapes('cnn', [30, 45, 3])[2], [1, 7 * 11 * 32, 64]);
  assert.equal(shapes('cnn', [64, 64, 3])[2], [1, 16 * 16 * 32, 64]);
  assert.equal(shapes('mlp', [5, 4, 3]), [
    [1, 60, 256],
    [1, 256, 10],
  ]);
  // Without padding each convolution takes four pixels: 28, 24, 12, 8, 4.
  const valid = classifierNetwork(configOf({ channels: [2, 3], kernel: 5, pool: 'each' }), [28, 28, 1], 2);
  assert.equal(Object.values(valid.shapes(1))[4], [1, 4 * 4 * 3, 128]);
});

test('images that are too small, and tables, are refused with what to do', () => {
  // Two convolutions take two pixels each, pooling halves the rest: six is the least.
  classifierNetwork(configOf(), [6, 6, 1], 2);
  for (const shape of [[5, 6, 1], [6, 5, 3], [2], [4, 4, 1]]) {
    try {
      classifierNetwork(configOf(), shape, 2);
      assert.unreachable(`accepted [${shape}]`);
    } catch (error) {
      assert.ok(error instanceof VeilganError, String(error));
      assert.equal([error.code, error.where], ['CONFIG', 'channels']);
    }
  }
  classifierNetwork(configOf({ channels: [4] }), [4, 4, 1], 2);
});

const [SIDE, ROWS] = [8, 120];
/** Noise whose left (class 0) or right (class 1) half is brighter. */
function halves(rows: number, seed: number) {
  const random = new PhiloxStream(seed, 'test');
  const labels = Uint32Array.from({ length: rows }, () => random.below(2));
  const images = Uint8Array.from({ length: rows * SIDE * SIDE }, (_, i) => {
    const bright = Number(i % SIDE >= SIDE / 2) === labels[Math.floor(i / SIDE ** 2)];
    return random.below(120) + (bright ? 90 : 30);
  });
  return { labels, images };
}
const learned = halves(ROWS, 1);
const small = { channels: [4], hidden: 8, batch: 12, rate: 1e-2, epochs: 8 };
const make = (fields: Partial<ClassifierConfig> = {}, seed = 1, images: Uint8Array | Float32Array = learned.images) =>
  new Classifier(
    gpu,
    configOf({ ...small, ...fields }),
    { train: images, labels: learned.labels, shape: [SIDE, SIDE, 1], classes: 2 },
    seed,
  );

test('which half is brighter: learned in a few epochs, on images it never saw', async () => {
  const before = gpu.memory().live;
  const classifier = make();
  assert.is(classifier.steps, 80);
  const losses: ClassifierRow[] = [];
  await train(classifier, { steps: classifier.steps, onRows: (rows) => losses.push(...rows) });
  assert.equal(
    losses.map((row) => row.step),
    Array.from({ length: 80 }, (_, i) => i + 1),
  );
  near([losses[0].loss], [Math.LN2], { absolute: 0.4, relative: 0, what: 'it begins without an opinion' });
  const { images, labels } = halves(400, 2);
  const { live } = gpu.memory();
  const p = await classifier.predict(floats(images));
  assert.is(gpu.memory().live, live);
  assert.is(p.length, 800);
  near(
    Array.from(labels, (_, i) => p[2 * i] + p[2 * i + 1]),
    new Array(400).fill(1),
  );
  const share = accuracy(p, labels);
  assert.ok(share > 0.95, `${share}`);
  // More than a call; a row does not depend on its neighbours, and nothing is dropped.
  near(await classifier.predict(floats(images.subarray(300 * 64, 303 * 64))), p.subarray(600, 606));
  sameBits(await classifier.predict(floats(images)), p, 'again');
  classifier.dispose();
  assert.is(gpu.memory().live, before);
});

test('features are what the last layer sees: through it and a softmax they are the predictions', async () => {
  const classifier = make();
  const x = floats(halves(7, 4).images);
  const [p, f] = [await classifier.predict(x), await classifier.features(x)];
  assert.is(f.length, 7 * small.hidden);
  assert.ok(f.every((v) => v >= 0) && f.some((v) => v > 0), 'behind a ReLU');
  const { tensors } = await classifier.player.state();
  const last =
    Object.keys(classifier.player.network.shapes(1))
      .filter((name) => name.endsWith('.weight'))
      .pop() ?? '';
  const weight = tensors[`classifier.${last}`].data;
  const bias = tensors[`classifier.${last.replace('weight', 'bias')}`].data;
  const want = Array.from({ length: 14 }, (_, i) => {
    const e = [0, 1].map((c) => {
      let z = bias[c];
      for (let h = 0; h < small.hidden; h++) z += f[(i >> 1) * small.hidden + h] * weight[2 * h + c];
      return Math.exp(z);
    });
    return e[i & 1] / (e[0] + e[1]);
  });
  near(p, want);
  classifier.dispose();
});

test('the same seed gives the same bits, in any chunks, from bytes and floats; another seed others', async () => {
  const probe = floats(halves(5, 3).images);
  const trained = async (seed: number, chunk: number, images?: Float32Array) => {
    const classifier = make({}, seed, images);
    await train(classifier, { steps: 25, chunk });
    const p = await classifier.predict(probe);
    classifier.dispose();
    return p;
  };
  const reference = await trained(1, 1);
  sameBits(await trained(1, 7), reference, 'chunks of 7');
  sameBits(await trained(1, 64), reference, 'chunks of 64');
  sameBits(await trained(1, 5, floats(learned.images)), reference, 'floats');
  assert.ok((await trained(2, 5)).every((v, i) => v !== reference[i]));
});

test('a loss that is not finite stops it, naming the step', async () => {
  const images = floats(learned.images).map((v) => v * 1e38);
  const classifier = make({}, 1, images);
  try {
    await train(classifier, { steps: 10, chunk: 2 });
    assert.unreachable('went on');
  } catch (error) {
    assert.ok(error instanceof VeilganError, String(error));
    assert.equal([error.code, error.where], ['NAN', 'step 1']);
  }
  classifier.dispose();
});

test.run();
