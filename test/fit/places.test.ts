import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ColumnCode, NumberCode } from '../../src/data/table.ts';
import { Measured } from '../../src/fit/measured.ts';
import { assign, cellsOf, type Fine, nearestShares, pairCounts, placesOf, tripleCounts } from '../../src/fit/places.ts';
import { denoised, shrunk } from '../../src/fit/shrink.ts';
import { estimatedTotal, merged, targetsOf } from '../../src/fit/targets.ts';
import { failure } from '../support/failure.ts';
import { near, Values } from '../support/values.ts';

const number = (low: number, high: number, more: Partial<NumberCode> = {}): NumberCode => ({
  ...{ name: 'x', kind: 'integer', decimals: 0, values: [low, high], at: [-1, 1], missing: false, ...more },
});
const category = (values: readonly string[], missing = false): ColumnCode => ({
  name: 'c',
  kind: 'category',
  values,
  missing,
});
const bins = (low: number, high: number) => Array.from({ length: high - low + 2 }, (_, i) => low + i);

test('shares nearest to noisy counts: none negative, adding up to one', () => {
  assert.equal(Array.from(nearestShares([6, 3, 1])), [0.6, 0.3, 0.1]);
  near(nearestShares([11, 4, -5]), [0.85, 0.15, 0]);
  near(nearestShares([-3, -3]), [0.5, 0.5]);
  const noisy = new Values(3).normal([50]).map((x) => 20 * x + 10);
  const shares = nearestShares(noisy);
  assert.ok(shares.every((x) => x >= 0));
  near([shares.reduce((a, b) => a + b)], [1]);
});

test('a number that many have is a place of its own, its neighbours share by their counts', () => {
  const look: Fine = {
    code: number(0, 9),
    edges: bins(0, 9),
    noisy: [10, 10, 900, 10, 10, 10, 10, 10, 20, 10],
    sigma: 1,
  };
  const { groups, counts, merged: of } = placesOf(look, { most: 20, sigma: 1 });
  assert.is(groups.filter((g) => g === groups[2]).length, 1, 'the spike is alone');
  assert.is(counts[groups[2]], 900);
  assert.is(
    Array.from(of).reduce((a, b) => a + b),
    10,
  );
  assert.ok(
    groups.every((g, i) => i === 0 || g === groups[i - 1] || g === groups[i - 1] + 1),
    'neighbours',
  );
  for (const most of [1, 2, 5, 20]) {
    const widths = placesOf(look, { most, sigma: 1 }).counts.length;
    assert.ok(widths >= 1 && widths <= most, `${widths} of at most ${most}`);
  }
});

test('rare values share a place, and one that would be alone there does not', () => {
  const look: Fine = { code: category(['a', 'b', 'c', 'd']), noisy: [500, 4, 480, -3], sigma: 5 };
  assert.equal(placesOf(look, { most: 32, sigma: 40 }).groups, [0, 2, 1, 2]);
  assert.equal(placesOf({ ...look, noisy: [500, 4, 480, 300] }, { most: 32, sigma: 40 }).groups, [0, 1, 2, 3]);
  // Two places at most, of which the rare ones take one.
  assert.equal(placesOf({ ...look, noisy: [500, 400, 480, 300] }, { most: 2, sigma: 1 }).groups, [0, 1, 1, 1]);
});

test('ten thousand values, twenty rows, one value, missing cells', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `v${i}`);
  const noisy = many.map((_, i) => (i < 3 ? 400 : (i % 7) - 3));
  const { groups, counts } = placesOf({ code: category(many), noisy, sigma: 3 }, { most: 32, sigma: 20 });
  assert.ok(counts.length <= 32 && new Set(groups.slice(0, 3)).size === 3);
  const one: Fine = { code: category(['only'], true), noisy: [20, -1], sigma: 5 };
  assert.equal(placesOf(one, { most: 32, sigma: 50 }).groups, [0, 1]);
  const few = placesOf(
    { code: number(0, 4), edges: bins(0, 4), noisy: [9, -3, 8, 2, 4], sigma: 5 },
    { most: 32, sigma: 9 },
  );
  assert.ok(few.shares.every((x) => x >= 0 && x <= 1));
});

test('cells that are drawn are cells that the column can write, and come back to their place', () => {
  const random = new Values(5).stream;
  const codes: [Fine, (cell: number) => boolean][] = [
    [
      { code: number(-3, 12), edges: [-3, 0, 1, 13], noisy: [5, 50, 9], sigma: 1 },
      (x) => Number.isInteger(x) && x >= -3 && x <= 12,
    ],
    [
      { code: number(0, 2.5, { kind: 'number', decimals: 1 }), edges: [0, 10, 26], noisy: [3, 4], sigma: 1 },
      (x) => x >= 0 && x <= 2.5 && Number(x.toFixed(1)) === x,
    ],
    [
      {
        code: { ...number(100, 109), kind: 'date', decimals: undefined, format: 'YYYY-MM-DD' },
        edges: [100, 105, 110],
        noisy: [1, 1],
        sigma: 1,
      },
      (x) => Number.isInteger(x) && x >= 100 && x <= 109,
    ],
    [
      { code: category(['a', 'b', 'c'], true), noisy: [9, 0, 3, 4], sigma: 1 },
      (x) => Number.isNaN(x) || [0, 1, 2].includes(x),
    ],
  ];
  for (const [look, valid] of codes) {
    const places = placesOf(look, { most: 8, sigma: 0.5 });
    const draw = cellsOf(places);
    const column =
      'at' in look.code
        ? look.code.kind === 'date'
          ? { name: 'x', kind: 'date' as const, format: 'YYYY-MM-DD' }
          : { name: 'x', kind: look.code.kind, decimals: look.code.decimals ?? 0 }
        : { name: 'c', kind: 'category' as const, values: look.code.values };
    for (let place = 0; place < places.counts.length; place++) {
      for (let i = 0; i < 60; i++) {
        const cell = draw(place, random.uniform(), i === 0 ? 1 - 2 ** -53 : random.uniform());
        assert.ok(valid(cell), `${cell} of place ${place}`);
        assert.is(assign(Float64Array.of(cell), [column], [places])[0][0], place, `${cell}`);
      }
    }
  }
});

test('within a place values are as frequent as their counts say', () => {
  const places = placesOf(
    { code: number(0, 3), edges: bins(0, 3), noisy: [30, 10, 0, 60], sigma: 1 },
    { most: 1, sigma: 1 },
  );
  const draw = cellsOf(places);
  const found = [0, 0, 0, 0];
  for (let i = 0; i < 1000; i++) found[draw(0, (i + 0.5) / 1000, 0)]++;
  assert.equal(found, [300, 100, 0, 600]);
});

test('values beyond the bounds, unknown and missing ones go where the encoding puts them', () => {
  const x = placesOf(
    { code: number(0, 9), edges: bins(0, 9), noisy: Array(10).fill(10), sigma: 1 },
    { most: 10, sigma: 1 },
  );
  const column = { name: 'x', kind: 'integer' as const, decimals: 0 };
  assert.equal(Array.from(assign(Float64Array.of(-5, 99, Number.NaN), [column], [x])[0]), [0, 9, 5]);
  const c = placesOf({ code: category(['a', 'b']), noisy: [10, 10], sigma: 1 }, { most: 10, sigma: 1 });
  const source = { name: 'c', kind: 'category' as const, values: ['b', 'new', 'a'] };
  assert.equal(Array.from(assign(Float64Array.of(0, 1, 2, Number.NaN), [source], [c])[0]), [1, 0, 0, 0]);
});

test('values too rare to be named go with named ones by their shares, each text with one', () => {
  const look: Fine = { code: category(['a', 'b']), noisy: [300, 100], sigma: 1, spread: true };
  const places = placesOf(look, { most: 4, sigma: 1 });
  const source = { name: 'c', kind: 'category' as const, values: Array.from({ length: 4000 }, (_, i) => `rare ${i}`) };
  const found = assign(Float64Array.from(source.values.keys()), [source], [places])[0];
  const share = found.filter((place) => place === 1).length / 4000;
  assert.ok(Math.abs(share - 0.25) < 0.05, `${share}`);
  assert.equal(Array.from(assign(Float64Array.of(7, 7), [source], [places])[0]), [found[7], found[7]]);
});

test('rows are counted by their places', () => {
  const [a, b, c] = [Uint16Array.of(0, 1, 1, 0), Uint16Array.of(2, 0, 0, 2), Uint16Array.of(0, 0, 1, 0)];
  assert.equal(Array.from(pairCounts(a, 2, b, 3)), [0, 0, 2, 2, 0, 0]);
  assert.equal(Array.from(tripleCounts([a, b, c], [2, 3, 2])), [0, 0, 0, 0, 2, 0, 1, 1, 0, 0, 0, 0]);
});

test('singular values: what noise reaches is dropped, what is beyond stays nearly whole', () => {
  const random = new Values(11).stream;
  const noise = Array.from({ length: 20 * 12 }, () => random.normal());
  // The edge of pure noise is approached from below; three in a hundred are beyond.
  const quiet = shrunk(
    noise.map((x) => 0.9 * x),
    20,
    12,
    1,
  );
  assert.ok(quiet.every((x) => x === 0));
  const [u, v] = [20, 12].map((n) => Array.from({ length: n }, (_, i) => Math.cos(3 * i)));
  const signal = u.flatMap((a) => v.map((b) => 40 * a * b));
  for (const [rows, columns, table] of [
    [20, 12, signal],
    [12, 20, v.flatMap((b) => u.map((a) => 40 * a * b))],
  ] as const) {
    const found = shrunk(
      table.map((x, i) => x + noise[i]),
      rows,
      columns,
      1,
    );
    const [before, after] = [
      noise.reduce((s, x) => s + x * x, 0),
      found.reduce((s, x, i) => s + (x - table[i]) ** 2, 0),
    ];
    assert.ok(after < 0.3 * before, `${rows} x ${columns}: ${after} of ${before}`);
  }
  // A table that is independent stays so, but for what half of the noise leaves.
  const [a, b] = [Float64Array.of(0.5, 0.5), Float64Array.of(0.2, 0.3, 0.5)];
  const exact = [100, 150, 250, 100, 150, 250];
  near(denoised(exact, { a, b, total: 1000, sigma: 5 }), exact, { absolute: 1e-9 });
});

test('targets: precisions add up, totals are weighted by theirs, squares are symmetric', () => {
  const [one] = merged([
    { columns: [0, 1], sigma: 1, counts: [10, 20] },
    { columns: [0, 1], sigma: 2, counts: [20, 10] },
  ]);
  near(one.counts, [12, 18]);
  near([one.precision], [1.25]);
  const column = (counts: number[], sigma: number) => ({
    counts,
    merged: [1, 1],
    sigma,
    shares: nearestShares(counts),
  });
  near([estimatedTotal([column([60, 40], 1), column([50, 60], 2)])], [102]);
  assert.is(estimatedTotal([column([-5, -6], 1)]), 1);
  const blocks = [
    { kind: 'choice', at: 0, width: 2 },
    { kind: 'choice', at: 2, width: 2 },
    { kind: 'choice', at: 4, width: 2 },
  ] as const;
  const columns = [column([60, 40], 2), column([50, 50], 2), column([10, 90], 2)];
  const tables = [{ columns: [0, 2], sigma: 4, counts: [6, 54, 4, 36] }];
  const { target, weight, cells } = targetsOf(blocks, columns, tables, { total: 100, usual: 4 });
  assert.is(cells, 10);
  const at = (square: Float32Array, i: number, j: number) => square[i * 7 + j];
  for (let i = 0; i < 7; i++) {
    for (let j = 0; j < 7; j++) {
      assert.is(at(target, i, j), at(target, j, i));
      assert.is(at(weight, i, j), at(weight, j, i));
    }
  }
  near([at(target, 0, 6), at(target, 0, 4), at(target, 1, 5)], [0.6, 0.06, 0.36], { absolute: 1e-3 });
  near([at(weight, 0, 6), at(weight, 0, 4)], [100 ** 2 / 4 / 10, 100 ** 2 / 16 / 10]);
  assert.ok(at(weight, 0, 2) < 0, 'a pair of which nothing is known is drawn to independence');
  assert.is(at(weight, 0, 1), 0, 'the places of one column');
});

test('what was measured is stored and read again, and refused where it is damaged', () => {
  const places = [
    placesOf({ code: category(['a', 'b']), noisy: [5, 6], sigma: 1 }, { most: 8, sigma: 1 }),
    placesOf({ code: number(0, 2), edges: bins(0, 2), noisy: [1, 2, 3], sigma: 1 }, { most: 8, sigma: 1 }),
  ];
  const width = places[1].counts.length;
  const measured = new Measured(places, 11, [{ columns: [0, 1], sigma: 2, counts: Array(2 * width).fill(3) }]);
  const json = JSON.parse(JSON.stringify(measured.toJson()));
  const again = Measured.fromJson(json, 'run');
  assert.equal(again.toJson(), measured.toJson());
  assert.equal(again.blocks, measured.blocks);
  assert.is(again.total, 11);
  const broken: [string, (j: typeof json) => void][] = [
    ['columns', (j) => void j.columns[0].groups.pop()],
    ['tables.0', (j) => void j.tables[0].counts.pop()],
    ['tables.0', (j) => void (j.tables[0].columns = [0, 9])],
    ['format', (j) => void (j.format = 2)],
    ['columns', (j) => void (j.columns[1].edges = [0, 1])],
  ];
  for (const [what, damage] of broken) {
    const copy = structuredClone(json);
    damage(copy);
    const error = failure(() => Measured.fromJson(copy, 'run'));
    assert.is(error.code, 'FILE');
    assert.ok(error.message.includes(what), `${error.message} names ${what}`);
  }
  assert.is(failure(() => Measured.fromJson(undefined, 'run')).code, 'FILE');
});

test.run();
