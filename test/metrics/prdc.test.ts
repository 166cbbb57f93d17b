/** Precision, recall, density, coverage: by hand on a line, their definitions by brute force, and what equal laws give. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { expectedCoverage, type Prdc, prdc } from '../../src/metrics/prdc.ts';
import { codeOf, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());
const values = new Values(3);

test('points on a line, by hand', async () => {
  // Radii of the real points (nearest other): 1, 1, 2; of the samples: 4, 4, 92.
  const real = Float32Array.of(0, 1, 3);
  const fake = Float32Array.of(4, 8, 100);
  // 4 is in the ball of 3 (1 <= 2), 8 and 100 are in none; 0 is within 4 of 4, so are 1 and 3.
  const found = await prdc(gpu, real, fake, { features: 1, k: 1 });
  assert.equal(found, { precision: 1 / 3, recall: 1, density: 1 / 3, coverage: 1 / 3 });
  const back = await prdc(gpu, fake, real, { features: 1, k: 1 });
  // All three are in the ball of 4 alone; of 4, 8 and 100 only 4 is in one of theirs (1 <= 2).
  assert.equal(back, { precision: 1, recall: 1 / 3, density: 1, coverage: 1 / 3 });
});

test('equal samples, and samples far away', async () => {
  const a = values.normal([60, 3]);
  const equal = await prdc(gpu, a, a, { features: 3 });
  assert.equal([equal.precision, equal.recall, equal.coverage], [1, 1, 1]);
  // Of its own set each ball holds k others and its centre.
  assert.is(equal.density, 6 / 5);
  const far = await prdc(
    gpu,
    a,
    a.map((v) => v + 100),
    { features: 3 },
  );
  assert.equal(far, { precision: 0, recall: 0, density: 0, coverage: 0 });
  // Zeros and ones tie: twins have balls of no radius, which hold what is equal.
  const table = Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1);
  const twins = await prdc(gpu, table, table, { features: 2, k: 1 });
  assert.equal([twins.precision, twins.recall, twins.coverage, twins.density], [1, 1, 1, 2]);
});

test('the definitions by brute force, also where the device finds the neighbours', async () => {
  for (const [n, m, d, k] of [
    [41, 30, 2, 3],
    [25, 47, 5, 5],
    [900, 850, 40, 4],
  ]) {
    const real = values.normal([n, d]);
    const fake = values.normal([m, d]).map((v, i) => 1.05 * v + (i % d ? 0 : 1));
    const distance = (a: Float32Array, i: number, b: Float32Array, j: number) => {
      let sum = 0;
      for (let f = 0; f < d; f++) sum += (a[i * d + f] - b[j * d + f]) ** 2;
      return Math.sqrt(sum);
    };
    const radius = (a: Float32Array, i: number) =>
      Array.from({ length: a.length / d }, (_, j) => (i === j ? Number.POSITIVE_INFINITY : distance(a, i, a, j))).sort(
        (x, y) => x - y,
      )[k - 1];
    const [realRadii, fakeRadii] = [real, fake].map((a) =>
      Array.from({ length: a.length / d }, (_, i) => radius(a, i)),
    );
    const inBall = Array.from({ length: n }, (_, i) =>
      Array.from({ length: m }, (_, j) => distance(real, i, fake, j) <= realRadii[i]),
    );
    const want = {
      precision: Array.from({ length: m }, (_, j) => inBall.some((row) => row[j])).filter(Boolean).length / m,
      recall:
        Array.from({ length: n }, (_, i) => fakeRadii.some((r, j) => distance(real, i, fake, j) <= r)).filter(Boolean)
          .length / n,
      density: inBall.flat().filter(Boolean).length / (k * m),
      coverage: inBall.filter((row) => row.some(Boolean)).length / n,
    };
    assert.equal(await prdc(gpu, real, fake, { features: d, k }), want, `${n}, ${m}, ${d}, ${k}`);
    assert.ok(want.precision > 0 && want.precision < 1 && want.recall > 0, JSON.stringify(want));
  }
});

test('equal laws: density 1 and the coverage of the closed form', async () => {
  assert.ok(Math.abs(expectedCoverage(10_000, 10_000, 5) - (1 - 2 ** -5)) < 1e-4);
  const [n, m, k] = [400, 250, 3];
  const tries: Prdc[] = [];
  for (let t = 0; t < 12; t++)
    tries.push(await prdc(gpu, values.normal([n, 2]), values.normal([m, 2]), { features: 2, k }));
  const mean = (pick: (x: Prdc) => number) => tries.reduce((s, x) => s + pick(x), 0) / tries.length;
  const want = expectedCoverage(n, m, k);
  assert.ok(Math.abs(mean((x) => x.coverage) - want) < 0.015, `${mean((x) => x.coverage)} is not ${want}`);
  assert.ok(Math.abs(mean((x) => x.density) - 1) < 0.04, `${mean((x) => x.density)}`);
});

test('too few rows are refused', async () => {
  const five = values.normal([5, 2]);
  assert.is(await codeOf(() => prdc(gpu, five, values.normal([9, 2]), { features: 2 })), 'DATA');
  assert.is(await codeOf(() => prdc(gpu, Float32Array.of(1, 2, 3), five, { features: 2 })), 'SHAPE');
});

test.run();
