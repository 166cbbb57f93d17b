/**
 * The parts of an audit on production runs, small: correct ones pass, and what is claimed to be less than it is, is
 * found. Everything is seeded, so that the verdicts are always the same.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../../src/api/node.ts';
import { failed } from '../../../src/attack/audit/family.ts';
import { PhiloxStream } from '../../../src/base/philox.ts';
import { pick } from '../../../src/data/dataset.ts';
import { type PrivateConfig, privateConfig } from '../../../src/gan/private/config.ts';
import { secretOf } from '../../../src/gan/private/run.ts';
import { Schedule } from '../../../src/gan/private/schedule.ts';
import { audit, parts } from '../../../src/run/audit/audit.ts';
import { allCells, configOf, dataOf, quickCells, ROWS, sensitivityCells } from '../../../src/run/audit/cells.ts';
import type { AuditSetting, PartName, PartResult } from '../../../src/run/audit/part.ts';
import { watch } from '../../../src/run/audit/production.ts';
import { holds, replay } from '../../../src/run/audit/replay.ts';
import { claimOf } from '../../../src/run/audit/step.ts';
import { datasetOf } from '../../support/dataset.ts';

const gpu = await open();
test.after(() => gpu.close());

const random = new PhiloxStream(2, 'parts.test');
const data = datasetOf({
  name: 'points',
  columns: ['x', 'y'],
  shape: [2],
  train: Float32Array.from({ length: 2 * 240 }, () => random.normal()),
  holdout: new Float32Array(0),
  meta: { origin: 'made by the test' },
});

const config = (more: Partial<PrivateConfig> = {}): PrivateConfig =>
  privateConfig.parse({
    partitions: 3,
    batch: 8,
    noiseMultiplier: 1.5,
    criticSteps: 1,
    generatorHidden: [6],
    criticHidden: [12],
    steps: 60,
    accountant: 'rdp',
    ...more,
  });

const setting = (more: Partial<AuditSetting> = {}): AuditSetting => ({
  config: config(),
  data,
  seed: 1,
  insecureSeed: 4,
  quick: true,
  updates: 150,
  claims: [],
  mode: 'one-run',
  score: 'trace',
  canaries: 8,
  runs: 1,
  confidence: 0.95,
  ...more,
});

const run = (name: PartName, more: Partial<AuditSetting> = {}): Promise<PartResult> =>
  (parts.find((part) => part.name === name) as (typeof parts)[number]).run(gpu, setting(more));
const broken = (result: PartResult) => failed(result.checks).map(({ name }) => name);

test('single updates: a correct run is near its ceiling and passes', async () => {
  const result = await run('step');
  assert.equal(broken(result), []);
  const { lower, ceiling, claimed } = result.epsilon ?? { lower: 9, ceiling: 0, claimed: 0 };
  assert.ok(lower >= 0 && lower < claimed && ceiling > 0 && ceiling < claimed, `${lower} ${ceiling} ${claimed}`);
  // Both mechanisms, each critic of both runs.
  const [own, other] = result.document.claims as {
    mechanism: string;
    guesses: number;
    record_length: number;
    noise_variance: { ratio: number; low: number; high: number }[];
  }[];
  assert.equal([own.mechanism, other.mechanism], ['gaussian', 'discrete']);
  assert.is(own.guesses, 300);
  for (const { record_length: length, noise_variance: variances } of [own, other]) {
    assert.ok(length > 0.99 && length <= 1.0001, `${length}`);
    assert.is(variances.length, 3);
    for (const { ratio, low, high } of variances) assert.ok(low < ratio && ratio < high && high - low < 0.2);
  }
});

test('single updates: half the noise, a fifth of it, and a bound that is too large are found', async () => {
  const one = { config: config({ partitions: 1 }) };
  const half = await run('step', { ...one, claimed: { sigma: 3 } });
  assert.ok(broken(half).some((name) => /as large as claimed/.test(name)));
  const loud = { config: config({ partitions: 1, noiseMultiplier: 0.8 }), claimed: { sigma: 4 } };
  const fifth = await run('step', loud);
  assert.ok(broken(fifth).some((name) => /easier to tell/.test(name)));
  const { lower, claimed } = fifth.epsilon ?? { lower: 0, claimed: 9 };
  assert.ok(lower > claimed, `${lower} of ${claimed}`);
  const bound = await run('step', { ...one, claimed: { bound: 1 / 1.5 } });
  assert.ok(broken(bound).includes('the record adds at most C'));
});

test('single updates: noise is found for each claim that is asked for', async () => {
  const result = await run('step', {
    config: config({ partitions: 1, accountant: 'pld' }),
    updates: 40,
    claims: [2, 6],
  });
  const claims = result.document.claims as { epsilon_claimed: number; noise_multiplier: number }[];
  assert.ok(Math.abs(claims[0].epsilon_claimed - 2) < 0.01 && Math.abs(claims[1].epsilon_claimed - 6) < 0.03);
  assert.ok(claims[0].noise_multiplier > claims[1].noise_multiplier);
});

test('samplers: what is sent is what is charged, and half the charge is found', async () => {
  const correct = await run('samplers');
  assert.equal(broken(correct), []);
  const [few, own] = correct.document.runs as { charged: number; rate: number; empty: number }[];
  assert.ok(few.empty > 100 && Math.abs(own.charged - 0.1) < 1e-12 && Math.abs(own.rate - 0.1) < 0.02);
  const wrong = await run('samplers', { claimed: { q: 0.1 } });
  assert.ok(broken(wrong).includes('records are sampled at the rate that is charged'));
});

test('replay: a record moves a sum by at most C, in its own critic', async () => {
  const cell = quickCells().find(({ partitions }) => partitions === 4);
  assert.ok(cell);
  const list = dataOf(cell, 1);
  const rest = (row: number) => Array.from({ length: ROWS }, (_, i) => i).filter((i) => i !== row);
  const once = (more: object) =>
    replay(gpu, 'cell', configOf(cell), list, (row) => pick(list, rest(row)), {
      seed: 1,
      insecureSeed: 2,
      removed: [0, 6],
      ...more,
    });
  const correct = await once({});
  assert.ok(holds(correct) && correct.moved > 0.9 && correct.updates > 1, JSON.stringify(correct));
  assert.not(holds(await once({ unclipped: true })));
  assert.not(holds(await once({ claimed: { bound: configOf(cell).clipNorm / 1.5 } })));
  // Another record in its place moves more than C, or another critic.
  const other = await replay(gpu, 'cell', configOf(cell), list, () => pick(list, [...rest(0), 5]), {
    seed: 1,
    insecureSeed: 2,
    removed: [0],
  });
  assert.not(holds(other), JSON.stringify(other));
});

test('cells: every network, divergence, mechanism and clipping, and no two alike', () => {
  const all = allCells();
  const names = new Set(all.map(({ name }) => name));
  assert.is(names.size, all.length);
  assert.is(all.length, 5 * 2 * 8 + 2 * 4);
  for (const some of [quickCells(), sensitivityCells()]) {
    for (const { name } of some) assert.ok(names.has(name) || /dcgan wgan-gp/.test(name), name);
  }
  for (const key of ['network', 'mechanism', 'clipping', 'partitions'] as const) {
    const values = (list: typeof all) => [...new Set(list.map((cell) => cell[key]))].filter((x) => x !== 'xie').sort();
    assert.equal(values(quickCells()), values(all), key);
  }
});

test('a claim counts the updates of the schedule, however long, and no more than a budget pays for', () => {
  const steps = (more: Partial<PrivateConfig>) =>
    claimOf(setting({ config: config({ noiseMultiplier: 20, ...more }) })).steps;
  assert.is(steps({ steps: 60, criticSteps: 2 }), 120);
  const schedule = new Schedule(config({ burst: 7, criticSteps: 2 }));
  let sum = 0;
  for (let i = 0; i < 1730; i++) sum += schedule.updates(i);
  assert.is(steps({ steps: 1730, burst: 7, criticSteps: 2 }), sum);
  assert.ok(steps({ steps: 4e9, epsilon: 1 }) < 1e6);
});

test('two runs under one key share batches, and no noise', async () => {
  const key = secretOf(7);
  const small = config({ batch: 2, population: 12, steps: 6 });
  const few = pick(data, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  const first = await watch(gpu, small, few, 3, { key, batches: true });
  const second = await watch(gpu, small, few, 3, { key, noise: 1, batches: true });
  assert.equal(second.batches, first.batches);
  assert.is(first.batches.length, 3);
  assert.ok(first.batches.every((list) => list.length === 6));
  const [a, b] = [await watch(gpu, small, few, 3, { key }), await watch(gpu, small, few, 3, { key, noise: 1 })];
  key.wipe();
  assert.equal(a.updates[0].sum, b.updates[0].sum);
  assert.not.equal(a.updates[0].release, b.updates[0].release);
});

test('an audit: its parts in order, one verdict, and no memory left', async () => {
  const before = gpu.memory().live;
  const seen: string[] = [];
  const small = setting({ updates: 20, config: config({ steps: 3 }) });
  const found = await audit(gpu, small, ['transcript', 'step'], ({ name }, share) => seen.push(`${name} ${share}`));
  assert.equal(
    found.parts.map(({ part }) => part.name),
    ['step', 'transcript'],
  );
  assert.equal(found.failed, []);
  assert.is(
    found.tests,
    found.parts.reduce((n, { result }) => n + result.checks.length, 0),
  );
  assert.ok(found.epsilon && found.epsilon.ceiling <= found.epsilon.claimed);
  assert.is(seen[0], 'step 0');
  assert.is(seen[seen.length - 1], 'transcript 1');
  const wrong = await audit(gpu, { ...small, claimed: { sigma: 6 } }, ['step']);
  assert.ok(wrong.failed.length > 0);
  assert.ok(gpu.memory().live - before < 1 << 20, `${gpu.memory().live - before} bytes more`);
  const refused = audit(gpu, setting({ config: config({ bound: 'weights', divergence: 'wgan' }) }));
  await refused.then(
    () => assert.unreachable(),
    (error) => assert.is(error.code, 'CONFIG'),
  );
});

test.run();
