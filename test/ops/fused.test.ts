import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { grad } from '../../src/autograd/grad.ts';
import { mul, scale, square } from '../../src/ops/elementwise.ts';
import { compositesOnly, type FastPath, fastPaths, fused } from '../../src/ops/fused.ts';
import { detach } from '../../src/ops/movement.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { near, Values } from '../support/values.ts';
import { agree } from './fused.ts';

const gpu = await open();
test.after(() => gpu.close());

const x = new Values(1).tensor(gpu, [3, 4]);

/** The square as a fused operation that counts what ran. */
function counted(path: Partial<FastPath<number>> = {}) {
  const count = { composite: 0, kernel: 0, vjp: 0 };
  const op = fused<number>(
    'test',
    ([t], by) => {
      count.composite++;
      return scale(square(t), by);
    },
    {
      kernel: ([t], by) => {
        count.kernel++;
        return scale(square(detach(t)), by);
      },
      vjp: ({ inputs: [t], options: by }, g) => {
        count.vjp++;
        return [scale(mul(g, t), 2 * by)];
      },
      ...path,
    },
  );
  return { count, op: (t: Tensor) => op([t], 3) };
}

const first = (f: (t: Tensor) => Tensor) => grad((t: Tensor) => f(t).sum());
const second = (f: (t: Tensor) => Tensor) => grad((t: Tensor) => first(f)(t).square().sum());

test('what a kernel saves reaches the way back, and is freed where there is none', async () => {
  const op = fused<null>('test', ([t]) => square(t), {
    kernel: ([t]) => ({ output: square(t), saved: [scale(t, 2)] }),
    vjp: ({ saved: [slope] }, g) => [mul(g, slope)],
  });
  const v = await x.read();
  near(
    await first((t) => op([t], null))(x).read(),
    v.map((a) => 2 * a),
  );
  const before = gpu.memory().live;
  op([x], null).dispose();
  assert.is(gpu.memory().live, before);
});

test('the kernel gives the value and the first gradient, the composite the second', async () => {
  const { count, op } = counted();
  const v = await x.read();
  near(
    await op(x).read(),
    v.map((a) => 3 * a * a),
  );
  assert.equal(count, { composite: 0, kernel: 1, vjp: 0 });
  near(
    await first(op)(x).read(),
    v.map((a) => 6 * a),
  );
  assert.equal(count, { composite: 0, kernel: 2, vjp: 1 });
  near(
    await second(op)(x).read(),
    v.map((a) => 72 * a),
  );
  assert.equal(count, { composite: 1, kernel: 2, vjp: 1 });
});

test('without a vjp, gradients come from the composite', async () => {
  const { count, op } = counted({ vjp: undefined });
  near(
    await first(op)(x).read(),
    (await x.read()).map((a) => 6 * a),
  );
  assert.equal(count, { composite: 1, kernel: 0, vjp: 0 });
  // A value that nothing tracks needs none.
  await first((t) => t.mul(op(x)))(x).read();
  assert.equal(count, { composite: 1, kernel: 1, vjp: 0 });
});

test('what is not eligible, and all of it in compositesOnly, takes the composite', async () => {
  const { count, op } = counted({ eligible: ([t]) => t.rank === 1 });
  op(x);
  op(x.reshape([12]));
  assert.equal(count, { composite: 1, kernel: 1, vjp: 0 });
  compositesOnly(() => op(x.reshape([12])));
  assert.equal(count, { composite: 2, kernel: 1, vjp: 0 });
  assert.throws(() =>
    compositesOnly(() => {
      assert.not(fastPaths());
      throw new Error('out');
    }),
  );
  assert.ok(fastPaths());
});

test('a gradient inside which another function is differentiated twice', async () => {
  // h is recorded at depth one and used inside an inner gradient, whose way back never passes through it.
  const { op } = counted();
  const f = (t: Tensor) => {
    const h = op(t);
    return grad((u: Tensor) => op(u).mul(h).sum())(t).sum();
  };
  // d/dt of 6 t * 3 t^2 = 54 t^2
  near(
    await grad(f)(x).read(),
    (await x.read()).map((a) => 54 * a * a),
    { absolute: 1e-4 },
  );
});

test('agree finds a wrong kernel and a wrong vjp', async () => {
  const fails = async (path: Partial<FastPath<number>>, what: RegExp) => {
    const { op } = counted(path);
    const message = await agree(op, [x]).then(
      () => 'agreed',
      (error: Error) => error.message,
    );
    assert.match(message, what);
  };
  await fails({ kernel: ([t]) => scale(square(detach(t)), 3.01) }, /value/);
  await fails({ vjp: ({ inputs: [t] }, g) => [scale(mul(g, t), 6.01)] }, /gradient/);
  await agree(counted().op, [x]);
});

test('temporaries of kernels and composites are freed', () => {
  const { op } = counted({ kernel: ([t]) => scale(square(square(detach(t))), 3) });
  const before = gpu.memory().live;
  op(x).dispose();
  compositesOnly(() => op(x)).dispose();
  assert.is(gpu.memory().live, before);
});

test.run();
