/** Experiments: which runs a plan is made of, noise for a target epsilon, means with their t intervals. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blobs } from '../../src/data/synthetic.ts';
import { type PrivateConfig, privateConfig, samplingRate } from '../../src/gan/private/config.ts';
import { epsilonOf } from '../../src/privacy/budget.ts';
import { averaged, folderOf, type Plan, settingsOf, tableOf, tQuantile } from '../../src/run/experiment/experiment.ts';
import { type Asked, planOf, readPlan } from '../../src/run/experiment/plan.ts';
import { named } from '../support/dataset.ts';

const dir = mkdtempSync(join(tmpdir(), 'veilgan-experiment-'));
test.after(() => rmSync(dir, { recursive: true, force: true }));

const data = blobs({ rows: 400, train: 200 });
const plan = (asked: Partial<Asked>): Plan => planOf({ kind: 'compare', data: 'blobs', fields: {}, ...asked }, data);
const failure = (fn: () => unknown) => {
  try {
    fn();
  } catch (error) {
    return error as { code: string; where: string };
  }
  return { code: 'none', where: '' };
};

test('t quantiles are those of the tables, and an average has its interval', () => {
  for (const [df, t] of [
    [1, 12.7062],
    [2, 4.30265],
    [4, 2.77645],
    [9, 2.26216],
    [1000, 1.96234],
  ]) {
    assert.ok(Math.abs(tQuantile(df) - t) < 1e-4, `${df}: ${tQuantile(df)}`);
  }
  const of = (...values: number[]) => values.map((value) => ({ value }));
  const { mean, ci95, n } = averaged(of(1, 2, 3));
  assert.equal([mean, n], [2, 3]);
  const half = 4.30265 / Math.sqrt(3);
  assert.ok(ci95 && Math.abs(ci95[0] - (2 - half)) < 1e-4 && Math.abs(ci95[1] - (2 + half)) < 1e-4);
  assert.equal(averaged(of(5)), { mean: 5, ci95: null, n: 1 });
  assert.ok(Math.abs(tQuantile(Number.POSITIVE_INFINITY) - 1.959964) < 1e-4);
  // What is common to all seeds does not shrink with their number.
  const noisy = averaged([
    { value: 0.6, se: 0.05 },
    { value: 0.6, se: 0.05 },
  ]);
  assert.ok(noisy.ci95 && Math.abs(noisy.ci95[1] - 0.698) < 1e-4);
  assert.ok((averaged(of(1, 2, 3), 0.99).ci95?.[1] ?? 0) > 2 + half);
});

test('a table has a row for each number, and leaves out what no run has', () => {
  const at = (value: number) => ({ value });
  const rows = tableOf([[{ a: at(1), b: at(2) }, { a: at(3) }], [{ a: at(0) }]]);
  assert.equal(
    rows.map(({ metric, values }) => [metric, values.map((v) => v && [v.mean, v.n])]),
    [
      [
        'a',
        [
          [2, 2],
          [0, 1],
        ],
      ],
      ['b', [[2, 1], null]],
    ],
  );
});

test('what the encoding of a table costs is left out of the budget of the noise', () => {
  const asked = { kind: 'epsilon-sweep', systems: ['dpgan'], values: [4], fields: { steps: 60, batch: 10 } } as const;
  const points = plan(asked);
  const [sure] = settingsOf(points);
  const paid = [{ name: 'sex', kind: 'boolean' as const }];
  const [paying] = settingsOf({ ...points, paying: paid });
  const config = privateConfig.parse(paying.fields) as PrivateConfig;
  const phase = { q: samplingRate(config, 200), sigma: config.noiseMultiplier, steps: 60 * config.criticSteps };
  const { pld, rdp } = epsilonOf([phase], config.delta, {
    encoding_epsilon: 0.4,
    encoding_delta: config.delta / 10,
  });
  const total = config.accountant === 'pld' ? pld : rdp;
  assert.ok(total !== null && total <= 4 && total > 3.9, `${total}`);
  assert.ok(Number(paying.fields.noiseMultiplier) > Number(sure.fields.noiseMultiplier));
  const dear = { ...points, paying: paid, private: { ...points.private, encoderEpsilon: 5 } };
  assert.equal(failure(() => settingsOf(dear)).where, 'encoderEpsilon');
});

test('columns that are given are not paid for', () => {
  const cells = Float64Array.from({ length: 200 }, (_, i) => i);
  const columns = [
    { name: 'age', kind: 'integer', decimals: 0 },
    { name: 'sex', kind: 'boolean', values: ['f', 'm'] },
  ] as const;
  const cut = { columns, train: cells, holdout: cells };
  const table = named({ name: 't', table: cut, meta: { origin: 'imported' } });
  const asked = { kind: 'epsilon-sweep', data: 't', values: [4], fields: { steps: 60, batch: 10 } } as const;
  assert.equal(planOf(asked, table).rows, 100);
  assert.equal(planOf(asked, table).paying, [
    { name: 'age', kind: 'integer' },
    { name: 'sex', kind: 'boolean' },
  ]);
  const age = { low: 0, high: 120 };
  assert.equal(planOf(asked, { ...table, given: { columns: { age } } }).paying, [{ name: 'sex', kind: 'boolean' }]);
  const whole = planOf(asked, { ...table, given: { columns: { age, sex: { values: ['f', 'm'] } } } });
  assert.equal(settingsOf(whole), settingsOf({ ...whole, paying: undefined }));
});

test('a K sweep divides the batch, and calls K = 1 what it is', () => {
  const settings = settingsOf(plan({ kind: 'k-sweep', values: [1, 4], fields: { batch: 40 } }));
  assert.equal(
    settings.map(({ label, system, value, fields }) => [label, system, value, fields.partitions, fields.batch]),
    [
      ['GAN', 'gan', 1, 1, 40],
      ['PAR-GAN, K = 4', 'pargan', 4, 4, 10],
    ],
  );
  assert.is(folderOf(settings[1], 2), 'par-gan-k-4-seed-2');
});

test('private settings meet their epsilon with the last update, whatever the system', () => {
  const fields = { batch: 20, steps: 60, criticSteps: 3, accountant: 'rdp' };
  for (const { system, value, fields: own } of settingsOf(
    plan({ kind: 'epsilon-sweep', systems: ['dpgan', 'dp-pargan'], values: [0, 2, 8], fields }),
  )) {
    if (value === null) {
      assert.ok(system === 'gan' || system === 'pargan');
      continue;
    }
    const config = privateConfig.parse(own) as PrivateConfig;
    assert.is(config.partitions, system === 'dpgan' ? 1 : 5);
    const phase = { q: samplingRate(config, 200), sigma: config.noiseMultiplier, steps: 180 };
    const { rdp } = epsilonOf([phase], config.delta);
    assert.ok(rdp <= value && rdp > 0.99 * value, `${system}: ${rdp} for ${value}`);
  }
});

test('presets are plans; what the command line says holds for private runs too', () => {
  const quick = plan({ preset: 'quick-blobs', data: undefined, fields: { steps: 50 } });
  assert.equal([quick.data, quick.rows, quick.seeds.length], ['blobs', 100, 3]);
  const settings = settingsOf(quick);
  assert.equal(
    settings.map(({ label }) => label),
    ['GAN', 'PAR-GAN, K = 5', 'DPGAN, epsilon 10', 'DP-PAR-GAN, K = 5, epsilon 10'],
  );
  assert.equal(
    settings.map(({ fields }) => fields.steps),
    [50, 50, 50, 50],
  );
});

test('what is no experiment is refused, naming the field', () => {
  for (const [asked, where] of [
    [{ preset: 'nope' }, 'preset'],
    [{ data: undefined }, 'data'],
    [{ systems: ['gan', 'wgan'] }, 'systems'],
    [{ kind: 'k-sweep', systems: ['gan'] }, 'systems'],
    [{ values: [1] }, 'values'],
    [{ kind: 'k-sweep', fields: { partitions: 3 } }, 'partitions'],
    [{ kind: 'epsilon-sweep', fields: { epsilon: 3 } }, 'epsilon'],
    [{ fields: { batch: 0 } }, 'batch'],
  ] as [Partial<Asked>, string][]) {
    assert.is(failure(() => plan(asked)).where, where, JSON.stringify(asked));
  }
  for (const [asked, where] of [
    [{ kind: 'k-sweep', values: [1.5] }, 'values'],
    [{ kind: 'epsilon-sweep', values: [-1] }, 'values'],
    [{ kind: 'epsilon-sweep', systems: ['gan'], values: [1] }, 'systems'],
  ] as [Partial<Asked>, string][]) {
    assert.is(failure(() => settingsOf(plan(asked))).where, where, JSON.stringify(asked));
  }
});

test('a plan is read back as it was written, and a damaged one is refused', () => {
  const path = join(dir, 'experiment.json');
  const written = plan({ fields: { batch: 12, criticHidden: [4, 4] } });
  writeFileSync(path, JSON.stringify(written));
  assert.equal(readPlan(path), written);
  for (const text of [
    '',
    '{}',
    JSON.stringify({ ...written, kind: 'sweep' }),
    JSON.stringify({ ...written, rows: 0 }),
  ]) {
    writeFileSync(path, text);
    assert.is(failure(() => readPlan(path)).code, 'FILE');
  }
});

test.run();
