/** Convolution and its two adjoints: values against float64, what epilogues do, and what is refused. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { conv, convFilter, convTranspose } from '../../src/ops/conv.ts';
import type { ConvOptions, Padding } from '../../src/ops/conv-geometry.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { conv64, convFilter64, convInput64, geometry, grouped64, sumGroups64 } from '../support/conv64.ts';
import { near, poison, rounding, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

interface Case {
  gx: number;
  gk: number;
  n: number;
  image: readonly [h: number, w: number, ci: number];
  kernel: readonly [kh: number, kw: number];
  co: number;
  options: ConvOptions;
}

/** All three for one shape, their memory poisoned before. */
async function compare(c: Case, values: Values): Promise<void> {
  const { gx, gk, n, kernel, co, options } = c;
  const what = JSON.stringify(c);
  const [h, w, ci] = c.image;
  const [xs, ks] = [
    [gx, n, h, w, ci],
    [gk, ...kernel, ci, co],
  ];
  const s = geometry(c.image, [...kernel, ci, co], options);
  const groups = Math.max(gx, gk);
  const map = [n, s.oh, s.ow, co];
  const [x, k] = [values.normal(xs), values.normal(ks)];
  const [x64, k64] = [Float64Array.from(x), Float64Array.from(k)];
  const of = (g: Float32Array) => Float64Array.from(g);

  // No output is freed, so none can hold what an earlier call left: NaN or, from fresh memory, zero.
  poison(gpu);
  const y = conv(tensor(gpu, x, xs), tensor(gpu, k, ks), options);
  assert.equal(y.shape, [groups, ...map], what);
  const taps = kernel[0] * kernel[1];
  const expected = grouped64(conv64, [x64, gx], [k64, gk], n, s);
  near(await y.read(), expected, { ...rounding(taps * ci), what: `conv ${what}` });

  // The transposed convolution of a map that has as many blocks as the image had.
  const some = values.normal([gx, ...map]);
  const back = convTranspose(tensor(gpu, some, [gx, ...map]), tensor(gpu, k, ks), { ...options, output: [h, w] });
  assert.equal(back.shape, [groups, n, h, w, ci], what);
  const expectedBack = grouped64(convInput64, [of(some), gx], [k64, gk], n, s);
  near(await back.read(), expectedBack, { ...rounding(taps * co), what: `convTranspose ${what}` });

  const all = values.normal([groups, ...map]);
  const images = values.normal([groups, ...xs.slice(1)]);
  const blocks = groups === gk ? gk : 1;
  const f = convFilter(
    tensor(gpu, images, [groups, ...xs.slice(1)]),
    tensor(gpu, all, [groups, ...map]),
    kernel,
    blocks === groups ? options : { ...options, blocks },
  );
  assert.equal(f.shape, [blocks, ...ks.slice(1)], what);
  const each = grouped64(convFilter64, [of(images), groups], [of(all), groups], n, s);
  const terms = (n * s.oh * s.ow * groups) / blocks;
  near(await f.read(), sumGroups64(each, groups, blocks), { ...rounding(terms), what: `convFilter ${what}` });
}

const GROUPS = [
  [1, 1],
  [3, 3],
  [3, 1],
  [1, 3],
  [6, 3],
  [2, 6],
] as const;
const CHANNELS = [1, 2, 3, 4, 5, 8, 16, 33];

test('values on random shapes: kernels 1-5, strides 1-3, every padding and mix of groups', async () => {
  const values = new Values(1);
  const pick = <T>(list: readonly T[]): T => list[values.int(0, list.length - 1)];
  for (let trial = 0; trial < 72; trial++) {
    const [gx, gk] = GROUPS[trial % GROUPS.length];
    const kernel = [values.int(1, 5), values.int(1, 5)] as const;
    const stride = [values.int(1, 3), values.int(1, 3)] as const;
    const some = () => [values.int(0, 3), values.int(0, 3)] as const;
    const padding: Padding = trial % 3 === 2 ? [some(), some()] : (['same', 'valid'] as const)[trial % 3];
    const image = [values.int(5, 9), values.int(5, 12), pick(CHANNELS)] as const;
    await compare(
      { gx, gk, n: values.int(1, 3), image, kernel, co: pick(CHANNELS), options: { stride, padding } },
      values,
    );
  }
});

test('values for every pair of channel counts', async () => {
  const values = new Values(2);
  for (const ci of CHANNELS) {
    for (const co of CHANNELS) {
      const kernel = [3, 2] as const;
      await compare({ gx: 2, gk: 2, n: 2, image: [5, 6, ci], kernel, co, options: { stride: 2 } }, values);
    }
  }
});

test('values for the layers of the image networks, at their channels, two rows', async () => {
  const values = new Values(3);
  const layers: [side: number, ci: number, co: number, stride: number][] = [
    [28, 1, 64, 2],
    [14, 64, 128, 2],
    [7, 128, 256, 1],
    [16, 64, 128, 2],
    [32, 3, 64, 2],
    [8, 128, 256, 2],
    [4, 256, 256, 1],
  ];
  for (const [side, ci, co, stride] of layers) {
    await compare({ gx: 1, gk: 1, n: 2, image: [side, side, ci], kernel: [5, 5], co, options: { stride } }, values);
  }
});

test('a default stride of 1 and "same"; convTranspose grows an image by the stride', async () => {
  const values = new Values(4);
  const [x, k] = [values.tensor(gpu, [1, 2, 5, 4, 3]), values.tensor(gpu, [1, 5, 5, 3, 2])];
  assert.equal(conv(x, k).shape, [1, 2, 5, 4, 2]);
  const y = values.tensor(gpu, [1, 2, 5, 4, 2]);
  assert.equal(convTranspose(y, k).shape, [1, 2, 5, 4, 3]);
  assert.equal(convTranspose(y, k, { stride: [2, 3] }).shape, [1, 2, 10, 12, 3]);
  // The smallest image of "valid": (5 - 1) 2 + 5 rows; and the same less what explicit padding takes away.
  assert.equal(convTranspose(y, k, { stride: 2, padding: 'valid' }).shape, [1, 2, 13, 11, 3]);
  const padding = [
    [1, 2],
    [0, 3],
  ] as const;
  assert.equal(convTranspose(y, k, { stride: 2, padding }).shape, [1, 2, 10, 8, 3]);
  const f = convFilter(x, y, [5, 5]);
  assert.equal(f.shape, [1, 5, 5, 3, 2]);
});

test('by hand: cross-correlation, not convolution; "same" pads more after than before', async () => {
  const x = tensor(gpu, Float32Array.of(1, 2, 3, 4), [1, 1, 1, 4, 1]);
  const k = tensor(gpu, Float32Array.of(1, 10, 100), [1, 1, 3, 1, 1]);
  near(await conv(x, k).read(), [210, 321, 432, 43]);
  near(await conv(x, k, { padding: 'valid' }).read(), [321, 432]);
  // Stride 2 over 4 columns: one column of zeros, after.
  near(await conv(x, k, { stride: 2 }).read(), [321, 43]);
  const y = tensor(gpu, Float32Array.of(1, 2), [1, 1, 1, 2, 1]);
  near(await convTranspose(y, k, { stride: [1, 2] }).read(), [1, 10, 102, 20]);
  near(await convFilter(x, y, [1, 3], { stride: 2 }).read(), [7, 10, 3]);
});

test('epilogues: bias, leaky, tanh and mask, in both directions, with biases of one block and of each', async () => {
  const values = new Values(5);
  const leaky = (v: number) => (v > 0 ? v : 0.2 * v);
  const [n, image, kernel, stride] = [2, [6, 5, 4], [3, 3], 2] as const;
  const s = geometry(image, [...kernel, 4, 5], { stride });
  for (const [gx, gk, gb] of [
    [1, 1, 1],
    [3, 3, 3],
    [3, 3, 1],
    [1, 3, 3],
    [6, 3, 3],
    [6, 3, 1],
  ]) {
    const groups = Math.max(gx, gk);
    const ks = [gk, ...kernel, 4, 5];
    const k = values.normal(ks);
    poison(gpu);
    for (const forward of [true, false]) {
      const [from, to] = forward ? [[...image], [s.oh, s.ow, 5]] : [[s.oh, s.ow, 5], [...image]];
      const t = values.normal([gx, n, ...from]);
      const channels = to[2];
      const b = values.normal([gb, channels]);
      const operands = [
        [Float64Array.from(t), gx],
        [Float64Array.from(k), gk],
      ] as const;
      const bare = grouped64(forward ? conv64 : convInput64, ...operands, n, s);
      const biased = bare.map((v, i) => {
        const g = Math.floor(i / (bare.length / groups));
        return v + b[Math.floor((g * gb) / groups) * channels + (i % channels)];
      });
      const at = values.normal([groups, n, ...to]).map((v, i) => (i % 7 ? v : 0));
      const [bias, mask] = [tensor(gpu, b, [gb, channels]), tensor(gpu, at, [groups, n, ...to])];
      const cases = [
        [{ kind: 'bias', bias }, biased],
        [{ kind: 'leaky', bias, slope: 0.2 }, biased.map(leaky)],
        [{ kind: 'leaky', slope: 0.2 }, bare.map(leaky)],
        [{ kind: 'tanh', bias }, biased.map(Math.tanh)],
        [{ kind: 'tanh' }, bare.map(Math.tanh)],
        [{ kind: 'mask', at: mask, slope: 0.2 }, bare.map((v, i) => (at[i] > 0 ? v : 0.2 * v))],
      ] as const;
      for (const [epilogue, expected] of cases) {
        const [a, w] = [tensor(gpu, t, [gx, n, ...from]), tensor(gpu, k, ks)];
        const y = forward
          ? conv(a, w, { stride, epilogue })
          : convTranspose(a, w, { stride, output: [image[0], image[1]], epilogue });
        const what = `${forward ? 'conv' : 'convTranspose'} ${epilogue.kind} ${[gx, gk, gb]}`;
        near(await y.read(), expected, { ...rounding(45), what });
      }
    }
  }
});

test('more pixels than one axis of a grid has workgroups', async () => {
  const values = new Values(6);
  const shape = [1, 700, 32, 32, 1];
  const x = values.normal(shape);
  const k = tensor(gpu, Float32Array.of(2), [1, 1, 1, 1, 1]);
  poison(gpu, 4 * x.length);
  near(
    await conv(tensor(gpu, x, shape), k).read(),
    x.map((v) => 2 * v),
  );
  near(
    await convTranspose(tensor(gpu, x, shape), k).read(),
    x.map((v) => 2 * v),
  );
  const ones = tensor(gpu, new Float32Array(x.length).fill(1), shape);
  near(await convFilter(ones, ones, [1, 1]).read(), [x.length]);
});

test('the same bits twice', async () => {
  const values = new Values(7);
  const [x, k] = [values.tensor(gpu, [5, 7, 14, 14, 16]), values.tensor(gpu, [5, 5, 5, 16, 33])];
  const y = values.tensor(gpu, [5, 7, 7, 7, 33]);
  const all = async () => [
    await conv(x, k, { stride: 2 }).read(),
    await convTranspose(y, k, { stride: 2 }).read(),
    await convFilter(x, y, [5, 5], { stride: 2 }).read(),
    await convFilter(x, y, [5, 5], { stride: 2, blocks: 1 }).read(),
  ];
  const first = await all();
  poison(gpu);
  for (const [i, again] of (await all()).entries()) sameBits(again, first[i]);
});

test('infinity in a pixel stays within the taps that see it', async () => {
  const x = tensor(gpu, Float32Array.of(Number.POSITIVE_INFINITY, 0, 0, 0, 0, 1), [1, 1, 1, 6, 1]);
  const k = tensor(gpu, Float32Array.of(1, 1, 1), [1, 1, 3, 1, 1]);
  const y = await conv(x, k).read();
  near(y, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0, 1, 1]);
});

test.run();
