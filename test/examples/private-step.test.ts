/**
 * Training with differential privacy, from its parts: Poisson samples, per-sample gradients clipped to a bound, Gaussian
 * noise on their sum, and an accountant. The sensitivity travels with the sum, so the noise cannot miss it. For GANs
 * `privateRun` (veilgan/gan) does all of this and keeps a ledger.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { flat, linear, type Parameters, scope, sgd, tensor } from 'veilgan/nn';
import { open } from 'veilgan/node';
import * as dp from 'veilgan/privacy';

test('DP-SGD for a linear model', async () => {
  const gpu = await open();
  const [n, q, sigma, steps] = [400, 0.1, 1.5, 20];
  const data = new Float32Array(2 * n).map((_, i) => Math.sin(i >> 1) * (i % 2 ? 3 : 1)); // [n, 2]: x, and y = 3 x
  const key = dp.PrivacyKey.fresh();
  const tags = dp.tagsOf({ train: data, features: 2 }, n, key.derive('tags'));
  const everybody = new Uint32Array(n).map((_, i) => i);
  const sampler = new dp.PoissonSampler(key, everybody, { q, tags });
  const noise = new dp.NoiseSource(gpu, key);

  const [xs, ys] = [0, 1].map((column) => tensor(gpu, data, [n, 2]).slice(1, column, column + 1));
  const model = flat(gpu, { w: [1, 1], b: [1] });
  const optimizer = sgd(model, { rate: 0.5 });
  const sum = dp.BoundedSum.running(optimizer.gradient, 1, { most: dp.mostRecords(q * n) });
  const step = (batch: Uint32Array) => {
    const [x, y] = [xs, ys].map((column) => column.gather(tensor(gpu, batch)));
    const losses = ({ w, b }: Parameters) => linear(x, w, b).sub(y).square().sum(1); // one a record
    sum.admit(batch.length, 1);
    sum.add(dp.clippedSum(losses, model.parts, { bound: 1 }), model.at, { first: true });
    dp.gaussianNoise(noise, sum, { multiplier: sigma, scale: 1 / (q * n), into: optimizer.gradient });
    optimizer.step();
  };
  for (let i = 0; i < steps; i++) scope(() => step(sampler.next()));
  assert.ok(dp.epsilonOf([{ q, sigma, steps }], 1e-5).rdp < 3 && (await model.parts.w.item()) > 1);
  gpu.close();
});

test.run();
