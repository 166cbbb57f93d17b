/** Private runs: they end at their budget, pay before they spend, and never forget what they paid. */

import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { scaled } from '../../src/data/encoding/linear.ts';
import { saveDataset } from '../../src/data/store/save.ts';
import { blobs } from '../../src/data/synthetic.ts';
import { type PrivateConfig, privateConfig } from '../../src/gan/private/config.ts';
import type { GanSystem } from '../../src/gan/system.ts';
import { epsilonOf } from '../../src/privacy/budget.ts';
import { ledgerFile } from '../../src/privacy/ledger/disk.ts';
import { readLedger } from '../../src/privacy/ledger/ledger.ts';
import type { TrainingJob } from '../../src/run/job.ts';
import { openTraining, startTraining } from '../../src/run/session.ts';
import { spending, spendingLine } from '../../src/run/spend.ts';
import { runTraining } from '../../src/run/training.ts';

const gpu = await open();
const root = mkdtempSync(join(tmpdir(), 'veilgan-private-'));
test.after(() => {
  gpu.close();
  rmSync(root, { recursive: true, force: true });
});

const configOf = (more: Partial<PrivateConfig> = {}): PrivateConfig =>
  privateConfig.parse({
    partitions: 2,
    batch: 100,
    noiseMultiplier: 1.2,
    criticSteps: 2,
    generatorHidden: [8],
    criticHidden: [8],
    snapshots: 1,
    steps: 1000,
    epsilon: 2,
    accountant: 'rdp',
    ...more,
  });

const start = (out: string, more: Partial<PrivateConfig> = {}, insecureSeed?: number): Promise<TrainingJob> =>
  startTraining(gpu, {
    system: more.partitions === 1 ? 'dpgan' : 'dp-pargan',
    data: 'blobs',
    config: configOf(more),
    seed: 1,
    out: join(root, out),
    insecureSeed,
  });

function finish(job: TrainingJob): void {
  job.guarantee?.close();
  job.run.close();
  job.gan.dispose();
}

const ledgerOf = (out: string) => readLedger(ledgerFile(join(root, out, 'ledger.jsonl')));
const code = async (fn: () => Promise<unknown>) => {
  try {
    await fn();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

test('a run ends exactly at its budget and never beyond it', async () => {
  for (const accountant of ['rdp', 'pld'] as const) {
    const job = await start(`budget-${accountant}`, { accountant });
    assert.ok(job.steps > 0 && job.steps < 1000, `${job.steps} steps`);
    const result = await runTraining(job, { checkpointSeconds: 1000 });
    assert.is(result.steps, job.steps);
    finish(job);
    const phases = ledgerOf(`budget-${accountant}`).totals();
    assert.is(phases[0].steps, job.guarantee?.limit);
    assert.is(job.steps, Math.ceil(phases[0].steps / 2));
    const [spent, next] = [phases[0].steps, phases[0].steps + 1].map((steps) => {
      const { rdp, pld, pld_lower: lower } = epsilonOf([{ ...phases[0], steps }], 1e-5);
      return { rdp, pld: pld ?? Number.NaN, lower: lower ?? Number.NaN };
    });
    assert.ok(spent[accountant] <= 2, `spent ${spent[accountant]}`);
    assert.ok(next[accountant] > 2, `${next[accountant]} would have been within the budget`);
    assert.ok(spent.lower <= spent.pld && spent.pld <= spent.rdp);
  }
});

test('a run that died goes on from its checkpoint and counts what it had paid', async () => {
  const job = await start('died', { epsilon: 2 });
  const whole = job.steps;
  // The first checkpoint is there before anything is spent; then the process dies without another.
  await runTraining(job, { checkpointSeconds: 1000, stop: () => true });
  cpSync(join(root, 'died', 'checkpoint.safetensors'), join(root, 'early.safetensors'));
  await runTraining({ ...job, steps: 10 }, { checkpointSeconds: 1000 });
  finish(job);
  cpSync(join(root, 'early.safetensors'), join(root, 'died', 'checkpoint.safetensors'));
  const again = await openTraining(gpu, join(root, 'died'), { write: true });
  assert.is(again.gan.step, 0);
  assert.is(again.steps, whole - 10);
  assert.ok(job.guarantee && again.guarantee);
  assert.is(again.guarantee?.limit, (job.guarantee?.limit ?? 0) - 20);
  await runTraining(again, { checkpointSeconds: 1000 });
  finish(again);
  const [{ steps }] = ledgerOf('died').totals();
  assert.is(steps, job.guarantee?.limit);
  assert.ok(epsilonOf([{ q: (2 * 100) / 5000, sigma: 1.2, steps }], 1e-5).rdp <= 2);
});

test('a budget that does not pay for one step writes nothing', async () => {
  assert.is(await code(() => start('poor', { epsilon: 0.001, batch: 500 })), 'CONFIG');
  assert.throws(() => readFileSync(join(root, 'poor', 'run.json')), /ENOENT/);
  assert.not.ok(existsSync(join(root, 'poor')));
});

test('a ledger that is gone, edited or older than the checkpoint is refused', async () => {
  const job = await start('book');
  await runTraining({ ...job, steps: 6 }, { checkpointSeconds: 0, chunk: 2 });
  finish(job);
  const path = join(root, 'book', 'ledger.jsonl');
  const text = readFileSync(path, 'utf8');
  const lines = text.trimEnd().split('\n');
  const resume = () => openTraining(gpu, join(root, 'book'), { write: true });
  for (const changed of ['', text.replace('"sigma":1.2', '"sigma":9'), `${lines.slice(0, -2).join('\n')}\n`]) {
    writeFileSync(path, changed);
    assert.is(await code(resume), 'FILE');
  }
  rmSync(path);
  assert.is(await code(resume), 'FILE');
  writeFileSync(path, text);
  const good = await resume();
  assert.is(good.gan.step, 6);
  finish(good);
});

test('two fresh runs of one seed differ, two insecure ones do not, stopped and resumed or not', async () => {
  const sampled = async (out: string, insecureSeed?: number, stopAt?: number) => {
    let job = await start(out, { epsilon: 0, steps: 12 }, insecureSeed);
    if (stopAt) {
      await runTraining({ ...job, steps: stopAt }, { checkpointSeconds: 1000 });
      finish(job);
      job = await openTraining(gpu, join(root, out), { write: true });
      assert.is(job.gan.step, stopAt);
    }
    await runTraining(job, { checkpointSeconds: 1000, chunk: 5 });
    const rows = Array.from(await job.gan.sample(20));
    finish(job);
    return rows;
  };
  assert.not.equal(await sampled('fresh-1'), await sampled('fresh-2'));
  const seeded = await sampled('seeded-1', 7);
  assert.equal(await sampled('seeded-2', 7), seeded);
  assert.equal(await sampled('seeded-3', 7, 5), seeded);
});

test('every record has one partition, which no other record decides', async () => {
  const job = await start('parts', { partitions: 3 });
  const owners = job.gan.owners();
  finish(job);
  const counts = [0, 1, 2].map((k) => owners.filter((o) => o === k).length);
  assert.is(
    counts.reduce((a, b) => a + b),
    5000,
  );
  assert.ok(
    counts.every((n) => Math.abs(n - 5000 / 3) < 200),
    counts.join(),
  );
  const fewer = await start('fewer', { partitions: 3, rows: 4000 });
  assert.equal(Array.from(fewer.gan.owners()), Array.from(owners.subarray(0, 4000)));
  finish(fewer);
});

test('the exact integer mechanism ends at its budget, repeats under a seed, and says that it has no PLD value', async () => {
  const more = { mechanism: 'discrete', accountant: 'rdp', batch: 50, epsilon: 1.5 } as const;
  const job = await start('discrete', more);
  await runTraining(job, { checkpointSeconds: 1000 });
  finish(job);
  const { terms } = ledgerOf('discrete');
  const phases = ledgerOf('discrete').totals();
  assert.is(terms.mechanism, 'discrete');
  const spent = epsilonOf(phases, 1e-5, terms);
  assert.ok(spent.pld === null && spent.rdp <= 1.5, `spent ${spent.rdp}`);
  const next = epsilonOf([{ ...phases[0], steps: phases[0].steps + 1 }], 1e-5, terms);
  assert.ok(next.rdp > 1.5);
  const bits = async (out: string, stopAt: number) => {
    let run = await start(out, { ...more, epsilon: 0, steps: 8 }, 3);
    await runTraining({ ...run, steps: stopAt }, { checkpointSeconds: 1000, chunk: 3 });
    finish(run);
    run = await openTraining(gpu, join(root, out), { write: true });
    await runTraining(run, { checkpointSeconds: 1000 });
    const rows = Array.from(await run.gan.sample(10));
    finish(run);
    return rows;
  };
  assert.equal(await bits('discrete-1', 8), await bits('discrete-2', 5));
});

test('columns scaled by their own extremes are refused, columns scaled by bounds are not', async () => {
  const home = join(root, 'data');
  const before = process.env.VEILGAN_DATA;
  process.env.VEILGAN_DATA = home;
  const points = blobs({ rows: 600, train: 500 });
  await saveDataset(scaled({ ...points, name: 'derived' }, 'data'), { home });
  await saveDataset(scaled({ ...points, name: 'bounded' }, '-3:3'), { home });
  const begin = (data: string) =>
    startTraining(gpu, {
      system: 'dpgan',
      data,
      config: configOf({ partitions: 1, batch: 20 }),
      seed: 1,
      out: join(root, data),
    });
  assert.is(await code(() => begin('derived')), 'CONFIG');
  finish(await begin('bounded'));
  if (before === undefined) delete process.env.VEILGAN_DATA;
  else process.env.VEILGAN_DATA = before;
});

test('DPGAN as published: weights stay within c_p, and nothing is promised', async () => {
  const job = await start('published', {
    ...{ partitions: 1, divergence: 'wgan', bound: 'weights', epsilon: 0, clip: 0.02, clipNorm: 100, steps: 30 },
    ...{ noiseMultiplier: 0.05, optimizer: 'rmsprop', accumulator: 1, rate: 5e-3, burst: 4 },
  } as const);
  await runTraining(job, { checkpointSeconds: 1000 });
  const { data } = (await (job.gan as GanSystem).critics.state()).tensors['critics.0.weight'];
  // They began up to 0.77 away from zero.
  assert.ok(data.every((w) => Math.abs(w) <= Math.fround(0.02)) && data.some((w) => w !== 0));
  const spent = spending(job.guarantee as NonNullable<typeof job.guarantee>);
  // 25 bursts of four, step 0 among them, then five steps of n_D = 2.
  assert.is(spent.noisy_updates, 25 * 4 + 5 * 2);
  assert.is(spent.epsilon, null);
  assert.ok((spent.claim?.at_least ?? 0) > 100 && (spent.claim?.paper_epsilon ?? 0) < 10);
  assert.match(spendingLine(spent), /NONE.*Paper epsilon/);
  assert.is(ledgerOf('published').terms.clipping, 'none');
  finish(job);
});

test('the adaptive schedule raises n_D, and a resumed run knows where it was', async () => {
  const more = { epsilon: 0, adaptive: 1, partitions: 1, batch: 20, steps: 215 } as const;
  const whole = await start('adaptive', more, 5);
  await runTraining(whole, { checkpointSeconds: 1000 });
  // Never above a threshold of 1: one update each for 200 steps, then two.
  const updates = (job: TrainingJob) => (job.gan as GanSystem).critics.optimizer.updates;
  assert.is(updates(whole), 200 + 15 * 2);
  const rows = Array.from(await whole.gan.sample(5));
  finish(whole);
  const first = await start('adaptive-stopped', more, 5);
  await runTraining({ ...first, steps: 205 }, { checkpointSeconds: 1000 });
  finish(first);
  const rest = await openTraining(gpu, join(root, 'adaptive-stopped'), { write: true });
  await runTraining(rest, { checkpointSeconds: 1000 });
  assert.is(updates(rest), 200 + 15 * 2);
  assert.equal(Array.from(await rest.gan.sample(5)), rows);
  finish(rest);
});

test.run();
