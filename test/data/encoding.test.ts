import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fitEncoding } from '../../src/data/encoding/encoding.ts';
import { interpolate } from '../../src/data/encoding/knots.ts';
import { givenEncoding } from '../../src/data/encoding/schema.ts';
import type { CategoryCode, Column, NumberCode } from '../../src/data/table.ts';
import { blocksOf } from '../../src/data/table.ts';
import { Values } from '../support/values.ts';
import { oddTable, parseEncoding, tableOf } from './tables.ts';

const integer = (name: string): Column => ({ name, kind: 'integer', decimals: 0 });
const category = (name: string, values: string[]): Column => ({ name, kind: 'category', values });
const numbers = (cells: readonly number[], options = {}) =>
  fitEncoding(tableOf([[integer('x'), cells]], cells.length), options).columns[0] as NumberCode;
const choices = (values: string[], cells: readonly number[], options = {}) =>
  fitEncoding(tableOf([[category('c', values), cells]], cells.length), options).columns[0] as CategoryCode;

/** The error of a call, which must say what to do. */
function errorOf(call: () => unknown): { code: string; where: string; message: string } {
  try {
    call();
  } catch (error) {
    const { code, where, message, fix } = error as { code: string; where: string; message: string; fix: string };
    assert.ok(fix, message);
    return { code, where, message };
  }
  throw new Error('no error');
}

test('quantile knots by hand: ties are one knot at their mid-rank', () => {
  // 1 1 1 1 | 5 | 9 9 9: mid-ranks 2, 4.5, 6.5; of the way 0, 5 / 9, 1; an eighth toward 0, 1 / 2, 1.
  const code = numbers([9, 1, 9, 1, 5, 1, 9, 1]);
  assert.equal(code.values, [1, 5, 9]);
  assert.equal(code.at, [-1, Math.fround(2 * ((7 / 8) * (5 / 9) + 1 / 16) - 1), 1]);
  assert.equal(numbers([3, 3, 3]), {
    ...{ name: 'x', kind: 'integer', decimals: 0 },
    ...{ values: [3], at: [0], missing: false },
  });
  assert.equal(numbers([2, Number.NaN, 8]).missing, true);
  assert.equal(numbers([2, 4, 8], { scale: 'min-max' }).at, [-1, 1]);
  assert.equal(numbers([Number.NaN, Number.NaN]), { ...numbers([1]), values: [], at: [], missing: true });
});

test('with more values than knots: as many as asked, near the quantiles, heavy ties and extremes among them', () => {
  const values = new Values(1);
  for (const knots of [2, 3, 5, 33, 64]) {
    for (const share of [0, 0.3, 0.9]) {
      const cells = Array.from({ length: 4001 }, () =>
        values.stream.uniform() < share ? 777_777 : values.int(-500_000, 1_500_000),
      );
      const code = numbers(cells, { knots });
      const { values: xs, at } = code;
      assert.ok(xs.length <= knots && xs.length >= Math.min(knots, 2), `${xs.length} knots`);
      assert.is(xs[0], Math.min(...cells));
      assert.is(xs[xs.length - 1], Math.max(...cells));
      if (share > 0 && knots > 4) assert.ok(xs.includes(777_777), 'the tie');
      for (let i = 1; i < xs.length; i++) {
        assert.ok(xs[i] > xs[i - 1]);
        assert.ok(at[i] - at[i - 1] >= (1 - 1e-6) / (4 * (xs.length - 1)), 'knots too near');
        assert.is(Math.fround(at[i]), at[i]);
      }
      // Beside the knots the ranks of cells are theirs, up to what two neighbours are apart.
      const cellsOf = (low: number, high: number) => cells.filter((v) => v > low && v < high).length;
      const light = cells.filter((v) => !xs.includes(v)).length;
      const most = Math.max(...xs.slice(1).map((x, i) => cellsOf(xs[i], x)));
      if (share === 0) assert.ok(most <= light / (xs.length - 1) + 2, `${most} of ${light}`);
    }
  }
});

test('an even distribution is nearly uniform on [-1, 1], whatever its shape was', () => {
  const values = new Values(2);
  for (const shape of [(u: number) => u, (u: number) => u ** 4, (u: number) => Math.tan(3 * (u - 0.5))]) {
    const cells = Array.from({ length: 5000 }, () => Math.round(1e6 * shape(values.stream.uniform())));
    const distance = (scale: string) => {
      const { values: xs, at } = numbers(cells, { scale });
      const places = Float64Array.from(cells, (v) => interpolate(xs, at, v)).sort();
      return Math.max(...places.map((x, i) => Math.abs((x + 1) / 2 - (i + 0.5) / cells.length)));
    };
    // All cells between two of 33 knots may be at one end, where the tail is long.
    assert.ok(distance('quantile') < 1 / 32 + 0.002, `${distance('quantile')}`);
    if (shape(0.5) !== 0.5) assert.ok(distance('min-max') > 0.2, `${distance('min-max')}`);
  }
});

test('categories: rare values and those beyond the levels share a place; a lone one keeps its own', () => {
  const texts = ['a', 'b', 'c', 'd', 'unseen'];
  const cells = [...Array(9).fill(3), ...Array(6).fill(0), ...Array(2).fill(1), 2];
  assert.equal(choices(texts, cells), {
    ...{ name: 'c', kind: 'category', values: ['a', 'd'], rare: { values: ['b', 'c'], counts: [2, 1] } },
    missing: false,
  });
  assert.equal(choices(texts, cells, { rareBelow: 2 }).values, ['a', 'b', 'c', 'd']);
  const two = choices(texts, [...cells, Number.NaN], { rareBelow: 0, levels: 2 });
  assert.equal([two.values, two.rare?.values, two.missing], [['a', 'd'], ['b', 'c'], true]);
  assert.equal(choices(texts, cells, { rareBelow: 100 }).values, []);
  const gone = choices(['a'], [Number.NaN]);
  assert.equal([gone.values, gone.missing, blocksOf({ columns: [gone] })[0][0].width], [[], true, 1]);
});

test('the hold-out has no say, and the label is kept', () => {
  const table = oddTable(3, 60, 40);
  const without = { ...table, holdout: new Float64Array() };
  assert.equal(fitEncoding(table), fitEncoding(without));
  assert.is(fitEncoding({ ...table, label: 'yes' }).label, 'yes');
  assert.is(errorOf(() => fitEncoding({ ...table, train: new Float64Array() })).code, 'DATA');
  for (const bad of [{ knots: 1 }, { levels: 0.5 }, { rareBelow: -1 }]) {
    assert.is(errorOf(() => fitEncoding(table, bad)).code, 'CONFIG');
  }
  const far: Column = { name: 'far', kind: 'number', decimals: 1 };
  assert.equal(errorOf(() => fitEncoding(tableOf([[far, [1e308, -1e308]]], 2))).where, 'column "far"');
});

const COLUMNS: Column[] = [
  integer('age'),
  { name: 'price', kind: 'number', decimals: 2 },
  { name: 'day', kind: 'date', format: 'DD.MM.YYYY' },
  { name: 'sex', kind: 'category', values: ['m', 'f', 'x'] },
];
const GIVEN = {
  columns: {
    sex: { values: ['f', 'm'], missing: true },
    age: { low: 0, high: 120 },
    price: { low: -0.01, high: 99.99, missing: true },
    day: { low: '01.01.1970', high: '11.01.1970' },
  },
};

test('given bounds and values, in the order of the table', () => {
  const encoding = givenEncoding({ columns: COLUMNS, label: 'sex' }, JSON.parse(JSON.stringify(GIVEN)));
  assert.equal(encoding, {
    columns: [
      { name: 'age', kind: 'integer', decimals: 0, values: [0, 120], at: [-1, 1], missing: false },
      { name: 'price', kind: 'number', decimals: 2, values: [-0.01, 99.99], at: [-1, 1], missing: true },
      { name: 'day', kind: 'date', format: 'DD.MM.YYYY', values: [0, 10], at: [-1, 1], missing: false },
      { name: 'sex', kind: 'category', values: ['f', 'm'], missing: true },
    ],
    ...{ from: 'given', label: 'sex' },
  });
});

test('what is wrong in a file of bounds is named by its place', () => {
  const with_ = (name: string, entry: unknown) => ({ columns: { ...GIVEN.columns, [name]: entry } });
  const { age: _, ...short } = GIVEN.columns;
  const cases: [unknown, string, RegExp][] = [
    [null, 'b.json', /no object/],
    [[], 'b.json', /no object/],
    [{ columns: [] }, 'b.json, columns', /no object/],
    [{ columns: short }, 'b.json, columns', /"age" is not given/],
    [with_('weight', { low: 0, high: 1 }), 'b.json, columns.weight', /no such column/],
    [with_('age', 5), 'b.json, columns.age', /no object/],
    [with_('age', { low: 3, high: 3 }), 'b.json, columns.age', /not below/],
    [with_('age', { low: 30, high: 3 }), 'b.json, columns.age', /not below/],
    [with_('age', { low: 0 }), 'b.json, columns.age.high', /no number/],
    [with_('age', { low: '0', high: 9 }), 'b.json, columns.age.low', /no number/],
    [with_('age', { low: 0, high: 1.5 }), 'b.json, columns.age.high', /1.5 is no value/],
    [with_('price', { low: 0, high: 1.005 }), 'b.json, columns.price.high', /no value/],
    [with_('price', { low: 0, high: 1e301 }), 'b.json, columns.price.high', /no number/],
    [with_('age', { low: 0, high: 9, missing: 1 }), 'b.json, columns.age.missing', /neither/],
    [with_('age', { low: 0, high: 9, values: [] }), 'b.json, columns.age', /takes no "values"/],
    [with_('day', { low: '1970-01-01', high: '02.01.1970' }), 'b.json, columns.day.low', /no date/],
    [with_('day', { low: 0, high: 1 }), 'b.json, columns.day.low', /no date/],
    [with_('sex', { low: 0, high: 1 }), 'b.json, columns.sex', /takes no "low"/],
    [with_('sex', { values: [] }), 'b.json, columns.sex.values', /no list/],
    [with_('sex', { values: ['f', 1] }), 'b.json, columns.sex.values', /value 1 \(from 0\), 1, is no text/],
    [with_('sex', { values: ['f', 'm', 'f'] }), 'b.json, columns.sex.values', /"f" is there twice/],
  ];
  for (const [given, where, message] of cases) {
    const error = errorOf(() => givenEncoding({ columns: COLUMNS }, given, 'b.json'));
    assert.equal([error.code, error.where], ['CONFIG', where], error.message);
    assert.match(error.message, message);
  }
});

test('an encoding survives JSON; a damaged one is refused with its field', () => {
  for (const encoding of [
    fitEncoding({ ...oddTable(4, 80, 80), label: 'yes' }),
    fitEncoding(oddTable(5, 9, 9)),
    givenEncoding({ columns: COLUMNS }, GIVEN),
  ]) {
    const text = JSON.stringify(encoding);
    assert.equal(parseEncoding(JSON.parse(text)), JSON.parse(text));
  }
  type Loose = Record<string, unknown> & { columns: Record<string, unknown>[] };
  const cases: [RegExp, (e: Loose) => void][] = [
    [/encoding: /, (e) => Object.assign(e, { label: 'weight' })],
    [/encoding.from/, (e) => Object.assign(e, { from: 'heaven' })],
    [/encoding: /, (e) => Object.assign(e, { from: 'paid' })],
    [/encoding: /, (e) => Object.assign(e, { paid: { epsilon: 1, delta: 0 } })],
    [/encoding.columns: /, (e) => Object.assign(e, { columns: [] })],
    [/encoding: a column is there twice/, (e) => e.columns.push(e.columns[0])],
    [/encoding.columns.0.kind/, (e) => Object.assign(e.columns[0], { kind: 'colour' })],
    [/encoding.columns.0: /, (e) => Object.assign(e.columns[0], { values: [1, 0] })],
    [/encoding.columns.0: /, (e) => Object.assign(e.columns[0], { at: [-1, 0.5] })],
    [/encoding.columns.0.at.1/, (e) => Object.assign(e.columns[0], { at: [-1, 2] })],
    [/encoding.columns.0: /, (e) => Object.assign(e.columns[0], { at: [-1, 0, 1] })],
    [/encoding.columns.0: /, (e) => Object.assign(e.columns[0], { values: [], at: [] })],
    [/encoding.columns.0: /, (e) => Object.assign(e.columns[0], { values: [5], at: [1] })],
    [/encoding.columns.0: /, (e) => Object.assign(e.columns[0], { values: [-1e308, 1e308] })],
    [/encoding.columns.0.values.0/, (e) => Object.assign(e.columns[0], { values: [null, 1] })],
    [/encoding.columns.0: decimals/, (e) => Object.assign(e.columns[0], { decimals: 2 })],
    [/encoding.columns.0: a format/, (e) => Object.assign(e.columns[0], { format: 'YYYY-MM-DD' })],
    [/encoding.columns.1.decimals/, (e) => Object.assign(e.columns[1], { decimals: 101 })],
    [/encoding.columns.2: the format/, (e) => Object.assign(e.columns[2], { format: 'YYYY' })],
    [/encoding.columns.3: a value/, (e) => Object.assign(e.columns[3], { values: ['f', 'f'] })],
    [/encoding.columns.3: there are no/, (e) => Object.assign(e.columns[3], { values: [], missing: false })],
    [/encoding.columns.3: /, (e) => Object.assign(e.columns[3], { rare: { values: ['x', 'y'], counts: [1] } })],
    [/encoding.columns.3.rare.counts/, (e) => Object.assign(e.columns[3], { rare: { values: ['x'], counts: [0] } })],
  ];
  for (const [message, damage] of cases) {
    const encoding = JSON.parse(JSON.stringify(givenEncoding({ columns: COLUMNS }, GIVEN))) as Loose;
    damage(encoding);
    assert.throws(() => parseEncoding(encoding), message);
  }
  for (const other of [null, 1, 'x', [], {}]) assert.throws(() => parseEncoding(other), /^encoding/);
});

test.run();
