/** The private GAN: its update against clipping and summing by hand, sampling, partitions, spending, chunks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { perSample } from '../../src/autograd/per-sample.ts';
import { PhiloxStream } from '../../src/base/philox.ts';
import { DpGan } from '../../src/gan/dpgan.ts';
import { ParGan } from '../../src/gan/pargan.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { type PrivateConfig, privateConfig, samplingRate } from '../../src/gan/private/config.ts';
import type { MakeDiscrete } from '../../src/gan/private/exact.ts';
import { mechanismOf } from '../../src/gan/private/plan.ts';
import { bceWithLogits } from '../../src/ops/elementwise.ts';
import { reshape } from '../../src/ops/movement.ts';
import { readFlat, writeFlat } from '../../src/optim/flat.ts';
import { DiscreteMechanism } from '../../src/privacy/discrete.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { NoiseSource } from '../../src/privacy/noise.ts';
import { PoissonSampler } from '../../src/privacy/sampling.ts';
import { tagsOf } from '../../src/privacy/tags.ts';
import { leaves } from '../../src/tensor/scope.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { train } from '../../src/train/loop.ts';
import type { TrainingData } from '../../src/train/rows.ts';

const gpu = await open();
test.after(() => gpu.close());

const ROWS = 24;
const random = new PhiloxStream(3, 'dpgan.test');
const rows = Float32Array.from({ length: 2 * ROWS }, () => random.normal());

const configOf = (more: Partial<PrivateConfig>): PrivateConfig =>
  privateConfig.parse({
    partitions: 1,
    batch: 8,
    criticSteps: 2,
    generatorHidden: [6],
    criticHidden: [7],
    rate: 0.05,
    optimizer: 'sgd',
    noiseMultiplier: 1,
    snapshots: 1,
    steps: 100,
    ...more,
  });

interface Made {
  gan: DpGan;
  spent: [number, number][];
  dispose: () => void;
}

interface Extras {
  readonly data?: TrainingData;
  readonly unclipped?: boolean;
}

function make(more: Partial<PrivateConfig>, { data = { train: rows, features: 2 }, unclipped }: Extras = {}): Made {
  const config = configOf(more);
  const K = config.partitions;
  const key = PrivacyKey.insecure(1);
  const partitions = Array.from({ length: K }, (_, k) =>
    Uint32Array.from({ length: ROWS }, (_, row) => row).filter((row) => row % K === k),
  );
  const q = samplingRate(config, ROWS);
  const tags = tagsOf(data, ROWS, key.derive('tags'));
  const mechanism = mechanismOf(config, ROWS);
  const noise = new NoiseSource(gpu, key);
  const samplers = partitions.map((list, index) => new PoissonSampler(key, list, { q, tags, index }));
  const spent: [number, number][] = [];
  const spend = (from: number, to: number) => void spent.push([from, to]);
  const discrete: MakeDiscrete = (options) => new DiscreteMechanism(gpu, key, options);
  const gan = new DpGan(gpu, config, data, 5, {
    mechanism,
    noise,
    discrete,
    tags,
    partitions,
    samplers,
    spend,
    unclipped,
  });
  return {
    gan,
    spent,
    dispose: () => {
      gan.dispose();
      noise.dispose();
      for (const sampler of samplers) sampler.dispose();
    },
  };
}

const weights = async (gan: DpGan) =>
  Object.values(await readFlat(gan.critics.parameters)).flatMap(({ data }) => Array.from(data));

/** A generator of zeros: its fakes are known. */
function silence(gan: DpGan): void {
  const { parts } = gan.generator.parameters;
  writeFlat(
    gan.generator.parameters,
    Object.fromEntries(Object.entries(parts).map(([name, t]) => [name, new Float32Array(t.length)])),
  );
}

/** Clipped per-sample gradients of the critic on known rows, summed in float64. */
async function clippedByHand(gan: DpGan, x: Float32Array, target: number, bound: number): Promise<Float64Array> {
  const n = x.length / 2;
  const input = tensor(gpu, x, [1, n, 2]);
  const wanted = tensor(gpu, new Float32Array(n).fill(target), [1, n]);
  const each = perSample(
    (p: Record<string, Tensor>) =>
      bceWithLogits(
        reshape(gan.critics.network.apply(p, input, { training: true, seed: 0, statistics: {} }), [1, n]),
        wanted,
      ),
    gan.critics.parameters.parts as Record<string, Tensor>,
  );
  const parts = await Promise.all(leaves(each).map((t) => t.read()));
  const width = parts.reduce((w, part) => w + part.length / n, 0);
  const sum = new Float64Array(width);
  for (let s = 0; s < n; s++) {
    const g = parts.flatMap((part) => Array.from(part.subarray((s * part.length) / n, ((s + 1) * part.length) / n)));
    const norm = Math.hypot(...g);
    for (const [i, v] of g.entries()) sum[i] += v * Math.min(1, bound / norm);
  }
  return sum;
}

for (const [physicalBatch, mechanism] of [
  // Eight generated records in device batches of 3: 3, 3 and 2.
  [3, 'gaussian'],
  [5, 'gaussian'],
  [24, 'gaussian'],
  [64, 'gaussian'],
  [10, 'discrete'],
] as const) {
  test(`an update is the clipped sum over the sample and the fakes, device batches of ${physicalBatch}, ${mechanism}`, async () => {
    // q = 1: every record is in, so what is summed is known. Noise of 1e-6 shows nowhere.
    const bound = 0.4;
    const { gan, dispose } = make({
      ...{ population: 8, physicalBatch, clipNorm: bound, noiseMultiplier: 1e-6, criticSteps: 1 },
      ...{ mechanism, accountant: 'rdp' },
    });
    silence(gan);
    const before = await weights(gan);
    const real = await clippedByHand(gan, rows, 1, bound);
    const fake = await clippedByHand(gan, new Float32Array(16), 0, bound);
    await gpu.replay(gan.chunk(1)).done();
    const after = await weights(gan);
    after.forEach((w, i) => {
      const expected = before[i] - (0.05 / 8) * (real[i] + fake[i]);
      assert.ok(Math.abs(w - expected) <= 3e-5, `weight ${i}: ${w}, not ${expected}`);
    });
    assert.not.equal(after, before);
    dispose();
  });
}

test('the noise has the standard deviation sigma C / B of the rate', async () => {
  const { gan, dispose } = make({ noiseMultiplier: 50, clipNorm: 2, criticSteps: 1, criticHidden: [2000], rate: 1 });
  silence(gan);
  const before = await weights(gan);
  await gpu.replay(gan.chunk(1)).done();
  const moved = (await weights(gan)).map((w, i) => w - before[i]);
  const deviation = Math.sqrt(moved.reduce((s, d) => s + d * d, 0) / moved.length);
  // 8001 draws: the deviation is within 4 % but once in 10^6 times; clipped gradients add at most 32 in norm.
  assert.ok(Math.abs(deviation / ((50 * 2) / 8) - 1) < 0.05, `deviation ${deviation}`);
  dispose();
});

test('a record moves its own critic only', async () => {
  const run = async (data: Float32Array<ArrayBuffer>) => {
    const { gan, dispose } = make(
      { partitions: 3, population: 24, noiseMultiplier: 1e-3, criticSteps: 1 },
      { data: { train: data, features: 2 } },
    );
    silence(gan);
    await gpu.replay(gan.chunk(1)).done();
    const state = await readFlat(gan.critics.parameters);
    const owners = gan.owners();
    dispose();
    return { state, owners };
  };
  const changed = Float32Array.from(rows);
  // Row 7 is in partition 1.
  changed.set([9, -9], 14);
  const [a, b] = [await run(rows), await run(changed)];
  assert.is(a.owners[7], 1);
  for (const [name, { data, shape }] of Object.entries(a.state)) {
    const width = data.length / shape[0];
    for (const k of [0, 1, 2]) {
      const same = data.subarray(k * width, (k + 1) * width).every((v, i) => v === b.state[name].data[k * width + i]);
      if (k !== 1) assert.ok(same, `${name} of critic ${k} changed`);
    }
  }
  const { data } = a.state['0.weight'];
  assert.not.equal(Array.from(data), Array.from(b.state['0.weight'].data));
});

test('chunks of 1, 3 and 50 steps give the same bits, and pay for every update before it is sent', async () => {
  const results: { w: number[]; losses: string; spent: [number, number][] }[] = [];
  for (const chunk of [1, 3, 50]) {
    const { gan, spent, dispose } = make({ partitions: 2, criticSteps: 3, physicalBatch: 4 });
    const losses: unknown[] = [];
    await train(gan, { steps: 10, chunk, onRows: (list) => losses.push(...list) });
    assert.is(losses.length, 10);
    results.push({ w: await weights(gan), losses: JSON.stringify(losses), spent });
    assert.is(gan.updates, 30);
    dispose();
  }
  for (const { w, losses, spent } of results) {
    assert.equal(w, results[0].w);
    assert.is(losses, results[0].losses);
    assert.is(spent[0][0], 0);
    spent.forEach(([from], i) => assert.is(from, i ? spent[i - 1][1] : 0));
    assert.is(spent[spent.length - 1][1], 30);
  }
});

test('what cannot be paid is not given out', () => {
  const { gan, spent, dispose } = make({});
  spent.push = () => {
    throw new Error('the disk is full');
  };
  assert.throws(() => gan.chunk(1), /the disk is full/);
  assert.is(gan.updates, 0);
  assert.is(gan.step, 0);
  dispose();
});

test('samples that are empty are noise alone', async () => {
  const { gan, dispose } = make({ population: 4_000_000_000, criticSteps: 1, noiseMultiplier: 1e-6, clipNorm: 1 });
  silence(gan);
  const before = await weights(gan);
  const fake = await clippedByHand(gan, new Float32Array(16), 0, 1);
  await gpu.replay(gan.chunk(1)).done();
  (await weights(gan)).forEach((w, i) => assert.ok(Math.abs(w - (before[i] - (0.05 / 8) * fake[i])) <= 3e-5));
  dispose();
});

test('wgan and wgan-gp train as well, on finite numbers, without growing memory', async () => {
  for (const divergence of ['wgan', 'wgan-gp'] as const) {
    const { gan, dispose } = make({ divergence, optimizer: 'rmsprop', rate: 1e-3, partitions: 2 });
    await train(gan, { steps: 3 });
    const { live } = gpu.memory();
    await train(gan, { steps: 30 });
    assert.is(gpu.memory().live, live);
    assert.ok((await weights(gan)).every(Number.isFinite));
    assert.is((await gan.sample(10)).length, 20);
    dispose();
  }
});

test('unclipped, which audits ask for, a record moves the sum by more than the bound', async () => {
  const bound = 0.01;
  const moved: number[] = [];
  for (const unclipped of [false, true]) {
    const { gan, dispose } = make(
      { population: 8, clipNorm: bound, noiseMultiplier: 1e-6, criticSteps: 1 },
      { unclipped },
    );
    silence(gan);
    const before = await weights(gan);
    await gpu.replay(gan.chunk(1)).done();
    moved.push(Math.hypot(...(await weights(gan)).map((w, i) => w - before[i])) / (0.05 / 8));
    dispose();
  }
  // 24 real and 8 generated records of at most the bound each.
  assert.ok(moved[0] <= 32.1 * bound && moved[1] > 40 * bound, moved.join());
});

test('labels condition both networks: rows carry them, samples come class by class, scores ask for them', async () => {
  const shape = [8, 8, 1];
  const images = Uint8Array.from({ length: ROWS * 64 }, (_, i) => (i * 37) % 256);
  const labels = { train: Uint32Array.from({ length: ROWS }, (_, row) => row % 3) };
  const config: Partial<PrivateConfig> = {
    network: 'conditional',
    labels: 'condition',
    latent: 4,
    generatorChannels: [4, 4],
    criticChannels: [4, 4],
    optimizer: 'adam',
    rate: 0.01,
    partitions: 2,
  };
  const data = { train: images, features: 64, shape, labels };
  const { gan, dispose } = make(config, { data });
  const plain = new ParGan(gpu, makeConfig(undefined, { ...config, batch: 6, snapshots: 1 }), data, 1);
  for (const system of [gan, plain]) {
    await train(system, { steps: 3 });
    assert.is((await system.sample(7)).length, 7 * 64);
    assert.equal(Array.from(system.labelsOf(7) ?? []), [0, 1, 2, 0, 1, 2, 0]);
    const x = new Float32Array(5 * 64).fill(0.3);
    const [a, b] = [await system.scores(x, new Uint32Array(5)), await system.scores(x, new Uint32Array(5).fill(2))];
    assert.is(a.length, 10);
    assert.ok(a[0] === a[4] && a[0] !== b[0]);
    assert.is(
      await system.scores(x).then(
        () => '',
        (e: { code: string }) => e.code,
      ),
      'SHAPE',
    );
  }
  plain.dispose();
  dispose();
  for (const [more, where] of [
    [{ network: 'mlp' }, 'network'],
    [{ divergence: 'wgan-gp' }, 'divergence'],
  ] as const) {
    assert.throws(
      () => make({ ...config, ...more }, { data }),
      (e: { where: string }) => e.where === where,
    );
  }
  assert.throws(
    () => make(config, { data: { ...data, labels: undefined } }),
    (e: { where: string }) => e.where === 'labels',
  );
});

test('device batches far smaller than a sample are refused', () => {
  assert.throws(
    () => make({ batch: 512, physicalBatch: 2 }),
    (e: { code: string; where: string }) => e.code === 'CONFIG' && e.where === 'physicalBatch',
  );
});

test.run();
