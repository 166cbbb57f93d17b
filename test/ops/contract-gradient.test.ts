import { test } from 'uvu';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { linear, matmul } from '../../src/ops/contract.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { Values } from '../support/values.ts';
import { BATCH, mixes } from './mixes.ts';

const gpu = await open();
test.after(() => gpu.close());

const title = (value: unknown) => JSON.stringify(value);

test('matmul: gradients of order 1 and 2 for every mix of groups, ranks and transposes', async () => {
  const values = new Values(6);
  for (const { as, bs, transposeA, transposeB, what } of mixes(values, 5)) {
    const f = (x: Tensor, y: Tensor) => matmul(x, y, { transposeA, transposeB });
    await checkGrad(f, [values.tensor(gpu, as), values.tensor(gpu, bs)], { order: 2 }).catch((error) => {
      throw new Error(`${what}: ${error.message}`);
    });
  }
});

test('matmul: gradients of order 3', async () => {
  const values = new Values(7);
  for (const [as, bs] of [
    [
      [3, 5],
      [5, 2],
    ],
    [
      [6, 3, 4],
      [2, 4, 3],
    ],
    [
      [2, 4, 3],
      [6, 3, 4],
    ],
  ]) {
    // A square makes the third derivative non-zero.
    const f = (a: Tensor, b: Tensor) => matmul(a, b).square();
    await checkGrad(f, [values.tensor(gpu, as), values.tensor(gpu, bs)], { order: 3 });
  }
});

test('linear: gradients of order 1 and 2 with every activation, groups 1, 3 and B', async () => {
  const values = new Values(8);
  const cases: [Shape, Shape, Shape][] = [
    [[4, 3], [3, 5], [5]],
    [
      [1, 4, 3],
      [1, 3, 5],
      [1, 5],
    ],
    [
      [3, 2, 3],
      [3, 3, 4],
      [3, 4],
    ],
    [
      [6, 2, 3],
      [3, 3, 4],
      [3, 4],
    ],
    [[3, 2, 3], [3, 4], [4]],
    [
      [BATCH, 1, 3],
      [BATCH, 3, 4],
      [BATCH, 4],
    ],
    [
      [4, 3],
      [2, 3, 4],
      [2, 4],
    ],
  ];
  for (const [xs, ws, bs] of cases) {
    // A bias of about +-1 keeps every unit away from the kink.
    const small = (shape: Shape) =>
      tensor(
        gpu,
        values.normal(shape).map((v) => 0.25 * v),
        shape,
      );
    const bias = tensor(
      gpu,
      values.normal(bs).map((v, i) => (i % 2 ? 1.5 : -1.5) + 0.1 * v),
      bs,
    );
    for (const [activation, slope] of [['none'], ['leaky', 0.2], ['leaky', 0], ['tanh']] as const) {
      const f = (x: Tensor, w: Tensor, b: Tensor) => linear(x, w, b, { activation, slope });
      await checkGrad(f, [small(xs), small(ws), bias], { order: 2 }).catch((error) => {
        throw new Error(`${activation} of ${title([xs, ws, bs])}: ${error.message}`);
      });
    }
  }
});

test('stacked leaky layers: backward through masks fused into products, of order 1 to 3', async () => {
  const values = new Values(9);
  for (const groups of [1, 3]) {
    const small = (...shape: number[]) =>
      tensor(
        gpu,
        values.normal(shape).map((v) => 0.2 * v),
        shape,
      );
    const bias = (n: number) =>
      tensor(
        gpu,
        Float32Array.from({ length: groups * n }, (_, i) => (i % 2 ? 1.2 : -1.2)),
        [groups, n],
      );
    const net = (x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor) => {
      const h1 = linear(x, w1, bias(4), { activation: 'leaky', slope: 0.2 });
      // Two uses of one layer's output, and a reshape between two layers.
      const h2 = linear(h1.reshape([groups, 2, 4]), w2, bias(4), { activation: 'leaky', slope: 0.3 });
      return linear(h2.add(h1.reshape([groups, 2, 4])), w3, bias(1)).square();
    };
    const inputs = [small(groups, 2, 3), small(groups, 3, 4), small(groups, 4, 4), small(groups, 4, 1)];
    await checkGrad(net, inputs, { order: 3 });
  }
});

test.run();
