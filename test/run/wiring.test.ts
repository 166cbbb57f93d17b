/**
 * The production wiring of private runs, as a witness sees it: batches follow the rate that the ledger is charged for,
 * each critic sums records of its own partition, noise has the size that is charged for in every critic, what keeps
 * records apart is asked, and what is secret is drawn anew at every start.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { TableData } from '../../src/data/dataset.ts';
import type { Table } from '../../src/data/table.ts';
import type { DpGan } from '../../src/gan/dpgan.ts';
import { type PrivateConfig, privateConfig } from '../../src/gan/private/config.ts';
import { PrivatePlan } from '../../src/gan/private/plan.ts';
import { privateRun } from '../../src/gan/private/run.ts';
import { Witness } from '../../src/gan/private/witness.ts';
import type { GanSystem } from '../../src/gan/system.ts';
import { mul, scale } from '../../src/ops/elementwise.ts';
import { sum } from '../../src/ops/reduce.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { readLedger } from '../../src/privacy/ledger/ledger.ts';
import { factsOf } from '../../src/report/facts.ts';
import { MemoryLedgerFile, MemoryRun } from '../../src/run/memory-run.ts';
import { RUN_FORMAT } from '../../src/run/schema.ts';
import { spending } from '../../src/run/spend.ts';
import { beginJob, openJob, runTraining } from '../../src/run/training.ts';
import { priceOf } from '../../src/run/training-data.ts';
import { gradientDepth } from '../../src/tensor/tape.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { train } from '../../src/train/loop.ts';
import { correlation, ERRORS } from '../privacy/laws.ts';
import { datasetOf, named } from '../support/dataset.ts';
import { codeOf, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const ROWS = 317;
const records = new Values(8).normal([ROWS, 2]);

const dataOf = (rows = ROWS) =>
  datasetOf({
    ...{ name: 'points', columns: ['x', 'y'], shape: [2], meta: { origin: 'test' } },
    ...{ train: records.slice(0, 2 * rows), holdout: new Float32Array() },
  });

const configOf = (more: Partial<PrivateConfig>): PrivateConfig =>
  privateConfig.parse({
    ...{ divergence: 'wgan', optimizer: 'sgd', rate: 1e-6, generatorHidden: [4], criticHidden: [5], latent: 2 },
    ...{ partitions: 3, batch: 12, criticSteps: 5, noiseMultiplier: 0.7, accountant: 'rdp', snapshots: 1, steps: 60 },
    ...more,
  });

interface Seen {
  /** by critic and update: how many records were summed */
  readonly counts: number[][];
  /** by critic: noise of all updates and parameters, in units of C */
  readonly noise: Float64Array[];
  /** of the ledger */
  readonly phase: { q: number; sigma: number; steps: number };
  /** records of each critic's partition */
  readonly owned: number[];
}

/**
 * What the updates of a run did. In a Wasserstein critic the gradient of the last bias is -1 for a real record and 1 for a
 * generated one, so that the sum of gradients of which none is clipped counts them.
 */
async function watch(config: PrivateConfig): Promise<Seen> {
  const witness = new Witness();
  const file = new MemoryLedgerFile('wiring');
  const { gan, begin, close } = privateRun(gpu, config, dataOf(), 5, { key: PrivacyKey.insecure(17), witness });
  begin(file);
  await gan.prepare(false);
  await train(gan, { steps: config.steps });
  const { partitions: K, batch, clipNorm } = config;
  const { parts, at } = gan.critics.parameters;
  const lengths = Object.values(parts).map((t) => t.length / K);
  const bias = at[at.length - 1];
  assert.is(lengths[lengths.length - 1], 1);
  const critics = Array.from({ length: K }, (_, k) => k);
  const noiseOf = (k: number) =>
    witness.updates.flatMap(({ sum: before, release }) =>
      lengths.flatMap((n, i) =>
        Array.from({ length: n }, (_, j) => {
          const place = at[i] + k * n + j;
          return (release[place] * batch - before[place]) / clipNorm;
        }),
      ),
    );
  const [phase, ...more] = readLedger(file).totals();
  assert.equal(more, []);
  const owners = gan.owners();
  const seen = {
    counts: critics.map((k) => witness.updates.map(({ sum: total }) => Math.round(batch - total[bias + k]))),
    noise: critics.map((k) => Float64Array.from(noiseOf(k))),
    phase,
    owned: critics.map((k) => owners.filter((owner) => owner === k).length),
  };
  assert.is(witness.updates.length, phase.steps);
  gan.dispose();
  close();
  return seen;
}

/** Binomial counts less their mean, in standard deviations. */
const standard = (counts: readonly number[], n: number, q: number) =>
  Float64Array.from(counts, (c) => (c - n * q) / Math.sqrt(n * q * (1 - q)));

/** What is wrong with counts as binomial ones of n records, each with probability q. */
function unlikely(counts: readonly number[], n: number, q: number): string[] {
  const T = counts.length;
  const v = n * q * (1 - q);
  const mean = counts.reduce((a, b) => a + b) / T;
  const spread = counts.reduce((a, c) => a + (c - n * q) ** 2, 0) / T;
  const fourth = v * (1 + (3 * n - 6) * q * (1 - q));
  const none = (1 - q) ** n;
  const empty = counts.filter((c) => c === 0).length;
  return [
    ['mean', mean, n * q, v / T],
    ['variance', spread, v, (fourth - v * v) / T],
    ['empty', empty, T * none, Math.max(T * none * (1 - none), 1)],
  ].flatMap(([what, got, want, variance]) =>
    Math.abs(Number(got) - Number(want)) <= ERRORS * Math.sqrt(Number(variance)) ? [] : [`${what} ${got}, not ${want}`],
  );
}

const LARGE = 1000;
const WIRED: Record<string, Partial<PrivateConfig>> = {
  'three critics': {},
  'three critics, a declared number of records': { population: 600 },
  'one critic, samples of about one record': { partitions: 1, batch: 1 },
  'three critics, exact': { mechanism: 'discrete' },
};

for (const [name, more] of Object.entries(WIRED)) {
  test(`${name}: samples and noise are what the ledger is charged for, in every critic`, async () => {
    const config = configOf({ clipNorm: LARGE, ...more });
    const { counts, noise, phase, owned } = await watch(config);
    const { partitions: K, batch, noiseMultiplier, population } = config;
    assert.equal([phase.q, phase.sigma], [(batch * K) / (population || ROWS), noiseMultiplier]);
    assert.is(
      owned.reduce((a, b) => a + b),
      ROWS,
    );
    counts.forEach((list, k) => {
      assert.equal(unlikely(list, owned[k], phase.q), [], `critic ${k} of ${owned[k]} records: ${list}`);
      // Each update has a sample of its own, and so has each critic.
      const off = standard(list, owned[k], phase.q);
      const others = [
        [...off.slice(1), off[0]],
        ...counts.map((other, j) => standard(other, owned[j], phase.q)).slice(k + 1),
      ];
      for (const other of others)
        assert.ok(correlation(off, Float64Array.from(other)) < ERRORS, `a sample of critic ${k} comes again`);
    });
    noise.forEach((x, k) => {
      const deviation = Math.sqrt(x.reduce((a, v) => a + v * v, 0) / x.length);
      const off = ERRORS / Math.sqrt(2 * x.length);
      assert.ok(deviation >= phase.sigma * (1 - off), `critic ${k}: ${deviation}, charged for ${phase.sigma}`);
      assert.ok(deviation <= phase.sigma * (1.01 + off), `critic ${k}: ${deviation}, charged for ${phase.sigma}`);
      const width = x.length / phase.steps;
      const others = noise.slice(k + 1).map((y) => y);
      others.push(Float64Array.from(x, (_, i) => x[(i + width) % x.length]));
      for (const y of others) assert.ok(correlation(x, y) < ERRORS, `noise of critic ${k} comes again`);
    });
  });
}

const added = { format: RUN_FORMAT, created: '2026-01-01T00:00:00Z', version: { veilgan: '0' } } as const;
const begin = (config: PrivateConfig, source: ReturnType<typeof dataOf> | TableData = dataOf()) =>
  beginJob(gpu, source, { system: 'dp-pargan', config, seed: 1 }, (meta) => new MemoryRun('t', { ...meta, ...added }));

/** Changes what the critics say of a batch, [K, n, 1]. */
function spoil(gan: DpGan, how: (scores: Tensor) => Tensor): void {
  const { network } = gan.critics;
  const apply: typeof network.apply = (p, x, pass) => how(network.apply(p, x, pass));
  Object.assign(gan.critics, { network: { ...network, apply } });
}

const mingled = (scores: Tensor) => mul(scores, sum(scores, 1, { keep: true }));
const SPOILT: Record<string, [Partial<PrivateConfig>, (scores: Tensor) => Tensor]> = {
  'in which records meet': [{}, mingled],
  'in which records meet in the penalty alone': [
    { divergence: 'wgan-gp' },
    (scores) => (gradientDepth() > 0 ? mingled(scores) : scores),
  ],
  'whose scores are not numbers': [{}, (scores) => scale(scores, Number.NaN)],
};

for (const [what, [more, how]] of Object.entries(SPOILT)) {
  test(`critics ${what} are found out before anything is paid for`, async () => {
    const job = begin(configOf(more));
    spoil(job.gan as DpGan, how);
    assert.is(await codeOf(() => runTraining(job)), 'CONFIG');
    assert.equal(job.guarantee?.ledger.totals(), []);
    job.guarantee?.close();
    job.gan.dispose();
  });
}

test('every update is paid for where a chunk has one, and no job pays for more', async () => {
  const job = begin(configOf({ criticSteps: 1, steps: 3 }));
  await runTraining(job, { chunk: 1 });
  assert.equal(
    job.guarantee?.ledger.totals().map(({ steps }) => steps),
    [3],
  );
  job.guarantee?.close();
  job.gan.dispose();
});

test('what breaks the guarantee is refused however the configuration came about, and nothing is made without a ledger', async () => {
  const run = (more: Partial<PrivateConfig>) =>
    privateRun(gpu, { ...configOf({}), ...more }, dataOf(), 5, { key: PrivacyKey.insecure(1) });
  assert.is(await codeOf(() => run({ noiseMultiplier: 0 })), 'CONFIG');
  assert.is(await codeOf(() => run({ criticNorm: 'batch' })), 'CONFIG');
  assert.throws(() => new PrivatePlan({ ...configOf({}), noiseMultiplier: 0 }, ROWS), /without noise/);
  const { gan, close } = run({});
  await gan.prepare(false);
  assert.is(await codeOf(() => train(gan, { steps: 1 })), 'VALIDATION');
  assert.is(gan.updates, 0);
  gan.dispose();
  close();
});

test('an update of more records than its rounding was counted for is neither paid for nor made', async () => {
  // A declared number of records far below the true one: half of 317 in each update, where about four are expected.
  const config = configOf({ partitions: 1, batch: 4, population: 8 });
  const file = new MemoryLedgerFile('large');
  const { gan, begin: start, close } = privateRun(gpu, config, dataOf(), 5, { key: PrivacyKey.insecure(1) });
  start(file);
  assert.is(await codeOf(() => train(gan, { steps: 1 })), 'OVER_LIMIT');
  assert.equal([gan.updates, readLedger(file).totals()], [0, []]);
  gan.dispose();
  close();
});

test('a run that is resumed draws anew: two that go on from one checkpoint part', async () => {
  const job = begin(configOf({ steps: 4 }));
  await runTraining(job);
  const bytes = job.run.bytes();
  const book = job.run.ledgerFile().read() as Uint8Array;
  job.guarantee?.close();
  job.gan.dispose();
  const weights: string[] = [];
  for (let i = 0; i < 2; i++) {
    const ledger = new MemoryLedgerFile('copy');
    ledger.append(book);
    const again = openJob(gpu, MemoryRun.fromBytes('t', bytes, { ledger }), dataOf(), { write: true, steps: 8 });
    await runTraining(again);
    const { tensors } = await (again.gan as GanSystem).critics.state();
    weights.push(JSON.stringify(Object.values(tensors).map(({ data }) => Array.from(data))));
    again.guarantee?.close();
    again.gan.dispose();
  }
  assert.not.equal(weights[0], weights[1]);
});

test('a run that is only looked at has its partition, and neither samplers nor a ledger to train with', async () => {
  const job = begin(configOf({ steps: 2 }));
  await runTraining(job);
  const owners = job.gan.owners();
  job.guarantee?.close();
  job.gan.dispose();
  const seen = openJob(gpu, job.run, dataOf());
  assert.equal(seen.gan.owners(), owners);
  assert.is((await seen.gan.sample(3)).length, 3 * seen.gan.features);
  assert.is(await codeOf(async () => seen.gan.chunk(1)), 'VALIDATION');
  seen.guarantee?.close();
  seen.gan.dispose();
});

test('what follows from an insecure seed has no epsilon', async () => {
  const plan = { system: 'dp-pargan' as const, config: configOf({ steps: 2 }), seed: 1, insecureSeed: 3 };
  const job = beginJob(gpu, dataOf(), plan, (meta) => new MemoryRun('t', { ...meta, ...added }));
  await runTraining(job);
  const spent = spending(job.guarantee as NonNullable<typeof job.guarantee>);
  assert.equal([spent.insecure, spent.epsilon], [true, null]);
  const { privacy } = await factsOf(job, 't', {});
  assert.is(privacy?.epsilon, null);
  assert.ok(Number(privacy?.would?.pld) > 0);
  job.guarantee?.close();
  job.gan.dispose();
});

test('keys are gone once they are not needed: that of a start at once, those that are drawn under at its end', async () => {
  const { crypto } = globalThis;
  const fresh: Uint32Array<ArrayBuffer>[] = [];
  const original = crypto.getRandomValues;
  const value = (words: Uint32Array<ArrayBuffer>) => {
    fresh.push(words);
    return original.call(crypto, words);
  };
  Object.defineProperty(crypto, 'getRandomValues', { value, configurable: true });
  try {
    const job = begin(configOf({ steps: 2 }));
    assert.is(fresh.length, 1);
    assert.ok(fresh[0].every((word) => word === 0));
    await runTraining(job);
    job.guarantee?.close();
    job.gan.dispose();
    const again = openJob(gpu, job.run, dataOf(), { write: true, steps: 3 });
    assert.is(fresh.length, 2);
    assert.ok(fresh[1].every((word) => word === 0));
    again.guarantee?.close();
    again.gan.dispose();
  } finally {
    Reflect.deleteProperty(crypto, 'getRandomValues');
  }
  const key = PrivacyKey.insecure(3);
  const derived: [purpose: string, words: Uint32Array][] = [];
  const derive = key.derive.bind(key);
  key.derive = (purpose, index) => {
    const words = derive(purpose, index);
    derived.push([purpose, words]);
    return words;
  };
  const config = configOf({ mechanism: 'discrete', steps: 2 });
  const { gan, begin: start, close } = privateRun(gpu, config, dataOf(), 5, { key });
  start(new MemoryLedgerFile('keys'));
  await train(gan, { steps: 2 });
  assert.equal([...new Set(derived.map(([purpose]) => purpose))].sort(), ['discrete', 'noise', 'sampling', 'tags']);
  const left = () => derived.filter(([, words]) => words.some((word) => word !== 0)).map(([purpose]) => purpose);
  assert.equal([...new Set(left())].sort(), ['discrete', 'sampling']);
  gan.dispose();
  close();
  assert.equal(left(), []);
  key.wipe();
});

test('a column of which only the type is given is paid for, one whose bounds or values are given is not', () => {
  const table: Table = {
    columns: [{ name: 'age', kind: 'integer', decimals: 0 }],
    train: new Float64Array(100),
    holdout: new Float64Array(),
  };
  const price = (given?: TableData['given'], more = {}) =>
    priceOf(named({ name: 'people', table, meta: { origin: 'test' }, given }), configOf({ epsilon: 2, ...more }))
      .epsilon;
  assert.equal(
    [price(), price({ columns: { age: { kind: 'integer' } } }), price({ columns: { age: { low: 0, high: 99 } } })],
    [0.4, 0.4, 0],
  );
  // A generator that begins with noisy counts has all columns counted.
  const start = { start: 'marginals' };
  assert.equal([price(undefined, start), price({ columns: { age: { low: 0, high: 99 } } }, start)], [0.8, 0.8]);
});

test('two starts draw the encoding of a table under keys of their own, and pay for it', async () => {
  const values = new Values(3);
  const table: Table = {
    columns: [{ name: 'age', kind: 'integer', decimals: 0 }],
    train: Float64Array.from({ length: 2000 }, () => values.int(18, 90)),
    holdout: new Float64Array(),
  };
  const encodings = [0, 1].map(() => {
    const job = begin(configOf({ epsilon: 2, steps: 1, noiseMultiplier: 3 }), {
      ...named({ name: 'people', table, meta: { origin: 'test' } }),
    });
    job.guarantee?.close();
    job.gan.dispose();
    assert.equal(job.guarantee?.ledger.terms.encoding_epsilon, 0.4);
    return JSON.stringify(job.data.encoding);
  });
  assert.not.equal(encodings[0], encodings[1]);
});

test('a report tells the number of records where it is public, and nowhere where it is not', async () => {
  for (const population of [0, 4000]) {
    const job = begin(configOf({ population, steps: 2 }));
    await runTraining(job);
    const facts = await factsOf(job, 't', {});
    assert.is(facts.rows, population ? undefined : ROWS);
    assert.is(facts.privacy?.rowsPublic, population === 0);
    assert.is(facts.measured, undefined);
    const { info: _, ...rest } = facts;
    assert.is(JSON.stringify(rest).includes(String(ROWS)), population === 0, 'the number of rows');
    assert.is(await codeOf(() => factsOf(job, 't', { attack: true })), 'USAGE');
    job.guarantee?.close();
    job.gan.dispose();
  }
});

test.run();
