/** Training through a run directory: the same bits whatever the chunks and the stops, and what errors leave behind. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDataset } from '../../src/data/dataset.ts';
import { saveDataset } from '../../src/data/save.ts';
import { type GanConfig, makeConfig } from '../../src/gan/config.ts';
import { VeilganError } from '../../src/gpu/errors.ts';
import { open } from '../../src/node.ts';
import { openTraining, runTraining, startTraining, type TrainingJob } from '../../src/run/session.ts';
import { sameBits, Values } from '../support/values.ts';

const gpu = await open();
const root = fs.mkdtempSync(join(tmpdir(), 'veilgan-session-'));
process.env.VEILGAN_DATA = join(root, 'data');
test.after(() => {
  gpu.close();
  fs.rmSync(root, { recursive: true });
});

/** Stores 60 training and 20 hold-out rows of two columns. */
const store = (name: string, seed: number, scale = 1) => {
  const values = new Values(seed);
  const rows = (n: number) => values.normal([n, 2]).map((x) => x * scale);
  return saveDataset(
    makeDataset({
      name,
      columns: ['x', 'y'],
      shape: [2],
      train: rows(60),
      holdout: rows(20),
      meta: { origin: 'test' },
    }),
    { force: true },
  );
};
await store('tiny', 1);

const STEPS = 40;
const configOf = (more: Partial<GanConfig> = {}) =>
  makeConfig(undefined, {
    partitions: 2,
    batch: 8,
    generatorHidden: [8],
    criticHidden: [8],
    rate: 1e-2,
    steps: STEPS,
    snapshotEvery: 10,
    snapshots: 4,
    ...more,
  });

let runs = 0;
type Start = Partial<Parameters<typeof startTraining>[1]>;
const start = (more: Start = {}) =>
  startTraining(gpu, {
    system: 'pargan',
    data: 'tiny',
    config: configOf(),
    seed: 3,
    out: join(root, `run-${runs++}`),
    ...more,
  });

interface Outcome {
  samples: Float32Array;
  metrics: string;
  checkpoint: Buffer;
}

/** What a run left, and frees it. */
async function outcome({ run, gan }: TrainingJob): Promise<Outcome> {
  const samples = await gan.sample(100);
  const metrics = fs.readFileSync(join(run.dir, 'metrics.jsonl'), 'utf8');
  const checkpoint = fs.readFileSync(join(run.dir, 'checkpoint.safetensors'));
  run.close();
  gan.dispose();
  return { samples, metrics, checkpoint };
}

async function whole(more: Start = {}, options: Parameters<typeof runTraining>[1] = {}): Promise<Outcome> {
  const job = await start(more);
  const result = await runTraining(job, { chunk: 7, ...options });
  assert.equal([result.steps, result.added, result.interrupted], [job.steps, job.steps, false]);
  return outcome(job);
}

function same(actual: Outcome, expected: Outcome, what: string): void {
  sameBits(actual.samples, expected.samples, `samples, ${what}`);
  assert.is(actual.metrics, expected.metrics, `metrics, ${what}`);
  assert.ok(actual.checkpoint.equals(expected.checkpoint), `checkpoint, ${what}`);
}

async function failure(fn: () => unknown): Promise<VeilganError> {
  try {
    await fn();
  } catch (error) {
    if (error instanceof VeilganError) return error;
    throw error;
  }
  throw new Error('no error');
}

const listing = (dir: string) =>
  fs.existsSync(dir) ? (fs.readdirSync(dir, { recursive: true }) as string[]).sort() : [];

const reference = await whole();

test('a run leaves its configuration, a row of losses a step, and a checkpoint, and no lock', async () => {
  const job = await start();
  assert.equal(listing(job.run.dir), ['lock', 'run.json']);
  await runTraining(job);
  assert.equal(listing(job.run.dir), ['checkpoint.safetensors', 'lock', 'metrics.jsonl', 'run.json']);
  job.run.close();
  assert.not.ok(listing(job.run.dir).includes('lock'));
  const info = JSON.parse(fs.readFileSync(join(job.run.dir, 'run.json'), 'utf8'));
  assert.equal(
    [info.system, info.seed, info.data.name, info.data.rows, info.data.holdout],
    ['pargan', 3, 'tiny', 60, 20],
  );
  assert.match(info.data.sha256, /^[0-9a-f]{64}$/);
  assert.equal(info.config, configOf());
  const rows = job.run.readMetrics();
  assert.equal(
    rows.map((r) => r.step),
    Array.from({ length: STEPS }, (_, i) => i + 1),
  );
  assert.ok(rows.every((r) => Number.isFinite(r.loss_g) && (r.loss_d as number[]).length === 2));
  assert.is(new Set(rows.map((r) => r.loss_g)).size, STEPS);
  same(await outcome(job), reference, 'chunks by time');
});

test('the same seed gives the same bits, in chunks of 1, 7 and 100, also with a checkpoint after every chunk', async () => {
  same(await whole(), reference, 'again');
  for (const chunk of [1, 100]) same(await whole({}, { chunk }), reference, `chunks of ${chunk}`);
  same(await whole({}, { chunk: 9, checkpointSeconds: 0 }), reference, 'many checkpoints');
});

test('another seed gives others', async () => {
  const other = await whole({ seed: 4 });
  assert.ok(other.samples.every((x, i) => x !== reference.samples[i]));
  assert.is.not(other.metrics, reference.metrics);
});

for (const config of [
  configOf(),
  configOf({ divergence: 'wgan-gp', optimizer: 'rmsprop', rate: 1e-3, criticSteps: 3, partitionOrder: 'shuffled' }),
]) {
  test(`stopped and resumed (${config.divergence}): the bits of a run that was not`, async () => {
    const straight = await whole({ config });
    for (const [chunk, at] of [
      [7, 17],
      [1, 20],
      [3, 1],
    ]) {
      const first = await start({ config });
      const half = await runTraining(first, { chunk, stop: () => first.gan.step >= at });
      assert.ok(half.interrupted && half.steps >= at && half.steps < at + chunk, `stopped at ${half.steps}`);
      await outcome(first);
      const second = await openTraining(gpu, first.run.dir, { write: true });
      assert.equal([second.gan.step, second.steps], [half.steps, STEPS]);
      const rest = await runTraining(second, { chunk: 11 });
      assert.equal([rest.steps, rest.added, rest.interrupted], [STEPS, STEPS - half.steps, false]);
      same(await outcome(second), straight, `stopped at ${half.steps}`);
    }
  });
}

test('ended without a word after its last checkpoint: the rows after it are cut off, and the bits are the same', async () => {
  const job = await start();
  const full = new VeilganError('FILE', 'the disk is full');
  const error = await failure(() =>
    runTraining(job, {
      chunk: 4,
      checkpointSeconds: 0,
      // After the rows are written, before the checkpoint is.
      onRows: (rows) => {
        if ((rows.at(-1)?.step ?? 0) >= 24) throw full;
      },
    }),
  );
  assert.is(error, full);
  const rows = job.run.readMetrics();
  assert.is(rows.at(-1)?.step, 24);
  assert.is(job.run.readCheckpoint().step, 20);
  job.run.close();
  job.gan.dispose();
  const again = await openTraining(gpu, job.run.dir, { write: true });
  assert.is(again.gan.step, 20);
  assert.is(again.run.readMetrics().at(-1)?.step, 20);
  await runTraining(again, { chunk: 7 });
  same(await outcome(again), reference, 'after a crash');
});

test('more steps than planned: the bits of a longer run', async () => {
  const longer = await whole({ config: configOf({ steps: 55 }) });
  const job = await start();
  await runTraining(job, { chunk: 7 });
  await outcome(job);
  const more = await openTraining(gpu, job.run.dir, { write: true, steps: 55 });
  await runTraining(more, { chunk: 7 });
  same(await outcome(more), longer, 'prolonged');
  // Nothing is left to do, and nothing changes.
  const done = await openTraining(gpu, job.run.dir, { write: true, steps: 55 });
  const result = await runTraining(done);
  assert.equal([result.added, result.last, result.interrupted], [0, null, false]);
  same(await outcome(done), longer, 'opened once more');
});

test('opening to read changes nothing, and gives the same samples', async () => {
  const job = await start();
  await runTraining(job, { chunk: 7 });
  const kept = await outcome(job);
  const before = listing(job.run.dir);
  const read = await openTraining(gpu, job.run.dir);
  assert.is((await failure(() => runTraining({ ...read, steps: STEPS + 1 }))).code, 'USAGE');
  read.gan.dispose();
  const again = await openTraining(gpu, job.run.dir);
  same(await outcome(again), kept, 'read');
  assert.equal(listing(job.run.dir), before);
});

test('data that changed since are refused, and nothing of the run changes', async () => {
  await store('changing', 1);
  const job = await start({ data: 'changing' });
  await runTraining(job, { chunk: 7, stop: () => job.gan.step >= 10 });
  await outcome(job);
  const metrics = fs.readFileSync(join(job.run.dir, 'metrics.jsonl'), 'utf8');
  await store('changing', 2);
  const { live } = gpu.memory();
  for (const write of [false, true]) {
    const error = await failure(() => openTraining(gpu, job.run.dir, { write }));
    assert.is(error.code, 'DATA');
    assert.match(error.line(), /data set changing is no longer what the run was trained on\. Import the original/);
  }
  assert.is(gpu.memory().live, live);
  assert.is(fs.readFileSync(join(job.run.dir, 'metrics.jsonl'), 'utf8'), metrics);
  assert.not.ok(listing(job.run.dir).includes('lock'));
  await store('changing', 1);
  const back = await openTraining(gpu, job.run.dir);
  assert.is(back.gan.step, 10);
  await outcome(back);
});

test('what cannot start leaves nothing: out exists, no such data, a config that does not fit', async () => {
  const taken = join(root, 'taken');
  fs.mkdirSync(taken);
  fs.writeFileSync(join(taken, 'mine.txt'), 'mine');
  const { live } = gpu.memory();
  const before = listing(root);
  const cases: [Start, string, RegExp][] = [
    [{ out: taken }, 'USAGE', /taken exists and is not empty\. Choose another directory with --out/],
    [{ out: join(taken, 'mine.txt') }, 'USAGE', /exists and is a file/],
    [{ out: join(taken, 'mine.txt', 'run') }, 'FILE', /./],
    [{ data: 'nothing', out: join(root, 'a', 'b') }, 'DATA', /there is no data set "nothing"/],
    [{ config: configOf({ partitions: 61 }), out: join(root, 'a', 'b') }, 'CONFIG', /more partitions than rows/],
    [{ config: configOf({ batch: 31 }), out: join(root, 'a', 'b') }, 'CONFIG', /fewer than a batch of 31/],
  ];
  for (const [options, code, message] of cases) {
    const error = await failure(() => start(options));
    assert.is(error.code, code);
    assert.match(error.line(), message);
    assert.equal(listing(root), before);
    assert.is(gpu.memory().live, live, error.line());
  }
});

test('a run that diverges: the same step is named whatever the chunks, and the last good checkpoint stays', async () => {
  const config = configOf({ divergence: 'wgan-gp', optimizer: 'sgd', rate: 0.3 });
  const steps: string[] = [];
  for (const chunk of [1, 2, 3, 40]) {
    const job = await start({ config });
    const error = await failure(() => runTraining(job, { chunk }));
    assert.is(error.code, 'NAN');
    assert.match(error.line(), /loss is not finite at step \d+\. Lower --rate/);
    steps.push(error.where);
    assert.not.ok(job.run.hasCheckpoint());
    job.run.abandon();
    // Rows of chunks that ended well are worth keeping; without any, nothing is.
    const left = listing(job.run.dir);
    assert.equal(left, left.length ? ['metrics.jsonl', 'run.json'] : []);
    job.gan.dispose();
  }
  assert.is(new Set(steps).size, 1, steps.join(', '));
  const bad = Number(steps[0].replace('step ', ''));
  assert.ok(bad > 1 && bad < STEPS, `at ${steps[0]}`);

  const job = await start({ config });
  const error = await failure(() => runTraining(job, { chunk: 1, checkpointSeconds: 0 }));
  assert.is(error.where, steps[0]);
  assert.equal(
    job.run.readMetrics().map((r) => r.step),
    Array.from({ length: bad - 1 }, (_, i) => i + 1),
  );
  const { step, tensors } = job.run.readCheckpoint();
  assert.is(step, bad - 1);
  for (const [name, { data }] of Object.entries(tensors)) {
    assert.ok((data as Float32Array).every(Number.isFinite), `${name} is finite`);
  }
  job.run.abandon();
  assert.equal(listing(job.run.dir), ['checkpoint.safetensors', 'metrics.jsonl', 'run.json']);
  job.gan.dispose();
  // It can still be opened, and says the same again.
  const again = await openTraining(gpu, job.run.dir, { write: true });
  assert.is((await failure(() => runTraining(again))).where, steps[0]);
  again.run.close();
  again.gan.dispose();
});

test('extreme data: an error at the first step, and no directory stays', async () => {
  await store('extreme', 1, 1e30);
  const job = await start({ data: 'extreme' });
  const error = await failure(() => runTraining(job));
  assert.equal([error.code, error.where], ['NAN', 'step 1']);
  job.run.abandon();
  assert.not.ok(fs.existsSync(job.run.dir));
  job.gan.dispose();
});

test('moments that overflow while the losses stay finite are no checkpoint', async () => {
  // RMSProp's average of squares overflows, its updates become zero, and training would stand still without a word.
  await store('large', 1, 1e20);
  const job = await start({ data: 'large', config: configOf({ optimizer: 'rmsprop', rate: 1e-3 }) });
  const error = await failure(() => runTraining(job));
  assert.is(error.code, 'NAN');
  assert.match(error.line(), /^step 40: critics\.rmsprop\.v\.0\.weight is not finite|^critics\.rmsprop\.v/);
  assert.not.ok(job.run.hasCheckpoint());
  job.run.close();
  job.gan.dispose();
});

test('trainings that come and go leave no memory', async () => {
  await whole();
  const { live } = gpu.memory();
  for (let i = 0; i < 2; i++) await whole();
  assert.is(gpu.memory().live, live);
});

test.run();
