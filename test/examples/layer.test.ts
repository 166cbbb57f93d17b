/**
 * A layer of one's own. A network is its shapes, its first values and what it does to a batch [groups, rows, ...]; it
 * keeps no parameters, so the same network serves one model or K independent copies (`groups`).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dense, flat, type Network, normal, sequential } from 'veilgan/nn';
import { open } from 'veilgan/node';

/** x + inner(x): He et al. 2016. */
const residual = (inner: Network): Network => ({
  ...inner,
  apply: (parameters, x, pass) => x.add(inner.apply(parameters, x, pass)),
});

test('three copies of a residual network, each with weights of its own', async () => {
  const gpu = await open();
  const network = sequential([residual(dense(4, 4, { activation: 'leaky' })), dense(4, 1)]);
  const weights = flat(gpu, network.shapes(3));
  network.initialise(weights.parts, {}, 1, 0); // seed 1, random stream 0

  const rows = normal(gpu, [1, 5, 4], { seed: 2 });
  const y = network.apply(weights.parts, rows, { training: false, seed: 0, statistics: {} });
  assert.equal(y.shape, [3, 5, 1]);
  assert.is(new Set(await y.slice(1, 0, 1).read()).size, 3);
  gpu.close();
});

test.run();
