import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dawn, open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { Gpu } from '../../src/gpu/gpu.ts';
import { compositesOnly } from '../../src/ops/fused.ts';
import { batchNorm, batchNormInference } from '../../src/ops/norm.ts';
import { scope } from '../../src/tensor/scope.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';
import { agree } from './fused.ts';

const gpu = await open();
test.after(() => gpu.close());

/** x [G, n, ..., c], weight blocks Gw. */
const CASES: readonly (readonly [Shape, number])[] = [
  [[1, 7, 5], 1],
  [[3, 5, 1], 3],
  [[3, 2, 3, 2, 3], 1],
  [[4, 3, 2, 5, 67], 2],
  [[6, 9, 130], 3],
  [[1, 37, 7, 3, 1], 1],
  [[2, 21, 8, 9, 8], 1],
  [[2, 1, 1, 1, 3], 2],
];

/** Batch statistics and normalised values in float64. */
function reference(x: ArrayLike<number>, shape: Shape, gamma: ArrayLike<number>, beta: ArrayLike<number>, slope = 1) {
  const [G, c] = [shape[0], shape[shape.length - 1]];
  const rows = x.length / (G * c);
  const blocks = gamma.length / c;
  const [mean, variance, y] = [new Float64Array(G * c), new Float64Array(G * c), new Float64Array(x.length)];
  for (let g = 0; g < G; g++) {
    const w = Math.floor((g * blocks) / G) * c;
    for (let j = 0; j < c; j++) {
      const s = g * c + j;
      const at = (r: number) => (g * rows + r) * c + j;
      for (let r = 0; r < rows; r++) mean[s] += x[at(r)] / rows;
      for (let r = 0; r < rows; r++) variance[s] += (x[at(r)] - mean[s]) ** 2 / rows;
      for (let r = 0; r < rows; r++) {
        const z = ((x[at(r)] - mean[s]) / Math.sqrt(variance[s] + 1e-3)) * gamma[w + j] + beta[w + j];
        y[at(r)] = z > 0 ? z : slope * z;
      }
    }
  }
  return { mean, variance, y };
}

const weights = (values: Values, blocks: number, c: number) => ({
  gamma: values.uniform([blocks, c], 0.5, 1.5),
  // Away from 0, so that few units lie near the kink.
  beta: values.uniform([blocks, c], -1, 1),
});

test('batchNorm: values and statistics, fused and composed, with and without activation', async () => {
  const values = new Values(1);
  for (const [shape, blocks] of CASES) {
    const c = shape[shape.length - 1];
    const x = values.normal(shape);
    const { gamma, beta } = weights(values, blocks, c);
    for (const slope of [undefined, 0.3]) {
      const expected = reference(x, shape, gamma, beta, slope);
      const run = () =>
        scope(() =>
          batchNorm(tensor(gpu, x, shape), tensor(gpu, gamma, [blocks, c]), tensor(gpu, beta, [blocks, c]), { slope }),
        );
      for (const [name, result] of Object.entries({ fused: run(), composed: compositesOnly(run) })) {
        const what = `${name} [${shape}] / ${blocks} slope ${slope}`;
        assert.equal(result.y.shape, shape);
        assert.equal(result.mean.shape, [shape[0], c]);
        assert.equal(result.variance.shape, [shape[0], c]);
        near(await result.mean.read(), expected.mean, { what: `${what} mean` });
        near(await result.variance.read(), expected.variance, { what: `${what} variance` });
        near(await result.y.read(), expected.y, { what, absolute: 1e-5 });
        for (const t of Object.values(result)) t.dispose();
      }
    }
  }
});

test('batchNorm: the kernels agree with the composition, to the second gradient', async () => {
  const values = new Values(2);
  for (const [shape, blocks] of CASES) {
    // One row has no spread: its gradient is rounding only.
    if (sizeOf(shape) === shape[0] * shape[shape.length - 1]) continue;
    const c = shape[shape.length - 1];
    const { gamma, beta } = weights(values, blocks, c);
    const inputs = [values.tensor(gpu, shape), tensor(gpu, gamma, [blocks, c]), tensor(gpu, beta, [blocks, c])];
    for (const slope of [undefined, 0.3]) {
      const f = (x: Tensor, a: Tensor, b: Tensor) => batchNorm(x, a, b, { slope, epsilon: 0.1 }).y;
      await agree(f, inputs, { what: `[${shape}] / ${blocks} slope ${slope}` });
    }
  }
});

test('batchNorm: gradients of order 1 to 3', async () => {
  const values = new Values(3);
  for (const [shape, blocks, order] of [
    [[1, 5, 3], 1, 3],
    [[3, 4, 2], 3, 2],
    [[4, 2, 2, 1, 3], 2, 2],
  ] as const) {
    const c = shape[shape.length - 1];
    const { gamma } = weights(values, blocks, c);
    // Units stay on one side of the kink.
    const beta = Float32Array.from({ length: blocks * c }, (_, i) => (i % 2 ? 5 : -5));
    const inputs = [values.tensor(gpu, shape), tensor(gpu, gamma, [blocks, c]), tensor(gpu, beta, [blocks, c])];
    for (const slope of [undefined, 0.3]) {
      const f = (x: Tensor, a: Tensor, b: Tensor) => batchNorm(x, a, b, { slope, epsilon: 0.1 }).y;
      await checkGrad(f, inputs, { order });
    }
  }
});

test('batchNorm: gamma and beta without a block axis', async () => {
  const values = new Values(4);
  const [x, gamma, beta] = [values.normal([3, 4, 5]), values.normal([5]), values.normal([5])];
  const run = (shape: Shape) =>
    batchNorm(tensor(gpu, x, [3, 4, 5]), tensor(gpu, gamma, shape), tensor(gpu, beta, shape)).y;
  near(await run([5]).read(), await run([1, 5]).read(), { relative: 0, absolute: 0 });
  await agree(
    (...t) => batchNorm(t[0], t[1], t[2]).y,
    [tensor(gpu, x, [3, 4, 5]), tensor(gpu, gamma, [5]), tensor(gpu, beta, [5])],
  );
});

test('batchNorm: a large mean costs no digits of the variance', async () => {
  const values = new Values(5);
  for (const shape of [
    [2, 4000, 3],
    [1, 64, 200],
    [1, 20_000, 1],
  ]) {
    const c = shape[2];
    const x = values.normal(shape).map((v) => 1000 + v);
    const ones = tensor(gpu, new Float32Array(c).fill(1));
    poison(gpu, 1 << 20);
    const { variance, mean } = batchNorm(tensor(gpu, x, shape), ones, ones);
    const expected = reference(x, shape, new Float64Array(c), new Float64Array(c));
    near(await mean.read(), expected.mean, { relative: 5e-7 });
    near(await variance.read(), expected.variance, { relative: 1e-5, absolute: 0, what: `[${shape}]` });
  }
});

test('batchNorm: constant input has variance 0 and gives beta', async () => {
  for (const value of [0, 0.1, -1e4]) {
    const x = tensor(gpu, new Float32Array(2 * 999 * 4).fill(value), [2, 999, 4]);
    const beta = tensor(gpu, [1, -2, 3, 0]);
    const { y, variance } = batchNorm(x, tensor(gpu, [1, 2, 3, 4]), beta);
    near(await variance.read(), new Float64Array(8), { absolute: 1e-12 });
    near((await y.read()).slice(0, 4), [1, -2, 3, 0], { absolute: 1e-4 });
  }
});

test('batchNorm: as many threads as a hardware adapter gets', async () => {
  // The same device, taken for the other kind.
  const other = new Gpu(await dawn(), gpu.device, { ...gpu.adapter, software: !gpu.adapter.software }, true);
  const values = new Values(12);
  for (const shape of [
    [2, 700, 3],
    [1, 33, 130],
    [3, 5, 4, 1],
  ]) {
    const c = shape[shape.length - 1];
    const [x, u, w] = [values.normal(shape), values.normal(shape), values.uniform([c], 0.5, 1.5)];
    const run = (on: Gpu) => {
      const [weight, cotangent] = [tensor(on, w), tensor(on, u, shape)];
      const f = (p: readonly Tensor[]) => batchNorm(p[0], p[1], weight, { slope: 0.3 }).y.mul(cotangent).sum();
      return scope(() => [
        batchNorm(tensor(on, x, shape), weight, weight).y,
        ...grad(f)([tensor(on, x, shape), weight]),
      ]);
    };
    const [a, b] = [run(gpu), run(other)];
    for (const i of a.keys()) near(await b[i].read(), await a[i].read(), { absolute: 1e-4, what: `[${shape}] ${i}` });
  }
});

test('batchNorm: statistics are constants to gradients', async () => {
  const x = new Values(6).tensor(gpu, [1, 6, 2]);
  const ones = tensor(gpu, [1, 1]);
  const { mean, variance } = batchNorm(x, ones, ones);
  const g = grad((t: Tensor) => {
    const own = batchNorm(t, ones, ones);
    return t.mul(own.mean.add(own.variance)).sum();
  })(x);
  near(await g.read(), await mean.add(variance).broadcastTo([1, 6, 2]).read());
});

test('batchNormInference: given statistics, and gradients of every input', async () => {
  const values = new Values(7);
  for (const [shape, blocks] of CASES) {
    const [G, c] = [shape[0], shape[shape.length - 1]];
    const x = values.normal(shape);
    const { gamma, beta } = weights(values, blocks, c);
    for (const [stats, slope] of [
      [1, undefined],
      [G, 0.3],
    ] as const) {
      const [mean, variance] = [values.normal([stats, c]), values.uniform([stats, c], 0.5, 2)];
      const rows = x.length / (G * c);
      const expected = Float64Array.from(x, (v, i) => {
        const g = Math.floor(i / (rows * c));
        const s = Math.floor((g * stats) / G) * c + (i % c);
        const w = Math.floor((g * blocks) / G) * c + (i % c);
        const z = ((v - mean[s]) / Math.sqrt(variance[s] + 1e-3)) * gamma[w] + beta[w];
        return z > 0 ? z : (slope ?? 1) * z;
      });
      const inputs = [
        tensor(gpu, x, shape),
        tensor(gpu, gamma, [blocks, c]),
        tensor(gpu, beta, [blocks, c]),
        tensor(gpu, mean, stats === 1 ? [c] : [stats, c]),
        tensor(gpu, variance, stats === 1 ? [c] : [stats, c]),
      ] as [Tensor, Tensor, Tensor, Tensor, Tensor];
      poison(gpu, 1 << 14);
      near(await batchNormInference(...inputs, { slope }).read(), expected, { absolute: 1e-5 });
      await agree((...t) => batchNormInference(t[0], t[1], t[2], t[3], t[4], { slope }), inputs);
    }
  }
});

test('what cannot be normalised is refused', async () => {
  const t = (...shape: number[]) => tensor(gpu, new Float32Array(sizeOf(shape)), shape);
  assert.is(await codeOf(() => batchNorm(t(4, 3), t(3), t(3))), 'SHAPE');
  assert.is(await codeOf(() => batchNorm(t(2, 4, 3), t(4), t(3))), 'SHAPE');
  assert.is(await codeOf(() => batchNorm(t(3, 4, 3), t(2, 3), t(3))), 'SHAPE');
  assert.is(await codeOf(() => batchNorm(t(2, 4, 3), t(3), t(3), { epsilon: -1 })), 'CONFIG');
  assert.is(await codeOf(() => batchNorm(t(2, 4, 3), t(3), t(3), { slope: Number.NaN })), 'CONFIG');
  assert.is(await codeOf(() => batchNormInference(t(2, 4, 3), t(3), t(3), t(2), t(3))), 'SHAPE');
});

test('nothing is left on the device', async () => {
  const values = new Values(11);
  const [x, w] = [values.tensor(gpu, [2, 5, 3]), values.tensor(gpu, [3])];
  const before = gpu.memory().live;
  const { y, mean, variance } = batchNorm(x, w, w, { slope: 0.3 });
  for (const t of [y, mean, variance]) t.dispose();
  assert.is(gpu.memory().live, before);
});

test.run();
