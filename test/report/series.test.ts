import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { extent, lossPoints, thin } from '../../src/report/charts/series.ts';

test('few rows are kept one by one', () => {
  const points = lossPoints([
    { step: 1, loss_g: 0.5, loss_d: [1, 2, 6] },
    { step: 4, loss_g: Number.NaN, loss_d: [Number.POSITIVE_INFINITY] },
    { step: 5, loss_g: -1, loss_d: [] },
  ]);
  assert.equal(points, [
    { step: 1, g: 0.5, g_lo: 0.5, g_hi: 0.5, d: 3, d_lo: 1, d_hi: 6 },
    { step: 4, g: undefined, g_lo: undefined, g_hi: undefined, d: undefined, d_lo: undefined, d_hi: undefined },
    { step: 5, g: -1, g_lo: -1, g_hi: -1, d: undefined, d_lo: undefined, d_hi: undefined },
  ]);
  assert.equal(lossPoints([]), []);
});

test('many rows are reduced without losing an extreme', () => {
  const rows = Array.from({ length: 2001 }, (_, i) => ({ step: i + 1, loss_g: i, loss_d: [0, 2] }));
  assert.is(lossPoints(rows.slice(1)).length, 2000);
  rows[777] = { step: 778, loss_g: 1e6, loss_d: [-50, 80] };
  const points = lossPoints(rows);
  assert.is(points.length, 600);
  assert.is(Math.max(...points.map((p) => p.g_hi as number)), 1e6);
  assert.is(Math.min(...points.map((p) => p.g_lo as number)), 0);
  assert.is(Math.min(...points.map((p) => p.d_lo as number)), -50);
  assert.is(Math.max(...points.map((p) => p.d_hi as number)), 80);
  assert.ok(points.every((p, i) => i === 0 || p.step > points[i - 1].step));
  // The ranges partition the rows: weighted means add up to the sum of all.
  const reduced = lossPoints(rows, 100, 3);
  assert.equal(
    reduced.map((p) => [p.g_lo, p.step]),
    [
      [0, 334],
      [667, 1001],
      [1334, 1668],
    ],
  );
  assert.is(reduced[2].g, (1334 + 2000) / 2);
});

test('extent', () => {
  assert.equal(extent([[3, Number.NaN], new Float32Array([-1, Infinity])]), [-1, 3]);
  assert.equal(extent([[], [Number.NaN]]), [0, 1]);
});

test('thinning: as many as asked, rising, and fair to data sorted in turns', () => {
  assert.equal(thin(3, 5), [0, 1, 2]);
  assert.equal(thin(0, 5), []);
  const picked = thin(10_000, 2000);
  assert.is(picked.length, 2000);
  assert.ok(picked.every((index, i) => index < 10_000 && (i === 0 || index > picked[i - 1])));
  for (const turns of [2, 5, 10]) {
    const counts = new Array(turns).fill(0);
    for (const index of picked) counts[index % turns] += 1;
    // Binomial: four standard deviations.
    const expected = 2000 / turns;
    for (const count of counts) assert.ok(Math.abs(count - expected) < 4 * Math.sqrt(expected), `${turns}: ${counts}`);
  }
  assert.equal(thin(10_000, 2000), picked);
});

test.run();
