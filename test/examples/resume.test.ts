/**
 * A training that stops and goes on, to the same bits. `state` is all of it, on the host: parameters, moments, batch
 * order and step. Random numbers are functions of seed and step, so nothing else is to be saved.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blobs, makeConfig, ParGan, train } from 'veilgan/gan';
import { open } from 'veilgan/node';

test('20 steps in one piece, and in two', async () => {
  const gpu = await open();
  const small = { partitions: 2, batch: 16, generatorHidden: [16], criticHidden: [16] };
  const make = () => new ParGan(gpu, makeConfig('blobs-js', small), blobs(), 1);
  const whole = make();
  await train(whole, { steps: 20 });

  const first = make();
  await train(first, { steps: 8 });
  const { tensors, meta } = await first.state();
  first.dispose();
  const second = make();
  second.restore(tensors, meta);
  await train(second, { steps: 20 });
  assert.equal(await second.sample(10), await whole.sample(10));
  gpu.close();
});

test.run();
