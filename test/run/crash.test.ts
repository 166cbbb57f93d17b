import { fork } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { writeAtomic } from '../../src/base/files.ts';
import { createRun, openRun } from '../../src/run/directory.ts';
import { failure } from '../support/failure.ts';
import { meta, runTests } from './made.ts';

const CHILD = process.env.VEILGAN_TEST_CHILD;
/** As many elements as need several writes, all with the value of the checkpoint's step. */
const BIG = 300_000;

if (CHILD) {
  // A training that does nothing but write checkpoints, until it is killed.
  const run = openRun(CHILD, { write: true });
  process.once('disconnect', () => process.exit());
  for (let step = 1; ; step++) {
    run.appendMetrics([{ step, loss_g: step }]);
    run.writeCheckpoint({ w: { shape: [BIG], data: new Float32Array(BIG).fill(step) } }, { step: `${step}` });
    if (step === 3) process.send?.('running');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const test = runTests('crash and resume');

test('a write that fails half-way leaves the old file and nothing else', ({ root }) => {
  const path = join(root, 'file');
  writeAtomic(path, 'old');
  function* crash(): Generator<Uint8Array> {
    yield new Uint8Array(1000);
    throw new Error('power cut');
  }
  assert.throws(() => writeAtomic(path, crash()), /power cut/);
  assert.is(fs.readFileSync(path, 'utf8'), 'old');
  assert.equal(fs.readdirSync(root), ['file']);
  assert.is(failure(() => writeAtomic(join(root, 'no', 'file'), 'x')).code, 'FILE');
});

test('killed while writing checkpoints: the last one is whole, and the run goes on', async ({ dir }) => {
  createRun(dir, meta).close();
  for (const delay of [0, 7, 23]) {
    const child = fork(fileURLToPath(import.meta.url), {
      env: { ...process.env, VEILGAN_TEST_CHILD: dir },
      execArgv: [],
    });
    const exit = new Promise((resolve) => child.once('exit', resolve));
    try {
      await Promise.race([new Promise((resolve) => child.once('message', resolve)), exit]);
      assert.match(failure(() => openRun(dir, { write: true })).message, new RegExp(`in use: process ${child.pid}`));
      const live = openRun(dir).readCheckpoint();
      assert.ok(live.tensors.w.data.every((value) => value === live.step));
      await new Promise((resolve) => setTimeout(resolve, delay));
    } finally {
      child.kill('SIGKILL');
      await exit;
    }

    const run = openRun(dir, { write: true });
    const { step, tensors } = run.resume();
    assert.ok(step >= 3);
    assert.is(tensors.w.data.length, BIG);
    assert.ok(tensors.w.data.every((value) => value === step));
    assert.equal(
      run.readMetrics().map((row) => row.step),
      Array.from({ length: step }, (_, i) => i + 1),
    );
    run.close();
    fs.rmSync(join(dir, 'metrics.jsonl'));
  }
});

test('a resumed run has the metrics of one that was not stopped', ({ root }) => {
  const train = (name: string, stops: number[]) => {
    const dir = join(root, name);
    const row = (step: number) => ({ step, loss_g: 1 / step, loss_d: [step / 7] });
    createRun(dir, meta).close();
    let done = 0;
    for (const stop of [...stops, 100]) {
      const run = openRun(dir, { write: true });
      if (done > 0) done = run.resume().step;
      while (done < stop) {
        done += 1;
        run.appendMetrics([row(done)]);
        if (done % 10 === 0) run.writeCheckpoint({}, { step: `${done}` });
      }
      run.close();
    }
    return fs.readFileSync(join(dir, 'metrics.jsonl'), 'utf8');
  };
  assert.is(train('stopped', [13, 20, 47]), train('whole', []));
});

if (!CHILD) test.run();
