import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { max, mean, sum, sumTo, weightedTotal } from '../../src/ops/reduce.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { empty, type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { asHardware } from '../support/adapters.ts';
import { build, get, nd, reduce, total } from '../support/nd.ts';
import { codeOf, near, poison, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const RULES = {
  sum: { op: sum, join: total },
  mean: { op: mean, join: (v: number[]) => total(v) / v.length },
  max: { op: max, join: (v: number[]) => Math.max(...v) },
};

/** Every subset of the axes of a shape. */
const subsets = (rank: number): number[][] =>
  Array.from({ length: 2 ** rank }, (_, bits) =>
    Array.from({ length: rank }, (_, i) => i).filter((i) => bits & (1 << i)),
  );

test('sum, mean and max over every subset of axes', async () => {
  for (const shape of [[7], [3, 5], [5, 1, 7], [3, 9, 11], [2, 3, 5, 7], [17, 70]]) {
    const data = new Values(1).normal(shape);
    const x = tensor(gpu, data, shape);
    for (const axes of subsets(shape.length)) {
      for (const [name, { op, join }] of Object.entries(RULES)) {
        const keep = axes.length % 2 === 1;
        poison(gpu, 1 << 12);
        const y = op(x, axes, { keep });
        const expected = reduce(nd(data, shape), axes, join, keep);
        const what = `${name} of [${shape}] over [${axes}]`;
        assert.equal(y.shape, expected.shape, what);
        near(await y.read(), expected.data, { what, absolute: 3e-6 });
      }
    }
  }
});

test('axes by default, negative, repeated and single', async () => {
  const x = tensor(gpu, [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.is(await x.sum().item(), 21);
  assert.is(await x.mean().item(), 3.5);
  assert.is(await x.max().item(), 6);
  near(await x.sum(-1).read(), [6, 15]);
  near(await x.sum([0, -2]).read(), [5, 7, 9]);
  assert.equal(x.mean(-1, { keep: true }).shape, [2, 1]);
  assert.is(await codeOf(() => x.sum(2)), 'SHAPE');
  assert.is(await codeOf(() => x.max(-3)), 'SHAPE');
});

test('long reductions in several passes', async () => {
  const cases: [Shape, number[]][] = [
    [[100_003], [0]],
    [[2, 70_001], [1]],
    [[65_537, 3], [0]],
    [[300_000], [0]],
    [[2049], [0]],
    [[2048], [0]],
    [[513, 300], [0]],
    [
      [3, 1000, 40],
      [0, 1],
    ],
  ];
  for (const [shape, axes] of cases) {
    // Values around 1 make a lost or doubled element visible in the sum, and the sign pattern in the maximum.
    const data = new Values(2).uniform(shape, 0.5, 1.5).map((v) => Math.fround(v));
    data[data.length - 1] = 3;
    data[0] = 2.5;
    const x = tensor(gpu, data, shape);
    poison(gpu, 1 << 20);
    const sums = reduce(nd(data, shape), axes, total);
    near(await sum(x, axes).read(), sums.data, { what: `sum of [${shape}]`, relative: 2e-6 });
    const count = sizeOf(axes.map((a) => shape[a]));
    near(
      await mean(x, axes).read(),
      sums.data.map((v) => v / count),
      { what: `mean of [${shape}]`, relative: 2e-6 },
    );
    poison(gpu, 1 << 20);
    const most = reduce(nd(data, shape), axes, (v) => v.reduce((a, b) => Math.max(a, b)));
    near(await max(x, axes).read(), most.data, { what: `max of [${shape}]`, relative: 0, absolute: 0 });
  }
});

test('more outputs than one row of workgroups holds', async () => {
  const shape = [40_000, 11];
  const data = new Values(3).normal(shape);
  poison(gpu, 1 << 20);
  near(await sum(tensor(gpu, data, shape), 1).read(), reduce(nd(data, shape), [1], total).data, { absolute: 3e-6 });
});

test('maximum of negative numbers only', async () => {
  assert.is(await tensor(gpu, [-5, -3, -1e30]).max().item(), -3);
  assert.is(await tensor(gpu, new Float32Array(5000).fill(-7)).max().item(), -7);
});

test('an empty axis sums to zero', async () => {
  poison(gpu, 1 << 12);
  near(await sum(empty(gpu, [0, 3]), 0).read(), [0, 0, 0]);
  near(await sum(empty(gpu, [2, 0, 3]), 1).read(), [0, 0, 0, 0, 0, 0]);
  near(await sum(empty(gpu, [0])).read(), [0]);
  assert.equal([...(await sum(empty(gpu, [0, 3]), 1).read())], []);
});

test('the same bits every time', async () => {
  const x = new Values(4).tensor(gpu, [3, 50_000]);
  sameBits(await sum(x).read(), await sum(x).read());
  sameBits(await sum(x, 1).read(), await sum(x, 1).read());
});

test('gradients of order 1 and 2', async () => {
  for (const [shape, axes] of [
    [[3, 5], [0]],
    [
      [2, 3, 5],
      [0, 2],
    ],
    [
      [3, 1, 4],
      [1, 2],
    ],
    [[7], []],
  ]) {
    const x = new Values(5).tensor(gpu, shape);
    for (const op of [sum, mean]) await checkGrad((t) => op(t, axes).square(), [x], { order: 2 });
    // Values half apart keep the maximum where it is.
    const steps = Float32Array.from({ length: x.length }, (_, i) => 0.5 * ((i * 11) % x.length) - 2);
    await checkGrad((t) => max(t, axes).square(), [tensor(gpu, steps, shape)], { order: 2, eps: 2 ** -7 });
  }
});

test('ties of max share the cotangent equally', async () => {
  const x = tensor(gpu, [
    [1, 4, 4, 2],
    [3, 3, 3, 3],
  ]);
  near(await grad((t: Tensor) => max(t, 1).sum())(x).read(), [0, 0.5, 0.5, 0, 0.25, 0.25, 0.25, 0.25]);
});

test('sumTo undoes every broadcast', async () => {
  for (const [from, to] of [
    [[], [3, 5]],
    [[5], [2, 3, 5]],
    [
      [3, 1],
      [3, 5],
    ],
    [
      [2, 1, 5],
      [2, 3, 5],
    ],
    [
      [1, 3, 1],
      [4, 3, 5],
    ],
  ]) {
    const data = new Values(6).normal(to);
    poison(gpu, 1 << 12);
    const y = sumTo(tensor(gpu, data, to), from);
    assert.equal(y.shape, from);
    // <sumTo x, e> = <x, broadcast e> for the unit arrays e is the definition.
    const expected = Array.from({ length: sizeOf(from) }, (_, k) => {
      const unit = nd(
        Float32Array.from({ length: sizeOf(from) }, (_, i) => Number(i === k)),
        from,
      );
      return total(build(to, (at) => get(nd(data, to), at) * get(unit, at)).data);
    });
    near(await y.read(), expected, { absolute: 3e-6 });
  }
});

test('weighted totals over samples; what has weight 0 adds nothing, whatever it holds', async () => {
  const values = new Values(8);
  for (const shape of [
    [1, 5],
    [3, 1, 1],
    [3, 40, 4],
    [2, 9, 3, 5],
    [1, 70, 64],
    [2, 33, 128],
    [1, 5000, 12],
    [4, 2500, 8],
  ]) {
    const [groups, samples, ...rest] = shape;
    const each = sizeOf(rest);
    const data = values.normal(shape);
    const c = values.uniform([groups * samples], 0, 2).map((v, i) => (i % 4 === 1 ? 0 : v));
    const expected = new Float64Array(groups * each);
    c.forEach((weight, s) => {
      for (let i = 0; i < each; i++) {
        expected[Math.floor(s / samples) * each + i] += weight * data[s * each + i];
        if (weight === 0) data[s * each + i] = i % 2 ? Number.NaN : Number.POSITIVE_INFINITY;
      }
    });
    const [x, w] = [tensor(gpu, data, shape), tensor(gpu, c)];
    const tolerance = { relative: 1e-5, absolute: 2e-6 * Math.sqrt(samples), what: `[${shape}]` };
    poison(gpu, 1 << 12);
    const y = weightedTotal(x, w);
    assert.equal(y.shape, [groups, ...rest]);
    near(await y.read(), expected, tolerance);
    near(await asHardware(gpu, () => weightedTotal(x, w)).read(), expected, tolerance);
  }
  const x = tensor(gpu, new Float32Array(6), [2, 3]);
  assert.is(await codeOf(() => weightedTotal(x, tensor(gpu, [1, 1, 1]))), 'SHAPE');
});

test('sums of columns by fours and one by one agree, in one pass and in more', async () => {
  const values = new Values(9);
  for (const shape of [
    [1, 30, 32],
    [5, 7, 100],
    [1, 6000, 48],
    [3, 2100, 36],
    [40, 200, 64],
  ]) {
    const x = values.tensor(gpu, shape);
    const wide = await sum(x, 1).read();
    near(wide, await asHardware(gpu, () => sum(x, 1)).read(), {
      absolute: 3e-6 * Math.sqrt(shape[1]),
      what: `[${shape}]`,
    });
  }
});

test.run();
