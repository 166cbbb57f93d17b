/** Layers: shapes, initial values, and what differs between training and inference. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { VeilganError } from '../../src/base/errors.ts';
import {
  batchNormLayer,
  convLayer,
  convTransposeLayer,
  dense,
  dropoutLayer,
  maxPoolLayer,
  reshapeLayer,
} from '../../src/nn/layers.ts';
import { type Network, type Parameters, parameterCount } from '../../src/nn/network.ts';
import { disposeFlat, type Flat, flat } from '../../src/optim/flat.ts';
import { scope } from '../../src/tensor/scope.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { near, poison, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** A network with its initial values. */
class Made {
  readonly network: Network;
  readonly p: Flat;
  readonly s: Flat | null;

  constructor(network: Network, groups = 1, seed = 5, stream = 40) {
    this.network = network;
    this.p = flat(gpu, network.shapes(groups));
    const statistics = network.statistics(groups);
    this.s = Object.keys(statistics).length ? flat(gpu, statistics) : null;
    network.initialise(this.p.parts, this.statistics, seed, stream);
  }
  get statistics(): Parameters {
    return this.s?.parts ?? {};
  }
  apply(x: Tensor, training: boolean, seed = 3): Tensor {
    return this.network.apply(this.p.parts, x, { training, seed, statistics: this.statistics });
  }
  dispose(): void {
    disposeFlat(this.p);
    if (this.s) disposeFlat(this.s);
  }
}

const cases: [string, Network, Record<string, Shape>, Shape, Shape, number][] = [
  ['dense', dense(5, 3), { weight: [2, 5, 3], bias: [2, 3] }, [2, 4, 5], [2, 4, 3], 18],
  ['dense, no bias', dense(5, 3, { bias: false }), { weight: [2, 5, 3] }, [2, 4, 5], [2, 4, 3], 15],
  [
    'convolution, stride 2',
    convLayer(2, 3, 5, { stride: 2, activation: 'leaky', dropout: 0.3 }),
    { weight: [2, 5, 5, 2, 3], bias: [2, 3] },
    [2, 4, 7, 6, 2],
    [2, 4, 4, 3, 3],
    153,
  ],
  [
    'convolution, valid',
    convLayer(1, 4, 3, { padding: 'valid', bias: false }),
    { weight: [2, 3, 3, 1, 4] },
    [2, 1, 5, 4, 1],
    [2, 1, 3, 2, 4],
    36,
  ],
  [
    'transposed convolution',
    convTransposeLayer(3, 2, 5, { stride: 2, bias: false, activation: 'tanh' }),
    { weight: [2, 5, 5, 2, 3] },
    [2, 4, 3, 5, 3],
    [2, 4, 6, 10, 2],
    150,
  ],
  [
    'transposed convolution, bias',
    convTransposeLayer(3, 2, 3),
    { weight: [2, 3, 3, 2, 3], bias: [2, 2] },
    [2, 2, 4, 4, 3],
    [2, 2, 4, 4, 2],
    56,
  ],
  ['batch normalisation', batchNormLayer(3), { gamma: [2, 3], beta: [2, 3] }, [2, 4, 2, 2, 3], [2, 4, 2, 2, 3], 6],
  ['reshape', reshapeLayer([2, 3, 1]), {}, [2, 4, 6], [2, 4, 2, 3, 1], 0],
  ['max pooling', maxPoolLayer(2), {}, [2, 4, 4, 6, 3], [2, 4, 2, 3, 3], 0],
  ['dropout', dropoutLayer(0.5), {}, [2, 4, 6], [2, 4, 6], 0],
];
for (const [name, network, shapes, from, to, count] of cases) {
  test(`${name}: shapes and parameters, in training and after it; nothing is left`, () => {
    assert.equal(network.shapes(2), shapes);
    assert.is(parameterCount(network), count);
    const { live } = gpu.memory();
    const made = new Made(network, 2);
    scope(() => {
      const x = new Values(1).tensor(gpu, from);
      for (const training of [true, false]) assert.equal(made.apply(x, training).shape, to);
    });
    made.dispose();
    assert.is(gpu.memory().live, live);
  });
}

const largest = (x: Float32Array) => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
const sum = (x: ArrayLike<number>) => Array.from(x).reduce((a, b) => a + b, 0);

for (const [name, network, fans] of [
  ['dense 30 -> 70', dense(30, 70), 100],
  ['5 x 5 kernels, 3 -> 40', convLayer(3, 40, 5), 25 * 43],
  ['3 x 3 kernels, transposed, 16 -> 8', convTransposeLayer(16, 8, 3), 9 * 24],
] as const) {
  test(`${name}: Glorot uniform over the whole range, biases zero`, async () => {
    const made = new Made(network, 2);
    const w = await made.p.parts.weight.read();
    const limit = Math.sqrt(6 / fans);
    assert.ok(largest(w) <= limit && largest(w) > 0.99 * limit, `${largest(w)} of ${limit}`);
    const n = w.length;
    assert.ok(Math.abs(sum(w) / n) < (4 * limit) / Math.sqrt(3 * n));
    // The variance of a uniform is limit^2 / 3; that of its square 4 limit^4 / 45.
    const variance = sum(w.map((v) => v * v)) / n;
    assert.ok(Math.abs(variance - limit ** 2 / 3) < 4 * limit ** 2 * Math.sqrt(4 / 45 / n), `${variance}`);
    assert.ok((await made.p.parts.bias.read()).every((v) => v === 0));
    made.dispose();
  });
}

test('groups, seeds and streams have initial values of their own; the same ones give the same bits', async () => {
  const weights = async (groups: number, seed: number, stream: number) => {
    const made = new Made(convLayer(2, 4, 3), groups, seed, stream);
    const w = await made.p.parts.weight.read();
    made.dispose();
    return w;
  };
  const w = await weights(3, 5, 40);
  const blocks = [0, 1, 2].map((g) => w.slice(72 * g, 72 * (g + 1)));
  const others = [await weights(1, 6, 40), await weights(1, 5, 41)];
  const all = [...blocks, ...others];
  for (const [i, a] of all.entries()) {
    for (const b of all.slice(0, i)) assert.ok(a.filter((v, j) => v === b[j]).length < 3);
  }
  sameBits(await weights(3, 5, 40), w, 'again');
});

test('each group is a network of its own', async () => {
  const layer = convLayer(2, 3, 3, { stride: 2, activation: 'leaky' });
  const made = new Made(layer, 2);
  const x = new Values(2).tensor(gpu, [2, 3, 5, 5, 2]);
  const both = await made.apply(x, false).read();
  for (const g of [0, 1]) {
    const part = async (t: Tensor) => {
      const all = await t.read();
      return tensor(gpu, all.slice((g * all.length) / 2, ((g + 1) * all.length) / 2), [1, ...t.shape.slice(1)]);
    };
    const own = { weight: await part(made.p.parts.weight), bias: await part(made.p.parts.bias) };
    const alone = layer.apply(own, await part(x), { training: false, seed: 0, statistics: {} });
    near(await alone.read(), both.slice((g * both.length) / 2, ((g + 1) * both.length) / 2), { what: `group ${g}` });
  }
  made.dispose();
});

test('a dense layer without bias and with an activation is refused', () => {
  try {
    dense(2, 3, { bias: false, activation: 'leaky' });
  } catch (error) {
    assert.ok(error instanceof VeilganError && error.code === 'CONFIG' && error.fix);
    return;
  }
  assert.unreachable('was accepted');
});

test('batch normalisation starts with gamma 1, beta 0, mean 0, variance 1, in dirty memory too', async () => {
  poison(gpu, 1 << 12);
  const { p, s } = new Made(batchNormLayer(5), 2);
  const read = async (t: Tensor | undefined) => [...((await t?.read()) ?? [])];
  assert.equal(await read(p.parts.gamma), new Array(10).fill(1));
  assert.equal(await read(p.parts.beta), new Array(10).fill(0));
  assert.equal(await read(s?.parts.mean), new Array(10).fill(0));
  assert.equal(await read(s?.parts.variance), new Array(10).fill(1));
});

/** Mean and biased variance of each channel of each group, in float64. */
function momentsOf(x: Float32Array, groups: number, channels: number): { mean: number[]; variance: number[] } {
  const each = x.length / groups;
  const n = each / channels;
  const [mean, variance]: number[][] = [[], []];
  for (let g = 0; g < groups; g++) {
    for (let c = 0; c < channels; c++) {
      const own = Array.from({ length: n }, (_, i) => x[g * each + i * channels + c]);
      const m = sum(own) / n;
      mean.push(m);
      variance.push(sum(own.map((v) => (v - m) ** 2)) / n);
    }
  }
  return { mean, variance };
}

for (const [what, shape] of [
  ['rows of features: biased variance', [3, 4, 5]],
  ['images: unbiased variance', [3, 2, 3, 2, 5]],
] as const) {
  test(`batch normalisation of ${what}; captured, replays move the averages, which inference uses`, async () => {
    const channels = 5;
    const made = new Made(batchNormLayer(channels, { slope: 0.3 }));
    const data = new Values(7).normal(shape).map((v) => 2 * v + 1);
    const x = tensor(gpu, data, shape);
    const out = tensor(gpu, new Float32Array(data.length), shape);
    const program = gpu.capture('normalises', () => scope(() => out.assign(made.apply(x, true))));
    await gpu.replay([0, 1, 2].map((step) => ({ program, step }))).done();

    const batch = momentsOf(data, 3, channels);
    const leaky = (v: number) => (v < 0 ? 0.3 * v : v);
    const each = data.length / 3;
    const trained = Array.from(data, (v, i) => {
      const at = Math.floor(i / each) * channels + (i % channels);
      return leaky((v - batch.mean[at]) / Math.sqrt(batch.variance[at] + 1e-3));
    });
    near(await out.read(), trained, { relative: 1e-4, absolute: 1e-5, what: 'training' });

    const n = each / channels;
    const correction = shape.length === 3 ? 1 : n / (n - 1);
    const mean = new Array<number>(channels).fill(0);
    const variance = new Array<number>(channels).fill(1);
    for (let update = 0; update < 9; update++) {
      for (let c = 0; c < channels; c++) {
        const at = (update % 3) * channels + c;
        mean[c] = 0.99 * mean[c] + 0.01 * batch.mean[at];
        variance[c] = 0.99 * variance[c] + 0.01 * correction * batch.variance[at];
      }
    }
    const { statistics } = made;
    near(await statistics.mean.read(), mean, { relative: 1e-5, what: 'moving mean' });
    near(await statistics.variance.read(), variance, { relative: 1e-5, what: 'moving variance' });

    const inferred = Array.from(data, (v, i) =>
      leaky((v - mean[i % channels]) / Math.sqrt(variance[i % channels] + 1e-3)),
    );
    near(await made.apply(x, false).read(), inferred, { relative: 1e-4, absolute: 1e-5, what: 'inference' });
    near(await statistics.mean.read(), mean, { relative: 1e-5, what: 'untouched by inference' });
    program.dispose();
    made.dispose();
  });
}

test('dropout: nothing in inference, in training a share of zeros and the rest scaled to the same mean', async () => {
  const x = tensor(gpu, new Float32Array(40_000).fill(1), [1, 4, 10_000]);
  const made = new Made(dropoutLayer(0.3));
  sameBits(await made.apply(x, false).read(), await x.read(), 'inference');
  const y = await made.apply(x, true).read();
  const zeros = y.filter((v) => v === 0).length / y.length;
  assert.ok(y.every((v) => v === 0 || Math.abs(v - 1 / 0.7) < 1e-6));
  // Four standard deviations of a share of 40,000.
  assert.ok(Math.abs(zeros - 0.3) < 4 * Math.sqrt(0.21 / 40_000), `${zeros}`);
  const other = await made.apply(x, true, 4).read();
  assert.ok(other.some((v, i) => v !== y[i]));
});

for (const activation of ['leaky', 'tanh', 'none'] as const) {
  test(`a convolution (${activation}) with dropout: in training what is kept is inference's, scaled`, async () => {
    const make = (dropout: number) => new Made(convLayer(2, 4, 3, { activation, slope: 0.2, dropout }));
    const [made, plain] = [make(0.25), make(0)];
    const x = new Values(9).tensor(gpu, [1, 8, 6, 6, 2]);
    const [kept, all] = [await made.apply(x, true).read(), await made.apply(x, false).read()];
    let zeros = 0;
    kept.forEach((v, i) => {
      if (v === 0) zeros++;
      else near([v], [all[i] / 0.75], { relative: 1e-5, absolute: 1e-6, what: `element ${i}` });
    });
    assert.ok(Math.abs(zeros / kept.length - 0.25) < 0.07, `${zeros} of ${kept.length}`);
    near(await plain.apply(x, true).read(), all, { what: 'a rate of 0' });
    assert.ok(activation === 'none' || all.some((v) => v < 0), 'both sides of the unit are seen');
  });
}

test.run();
