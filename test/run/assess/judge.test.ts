/** The judge of tables: cells as samples have them against the training rows, with the hold-out beside. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TableRows } from '../../../src/data/encoding/decode.ts';
import { encodeCells, encodeTable } from '../../../src/data/encoding/encode.ts';
import { fitEncoding } from '../../../src/data/encoding/encoding.ts';
import type { Column, Table } from '../../../src/data/table.ts';
import { judgedRows, type Tables } from '../../../src/run/assess/columns.ts';
import { type JudgeDetail, judgeCounts, judgeDetection, levelCells, trainedOn } from '../../../src/run/assess/judge.ts';
import type { Evaluation } from '../../../src/run/assess/subject.ts';
import { judgeTables } from '../../../src/run/assess/tables.ts';
import type { TrainingJob } from '../../../src/run/job.ts';
import { tableOf } from '../../data/tables.ts';

const { NaN: GONE } = Number;
const empty = (): Evaluation => ({
  ...{ metrics: {}, real: {}, details: {}, not_run: [] },
  rows: { samples: 0, real: 0, reference: 0 },
});
const category = (name: string, ...values: string[]): Column => ({ name, kind: 'category', values });
const rowsOf = (columns: readonly Column[], ...cells: number[]): TableRows => ({
  columns,
  cells: Float64Array.from(cells),
});
const tables = (train: TableRows, judged: TableRows, unseen?: TableRows) =>
  ({ train, judged, ...(unseen ? { unseen } : {}) }) as Tables;
const tablesJudged = (given: Tables, found: Evaluation) => judgeCounts(given, trainedOn(given), found);
const detected = (given: Tables, found: Evaluation) =>
  judgeDetection(given, trainedOn(given), found, { real: true, seed: 1 });
const detail = ({ details }: Evaluation) => details.judge as JudgeDetail;

test('values by their texts, in whatever order a run has them; numbers by themselves; unknown and missing ones', () => {
  const of = [category('town', 'Bern', 'Wien'), category('code', '10', '9'), category('half', '1', 'x')];
  const own = [category('half', 'x', '1'), category('town', 'Oslo', 'Wien', 'Bern'), category('code', '9', '10')];
  const [town, code, half] = levelCells(rowsOf(own, 0, 2, 1, 1, 0, 0, GONE, GONE, GONE), of);
  assert.equal([...town], [0, Infinity, GONE]);
  assert.equal([...code], [10, 9, GONE]);
  assert.equal([...half], [1, 0, GONE]);
});

test('means over columns, pairs and triples by hand; the hold-out beside; what is missing counts', () => {
  const columns = [
    category('a', 'n', 'y'),
    category('b', 'n', 'y'),
    { name: 'c', kind: 'integer', decimals: 0 } as Column,
  ];
  const train = rowsOf(columns, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1);
  const judged = rowsOf(columns, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, GONE);
  const found = empty();
  tablesJudged(tables(train, judged, train), found);
  // c misses one of four; a and b are never together as they should be.
  assert.equal(detail(found).single, [0, 0, 0.25]);
  assert.equal(detail(found).pairs, [1, 0.25, 0.25]);
  assert.equal(detail(found).tables, [3, 3, 1]);
  assert.equal(detail(found).rows, { samples: 4, training: 4, holdout: 4 });
  const { total_variation_1: one, total_variation_2: two, total_variation_3: three } = found.metrics;
  assert.equal([one, two, three], [0.25 / 3, 0.5, 1]);
  // a and b are one and c is constant: against a quarter in each of four cells.
  assert.equal(
    [found.metrics.total_variation_2_independent, found.metrics.total_variation_3_independent],
    [0.5 / 3, 0.5],
  );
  assert.equal(found.real, { total_variation_1: 0, total_variation_2: 0, total_variation_3: 0 });
  assert.equal(
    [detail(found).floor_single, detail(found).floor_pairs],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  );
  assert.equal(found.not_run, []);
});

test('a constant column, one column, two columns, no hold-out: said, and nothing that is no number', () => {
  const constant = category('x', 'only');
  const found = empty();
  tablesJudged(tables(rowsOf([constant], 0, 0, GONE), rowsOf([constant], 0, 0, 0)), found);
  assert.ok(Math.abs((found.metrics.total_variation_1 as number) - 1 / 3) < 1e-12);
  assert.equal(found.real, {});
  assert.equal(
    found.not_run.map(({ name, why }) => `${name}: ${why}`),
    ['total_variation_2: the table has one column', 'total_variation_3: the table has one column'],
  );
  assert.equal([detail(found).floor_single, detail(found).rows.holdout], [undefined, undefined]);
  const pair = [constant, category('y', 'a', 'b')];
  const two = empty();
  tablesJudged(tables(rowsOf(pair, 0, 0, 0, 1), rowsOf(pair, 0, 0, 0, 0)), two);
  assert.equal(two.metrics, {
    ...{ total_variation_1: 0.25, total_variation_2: 0.5 },
    total_variation_2_independent: 0,
  });
  assert.equal(two.not_run, [{ name: 'total_variation_3', why: 'the table has 2 columns' }]);
});

test('detection: of unseen rows, of training rows where there are none; too few rows are told', () => {
  const columns = [category('a', 'n', 'y')];
  const [zeros, ones] = [0, 1].map((v) => rowsOf(columns, ...new Array<number>(40).fill(v)));
  const found = empty();
  detected(tables(zeros, ones, zeros), found);
  assert.equal([found.metrics.detection_auc, found.real.detection_auc], [1, 0.5]);
  const alone = empty();
  detected(tables(zeros, zeros), alone);
  assert.equal([alone.metrics.detection_auc, alone.real.detection_auc], [0.5, undefined]);
  const few = empty();
  detected(tables(rowsOf(columns, 0, 1, 0), zeros), few);
  assert.equal(few.not_run, [{ name: 'detection_auc', why: 'it needs four rows of each kind' }]);
});

test('rows at hand are judged without a run: counts, targets, detection; a table without hold-out rows', () => {
  const flags = Array.from({ length: 400 }, (_, i) => i % 2);
  const table = tableOf(
    [
      [category('a', 'n', 'y'), flags],
      [category('b', 'n', 'y'), flags],
      [{ name: 'c', kind: 'integer', decimals: 0 }, flags.map((_, i) => Math.floor(i / 2) % 50)],
    ],
    200,
  );
  const real = { columns: table.columns, cells: table.train };
  const found = judgeTables(table, real, { targets: ['a', 'b'] });
  assert.equal(found.rows, { samples: 200, real: 200, reference: 200 });
  assert.equal([found.metrics.total_variation_2, found.real.total_variation_2], [0, 0]);
  assert.equal([found.metrics.downstream_linear_auc, found.real.downstream_linear_auc], [1, 1]);
  assert.equal(
    (found.details.targets as { target: string }[]).map(({ target }) => target),
    ['a', 'b'],
  );
  assert.ok(Math.abs((found.metrics.detection_auc as number) - 0.5) < 0.15);
  assert.equal(found.not_run, []);
  // Whatever b says of a is lost where the samples have it turned around.
  const turned = { ...real, cells: table.train.map((v, i) => (i % 3 === 1 ? 1 - v : v)) };
  assert.is(judgeTables(table, turned, { targets: ['a'] }).metrics.downstream_linear_auc, 0);
  const alone = judgeTables({ ...table, holdout: new Float64Array(), label: 'a' }, real);
  assert.equal(
    [alone.metrics.total_variation_2, alone.real, alone.not_run.map(({ name }) => name)],
    [0, {}, ['downstream_linear_accuracy']],
  );
});

test('as many samples as training rows: those at hand, or new ones', async () => {
  const table: Table = tableOf([[category('a', 'n', 'y'), Array.from({ length: 100 }, (_, i) => i % 2)]], 100);
  const encoding = fitEncoding(table);
  const data = encodeTable(table, encoding, { name: 't', meta: { origin: 'test' } });
  const asked: number[] = [];
  const ones = encodeCells(table.columns, Float64Array.of(1, 1, 1, 1, 1, 1), encoding);
  const sample = async (n: number) => {
    asked.push(n);
    return ones.slice(0, n * data.features);
  };
  const job = { data, gan: { sample }, run: { info: { seed: 1 } } } as unknown as TrainingJob;
  const zeros = encodeCells(table.columns, Float64Array.of(0, 0, 0, 0), encoding);
  assert.equal([...(await judgedRows(job, encoding, zeros, 3)).cells], [0, 0, 0]);
  assert.equal([...(await judgedRows(job, encoding, zeros, 5)).cells], [1, 1, 1, 1, 1]);
  assert.equal(asked, [5]);
});

test.run();
