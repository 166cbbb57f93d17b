/** What f32 summation can add to a sensitivity, and the sums that carry it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/node.ts';
import { CHAIN } from '../../src/ops/chains.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { gaussianNoise, NoiseSource, noiseGrid, noiseScale } from '../../src/privacy/noise.ts';
import { BoundedSum, mostRecords, roundingBound } from '../../src/privacy/sensitivity.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, sameBits } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const zeros = (n: number) => tensor(gpu, new Float32Array(n));

test('a Poisson sample exceeds the number that is counted on with a probability below e^-70', () => {
  for (const mean of [0, 1e-3, 1, 7, 64, 256, 1024, 2048, 1e5, 1e9]) {
    const t = mostRecords(mean) - mean;
    assert.ok((t * t) / (2 * mean + (2 * t) / 3) >= 70, `${mean}`);
  }
});

test('noise is scaled by all of the sensitivity', async () => {
  const n = 64;
  const size = { most: 1e5, batches: 3 };
  const sum = BoundedSum.running(zeros(n), 0.5, size);
  const { sensitivity } = sum;
  assert.equal(sensitivity, { bound: 0.5, rounding: roundingBound(0.5, size) });
  assert.ok(sensitivity.rounding > 0.5, `${sensitivity.rounding}`);
  const noise = (of: BoundedSum) => gaussianNoise(new NoiseSource(gpu, PrivacyKey.insecure(2)), of, { multiplier: 2 });
  const y = await noise(sum).read();
  const bare = await noise(BoundedSum.claimed(zeros(n), 0.5)).read();
  const h = noiseGrid(n, sensitivity, 2);
  const ratio = noiseScale(n, sensitivity, 2, h) / noiseScale(n, { bound: 0.5, rounding: 0 }, 2, h);
  assert.ok(ratio > 1.9);
  near(
    y,
    bare.map((v) => ratio * v),
    { absolute: 4 * h, relative: 1e-5 },
  );
});

test('a running sum takes what is clipped to its bound, device batch after device batch', async () => {
  const value = zeros(128);
  const sum = BoundedSum.running(value, 1, { most: 300, batches: 2 });
  const part = (values: number[], bound: number) => ({
    sum: { w: tensor(gpu, values), b: tensor(gpu, values.slice(1)) },
    sensitivity: { bound, rounding: 0 },
  });
  sum.add(part([5, 6], 1), [0, 64], { first: true });
  sum.add(part([1, 2], 0.5), [0, 64]);
  const expected = new Float32Array(128);
  [expected[0], expected[1], expected[64]] = [6, 8, 8];
  sameBits(await value.read(), expected);
  assert.is(await codeOf(() => sum.add(part([1, 2], 1.01), [0, 64])), 'VALIDATION');
  assert.is(await codeOf(() => sum.add(part([1, 2], Number.NaN), [0, 64])), 'VALIDATION');
  sameBits(await value.read(), expected);
  BoundedSum.claimed(value, 1).add(part([1, 2], 7), [0, 64]);
  sum.admit(300, 2);
  assert.is(await codeOf(() => sum.admit(301, 2)), 'OVER_LIMIT');
  assert.is(await codeOf(() => sum.admit(300, 3)), 'OVER_LIMIT');
});

test('what rounding costs at common batches', () => {
  for (const [batch, share] of [
    [64, 0.002],
    [256, 0.006],
    [1024, 0.02],
    [2048, 0.04],
  ]) {
    const real = mostRecords(batch);
    const batches = 1 + Math.ceil(real / Math.ceil(batch + 4 * Math.sqrt(batch)));
    const rounding = roundingBound(1, { most: real + batch, chain: CHAIN, batches });
    assert.ok(rounding < share, `${rounding} of C at ${batch}`);
  }
});

test.run();
