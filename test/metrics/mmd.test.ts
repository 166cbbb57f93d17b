/** MMD and KID: the sums of their definitions, closed forms for Gaussians, and no bias. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kid, medianDistance, mmd, unbiasedMmd } from '../../src/metrics/mmd.ts';
import { codeOf, Values } from '../support/values.ts';

const near = (value: number, want: number, tolerance: number, what = '') =>
  assert.ok(Math.abs(value - want) <= tolerance, `${what} ${value} is not ${want} +- ${tolerance}`);
const values = new Values(5);

/** The unbiased estimate as a sum over ordered pairs. */
function byPairs(a: Float32Array, b: Float32Array, d: number, k: (x: number[], y: number[]) => number): number {
  const list = (s: Float32Array) =>
    Array.from({ length: s.length / d }, (_, i) => Array.from(s.subarray(i * d, (i + 1) * d)));
  const [x, y] = [list(a), list(b)];
  const within = (s: number[][]) => {
    let sum = 0;
    s.forEach((p, i) => s.forEach((q, j) => (sum += i === j ? 0 : k(p, q))));
    return sum / (s.length * (s.length - 1));
  };
  let across = 0;
  for (const p of x) for (const q of y) across += k(p, q);
  return within(x) + within(y) - (2 * across) / (x.length * y.length);
}
const squared = (x: number[], y: number[]) => x.reduce((s, v, i) => s + (v - y[i]) ** 2, 0);

test('the sums of the definition, for unequal sizes and odd widths', () => {
  for (const [n, m, d] of [
    [2, 2, 1],
    [9, 5, 3],
    [23, 31, 7],
  ]) {
    const [a, b] = [values.normal([n, d]), values.normal([m, d])];
    const rbf = (x: number[], y: number[]) => Math.exp(-squared(x, y) / (2 * 1.3 ** 2));
    near(mmd(a, b, { features: d, bandwidth: 1.3 }), byPairs(a, b, d, rbf), 1e-12);
    const cubic = (x: number[], y: number[]) => (x.reduce((s, v, i) => s + v * y[i], 0) / d + 1) ** 3;
    if (n === m) near(kid(a, b, { features: d, block: n }).value, byPairs(a, b, d, cubic), 1e-10);
  }
  const [a, b] = [values.normal([30, 4]), values.normal([30, 4])];
  const whole = kid(a, b, { features: 4, block: 30 });
  const cubic = (x: number[], y: number[]) => (x.reduce((s, v, i) => s + v * y[i], 0) / 4 + 1) ** 3;
  near(whole.value, byPairs(a, b, 4, cubic), 1e-12);
  assert.equal([whole.blocks, whole.error], [1, null]);
});

test('the bandwidth is the median distance of different rows', () => {
  // Distances of 0, 1, 4, 10: 1, 3, 4, 6, 9, 10.
  assert.is(medianDistance(Float64Array.of(0, 1), Float64Array.of(4, 10), 1), 5);
  assert.is(medianDistance(Float64Array.of(2, 2), Float64Array.of(2), 1), 1, 'all equal');
});

test('Gaussians: the closed form of a shift, and no bias for equal laws', () => {
  // For N(0, I) and N(c, I) in d dimensions, kernel width b: 2 (b^2 / (b^2 + 2))^(d/2) (1 - exp(-|c|^2 / (2 (b^2 + 2)))).
  const [d, b, n] = [2, 1.5, 1500];
  const a = values.normal([n, d]);
  const shifted = values.normal([n, d]).map((v, i) => v + (i % d ? 0 : 1));
  const want = 2 * (b ** 2 / (b ** 2 + 2)) ** (d / 2) * (1 - Math.exp(-1 / (2 * (b ** 2 + 2))));
  near(mmd(a, shifted, { features: d, bandwidth: b }), want, 0.02);
  // Of 40 pairs of small equal samples the mean is 0 within three standard errors: the biased estimate is 1/n above.
  const tries = Array.from({ length: 40 }, () => mmd(values.normal([20, d]), values.normal([20, d]), { features: d }));
  const mean = tries.reduce((s, v) => s + v, 0) / tries.length;
  const deviation = Math.sqrt(tries.reduce((s, v) => s + (v - mean) ** 2, 0) / 39 / 40);
  assert.ok(Math.abs(mean) < 3 * deviation && deviation < 0.01, `${mean} +- ${deviation}`);
  assert.ok(Math.min(...tries) < 0, 'it may be negative');
});

test('KID: blocks are disjoint, their scatter is the error, and a shift is found', () => {
  const d = 8;
  const [a, b] = [values.normal([400, d]), values.normal([500, d])];
  const same = kid(a, b, { features: d });
  assert.is(same.blocks, 10);
  assert.ok(same.error !== null && same.error > 0);
  near(same.value, 0, 4 * (same.error ?? 0));
  const moved = kid(
    a,
    b.map((v) => v + 0.5),
    { features: d },
  );
  assert.ok(moved.value > 8 * (moved.error ?? 0), `${moved.value} +- ${moved.error}`);
  assert.equal(kid(a, b, { features: d, seed: 1 }).value === same.value, false, 'other rows share a block');
  assert.equal(kid(a, b, { features: d }), same, 'and the seed says which');
});

test('of larger samples some rows are drawn; of a single one there is no estimate', async () => {
  const [a, b] = [values.normal([300, 2]), values.normal([300, 2])];
  const some = mmd(a, b, { max: 50, seed: 1 });
  assert.is(mmd(a, b, { max: 50, seed: 1 }), some);
  assert.is.not(mmd(a, b, { max: 50, seed: 2 }), some);
  assert.is(await codeOf(() => mmd(Float32Array.of(1, 2), b)), 'DATA');
  assert.is(await codeOf(() => kid(a, Float32Array.of(1, 2), { features: 2 })), 'DATA');
  assert.is(await codeOf(() => mmd(Float32Array.of(1, 2, 3), b)), 'SHAPE');
  near(unbiasedMmd(Float64Array.of(9, 1, 1, 9), Float64Array.of(9, 3, 3, 9), Float64Array.of(1, 1, 1, 1)), 2, 1e-15);
});

test.run();
