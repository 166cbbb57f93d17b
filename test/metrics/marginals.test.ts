/** Distances of columns and associations of pairs, by hand and against other ways to compute them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { associations, binsOf, cramersV, pairsOf } from '../../src/metrics/association.ts';
import {
  kolmogorovSmirnov,
  marginalDistance,
  missingShare,
  type Numbers,
  type Places,
  placeShares,
  totalVariation,
} from '../../src/metrics/marginals.ts';
import { Values } from '../support/values.ts';

const close = (value: number, want: number, what = '') =>
  assert.ok(Math.abs(value - want) < 1e-12, `${what} ${value} is not ${want}`);
const places = (count: number, ...cells: number[]): Places => ({ places: count, cells: Uint32Array.from(cells) });
const numbers = (...cells: number[]): Numbers => ({ cells: Float64Array.from(cells) });

test('categories: total variation', () => {
  assert.equal(Array.from(placeShares(places(3, 0, 0, 2, 0))), [0.75, 0, 0.25]);
  close(totalVariation(Float64Array.of(0.5, 0.5, 0), Float64Array.of(0.2, 0.5, 0.3)), 0.3);
  close(marginalDistance(places(3, 0, 0, 2, 0), places(3, 1, 1)), 1, 'nothing in common');
  // .75 0 .25 and .5 .5 0
  close(marginalDistance(places(3, 0, 0, 2, 0), places(3, 0, 1)), 0.5);
});

test('numbers: Kolmogorov-Smirnov, and missing cells', () => {
  close(kolmogorovSmirnov(Float64Array.of(1, 2, 3, 4), Float64Array.of(1, 2, 3, 4)), 0);
  close(kolmogorovSmirnov(Float64Array.of(1, 2), Float64Array.of(3, 4)), 1);
  // At 5: all of four and one of two.
  close(kolmogorovSmirnov(Float64Array.of(1, 2, 2, 5), Float64Array.of(2, 9)), 0.5);
  assert.equal(kolmogorovSmirnov(new Float64Array(0), new Float64Array(0)), 0);
  assert.equal(kolmogorovSmirnov(new Float64Array(0), Float64Array.of(1)), 1);
  close(missingShare(Float64Array.of(Number.NaN, 1, 2, Number.NaN)), 0.5);
  // Equal where they are there, and half of them missing against none.
  close(marginalDistance(numbers(1, Number.NaN, 2, Number.NaN), numbers(2, 1)), 0.5);
  const list = new Values(3);
  for (let round = 0; round < 20; round++) {
    const draw = (n: number) => Array.from({ length: n }, () => list.int(-4, 4) / 2);
    const [a, b] = [draw(list.int(1, 30)), draw(list.int(1, 30))];
    const below = (cells: number[], x: number) => cells.filter((v) => v <= x).length / cells.length;
    const want = Math.max(...[...a, ...b].map((x) => Math.abs(below(a, x) - below(b, x))));
    close(marginalDistance(numbers(...a), numbers(...b)), want, `${a} | ${b}`);
  }
});

test("Cramer's V: by hand, of copies, of constants, and against chi squared cell by cell", () => {
  // 30 10 / 10 30: chi squared 20 of 80, so phi squared 1/4; corrected by 1/79.
  const rows = [0, 0, 1, 1].flatMap((a, i) => Array.from({ length: [30, 10, 10, 30][i] }, () => [a, i % 2]));
  const [a, b] = [0, 1].map((k) => places(2, ...rows.map((row) => row[k])));
  close(cramersV(a, b), Math.sqrt((0.25 - 1 / 79) / (1 - 1 / 79)));
  close(cramersV(b, a), cramersV(a, b));
  const list = new Values(8);
  const draw = (n: number, count: number) => places(count, ...Array.from({ length: n }, () => list.int(0, count - 1)));
  const c = draw(200, 5);
  close(cramersV(c, c), 1, 'a copy');
  assert.is(cramersV(c, places(4, ...new Array(200).fill(3))), 0, 'a constant');
  for (let round = 0; round < 10; round++) {
    const n = list.int(20, 300);
    const x = draw(n, list.int(2, 6));
    const y = places(7, ...Array.from(x.cells, (cell) => (list.int(0, 2) ? cell : list.int(0, 6))));
    const used = (p: Places) => [...new Set(p.cells)];
    let chi = 0;
    for (const i of used(x)) {
      for (const j of used(y)) {
        const of = (test: (row: number) => boolean) => Array.from(x.cells.keys()).filter(test).length;
        const expected = (of((r) => x.cells[r] === i) * of((r) => y.cells[r] === j)) / n;
        chi += (of((r) => x.cells[r] === i && y.cells[r] === j) - expected) ** 2 / expected;
      }
    }
    const [r, k] = [used(x).length, used(y).length];
    const phi = Math.max(0, chi / n - ((r - 1) * (k - 1)) / (n - 1));
    const [rr, kk] = [r, k].map((m) => m - (m - 1) ** 2 / (n - 1));
    const want = Math.sqrt(phi / (Math.min(rr, kk) - 1));
    assert.ok(Math.abs(cramersV(x, y) - Math.min(1, want)) < 1e-9, `${cramersV(x, y)} ${want}`);
  }
  // Without the correction independent columns of 12 places would have V of 0.23 here.
  const independent = Array.from({ length: 30 }, () => cramersV(draw(200, 12), draw(200, 12)));
  assert.ok(independent.reduce((sum, v) => sum + v, 0) / 30 < 0.08);
});

test('numbers go by the deciles of the reference, missing ones to a place of their own', () => {
  const reference = numbers(...Array.from({ length: 100 }, (_, i) => i), Number.NaN);
  const bin = binsOf(reference);
  // Edges are at 10, 20, ..., 90, each in the bin below.
  assert.equal(bin(numbers(-5, 10, 11, 90, 91, 1e9, Number.NaN)), places(11, 0, 0, 1, 8, 9, 9, 10));
  // Ties: nine of ten are 0, so there are two bins, and one for missing cells.
  assert.equal(binsOf(numbers(0, 0, 0, 0, 0, 0, 0, 0, 0, 7))(numbers(0, 7, 3)), places(3, 0, 1, 1));
  assert.equal(binsOf(numbers(Number.NaN))(numbers(4, Number.NaN)), places(2, 0, 1));
  assert.equal(binsOf(places(3, 1))(places(3, 2, 0)), places(3, 2, 0));
  assert.equal(pairsOf(3), [
    [0, 1],
    [0, 2],
    [1, 2],
  ]);
  const list = associations([places(2, 0, 1, 0, 1), places(2, 0, 1, 0, 1), places(2, 0, 0, 1, 1)]);
  assert.equal([list.length, list[0]], [3, 1]);
});

test.run();
