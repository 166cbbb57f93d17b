/**
 * What critics estimate is one row of a table: the terms of their losses and of the generator's. Here are those of the
 * Jensen-Shannon divergence and of the Wasserstein distance, on scores that can be checked by hand.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tensor } from 'veilgan';
import { divergences } from 'veilgan/gan';
import { open } from 'veilgan/node';

test('the losses of two divergences', async () => {
  const gpu = await open();
  const scores = tensor(gpu, [[[0], [2]]]); // one critic: a real row, then a generated one
  const target = tensor(gpu, [[[1], [0]]]);
  const terms = async (name: 'js' | 'wgan-gp') => [
    ...(await divergences[name].critic(scores, target, { loss: 'standard' }).read()),
  ];
  // -ln sigmoid(0) and -ln(1 - sigmoid(2))
  assert.equal(
    (await terms('js')).map((v) => v.toFixed(4)),
    ['0.6931', '2.1269'],
  );
  // what is generated scores high, and should not: -0 + 2
  assert.is(
    (await terms('wgan-gp')).reduce((sum, v) => sum + v, 0),
    2,
  );
  assert.is(divergences.js.output, 'probability');
  assert.ok(divergences['wgan-gp'].penalty);
  gpu.close();
});

test.run();
