import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeRows } from '../../src/data/encoding/decode.ts';
import { encodeCells, encodeTable } from '../../src/data/encoding/encode.ts';
import { fitEncoding } from '../../src/data/encoding/encoding.ts';
import { inversionError, rounding } from '../../src/data/encoding/knots.ts';
import { givenEncoding } from '../../src/data/encoding/schema.ts';
import {
  blocksOf,
  type Column,
  type Encoding,
  type NumberCode,
  type Table,
  valueNames,
  widthOf,
} from '../../src/data/table.ts';
import { harden } from '../../src/ops/heads.ts';
import { codeOf, sameBits, Values } from '../support/values.ts';
import { columnOf, ODD_TEXTS, oddTable, parseEncoding, tableOf } from './tables.ts';

const hardRows = (encoding: Encoding, rows: Float32Array) => harden(Float32Array.from(rows), blocksOf(encoding).flat());
const EXACT = { rareBelow: 0, levels: 1000 };
const integer = (name: string): Column => ({ name, kind: 'integer', decimals: 0 });
const meta = { origin: 'test' };

/** Cells as values: numbers, texts, null where missing. */
function shown(columns: readonly Column[], cells: Float64Array): (number | string | null)[] {
  return Array.from(cells, (cell, i) => {
    const column = columns[i % columns.length];
    return Number.isNaN(cell) ? null : 'values' in column ? column.values[cell] : cell;
  });
}

const decoded = (encoding: Encoding, rows: Float32Array, seed = 1) => {
  const { columns, cells } = decodeRows(encoding, rows, { seed });
  return shown(columns, cells);
};

test('encode, then decode: every cell of every kind comes back', () => {
  for (let seed = 0; seed < 12; seed++) {
    const rows = [1, 2, 7, 40, 300, 2000][seed % 6];
    const table = oddTable(seed, rows, rows);
    for (const options of [{}, { knots: 4 }, { scale: 'min-max' as const }]) {
      const fitted = fitEncoding(table, { ...EXACT, ...options });
      // A generator's user has only the JSON.
      const encoding = parseEncoding(JSON.parse(JSON.stringify(fitted)));
      const { columns } = encoding;
      for (const code of columns) {
        if (!('at' in code)) continue;
        assert.ok(inversionError(code) < 0.5, `${code.name}: ${inversionError(code)}`);
      }
      const encoded = encodeCells(table.columns, table.train, encoding);
      assert.equal(decoded(encoding, encoded), shown(table.columns, table.train), `seed ${seed}`);
      sameBits(hardRows(encoding, encoded), encoded);
    }
  }
});

test('blocks hold what they should: scalars in [-1, 1], choices one-hot, 0 beside a missing cell', () => {
  const table = oddTable(20, 200, 150);
  const data = encodeTable(table, fitEncoding(table, EXACT), { name: 'odd', meta });
  const encoding = data.encoding as Encoding;
  assert.equal([data.rows, data.holdoutRows, data.features], [150, 50, widthOf(encoding)]);
  assert.equal(data.columns, valueNames(encoding));
  for (const part of [data.train, data.holdout]) {
    for (let row = 0; row < part.length; row += data.features) {
      for (const blocks of blocksOf(encoding)) {
        const values = blocks.map(({ at, width }) => Array.from(part.subarray(row + at, row + at + width)));
        for (const [i, { kind }] of blocks.entries()) {
          if (kind === 'scalar') assert.ok(Math.abs(values[i][0]) <= 1);
          else assert.equal([...values[i]].sort().join(), [...Array(values[i].length - 1).fill(0), 1].join());
        }
        if (blocks.length === 2 && values[1][1] === 1) assert.is(values[0][0], 0);
      }
    }
  }
});

test('by hand', () => {
  const columns: Column[] = [integer('n'), { name: 'c', kind: 'category', values: ['x', 'y'] }];
  const table: Table = {
    columns,
    train: Float64Array.of(0, 0, 10, 1, Number.NaN, Number.NaN),
    holdout: new Float64Array(),
  };
  const encoding = fitEncoding(table, { ...EXACT, scale: 'min-max' });
  assert.equal(valueNames(encoding), ['n', 'n=(present)', 'n=(missing)', 'c=x', 'c=y', 'c=(missing)']);
  const rows = Array.from(encodeCells(columns, Float64Array.of(5, 0, 20, 1, -7, Number.NaN, Number.NaN, 1), encoding));
  assert.equal(rows, [...[0, 1, 0, 1, 0, 0], ...[1, 1, 0, 0, 1, 0], ...[-1, 1, 0, 0, 0, 1], ...[0, 0, 1, 0, 1, 0]]);
  // -0.94 of -1 .. 1 is 0.3 of 0 .. 10.
  const row = Float32Array.of(-0.94, 0.6, 0.5, 0.1, 0.3, 0.2, -0.89, 0.1, 0.2, 0.4, 0.4, 0.2, 7, 1, 0, -1, -2, -0.5);
  assert.equal(decoded(encoding, row), [0, 'y', null, 'x', 10, null]);
  assert.equal(Array.from(hardRows(encoding, row).subarray(6)), [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1]);
});

test('what training never showed goes to the nearest place there is', () => {
  const columns: Column[] = [
    integer('n'),
    { name: 'shared', kind: 'category', values: ['a', 'b', 'c', 'new'] },
    { name: 'apart', kind: 'category', values: ['new', 'p', 'q'] },
  ];
  const train = Float64Array.of(1, 0, 1, 2, 0, 1, 3, 1, 2, 4, 2, 2);
  const table: Table = { columns, train, holdout: Float64Array.of(99, 3, 0, Number.NaN, Number.NaN, Number.NaN) };
  const encoding = fitEncoding(table, { rareBelow: 2 });
  assert.equal(valueNames(encoding), ['n', 'shared=a', 'shared=(rare)', 'apart=p', 'apart=q']);
  const { holdout } = encodeTable(table, encoding, { name: 't', meta });
  assert.equal(Array.from(holdout), [...[1, 0, 1, 1, 0], ...[0, 0, 1, 1, 0]]);
});

test('the edge of exactness: 2^25 steps in a straight line, one decimal more and cells differ', () => {
  const wrong = (steps: number, decimals: number) => {
    const column: Column = { name: 'x', kind: 'number', decimals };
    const high = steps / 10 ** decimals;
    const encoding = givenEncoding({ columns: [column] }, { columns: { x: { low: 0, high } } });
    const values = new Values(steps);
    const cells = Float64Array.from({ length: 20_000 }, () => {
      // Where f32 is coarsest: at both ends.
      const step = values.int(0, 200_000);
      return (values.int(0, 1) ? step : steps - step) / 10 ** decimals;
    });
    const back = decodeRows(encoding, encodeCells([column], cells, encoding), { seed: 1 }).cells;
    const error = inversionError(encoding.columns[0] as NumberCode);
    return { count: cells.filter((cell, i) => cell !== back[i]).length, within: error < 0.5 };
  };
  assert.equal(wrong(2 ** 25 - 4, 0), { count: 0, within: true });
  assert.equal(wrong(2 ** 25 - 4, 3), { count: 0, within: true });
  for (const decimals of [0, 3]) {
    const { count, within } = wrong(2 ** 26, decimals);
    assert.ok(!within && count > 1000, `${count} differ`);
  }
});

test('a generator may say anything: cells are valid values of their columns', () => {
  const values = new Values(7);
  for (let seed = 0; seed < 6; seed++) {
    const table = oddTable(30 + seed, 200, 200);
    const encoding = fitEncoding(table, { knots: 5 });
    const n = 500;
    const rows = values.normal([n * widthOf(encoding)]).map((v) => 3 * v);
    const { columns, cells } = decodeRows(encoding, rows, { seed });
    columns.forEach((column, j) => {
      const [there, source] = [columnOf({ columns, train: cells }, j), columnOf(table, j)];
      if (!source.some(Number.isNaN)) assert.not.ok(there.some(Number.isNaN), column.name);
      const known = source.filter((v) => !Number.isNaN(v));
      for (const cell of there.filter((v) => !Number.isNaN(v))) {
        if ('values' in column) {
          const original = table.columns[j] as { values: readonly string[] };
          assert.ok(original.values.includes(column.values[cell]), `${column.name} ${cell}`);
          continue;
        }
        assert.ok(cell >= Math.min(...known) && cell <= Math.max(...known), `${column.name}: ${cell}`);
        assert.is(rounding(encoding.columns[j] as NumberCode)(cell), cell);
        if (column.kind === 'integer') assert.ok(Number.isInteger(cell) && !Object.is(cell, -0));
        if (column.name === 'minute') assert.is(cell % 60, 0);
      }
    });
    // What is decoded encodes to the rows with hard choices, up to the rounding of numbers.
    if (encoding.columns.some((code) => 'rare' in code)) continue;
    const hard = hardRows(encoding, rows);
    const again = encodeCells(columns, cells, encoding);
    blocksOf(encoding).forEach(([{ kind, at, width }]) => {
      if (kind === 'scalar') return;
      for (let i = at; i < hard.length; i += widthOf(encoding)) {
        assert.equal(Array.from(again.subarray(i, i + width)), Array.from(hard.subarray(i, i + width)));
      }
    });
  }
});

test('bounds hold after rounding', () => {
  const code = { name: 'x', kind: 'number', decimals: 1, values: [0.16, 0.94], at: [-1, 1], missing: false } as const;
  const back = (bounds: number[], decimals: number, x: number) =>
    decodeRows({ columns: [{ ...code, decimals, values: bounds }], from: 'given' }, Float32Array.of(x), { seed: 1 })
      .cells[0];
  assert.equal([back([0.16, 0.94], 1, -1), back([0.16, 0.94], 1, 1)], [0.2, 0.9]);
  assert.equal([back([-0.34, 0.16], 1, -1), back([-0.04, 0.16], 1, -1)], [-0.3, 0]);
  assert.equal([back([0.14, 0.24], 1, -1), back([0.4, 0.45], 0, 1)], [0.2, 0]);
  assert.is(back([1.1, 2.2], 1, -1), 1.1);
});

test('values of the shared place come by their counts, a function of seed, row and column', () => {
  const texts = ['often', 'three', 'one', 'two'];
  const cells = [...Array(50).fill(0), 1, 1, 1, 2, 3, 3];
  const table = tableOf([[{ name: 'c', kind: 'category', values: texts }, cells]], cells.length);
  const encoding = fitEncoding(table);
  assert.equal(valueNames(encoding), ['c=often', 'c=(rare)']);
  const n = 30_000;
  const rows = Float32Array.from({ length: 2 * n }, (_, i) => i % 2);
  const { columns, cells: drawn } = decodeRows(encoding, rows, { seed: 5 });
  assert.equal(columns[0], { name: 'c', kind: 'category', values: texts });
  const shares = [0, 1, 2, 3].map((value) => drawn.filter((v) => v === value).length / n);
  [0, 3 / 6, 1 / 6, 2 / 6].forEach((p, i) => {
    assert.ok(Math.abs(shares[i] - p) <= 4.9 * Math.sqrt((p * (1 - p)) / n), `${texts[i]}: ${shares[i]}`);
  });
  const second = decodeRows(encoding, rows.subarray(2000), { seed: 5, first: 1000 }).cells;
  assert.equal(Array.from(second), Array.from(drawn.subarray(1000)));
  assert.not.equal(Array.from(decodeRows(encoding, rows, { seed: 6 }).cells), Array.from(drawn));
});

test('columns are found by name; another table, too many values, and NaN are refused', async () => {
  const table = oddTable(8, 30, 30);
  const encoding = fitEncoding(table);
  const order = table.columns.map((_, j) => table.columns.length - 1 - j);
  const width = order.length;
  const turned = Float64Array.from(table.train, (_, i) => table.train[i - (i % width) + order[i % width]]);
  sameBits(
    encodeCells(
      order.map((j) => table.columns[j]),
      turned,
      encoding,
    ),
    encodeCells(table.columns, table.train, encoding),
  );
  assert.is(await codeOf(() => encodeCells(table.columns.slice(1), new Float64Array(), encoding)), 'DATA');
  for (const [j, column] of [
    [0, { name: 'age', kind: 'date', format: 'YYYY' }],
    [0, { name: 'age', kind: 'category', values: [] }],
    [9, { name: 'day', kind: 'date', format: 'YYYY-MM-DD' }],
    [12, { name: 'odd "text"', kind: 'integer', decimals: 0 }],
  ] as [number, Column][]) {
    const columns = table.columns.map((own, i) => (i === j ? column : own));
    assert.is(await codeOf(() => encodeCells(columns, new Float64Array(), encoding)), 'DATA');
  }
  const wide = { name: 'c', kind: 'category', values: ODD_TEXTS.flatMap((a) => ODD_TEXTS.map((b) => a + b)) } as const;
  const many: Table = { columns: [wide], train: new Float64Array(6_000_000), holdout: new Float64Array() };
  const given = givenEncoding(many, { columns: { c: { values: wide.values } } });
  assert.is(await codeOf(() => encodeTable(many, given, { name: 'wide', meta })), 'OVER_LIMIT');
  const rows = new Float32Array(widthOf(encoding));
  assert.is(await codeOf(() => decodeRows(encoding, rows.subarray(1), { seed: 1 })), 'SHAPE');
  assert.is(await codeOf(() => decodeRows(encoding, rows.fill(Number.NaN), { seed: 1 })), 'NAN');
});

test.run();
