/**
 * The gradient of a gradient. `grad` takes a function and gives one, so it can be applied to what it gave: the penalty of
 * WGAN-GP (Gulrajani et al. 2017) is a function of the critic's slope, and training needs its gradient in the weights.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, type Tensor, tensor } from 'veilgan';
import { open } from 'veilgan/node';

test('the gradient of a gradient penalty', async () => {
  const gpu = await open();
  const x = tensor(gpu, [[1, 2]]);
  const critic = (x: Tensor, w: Tensor) => x.square().matmul(w).sum();
  const penalty = (w: Tensor) => {
    const slope = grad((at: Tensor) => critic(at, w))(x); // 2 x_i w_i
    return slope.square().sum().sqrt().sub(1).square(); // (|slope| - 1)^2
  };
  const w = tensor(gpu, [[1.5], [1]]); // slope (3, 4), its length 5
  assert.is(await penalty(w).item(), 16);
  // d/dw_i = 2 (5 - 1) slope_i / 5 2 x_i
  assert.equal(
    [...(await grad(penalty)(w).read())].map((v) => v.toFixed(3)),
    ['9.600', '25.600'],
  );
  gpu.close();
});

test.run();
