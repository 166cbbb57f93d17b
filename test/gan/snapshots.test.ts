/** Copies of the generator: when they are taken, which are kept, what samples are drawn from, and resuming. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { ParGan } from '../../src/gan/pargan.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { disposeFlat, flat, writeFlat } from '../../src/optim/flat.ts';
import { train } from '../../src/train/loop.ts';
import { Snapshots } from '../../src/train/snapshots.ts';
import { codeOf, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** A source whose only number is the step at which it was written. */
function counting() {
  const source = flat(gpu, { a: [1, 3], b: [2] });
  const at = (step: number) =>
    writeFlat(source, { a: new Float32Array(3).fill(step), b: new Float32Array(2).fill(-step) });
  return { source, at };
}

/** The steps whose weights samples would be drawn from, the current ones last. */
async function drawn(snapshots: Snapshots, step: number): Promise<number[]> {
  return Promise.all(snapshots.members(step).map(async (f) => (await f[0].parts.a.read())[0]));
}

/** Takes what is due at each of these steps, the source holding the step's number. */
function pass(snapshots: Snapshots, at: (step: number) => void, steps: Iterable<number>): void {
  for (const step of steps) {
    at(step);
    snapshots.take(step);
  }
}
const upTo = (n: number) => Array.from({ length: n + 1 }, (_, i) => i);

test('a copy every so many steps, not at the start; those before half of the run are dropped', async () => {
  const { source, at } = counting();
  const snapshots = new Snapshots([source], 100, 10);
  const seen: Record<number, number[]> = {};
  for (const step of upTo(65)) {
    pass(snapshots, at, [step]);
    if ([0, 9, 10, 11, 20, 25, 30, 40, 49, 50, 60, 65].includes(step)) seen[step] = await drawn(snapshots, step);
  }
  assert.equal(seen, {
    0: [0],
    9: [9],
    10: [10],
    11: [10, 11],
    20: [10, 20],
    25: [10, 20, 25],
    30: [20, 30],
    40: [20, 30, 40],
    // Dropped when the next one is taken.
    49: [20, 30, 40, 49],
    50: [30, 40, 50],
    60: [30, 40, 50, 60],
    65: [30, 40, 50, 60, 65],
  });
  snapshots.dispose();
  assert.equal(await drawn(snapshots, 65), [65]);
  disposeFlat(source);
});

test('at most so many, the oldest going first; one means the last weights only', async () => {
  const { source, at } = counting();
  const three = new Snapshots([source], 3, 5);
  pass(three, at, upTo(62));
  assert.equal(await drawn(three, 62), [50, 55, 60, 62]);
  const one = new Snapshots([source], 1, 5);
  pass(one, at, upTo(60));
  assert.equal(await drawn(one, 60), [60]);
  assert.equal(Object.keys(await one.state('g')), []);
  assert.is(one.room(7), Number.POSITIVE_INFINITY);
  for (const s of [three, one]) s.dispose();
  disposeFlat(source);
});

test('a copy is whole: later changes of the weights do not reach it, and asking twice takes one', async () => {
  const { source, at } = counting();
  const snapshots = new Snapshots([source], 4, 10);
  at(10);
  snapshots.take(10);
  at(11);
  snapshots.take(10);
  assert.equal(await drawn(snapshots, 11), [10, 11]);
  const state = await snapshots.state('g.s');
  assert.equal(Object.keys(state), ['g.s.10.a', 'g.s.10.b']);
  assert.equal(state['g.s.10.b'].shape, [2]);
  assert.equal([...state['g.s.10.b'].data], [-10, -10]);
  snapshots.dispose();
  disposeFlat(source);
});

test('a chunk never runs past the step where a copy is due', () => {
  const { source } = counting();
  const snapshots = new Snapshots([source], 4, 10);
  assert.equal(
    [0, 1, 9, 10, 11, 25].map((step) => snapshots.room(step)),
    [10, 9, 1, 10, 9, 5],
  );
  disposeFlat(source);
});

test('state and restore: the same copies at the same steps, ordered by number', async () => {
  const { source, at } = counting();
  const first = new Snapshots([source], 8, 4);
  pass(first, at, upTo(14));
  const state = await first.state('g');
  const second = new Snapshots([source], 8, 4);
  pass(second, at, upTo(8));
  // 12 sorts before 8 as text.
  second.restore('g', Object.fromEntries(Object.entries(state).reverse()));
  at(14);
  assert.equal(await drawn(second, 14), [8, 12, 14]);
  assert.equal(await second.state('g'), state);
  // Both go on alike.
  for (const s of [first, second]) pass(s, at, [15, 16, 17]);
  assert.equal(await drawn(second, 17), await drawn(first, 17));
  assert.equal(await drawn(second, 17), [8, 12, 16, 17]);
  for (const s of [first, second]) s.dispose();
  disposeFlat(source);
});

test('copies are freed: a long run holds no more memory than it may', async () => {
  const { source, at } = counting();
  const before = gpu.memory().live;
  const snapshots = new Snapshots([source], 3, 1);
  pass(snapshots, at, upTo(10));
  const held = gpu.memory().live - before;
  pass(snapshots, at, upTo(200).slice(11));
  assert.is(gpu.memory().live - before, held);
  snapshots.dispose();
  assert.is(gpu.memory().live, before);
  disposeFlat(source);
});

const rows = 120;
const data = new Values(3).normal([rows, 2]);
const config = makeConfig('blobs-js', {
  partitions: 2,
  batch: 8,
  generatorHidden: [8],
  criticHidden: [8],
  rate: 1e-2,
  snapshotEvery: 10,
  snapshots: 4,
  steps: 60,
});
const make = (more: Partial<typeof config> = {}) =>
  new ParGan(gpu, { ...config, ...more }, { train: data, features: 2 }, 5);

test('samples after state and restore are the same bits, between two copies and at one, and training goes on alike', async () => {
  for (const stop of [25, 30]) {
    const a = make();
    await train(a, { steps: stop, chunk: 7 });
    const before = await a.sample(50);
    const { tensors, meta } = await a.state();
    const b = make();
    b.restore(tensors, meta);
    assert.is(b.step, stop);
    sameBits(await b.sample(50), before, `samples at ${stop}`);
    sameBits(await a.sample(50), before, `samples at ${stop}, asked for again`);
    for (const gan of [a, b]) await train(gan, { steps: 47, chunk: 5 });
    sameBits(await b.sample(50), await a.sample(50), 'samples after more steps');
    assert.equal(await b.state(), await a.state());
    for (const gan of [a, b]) gan.dispose();
  }
});

test('samples are drawn in turn from the copies; row i does not depend on how many are asked for', async () => {
  const gan = make();
  await train(gan, { steps: 25 });
  // Copies at 20 and the weights of 25; of step 10 the copy is from before the half of 20 and stays until 30.
  const members = gan.snapshots.members(25).length;
  assert.is(members, 3);
  const many = await gan.sample(30);
  sameBits(await gan.sample(7), many.slice(0, 14), 'fewer');
  const other = await gan.sample(30, 1);
  assert.ok(
    many.every((x, i) => x !== other[i]),
    'another stream',
  );
  const last = make({ snapshots: 1 });
  await train(last, { steps: 25 });
  const alone = await last.sample(10);
  assert.is(alone.length, 20);
  for (const g of [gan, last]) g.dispose();
});

test('what does not belong to the network is refused, and names the tensor', async () => {
  const gan = make();
  await train(gan, { steps: 10 });
  const { tensors, meta } = await gan.state();
  const name = 'generator.snapshot.10.0.weight';
  assert.ok(tensors[name]);
  const without = { ...tensors };
  delete without[name];
  const misshapen = { ...tensors, [name]: { shape: [1, 2, 7], data: new Float32Array(14) } };
  for (const wrong of [without, misshapen]) {
    const b = make();
    const refused = await Promise.resolve()
      .then(() => b.restore(wrong, meta))
      .catch((error) => error);
    assert.is(refused?.code, 'FILE', String(refused));
    assert.match(
      refused.line(),
      /^checkpoint\.safetensors: the checkpoint's tensor generator\.snapshot\.10\.0\.weight /,
    );
    b.dispose();
  }
  // Without its counts Adam's rate would be no number.
  for (const name of ['generator_updates', 'critic_updates', 'step']) {
    for (const text of [undefined, '', '-1', '1.5', 'x']) {
      const { [name]: _, ...others } = meta;
      const b = make();
      assert.is(
        await codeOf(() => b.restore(tensors, text === undefined ? others : { ...others, [name]: text })),
        'FILE',
      );
      b.dispose();
    }
  }
  gan.dispose();
});

test.run();
