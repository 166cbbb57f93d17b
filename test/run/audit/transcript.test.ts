/**
 * Audits of whole trainings: a correct one stays below its claim, one without clipping rises above it. Noise, samples
 * and coins are seeded, so the verdicts are always the same; over all seeds a correct one would be above its true
 * epsilon at most once in twenty.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../../src/api/node.ts';
import { PhiloxStream } from '../../../src/base/philox.ts';
import type { Dataset } from '../../../src/data/dataset.ts';
import type { DpGan } from '../../../src/gan/dpgan.ts';
import { type PrivateConfig, privateConfig } from '../../../src/gan/private/config.ts';
import { privateRun } from '../../../src/gan/private/run.ts';
import { readFlat } from '../../../src/optim/flat.ts';
import { epsilonOf } from '../../../src/privacy/budget.ts';
import type { AuditSetting } from '../../../src/run/audit/part.ts';
import { CanaryTrace } from '../../../src/run/audit/trace.ts';
import { type Trained, trainOnce } from '../../../src/run/audit/training.ts';
import { transcript } from '../../../src/run/audit/transcript.ts';
import { MemoryLedgerFile } from '../../../src/run/memory-run.ts';
import { train } from '../../../src/train/loop.ts';
import { datasetOf } from '../../support/dataset.ts';

const gpu = await open();
test.after(() => gpu.close());

function table(rows: number, features: number): Dataset {
  const random = new PhiloxStream(2, `transcript.test/${features}`);
  return datasetOf({
    name: 'points',
    columns: Array.from({ length: features }, (_, j) => `c${j}`),
    shape: [features],
    train: Float32Array.from({ length: rows * features }, () => random.normal()),
    holdout: new Float32Array(0),
    meta: { origin: 'made by the test' },
  });
}

const plane = table(400, 2);

const configOf = (more: Partial<PrivateConfig> = {}): PrivateConfig =>
  privateConfig.parse({
    partitions: 1,
    batch: 32,
    noiseMultiplier: 3,
    criticSteps: 1,
    generatorHidden: [8],
    criticHidden: [32],
    steps: 80,
    ...more,
  });

interface Found {
  epsilonLower: number;
  epsilonClaimed: number;
  ceiling: number;
  p: number;
  canaries: number;
  guesses: number;
  correct: number;
  updates: number;
  q: number;
}

async function run(config: Partial<PrivateConfig>, more: Partial<AuditSetting> = {}): Promise<Found> {
  const { document: d, checks } = await transcript.run(gpu, {
    config: configOf(config),
    data: plane,
    seed: 1,
    insecureSeed: 1,
    quick: true,
    updates: 0,
    claims: [],
    mode: 'one-run',
    score: 'trace',
    canaries: 12,
    runs: 4,
    confidence: 0.95,
    ...more,
  });
  const number = (name: string) => d[name] as number;
  return {
    epsilonLower: number('epsilon_lower'),
    epsilonClaimed: number('epsilon_claimed'),
    ceiling: number('epsilon_ceiling'),
    p: checks[0].p,
    canaries: number('canaries'),
    guesses: number('guesses'),
    correct: number('correct'),
    updates: number('noisy_updates'),
    q: number('sampling_rate'),
  };
}

const codeOf = async (fn: () => Promise<unknown>) => {
  try {
    await fn();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

test('a correct training stays below its claim', async () => {
  const found = await run({});
  assert.is(found.updates, 80);
  assert.ok(found.epsilonClaimed > 0.5 && found.epsilonClaimed < 2, `claimed ${found.epsilonClaimed}`);
  assert.ok(found.epsilonLower < found.epsilonClaimed, JSON.stringify(found));
  assert.is(found.canaries, 48);
  assert.ok(found.ceiling < found.epsilonClaimed && found.p > 0.05);
});

test('a training without clipping rises above it', async () => {
  const found = await run({}, { unclipped: true });
  assert.ok(found.epsilonClaimed < 1.6, `claimed ${found.epsilonClaimed}`);
  assert.ok(found.epsilonLower > found.epsilonClaimed, JSON.stringify(found));
  assert.ok(found.correct > 0.9 * found.guesses, JSON.stringify(found));
});

test('so it is with critics on disjoint partitions', async () => {
  const split = { partitions: 2, batch: 16 };
  const correct = await run(split, { runs: 2 });
  assert.ok(correct.epsilonLower < correct.epsilonClaimed, JSON.stringify(correct));
  const broken = await run(split, { unclipped: true, runs: 3 });
  assert.ok(broken.epsilonLower > broken.epsilonClaimed, JSON.stringify(broken));
});

test('a correct training with little noise is found out in part, and never beyond its claim', async () => {
  // All records in every update: a canary moves every sum by C, 20 times over.
  const open = { population: 24, batch: 24, noiseMultiplier: 0.7, steps: 20 };
  const found = await run(open, { data: table(12, 24), canaries: 24, runs: 4 });
  assert.is(found.q, 1);
  assert.ok(found.epsilonLower > 0.4, JSON.stringify(found));
  assert.ok(found.epsilonLower < found.epsilonClaimed, JSON.stringify(found));
});

test('many runs with one canary each', async () => {
  const found = await run({ steps: 40 }, { mode: 'many-run', canaries: 1, runs: 12, unclipped: true });
  assert.is(found.guesses, 6);
  assert.ok(found.correct >= 5, JSON.stringify(found));
  assert.is(await codeOf(() => run({}, { mode: 'many-run', canaries: 2 })), 'CONFIG');
});

test('scores of the critics after training, the exact mechanism, a budget, and no claim', async () => {
  const loss = await run({ steps: 10 }, { score: 'loss', runs: 1 });
  assert.ok(loss.epsilonLower < loss.epsilonClaimed);
  const exact = await run({ steps: 5, mechanism: 'discrete' }, { runs: 1 });
  assert.ok(exact.epsilonLower < exact.epsilonClaimed);
  const budget = await run({ epsilon: 0.5 }, { runs: 1 });
  assert.ok(budget.updates < 80 && budget.epsilonClaimed <= 0.5, JSON.stringify(budget));
  // A claim that a record can be exchanged is larger, by the same updates.
  const replaced = await run({ steps: 5, relation: 'replace-one' }, { runs: 1 });
  const claim = epsilonOf([{ q: replaced.q, sigma: 3, steps: 5 }], 1e-5, { relation: 'replace-one' });
  assert.is(replaced.epsilonClaimed, claim.pld);
});

test('coins and noise are fresh without a seed', async () => {
  const once = (insecureSeed?: number) =>
    trainOnce(
      gpu,
      { config: configOf({ steps: 3 }), data: plane, seed: 1, insecureSeed, score: 'trace', canaries: 64 },
      0,
    );
  const [a, b, c, d] = [await once(5), await once(5), await once(), await once()];
  const text = ({ coins, scores }: Trained) => JSON.stringify([coins, scores.map((list) => Array.from(list))]);
  assert.is(text(a), text(b));
  // Equal with probability 2^-64.
  assert.not.equal(c.coins, d.coins);
  assert.not.equal(c.coins, a.coins);
});

/** The system itself, with seeded means. */
function system(config: PrivateConfig): { gan: DpGan; dispose: () => void } {
  const { gan, begin, close } = privateRun(gpu, { ...config, population: 400 }, plane, 4, { insecureSeed: 3 });
  begin(new MemoryLedgerFile('audit'));
  return {
    gan,
    dispose: () => {
      gan.dispose();
      close();
    },
  };
}

test('looking on changes nothing, and misses no update', async () => {
  const weights: number[][] = [];
  for (const traced of [false, true]) {
    const { gan, dispose } = system(configOf({ partitions: 2, batch: 16, criticSteps: 3, steps: 12 }));
    const trace = traced
      ? new CanaryTrace(gan, {
          canaries: Float32Array.of(9, 9, -9, 9, 30, -30),
          owner: Uint32Array.of(1, 0, 1),
          references: [plane.train.slice(0, 20) as Float32Array, new Float32Array(0)],
          expected: [16, 0],
          q: 0.08,
        })
      : null;
    await train(trace ?? gan, { steps: 12, chunk: 5 });
    weights.push(Object.values(await readFlat(gan.critics.parameters)).flatMap(({ data }) => Array.from(data)));
    if (trace) {
      assert.is(trace.updates, 36);
      for (const scores of trace.scores) {
        assert.is(scores.length, 3);
        assert.ok(scores.every(Number.isFinite), scores.join());
      }
    }
    trace?.dispose();
    dispose();
  }
  assert.equal(weights[1], weights[0]);
});

test('transcripts leave no more memory behind than the systems that it trains', async () => {
  const added = async (fn: () => Promise<unknown>) => {
    const { live } = gpu.memory();
    await fn();
    return gpu.memory().live - live;
  };
  const once = await added(async () => {
    const { gan, dispose } = system(configOf());
    await gan.prepare(false);
    dispose();
  });
  assert.is(await added(() => run({ steps: 3 }, { runs: 2 })), 2 * once);
  assert.is(await added(() => run({ steps: 3 }, { runs: 1, score: 'loss' })), once);
});

test.run();
