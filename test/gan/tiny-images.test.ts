/** PAR-GAN on tiny images: the same bits again, in any chunks, and after a stop; samples, scores and memory. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { floats } from '../../src/data/records.ts';
import type { GanConfig } from '../../src/gan/config.ts';
import { ParGan } from '../../src/gan/pargan.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { type LossRow, train } from '../../src/train/loop.ts';
import type { HostTensors } from '../../src/train/player.ts';
import { near, poison, sameBits } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const SHAPE = [8, 8, 1];
const ROWS = 50;
const STEPS = 9;
/** Bright in one quarter, dark elsewhere. */
const bytes = Uint8Array.from({ length: ROWS * 64 }, (_, i) => {
  const [row, y, x] = [Math.floor(i / 64), Math.floor((i % 64) / 8), i % 8];
  return (y < 4 ? 0 : 1) + (x < 4 ? 0 : 2) === row % 4 ? 200 + (row % 50) : (i * 7) % 40;
});

const configOf = (more: Partial<GanConfig> = {}) =>
  makeConfig(undefined, {
    network: 'dcgan',
    generatorChannels: [4, 4],
    criticChannels: [4],
    kernel: 3,
    latent: 3,
    partitions: 3,
    batch: 4,
    criticSteps: 2,
    rate: 1e-2,
    steps: STEPS,
    snapshots: 3,
    snapshotEvery: 4,
    ...more,
  });
const make = (more: Partial<GanConfig> = {}, seed = 5, data: Uint8Array | Float32Array = bytes) =>
  new ParGan(gpu, configOf(more), { train: data, features: 64, shape: SHAPE }, seed);

interface End {
  samples: Float32Array;
  scores: Float32Array;
  tensors: HostTensors;
  losses: LossRow[];
}

/** Everything that follows from the seed, and frees the system. */
async function end(gan: ParGan, losses: LossRow[]): Promise<End> {
  const samples = await gan.sample(20);
  const scores = await gan.scores(samples);
  const { tensors } = await gan.state();
  gan.dispose();
  return { samples, scores, tensors, losses };
}
async function whole(gan: ParGan, chunk = 3): Promise<End> {
  const losses: LossRow[] = [];
  await train(gan, { steps: STEPS, chunk, onRows: (rows) => losses.push(...rows) });
  return end(gan, losses);
}
function same(a: End, b: End, what: string): void {
  assert.equal(a.losses, b.losses, `losses, ${what}`);
  assert.equal(Object.keys(a.tensors), Object.keys(b.tensors), what);
  for (const [name, { data }] of Object.entries(a.tensors)) sameBits(data, b.tensors[name].data, `${name}, ${what}`);
  sameBits(a.samples, b.samples, `samples, ${what}`);
  sameBits(a.scores, b.scores, `scores, ${what}`);
}

for (const kind of [
  { divergence: 'js', beta1: 0.5 },
  { divergence: 'wgan-gp', optimizer: 'rmsprop', rate: 1e-3, denseNorm: 'channel' },
] as const) {
  test(`${kind.divergence}: the same seed gives the same bits, in chunks of 1, 3 and 7, from bytes and floats`, async () => {
    const reference = await whole(make(kind));
    assert.is(reference.losses.length, STEPS);
    assert.ok(reference.samples.every((v) => Math.abs(v) <= 1));
    assert.ok(reference.samples.some((v) => v !== reference.samples[0]));
    for (const chunk of [1, 7]) {
      poison(gpu);
      same(await whole(make(kind), chunk), reference, `chunks of ${chunk}`);
    }
    same(await whole(make(kind, 5, floats(bytes))), reference, 'floats');
    const other = await whole(make(kind, 6));
    assert.ok(other.losses.every((row, i) => row.loss_g !== reference.losses[i].loss_g));
  });

  test(`${kind.divergence}: stopped at any step and restored, the bits of a run that was not`, async () => {
    const reference = await whole(make(kind));
    for (const stop of [1, 4, 6]) {
      const first = make(kind);
      await train(first, { steps: stop, chunk: 2 });
      const { tensors, meta } = await first.state();
      first.dispose();
      const second = make(kind);
      second.restore(tensors, meta);
      const losses = reference.losses.slice(0, stop);
      await train(second, { steps: STEPS, chunk: 4, onRows: (rows) => losses.push(...rows) });
      same(await end(second, losses), reference, `stopped after ${stop}`);
    }
  });
}

test('the moving averages and copies of the generator are part of the state', async () => {
  const gan = make();
  await train(gan, { steps: 5, chunk: 3 });
  const { tensors, meta } = await gan.state();
  const names = Object.keys(tensors);
  for (const name of ['mean', 'variance'].flatMap((s) => [`1.${s}`, `4.${s}`])) {
    assert.ok(names.includes(`generator.moving.${name}`), `${name} of the generator`);
    assert.ok(names.includes(`generator.snapshot.4.moving.${name}`), `${name} of its copy`);
  }
  const now = tensors['generator.moving.1.mean'].data;
  const then = tensors['generator.snapshot.4.moving.1.mean'].data;
  assert.ok(
    now.some((v, i) => v !== 0 && v !== then[i]),
    'they move',
  );
  // The averages are what samples are drawn with.
  const changed = { ...tensors, 'generator.moving.1.mean': { shape: [1, 64], data: now.map((v) => v + 1) } };
  const other = make();
  other.restore(changed, meta);
  const [a, b] = [await gan.sample(4), await other.sample(4)];
  // In turn: a copy of step 4, then the current generator.
  sameBits(b.slice(0, 64), a.slice(0, 64), 'the copy has its own');
  assert.ok(a.slice(64, 128).some((v, i) => v !== b[64 + i]));
  const { 'generator.moving.4.mean': _, ...without } = tensors;
  assert.throws(() => other.restore(without, meta), /tensor generator\.moving\.4\.mean is missing/);
  for (const g of [gan, other]) g.dispose();
});

test('samples: row i does not depend on how many are asked for, also across calls; streams differ', async () => {
  const gan = make();
  await train(gan, { steps: 9, chunk: 4 });
  assert.is(gan.snapshots.members(9).length, 3);
  const many = await gan.sample(800);
  assert.is(many.length, 800 * 64);
  for (const n of [1, 2, 7, 256, 769]) sameBits(await gan.sample(n), many.slice(0, n * 64), `${n}`);
  for (const stream of [1, 1000]) {
    const other = await gan.sample(7, stream);
    assert.ok(
      other.some((v, i) => v !== many[i]),
      `stream ${stream}`,
    );
  }
  gan.dispose();
});

test('scores: by critic, probabilities where it is JS; a row does not depend on its neighbours', async () => {
  for (const divergence of ['js', 'wgan-gp'] as const) {
    const gan = make({ divergence });
    await train(gan, { steps: 3, chunk: 3 });
    const x = floats(bytes.subarray(0, 40 * 64));
    const all = await gan.scores(x);
    assert.is(all.length, 3 * 40);
    const few = await gan.scores(x.subarray(5 * 64, 8 * 64));
    assert.is(few.length, 9);
    for (const k of [0, 1, 2]) near(few.slice(3 * k, 3 * k + 3), all.slice(40 * k + 5, 40 * k + 8), { what: `${k}` });
    assert.is(
      all.every((s) => s > 0 && s < 1),
      divergence === 'js',
    );
    gan.dispose();
  }
});

test('steps allocate nothing, run one program, and everything is freed', async () => {
  const before = gpu.memory().live;
  const gan = make({ snapshots: 1 });
  await train(gan, { steps: 2, chunk: 1 });
  const { live } = gpu.memory();
  const program = gan.program();
  await train(gan, { steps: 30, chunk: 7 });
  assert.is(gpu.memory().live, live);
  assert.is(gan.program(), program);
  await gan.sample(3);
  await gan.scores(floats(bytes));
  assert.is(gpu.memory().live, live, 'samples and scores');
  gan.dispose();
  assert.is(gpu.memory().live, before);
});

test('what does not fit leaves nothing on the device', () => {
  const before = gpu.memory().live;
  for (const more of [{ generatorChannels: [4, 4, 4, 4, 4] }, { batch: 17 }, { rows: 51 }, { partitions: 51 }]) {
    assert.throws(() => make(more));
    assert.is(gpu.memory().live, before, JSON.stringify(more));
  }
});

test.run();
