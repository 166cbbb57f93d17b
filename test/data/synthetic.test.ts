import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fingerprintOf, quote } from '../../src/data/dataset.ts';
import { BLOB_MEANS, blobs, circles, codeProbability, codes, knownModes } from '../../src/data/synthetic.ts';
import { datasetOf } from '../support/dataset.ts';

const near = (value: number, want: number, tolerance: number, what = '') =>
  assert.ok(Math.abs(value - want) <= tolerance, `${what} ${value} is not ${want} +- ${tolerance}`);

test('blobs: halves, five modes of equal share, means and covariance 0.1 I', () => {
  const data = blobs({ rows: 50_000, seed: 1 });
  assert.equal(
    [data.rows, data.holdoutRows, data.features, data.shape, data.columns],
    [25_000, 25_000, 2, [2], ['x', 'y']],
  );
  assert.is(data.train.length, 50_000);
  const labels = [...(data.labels?.train ?? []), ...(data.labels?.holdout ?? [])];
  const points = [...data.train, ...data.holdout];
  for (let mode = 0; mode < 5; mode++) {
    const rows = labels.flatMap((label, row) => (label === mode ? [row] : []));
    near(rows.length / 50_000, 0.2, 5 * Math.sqrt(0.16 / 50_000), `share of ${mode}`);
    const of = (f: (x: number, y: number) => number) =>
      rows.reduce(
        (sum, row) => sum + f(points[2 * row] - BLOB_MEANS[mode][0], points[2 * row + 1] - BLOB_MEANS[mode][1]),
        0,
      ) / rows.length;
    near(
      of((x) => x),
      0,
      0.016,
    );
    near(
      of((_, y) => y),
      0,
      0.016,
    );
    near(
      of((x) => x * x),
      0.1,
      0.008,
    );
    near(
      of((_, y) => y * y),
      0.1,
      0.008,
    );
    near(
      of((x, y) => x * y),
      0,
      0.006,
    );
  }
});

test('circles: half of the rows on each, radii 1 and 0.5, noise 0.05, even angles, shuffled', () => {
  const data = circles({ rows: 20_001, train: 10_000, seed: 2 });
  assert.equal([data.rows, data.holdoutRows], [10_000, 10_001]);
  const labels = [...(data.labels?.train ?? []), ...(data.labels?.holdout ?? [])];
  const points = [...data.train, ...data.holdout];
  assert.is(labels.filter((label) => label === 0).length, 10_000);
  near(labels.slice(0, 10_000).filter((label) => label === 0).length, 5000, 5 * Math.sqrt(10_000 / 8), 'shuffled');
  [1, 0.5].forEach((radius, label) => {
    const rows = labels.flatMap((l, row) => (l === label ? [row] : []));
    const radii = rows.map((row) => Math.hypot(points[2 * row], points[2 * row + 1]));
    const mean = radii.reduce((a, b) => a + b, 0) / radii.length;
    // The mean radius exceeds R by about noise^2 / (2 R).
    near(mean, radius + 0.0025 / 2 / radius, 0.003, 'radius');
    near(Math.sqrt(radii.reduce((a, b) => a + (b - mean) ** 2, 0) / radii.length), 0.05, 0.0025, 'noise');
    const quadrants = [0, 0, 0, 0];
    for (const row of rows) quadrants[(points[2 * row] > 0 ? 1 : 0) + (points[2 * row + 1] > 0 ? 2 : 0)]++;
    for (const count of quadrants) near(count / rows.length, 0.25, 0.01, 'even angles');
  });
});

test('the seed decides: same seed same bits, other seed other points', async () => {
  assert.equal(blobs({ seed: 7 }).train, blobs({ seed: 7 }).train);
  assert.is.not(await fingerprintOf(blobs({ seed: 7 })), await fingerprintOf(blobs({ seed: 8 })));
  assert.is(await fingerprintOf(circles({ rows: 100 })), await fingerprintOf(circles({ rows: 100, seed: 0 })));
  assert.equal([blobs().rows, blobs().holdoutRows, blobs().meta.seed], [5000, 5000, 0]);
  assert.equal(blobs({ rows: 10, train: 10 }).holdoutRows, 0);
});

test('impossible sizes and seeds are refused', () => {
  for (const options of [
    { rows: 0 },
    { rows: 2.5 },
    { rows: 10, train: 11 },
    { rows: 10, train: 0 },
    { rows: 2 ** 40 },
  ]) {
    assert.throws(() => blobs(options), /cannot have/);
    assert.throws(() => circles(options), /cannot have/);
  }
  assert.throws(() => blobs({ seed: -1 }), /seed/);
});

test('a data set must fit its shape', () => {
  const parts = {
    name: 'a',
    columns: ['x', 'y'],
    shape: [2],
    train: new Float32Array(6),
    holdout: new Float32Array(0),
    meta: { origin: '' },
  };
  assert.is(datasetOf(parts).rows, 3);
  assert.throws(() => datasetOf({ ...parts, train: new Float32Array(5) }), /do not fit/);
  assert.throws(() => datasetOf({ ...parts, columns: ['x'] }), /do not fit/);
  assert.throws(
    () => datasetOf({ ...parts, labels: { train: new Uint32Array(2), holdout: new Uint32Array(0) } }),
    /fit/,
  );
});

test('quote makes foreign text harmless', () => {
  assert.is(quote('a b'), '"a b"');
  assert.is(quote('\x1b[31m\u202e\n'), '"\\u001b[31m\\u202e\\u000a"');
  assert.is(quote('x'.repeat(50)), `"${'x'.repeat(40)}..."`);
});

test('codes: zeros and ones, each code as frequent as its conditions say', () => {
  const data = codes({ rows: 30_000, train: 20_000, seed: 2 });
  assert.equal([data.rows, data.holdoutRows, data.shape], [20_000, 10_000, [100]]);
  assert.ok([...data.train].every((v) => v === 0 || v === 1));
  const labels = data.labels?.train ?? new Uint32Array();
  for (const [j, c] of [
    [0, 0],
    [0, 1],
    [7, 1],
    [50, 2],
    [99, 3],
  ]) {
    const rows = [...labels.keys()].filter((row) => labels[row] === c);
    const share = rows.reduce((n, row) => n + data.train[100 * row + j], 0) / rows.length;
    const p = codeProbability(j, c);
    near(share, p, 5 * Math.sqrt((p * (1 - p)) / rows.length), `code ${j} under ${c}`);
  }
});

test('modes are known of what was generated, whatever it is called, and of nothing else', () => {
  const modes = knownModes(Object.assign(blobs({ rows: 10 }), { name: 'mine' }));
  assert.equal(modes?.kind === 'means' && [modes.means, modes.variance], [BLOB_MEANS, 0.1]);
  const rings = knownModes(circles({ rows: 10 }));
  assert.equal(rings, { kind: 'rings', radii: [1, 0.5], noise: 0.05 });
  assert.is(knownModes(codes({ rows: 10 })), undefined);
  const ink = Object.assign(blobs({ rows: 10 }), { name: 'blobs-of-ink', meta: { origin: 'blobs-of-ink.csv' } });
  assert.is(knownModes(ink), undefined);
});

test.run();
