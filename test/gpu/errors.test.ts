/** What goes wrong on a device: each case on one of its own, since a failed device stays failed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { VeilganError } from '../../src/base/errors.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { log } from '../../src/ops/assign.ts';
import { concat } from '../../src/ops/movement.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import type { Shader } from '../../src/wgsl/shader.ts';
import { codeOf, near } from '../support/values.ts';

async function onDevice(use: (gpu: Gpu) => Promise<void>): Promise<void> {
  const gpu = await open();
  try {
    await use(gpu);
  } finally {
    gpu.close();
  }
}

/** A shader of the test's own; the house rule keeps such text out of src, not out of tests. */
const shaderOf = (name: string, body: string): Shader<'y'> => ({
  name,
  code: `@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn main() { ${body} }`,
  bindings: [{ name: 'y', binding: 1, access: 'read_write' }],
  params: [],
  paramsSize: 0,
  step: false,
  overrides: [],
  spec: {},
});

test('one line for a terminal: place, message, remedy', () => {
  const error = new VeilganError('DATA', 'x is not a number', { where: 'a.csv, row 3', fix: 'Remove the row' });
  assert.is(error.line(), 'a.csv, row 3: x is not a number. Remove the row.');
  assert.is(new VeilganError('SHAPE', 'add [2]: no', { where: 'add' }).line(), 'add [2]: no.');
  assert.is(new VeilganError('NAN', 'why?', { cause: 3 }).cause, 3);
  assert.ok(error instanceof Error && error.name === 'VeilganError');
});

test('a shader that does not compile fails with its file, the message and the line', () =>
  onDevice(async (gpu) => {
    const y = tensor(gpu, [0]);
    gpu.run(shaderOf('broken', 'y[0] = vec2f(1.0);'), {}, { y }, {}, [1, 1, 1]);
    const error = await y.read().catch((e: VeilganError) => e);
    assert.ok(error instanceof VeilganError);
    assert.is(error.code, 'SHADER');
    assert.is(error.where, 'shaders/broken.wgsl');
    assert.match(error.message, /y\[0\] = vec2f/);
    assert.is(await codeOf(() => y.read()), 'SHADER');
    assert.is(await codeOf(() => gpu.replay([])), 'SHADER');
  }));

test('a shader that fails while a program is recorded fails its replay', () =>
  onDevice(async (gpu) => {
    const y = tensor(gpu, [0]);
    const program = gpu.capture('p', () => gpu.run(shaderOf('bad', 'y[0] = nothing;'), {}, { y }, {}, [1, 1, 1]));
    const outcome = await codeOf(async () => gpu.replay([{ program, step: 0 }]).done());
    assert.is(outcome, 'SHADER');
  }));

test("a shader of one's own runs", () =>
  onDevice(async (gpu) => {
    const y = tensor(gpu, [0, 0]);
    gpu.run(shaderOf('own', 'y[1] = 7.0;'), {}, { y }, {}, [1, 1, 1]);
    near(await y.read(), [0, 7]);
    assert.is(await codeOf(() => gpu.run(shaderOf('own', ''), {}, {} as never, {}, [1, 1, 1])), 'VALIDATION');
    assert.is(await codeOf(() => gpu.run(shaderOf('own', ''), {}, { y }, {}, [1 << 20, 1, 1])), 'OVER_LIMIT');
  }));

test('what the device rejects fails the read in flight', () =>
  onDevice(async (gpu) => {
    const y = tensor(gpu, [1]);
    gpu.device.queue.writeBuffer(y.storage.block.buffer, 2, new Uint8Array(4));
    assert.is(await codeOf(() => y.add(1).read()), 'VALIDATION');
  }));

test('tensors of two devices do not mix', () =>
  onDevice((one) =>
    onDevice(async (two) => {
      const [a, b] = [tensor(one, [[1]]), tensor(two, [[1]])];
      for (const mix of [() => a.add(b), () => a.matmul(b), () => concat([a, b], 0), () => a.assign(b)]) {
        assert.is(await codeOf(mix), 'VALIDATION');
      }
      near(await a.add(1).read(), [2]);
      near(await b.add(2).read(), [3]);
    }),
  ));

test('a lost device rejects what is pending and what comes later', () =>
  onDevice(async (gpu) => {
    const x = tensor(gpu, new Float32Array(200_000).fill(1));
    const program = gpu.capture('p', () => log('s', x.sum().reshape([1])));
    const ticket = gpu.replay([{ program, step: 0 }]);
    const pending = [codeOf(() => x.exp().read()), codeOf(() => ticket.done()), codeOf(() => gpu.idle())];
    // Nobody asks for this one: its failure must not end the process.
    gpu.replay([{ program, step: 1 }]);
    gpu.device.destroy();
    for (const code of await Promise.all(pending)) assert.is(code, 'DEVICE_LOST');
    assert.is(await codeOf(() => x.read()), 'DEVICE_LOST');
    assert.is(await codeOf(() => gpu.idle()), 'DEVICE_LOST');
    assert.is(await codeOf(() => gpu.replay([{ program, step: 1 }])), 'DEVICE_LOST');
    assert.is(await codeOf(() => gpu.check()), 'DEVICE_LOST');
  }));

test('a closed Gpu says so', async () => {
  const gpu = await open();
  const x = tensor(gpu, [1]);
  const pending = codeOf(() => x.add(1).read());
  gpu.close();
  gpu.close();
  assert.is(await pending, 'DEVICE_LOST');
  assert.is(await codeOf(() => x.read()), 'DEVICE_LOST');
});

test.run();
