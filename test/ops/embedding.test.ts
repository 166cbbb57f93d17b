import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { perSample } from '../../src/autograd/per-sample.ts';
import { embedding } from '../../src/ops/embedding.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const indices = (list: ArrayLike<number>, shape?: Shape) => tensor(gpu, Uint32Array.from(list), shape);

test('rows of one table, for indices of any shape', async () => {
  const data = new Values(1).normal([5, 3]);
  for (const shape of [[6], [2, 3], [1, 3, 2]]) {
    const list = [4, 0, 0, 2, 4, 9];
    poison(gpu, 1 << 12);
    const y = embedding(tensor(gpu, data, [5, 3]), indices(list, shape));
    assert.equal(y.shape, [...shape, 3]);
    near(
      await y.read(),
      list.flatMap((r) => [...data.subarray(3 * Math.min(r, 4), 3 * Math.min(r, 4) + 3)]),
    );
  }
});

test('with weight blocks, each group reads its own table', async () => {
  const data = new Values(2).normal([2, 4, 3]);
  const list = [0, 3, 1, 1, 2, 0, 3, 3];
  poison(gpu, 1 << 12);
  const y = embedding(tensor(gpu, data, [2, 4, 3]), indices(list, [4, 2]));
  assert.equal(y.shape, [4, 2, 3]);
  near(
    await y.read(),
    list.flatMap((r, i) => {
      const at = 3 * (4 * Math.floor(i / 4) + r);
      return [...data.subarray(at, at + 3)];
    }),
  );
});

test('gradients of order 1 and 2', async () => {
  const values = new Values(3);
  await checkGrad((t) => embedding(t, indices([3, 0, 0, 2], [2, 2])).square(), [values.tensor(gpu, [4, 3])], {
    order: 2,
  });
  await checkGrad((t) => embedding(t, indices([3, 0, 0, 2], [2, 2])).square(), [values.tensor(gpu, [2, 4, 3])], {
    order: 2,
  });
});

test('per-sample gradients, of one table and of blocks', async () => {
  const values = new Values(4);
  const list = [1, 0, 1, 3, 2, 1];
  for (const [shape, lead] of [
    [[4, 2], [6]],
    [
      [1, 4, 2],
      [1, 6],
    ],
    [
      [3, 4, 2],
      [3, 2],
    ],
  ]) {
    const table = values.tensor(gpu, shape);
    const losses = (t: Tensor) => embedding(t, indices(list, lead)).square().sum(-1);
    const each = await perSample(losses, table).read();
    for (let b = 0; b < 6; b++) {
      const one = await grad((t: Tensor) =>
        losses(t)
          .reshape([-1])
          .slice(0, b, b + 1)
          .sum(),
      )(table).read();
      const block = shape.length === 3 ? Math.floor((b * shape[0]) / 6) : 0;
      near(each.slice(8 * b, 8 * b + 8), one.slice(8 * block, 8 * block + 8));
    }
  }
});

test('what cannot be embedded is refused', async () => {
  const table = new Values(5).tensor(gpu, [4, 3]);
  assert.is(await codeOf(() => embedding(table, tensor(gpu, [0, 1]))), 'VALIDATION');
  assert.is(await codeOf(() => embedding(table.reshape([12]), indices([0]))), 'SHAPE');
  assert.is(await codeOf(() => embedding(table.reshape([2, 2, 3]), indices([0]))), 'SHAPE');
});

test.run();
