/** Runs of dp-marginals: begun, trained, stopped, opened again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { makeTable, type TableData } from '../../src/data/dataset.ts';
import { decodeRows } from '../../src/data/encoding/decode.ts';
import type { Encoding, Given } from '../../src/data/table.ts';
import { parseFit } from '../../src/fit/config.ts';
import { MEASURED_FILE } from '../../src/fit/measured.ts';
import { upperBound } from '../../src/privacy/budget.ts';
import { factsOf } from '../../src/report/facts.ts';
import { attackRun } from '../../src/run/assess/attacks.ts';
import type { TrainingJob } from '../../src/run/job.ts';
import { MemoryLedgerFile, MemoryRun } from '../../src/run/memory-run.ts';
import { RUN_FORMAT } from '../../src/run/schema.ts';
import { spending, spendingLine } from '../../src/run/spend.ts';
import { beginJob, openJob, runTraining } from '../../src/run/training.ts';
import { datasetOf } from '../support/dataset.ts';
import { codeOf, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const ROWS = 3000;
const given: Given = {
  columns: { a: { values: ['x', 'y', 'z'] }, n: { low: 0, high: 29 }, c: { values: ['no', 'yes'] } },
};

/** c follows from n, and n from a, most of the time. */
function source(known: Given | undefined = given): TableData {
  const { stream } = new Values(4);
  const cells = Array.from({ length: ROWS + 200 }, () => {
    const a = stream.below(3);
    const n = 10 * a + stream.below(10);
    return [a, n, stream.uniform() < 0.9 === n > 14 ? 1 : 0];
  });
  return makeTable({
    ...{ name: 'made', values: Float64Array.from(cells.flat()), split: ROWS, label: 'c', meta: { origin: 'test' } },
    columns: [
      { name: 'a', kind: 'category', values: ['x', 'y', 'z'] },
      { name: 'n', kind: 'integer', decimals: 0 },
      { name: 'c', kind: 'boolean', values: ['no', 'yes'] },
    ],
    ...(known ? { given: known } : {}),
  });
}

const small = { epsilon: 3, latent: 6, generatorHidden: [24, 24], batch: 64, steps: 120, roundSteps: 60, rounds: 4 };

function begin(fields: Record<string, unknown> = {}, data: TableData = source(), insecureSeed: number | null = 7) {
  const ledger = new MemoryLedgerFile('t');
  const plan = {
    system: 'dp-marginals' as const,
    config: parseFit({ ...small, ...fields }),
    seed: 1,
    insecureSeed: insecureSeed ?? undefined,
  };
  const created = new Date(0).toISOString();
  const more = { format: RUN_FORMAT, created, version: { veilgan: 'test' } } as const;
  return { job: beginJob(gpu, data, plan, (meta) => new MemoryRun('t', { ...meta, ...more }, { ledger })), ledger };
}

function end({ gan, guarantee }: TrainingJob): void {
  guarantee?.close();
  gan.dispose();
}

/** Rows as cells of the source. */
async function rows(job: TrainingJob, n: number): Promise<number[][]> {
  const { cells } = decodeRows(job.data.encoding as Encoding, await job.gan.sample(n), { seed: 1 });
  return Array.from({ length: n }, (_, i) => Array.from(cells.subarray(3 * i, 3 * i + 3)));
}

test('what the columns have to do with each other comes out, all at once and in turn, given and paid for', async () => {
  for (const [selection, known] of [
    ['all', given],
    ['adaptive', given],
    ['all', undefined],
    ['three', given],
  ] as const) {
    const order = selection === 'three' ? { selection: 'all', order: 3 } : { selection };
    const { job } = begin({ ...order, steps: 500 }, source(known));
    const { last, interrupted } = await runTraining(job);
    assert.ok(!interrupted && job.gan.exhausted && Number.isFinite(last?.loss_g), `${selection}: loss ${last?.loss_g}`);
    const made = await rows(job, 4000);
    const encoding = job.data.encoding as Encoding;
    const [a, c] = [encoding.columns[0], encoding.columns[2]].map((code) => code.values as readonly string[]);
    const share = (of: (row: number[]) => boolean) => made.filter(of).length / made.length;
    const agree = share(([x, n]) => Math.floor(n / 10) === ['x', 'y', 'z'].indexOf(a[x]));
    const told = share(([, n, y]) => n > 14 === (c[y] === 'yes'));
    assert.ok(agree > 0.85, `${selection}, ${known ? 'given' : 'paid'}: n follows a in ${agree}`);
    assert.ok(Math.abs(told - 0.9) < 0.08, `${selection}: c follows n in ${told}, not 0.9`);
    assert.ok(made.every(([, n]) => Number.isInteger(n) && n >= 0 && n <= (known ? 29 : 63)));
    const spent = spending(job.guarantee as NonNullable<typeof job.guarantee>);
    assert.is(spent.epsilon, null, 'noise from a seed promises nothing');
    end(job);
  }
});

test('a run that was stopped goes on to the same bits, from its bytes', async () => {
  for (const selection of ['all', 'adaptive']) {
    const whole = begin({ selection }).job;
    await runTraining(whole, { chunk: 5 });
    const want = await whole.gan.sample(50);
    end(whole);
    const { job, ledger } = begin({ selection });
    let rowsDone = 0;
    await runTraining(job, { chunk: 5, stop: () => rowsDone >= 15, onRows: (some) => void (rowsDone += some.length) });
    assert.ok(job.gan.step < job.steps);
    const bytes = (job.run as MemoryRun).bytes();
    end(job);
    const run = MemoryRun.fromBytes('t', bytes, { ledger });
    const again = openJob(gpu, run, source(), { write: true });
    await runTraining(again, { chunk: 5 });
    assert.equal(Array.from(await again.gan.sample(50)), Array.from(want), selection);
    // Opened to look at only, nothing is measured, and the samples are the same.
    const saved = MemoryRun.fromBytes('t', run.bytes(), { ledger });
    end(again);
    const read = openJob(gpu, saved, source());
    assert.equal(Array.from(await read.gan.sample(50)), Array.from(want));
    end(read);
  }
});

test('an adaptive run makes the steps that it is to make, in chunks of any size', async () => {
  const made: { steps: number; sample: number[] }[] = [];
  for (const chunk of [7, 16]) {
    const { job } = begin({ selection: 'adaptive', roundSteps: 10, steps: 30 });
    const { steps } = await runTraining(job, { chunk });
    made.push({ steps, sample: Array.from(await job.gan.sample(20)) });
    end(job);
  }
  assert.is(made[0].steps % 10, 0, 'rounds of ten steps, and thirty at the end');
  assert.equal(made[0], made[1]);
});

test('row i of a sample depends on no other, and streams differ', async () => {
  const { job } = begin({ selection: 'all' });
  const [few, many, other] = [await job.gan.sample(10), await job.gan.sample(700), await job.gan.sample(10, 1)];
  assert.equal(Array.from(many.subarray(0, few.length)), Array.from(few));
  assert.not.equal(Array.from(other), Array.from(few));
  end(job);
});

test('what is promised, and what it cost release by release', async () => {
  const { job } = begin({ selection: 'all' }, source(), null);
  await runTraining(job);
  const guarantee = job.guarantee as NonNullable<typeof job.guarantee>;
  const spent = spending(guarantee);
  assert.ok(spent.epsilon && upperBound(spent.epsilon) <= 3 && upperBound(spent.epsilon) > 2.9);
  assert.match(spendingLine(spent), /epsilon [\d.]+ at delta 0.00001.*6 noisy tables/);
  assert.equal(
    guarantee.ledger.lines().map(({ what }) => what),
    ['a', 'n', 'c', 'a x n', 'a x c', 'n x c'],
  );
  const facts = await factsOf(job, 't', {});
  assert.is(facts.measured, undefined, 'what looks at real rows is the owner’s');
  end(job);
});

test('attacks that need no critics run, the others say why they do not', async () => {
  const { job } = begin({ selection: 'all' }, source(), null);
  await runTraining(job);
  const { attacks, not_run } = await attackRun(job, ['white-box', 'tvd', 'nearest-sample']);
  assert.ok(attacks.length > 0);
  assert.match(not_run.find(({ name }) => name === 'white-box')?.why ?? '', /no critics/);
  end(job);
});

test('what is wrong is said before anything is written, or names the file', async () => {
  const points = datasetOf({
    ...{ name: 'points', columns: ['x', 'y'], shape: [2], meta: { origin: 'test' } },
    ...{ train: new Float32Array(20), holdout: new Float32Array() },
  });
  assert.is(await codeOf(() => begin({}, points as never)), 'CONFIG');
  const { job, ledger } = begin({ selection: 'all' });
  await runTraining(job);
  job.run.writeJson(MEASURED_FILE, { format: 1, columns: [], tables: [] });
  const bytes = (job.run as MemoryRun).bytes();
  end(job);
  assert.is(await codeOf(() => openJob(gpu, MemoryRun.fromBytes('t', bytes, { ledger }), source())), 'FILE');
});

test.run();
