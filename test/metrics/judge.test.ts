/** Tables of counts, features of rows and detection: by hand, against other ways to compute them, and in odd cases. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import { detectionAuc } from '../../src/metrics/detection.ts';
import { type ColumnRule, featuresOf } from '../../src/metrics/features.ts';
import { type Coded, levelsOf, UNKNOWN } from '../../src/metrics/levels.ts';
import { columnLists, countsApart, productShares, tableCounts, tableDistances } from '../../src/metrics/multiway.ts';
import { Values } from '../support/values.ts';

const { NaN: GONE } = Number;
const f64 = (...v: number[]) => Float64Array.from(v);
const coded = (places: number, ...cells: number[]): Coded => ({ places, cells: Uint8Array.from(cells) });
const values = new Values(7);
const stream = () => new PhiloxStream(3, 'test judge');
const close = (value: number, want: number, what = '') =>
  assert.ok(Math.abs(value - want) < 1e-12, `${what} ${value} is not ${want}`);

test('levels: single values with places for others and missing; bins between quantiles beyond 20', () => {
  const few = levelsOf(f64(5, 2, GONE, 5, 9));
  assert.equal([few.places, few.single], [5, true]);
  assert.equal([...few.code(f64(2, 5, 9, 4, 10, 1, UNKNOWN, GONE)).cells], [0, 1, 2, 3, 3, 3, 3, 4]);
  const twenty = levelsOf(Float64Array.from({ length: 40 }, (_, i) => i % 20));
  assert.equal([twenty.single, twenty.places], [true, 22]);
  // 0 .. 100: the 5 %, 10 %, ... quantiles are 5, 10, ..., and each starts a bin.
  const many = levelsOf(Float64Array.from({ length: 101 }, (_, i) => i));
  assert.equal([many.single, many.places], [false, 22]);
  assert.equal([...many.code(f64(-7, 4.9, 5, 94, 95, 1e9, UNKNOWN, GONE)).cells], [0, 0, 1, 18, 19, 19, 20, 21]);
  // Nine of ten are 0: equal quantiles are one edge, of which nothing is below.
  const spike = levelsOf(Float64Array.from({ length: 1000 }, (_, i) => (i < 960 ? 0 : i)));
  assert.equal([spike.single, spike.places], [false, 4]);
  assert.equal([...spike.code(f64(-1, 0, 999)).cells], [0, 1, 1]);
  const constant = levelsOf(f64(3, 3));
  assert.equal([...constant.code(f64(3, 4, GONE)).cells], [0, 1, 2]);
  const nothing = levelsOf(f64(GONE, GONE));
  assert.equal([nothing.places, ...nothing.code(f64(GONE, 1)).cells], [2, 1, 0]);
});

test('tables of one, two and three columns by hand', () => {
  const [a, b, c] = [coded(2, 0, 0, 1, 1), coded(3, 0, 2, 2, 1), coded(2, 1, 1, 0, 0)];
  assert.equal([...tableCounts([b])], [1, 1, 2]);
  assert.equal([...tableCounts([a, b])], [1, 0, 1, 0, 1, 1]);
  assert.equal([...tableCounts([a, b, c])], [0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0]);
  close(countsApart(Uint32Array.of(1, 3), 4, Uint32Array.of(2, 0), 2), 0.75);
  // Both columns alone are as they should be, and together nothing is.
  const train = [coded(2, 0, 1, 0, 1), coded(2, 0, 1, 0, 1)];
  const crossed = [coded(2, 0, 1), coded(2, 1, 0)];
  const found = tableDistances(train, [crossed, train], [[0], [1], [0, 1]]);
  assert.equal(found.others, [
    [0, 0, 1],
    [0, 0, 0],
  ]);
  // Two columns that are one, against four cells of a quarter.
  assert.equal(found.independent, [0, 0, 0.5]);
  assert.equal([...productShares([f64(0.25, 0.75), f64(0.5, 0, 0.5)])], [0.125, 0, 0.125, 0.375, 0, 0.375]);
  assert.equal(tableDistances(train, [crossed], []), { others: [[]], independent: [] }, 'no tables');
});

test('tables agree with counts by names, whatever the columns', () => {
  const draw = (rows: number) =>
    [3, 1, 5].map((places) => coded(places, ...Array.from({ length: rows }, () => values.int(0, places - 1))));
  const [train, other] = [draw(50), draw(31)];
  for (const list of [[2], [0, 2], [0, 1, 2]]) {
    const shares = (rows: readonly Coded[]) => {
      const [{ cells }] = rows;
      const map = new Map<string, number>();
      cells.forEach((_, i) => {
        const key = list.map((j) => rows[j].cells[i]).join();
        map.set(key, (map.get(key) ?? 0) + 1 / cells.length);
      });
      return map;
    };
    const [p, q] = [shares(train), shares(other)];
    const keys = new Set([...p.keys(), ...q.keys()]);
    const want = [...keys].reduce((sum, key) => sum + Math.abs((p.get(key) ?? 0) - (q.get(key) ?? 0)) / 2, 0);
    close(tableDistances(train, [other], [list]).others[0][0], want, list.join());
  }
});

test('lists of columns: all in order, none of too few, some by chance without repeats', () => {
  assert.equal(columnLists(4, 2, 6, stream()).map(String), ['0,1', '0,2', '0,3', '1,2', '1,3', '2,3']);
  assert.equal([columnLists(1, 2, 9, stream()), columnLists(2, 3, 9, stream())], [[], []]);
  assert.equal(columnLists(3, 3, 1, stream()), [[0, 1, 2]]);
  const some = columnLists(30, 3, 200, stream());
  assert.is(new Set(some.map(String)).size, 200);
  assert.ok(some.every(([a, b, c]) => a < b && b < c && c < 30 && a >= 0));
  assert.equal(some, columnLists(30, 3, 200, stream()), 'the same by the same seed');
});

const rule = (nominal: boolean, train: Float64Array): ColumnRule => ({ nominal, train, levels: levelsOf(train) });

test('features: one-hot levels, standardised numbers, frequent names; a column left out', () => {
  const number = Float64Array.from({ length: 25 }, (_, i) => i);
  const town = Float64Array.from({ length: 25 }, (_, i) => (i < 2 ? 0 : i));
  const features = featuresOf([
    rule(true, f64(1, 0, GONE, ...new Array<number>(22).fill(1))),
    rule(false, number),
    rule(true, town),
  ]);
  const cells = [f64(0, GONE, UNKNOWN), f64(12, GONE, 25), f64(24, 0, UNKNOWN)];
  const width = 4 + 2 + 24;
  const rows = features.rows(cells);
  assert.is(rows.length, 3 * width);
  const row = (i: number) => Array.from(rows.subarray(i * width, (i + 1) * width));
  const spread = Math.sqrt((25 * 25 - 1) / 12);
  assert.equal(row(0).slice(0, 6), [1, 0, 0, 0, 0, 0]);
  assert.equal(row(1).slice(0, 6), [0, 0, 0, 1, 0, 1]);
  assert.equal(row(2).slice(0, 6), [0, 0, 1, 0, Math.fround(13 / spread), 0]);
  // The value that is there twice comes first; one that nobody has seen has no feature.
  assert.equal(
    [0, 1, 2].map((i) => row(i).slice(6).indexOf(1)),
    [23, 0, -1],
  );
  assert.equal(features.rows(cells, 1).length, 3 * (width - 2));
  const binned = featuresOf([rule(false, number)], { bins: true });
  assert.equal(binned.rows([f64(0)]).length, 2 + 22);
});

test('detection: half where rows are alike, nearly one where they are not, and no row judged by its own model', () => {
  const draw = (rows: number, shift: number) => values.normal([rows, 2]).map((v, i) => v + (i % 2 ? shift : 0));
  const same = detectionAuc(draw(400, 0), draw(400, 0), 2, stream());
  assert.ok(Math.abs(same - 0.5) < 0.1, `${same}`);
  assert.ok(detectionAuc(draw(400, 0), draw(400, 5), 2, stream()) > 0.99);
  // As many features as rows fit any labels: only what is judged by other rows stays at a half.
  const wide = 60;
  const alone = detectionAuc(values.normal([60, wide]), values.normal([60, wide]), wide, stream());
  assert.ok(Math.abs(alone - 0.5) < 0.2, `${alone}`);
  const equal = new Float64Array(8).fill(1);
  assert.is(detectionAuc(Float32Array.from(equal), Float32Array.from(equal), 1, stream()), 0.5);
});

test.run();
