/** Quality of tables: what is measured is of the cells, whatever a run's own encoding leaves out. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeCells, encodeTable } from '../../../src/data/encoding/encode.ts';
import { fitEncoding } from '../../../src/data/encoding/encoding.ts';
import type { Encoding, Table } from '../../../src/data/table.ts';
import { namedTarget, usualTarget } from '../../../src/run/assess/classes.ts';
import { tablesOf } from '../../../src/run/assess/columns.ts';
import type { ColumnDetail } from '../../../src/run/assess/marginals.ts';
import { quickQuality } from '../../../src/run/assess/quality.ts';
import type { Evaluation, Subject } from '../../../src/run/assess/subject.ts';
import { columnAccuracies } from '../../../src/run/assess/tables.ts';
import type { TrainingJob } from '../../../src/run/job.ts';
import { oddTable, tableOf } from '../../data/tables.ts';
import { codeOf, Values } from '../../support/values.ts';

/** As much of a job as quality looks at. */
function jobOf(table: Table, encoding: Encoding): TrainingJob {
  const data = encodeTable(table, encoding, { name: 'made up', meta: { origin: 'test' } });
  return { data, table, gan: { config: { rows: 0 } }, run: { info: { seed: 1 } } } as unknown as TrainingJob;
}

/** A generator that gives some records again and again. */
const repeats = (job: TrainingJob, records: Float32Array): TrainingJob => ({
  ...job,
  gan: {
    ...job.gan,
    sample: async (n: number) =>
      Float32Array.from({ length: n * job.data.features }, (_, i) => records[i % records.length]),
  } as unknown as TrainingJob['gan'],
});

/** Quality of `samples`, cells of the same columns, through the run's encoding. */
function judged(table: Table, samples: Float64Array, encoding = fitEncoding(table)): Promise<Evaluation> {
  const generated = encodeCells(table.columns, samples, encoding);
  return quickQuality(repeats(jobOf(table, encoding), generated), generated);
}

const ROWS = 300;
const values = new Values(4);
/** The answer follows the sign of `size` in nine of ten cases; `copy` says it; `colour` has two rare values. */
const table: Table = (() => {
  const size = Array.from({ length: 2 * ROWS }, () => Math.round(100 * values.stream.normal()) / 100);
  const answer = size.map((v) => (values.stream.uniform() < 0.9 === v > 0 ? 1 : 0));
  const colour = size.map((_, i) => (i % 100 === 7 ? 3 : i % 100 === 8 ? 4 : values.int(0, 2)));
  const made = tableOf(
    [
      [{ name: 'size', kind: 'number', decimals: 2 }, size.map((v, i) => (i % 5 === 3 ? Number.NaN : v))],
      [{ name: 'colour', kind: 'category', values: ['red', 'green', 'blue', 'teal', 'pink'] }, colour],
      [{ name: 'copy', kind: 'boolean', values: ['n', 'y'] }, answer],
      [{ name: 'answer', kind: 'boolean', values: ['no', 'yes'] }, answer],
    ],
    ROWS,
  );
  return made;
})();
const column = (cells: Float64Array, j: number) => Array.from(cells).filter((_, i) => i % 4 === j);
const columns = ({ details }: Evaluation) => details.columns as ColumnDetail[];

test('distances are those of the cells, with real rows beside them; copies of the hold-out are at 0', async () => {
  const samples = table.train.slice(0, 200 * 4);
  const found = await judged(table, samples);
  assert.equal(found.rows, { samples: 200, real: 200, reference: 300 });
  const share = (cells: number[], test: (v: number) => boolean) => cells.filter(test).length / cells.length;
  const [a, b] = [column(samples, 1), column(table.holdout, 1)];
  // The two rare values are one place.
  const kinds = [0, 1, 2].map((k) => (v: number) => v === k);
  const tvd = [...kinds, (v: number) => v > 2].reduce((sum, of) => sum + Math.abs(share(a, of) - share(b, of)) / 2, 0);
  const there = (j: number, cells: Float64Array) => column(cells, j).filter((v) => !Number.isNaN(v));
  const [x, y] = [there(0, samples), there(0, table.holdout)];
  const ks = Math.max(...[...x, ...y].map((at) => Math.abs(share(x, (v) => v <= at) - share(y, (v) => v <= at))));
  const list = columns(found);
  assert.equal(
    list.map(({ name, kind }) => `${name} ${kind}`),
    ['size number', 'colour category', 'copy boolean', 'answer boolean'],
  );
  assert.ok(Math.abs(list[1].distance - tvd) < 1e-12, `${list[1].distance} ${tvd}`);
  // What lies between the knots of the encoding comes back to a hundredth.
  assert.ok(Math.abs(list[0].distance - ks) < 1e-9, `${list[0].distance} ${ks}`);
  const mean = list.reduce((sum, { distance }) => sum + distance, 0) / 4;
  assert.ok(Math.abs((found.metrics.marginal_distance_mean as number) - mean) < 1e-12);
  const most = list.reduce((p, q) => (q.distance > p.distance ? q : p));
  assert.equal([found.metrics.marginal_distance_max, found.details.marginal_distance_max], [most.distance, most.name]);
  const same = await judged(table, table.holdout);
  assert.equal([same.metrics.marginal_distance_max, same.metrics.association_difference_max], [0, 0]);
  assert.ok((same.real.marginal_distance_max as number) > 0);
  for (const { labels, reference, samples: bars } of [...list, ...columns(same)]) {
    assert.is(labels.length, reference.length);
    for (const bar of [reference, bars]) assert.ok(Math.abs(bar.reduce((p, q) => p + q, 0) - 1) < 1e-9);
  }
  assert.equal(list[0].labels.at(-1), '(missing)');
});

test('what shuffled columns lose: associations, and what a model learns, but no marginal', async () => {
  const order = (j: number) => values.stream.permutation(ROWS).map((row) => 4 * row + j);
  const orders = [0, 1, 2, 3].map(order);
  const mixed = table.holdout.map((_, i) => table.holdout[orders[i % 4][Math.floor(i / 4)]]);
  const found = await judged(table, mixed);
  assert.is(found.metrics.marginal_distance_max, 0);
  const [worst] = found.details.associations as { a: string; b: string; reference: number; samples: number }[];
  assert.equal([worst.a, worst.b, worst.reference], ['copy', 'answer', 1]);
  assert.ok(worst.samples < 0.2);
  const { metrics, real, details } = found;
  assert.equal(details.downstream, { target: 'answer', taken: 'last column', classes: ['no', 'yes'], tested: 300 });
  assert.equal([real.downstream_linear_accuracy, real.downstream_linear_auc], [1, 1]);
  const yes = column(table.holdout, 3).filter(Boolean).length / 300;
  const majority = Math.max(yes, 1 - yes);
  assert.is(metrics.downstream_majority, majority);
  const accuracy = metrics.downstream_linear_accuracy as number;
  assert.ok(accuracy < 0.75, `${accuracy}`);
  assert.ok(Math.abs((metrics.downstream_gain_share as number) - (accuracy - majority) / (1 - majority)) < 1e-12);
  assert.equal(found.not_run, []);
});

test("a value that the run's encoding does not know counts against its samples", async () => {
  const whole = fitEncoding(table);
  const [size, , ...rest] = whole.columns;
  const poor: Encoding = {
    from: 'given',
    columns: [size, { name: 'colour', kind: 'category', values: ['red'], missing: false }, ...rest],
  };
  const found = await judged(table, table.holdout, poor);
  const red = column(table.holdout, 1).filter((v) => v === 0).length / 300;
  const colour = columns(found)[1];
  assert.ok(Math.abs(colour.distance - (1 - red)) < 1e-12, `${colour.distance}`);
  assert.ok((colour.real ?? 1) < 0.15, 'real rows are not seen through it');
  const { columns: names, real, samples } = found.details.dimension_probability as Record<string, unknown[]>;
  const at = names.indexOf('colour=green');
  assert.is(samples[at], 0);
  assert.is(real[at], column(table.train, 1).filter((v) => v === 1).length / 300);
  assert.ok(names.includes('size=(missing)') && names.includes('colour=(other)') && !names.includes('copy=(missing)'));
});

test('targets: the label before the last column, a name before both, and what makes no class', async () => {
  const encoding = fitEncoding({ ...table, label: 'copy' });
  assert.is((usualTarget(encoding) as { name: string; taken: string }).taken, 'label');
  assert.equal(namedTarget(encoding, 'colour').classes, ['red', 'green', 'blue', '(rare)']);
  assert.is(await codeOf(() => namedTarget(encoding, 'size')), 'USAGE');
  assert.is(await codeOf(() => namedTarget(encoding, 'sise')), 'USAGE');
  const first: Encoding = {
    ...encoding,
    columns: [...encoding.columns.slice(1), encoding.columns[0]],
    label: undefined,
  };
  assert.match(usualTarget(first) as string, /the last column, size, is a number, no category: name `targets`/);
  // Rows whose cell is missing are no cases.
  const holes = table.train.map((v, i) => (i % 4 === 3 && i % 3 === 0 ? Number.NaN : v));
  const { classes, labels } = namedTarget(fitEncoding({ ...table, train: holes }), 'answer');
  const there = labels({ ...table, cells: holes }).filter((label) => label < classes.length);
  assert.is(there.length, column(holes, 3).filter((v) => !Number.isNaN(v)).length);
});

test('each category is predicted from the others; odd tables are judged without a word that is not finite', async () => {
  const encoding = fitEncoding(table);
  const job = jobOf(table, encoding);
  const found: Evaluation = {
    ...{ metrics: {}, real: {}, details: {}, not_run: [] },
    rows: { samples: 300, real: 300, reference: 300 },
  };
  const generated = encodeCells(table.columns, table.train, encoding);
  const subject = { job, generated, members: generated, found, report: () => {} } as unknown as Subject;
  columnAccuracies(await tablesOf(subject, table, encoding), subject);
  const detail = found.details.column_accuracy as Record<string, (string | number)[]>;
  assert.equal(detail.columns, ['colour', 'copy', 'answer']);
  assert.equal(detail.real, detail.samples);
  assert.equal(detail.real.slice(1), [1, 1]);
  assert.equal([found.metrics.column_accuracy, found.metrics.column_accuracy_rmse], [found.real.column_accuracy, 0]);
  for (const seed of [1, 2]) {
    const odd = oddTable(seed, 160, 100);
    const { metrics, real, not_run, details } = await judged(odd, odd.train);
    for (const [key, v] of Object.entries({ ...metrics, ...real }))
      assert.ok(Number.isFinite(v) || key === 'downstream_gain_share', `${key} ${v}`);
    assert.match(not_run[0].why, /the last column, nothing, has a single value/);
    assert.not.match(JSON.stringify(details), /null|NaN/);
  }
});

test.run();
