import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import { readNumbers } from '../../src/data/csv/numbers.ts';
import { fileSource } from '../../src/data/formats/csv.ts';
import { BLOB_MEANS, blobs, circles } from '../../src/data/synthetic.ts';
import { energyDistance } from '../../src/metrics/energy.ts';
import { modeShares, ringShares, shareWithin } from '../../src/metrics/modes.ts';
import { slicedWasserstein1, wasserstein1 } from '../../src/metrics/wasserstein.ts';

const near = (value: number, want: number, tolerance: number) =>
  assert.ok(Math.abs(value - want) <= tolerance, `${value} is not ${want} +- ${tolerance}`);
const SIGMA3 = 3 * Math.sqrt(0.1);

function gaussian(n: number, seed: number, shift = 0): Float32Array {
  const stream = new PhiloxStream(seed, 'test/gaussian');
  return Float32Array.from({ length: n }, () => stream.normal() + shift);
}

test('mode shares and share within a radius, by hand', () => {
  const points = Float32Array.of(0, 0, 0.1, 0, 1, 1, -1, -1, 3, 3);
  assert.equal(modeShares(points, BLOB_MEANS), [0.4, 0.4, 0.2, 0, 0]);
  assert.is(shareWithin(points, BLOB_MEANS, 0.949), 0.8);
  assert.is(shareWithin(points, BLOB_MEANS, 0.1), 0.6, '0.1 rounds up in f32');
  assert.is(shareWithin(Float32Array.of(0, 0.5), BLOB_MEANS, 0.5), 1, 'the radius belongs to it');
  assert.equal(modeShares(Float32Array.of(1, 2, 5), [[0], [4]]), [2 / 3, 1 / 3]);
});

test('ring shares, by hand', () => {
  const points = Float32Array.of(1, 0, 0, -0.9, 0.5, 0, 0.3, 0.3, 0, 0, 2, 0, 0.75, 0, -0.6, 0.8);
  assert.equal(ringShares(points), [3 / 8, 2 / 8]);
});

test('W1 on a line: hand values, unequal sizes, against a fine quantile grid', () => {
  const sorted = (...values: number[]) => Float64Array.from(values).sort();
  assert.is(wasserstein1(sorted(0, 1, 3), sorted(5, 6, 8)), 5);
  assert.is(wasserstein1(sorted(0), sorted(1, 2)), 1.5);
  // scipy.stats.wasserstein_distance([3.4, 3.9, 7.5, 7.8], [4.5, 1.4]) = 2.7
  near(wasserstein1(sorted(3.4, 3.9, 7.5, 7.8), sorted(4.5, 1.4)), 2.7, 1e-12);
  const a = Float64Array.from(gaussian(37, 1)).sort();
  const b = Float64Array.from(gaussian(53, 2)).sort();
  const cells = 37 * 53 * 4;
  let area = 0;
  for (let i = 0; i < cells; i++) {
    const p = (i + 0.5) / cells;
    area += Math.abs(a[Math.floor(p * 37)] - b[Math.floor(p * 53)]) / cells;
  }
  near(wasserstein1(a, b), area, 1e-12);
  near(wasserstein1(b, a), area, 1e-12);
});

test('sliced W1 of a shift is |shift| E|cos|, zero for equal samples, in any dimension', () => {
  const a = gaussian(2000, 3);
  const moved = a.map((value, i) => value + (i % 2 === 0 ? 3 : 4));
  assert.is(slicedWasserstein1(a, a), 0);
  near(slicedWasserstein1(a, moved, { directions: 4000 }), (5 * 2) / Math.PI, 0.08);
  // In 3-D, E|cos| = 1/2.
  const b = gaussian(3000, 4);
  const raised = b.map((value, i) => value + (i % 3 === 2 ? 2 : 0));
  near(slicedWasserstein1(b, raised, { features: 3, directions: 4000 }), 1, 0.04);
  assert.is(slicedWasserstein1(a, moved, { seed: 1 }), slicedWasserstein1(a, moved, { seed: 1 }));
  assert.is.not(slicedWasserstein1(a, moved, { seed: 1 }), slicedWasserstein1(a, moved, { seed: 2 }));
});

test('sliced W1 does not care about repeated records', () => {
  const a = gaussian(200, 5);
  const b = gaussian(300, 6);
  const twice = Float32Array.from({ length: 600 }, (_, i) => b[i % 300]);
  near(slicedWasserstein1(a, b), slicedWasserstein1(a, twice), 1e-9);
});

test('energy distance: hand value, zero for equal samples, symmetric, 2 E|X-Y| - ... of two normals', () => {
  near(energyDistance(Float32Array.of(0, 2), Float32Array.of(1), { features: 1 }), 2 * 1 - 1 - 0, 1e-12);
  near(energyDistance(Float32Array.of(0, 0, 3, 4), Float32Array.of(0, 0)), 2 * 2.5 - 2.5, 1e-12);
  const a = gaussian(4000, 7);
  assert.is(energyDistance(a, a, { max: 5000 }), 0);
  const b = gaussian(3000, 8, 1);
  near(energyDistance(a, b, { features: 1 }), energyDistance(b, a, { features: 1 }), 0.05);
  near(energyDistance(a, b, { features: 1, max: 4000 }), energyDistance(b, a, { features: 1, max: 4000 }), 1e-9);
  // N(0,1) and N(1,1): E|N(1,2)| = 1.3993, E|N(0,2)| = 2/sqrt(pi).
  near(energyDistance(a, b, { features: 1, max: 4000 }), 2 * 1.39928 - 2 * 1.12838, 0.06);
});

test('generated sets score like real ones', () => {
  const { train, holdout } = blobs();
  for (const share of modeShares(train, BLOB_MEANS)) near(share, 0.2, 0.03);
  near(shareWithin(train, BLOB_MEANS, SIGMA3), 0.994, 0.004);
  assert.ok(slicedWasserstein1(train, holdout) < 0.05);
  assert.ok(energyDistance(train, holdout) < 0.008);
  for (const share of ringShares(circles().train)) near(share, 0.4985, 0.03);
});

test('NaN, infinity, no record, half a record are refused', () => {
  const good = Float32Array.of(0, 0);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const samples = Float32Array.of(0, 0, 0, bad);
    assert.throws(
      () => modeShares(samples, BLOB_MEANS),
      (e: Error & { code: string; where: string }) => {
        return e.code === 'NAN' && /record 1, feature 1/.test(e.where);
      },
    );
    assert.throws(() => ringShares(samples), /value/);
    assert.throws(() => slicedWasserstein1(good, samples), /second sample/);
    assert.throws(() => energyDistance(samples, good), /first sample/);
  }
  assert.throws(() => ringShares(Float32Array.of(1, 2, 3)), /whole records/);
  assert.throws(() => energyDistance(good, new Float32Array(0)), /whole records/);
});

test('the floors of Appendix A on the original files, where they are', async () => {
  const folder = resolve(process.env.VEILGAN_SHARED ?? resolve('..', 'shared'), 'data');
  if (!existsSync(folder)) {
    console.log(`skipped: ${folder} is not here`);
    return;
  }
  const options = { rows: '0:5000', holdout: '5000:10000', columns: ['x', 'y'] };
  const b = await readNumbers(fileSource(resolve(folder, 'blobs.csv')), { ...options, name: 'b' });
  const c = await readNumbers(fileSource(resolve(folder, 'circles.csv')), { ...options, name: 'c' });
  near(slicedWasserstein1(b.train, b.holdout), 0.024, 0.002);
  near(slicedWasserstein1(c.train, c.holdout), 0.01, 0.001);
  // The appendix took the first 2000 rows of each half.
  near(energyDistance(b.train.subarray(0, 4000), b.holdout.subarray(0, 4000)), 0.0025, 0.00005);
  near(energyDistance(c.train.subarray(0, 4000), c.holdout.subarray(0, 4000)), 0.0003, 0.00005);
  near(shareWithin(b.train, BLOB_MEANS, SIGMA3), 0.994, 0.0005);
  // Its ring shares are those of the second half.
  const [outer, inner] = ringShares(c.holdout);
  near(outer, 0.501, 0.0005);
  near(inner, 0.497, 0.0005);
  assert.equal(
    modeShares(b.train, BLOB_MEANS).map((share) => Math.round(share * 50) / 50),
    [0.2, 0.2, 0.2, 0.2, 0.2],
  );
});

test.run();
