import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { sizeClass } from '../../src/gpu/pool.ts';
import { scope } from '../../src/tensor/scope.ts';
import { empty, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

test('size classes are the next of 2^n and 1.5 * 2^n, at least 256', () => {
  const classes: [number, number][] = [
    [0, 256],
    [1, 256],
    [256, 256],
    [257, 384],
    [384, 384],
    [385, 512],
    [513, 768],
    [1 << 20, 1 << 20],
    [(1 << 20) + 1, 1.5 * (1 << 20)],
    [100_000_000, 100_663_296],
  ];
  for (const [bytes, size] of classes) assert.is(sizeClass(bytes), size, `${bytes}`);
  for (let bytes = 256; bytes < 1e9; bytes = Math.ceil(bytes * 1.37)) {
    const size = sizeClass(bytes);
    assert.ok(size >= bytes && size <= 1.5 * bytes && size % 128 === 0, `${bytes} -> ${size}`);
  }
});

test('memory() counts what lives, what waits, the peak and the buffers', () => {
  const start = gpu.memory();
  const a = empty(gpu, [100]);
  const b = empty(gpu, [100]);
  assert.is(gpu.memory().live - start.live, 2 * 512);
  a.dispose();
  assert.is(gpu.memory().live - start.live, 512);
  assert.is(gpu.memory().pooled - start.pooled, 512);
  // The next one of that class takes the free buffer.
  const c = empty(gpu, [120]);
  const now = gpu.memory();
  assert.is(now.pooled, start.pooled);
  assert.is(now.buffers - start.buffers, 2);
  assert.ok(now.peak >= now.live + now.pooled);
  b.dispose();
  c.dispose();
  gpu.trim();
  const end = gpu.memory();
  assert.is(end.pooled, 0);
  assert.is(end.live, start.live);
  assert.ok(end.peak >= now.live, 'the peak stays');
});

test('a trimmed buffer is forgotten by the bind-group cache', async () => {
  // What a scope frees was read before: only the promise, in a record because a bare one is refused, comes out.
  const work = () => scope(() => ({ sum: new Values(1).tensor(gpu, [300]).exp().sum().read() })).sum;
  const first = await work();
  gpu.trim();
  const groups = gpu.memory().bindGroups;
  for (let i = 0; i < 20; i++) {
    near(await work(), first);
    gpu.trim();
  }
  assert.ok(gpu.memory().bindGroups <= groups, `${groups} bind groups became ${gpu.memory().bindGroups}`);
});

test('a freed block may be handed out at once: order keeps the values apart', async () => {
  const data = new Values(2).normal([64]);
  const sums: Promise<Float32Array>[] = [];
  for (let i = 0; i < 50; i++) {
    const x = tensor(
      gpu,
      data.map((v) => v + i),
    );
    const y = x.mul(2);
    x.dispose();
    const z = y.sum();
    y.dispose();
    if (i % 7 === 0) sums.push(z.read());
    z.dispose();
  }
  const total = data.reduce((a, b) => a + b);
  for (const [k, p] of sums.entries()) near(await p, [2 * (total + 64 * 7 * k)], { absolute: 1e-3 });
});

test('host writes keep their place among the kernels', async () => {
  const x = tensor(gpu, [1, 1]);
  const results = [];
  for (let i = 0; i < 5; i++) {
    gpu.upload(x, Float32Array.of(i, i));
    results.push(x.mul(10));
  }
  for (const [i, y] of results.entries()) near(await y.read(), [10 * i, 10 * i]);
});

test('a tensor over the limit of a binding is refused, with its size and the limit', async () => {
  const limit = gpu.device.limits.maxStorageBufferBindingSize;
  const before = gpu.memory();
  assert.is(await codeOf(() => empty(gpu, [limit / 4 + 1])), 'OVER_LIMIT');
  assert.throws(() => empty(gpu, [limit]), new RegExp(`${4 * limit} bytes.*${limit}`));
  assert.equal(gpu.memory(), before);
});

test('hundreds of dispatches without a flush fill more than one page of parameters', async () => {
  let x = tensor(gpu, [0, 0, 0]);
  for (let i = 1; i <= 3000; i++) x = scope(() => x.add(i));
  near(await x.read(), [4501500, 4501500, 4501500]);
});

test('ranges of one buffer are told apart where everything else is the same', async () => {
  const data = new Values(5).normal([4 * 64]);
  const flat = tensor(gpu, data);
  for (const [start, end] of [
    [0, 64],
    [64, 128],
    [192, 256],
    [64, 100],
    [0, 64],
  ]) {
    // Freed each time, so that the result lies in the same buffer.
    const y = flat.slice(0, start, end).square();
    near(
      await y.read(),
      data.subarray(start, end).map((v) => v * v),
      { what: `${start}..${end}` },
    );
    y.dispose();
  }
});

test('several ranges come back from one read', async () => {
  const [a, b] = [tensor(gpu, [1, 2, 3]), tensor(gpu, [[4, 5]])];
  const parts = (await gpu.read(a, b.mul(2), a)).map((bytes) => [...new Float32Array(bytes)]);
  assert.equal(parts, [
    [1, 2, 3],
    [8, 10],
    [1, 2, 3],
  ]);
  assert.equal(await gpu.read(), []);
});

test.run();
