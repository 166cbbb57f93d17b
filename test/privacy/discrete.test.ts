import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dawn, open } from '../../src/api/node.ts';
import { Gpu } from '../../src/gpu/gpu.ts';
import { ChaChaStream } from '../../src/privacy/chacha.ts';
import { DiscreteMechanism, type DiscreteOptions } from '../../src/privacy/discrete.ts';
import { bernoulliExp, DiscreteGaussian, discreteLaplace, expInterval } from '../../src/privacy/discrete-gaussian.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { codeOf, poison, sameBits } from '../support/values.ts';
import { chi, ERRORS, faults } from './laws.ts';

const gpu = await open();
test.after(() => gpu.close());

const words = (seed: number, draw = 0) => new ChaChaStream(PrivacyKey.insecure(seed).derive('discrete'), [draw, 0, 0]);

test('the discrete Gaussian has its exact probabilities; a variance 10 % off is seen', () => {
  for (const [num, den] of [
    [1, 10],
    [1, 4],
    [1, 1],
    [7, 3],
    [40, 1],
    [1001, 10],
  ]) {
    const n = 60_000;
    const law = new DiscreteGaussian(words(num, den), num, den);
    const weight = (k: number) => Math.exp((-k * k * den) / (2 * num));
    const errors = chi(weight, () => law.next(), n);
    assert.ok(errors < ERRORS, `${num} / ${den}: ${errors} errors`);
    const wrong = new DiscreteGaussian(words(num, den), 11 * num, 10 * den);
    assert.ok(chi(weight, () => wrong.next(), n) > ERRORS, `${num} / ${den}: 10 % are not seen`);
  }
});

test('the discrete Laplace has its exact probabilities; a rate 5 % off is seen', () => {
  for (const [s, t] of [
    [1, 1],
    [1, 7],
    [3, 2],
    [5, 3],
    [2 ** 24 / 8, 2 ** 24],
    [1_000_003, 2 ** 24],
    [5 * 2 ** 24, 2 ** 24],
  ]) {
    const source = words(s, t);
    const weight = (k: number) => Math.exp((-Math.abs(k) * s) / t);
    const errors = chi(weight, () => discreteLaplace(source, t, s), 60_000);
    assert.ok(errors < ERRORS, `${s} / ${t}: ${errors} errors`);
    const wrong = chi(weight, () => discreteLaplace(source, 20 * t, 21 * s), 60_000);
    if (s < 5 * t) assert.ok(wrong > ERRORS, `${s} / ${t}: 5 % are not seen`);
  }
});

test('a wide one looks normal: moments, distribution, tails, neighbours', () => {
  const square = 2 ** 40 + 3;
  const law = new DiscreteGaussian(words(1), square);
  const x = Float64Array.from({ length: 200_000 }, () => law.next() / Math.sqrt(square));
  assert.equal(faults(x), []);
  assert.ok(faults(x.map((v) => 1.02 * v)).length > 0);
  const r = x.reduce((s, v, i) => s + v * x[(i + 1) % x.length], 0) / Math.sqrt(x.length);
  assert.ok(Math.abs(r) < ERRORS);
});

test('exp(-a / b) is bracketed to as many digits as asked', () => {
  // 1 / e to 100 decimals.
  const digits = 3678794411714423215955237701614608674458111310317678345078368016974614957448998033571472743459196437n;
  for (const bits of [64, 128, 256]) {
    const [low, high] = expInterval(1n, 1n, bits);
    const want = (digits << BigInt(bits)) / 10n ** 100n;
    assert.ok(low <= want && want <= high && high - low <= 4n, `${bits} bits`);
  }
  for (const [a, b] of [
    [0, 1],
    [1, 1000],
    [31, 7],
    [50, 1],
    [1, 3],
  ]) {
    const [low, high] = expInterval(BigInt(a), BigInt(b), 96);
    const want = Math.exp(-a / b);
    assert.ok(
      Number(low) / 2 ** 96 <= want * (1 + 1e-15) && want * (1 - 1e-15) <= Number(high) / 2 ** 96,
      `${a} / ${b}`,
    );
    assert.ok(high - low <= 4n);
  }
});

test('where 32 bits do not decide a trial, as many more are taken as it needs', () => {
  // 1 / e = 0.5E2D58D8 B3BCDF1A BADEC782 ... in hexadecimal.
  const trial = (...list: number[]) => {
    let used = 0;
    const source = { uint32: () => list[used++] };
    const result = bernoulliExp(source, 1, () => [1n, 1n]);
    return `${result} after ${used}`;
  };
  assert.is(trial(0x5e2d58d7), 'true after 1');
  assert.is(trial(0x5e2d58d9), 'false after 1');
  assert.is(trial(0x5e2d58d8, 0xb3bcdf19), 'true after 2');
  assert.is(trial(0x5e2d58d8, 0xb3bcdf1b), 'false after 2');
  assert.is(trial(0x5e2d58d8, 0xb3bcdf1a, 0xbadec700), 'true after 3');
  assert.is(trial(0x5e2d58d8, 0xb3bcdf1a, 0xbadec800), 'false after 3');
});

const BASE: DiscreteOptions = {
  groups: 1,
  width: 37,
  bound: 1,
  multiplier: 1,
  most: 64,
  scale: 1,
  granularity: 2 ** -16,
};
const seeded = (options: Partial<DiscreteOptions> = {}, seed = 1) =>
  new DiscreteMechanism(gpu, PrivacyKey.insecure(seed), { ...BASE, ...options });

/** The noise of a draw, as the mechanism takes it. */
function noise(mechanism: DiscreteMechanism, n: number, draw: number, seed = 1): number[] {
  const law = new DiscreteGaussian(words(seed, draw), mechanism.variance);
  return Array.from({ length: n }, () => law.next());
}

/** The sum without its noise: [groups * width] whole numbers of steps. */
async function sums(batches: Float32Array[], options: Partial<DiscreteOptions> = {}, live?: number[][]) {
  const all = { ...BASE, ...options };
  const m = seeded(options);
  const draw = m.draws.position;
  m.prepare([1]);
  poison(gpu);
  for (const [i, batch] of batches.entries()) {
    const rows = batch.length / all.groups / all.width;
    const each = tensor(gpu, batch, [all.groups, rows, all.width]);
    if (live) {
      const program = gpu.capture('accumulate', () => m.accumulate(each));
      await gpu.replay([{ program, step: 0, live: live[i] }]).done();
      program.dispose();
    } else m.accumulate(each);
  }
  const y = await m.release().read();
  const k = noise(m, y.length, draw);
  m.dispose();
  return Array.from(y, (v, i) => v / m.granularity - k[i]);
}

/** The largest f32 that is not above x. */
function down(x: number): number {
  const y = Float32Array.of(x);
  if (y[0] > x) new Uint32Array(y.buffer)[0]--;
  return y[0];
}

const bitsOf = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0];

/** A row clipped and truncated, in integers of any size: what the two shaders say they do. */
function clipped(row: Float32Array, bound: number, granularity: number): number[] {
  const bits = Array.from(row, (x) => bitsOf(x) & 0x7fffffff);
  const top = bits.reduce((a, b) => Math.max(a, b), 0);
  if (top >= 0x7f800000) return Array(row.length).fill(0);
  const field = Math.max(top >>> 23, 1);
  let squares = 0n;
  for (const b of bits) {
    if (b === 0) continue;
    const own = Math.max(b >>> 23, 1);
    const mantissa = BigInt(b >>> 23 ? (b & 0x7fffff) | 0x800000 : 0x800000);
    const shift = BigInt(9 + field - own);
    squares += ((mantissa + (1n << shift) - 1n) >> shift) ** 2n;
  }
  let root = BigInt(Math.floor(Math.sqrt(Number(squares))));
  while (root * root > squares) root--;
  while (root * root < squares) root++;
  // norm <= root 2^e; everything in units of 2^-200.
  const unit = (exponent: number) => 1n << BigInt(exponent + 200);
  const norm = root * unit(field - 141);
  const c = BigInt(bound * 2 ** 60) * unit(-60);
  let factor = 1 / granularity;
  if (norm > c) {
    let q = (c << 400n) / norm;
    let exponent = -400 - Math.log2(granularity);
    for (; q >= 1n << 24n; exponent++) q >>= 1n;
    q -= 4n;
    factor = Number(q) * 2 ** exponent;
    if (factor < 2 ** -126) factor = 0;
  }
  return Array.from(row, (x) => Math.trunc(Math.fround(factor * x)));
}

const random = (n: number, seed: number, scale: number): Float32Array => {
  const stream = words(seed, 99);
  return Float32Array.from({ length: n }, () => (stream.uint32() / 2 ** 31 - 1) * scale);
};

/** Records of every kind, [rows, 37]. */
function records(): Float32Array {
  const rows = [1e-3, 0.01, 0.1, 0.25, 1, 30, 1e6, 1e30, 3e38, 1e-39].map((scale, i) => random(37, i, scale));
  rows.push(new Float32Array(37), random(37, 50, 1), random(37, 51, 1), random(37, 52, 1));
  rows[11][5] = Number.NaN;
  rows[12][36] = Infinity;
  rows[13].fill(0)[7] = -1e6;
  rows.push(Float32Array.from({ length: 37 }, (_, i) => (i ? 1e-20 : 1)));
  rows.push(Float32Array.from({ length: 37 }, (_, i) => 10 ** (i - 30)));
  rows.push(random(37, 53, 0.99 / Math.sqrt(37)), Float32Array.of(1, ...new Float32Array(36)));
  return Float32Array.from(rows.flatMap((r) => [...r]));
}

test('a record adds its clipped, truncated gradient, in integers: the same as in arithmetic of any size', async () => {
  const all = records();
  const plus = (v: number) => v + 0;
  for (const bound of [1, 0.3, 1e-3, 100]) {
    const granularity = 2 ** Math.ceil(Math.log2(bound / 2 ** 16));
    for (let r = 0; 37 * r < all.length; r++) {
      const row = all.slice(37 * r, 37 * r + 37);
      const got = await sums([row], { bound, granularity });
      assert.equal(got.map(plus), clipped(row, down(bound), granularity).map(plus), `bound ${bound}, record ${r}`);
    }
  }
});

test('taking out any record moves the sum by at most C, exactly; no more is clipped than needed', async () => {
  const all = records();
  const n = all.length / 37;
  const whole = await sums([all]);
  const limit = 2 ** 16;
  let largest = 0;
  for (let r = 0; r < n; r++) {
    const without = Float32Array.from([...all.subarray(0, 37 * r), ...all.subarray(37 * r + 37)]);
    const rest = await sums([without]);
    const moved = whole.reduce((s, v, i) => s + (v - rest[i]) ** 2, 0);
    assert.ok(moved <= limit ** 2, `record ${r} moves it by ${Math.sqrt(moved) / limit} C`);
    if (r === 11 || r === 12 || r === 10) assert.is(moved, 0);
    largest = Math.max(largest, moved);
    const row = all.subarray(37 * r, 37 * r + 37);
    const norm = Math.hypot(...row);
    if (Number.isFinite(norm)) {
      const due = Math.min(norm, 1) * limit;
      assert.ok(Math.sqrt(moved) >= due * (1 - 1e-3) - Math.sqrt(37), `record ${r}: ${Math.sqrt(moved)} of ${due}`);
    }
  }
  assert.ok(largest > (0.999 * limit) ** 2);
});

test('the release has the same bits under any physical split and on any number of workgroups', async () => {
  const all = records();
  const n = all.length / 37;
  const run = async (on: Gpu, split: number[]) => {
    const m = new DiscreteMechanism(on, PrivacyKey.insecure(3), BASE);
    m.prepare([n]);
    let at = 0;
    for (const rows of split) m.accumulate(tensor(on, all.slice(37 * at, 37 * (at += rows)), [1, rows, 37]));
    return m.release().read();
  };
  const y = await run(gpu, [n]);
  sameBits(await run(gpu, [1, n - 1]), y);
  sameBits(await run(gpu, [5, 5, n - 10]), y);
  const other = new Gpu(await dawn(), gpu.device, { ...gpu.adapter, software: !gpu.adapter.software }, true);
  sameBits(await run(other, [n - 3, 3]), y);
});

test('groups are summed apart, and only live rows count, NaN in the others notwithstanding', async () => {
  const [groups, rows, width] = [3, 4, 37];
  const x = random(groups * rows * width, 7, 0.05);
  const live = [4, 0, 2];
  live.forEach((n, g) => {
    x.fill(Number.NaN, (g * rows + n) * width, (g + 1) * rows * width);
  });
  const got = await sums([x, x], { groups }, [live, live]);
  const want = live.flatMap((n, g) => {
    const sum = Array(width).fill(0);
    for (let r = 0; r < n; r++) {
      const at = (g * rows + r) * width;
      clipped(x.slice(at, at + width), 1, 2 ** -16).forEach((v, j) => {
        sum[j] += 2 * v;
      });
    }
    return sum;
  });
  assert.equal(
    got.map((v) => v + 0),
    want.map((v) => v + 0),
  );
});

test('in a chunk each update has its own noise, an empty one nothing else, and a sum is used once', async () => {
  const m = seeded({ chunk: 3, scale: 1 / 8 });
  const each = tensor(gpu, random(37, 1, 0.01), [1, 1, 37]);
  const out = tensor(gpu, new Float32Array(37));
  const accumulate = gpu.capture('accumulate', () => m.accumulate(each));
  const finish = gpu.capture('finish', () => m.release(out));
  const want = clipped(await each.read(), 1, 2 ** -16);
  for (const [chunk, times] of [
    [2, 0, 1],
    [0, 1],
  ].entries()) {
    m.prepare(times);
    for (const [index, count] of times.entries()) {
      const replays = [...Array.from({ length: count }, () => ({ program: accumulate, step: 0, live: [1] }))];
      await gpu.replay([...replays, { program: finish, step: 0, index }]).done();
      const k = noise(m, 37, 3 * chunk + index);
      const y = k.map((v, i) => ((v + count * want[i]) * 2 ** -16) / 8);
      sameBits(await out.read(), Float32Array.from(y));
    }
  }
  for (const program of [accumulate, finish]) program.dispose();
  m.dispose();
  m.dispose();
  assert.is(await codeOf(() => m.prepare([1])), 'USE_AFTER_FREE');
});

test('sums of more than 24 bits are cut toward zero, and nothing overflows at the limit', async () => {
  const m = seeded({ width: 1, most: 2 ** 14, multiplier: 0.01 });
  const ones = tensor(gpu, new Float32Array(2 ** 14 - 3).fill(-1), [1, 2 ** 14 - 3, 1]);
  m.prepare([2 ** 14 - 3]);
  m.accumulate(ones);
  const [y] = await m.release().read();
  const k = noise(m, 1, 0)[0] - 2 ** 16 * (2 ** 14 - 3);
  const step = 2 ** (Math.floor(Math.log2(-k)) - 23);
  assert.is(y, (Math.trunc(k / step) * step) / 2 ** 16);
});

test('the noise has at least the standard deviation asked for, and the default steps fit', () => {
  for (const multiplier of [0.3, 1, 14, 1000]) {
    for (const bound of [1e-3, 1, 0.7]) {
      const m = seeded({ multiplier, bound, most: 5000, granularity: undefined });
      const sigma = Math.sqrt(m.variance) / m.steps;
      assert.ok(sigma >= multiplier && sigma < multiplier * 1.001, `${sigma} for ${multiplier}`);
      assert.ok(m.steps * 5000 <= 2 ** 30 && m.steps * m.granularity <= bound);
      assert.ok(m.steps > 2 ** 13, `${m.steps} steps`);
      assert.equal(m.sensitivity, { bound: m.steps * m.granularity, rounding: 0 });
      m.dispose();
    }
  }
});

test('what does not fit is refused', async () => {
  for (const wrong of [
    { bound: 0 },
    { multiplier: Number.NaN },
    { most: -1 },
    { scale: 0 },
    { granularity: 0.001 },
    { granularity: 2 ** -70 },
    { granularity: 2 },
    { most: 2 ** 14 + 1 },
    { multiplier: 300 },
  ]) {
    assert.is(await codeOf(() => seeded(wrong)), 'CONFIG', JSON.stringify(wrong));
  }
  const m = seeded();
  assert.is(await codeOf(() => m.prepare([65])), 'OVER_LIMIT');
  assert.is(await codeOf(() => m.prepare([1, 1])), 'OVER_LIMIT');
  assert.is(await codeOf(() => m.accumulate(tensor(gpu, [[[1, 2]]]))), 'SHAPE');
});

test.run();
