/** What f32 summation can add to a sensitivity, and the sums that carry it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { gradientPenalty } from '../../src/gan/divergences.ts';
import { convLayer, dense, mlp, reshapeLayer } from '../../src/nn/layers.ts';
import { type Network, sequential } from '../../src/nn/network.ts';
import { CHAIN, SEGMENT } from '../../src/ops/chains.ts';
import { add } from '../../src/ops/elementwise.ts';
import { reshape } from '../../src/ops/movement.ts';
import { normal } from '../../src/ops/random.ts';
import { clippedSum } from '../../src/privacy/clip.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { gaussianNoise, NoiseSource, noiseGrid, noiseScale } from '../../src/privacy/noise.ts';
import { BoundedSum, mostRecords, roundingBound } from '../../src/privacy/sensitivity.ts';
import { leaves } from '../../src/tensor/scope.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, sameBits, Values } from '../support/values.ts';

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

/** Numbers near 1 whose running sum is rounded up by half of its last place again and again, in chains of `length`. */
function adverse(n: number, length: number): Float64Array {
  const out = new Float64Array(n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    if (i % length === 0) sum = 0;
    const ulp = 2 ** (Math.floor(Math.log2(sum + 1)) - 23);
    out[i] = Math.fround((Math.floor((sum + 0.9) / ulp) + 0.5) * ulp + ulp / 64 - sum);
    sum = Math.fround(sum + out[i]);
  }
  return out;
}

const inOrder = (values: readonly number[]) => values.reduce((s, v) => Math.fround(s + v), 0);
const cut = <T>(list: readonly T[], size: number) =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));

/** The f32 sum of numbers in device batches of so many, in the chains and segments of the kernels. */
function summed(values: readonly number[], batch: number): number {
  const chains = (some: readonly number[]) => inOrder(cut(some, CHAIN).map(inOrder));
  return inOrder(cut(values, batch).map((some) => inOrder(cut(some, SEGMENT).map(chains))));
}

test('rounding moves two neighbouring sums apart by no more than is counted on, and by a hundredth of it in a bad case', () => {
  const values = new Values(1);
  for (const [n, batch] of [
    [3, 3],
    [70, 70],
    [296, 100],
    [1500, 1500],
    [4700, 2400],
  ]) {
    let worst = 0;
    const size = { most: n, batches: Math.ceil(n / batch) };
    for (let trial = 0; trial < 12; trial++) {
      const signs = [() => 1, () => (values.int(0, 1) ? 1 : -1), () => values.uniform([1], -1, 1)[0]][trial % 3];
      const base = trial % 2 ? values.uniform([n], 0.5, 1) : adverse(n, trial ? CHAIN : batch);
      const all = Array.from(base, (v) => Math.fround(v * signs()));
      const bound = Math.max(...all.map(Math.abs));
      const whole = summed(all, batch);
      for (const gone of [0, 1, Math.floor(n / 2), n - 1]) {
        const moved = whole - summed(all.toSpliced(gone, 1), batch);
        const rounding = Math.abs(moved - all[gone]);
        assert.ok(rounding <= roundingBound(bound, size), `${rounding} of ${n} in batches of ${batch}`);
        worst = Math.max(worst, rounding / roundingBound(bound, size));
      }
    }
    if (n > 100) assert.ok(worst > 0.01, `at worst ${worst} of the bound at ${n}`);
  }
});

/** Through how many additions to something the first of n terms goes, in device batches of so many. */
function depth(n: number, batch: number): number {
  const own = Math.min(n, batch);
  const segment = Math.min(own, SEGMENT);
  const parts = [Math.min(segment, CHAIN), segment / CHAIN, own / SEGMENT, n / batch];
  return parts.reduce((sum, part) => sum + Math.max(1, Math.ceil(part)) - 1, 0);
}

test('both of two neighbours may err at every addition that a term goes through, those of device batches too', () => {
  for (const [n, batch] of [
    [40, 40],
    [512, 512],
    [6000, 6000],
    [6000, 1000],
    [6000, 20],
    [300, 3],
  ]) {
    const each = 2 ** -24 * depth(n, batch) * n * 0.7;
    const counted = roundingBound(0.7, { most: n, batches: Math.ceil(n / batch) });
    assert.ok(counted >= 2 * each, `${n} in batches of ${batch}: ${counted}, not ${2 * each}`);
  }
});

type P = Record<string, Tensor>;
const pass = { training: false, seed: 1, statistics: {} };
const image = sequential([
  reshapeLayer([4, 5, 2]),
  convLayer(2, 8, 3, { stride: 2, activation: 'leaky' }),
  reshapeLayer([48]),
  dense(48, 1),
]);
const cases: [string, Network, number, boolean][] = [
  ['dense', mlp([3, 20, 1], 0.2), 3, false],
  ['conv', image, 40, false],
  ['with parameters used more than once', mlp([3, 20, 1], 0.2), 3, true],
];
for (const [name, network, width, penalised] of cases) {
  test(`${name}: taking any one of many records away moves the f32 sum by at most bound + rounding`, async () => {
    const n = 67;
    const parameters: P = Object.fromEntries(
      Object.entries(network.shapes(1)).map(([key, shape], i) => [key, normal(gpu, shape, { seed: 3, stream: i })]),
    );
    const rows = new Values(2).normal([n, width]);
    // Some records far beyond the bound, so that what they add is as long as it.
    rows.forEach((v, i) => {
      if (Math.floor(i / width) % 2) rows[i] = 1e3 * v;
    });
    const bound = 0.37;
    const at = async (kept: readonly number[]) => {
      const data = Float32Array.from(kept.flatMap((s) => Array.from(rows.subarray(s * width, (s + 1) * width))));
      const x = tensor(gpu, data, [1, kept.length, width]);
      const critic = (p: P) => (t: Tensor) => network.apply(p, t, pass);
      const { sum, sensitivity } = clippedSum(
        (p: P) => {
          const bare = reshape(critic(p)(x), [1, kept.length]);
          if (!penalised) return bare;
          const [fake, mixing] = [zeros(data.length).view(x.shape), zeros(kept.length).view([1, kept.length, 1])];
          return add(bare, gradientPenalty(critic(p), x, fake, mixing));
        },
        parameters,
        { bound },
      );
      const read = await Promise.all(leaves(sum).map((t) => t.read()));
      return { flat: read.flatMap((part) => Array.from(part)), sensitivity };
    };
    const everyone = Array.from({ length: n }, (_, i) => i);
    const { flat: whole, sensitivity } = await at(everyone);
    assert.equal(sensitivity, { bound, rounding: roundingBound(bound, { most: n }) });
    let farthest = 0;
    for (const s of everyone) {
      const { flat } = await at(everyone.filter((other) => other !== s));
      const moved = Math.hypot(...whole.map((v, i) => v - flat[i]));
      assert.ok(moved <= bound + sensitivity.rounding, `${moved} without record ${s}`);
      farthest = Math.max(farthest, moved);
    }
    assert.ok(farthest > 0.97 * bound, `at most ${farthest}`);
  });
}

test('what rounding costs at common batches', () => {
  for (const [batch, share] of [
    [64, 0.003],
    [256, 0.008],
    [1024, 0.026],
    [2048, 0.05],
  ]) {
    const real = mostRecords(batch);
    const batches = 1 + Math.ceil(real / Math.ceil(batch + 4 * Math.sqrt(batch)));
    const rounding = roundingBound(1, { most: real + batch, chain: CHAIN, batches });
    assert.ok(rounding < share, `${rounding} of C at ${batch}`);
  }
});

test.run();
