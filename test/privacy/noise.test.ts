import { test } from 'uvu';
import * as assert from 'uvu/assert';
import normalsShader from '#shaders/private_normals.wgsl';
import { dawn, open } from '../../src/api/node.ts';
import { Gpu } from '../../src/gpu/gpu.ts';
import { chacha } from '../../src/privacy/chacha.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { gaussianNoise, NoiseSource, noiseGrid, noiseScale } from '../../src/privacy/noise.ts';
import { BoundedSum } from '../../src/privacy/sensitivity.ts';
import { empty, type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, sameBits } from '../support/values.ts';
import { correlation, ERRORS, faults } from './laws.ts';

const gpu = await open();
test.after(() => gpu.close());

const zeros = (n: number) => tensor(gpu, new Float32Array(n));
/** A tensor in which one record counts for `bound`, without rounding. */
const bounded = (x: Tensor, bound = 1) => BoundedSum.claimed(x, bound);
const exact = (bound: number) => ({ bound, rounding: 0 });
const seeded = (seed: number) => new NoiseSource(gpu, PrivacyKey.insecure(seed));

/** Box-Muller of one pair in float64, from a 64-bit radius word and a 32-bit angle. */
function pair(high: number, low: number, angle: number): [number, number] {
  // -ln(u) with u = (k + 1/2) / 2^64; near 1 by the complement, which a float64 holds to the last bit.
  const complement = ((~high >>> 0) * 2 ** 32 + (~low >>> 0) + 0.5) / 2 ** 64;
  const u = (high * 2 ** 32 + low + 0.5) / 2 ** 64;
  const radius = Math.sqrt(-2 * (high >= 2 ** 31 ? Math.log1p(-complement) : Math.log(u)));
  const t = (((angle & 0x1fffffff) + 0.5) / 2 ** 29) * (Math.PI / 4);
  const [s, c] = [radius * Math.sin(t), radius * Math.cos(t)];
  const [x, y] = angle & 0x80000000 ? [s, c] : [c, s];
  return [angle & 0x40000000 ? -x : x, angle & 0x20000000 ? -y : y];
}

interface Place {
  draw: number;
  site?: number;
}

/** The normals that the device should have drawn, in float64. */
function reference(seed: number, n: number, { draw, site = 0 }: Place): Float64Array {
  const key = PrivacyKey.insecure(seed).derive('noise');
  const out = new Float64Array(n);
  for (let e = 0; 8 * e < n; e++) {
    const w = chacha(key, e, [draw >>> 0, Math.floor(draw / 2 ** 32), site]);
    for (let j = 0; j < 4; j++) {
      pair(w[j], w[4 + j], w[8 + j]).forEach((v, i) => {
        if (8 * e + 2 * j + i < n) out[8 * e + 2 * j + i] = v;
      });
    }
  }
  return out;
}

/** Noise on zeros with standard deviation 1, a little more because of the grid. */
async function draw(source: NoiseSource, n: number): Promise<Float64Array> {
  return Float64Array.from(await gaussianNoise(source, bounded(zeros(n)), { multiplier: 1 }).read());
}

test('normals of given words, tails and axes included, to a few units of f32', async () => {
  const edges = [0, 1, 2, 3, 255, 2 ** 24, 2 ** 24 + 1, 2 ** 31 - 1, 2 ** 31, 0xb504f333, 0xb504f334, 2 ** 32 - 1];
  const angles = [0, 1, 31, 32, 2 ** 24 + 17, 2 ** 29 - 1, 0xffffffff, 0x80000000, 0x40000001, 0x2fffffff];
  const rows: number[][] = [];
  for (const high of [...edges, 2 ** 32 - 2, 2 ** 32 - 256]) {
    for (const low of edges) for (const angle of angles) rows.push([high, low, angle]);
  }
  const n = Math.ceil(rows.length / 4);
  const words = new Uint32Array(12 * n);
  rows.forEach(([high, low, angle], i) => {
    const at = 12 * (i >> 2) + (i & 3);
    [words[at], words[at + 4], words[at + 8]] = [high, low, angle];
  });
  const y = empty(gpu, [n, 2, 4]);
  gpu.run(normalsShader, {}, { words: tensor(gpu, words), y }, { n, threads: 64 }, [1, 1, 1]);
  const got = await y.read();
  let largest = 0;
  let smallest = 1;
  rows.forEach(([high, low, angle], i) => {
    pair(high, low, angle).forEach((want, j) => {
      const v = got[8 * (i >> 2) + 4 * j + (i & 3)];
      assert.ok(Math.abs(v - want) <= 6e-7 * Math.abs(want), `${[high, low, angle]}: ${v}, not ${want}`);
      largest = Math.max(largest, Math.abs(v));
      smallest = Math.min(smallest, Math.abs(v));
    });
  });
  assert.ok(largest > 9.4 && smallest < 1e-15, `from ${smallest} to ${largest}`);
});

test('noise is the normals of the ChaCha20 words, by draw number and element, for any count', async () => {
  const source = seeded(3);
  for (const n of [1, 7, 8, 9, 1001]) {
    const at = source.draws.position;
    poison(gpu);
    const y = await gaussianNoise(source, bounded(zeros(n), 0.5), { multiplier: 2 }).read();
    const h = noiseGrid(n, exact(0.5), 2);
    const s = noiseScale(n, exact(0.5), 2, h);
    near(
      y,
      reference(3, n, { draw: at }).map((v) => s * v),
      { absolute: h, relative: 1e-6 },
    );
  }
});

test('calls outside a program have draws of their own, and two sources of one key have keys of their own', async () => {
  const source = seeded(2);
  const first = await draw(source, 2048);
  const second = await draw(source, 2048);
  assert.is(source.draws.position, 2);
  const key = PrivacyKey.insecure(2);
  const other = await draw(new NoiseSource(gpu, key, 1), 2048);
  sameBits(Float32Array.from(await draw(new NoiseSource(gpu, key, 0), 2048)), Float32Array.from(first));
  for (const [x, y] of [
    [first, second],
    [first, other],
    [second, other],
  ])
    assert.ok(correlation(x, y) < ERRORS && x.every((v, i) => v !== y[i] || v === 0));
});

test('what rounding to a coarse grid may move is made up for by more noise', async () => {
  const [n, sigma] = [1 << 14, 16];
  // Half a step each in all elements is as much as the bound.
  const grid = 2 ** -6;
  const y = await gaussianNoise(seeded(14), bounded(zeros(n)), { multiplier: sigma, grid }).read();
  const deviation = Math.sqrt(y.reduce((sum, v) => sum + v * v, 0) / n);
  const apart = 1 + (grid * Math.sqrt(n)) / 2 + (grid * Math.sqrt(n)) / 2;
  assert.ok(deviation > sigma * apart * 0.97 && deviation < sigma * apart * 1.03, `${deviation / sigma}, not ${apart}`);
});

test('draw numbers beyond 32 bits are other blocks', async () => {
  for (const position of [2 ** 24 - 1, 2 ** 24, 2 ** 32 + 5, 2 ** 48 - 1]) {
    const source = seeded(4);
    source.draws.position = position;
    near(await draw(source, 9), reference(4, 9, { draw: position }), { absolute: 1e-3, relative: 0 });
  }
});

test('the sum and a scale go in, in place too, whatever the number of workgroups', async () => {
  const values = Float32Array.from({ length: 1003 }, (_, i) => Math.sin(i) * 40);
  const options = { multiplier: 1.5, scale: 1 / 64 };
  const run = (source: NoiseSource, x: Tensor, into?: Tensor) =>
    gaussianNoise(source, bounded(x, 3), { ...options, into }).read();
  const y = await run(seeded(5), tensor(gpu, values));
  const noise = reference(5, 1003, { draw: 0 });
  const h = noiseGrid(1003, exact(3), 1.5);
  near(
    y,
    noise.map((v, i) => (values[i] + noiseScale(1003, exact(3), 1.5, h) * v) / 64),
    { absolute: h, relative: 1e-6 },
  );
  const x = tensor(gpu, values);
  sameBits(await run(seeded(5), x, x), y);
  sameBits(await run(seeded(5), tensor(gpu, values), zeros(1003)), y);
  const other = new Gpu(await dawn(), gpu.device, { ...gpu.adapter, software: !gpu.adapter.software }, true);
  const there = new NoiseSource(other, PrivacyKey.insecure(5));
  sameBits(await gaussianNoise(there, bounded(tensor(other, values), 3), options).read(), y);
});

test('nothing of the low bits of the sum comes out: released values lie on a grid fixed beforehand', async () => {
  const n = 4096;
  const h = noiseGrid(n, exact(1), 1);
  const base = Float32Array.from({ length: n }, (_, i) => Math.fround(h * Math.round(1e6 * Math.sin(i))));
  const moved = base.map((v, i) => v + h * 0.4 * Math.cos(3 * i));
  assert.ok(moved.some((v, i) => v !== base[i]));
  const noisy = (x: Float32Array) => gaussianNoise(seeded(6), bounded(tensor(gpu, x)), { multiplier: 1 }).read();
  const y = await noisy(base);
  sameBits(await noisy(moved), y);
  assert.ok(y.every((v) => Number.isInteger(v / h)));
  // No holes where the noise is larger than f32 can resolve: odd multiples come out as often as even ones.
  const sum = tensor(gpu, new Float32Array(n).fill(-40));
  const coarse = await gaussianNoise(seeded(6), bounded(sum), { multiplier: 20, grid: h }).read();
  const far = [...coarse].filter((v) => (v + 40) / h > 2 ** 24 && v / h < 2 ** 24);
  const odd = far.filter((v) => (v / h) % 2 !== 0).length;
  assert.ok(far.length > 150 && Math.abs(odd - far.length / 2) < ERRORS * Math.sqrt(far.length / 4), `${odd} odd`);
});

test('a sum that is not finite, or huge, gives noise and no NaN', async () => {
  const x = tensor(gpu, Float32Array.of(Number.NaN, Infinity, -Infinity, 1e38, -1e38, 0, 1e-45, -0));
  const y = await gaussianNoise(seeded(7), bounded(x), { multiplier: 1 }).read();
  const clean = await draw(seeded(7), 8);
  for (const i of [0, 1, 2, 5, 6, 7]) assert.is(y[i], Math.fround(clean[i]));
  assert.ok(y[3] > 2 ** 9 && y[4] < -(2 ** 9) && Number.isFinite(y[3]));
});

test('in a program each replay and each site is drawn anew, also at the same step', async () => {
  const source = seeded(8);
  const [u, v, zero] = [zeros(11), zeros(11), zeros(11)];
  const program = gpu.capture('noise', () => {
    gaussianNoise(source, bounded(zero), { multiplier: 1, into: u });
    gaussianNoise(source, bounded(zero), { multiplier: 1, into: v });
  });
  for (const [draw, step] of [5, 5, 6, 0].entries()) {
    await gpu.replay([{ program, step }]).done();
    near(await u.read(), reference(8, 11, { draw, site: 0 }), { absolute: 1e-3, relative: 0 });
    near(await v.read(), reference(8, 11, { draw, site: 1 }), { absolute: 1e-3, relative: 0 });
  }
  // A chunk of three is the same as three of one.
  await gpu.replay([0, 1, 2].map((step) => ({ program, step }))).done();
  near(await u.read(), reference(8, 11, { draw: 6 }), { absolute: 1e-3, relative: 0 });
  assert.is(source.draws.position, 7);
  for (const position of [2 ** 24 - 1, 2 ** 24, 2 ** 32 + 2 ** 24 + 7, 2 ** 48 - 1]) {
    source.draws.position = position;
    await gpu.replay([{ program, step: 3 }]).done();
    near(await v.read(), reference(8, 11, { draw: position, site: 1 }), { absolute: 1e-3, relative: 0 });
  }
  source.dispose();
  assert.is(await codeOf(() => gpu.replay([{ program, step: 9 }])), 'USE_AFTER_FREE');
  program.dispose();
});

test('a multiplier may be set for each replay', async () => {
  const source = seeded(9);
  const [y, zero] = [zeros(9), zeros(9)];
  let sigma = 0.5;
  const program = gpu.capture('adaptive', () =>
    gaussianNoise(source, bounded(zero), { multiplier: () => sigma, into: y }),
  );
  for (const [draw, next] of [0.5, 3, 1000].entries()) {
    sigma = next;
    await gpu.replay([{ program, step: 0 }]).done();
    near(
      await y.read(),
      reference(9, 9, { draw }).map((x) => next * x),
      { absolute: 0, relative: 1e-3 },
    );
  }
  sigma = 1e6;
  assert.is(await codeOf(() => gpu.replay([{ program, step: 0 }])), 'OVER_LIMIT');
  sigma = 0;
  assert.is(await codeOf(() => gpu.replay([{ program, step: 0 }])), 'CONFIG');
  program.dispose();
});

test('the grid costs little sensitivity and holds the noise, for every multiplier', () => {
  for (const n of [1, 100, 212_865, 2e7]) {
    for (const sigma of [0.3, 1, 14]) {
      const h = noiseGrid(n, exact(0.01), sigma);
      assert.is(2 ** Math.round(Math.log2(h)), h);
      assert.ok(noiseScale(n, exact(0.01), sigma, h) <= sigma * 0.01 * (n > 1e6 ? 1.002 : 1.0003), `${n}, ${sigma}`);
    }
    assert.ok(
      (10 * noiseScale(n, exact(0.01), 1000, noiseGrid(n, exact(0.01), 1000))) / noiseGrid(n, exact(0.01), 1000) <
        2 ** 30,
    );
  }
});

test('what makes no sense is refused', async () => {
  const g = zeros(3);
  const source = seeded(1);
  for (const multiplier of [0, -1, Number.NaN, Infinity])
    assert.is(await codeOf(() => gaussianNoise(source, bounded(g), { multiplier })), 'CONFIG');
  for (const bound of [0, -1, Number.NaN, Infinity])
    assert.is(await codeOf(() => gaussianNoise(source, bounded(g, bound), { multiplier: 1 })), 'CONFIG');
  assert.is(await codeOf(() => gaussianNoise(source, bounded(g), { multiplier: 1, scale: 0 })), 'CONFIG');
  for (const grid of [0.3, 0, Number.NaN, 2 ** 100])
    assert.is(await codeOf(() => gaussianNoise(source, bounded(g), { multiplier: 1, grid })), 'CONFIG');
  assert.is(await codeOf(() => gaussianNoise(source, bounded(g, 1e-35), { multiplier: 1 })), 'CONFIG');
  const wrong = { multiplier: 1, into: zeros(4) };
  assert.is(await codeOf(() => gaussianNoise(source, bounded(g), wrong)), 'VALIDATION');
  source.dispose();
  source.dispose();
  assert.is(await codeOf(() => gaussianNoise(source, bounded(g), { multiplier: 1 })), 'USE_AFTER_FREE');
});

test('disposing overwrites the key on the device', async () => {
  const source = new NoiseSource(gpu, PrivacyKey.fresh());
  const kept = source.key.view([8]);
  assert.ok((await kept.read()).some((w) => w !== 0));
  source.dispose();
  assert.ok((await kept.read()).every((w) => w === 0));
  kept.dispose();
});

const N = 1 << 20;

test('a million draws: moments to order 4, Kolmogorov-Smirnov, tails; and the test sees a scale of 1.02', async () => {
  const x = await draw(seeded(11), N);
  assert.equal(faults(x), []);
  const wrong = x.map((v) => 1.02 * v);
  assert.ok(faults(wrong).length >= 3, faults(wrong).join('; '));
  assert.ok(faults(x.map((v) => v / 1.02)).length >= 3);
  assert.ok(faults(x.map((v) => v + 0.01)).length >= 1);
  assert.ok(faults(x.map((v) => Math.max(-3.5, Math.min(3.5, v)))).length >= 1);
});

test('draws of neighbours, sites, replays and keys are independent, squares too', async () => {
  const n = N / 4;
  const source = seeded(12);
  const [u, v, zero] = [zeros(n), zeros(n), zeros(n)];
  const program = gpu.capture('correlations', () => {
    gaussianNoise(source, bounded(zero), { multiplier: 1, into: u });
    gaussianNoise(source, bounded(zero), { multiplier: 1, into: v });
  });
  const rows: Float64Array[] = [];
  for (const step of [0, 1]) {
    await gpu.replay([{ program, step }]).done();
    rows.push(Float64Array.from(await u.read()), Float64Array.from(await v.read()));
  }
  program.dispose();
  rows.push(await draw(seeded(13), n));
  const [first] = rows;
  for (const lag of [1, 2, 3, 7, 8, 64]) rows.push(first.map((_, i) => first[(i + lag) % n]));
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < Math.min(i, 5); j++) {
      if (i > 4 && j > 0) continue;
      for (const squares of [false, true]) {
        const errors = correlation(rows[i], rows[j], squares);
        assert.ok(errors < ERRORS, `rows ${j} and ${i}, squares ${squares}: ${errors} standard errors`);
      }
    }
  }
  const mixed = rows[1].map((x, i) => 0.02 * first[i] + Math.sqrt(1 - 0.02 ** 2) * x);
  assert.ok(correlation(first, mixed) > ERRORS, 'a correlation of 0.02 is seen');
});

test.run();
