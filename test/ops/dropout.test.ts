import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { hash32, philox } from '../../src/base/philox.ts';
import { dropout, dropoutMask, leakyDropout } from '../../src/ops/dropout.ts';
import { uniform } from '../../src/ops/random.ts';
import { scope } from '../../src/tensor/scope.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** The mask by its definition, from the Philox words themselves. */
function mask(n: number, rate: number, seed: number, site = 0, step = 0, repeat = 0, program = 0): Float32Array {
  const keep = Math.fround(1 / (1 - rate));
  return Float32Array.from({ length: n }, (_, i) => {
    const words = philox([i >> 2, step, (site ^ (repeat << 16)) >>> 0, program], [seed, 0]);
    return (words[i % 4] >>> 8) / 2 ** 24 < Math.fround(rate) ? 0 : keep;
  });
}

test('a mask is where the uniform draws are at least the rate', async () => {
  for (const [shape, rate, stream] of [
    [[1], 0.5, 0],
    [[7, 3], 0.3, 2],
    [[2, 5, 9, 11], 0.25, 0],
    [[5], 0, 1],
    [[50_001], 0.9, 0],
  ] as const) {
    const n = shape.reduce<number>((a, b) => a * b, 1);
    poison(gpu, 1 << 18);
    const y = await dropoutMask(gpu, shape, rate, { seed: 3, stream }).read();
    sameBits(y, mask(n, rate, 3, stream), `[${shape}] ${rate}`);
    const u = await uniform(gpu, shape, { seed: 3, stream }).read();
    assert.ok(u.every((v, i) => v < Math.fround(rate) === (y[i] === 0)));
  }
});

test('the share that is dropped is the rate', async () => {
  const n = 100_000;
  for (const rate of [0.1, 0.3, 0.5]) {
    const y = await dropoutMask(gpu, [n], rate, { seed: 4 }).read();
    const dropped = y.filter((v) => v === 0).length / n;
    assert.ok(Math.abs(dropped - rate) < 5 * Math.sqrt((rate * (1 - rate)) / n), `${dropped} for ${rate}`);
  }
});

test('value, gradient and second gradient use one mask', async () => {
  const x = new Values(1).tensor(gpu, [3, 50]);
  const m = mask(150, 0.3, 9);
  const v = await x.read();
  near(
    await dropout(x, 0.3, { seed: 9 }).read(),
    v.map((a, i) => a * m[i]),
  );
  const f = (t: Tensor) => {
    const y = dropout(t, 0.3, { seed: 9 });
    return y.mul(y).mul(y).sum();
  };
  near(
    await grad(f)(x).read(),
    v.map((a, i) => 3 * m[i] ** 3 * a * a),
    { absolute: 1e-5 },
  );
  near(
    await grad((t: Tensor) => grad(f)(t).sum())(x).read(),
    v.map((a, i) => 6 * m[i] ** 3 * a),
    { absolute: 1e-5 },
  );
  await checkGrad((t) => dropout(t, 0.4, { seed: 2 }).square(), [x], { order: 2 });
});

test('a rate of 0 changes nothing', async () => {
  const x = new Values(2).tensor(gpu, [9]);
  sameBits(await dropout(x, 0, { seed: 1 }).read(), await x.read());
});

test('captured: masks differ by step, repeat and draw site, and a replay gives the eager definition', async () => {
  const n = 30;
  const x = new Values(3).tensor(gpu, [n]);
  const [y, g, z] = [0, 1, 2].map(() => tensor(gpu, new Float32Array(n)));
  const f = (t: Tensor) => dropout(t, 0.3, { seed: 5 }).square().sum();
  const program = gpu.capture('dropped', () =>
    scope(() => {
      y.assign(dropout(x, 0.5, { seed: 5 }));
      g.assign(grad(f)(x));
      z.assign(leakyDropout(x, dropoutMask(gpu, [n], 0.3, { seed: 5 }), 0.2));
    }),
  );
  const v = await x.read();
  const seen = new Set<string>();
  for (const [step, repeat] of [
    [0, 0],
    [1, 0],
    [7, 2],
    [0, 0],
  ]) {
    poison(gpu);
    await gpu.replay([{ program, step, repeat }]).done();
    const [a, b, c] = [0, 1, 2].map((site) => mask(n, site ? 0.3 : 0.5, 5, site, step, repeat, hash32('dropped')));
    near(
      await y.read(),
      v.map((t, i) => t * a[i]),
    );
    near(
      await g.read(),
      v.map((t, i) => 2 * t * b[i] * b[i]),
    );
    near(
      await z.read(),
      v.map((t, i) => (t > 0 ? t : 0.2 * t) * c[i]),
    );
    for (const m of [a, b, c]) seen.add(String(m.map(Math.sign)));
  }
  assert.is(seen.size, 9);
  program.dispose();
});

test('leakyDropout: a leaky unit times the mask, to the second gradient', async () => {
  const values = new Values(4);
  const [x, m] = [values.tensor(gpu, [2, 3, 7]), dropoutMask(gpu, [2, 3, 7], 0.4, { seed: 1 })];
  sameBits(await leakyDropout(x, m, 0.3).read(), await x.leakyRelu(0.3).mul(m).read());
  // Keep away from the kink.
  const far = tensor(
    gpu,
    (await x.read()).map((v) => v + Math.sign(v)),
    [2, 3, 7],
  );
  await checkGrad((t) => leakyDropout(t, m, 0.3).square(), [far], { order: 2 });
  assert.is(await codeOf(() => leakyDropout(x, dropoutMask(gpu, [7], 0.4, { seed: 1 }), 0.3)), 'SHAPE');
});

test('a rate outside 0..1 is refused, and so is a bad seed', async () => {
  const x = tensor(gpu, [1, 2]);
  for (const rate of [-0.1, 1, 2, Number.NaN]) assert.is(await codeOf(() => dropout(x, rate, { seed: 1 })), 'CONFIG');
  assert.is(await codeOf(() => dropout(x, 0.5, { seed: -1 })), 'CONFIG');
});

test('nothing but the result is left on the device', async () => {
  const x = tensor(gpu, [1, 2]);
  const before = gpu.memory().live;
  dropout(x, 0.5, { seed: 1 }).dispose();
  assert.is(gpu.memory().live, before);
});

test.run();
