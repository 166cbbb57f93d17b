/** What the page proposes, and which rows a plan is trained on. Run on the host. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset, TableData } from '../../src/data/dataset.ts';
import { withPreset } from '../../src/gan/presets/index.ts';
import { parsePrivate } from '../../src/gan/private/config.ts';
import { worthOf } from '../../src/gan/private/planner.ts';
import type { Plan, Ready, Worth } from '../../src/page/protocol.ts';
import { isWeighed, rowsOf, trainedPlan, usualDelta, usualPlan } from '../../src/page/steps/plan.ts';
import { fewLine } from '../../src/page/steps/protection.ts';
import { usualFor, worthAt } from '../../src/page/worker/config.ts';
import { Shelf } from '../../src/page/worker/shelf.ts';
import { mixedCsv } from './page-csv.ts';

test('delta is the largest of 1, 2 and 5 of a power of ten that is at most a tenth of one row, and at most 1e-5', () => {
  const cases: [rows: number, delta: number][] = [
    ...([0, 1, 5000, 10_000].map((rows) => [rows, 1e-5]) as [number, number][]),
    ...([
      [10_001, 5e-6],
      [20_000, 5e-6],
      [34_189, 2e-6],
      [50_000, 2e-6],
    ] as [number, number][]),
    ...([
      [50_001, 1e-6],
      [100_000, 1e-6],
      [100_001, 5e-7],
      [50_000_000, 2e-9],
    ] as [number, number][]),
  ];
  for (const [rows, delta] of cases) assert.is(usualDelta(rows), delta, `${rows} rows`);
});

test('a guarantee on a table takes all rows, what has none keeps some back; the example of points stays as it is', () => {
  const ready: Ready = { kind: 'table', rows: 8000, holdout: 2001, columns: 5 };
  const found = (['dp-marginals', 'dpgan', 'gan', 'pargan'] as const).map((system) => usualPlan(system, ready));
  assert.equal(
    found.map((plan) => rowsOf(plan, ready)),
    [10_001, 10_001, 8000, 8000],
  );
  assert.equal([found[0].delta, found[2].delta], [5e-6, 1e-5], 'delta is of the rows that are trained on');
  assert.not(usualPlan('dpgan', { ...ready, kind: 'points' }).whole);
  // A plan that was kept before there was a choice.
  assert.is(rowsOf({}, ready), 8000);
});

test('a guaranteed GAN on a table gets the length and the lessons that the command line gives it', () => {
  const rows = 6000;
  const ready: Ready = { kind: 'table', rows: 5000, holdout: 1000, columns: 5, usual: usualFor(rows) };
  const data = { shape: [5], encoding: undefined, rows, holdoutRows: 0 } as unknown as Dataset;
  const plan: Plan = { ...usualPlan('dpgan', ready), epsilon: 1 };
  const asked = { ...withPreset('broward-dpgan', {}), epsilon: 1, delta: plan.delta };
  const command = worthOf(parsePrivate(asked), { epsilon: 8, noiseMultiplier: 1.5 }, rows);
  const worth = worthAt(plan, data);
  const medium = trainedPlan(plan, 'medium', ready, worth);
  assert.equal([medium.steps, medium.criticSteps], [command.steps, command.criticSteps]);
  assert.ok(medium.criticSteps < plan.criticSteps, 'less often than at the budget of the preset');
  assert.is(fewLine(medium, worth), '');
  assert.is(trainedPlan(plan, 'long', ready, worth).steps, 2 * command.steps);
  assert.equal(trainedPlan({ ...plan, steps: 77 }, 'own', ready, worth), { ...plan, steps: 77 });
});

test('a length that a limit does not pay for is told before it begins, with what is better', () => {
  const ready: Ready = { kind: 'table', rows: 5000, holdout: 1000, columns: 5, usual: usualFor(6000) };
  const worth: Worth = { updates: 430, steps: 215, criticSteps: 2, least: 100 };
  const own = { ...usualPlan('dpgan', ready), epsilon: 1, steps: 5000, criticSteps: 5 };
  assert.match(
    fewLine(own, worth),
    /^Epsilon 1 pays for 86 of them only, too few.*Guaranteed, for tables \(DP-MARGINALS\)/,
  );
  assert.is(fewLine({ ...own, criticSteps: 4 }, worth), '');
  assert.is(fewLine({ ...own, steps: 80 }, worth), '', 'all of what was asked for is paid for');
  // Where fewer than 100 are worth their noise, 100 are planned, and that is told.
  assert.match(fewLine({ ...own, steps: 100, criticSteps: 1 }, { ...worth, updates: 65 }), /pays for 65 of them/);
  const kinds = (['dpgan', 'dp-pargan', 'dp-marginals', 'gan'] as const).map((system) => isWeighed({ system }, ready));
  assert.equal(kinds, [true, true, false, false]);
  const points: Ready = { kind: 'points', rows: 4000, holdout: 1000, columns: 2 };
  assert.is(trainedPlan(usualPlan('dpgan', points), 'short', points).steps, 150);
  // What fits tables is as long as its epsilon has it.
  const fit = usualPlan('dp-marginals', ready);
  const steps = [0.1, 1, 8].map((epsilon) => trainedPlan({ ...fit, epsilon }, 'medium', ready).steps);
  assert.equal(steps, [500, 1500, 3000]);
});

test('all rows or the kept-back split of them: the same cells, and said of either what is true of it', async () => {
  const shelf = new Shelf();
  const file = new File([mixedCsv(500)], 'members.csv');
  await shelf.open({ from: 'file', files: [file] }, () => {});
  const columns = (['age', 'town', 'grade'] as const).map((name) => ({
    ...{ name, kind: name === 'age' ? ('integer' as const) : ('category' as const) },
  }));
  const ready = await shelf.choose({ columns }, () => {});
  const [part, whole] = [{}, { whole: true }].map((plan) => shelf.trained(plan) as TableData);
  assert.equal([part.rows, part.holdoutRows], [ready.rows, ready.holdout]);
  assert.equal([whole.rows, whole.holdoutRows, whole.table.holdout.length], [500, 0, 0]);
  assert.is(part.table.train.length, 3 * ready.rows);
  assert.equal(Array.from(whole.table.train), [...part.table.train, ...part.table.holdout]);
  assert.is(whole.table.train.buffer, part.table.train.buffer, 'the cells are there once');
  assert.equal([part.meta.split, whole.meta.split], ['hash', undefined]);
  assert.match(part.meta.origin, /each held out with probability 0\.2/);
  assert.is(whole.meta.origin, 'members.csv, shuffled by seed 1');
  assert.equal(whole.meta.open, part.meta.open);
  assert.equal([shelf.records({}).rows, shelf.records({ whole: true }).rows], [ready.rows, 500]);
  const given = { columns: { age: { low: 0, high: 120 } } };
  assert.equal(shelf.trained({ given, whole: true }).given, given);
  assert.is(shelf.trained({ given, whole: true }).rows, 500);
});

test.run();
