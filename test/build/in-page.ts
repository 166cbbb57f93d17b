/** A test file that fails on purpose, for browser-suite.test.ts. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dawn, open } from '../../src/api/node.ts';
import { tensor } from '../../src/tensor/tensor.ts';

const gpu = await open();

test('computes on the WebGPU of the page', async () => {
  assert.equal(Array.from(await tensor(gpu, [1, 2]).square().read()), [1, 4]);
  assert.ok((await dawn()) === navigator.gpu);
});
test('fails on purpose', () => {
  console.error('# a note');
  assert.is(1, 2, 'one is not two');
});
test('reads from a lost device', async () => {
  gpu.device.destroy();
  await tensor(gpu, [1]).read();
});

test.run();
