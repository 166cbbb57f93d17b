/** Layers one after another, and the gradients of small networks of every kind of layer. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { criticNetwork, generatorNetwork } from '../../src/gan/networks/index.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { batchNormLayer, dense, dropoutLayer, maxPoolLayer, mlp, reshapeLayer } from '../../src/nn/layers.ts';
import { type Network, parameterCount, sequential } from '../../src/nn/network.ts';
import { disposeFlat, flat } from '../../src/optim/flat.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { Player } from '../../src/train/player.ts';
import { near, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const net = sequential([dense(4, 12, { bias: false }), reshapeLayer([2, 2, 3]), batchNormLayer(3), maxPoolLayer(2)]);

test('names are the number of the layer and the name in it; layers without parameters count too', () => {
  assert.equal(net.shapes(2), { '0.weight': [2, 4, 12], '2.gamma': [2, 3], '2.beta': [2, 3] });
  assert.equal(net.statistics(2), { '2.mean': [2, 3], '2.variance': [2, 3] });
  assert.is(parameterCount(net), 54);
  const many = sequential(Array.from({ length: 12 }, () => dense(1, 1)));
  assert.equal(Object.keys(many.shapes(1)).slice(-4), ['10.weight', '10.bias', '11.weight', '11.bias']);
});

test('with ten layers and more, each gets its own parameters', async () => {
  // Layer i adds 10^-i: 1.weight must not be taken for 11.weight.
  const many = sequential(Array.from({ length: 12 }, () => dense(1, 1)));
  const p = flat(gpu, many.shapes(1));
  for (const [name, t] of Object.entries(p.parts)) {
    const layer = Number(name.split('.')[0]);
    t.assign(t.mul(0).add(name.endsWith('weight') ? 1 : 2 ** -layer));
  }
  const x = new Values(1).tensor(gpu, [1, 1, 1]);
  const y = await many.apply(p.parts, x, { training: true, seed: 0, statistics: {} }).read();
  near(y, [(await x.read())[0] + 2 - 2 ** -11], { relative: 1e-6 });
  disposeFlat(p);
});

test('layers draw from streams of their own: the same layer twice has other values', async () => {
  const pair = sequential([dense(6, 6), dense(6, 6)]);
  const p = flat(gpu, pair.shapes(1));
  const read = async () => [await p.parts['0.weight'].read(), await p.parts['1.weight'].read()];
  pair.initialise(p.parts, {}, 1, 100);
  const [a, b] = await read();
  assert.ok(a.every((v, i) => v !== b[i]));
  pair.initialise(p.parts, {}, 1, 101);
  sameBits((await read())[0], b, 'stream + layer');
  disposeFlat(p);
});

test('mlp: leaky units between dense layers, a linear end', () => {
  assert.equal(mlp([2, 8, 3]).shapes(1), {
    '0.weight': [1, 2, 8],
    '0.bias': [1, 8],
    '1.weight': [1, 8, 3],
    '1.bias': [1, 3],
  });
  assert.is(parameterCount(mlp([2, 256, 256, 2])), 67_074);
  assert.is(parameterCount(mlp([2, 256, 1])), 1025);
});

/** A network as a function of its input and parameters, in training. */
function trained(network: Network, groups: number) {
  const player = new Player(gpu, 'p', network, groups, { kind: 'sgd', rate: 1 });
  player.initialise(3, 10);
  const names = Object.keys(player.parameters.parts);
  const fn = (x: Tensor, ...p: Tensor[]) =>
    player.train(x, 2, Object.fromEntries(names.map((name, i) => [name, p[i]])));
  return { player, fn, tensors: Object.values(player.parameters.parts) };
}

// Units are linear (slope 1), since finite differences do not see kinks; the leaky unit has tests of its own.
const smooth = { network: 'dcgan', kernel: 3, latent: 3, slope: 1, partitions: 2 } as const;
for (const denseNorm of ['feature', 'channel'] as const) {
  test(`a small generator, first normalisation by ${denseNorm}: gradients equal finite differences`, async () => {
    const config = makeConfig(undefined, { ...smooth, generatorChannels: [4, 3], denseNorm });
    const { player, fn, tensors } = trained(generatorNetwork(config, [4, 6, 2]), 1);
    const z = new Values(1).tensor(gpu, [2, 5, 3]);
    assert.equal(fn(z, ...tensors).shape, [2, 5, 48]);
    await checkGrad(fn, [z, ...tensors], { eps: 2 ** -7, tolerance: 3e-3 });
    player.dispose();
  });
}

test('small critics: gradients equal finite differences to second order, dropout and groups included', async () => {
  const config = makeConfig(undefined, { ...smooth, criticChannels: [3, 4], dropout: 0.3 });
  const { player, fn, tensors } = trained(criticNetwork(config, [5, 4, 2]), 2);
  const x = new Values(2).tensor(gpu, [2, 3, 40]);
  assert.equal(fn(x, ...tensors).shape, [2, 3, 1]);
  await checkGrad(fn, [x, ...tensors], { order: 2 });
  player.dispose();
});

test('pooling and dropout behind dense layers: gradients equal finite differences', async () => {
  const network = sequential([
    dense(4, 32),
    reshapeLayer([4, 4, 2]),
    dropoutLayer(0.4),
    reshapeLayer([32]),
    dense(32, 2),
  ]);
  const { player, fn, tensors } = trained(network, 1);
  await checkGrad(fn, [new Values(3).tensor(gpu, [1, 3, 4]), ...tensors], { order: 2 });
  player.dispose();
});

test.run();
