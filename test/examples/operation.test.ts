/**
 * An operation of one's own, out of those that there are: its gradients, of any order, follow. `checkGrad` compares them
 * with finite differences and throws where they disagree.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { noGrad, type Tensor, tensor } from 'veilgan';
import { checkGrad } from 'veilgan/nn';
import { open } from 'veilgan/node';

/** x sigmoid(b x), "Swish": Ramachandran, Zoph and Le 2017. */
const swish = (x: Tensor, b: Tensor) => x.mul(x.mul(b).sigmoid());

test('swish has the right gradients in both arguments, and gradients of those', async () => {
  const gpu = await open();
  const inputs = [tensor(gpu, [-2, -0.5, 0.3, 4]), tensor(gpu, [1.5])];
  assert.ok((await checkGrad(swish, inputs, { order: 2 })) <= 1);

  const wrong = (x: Tensor, b: Tensor) => x.mul(noGrad(() => x.mul(b).sigmoid()));
  const error = await checkGrad(wrong, inputs).catch(({ code }) => code);
  assert.is(error, 'GRADIENT');
  gpu.close();
});

test.run();
