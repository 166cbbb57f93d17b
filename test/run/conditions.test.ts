import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Column } from '../../src/data/table.ts';
import { conditionOf, drawMatching, type Piece } from '../../src/run/conditions.ts';
import { matchingSamples, withKeys } from '../../src/run/samples.ts';
import { failure, rejection } from '../support/failure.ts';

const N = Number.NaN;
const COLUMNS: Column[] = [
  { name: 'sex', kind: 'category', values: ['F', 'M'] },
  { name: 'age', kind: 'integer', decimals: 0 },
  { name: 'age at end', kind: 'integer', decimals: 0 },
  { name: 'start', kind: 'date', format: 'DD.MM.YYYY' },
  { name: 'grade', kind: 'category', values: ['10', '2', '3'] },
];
//            F   30  40  1970-01-11  '10'
const ROW = [0, 30, 40, 10, 0];
const GONE = [N, N, N, N, N];

test('conditions, on a row and on one of missing cells', () => {
  const cases: [string, boolean, boolean][] = [
    ['sex=F', true, false],
    ['sex = F', true, false],
    ['sex!=F', false, true],
    ['sex=M', false, false],
    ['age>=30', true, false],
    ['age>30', false, false],
    ['age<30.5', true, false],
    ['age<=29', false, false],
    ['age at end=40', true, false],
    ['age at end<age', false, false],
    ['age<=age at end', true, false],
    ['age!=age at end', true, true],
    ['start>10.01.1970', true, false],
    ['start<=11.01.1970', true, false],
    ['grade>3', true, false],
    ['grade<10', false, false],
    ['grade>=grade', true, false],
    ['age>grade', true, false],
    ['sex=', false, true],
    ['age!=', true, false],
  ];
  for (const [text, row, gone] of cases) {
    const condition = conditionOf(text, COLUMNS, { where: 'require', columnsToo: true });
    assert.equal([condition(ROW, 0), condition(GONE, 0)], [row, gone], text);
    // Rows stand one behind the other.
    assert.is(condition([...GONE, ...ROW], 1), row, text);
  }
});

test('what is no condition is refused, with what there is', () => {
  const cases: [string, RegExp, RegExp][] = [
    ['age', /compares nothing/, /COLUMN=VALUE/],
    ['height>3', /names no column/, /sex, age/],
    ['sex=X', /never "X"/, /"F", "M"/],
    ['sex>F', /without an order/, /= or !=/],
    ['age>old', /not a number/, /COLUMN/],
    ['start>1970-01-01', /not a date as DD\.MM\.YYYY/, /COLUMN/],
    ['age>', /not a number/, /COLUMN/],
    ['sex<age', /cannot be compared|without an order/, /kind|=/],
  ];
  for (const [text, message, fix] of cases) {
    const error = failure(() => conditionOf(text, COLUMNS, { where: 'where', columnsToo: true }));
    assert.is(error.code, 'USAGE', text);
    assert.match(error.message, message);
    assert.match(error.fix, fix);
  }
  // Only `require` compares columns.
  assert.is(failure(() => conditionOf('age<age at end', COLUMNS, { where: 'where' })).code, 'USAGE');
});

/** Rows whose one category has value k with the given weight in ten, and a number that counts them. */
function drawing(weights: readonly number[]) {
  const columns: Column[] = [
    { name: 'c', kind: 'category', values: weights.map((_, i) => 'abc'[i]) },
    { name: 'i', kind: 'integer', decimals: 0 },
  ];
  const values = weights.flatMap((w, i) => Array<number>(w).fill(i));
  let next = 0;
  const draw = async (n: number): Promise<Piece> => {
    const cells = Float64Array.from({ length: 2 * n }, (_, k) => (k % 2 ? next : values[next % values.length]));
    for (let row = 0; row < n; row++) {
      cells[2 * row] = values[next % values.length];
      cells[2 * row + 1] = next++;
    }
    return { rows: Float32Array.from(cells), cells };
  };
  return { columns, draw };
}

test('keys get whole numbers at their places, and nothing else moves', () => {
  const columns = COLUMNS.slice(0, 2);
  const rows = { columns, cells: Float64Array.of(0, 30, 1, N) };
  const keys = [
    { name: 'code', at: 2 },
    { name: 'id', at: 0 },
  ];
  const made = withKeys(rows, keys, 10);
  assert.equal(
    made.columns.map(({ name }) => name),
    ['id', 'sex', 'code', 'age'],
  );
  assert.equal(Array.from(made.cells, String), ['11', '0', '11', '30', '12', '1', '12', 'NaN']);
  assert.is(withKeys(rows).cells, rows.cells);
});

test('rows that meet conditions, each drawn once, with the records that belong to them', async () => {
  const { columns, draw } = drawing([9, 1]);
  const conditions = [
    conditionOf('c=b', columns, { where: 'where' }),
    conditionOf('i>=100', columns, { where: 'where' }),
  ];
  const { rows, cells } = await drawMatching(draw, { n: 700, features: 2, columns, conditions });
  const numbers = Array.from(cells).filter((_, k) => k % 2);
  assert.equal(Array.from(rows), Array.from(cells));
  assert.is(new Set(numbers).size, 700);
  assert.ok(numbers.every((i) => i >= 100 && i % 10 === 9));
});

test('balanced rows have each value as often, or once more', async () => {
  for (const n of [6, 7, 100]) {
    const { columns, draw } = drawing([7, 2, 1]);
    const { cells } = await drawMatching(draw, { n, features: 2, columns, conditions: [], balance: 'c' });
    const counts = [0, 0, 0];
    for (let row = 0; row < n; row++) counts[cells[2 * row]]++;
    const order = Array.from(cells).filter((_, k) => k % 2);
    assert.equal(
      order,
      order.toSorted((a, b) => a - b),
      'in the order in which they were drawn',
    );
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
  }
});

test('where nothing or too little meets the conditions, that is said with counts', async () => {
  const of = (text: string, n: number, balance?: string) => {
    const { columns, draw } = drawing([9, 1]);
    const conditions = [conditionOf(text, columns, { where: 'where' })];
    return drawMatching(draw, { n, features: 2, columns, conditions, balance });
  };
  for (const [text, n, balance, message] of [
    ['i<0', 5, undefined, /^0 of 200000 rows/],
    ['i<-1', 5, 'c', /^0 of 200000 rows/],
  ] as const) {
    try {
      await of(text, n, balance);
      assert.unreachable(text);
    } catch (error) {
      assert.match((error as Error).message, message);
    }
  }
  // Of 100 rows ten have the rare value: that makes 20 balanced ones.
  const rare = await rejection(of('i<100', 50, 'c'));
  assert.match(rare.message, /^100 of 200000 rows .*, 10 of them with c=b, too few for 50$/);
  assert.match(rare.fix, /n: 20`/);
  assert.is((await of('i<100', 20, 'c')).cells.length, 40);
  try {
    await of('i>=0', 5, 'i');
    assert.unreachable('a number is balanced');
  } catch (error) {
    assert.match((error as Error).message, /number or a date/);
  }
});

/** A generator of numbers, each its own, and labels in turn. */
function numbers(labelled: boolean) {
  const streams: number[] = [];
  const gan = {
    sample: async (n: number, stream = 0) => {
      streams.push(stream);
      return Float32Array.from({ length: n }, (_, i) => (i + 10_000 * stream) / 2 ** 24);
    },
    labelsOf: (n: number) => (labelled ? Uint32Array.from({ length: n }, (_, i) => i % 3) : undefined),
  };
  const data = { shape: [1], features: 1, columns: ['x'], meta: {} };
  const job = { gan, data, run: { info: { seed: 1 } } } as unknown as Parameters<typeof matchingSamples>[0];
  const ask = (stream: number, where: string, n = 10) =>
    matchingSamples(job, { n, stream, asked: { where: [where], require: [] } });
  return { ask, streams };
}

test('labels stay with their rows, whatever is thrown away between them', async () => {
  const { ask } = numbers(true);
  const { rows, labels } = await ask(0, `x>=${100 / 2 ** 24}`);
  assert.equal(
    Array.from(labels ?? []),
    Array.from(rows, (x) => Math.round(x * 2 ** 24) % 3),
  );
  assert.is((await numbers(false).ask(0, 'x>=0')).labels, undefined);
});

test('no call takes a sequence twice, the first is its own, and neighbours share none', async () => {
  const taken = new Map<number, number[]>();
  for (const stream of [0, 1, 19, 20, 985, 1000]) {
    const { ask, streams } = numbers(false);
    assert.match((await rejection(ask(stream, 'x<0'))).message, /^0 of 200000 rows/);
    assert.is(streams[0], stream);
    assert.is(new Set(streams).size, streams.length);
    assert.ok(streams.every((at) => at >= 0 && at <= 1000));
    taken.set(stream, streams);
  }
  for (const near of [1, 19]) assert.not(taken.get(0)?.some((at) => taken.get(near)?.includes(at)));
});

test('images have no columns to name', async () => {
  const job = { gan: {}, data: { shape: [2, 2, 1] }, run: {} } as unknown as Parameters<typeof matchingSamples>[0];
  const asked = { where: ['x>0'], require: [] };
  assert.match((await rejection(matchingSamples(job, { n: 1, stream: 0, asked }))).message, /images have no columns/);
});

test.run();
