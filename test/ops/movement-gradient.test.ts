import { test } from 'uvu';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { broadcastTo, concat, detach, pad, permute, reshape, slice } from '../../src/ops/movement.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

test('gradients of order 1 and 2', async () => {
  const values = new Values(4);
  const make = (...shape: number[]) => values.tensor(gpu, shape);
  const ops: [string, (...x: Tensor[]) => Tensor, Tensor[]][] = [
    ['permute', (x) => permute(x, [2, 0, 1]), [make(2, 3, 5)]],
    ['reshape', (x) => reshape(x, [5, -1]), [make(2, 3, 5)]],
    ['slice', (x) => slice(x, 1, 1, 3), [make(2, 3, 5)]],
    ['slice of rows', (x) => slice(x, 0, 1, 3), [make(4, 64)]],
    ['pad', (x) => pad(x, 1, 2, 1), [make(2, 3)]],
    ['broadcastTo', (x) => broadcastTo(x, [2, 3, 5]), [make(3, 1)]],
    ['concat', (x, y) => concat([x, y, x], 1), [make(2, 3), make(2, 1)]],
  ];
  for (const [name, op, inputs] of ops) {
    await checkGrad((...x) => op(...x).square(), inputs, { order: 2 }).catch((error) => {
      throw new Error(`${name}: ${error.message}`);
    });
  }
});

test('detach stops the gradient and keeps the value', async () => {
  const x = tensor(gpu, [2, 3]);
  near(await detach(x).read(), [2, 3]);
  near(await grad((t: Tensor) => t.mul(t.detach()).sum())(x).read(), [2, 3]);
  near(await grad((t: Tensor) => t.detach().square().sum())(x).read(), [0, 0]);
});

test.run();
