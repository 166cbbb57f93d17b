/** Training through a run directory: the same bits whatever the chunks and the stops. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VeilganError } from '../../src/base/errors.ts';
import { openTraining } from '../../src/run/session.ts';
import { runTraining } from '../../src/run/training.ts';
import { rejection } from '../support/failure.ts';
import { configOf, finish, gpu, listing, outcome, STEPS, same, start, whole } from './training.ts';

test.after(finish);

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
  const full = new VeilganError('FILE', 'the disk is full', { fix: 'Free some space' });
  const error = await rejection(() =>
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
  assert.is((await rejection(() => runTraining({ ...read, steps: STEPS + 1 }))).code, 'USAGE');
  read.gan.dispose();
  const again = await openTraining(gpu, job.run.dir);
  same(await outcome(again), kept, 'read');
  assert.equal(listing(job.run.dir), before);
});

test('trainings that come and go leave no memory', async () => {
  await whole();
  const { live } = gpu.memory();
  for (let i = 0; i < 2; i++) await whole();
  assert.is(gpu.memory().live, live);
});

test.run();
