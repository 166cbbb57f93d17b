/** Runs of dp-features: begun, trained, stopped, opened again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { type Dataset, makeDataset, makeTable } from '../../src/data/dataset.ts';
import { parseFeatures } from '../../src/fit/features/config.ts';
import { upperBound } from '../../src/privacy/budget.ts';
import { factsOf } from '../../src/report/facts.ts';
import type { TrainingJob } from '../../src/run/job.ts';
import { MemoryLedgerFile, MemoryRun } from '../../src/run/memory-run.ts';
import { RUN_FORMAT } from '../../src/run/schema.ts';
import { spending, spendingLine } from '../../src/run/spend.ts';
import { beginJob, openJob, runTraining } from '../../src/run/training.ts';
import { failure } from '../support/failure.ts';
import { codeOf, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const [ROWS, SIDE] = [600, 8];
const meta = { origin: 'test' };

/** Bars: lying in class 0, standing in class 1, with noise. */
function bars(channels = 1): Dataset {
  const { stream } = new Values(4);
  const features = SIDE * SIDE * channels;
  const labels = Uint32Array.from({ length: ROWS + 20 }, () => stream.below(2));
  const values = new Uint8Array(labels.length * features);
  labels.forEach((label, row) => {
    const at = 2 + stream.below(4);
    for (let i = 0; i < features; i++) {
      const place = Math.floor(i / channels);
      const on = (label ? place % SIDE : Math.floor(place / SIDE)) === at;
      values[row * features + i] = (on ? 200 : 0) + stream.below(40);
    }
  });
  const shape = [SIDE, SIDE, channels];
  return makeDataset({
    name: 'bars',
    columns: [],
    shape,
    values,
    split: ROWS,
    labels,
    classes: ['lying', 'standing'],
    meta,
  });
}

const small = { epsilon: 20, latent: 4, generatorChannels: [8], batch: 20, projections: 60, steps: 40 };

function begin(fields: Record<string, unknown> = {}, data: unknown = bars(), insecureSeed: number | null = 7) {
  const ledger = new MemoryLedgerFile('t');
  const plan = {
    system: 'dp-features' as const,
    config: parseFeatures({ ...small, ...fields }),
    seed: 1,
    insecureSeed: insecureSeed ?? undefined,
  };
  const created = new Date(0).toISOString();
  const more = { format: RUN_FORMAT, created, version: { veilgan: 'test' } } as const;
  const made: { run?: MemoryRun } = {};
  const job = beginJob(gpu, data as Dataset, plan, (about) => {
    made.run = new MemoryRun('t', { ...about, ...more }, { ledger });
    return made.run;
  });
  return { job, ledger };
}

function end({ gan, guarantee }: TrainingJob): void {
  guarantee?.close();
  gan.dispose();
}

/** Mean of a row of pixels of the images of a class against that of a column: above 0 for bars that lie. */
function lying(images: Float32Array, labels: Uint32Array, label: number): number {
  const variance = (means: readonly number[]) => {
    const mean = means.reduce((a, b) => a + b, 0) / SIDE;
    return means.reduce((s, v) => s + (v - mean) ** 2, 0);
  };
  let sum = 0;
  labels.forEach((own, n) => {
    if (own !== label) return;
    const at = (i: number, j: number) => images[n * SIDE * SIDE + i * SIDE + j];
    const line = Array.from({ length: SIDE }, (_, i) => i);
    const rows = line.map((i) => line.reduce((s, j) => s + at(i, j), 0));
    const columns = line.map((j) => line.reduce((s, i) => s + at(i, j), 0));
    sum += variance(rows) - variance(columns);
  });
  return sum;
}

test('images of each class look like that class, and samples say which it is', async () => {
  for (const [features, classCounts] of [
    ['strokes', 'paid'],
    ['pixel', 'public'],
  ]) {
    const { job } = begin({ features, classCounts, steps: 120, rate: 0.02 });
    const { last, interrupted } = await runTraining(job);
    assert.ok(!interrupted && job.gan.exhausted && Number.isFinite(last?.loss_g));
    const images = await job.gan.sample(60);
    const labels = job.gan.labelsOf(60) as Uint32Array;
    assert.ok(images.every((v) => Math.abs(v) <= 1));
    assert.ok(lying(images, labels, 0) > 0 && lying(images, labels, 1) < 0, features);
    end(job);
  }
});

test('a run that was stopped goes on to the same bits, and one that is opened gives them', async () => {
  const whole = begin().job;
  await runTraining(whole, { chunk: 3 });
  const want = await whole.gan.sample(33);
  end(whole);
  const { job, ledger } = begin();
  let done = 0;
  await runTraining(job, { chunk: 3, stop: () => done >= 9, onRows: (rows) => void (done += rows.length) });
  assert.ok(job.gan.step < job.steps);
  const bytes = (job.run as MemoryRun).bytes();
  end(job);
  const again = openJob(gpu, MemoryRun.fromBytes('t', bytes, { ledger }), bars(), { write: true });
  await runTraining(again, { chunk: 5 });
  sameBits(await again.gan.sample(33), want);
  assert.is(again.guarantee?.ledger.reach, 1, 'nothing is measured again');
  const saved = (again.run as MemoryRun).bytes();
  end(again);
  const read = openJob(gpu, MemoryRun.fromBytes('t', saved, { ledger }), bars());
  sameBits(await read.gan.sample(33), want);
  end(read);
});

test('row i of a sample depends on no other, and streams differ', async () => {
  const { job } = begin({}, bars(), null);
  const [few, many, other] = [await job.gan.sample(9), await job.gan.sample(50), await job.gan.sample(9, 1)];
  sameBits(many.subarray(0, few.length), few);
  assert.not.equal(Array.from(other), Array.from(few));
  end(job);
});

test('the loss has the same mean whatever the size of a batch, of which the distance of means alone has not', async () => {
  const values = new Values(5).uniform([400, 2], -0.9, 0.9);
  const points = makeDataset({ name: 'points', columns: ['x', 'y'], shape: [2], values, split: 400, meta });
  const of = async (batch: number, steps: number) => {
    const { job } = begin({ batch, steps, rate: 1e-9, lengthscales: [0.1] }, points);
    const losses: number[] = [];
    await runTraining(job, { onRows: (rows) => void losses.push(...rows.map(({ loss_g }) => loss_g)) });
    end(job);
    return losses.reduce((a, b) => a + b, 0) / steps;
  };
  const [small, large] = [await of(4, 200), await of(2000, 4)];
  assert.ok(Math.abs(small / large - 1) < 0.1, `${small}, not ${large}`);
});

test('points without labels, and colour: what was released is all that the fit has', async () => {
  const values = new Values(5).uniform([400, 2], -0.2, 0.4);
  const points = makeDataset({ name: 'points', columns: ['x', 'y'], shape: [2], values, split: 400, meta });
  for (const data of [points, bars(3)]) {
    const { job } = begin({ steps: 8 }, data, null);
    const { last } = await runTraining(job);
    assert.ok(Number.isFinite(last?.loss_g));
    assert.is(job.gan.classes, data.labels ? 2 : 0);
    assert.is((await job.gan.sample(7)).length, 7 * data.features);
    end(job);
  }
});

test('what is promised, in a line and in a report', async () => {
  const { job } = begin({ epsilon: 3, steps: 2 }, bars(), null);
  await runTraining(job);
  const spent = spending(job.guarantee as NonNullable<typeof job.guarantee>);
  assert.ok(spent.epsilon && upperBound(spent.epsilon) <= 3 && upperBound(spent.epsilon) > 2.95);
  assert.match(
    spendingLine(spent),
    /^epsilon 2\.9\d+ at delta 0\.00001 \(RDP\), 1 noisy update, one record zeroed out/,
  );
  const facts = await factsOf(job, 't', {});
  assert.is(facts.critics, 1);
  end(job);
});

test('what is wrong is said before anything is written, and what was lost stays spent', async () => {
  const table = makeTable({
    ...{ name: 'people', values: new Float64Array(4), split: 4, meta },
    columns: [{ name: 'n', kind: 'integer', decimals: 0 }],
  });
  assert.match(failure(() => begin({}, table)).message, /table of columns/);
  assert.match(failure(() => begin({ generatorChannels: [4, 4, 4, 4] })).message, /not halved 4 times/);
  const scaled = { ...bars(), scaling: { from: 'data' } };
  assert.match(failure(() => begin({}, scaled)).message, /scaled by looking/);
  const { job, ledger } = begin({}, bars(), null);
  await job.gan.prepare(false);
  end(job);
  const { info } = job.run;
  const reopened = () => openJob(gpu, new MemoryRun('t', info, { ledger }), bars(), { write: true });
  assert.match(failure(reopened).message, /paid for, and lost/);
  const kept = begin({ steps: 1 });
  await runTraining(kept.job);
  const { tensors, meta: said } = kept.job.run.readCheckpoint();
  delete tensors['released.sums'];
  kept.job.run.writeCheckpoint(tensors, said);
  const bytes = (kept.job.run as MemoryRun).bytes();
  end(kept.job);
  assert.is(await codeOf(() => openJob(gpu, MemoryRun.fromBytes('t', bytes, kept), bars())), 'FILE');
});

test.run();
