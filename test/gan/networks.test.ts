/** The networks of the presets layer by layer (src/gan/README.md), and geometries that they refuse. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { GanConfig } from '../../src/gan/config.ts';
import { criticNetwork, generatorNetwork } from '../../src/gan/networks/index.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { parameterCount } from '../../src/nn/network.ts';
import { scope } from '../../src/tensor/scope.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { Player } from '../../src/train/player.ts';
import { failure } from '../support/failure.ts';
import { Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const MNIST = [28, 28, 1];
const CIFAR = [32, 32, 3];

for (const preset of ['mnist-js', 'mnist-wgan-gp']) {
  test(`${preset}: layer by layer`, () => {
    const config = makeConfig(preset, {});
    const generator = generatorNetwork(config, MNIST);
    assert.equal(generator.shapes(1), {
      '0.weight': [1, 100, 12_544],
      '1.gamma': [1, 12_544],
      '1.beta': [1, 12_544],
      '3.weight': [1, 5, 5, 128, 256],
      '4.gamma': [1, 128],
      '4.beta': [1, 128],
      '5.weight': [1, 5, 5, 64, 128],
      '6.gamma': [1, 64],
      '6.beta': [1, 64],
      '7.weight': [1, 5, 5, 1, 64],
    });
    assert.equal(generator.statistics(1), {
      '1.mean': [1, 12_544],
      '1.variance': [1, 12_544],
      '4.mean': [1, 128],
      '4.variance': [1, 128],
      '6.mean': [1, 64],
      '6.variance': [1, 64],
    });
    assert.is(parameterCount(generator), 2_305_472);
    const critic = criticNetwork(config, MNIST);
    assert.equal(critic.shapes(5), {
      '1.weight': [5, 5, 5, 1, 64],
      '1.bias': [5, 64],
      '2.weight': [5, 5, 5, 64, 128],
      '2.bias': [5, 128],
      '4.weight': [5, 6272, 1],
      '4.bias': [5, 1],
    });
    assert.equal(critic.statistics(5), {});
    assert.is(parameterCount(critic), 212_865);
  });
}

for (const preset of ['cifar10-js', 'cifar10-wgan-gp']) {
  test(`${preset}: layer by layer`, () => {
    const config = makeConfig(preset, {});
    const generator = generatorNetwork(config, CIFAR);
    // The reshape to 4 x 4 x 256 comes before the normalisation, whose channels are 256.
    assert.equal(generator.shapes(1), {
      '0.weight': [1, 100, 4096],
      '2.gamma': [1, 256],
      '2.beta': [1, 256],
      '3.weight': [1, 5, 5, 256, 256],
      '4.gamma': [1, 256],
      '4.beta': [1, 256],
      '5.weight': [1, 5, 5, 128, 256],
      '6.gamma': [1, 128],
      '6.beta': [1, 128],
      '7.weight': [1, 5, 5, 64, 128],
      '8.gamma': [1, 64],
      '8.beta': [1, 64],
      '9.weight': [1, 5, 5, 3, 64],
    });
    assert.is(parameterCount(generator), 3_078_208);
    const critic = criticNetwork(config, CIFAR);
    assert.equal(critic.shapes(1), {
      '1.weight': [1, 5, 5, 3, 64],
      '1.bias': [1, 64],
      '2.weight': [1, 5, 5, 64, 128],
      '2.bias': [1, 128],
      '3.weight': [1, 5, 5, 128, 256],
      '3.bias': [1, 256],
      '5.weight': [1, 4096, 1],
      '5.bias': [1, 1],
    });
    assert.is(parameterCount(critic), 1_033_345);
  });
}

const narrow = (fields: Partial<GanConfig>) =>
  makeConfig(undefined, { network: 'dcgan', latent: 3, generatorChannels: [4, 4], criticChannels: [4], ...fields });

/** Shapes of what a generator makes of z [2, 3, 3] and a critic of that. */
function through(config: GanConfig, shape: Shape): Shape[] {
  const player = (network: ReturnType<typeof generatorNetwork>) => {
    const made = new Player(gpu, 'p', network, 1, { kind: 'sgd', rate: 1 });
    made.initialise(1, 1);
    return made;
  };
  const [generator, critic] = [player(generatorNetwork(config, shape)), player(criticNetwork(config, shape))];
  const shapes = scope(() => {
    const records = generator.train(new Values(1).tensor(gpu, [2, 3, 3]), 1);
    return [records, critic.train(records, 1)].map((t) => ({ shape: t.shape }));
  }).map((t) => t.shape);
  for (const p of [generator, critic]) p.dispose();
  return shapes;
}

test('images of any size that doubles to it, of any number of channels, not square', () => {
  for (const [shape, fields] of [
    [[8, 8, 1], {}],
    [[6, 10, 3], { kernel: 3 }],
    [[4, 12, 2], { generatorChannels: [5, 4, 3], denseNorm: 'channel', kernel: 1 }],
    // An image smaller than a kernel; critics that halve more often than there are pixels.
    [[2, 2, 4], { kernel: 7, criticChannels: [2, 3, 4] }],
    [[8, 8, 1], { network: 'mlp', generatorHidden: [5], criticHidden: [6] }],
  ] as [Shape, Partial<GanConfig>][]) {
    const features = shape.reduce((a, b) => a * b, 1);
    assert.equal(through(narrow(fields), shape), [
      [2, 3, features],
      [2, 3, 1],
    ]);
  }
});

test('sides that are no whole number doubled: which flag to change, and a size that would do', () => {
  for (const [shape, size] of [
    [[27, 27, 1], 28],
    [[28, 30, 1], 32],
    [[1, 1, 1], 4],
  ] as [Shape, number][]) {
    const error = failure(() => generatorNetwork(makeConfig('mnist-js', {}), shape));
    assert.equal([error.code, error.where], ['CONFIG', 'generatorChannels']);
    assert.match(error.line(), new RegExp(`image side of \\d+ is not doubled 2 times.*a size of ${size}\\.$`));
    // What it proposes is accepted.
    generatorNetwork(makeConfig('mnist-js', {}), [size, size, 1]);
  }
});

test('tables and a dcgan: refused by both networks, with the flag and two remedies', () => {
  for (const make of [generatorNetwork, criticNetwork]) {
    const error = failure(() => make(narrow({}), [2]));
    assert.equal([error.code, error.where], ['CONFIG', 'network']);
    assert.is(
      error.line(),
      'convolutional networks need images, and these records are [2]. Use `network: mlp`, or a data set of images.',
    );
  }
});

test.run();
