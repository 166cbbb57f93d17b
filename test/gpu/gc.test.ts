/** Dawn's Node binding aborts the process when its object is collected too early; nothing here may end the process. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dawn, open } from '../../src/api/node.ts';
import { normal } from '../../src/ops/random.ts';
import { scope } from '../../src/tensor/scope.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { near } from '../support/values.ts';

const collect = async () => {
  for (let i = 0; i < 5; i++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((done) => setTimeout(done, 5));
  }
};

test('the runner allows collection', () => {
  assert.type((globalThis as { gc?: () => void }).gc, 'function', 'run with --expose-gc');
});

test('an engine survives the collection of everything around it', async () => {
  const gpu = await open();
  const x = tensor(gpu, [1, 2, 3]);
  const program = gpu.capture('kept', () => scope(() => x.assign(x.mul(2))));
  for (let i = 0; i < 3; i++) {
    await collect();
    await gpu.replay([{ program, step: i }]).done();
  }
  near(await x.read(), [8, 16, 24]);
  gpu.close();
});

test('an engine that nobody holds or closes does no harm', async () => {
  await (async () => {
    const gpu = await open();
    await normal(gpu, [1000], { seed: 1 }).sum().read();
  })();
  await collect();
  const gpu = await open();
  near(await tensor(gpu, [1, 2]).add(1).read(), [2, 3]);
  gpu.close();
  await collect();
});

test('tensors that are dropped without dispose leave an engine that works', async () => {
  const gpu = await open();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 50; i++) tensor(gpu, [i]).exp();
    await collect();
  }
  near(await tensor(gpu, [1, 2]).add(1).read(), [2, 3]);
  gpu.close();
});

test("globalThis.navigator is as Node made it, and Dawn's object is made once", async () => {
  const navigator = (globalThis as { navigator?: { gpu?: unknown } }).navigator;
  assert.is(navigator?.gpu, undefined);
  const first = await dawn();
  assert.ok(first === (await dawn()));
});

test.run();
