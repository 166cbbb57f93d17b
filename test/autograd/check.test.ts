import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { mul, scale, square } from '../../src/ops/elementwise.ts';
import { detach } from '../../src/ops/movement.ts';
import { record } from '../../src/tensor/tape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const x = new Values(1).tensor(gpu, [3, 5]);

/** The square with a vjp of the caller's choice. */
const squareWith = (vjp: (g: Tensor, x: Tensor) => Tensor) => (t: Tensor) =>
  record('test', [t], square(detach(t)), (g) => [vjp(g, t)]);

test('right gradients pass at every order', async () => {
  const worst = await checkGrad((t) => t.square().mul(t), [x], { order: 3 });
  assert.ok(worst < 1, `${worst}`);
  await checkGrad(
    squareWith((g, t) => scale(mul(g, t), 2)),
    [x],
    { order: 3 },
  );
  await checkGrad((t) => t.sign(), [x], { order: 2 });
  await checkGrad((t) => t, [x], { order: 2 });
});

test('wrong gradients are found', async () => {
  const wrong: [string, (t: Tensor) => Tensor][] = [
    ['half a percent too large', squareWith((g, t) => scale(mul(g, t), 2.01))],
    ['of the wrong sign', squareWith((g, t) => scale(mul(g, t), -2))],
    ['missing', squareWith((g) => scale(g, 0))],
    ['not a number', squareWith((g) => g.mul(Number.NaN))],
    ['cut off', (t) => t.mul(t.detach())],
    ['wrong in one element', squareWith((g, t) => mul(mul(g, t), tensor(gpu, [2, 2, 2, 1.9, 2])))],
  ];
  for (const [what, fn] of wrong) assert.is(await codeOf(() => checkGrad(fn, [x])), 'GRADIENT', what);
});

test('a wrong second derivative behind a right first one is found at order 2', async () => {
  const fn = squareWith((g, t) => scale(mul(g, detach(t)), 2));
  await checkGrad(fn, [x]);
  assert.is(await codeOf(() => checkGrad(fn, [x], { order: 2 })), 'GRADIENT');
});

test('a value that is not finite never passes', async () => {
  assert.is(await codeOf(() => checkGrad((t) => t.mul(Number.NaN), [x])), 'GRADIENT');
  assert.is(await codeOf(() => checkGrad((t) => t.mul(1e38).square(), [x])), 'GRADIENT');
});

test('nothing is left on the device', async () => {
  const before = gpu.memory().live;
  await checkGrad((t) => t.tanh().matmul(t.transpose()), [x], { order: 2 });
  assert.is(gpu.memory().live, before);
});

test.run();
