/** The networks of the DPGAN papers: counts (src/gan/README.md), shapes, initial values, labels; records do not meet. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { perSample } from '../../src/autograd/per-sample.ts';
import { criticNetwork, generatorNetwork } from '../../src/gan/networks/index.ts';
import { makeConfig, withPreset } from '../../src/gan/presets/index.ts';
import { samplesApart } from '../../src/gan/private/guard.ts';
import { parsePrivate } from '../../src/gan/private/run.ts';
import type { CriticBatch } from '../../src/gan/private/step.ts';
import { batchNormLayer, dense, dropoutLayer } from '../../src/nn/layers.ts';
import { parameterCount, sequential } from '../../src/nn/network.ts';
import { clippedSum } from '../../src/privacy/clip.ts';
import { scope } from '../../src/tensor/scope.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { Player } from '../../src/train/player.ts';

const gpu = await open();
test.after(() => gpu.close());

const of = (preset: string) =>
  preset.endsWith('nonprivate') ? makeConfig(preset, {}) : parsePrivate(withPreset(preset, {}));

for (const [preset, shape, classes, g, d] of [
  ['mnist-dpgan-revisited-nonprivate', [28, 28, 1], 10, 2_272_129, 1_724_289],
  ['mnist-dpgan-revisited-eps10', [28, 28, 1], 10, 2_272_129, 1_724_289],
  ['mnist-dpgan', [28, 28, 1], 0, 6_665_601, 6_556_865],
  // The generator proper and the decoder that it trains.
  ['ehr-dpgan', [1071], 0, 49_408 + 128 * 1071 + 1071, 307_457],
] as const) {
  test(`${preset} has the parameters of the specification`, () => {
    const config = of(preset);
    assert.is(parameterCount(generatorNetwork(config, shape, classes)), g);
    assert.is(parameterCount(criticNetwork(config, shape, classes)), d);
  });
}

const run = async (make: () => Tensor) => {
  const y = scope(make);
  const data = await y.read();
  const { shape } = y;
  y.dispose();
  return { data, shape };
};

const small = { latent: 3, slope: 0.2, generatorChannels: [8, 6, 4], criticChannels: [8, 6, 4] };
const pass = { training: true, seed: 1, statistics: {} };

for (const [shape, classes] of [
  [[28, 28, 1], 10],
  [[32, 32, 3], 2],
  [[32, 32, 3], 0],
  [[20, 20, 2], 3],
] as [Shape, number][]) {
  test(`conditional networks make and judge ${shape.join(' x ')} of ${classes || 'no'} classes`, async () => {
    const config = makeConfig(undefined, { ...small, network: 'conditional' });
    const players = [generatorNetwork, criticNetwork].map(
      (make, i) => new Player(gpu, `p${i}`, make(config, shape, classes), 1, { kind: 'sgd', rate: 1 }),
    );
    players.forEach((player, i) => {
      player.initialise(7, 1000 * (i + 1));
    });
    const values = shape.reduce((a, b) => a * b);
    const labels = (k: number) =>
      Float32Array.from({ length: 2 * (3 + classes) }, (_, i) => {
        const at = i % (3 + classes);
        return at < 3 ? Math.sin(i % 6) : at - 3 === k ? 1 : 0;
      });
    const made = (k: number) => run(() => players[0].train(tensor(gpu, labels(k), [1, 2, 3 + classes]), 1));
    const a = await made(0);
    assert.equal(a.shape, [1, 2, values + classes]);
    const pixels = a.data.subarray(0, values);
    assert.ok(pixels.every((v) => Math.abs(v) <= 1) && new Set(pixels).size > values / 4);
    if (classes) {
      assert.equal(Array.from(a.data.subarray(values, values + classes)), [1, ...new Array(classes - 1).fill(0)]);
      const b = await made(1);
      assert.ok(
        b.data.subarray(0, values).some((v, i) => v !== pixels[i]),
        'the label changes the image',
      );
    }
    const score = (x: Float32Array) => run(() => players[1].train(tensor(gpu, x, [1, 2, values + classes]), 1));
    const s = await score(a.data);
    assert.equal(s.shape, [1, 2, 1]);
    if (classes) {
      const other = Float32Array.from(a.data);
      other[values] = 0;
      other[values + 1] = 1;
      const t = await score(other);
      assert.ok(t.data[0] !== s.data[0] && t.data[1] === s.data[1], 'the label changes the score of its own record');
    }
    for (const player of players) player.dispose();
  });
}

test("initial values are PyTorch's: uniform in +-1 / sqrt(fan in), biases too, no two layers alike", async () => {
  const config = makeConfig(undefined, { ...small, network: 'conditional' });
  const player = new Player(gpu, 'd', criticNetwork(config, [28, 28, 1], 10), 1, { kind: 'sgd', rate: 1 });
  player.initialise(3, 2000);
  const { tensors } = await player.state();
  for (const [name, { data, shape }] of Object.entries(tensors)) {
    if (!/weight|bias/.test(name) || name.includes('sgd')) continue;
    const weight = tensors[name.replace('bias', 'weight')].shape;
    const limit = 1 / Math.sqrt(weight.slice(1, -1).reduce((a, b) => a * b, 1));
    const largest = data.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    assert.ok(largest <= limit, `${name} [${shape}]: ${largest} is beyond ${limit}`);
    // The largest of n uniform draws is below 0.7 of the limit with probability 0.7^n.
    if (data.length >= 60) assert.ok(largest > 0.7 * limit, `${name}: ${largest} of ${limit}`);
  }
  const first = Object.values(tensors).map(({ data }) => data[0]);
  const nonzero = first.filter((v) => v !== 0);
  assert.is(new Set(nonzero).size, nonzero.length);
  player.dispose();
});

test('clipped sums of a conditional critic are those of gradients formed record by record', async () => {
  const config = makeConfig(undefined, { ...small, network: 'conditional' });
  const network = criticNetwork(config, [20, 20, 1], 3);
  const player = new Player(gpu, 'd', network, 2, { kind: 'sgd', rate: 1 });
  player.initialise(3, 2000);
  const [K, n, width] = [2, 5, 403];
  const rows = Float32Array.from({ length: K * n * width }, (_, i) =>
    i % width < 400 ? Math.sin(i * 1.7) : (i % width) - 400 === Math.floor(i / width) % 3 ? 1 : 0,
  );
  const x = tensor(gpu, rows, [K, n, width]);
  const losses = (p: Record<string, Tensor>) => network.apply(p, x, pass).softplus().reshape([K, n]);
  const parts = player.parameters.parts as Record<string, Tensor>;
  const each = perSample(losses, parts);
  const names = Object.keys(each);
  const all = await Promise.all(names.map((name) => each[name].read()));
  const norms = Array.from({ length: K * n }, (_, b) =>
    Math.sqrt(
      all.reduce(
        (s, g) =>
          s + g.subarray((b * g.length) / (K * n), ((b + 1) * g.length) / (K * n)).reduce((t, v) => t + v * v, 0),
        0,
      ),
    ),
  );
  const bound = [...norms].sort((a, b) => a - b)[4];
  const clipped = clippedSum(losses, parts, { bound });
  for (const [i, name] of names.entries()) {
    const size = all[i].length / (K * n);
    const expected = new Float64Array(K * size);
    all[i].forEach((v, at) => {
      const b = Math.floor(at / size);
      expected[Math.floor(b / n) * size + (at % size)] += v * Math.min(1, bound / norms[b]);
    });
    const found = await clipped.sum[name].read();
    const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    found.forEach((v, at) =>
      assert.ok(Math.abs(v - expected[at]) <= 1e-3 * scale, `${name}[${at}]: ${v}, not ${expected[at]}`),
    );
  }
  player.dispose();
});

const guarded = (network: ReturnType<typeof dense>, partitions: number, { mixing = false, byPlace = false } = {}) => {
  const critics = new Player(gpu, 'critics', network, partitions, { kind: 'sgd', rate: 1 });
  critics.initialise(1, 2000);
  return {
    gpu,
    critics,
    width: 5,
    config: { partitions, divergence: 'js' as const },
    losses: (p: Player['parameters']['parts'], { rows: x, tags }: CriticBatch) => {
      const scores = network.apply(p, x, {
        ...pass,
        ...(byPlace ? {} : { rows: tags }),
        statistics: critics.statistics?.parts ?? {},
      });
      const flat = scores.reshape([x.shape[0], x.shape[1]]);
      return mixing ? flat.sub(flat.mean(-1, { keep: true })) : flat;
    },
  };
};

test('the guard lets records through that do not meet, and stops batch statistics and masks that go by place', async () => {
  const apart = sequential([dense(5, 8, { activation: 'leaky' }), dense(8, 1)]);
  const dropping = sequential([dense(5, 8, { activation: 'leaky' }), dropoutLayer(0.5), dense(8, 1)]);
  await samplesApart(guarded(apart, 3));
  await samplesApart(guarded(dropping, 2));
  const normalised = sequential([dense(5, 8, { bias: false }), batchNormLayer(8), dense(8, 1)]);
  for (const system of [
    guarded(normalised, 2),
    guarded(apart, 1, { mixing: true }),
    guarded(dropping, 1, { byPlace: true }),
  ]) {
    try {
      await samplesApart(system);
    } catch (error) {
      assert.is((error as { code: string }).code, 'CONFIG');
      continue;
    }
    assert.unreachable('records met');
  }
});

test('latent vectors have a class of uniform law behind them', async () => {
  const { uniformLabels } = await import('../../src/gan/draws.ts');
  const { data } = await run(() => uniformLabels(gpu, [2, 4000], 10, 5));
  const counts = new Array(10).fill(0);
  for (let row = 0; row < 8000; row++) {
    const one = data.subarray(row * 10, (row + 1) * 10);
    assert.is(
      one.reduce((a, b) => a + b),
      1,
    );
    counts[one.indexOf(1)]++;
  }
  // 800 +- 27 each; beyond 6 standard deviations once in 10^8.
  assert.ok(
    counts.every((n) => Math.abs(n - 800) < 161),
    counts.join(),
  );
});

test.run();
