import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { perSample } from '../../src/autograd/per-sample.ts';
import { compositesOnly } from '../../src/ops/fused.ts';
import { batchNormInference, groupNorm, layerNorm, type NormOptions } from '../../src/ops/norm.ts';
import { scope } from '../../src/tensor/scope.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';
import { agree } from './fused.ts';

const gpu = await open();
test.after(() => gpu.close());

/** x, trailing axes, weight blocks. */
const LAYER: readonly (readonly [Shape, number, number])[] = [
  [[1, 4, 7], 1, 1],
  [[3, 2, 5], 1, 3],
  [[2, 3, 4, 3, 5], 3, 2],
  [[4, 1, 3, 70], 2, 2],
  [[1, 2, 3, 130], 1, 1],
];

/** x, channel groups, weight blocks. */
const GROUP: readonly (readonly [Shape, number, number])[] = [
  [[1, 4, 6], 3, 1],
  [[2, 3, 4, 3, 6], 2, 2],
  [[3, 2, 2, 3, 4], 1, 3],
  [[2, 2, 5, 3], 3, 1],
  [[1, 3, 3, 3, 64], 8, 1],
];

/** Standardised by the set that `key` names for each element, then scaled and shifted, in float64. */
function reference(
  x: ArrayLike<number>,
  key: (i: number) => number,
  weight: (i: number) => readonly [number, number],
  slope: number,
): Float64Array {
  const sets = new Map<number, number[]>();
  Array.from(x).forEach((v, i) => sets.set(key(i), [...(sets.get(key(i)) ?? []), v]));
  const statistics = new Map(
    [...sets].map(([k, v]) => {
      const mean = v.reduce((s, a) => s + a / v.length, 0);
      return [k, [mean, v.reduce((s, a) => s + (a - mean) ** 2 / v.length, 0)]];
    }),
  );
  return Float64Array.from(x, (v, i) => {
    const [mean, variance] = statistics.get(key(i)) as number[];
    const [gamma, beta] = weight(i);
    const z = ((v - mean) / Math.sqrt(variance + 1e-3)) * gamma + beta;
    return z > 0 ? z : slope * z;
  });
}

interface Case {
  what: string;
  shape: Shape;
  /** shape of one block of weights, and of all */
  block: Shape;
  weights: Shape;
  f: (x: Tensor, gamma: Tensor, beta: Tensor, options?: NormOptions) => Tensor;
  key: (i: number) => number;
  /** index of an element's weight */
  at: (i: number) => number;
}

const cases: Case[] = [
  ...LAYER.map(([shape, axes, blocks]): Case => {
    const trailing = shape.slice(shape.length - axes);
    const width = sizeOf(trailing);
    const group = sizeOf(shape.slice(1));
    return {
      what: `layerNorm [${shape}] over ${axes}, ${blocks} blocks`,
      shape,
      block: trailing,
      weights: blocks === 1 ? trailing : [blocks, ...trailing],
      f: (x, gamma, beta, options) => layerNorm(x, gamma, beta, { axes, ...options }),
      key: (i) => Math.floor(i / width),
      at: (i) => Math.floor((Math.floor(i / group) * blocks) / shape[0]) * width + (i % width),
    };
  }),
  ...GROUP.map(([shape, groups, blocks]): Case => {
    const c = shape[shape.length - 1];
    const sample = sizeOf(shape.slice(2));
    const group = sizeOf(shape.slice(1));
    return {
      what: `groupNorm [${shape}] in ${groups}, ${blocks} blocks`,
      shape,
      block: [c],
      weights: [blocks, c],
      f: (x, gamma, beta, options) => groupNorm(x, gamma, beta, groups, options),
      key: (i) => Math.floor(i / sample) * groups + Math.floor((i % c) / (c / groups)),
      at: (i) => Math.floor((Math.floor(i / group) * blocks) / shape[0]) * c + (i % c),
    };
  }),
];

test('values, fused and composed, with and without activation', async () => {
  const values = new Values(1);
  for (const { what, shape, weights, f, key, at } of cases) {
    const [x, gamma, beta] = [values.normal(shape), values.uniform(weights, 0.5, 1.5), values.normal(weights)];
    for (const slope of [undefined, 0.3]) {
      const expected = reference(x, key, (i) => [gamma[at(i)], beta[at(i)]], slope ?? 1);
      const run = () =>
        scope(() => f(tensor(gpu, x, shape), tensor(gpu, gamma, weights), tensor(gpu, beta, weights), { slope }));
      poison(gpu);
      const y = run();
      assert.equal(y.shape, shape, what);
      near(await y.read(), expected, { absolute: 1e-5, what });
      poison(gpu);
      near(await compositesOnly(run).read(), expected, { absolute: 1e-5, what: `${what}, composed` });
    }
  }
});

test('gradients of order 1 and 2, and the kernels agree with the composition', async () => {
  const values = new Values(2);
  for (const { what, shape, weights, f } of cases) {
    const inputs = [
      values.tensor(gpu, shape),
      tensor(gpu, values.uniform(weights, 0.5, 1.5), weights),
      values.tensor(gpu, weights),
    ];
    await agree((x, a, b) => f(x, a, b, { slope: 0.3, epsilon: 0.3 }), inputs, { what });
    if (sizeOf(shape) > 50) continue;
    await checkGrad((x, a, b) => f(x, a, b, { epsilon: 0.3 }), inputs, { order: 2 }).catch((error) => {
      throw new Error(`${what}: ${error.message}`);
    });
  }
});

/** One sample's gradient of gamma and beta, by the definition: the losses of the others left out. */
async function alone(losses: (p: readonly Tensor[]) => Tensor, p: readonly Tensor[], b: number) {
  const g = grad((q: readonly Tensor[]) =>
    losses(q)
      .reshape([-1])
      .slice(0, b, b + 1)
      .sum(),
  )(p);
  return [await g[0].read(), await g[1].read()];
}

test('per-sample gradients of gamma and beta', async () => {
  const values = new Values(3);
  const inference = (x: Tensor, a: Tensor, b: Tensor) => {
    const c = x.shape[x.rank - 1];
    const stats = (v: number) => tensor(gpu, new Float32Array(c).fill(v));
    return batchNormInference(x, a, b, stats(0.1), stats(2), { slope: 0.3 });
  };
  const layers = cases.map((c) => ({ ...c, f: (x: Tensor, a: Tensor, b: Tensor) => c.f(x, a, b, { slope: 0.3 }) }));
  for (const { what, shape, block, f } of [
    ...layers,
    { what: 'inference', shape: [2, 3, 2, 2, 5], block: [5], f: inference },
  ]) {
    const [G, n] = shape;
    const width = sizeOf(block);
    const places = shape.map((_, i) => i).slice(2);
    for (const blocks of [1, G]) {
      const p = [values.tensor(gpu, [blocks, ...block]), values.tensor(gpu, [blocks, ...block])];
      const x = values.tensor(gpu, shape);
      const losses = (q: readonly Tensor[]) => f(x, q[0], q[1]).square().sum(places);
      const got = perSample(losses, p);
      const each = [await got[0].read(), await got[1].read()];
      for (let b = 0; b < G * n; b++) {
        const w = Math.floor((Math.floor(b / n) * blocks) / G) * width;
        const one = await alone(losses, p, b);
        for (const i of [0, 1]) {
          near(each[i].slice(b * width, (b + 1) * width), one[i].slice(w, w + width), { absolute: 1e-4, what });
        }
      }
    }
  }
});

test('per-sample gradients of gamma and beta take no backward pass a sample', async () => {
  const values = new Values(4);
  const [x, w] = [values.tensor(gpu, [1, 40, 3, 3, 4]), values.tensor(gpu, [1, 4])];
  let dispatches = 0;
  const program = gpu.capture('per sample', () =>
    scope(() => {
      perSample((p: readonly Tensor[]) => groupNorm(x, p[0], p[1], 2).square().sum([2, 3, 4]), [w, w]);
      dispatches = gpu.capturing?.dispatches.length ?? 0;
    }),
  );
  assert.ok(dispatches > 0 && dispatches < 40, `${dispatches} dispatches`);
  program.dispose();
});

test('constant samples have variance 0 and give beta', async () => {
  const x = tensor(gpu, new Float32Array(2 * 3 * 4 * 4).fill(7.3), [2, 3, 4, 4]);
  const [gamma, beta] = [tensor(gpu, [1, 2, 3, 4]), tensor(gpu, [1, -2, 3, 0])];
  for (const y of [layerNorm(x, gamma, beta), groupNorm(x, gamma, beta, 2)]) {
    near((await y.read()).slice(0, 4), [1, -2, 3, 0], { absolute: 1e-4 });
  }
});

test('what cannot be normalised is refused', async () => {
  const t = (...shape: number[]) => tensor(gpu, new Float32Array(sizeOf(shape)), shape);
  assert.is(await codeOf(() => layerNorm(t(2, 3, 4), t(3), t(4))), 'SHAPE');
  assert.is(await codeOf(() => layerNorm(t(3, 2, 4), t(2, 4), t(4))), 'SHAPE');
  for (const axes of [0, 2, 1.5]) {
    assert.is(await codeOf(() => layerNorm(t(2, 3, 4), t(4), t(4), { axes })), 'CONFIG');
  }
  assert.is(await codeOf(() => layerNorm(t(2, 3, 4), t(4), t(4), { epsilon: -1 })), 'CONFIG');
  assert.is(await codeOf(() => groupNorm(t(4, 6), t(6), t(6), 2)), 'SHAPE');
  for (const groups of [0, 4, 1.5]) assert.is(await codeOf(() => groupNorm(t(1, 4, 6), t(6), t(6), groups)), 'SHAPE');
});

test('nothing but the result is left on the device', async () => {
  const values = new Values(5);
  const [x, w] = [values.tensor(gpu, [2, 5, 3, 4]), values.tensor(gpu, [4])];
  const before = gpu.memory().live;
  layerNorm(x, w, w).dispose();
  groupNorm(x, w, w, 2).dispose();
  groupNorm(x, w, w, 4).dispose();
  compositesOnly(() => groupNorm(x, w, w, 2)).dispose();
  assert.is(gpu.memory().live, before);
});

test.run();
