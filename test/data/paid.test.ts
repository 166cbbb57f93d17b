import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeRows } from '../../src/data/encoding/decode.ts';
import { encodeCells } from '../../src/data/encoding/encode.ts';
import { noiseBound } from '../../src/data/encoding/histogram.ts';
import { paidEncoding } from '../../src/data/encoding/private.ts';
import type { CategoryCode, CategoryColumn, Encoding, NumberCode, Table } from '../../src/data/table.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { codeOf, Values } from '../support/values.ts';
import { category, frequency, kept, number, seeded, times } from './paying.ts';
import { columnOf, oddTable, parseEncoding, tableOf } from './tables.ts';

/** 50,000 rows of six columns, by the shares that are known. */
function people(rows: number, seed: number): Table {
  const values = new Values(seed);
  const u = () => values.stream.uniform();
  const fill = (cell: () => number) => Array.from({ length: rows }, cell);
  // Zipf: 1, 1/2, 1/3, ... of 200 towns, so that the last ones are rare.
  const towns = Array.from({ length: 200 }, (_, i) => `town ${i}`);
  const sums = towns.map((_, i) => towns.slice(0, i + 1).reduce((sum, __, j) => sum + 1 / (j + 1), 0));
  const town = () => {
    const point = u() * sums[199];
    return sums.findIndex((sum) => point < sum);
  };
  return tableOf(
    [
      [number('age'), fill(() => Math.round(20 + 60 * u()))],
      [number('income', 2), fill(() => Number(Math.exp(10 + 0.8 * values.stream.normal()).toFixed(2)))],
      [
        { name: 'day', kind: 'date', format: 'YYYY-MM-DD' },
        fill(() => (u() < 0.2 ? Number.NaN : values.int(18_000, 19_500))),
      ],
      [category('town', ...towns), fill(town)],
      [{ name: 'sick', kind: 'boolean', values: ['no', 'yes'] }, fill(() => (u() < 0.1 ? 1 : 0))],
      [number('grade'), fill(() => values.int(1, 6))],
    ],
    rows,
  );
}

test('50,000 rows at epsilon 0.5: knots near the ranks of the cells, frequent values by frequency, few numbers cut', () => {
  const rows = 50_000;
  const table = people(rows, 1);
  for (let seed = 0; seed < 3; seed++) {
    const encoding = seeded({ ...table, label: 'sick' }, { epsilon: 0.5, delta: 1e-6 }, seed);
    assert.equal(encoding.paid, { epsilon: 0.5, delta: 1e-6 });
    assert.is(encoding.label, 'sick');
    const json = JSON.parse(JSON.stringify(encoding));
    assert.equal(parseEncoding(json), json);
    for (const [j, name] of ['age', 'income', 'day'].entries()) {
      const code = encoding.columns[j] as NumberCode;
      assert.is(code.missing, name === 'day', name);
      const cells = columnOf(table, j).filter((v) => !Number.isNaN(v));
      const cut = cells.filter((v) => v < code.values[0] || v > code.values[code.values.length - 1]).length;
      assert.ok(cut / rows < 0.03, `${name}: ${cut} cut`);
      // Without the eighth toward even spacing, knots lie at the ranks of the cells, those cut at the ends; between two cells.
      const { values, at } = code;
      const last = values.length - 1;
      const ranks = values.map((v, i) => {
        const less = cells.filter((cell) => i > 0 && cell < v).length;
        return i === last ? 1 : less / cells.length;
      });
      const off = at.map((x, i) => Math.abs(((x + 1) / 2 - i / last / 8) / (7 / 8) - ranks[i]));
      assert.ok(Math.max(...off) < 0.06, `${name}: ${Math.max(...off)}`);
    }
    const towns = encoding.columns[3] as CategoryCode;
    assert.equal(towns.values.slice(0, 3), ['town 0', 'town 1', 'town 2']);
    assert.ok(towns.values.length > 15 && towns.values.length <= 64 && !towns.rare);
    assert.equal(encoding.columns[4], { name: 'sick', kind: 'boolean', values: ['no', 'yes'], missing: false });
    // Each of few numbers lies between two knots of its own.
    assert.equal((encoding.columns[5] as NumberCode).values, [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]);
    const back = decodeRows(encoding, encodeCells(table.columns, table.train, encoding), { seed: 1 });
    const near = (j: number, off: number) =>
      columnOf(table, j).filter((v, i) => Math.abs(back.cells[6 * i + j] - v) <= off).length / rows;
    assert.is(near(5, 0), 1);
    assert.ok(near(0, 0) > 0.97 && near(1, 0.1) > 0.97, `${near(0, 0)}, ${near(1, 0.1)}`);
  }
});

test('little data, or little budget: a remedy, or coarse but sensible', () => {
  const table = people(300, 2);
  for (const [rows, epsilon] of [
    [0, 5],
    [1, 5],
    [300, 0.1],
  ]) {
    const part = { ...table, train: table.train.slice(0, 6 * rows) };
    try {
      seeded(part, { epsilon, delta: 1e-6 }, 1);
      assert.unreachable();
    } catch (error) {
      const { code, message, fix } = error as { code: string; message: string; fix: string };
      assert.equal(
        [code, /column "age"/.test(message), /Give its bounds, pay/.test(fix)],
        ['CONFIG', true, true],
        message,
      );
    }
  }
  const ids = Array.from({ length: 500 }, (_, i) => i);
  const unique = tableOf([[category('id', ...ids.map(String)), ids]], 500);
  assert.throws(() => seeded(unique, { epsilon: 1, delta: 1e-6 }, 1), /column "id" has no value seen/);
  for (let seed = 0; seed < 20; seed++) {
    const encoding = seeded(table, { epsilon: 20, delta: 1e-6 }, seed);
    const [age, , , towns] = encoding.columns as [NumberCode, NumberCode, NumberCode, CategoryCode];
    assert.ok(age.values[0] >= 8 && age.values[age.values.length - 1] <= 127, `${age.values}`);
    assert.ok(towns.values.length >= 1 && towns.values.length < 20);
    parseEncoding(encoding);
  }
  // Odd columns, half of them of one value, at a budget that shows them all.
  const odd = oddTable(1, 3000, 3000);
  const named = { ...odd, columns: odd.columns.slice(0, 15), train: odd.train.filter((_, i) => i % 16 < 15) };
  const encoding = seeded(named, { epsilon: 400, delta: 1e-3 }, 1);
  const [, , , , large, , one] = encoding.columns as NumberCode[];
  assert.equal([one.values, one.at], [[0.3], [0]]);
  assert.ok(large.values[0] > 5e11 && (large.values.at(-1) as number) < 1.2e12);
  const cells = decodeRows(encoding, encodeCells(named.columns, named.train, encoding), { seed: 1 }).cells;
  assert.is(cells.length, named.train.length);
});

test('a value that is not kept counts as the most frequent one; the order of rows and columns tells nothing', () => {
  const cells = [...times(1, 0), ...times(100, 1), ...times(300, 2), ...times(2, 3)];
  const table = tableOf([[category('c', 'first', 'b', 'a', 'last'), cells]], cells.length);
  const encoding = seeded(table, { epsilon: 1, delta: 1e-4 }, 3);
  assert.equal((encoding.columns[0] as CategoryCode).values, ['a', 'b']);
  const rows = encodeCells(table.columns, Float64Array.of(0, 1, 2, 3, Number.NaN), encoding);
  assert.equal(Array.from(rows), [1, 0, 0, 1, 1, 0, 1, 0, 1, 0]);
});

test('what is given costs nothing', async () => {
  const table = people(2000, 3);
  const given = { columns: { town: { values: ['town 0', 'elsewhere'] }, age: { low: 0, high: 120 } } };
  const partly = seeded(table, { epsilon: 8, delta: 1e-6, given }, 1);
  assert.equal((partly.columns[3] as CategoryCode).values, ['town 0', 'elsewhere']);
  assert.equal((partly.columns[0] as NumberCode).values, [0, 120]);
  assert.is(partly.from, 'paid');
  // The rest of the columns have more: 8 / 4 instead of 8 / 6 each, and all of delta for one category.
  const low = 1 + noiseBound(8 / 4, 1e-6);
  const cells = [...times(low + 2, 0), ...times(2000, 1)];
  const pair = tableOf(
    [[category('c', 'a', 'b'), cells], ...['x', 'y', 'z'].map((n) => [number(n), cells] as const)],
    cells.length,
  );
  const seen = (options: object) => frequency(pair, { epsilon: 8, delta: 1e-6, ...options }, kept(0, 'a'), 200);
  const free = { x: { low: 0, high: 1 }, y: { low: 0, high: 1 }, z: { low: 0, high: 1 } };
  assert.ok(seen({}) > 180 && seen({ epsilon: 4 }) < 20 && seen({ epsilon: 4, given: { columns: free } }) === 200);

  const only = { columns: { c: { values: ['a'] }, ...free } };
  assert.equal(Object.keys(seeded(pair, { epsilon: 1, delta: 1e-6, given: only }, 1)), ['columns', 'from']);
  assert.is(seeded(pair, { epsilon: 1, delta: 1e-6, given: only }, 1).from, 'given');
  const numbers = { ...pair, columns: pair.columns.slice(1), train: pair.train.filter((_, i) => i % 4 > 0) };
  assert.equal(seeded(numbers, { epsilon: 9, delta: 1e-6 }, 1).paid, { epsilon: 9, delta: 0 });
  assert.is(await codeOf(() => seeded(pair, { epsilon: 1, delta: 1e-6, given: { columns: { w: {} } } }, 1)), 'CONFIG');
});

test('columns that are counted though they are given: shares near those of the rows, within what was given', () => {
  const rows = 20_000;
  const table = people(rows, 4);
  const towns = Array.from({ length: 20 }, (_, i) => `town ${i}`);
  const given = {
    columns: {
      town: { values: [...towns, 'nowhere'] },
      age: { low: 10, high: 99 },
      day: { low: '1990-01-01', high: '2050-12-31', missing: true },
    },
  };
  const options = { epsilon: 4, delta: 1e-6, given, counts: true };
  const encoding = seeded(table, options, 1);
  assert.equal(parseEncoding(JSON.parse(JSON.stringify(encoding))), JSON.parse(JSON.stringify(encoding)));
  assert.equal(encoding.paid, { epsilon: 4, delta: 1e-6 });
  const [age, , day, town] = encoding.columns as [NumberCode, NumberCode, NumberCode, CategoryCode];
  assert.equal(town.values, given.columns.town.values);
  const cells = columnOf(table, 3);
  const texts = (table.columns[3] as CategoryColumn).values;
  const want = town.values.map((text) => cells.filter((cell) => texts[cell] === text).length / rows);
  // What is not given counts as the first value.
  want[0] += 1 - want.reduce((sum, share) => sum + share, 0);
  town.shares?.forEach((share, i) => {
    assert.ok(Math.abs(share - want[i]) < 0.01, `${town.values[i]}: ${share}, not ${want[i]}`);
  });
  assert.is(town.shares?.[20], 0);
  assert.equal([age.missing, age.shares, day.missing], [false, [], true]);
  assert.ok(age.values[0] >= 9.5 && (age.values.at(-1) as number) <= 99.5, `${age.values}`);
  const gone = columnOf(table, 2).filter((cell) => Number.isNaN(cell)).length / rows;
  assert.ok(Math.abs((day.shares?.[1] ?? 0) - gone) < 0.01, `${day.shares}`);
  // Evenly spread tanh(0.83 e) comes back with the shares of the rows, at a value that many have too.
  const few = tableOf([[number('n'), [...times(9000, 0), ...times(500, 7), ...times(500, 60)]]], 10_000);
  const [code] = seeded(few, { epsilon: 8, delta: 1e-6, counts: true }, 2).columns as NumberCode[];
  const n = 20_000;
  const draws = new Values(5).normal([n]).map((e) => Math.tanh(0.83 * e));
  const back = decodeRows({ columns: [code], from: 'given' }, draws, { seed: 1 }).cells;
  const zero = back.filter((cell) => cell === 0).length / n;
  assert.ok(Math.abs(zero - 0.9) < 0.02, `${zero}`);
});

test('one key, one encoding; fresh keys differ; options out of range are refused', async () => {
  const table = people(3000, 4);
  const options = { epsilon: 3, delta: 1e-5 };
  assert.equal(seeded(table, options, 5), seeded(table, options, 5));
  const numbers = (e: Encoding) => JSON.stringify(e.columns[0]);
  const known = { given: { columns: { town: { values: ['a'] } } } };
  assert.not.equal(
    numbers(paidEncoding(table, { ...options, ...known, key: PrivacyKey.fresh() })),
    numbers(paidEncoding(table, { ...options, ...known, key: PrivacyKey.fresh() })),
  );
  for (const bad of [
    { epsilon: 0 },
    { epsilon: Number.POSITIVE_INFINITY },
    { epsilon: 1e-9 },
    { delta: 0 },
    { delta: 1 },
    { knots: 3 },
    { levels: 0 },
  ]) {
    assert.is(await codeOf(() => seeded(table, { ...options, ...bad }, 1)), 'CONFIG', JSON.stringify(bad));
  }
  const few = seeded(table, { ...options, epsilon: 30, knots: 6, levels: 2 }, 1);
  assert.ok((few.columns[0] as NumberCode).values.length <= 6);
  assert.equal((few.columns[3] as CategoryCode).values.length, 2);
});

test.run();
