/**
 * Fitting a line with Adam. `flatten` puts parameters into one buffer, which an optimiser updates in one kernel whatever
 * their number; `grad` gives the gradients in the same record.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tensor } from 'veilgan';
import { adam, flatten, grad, type Parameters, scope } from 'veilgan/nn';
import { open } from 'veilgan/node';

test('Adam finds slope and offset of a line', async () => {
  const gpu = await open();
  const x = tensor(gpu, [[-1], [0], [1], [2]]);
  const y = tensor(gpu, [[-1], [1], [3], [5]]); // 2 x + 1

  const line = flatten({ slope: tensor(gpu, [[0]]), offset: tensor(gpu, [0]) });
  const loss = (p: Parameters) => x.matmul(p.slope).add(p.offset).sub(y).square().mean();
  const optimizer = adam(line, { rate: 0.1 });
  for (let step = 0; step < 300; step++) scope(() => optimizer.update(grad(loss)(line.parts)));

  assert.ok(Math.abs((await line.parts.slope.item()) - 2) < 0.01);
  assert.ok(Math.abs((await line.parts.offset.item()) - 1) < 0.01);
  gpu.close();
});

test.run();
