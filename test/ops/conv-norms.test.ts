/** Squared norms of filter gradients by sample, both ways, against float64. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { ConvOptions } from '../../src/ops/conv-geometry.ts';
import { gramPays, runConvNorms } from '../../src/ops/conv-norms.ts';
import type { ConvCall } from '../../src/ops/conv-run.ts';
import { rowSums } from '../../src/ops/row-sums.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { convFilter64, geometry } from '../support/conv64.ts';
import { poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

interface Case {
  groups: number;
  n: number;
  image: readonly [h: number, w: number, ci: number];
  kernel: readonly [kh: number, kw: number];
  co: number;
  options?: ConvOptions;
}

const CASES: readonly Case[] = [
  { groups: 1, n: 3, image: [6, 5, 4], kernel: [3, 3], co: 2 },
  { groups: 3, n: 2, image: [7, 7, 8], kernel: [5, 5], co: 3, options: { stride: 2 } },
  {
    groups: 2,
    n: 2,
    image: [8, 6, 4],
    kernel: [4, 4],
    co: 5,
    options: {
      stride: 2,
      padding: [
        [1, 1],
        [1, 1],
      ],
    },
  },
  { groups: 1, n: 2, image: [7, 8, 12], kernel: [3, 2], co: 4, options: { stride: [2, 3] } },
  { groups: 1, n: 4, image: [4, 4, 4], kernel: [4, 4], co: 1, options: { padding: 'valid' } },
  {
    groups: 1,
    n: 2,
    image: [9, 3, 4],
    kernel: [2, 1],
    co: 6,
    options: {
      stride: [3, 1],
      padding: [
        [3, 0],
        [2, 1],
      ],
    },
  },
  { groups: 1, n: 1, image: [13, 11, 4], kernel: [7, 7], co: 4 },
];

function setting({ groups, n, image, kernel, co, options = {} }: Case) {
  const { co: _, ci: __, ...at } = geometry(image, [...kernel, image[2], co], options);
  const call: ConvCall = { geometry: at, groups, n, ci: image[2], co, share: 1 };
  return { call, shapes: { x: [groups, n, ...image], y: [groups, n, at.oh, at.ow, co] } };
}

/** Squared norms in float64, and |x|^2 |y|^2. */
function norms64({ image, kernel, co, options = {} }: Case, x: Float32Array, y: Float32Array, samples: number) {
  const s = geometry(image, [...kernel, image[2], co], options);
  const squares = (v: Float64Array) => v.reduce((a, b) => a + b * b, 0);
  return Array.from({ length: samples }, (_, i) => {
    const part = (t: Float32Array) =>
      Float64Array.from(t.subarray((i * t.length) / samples, ((i + 1) * t.length) / samples));
    const [xs, ys] = [part(x), part(y)];
    return { norm: squares(convFilter64(xs, ys, 1, s)), size: squares(xs) * squares(ys) };
  });
}

for (const one of CASES) {
  const { call, shapes } = setting(one);
  const samples = one.groups * one.n;
  for (const how of ['formed', 'gram'] as const) {
    test(`${how}: image ${one.image}, kernel ${one.kernel}, ${one.co} channels out`, async () => {
      const values = new Values(3);
      const [x, y] = [values.normal(shapes.x), values.normal(shapes.y)];
      poison(gpu);
      const { parts, rounding } = runConvNorms(call, tensor(gpu, x, shapes.x), tensor(gpu, y, shapes.y), how);
      const found = await rowSums([{ rows: parts, squared: false }]).read();
      norms64(one, x, y, samples).forEach(({ norm }, s) => {
        assert.ok(Math.abs(found[s] - norm) <= 2e-6 * norm, `sample ${s}: ${found[s]}, not ${norm}`);
      });
      assert.ok(how === 'formed' ? rounding === 0 : rounding > 0 && rounding < 1e-2);
    });
  }

  test(`what rounding hides stays within its bound: image ${one.image}, kernel ${one.kernel}`, async () => {
    // Pixels alike and errors that sum to nothing: gradients that are nearly all cancellation.
    const values = new Values(4);
    const alike = (n: number) => values.normal([n]).map((v) => 1 + 1e-4 * v);
    const [x, y] = [alike(samples * one.image[0] * one.image[1] * one.image[2]), values.normal(shapes.y)];
    const each = y.length / samples;
    for (let s = 0; s < samples; s++) {
      for (let o = 0; o < one.co; o++) {
        const at = Array.from({ length: each / one.co }, (_, t) => s * each + t * one.co + o);
        const mean = at.reduce((sum, i) => sum + y[i], 0) / at.length;
        for (const i of at) y[i] -= mean;
      }
    }
    const { parts, rounding } = runConvNorms(call, tensor(gpu, x, shapes.x), tensor(gpu, y, shapes.y), 'gram');
    const found = await rowSums([{ rows: parts, squared: false }]).read();
    norms64(one, x, y, samples).forEach(({ norm, size }, s) => {
      assert.ok(Math.abs(found[s] - norm) <= rounding * size, `sample ${s}: ${found[s]}, not ${norm} of ${size}`);
    });
  });
}

test('in pieces of the batch the same bits, and memory for one piece', async () => {
  // 4 (17 x 17)^2 bytes a sample: twelve samples fill what is in memory at a time, and bindings begin at sixteens.
  const one: Case = { groups: 2, n: 20, image: [17, 17, 4], kernel: [3, 3], co: 4 };
  const { call, shapes } = setting(one);
  const values = new Values(5);
  const [x, y] = [values.tensor(gpu, shapes.x), values.tensor(gpu, shapes.y)];
  const all = await runConvNorms(call, x, y, 'gram').parts.read();
  const some = (t: typeof x) => t.reshape([40, ...t.shape.slice(2)]).slice(0, 32, 40);
  const last = { ...call, groups: 1, n: 8 };
  const alone = await runConvNorms(last, some(x), some(y), 'gram').parts.read();
  assert.equal(Array.from(all.subarray(all.length - alone.length)), Array.from(alone));
});

test('what pays: formed in the first layers, Gram matrices behind them', () => {
  const pays = (image: Case['image'], kernel: Case['kernel'], co: number, options: ConvOptions = { stride: 2 }) =>
    gramPays(setting({ groups: 1, n: 1, image, kernel, co, options }).call);
  assert.not(pays([28, 28, 1], [5, 5], 64));
  assert.not(pays([32, 32, 3], [5, 5], 64));
  assert.not(pays([28, 28, 10], [4, 4], 64));
  assert.not(pays([4, 4, 512], [4, 4], 1, { padding: 'valid' }));
  assert.ok(pays([14, 14, 64], [5, 5], 128));
  assert.ok(pays([14, 14, 128], [4, 4], 256));
  assert.ok(pays([7, 7, 256], [3, 3], 512));
});

test.run();
