import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { contract, linear, matmul } from '../../src/ops/contract.ts';
import { NONE } from '../../src/ops/epilogue.ts';
import { runMatmul } from '../../src/ops/matmul.ts';
import { eligible, type MatmulKernel } from '../../src/ops/matmul-plan.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { type Nd, nd, matmul as reference } from '../support/nd.ts';
import { codeOf, near, poison, rounding, Values } from '../support/values.ts';
import { mixes } from './mixes.ts';

const gpu = await open();
test.after(() => gpu.close());

const title = (value: unknown) => JSON.stringify(value);

test('matmul: values for every mix of groups, ranks and transposes', async () => {
  const values = new Values(1);
  for (const { as, bs, transposeA, transposeB, k, what } of mixes(values, 9)) {
    poison(gpu, 1 << 12);
    const [a, b] = [values.normal(as), values.normal(bs)];
    const y = matmul(tensor(gpu, a, as), tensor(gpu, b, bs), { transposeA, transposeB });
    const expected = reference(nd(a, as), nd(b, bs), transposeA, transposeB);
    assert.equal(y.shape, expected.shape, what);
    near(await y.read(), expected.data, { ...rounding(k), what });
  }
});

/** Sizes on both sides of every tile's edge, thin and long ones included: [m, n, k]. */
const SIZES: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [1, 1, 5000],
  [1, 33, 70],
  [67, 1, 130],
  [2, 40, 3000],
  [300, 3, 9],
  [8, 8, 8],
  [16, 32, 16],
  [17, 36, 5],
  [31, 64, 33],
  [33, 65, 31],
  [64, 64, 64],
  [128, 128, 128],
  [129, 132, 130],
  [640, 256, 2],
  [640, 2, 256],
  [2, 256, 640],
  [256, 256, 320],
];

test('matmul: values at the edges of tiles, all transposes', async () => {
  const values = new Values(2);
  for (const [m, n, k] of SIZES) {
    for (const [transposeA, transposeB] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ]) {
      poison(gpu, 4 * m * n);
      const [as, bs] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
      const [a, b] = [values.normal(as), values.normal(bs)];
      const y = await matmul(tensor(gpu, a, as), tensor(gpu, b, bs), { transposeA, transposeB }).read();
      const expected = reference(nd(a, as), nd(b, bs), transposeA, transposeB);
      near(y, expected.data, { ...rounding(k), what: `${m} x ${n} x ${k} ${transposeA} ${transposeB}` });
    }
  }
});

test('matmul: grouped, at the edges of tiles', async () => {
  const values = new Values(3);
  for (const [ga, gb, m, n, k] of [
    [10, 10, 32, 256, 2],
    [10, 1, 33, 64, 36],
    [1, 10, 64, 36, 33],
    [4, 2, 20, 1, 256],
  ]) {
    for (const [transposeA, transposeB] of [
      [false, false],
      [false, true],
      [true, false],
    ]) {
      poison(gpu, 4 * 10 * m * n);
      const [as, bs] = [transposeA ? [ga, k, m] : [ga, m, k], transposeB ? [gb, n, k] : [gb, k, n]];
      const [a, b] = [values.normal(as), values.normal(bs)];
      const y = await matmul(tensor(gpu, a, as), tensor(gpu, b, bs), { transposeA, transposeB }).read();
      const expected = reference(nd(a, as), nd(b, bs), transposeA, transposeB);
      near(y, expected.data, { ...rounding(k), what: `${title(as)} x ${title(bs)} ${transposeA} ${transposeB}` });
    }
  }
});

test('a weighted product in every kernel: what has weight 0 adds nothing, whatever it meets', async () => {
  const values = new Values(12);
  const kernels: MatmulKernel[] = ['naive', 'register', 'tile', 'subgroup', 'subgroup4', 'wide', 'tall'];
  const ran = new Set<MatmulKernel>();
  for (const [groups, m, n, k] of [
    [1, 3, 8, 5],
    [3, 4, 64, 33],
    [2, 70, 36, 19],
    [3, 8, 1, 10],
    [1, 64, 4, 7],
    [2, 17, 5, 66],
    [2, 4, 4, 1100],
    [1, 33, 40, 513],
  ]) {
    const [a, b] = [values.normal([groups, k, m]), values.normal([groups, k, n])];
    const c = values.uniform([groups * k], 0, 2).map((v, i) => (i % 3 === 1 ? 0 : v));
    const expected = new Float64Array(groups * m * n);
    c.forEach((weight, l) => {
      const g = Math.floor(l / k);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) expected[(g * m + i) * n + j] += weight * a[l * m + i] * b[l * n + j];
      }
      if (weight > 0) return;
      a.fill(Number.NaN, l * m, (l + 1) * m);
      b.fill(Number.POSITIVE_INFINITY, l * n, (l + 1) * n);
    });
    const sizes = { groups, ga: groups, gb: groups, gc: 1, m, n, k, shape: [groups, m, n], epilogue: NONE };
    const [x, y] = [tensor(gpu, a, [groups, k, m]), tensor(gpu, b, [groups, k, n])];
    for (const force of [undefined, ...kernels]) {
      const shape = { groups, m, n, k, aTransposed: true, bTransposed: false };
      if (force && !eligible(force, shape, gpu.adapter)) continue;
      if (force) ran.add(force);
      const product = runMatmul({ a: x, b: y, ta: true, tb: false, ...sizes, weights: tensor(gpu, c), force });
      near(await product.read(), expected, { ...rounding(k), what: `${force} ${groups} x ${m} x ${n} x ${k}` });
    }
  }
  const could = kernels.filter((kernel) => gpu.adapter.subgroupMax === 8 || !kernel.startsWith('subgroup'));
  assert.equal(ran.size, could.length);
});

const ACTIVATIONS = {
  none: (v: number) => v,
  leaky: (v: number) => (v > 0 ? v : 0.2 * v),
  tanh: Math.tanh,
};

/** product + bias, group g reading bias block floor(g * blocks / groups). */
function withBias(product: Nd, bias: ArrayLike<number>, f: (v: number) => number): Float64Array {
  const n = product.shape[product.shape.length - 1];
  const groups = product.shape.length === 3 ? product.shape[0] : 1;
  const blocks = bias.length / n;
  const per = product.data.length / groups;
  return product.data.map((v, i) => f(v + bias[Math.floor((Math.floor(i / per) * blocks) / groups) * n + (i % n)]));
}

test('linear: values with every activation, for weights and biases of one block, of each group, and shared', async () => {
  const values = new Values(4);
  const cases: [Shape, Shape, Shape][] = [
    [[7, 3], [3, 5], [5]],
    [
      [7, 3],
      [3, 4],
      [1, 4],
    ],
    [
      [1, 7, 3],
      [1, 3, 5],
      [1, 5],
    ],
    [
      [3, 7, 4],
      [3, 4, 5],
      [3, 5],
    ],
    [[3, 7, 4], [4, 8], [8]],
    [
      [6, 2, 4],
      [3, 4, 5],
      [3, 5],
    ],
    [
      [6, 2, 4],
      [3, 4, 8],
      [1, 8],
    ],
    [
      [6, 2, 4],
      [4, 5],
      [2, 5],
    ],
    [
      [7, 4],
      [3, 4, 5],
      [3, 5],
    ],
    [
      [10, 32, 2],
      [10, 2, 64],
      [10, 64],
    ],
    [
      [10, 32, 64],
      [10, 64, 1],
      [10, 1],
    ],
    [[300, 64], [64, 36], [36]],
  ];
  for (const [xs, ws, bs] of cases) {
    const [x, w, b] = [values.normal(xs), values.normal(ws), values.normal(bs)];
    const product = reference(nd(x, xs), nd(w, ws));
    for (const activation of ['none', 'leaky', 'tanh'] as const) {
      poison(gpu, 4 * product.data.length);
      const y = linear(tensor(gpu, x, xs), tensor(gpu, w, ws), tensor(gpu, b, bs), { activation, slope: 0.2 });
      const what = `${activation} of ${title([xs, ws, bs])}`;
      assert.equal(y.shape, product.shape, what);
      near(await y.read(), withBias(product, b, ACTIVATIONS[activation]), { ...rounding(ws[ws.length - 2]), what });
    }
  }
});

test('linear: tanh is 1 at 1e4, not NaN', async () => {
  const [x, w, b] = [tensor(gpu, [[1e4], [-1e4]]), tensor(gpu, [[1, 1, 1, 1]]), tensor(gpu, [0, 0, 0, 0])];
  near(await linear(x, w, b, { activation: 'tanh' }).read(), [1, 1, 1, 1, -1, -1, -1, -1]);
});

test('the mask epilogue multiplies by the slope where the mask is not positive', async () => {
  const values = new Values(5);
  for (const [as, bs] of [
    [
      [7, 3],
      [3, 5],
    ],
    [
      [3, 9, 4],
      [3, 4, 8],
    ],
    [
      [40, 16],
      [16, 36],
    ],
  ]) {
    const [a, b] = [values.normal(as), values.normal(bs)];
    const product = reference(nd(a, as), nd(b, bs));
    const mask = values.normal(product.shape).map((v, i) => (i % 5 ? v : 0));
    poison(gpu, 4 * sizeOf(product.shape));
    const at = tensor(gpu, mask, product.shape);
    const y = contract(tensor(gpu, a, as), tensor(gpu, b, bs), { epilogue: { kind: 'mask', at, slope: 0.2 } });
    const expected = product.data.map((v, i) => (mask[i] > 0 ? v : 0.2 * v));
    near(await y.read(), expected, { ...rounding(4), what: title([as, bs]) });
  }
});

test('a slope of zero is ReLU, one below zero is refused', async () => {
  const [x, w, b] = [tensor(gpu, [[1], [-1]]), tensor(gpu, [[2, -2]]), tensor(gpu, [0, 0])];
  const relu = (slope: number) => linear(x, w, b, { activation: 'leaky', slope });
  near(await relu(0).read(), [2, 0, 0, 2]);
  assert.is(await codeOf(() => relu(-0.1)), 'CONFIG');
  assert.is(await codeOf(() => relu(Number.NaN)), 'CONFIG');
});

test('shapes that do not fit are refused, with the shapes in the message', async () => {
  const make = (...shape: number[]) => new Values(1).tensor(gpu, shape);
  assert.is(await codeOf(() => matmul(make(2, 3), make(2, 3))), 'SHAPE');
  assert.is(await codeOf(() => matmul(make(2, 2, 3), make(3, 3, 4))), 'SHAPE');
  assert.is(await codeOf(() => matmul(make(3), make(3, 4))), 'SHAPE');
  assert.is(await codeOf(() => matmul(make(2, 2, 3, 3), make(3, 4))), 'SHAPE');
  assert.is(await codeOf(() => linear(make(2, 3), make(3, 4), make(3))), 'SHAPE');
  assert.is(await codeOf(() => linear(make(2, 3), make(3, 4), make(8))), 'SHAPE');
  assert.is(await codeOf(() => linear(make(3, 2, 3), make(3, 3, 4), make(2, 4))), 'SHAPE');
  assert.throws(() => matmul(make(2, 3), make(4, 5)), /\[2, 3\].*\[4, 5\]/);
});

test.run();
