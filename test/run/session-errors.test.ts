/** What errors of a training say, and what they leave behind. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTraining } from '../../src/run/session.ts';
import { runTraining } from '../../src/run/training.ts';
import { rejection } from '../support/failure.ts';
import { configOf, finish, gpu, listing, outcome, root, STEPS, type Start, start, store } from './training.ts';

test.after(finish);

test('data that changed since are refused, and nothing of the run changes', async () => {
  await store('changing', 1);
  const job = await start({ data: 'changing' });
  await runTraining(job, { chunk: 7, stop: () => job.gan.step >= 10 });
  await outcome(job);
  const metrics = fs.readFileSync(join(job.run.dir, 'metrics.jsonl'), 'utf8');
  await store('changing', 2);
  const { live } = gpu.memory();
  for (const write of [false, true]) {
    const error = await rejection(() => openTraining(gpu, job.run.dir, { write }));
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
    [{ out: taken }, 'USAGE', /taken exists and is not empty\. Choose another directory with `out`/],
    [{ out: join(taken, 'mine.txt') }, 'USAGE', /exists and is a file/],
    [{ out: join(taken, 'mine.txt', 'run') }, 'FILE', /./],
    [{ data: 'nothing', out: join(root, 'a', 'b') }, 'DATA', /there is no data set "nothing"/],
    [{ config: configOf({ partitions: 61 }), out: join(root, 'a', 'b') }, 'CONFIG', /more partitions than rows/],
    [{ config: configOf({ batch: 31 }), out: join(root, 'a', 'b') }, 'CONFIG', /fewer than a batch of 31/],
  ];
  for (const [options, code, message] of cases) {
    const error = await rejection(() => start(options));
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
    const error = await rejection(() => runTraining(job, { chunk }));
    assert.is(error.code, 'NAN');
    assert.match(error.line(), /loss is not finite at step \d+\. Lower `rate`/);
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
  const error = await rejection(() => runTraining(job, { chunk: 1, checkpointSeconds: 0 }));
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
  assert.is((await rejection(() => runTraining(again))).where, steps[0]);
  again.run.close();
  again.gan.dispose();
});

test('extreme data: an error at the first step, and no directory stays', async () => {
  await store('extreme', 1, 1e30);
  const job = await start({ data: 'extreme' });
  const error = await rejection(() => runTraining(job));
  assert.equal([error.code, error.where], ['NAN', 'step 1']);
  job.run.abandon();
  assert.not.ok(fs.existsSync(job.run.dir));
  job.gan.dispose();
});

test('moments that overflow while the losses stay finite are no checkpoint', async () => {
  // RMSProp's average of squares overflows, its updates become zero, and training would stand still without a word.
  await store('large', 1, 1e20);
  const job = await start({ data: 'large', config: configOf({ optimizer: 'rmsprop', rate: 1e-3 }) });
  const error = await rejection(() => runTraining(job));
  assert.is(error.code, 'NAN');
  assert.match(error.line(), /^step 40: critics\.rmsprop\.v\.0\.weight is not finite|^critics\.rmsprop\.v/);
  assert.not.ok(job.run.hasCheckpoint());
  job.run.close();
  job.gan.dispose();
});

test.run();
