import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { grad, valueAndGrad } from '../../src/autograd/grad.ts';
import { concat } from '../../src/ops/movement.ts';
import { scope } from '../../src/tensor/scope.ts';
import { gradientDepth, noGrad } from '../../src/tensor/tape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const scalar = (v: number) => tensor(gpu, v);
const at = (f: (x: Tensor) => Tensor, v: number) => f(scalar(v)).item();
/** d/dx as a function on scalars. */
const d = (f: (x: Tensor) => Tensor) => grad(f) as (x: Tensor) => Tensor;

test('a polynomial and all its derivatives', async () => {
  const f = (x: Tensor) => x.square().mul(x).add(x.mul(2));
  const expected = [33, 29, 18, 6, 0];
  let g: (x: Tensor) => Tensor = f;
  for (const want of expected) {
    assert.is(await at(g, 3), want);
    g = d(g);
  }
});

test('gradients keep the structure of the parameters', async () => {
  const [a, b] = [tensor(gpu, [1, 2]), tensor(gpu, [3, 4])];
  const record = grad((p: { a: Tensor; b: Tensor }) => p.a.square().mul(p.b).sum())({ a, b });
  near(await record.a.read(), [6, 16]);
  near(await record.b.read(), [1, 4]);
  const list = grad((p: readonly Tensor[]) => p[0].mul(p[1]).sum())([a, b]);
  near(await list[0].read(), [3, 4]);
  near(await grad((t: Tensor) => t.square().sum())(a).read(), [2, 4]);
});

test('a parameter that is not used has the gradient zero, of its shape', async () => {
  const [a, b] = [tensor(gpu, [1, 2]), tensor(gpu, [[Number.POSITIVE_INFINITY], [4], [Number.NaN]])];
  const g = grad((p: { a: Tensor; b: Tensor }) => p.a.sum())({ a, b });
  assert.equal(g.b.shape, [3, 1]);
  near(await g.b.read(), [0, 0, 0]);
  near(await grad((_: Tensor) => scalar(3))(a).read(), [0, 0]);
});

test('a tensor used many times collects all its cotangents', async () => {
  const x = tensor(gpu, [2, 5]);
  near(await grad((t: Tensor) => t.mul(t).mul(t).add(t).sub(t.mul(4)).sum())(x).read(), [9, 72]);
  near(await grad((t: Tensor) => concat([t, t, t.square()], 0).sum())(x).read(), [6, 12]);
  near(await grad((p: readonly Tensor[]) => p[0].mul(p[1]).sum())([x, x])[0].read(), [2, 5]);
});

test('every gradient is a tensor of its own', async () => {
  const [x, y] = [tensor(gpu, [1, 2]), tensor(gpu, [3, 4])];
  const sums = grad((p: readonly Tensor[]) => p[0].add(p[1]).sum())([x, y]);
  sums[0].dispose();
  near(await sums[1].read(), [1, 1]);
  const kept = grad((t: Tensor) => t.sum())(x);
  x.add(1);
  near(await kept.read(), [1, 1]);
});

test('valueAndGrad hands the loss and what follows it through', async () => {
  const x = tensor(gpu, [1, 2]);
  const [[loss, doubled, same], g] = valueAndGrad((t: Tensor, factor: number) => {
    return [t.square().sum(), t.mul(factor), t] as const;
  })(x, 2);
  assert.is(await loss.item(), 5);
  near(await doubled.read(), [2, 4]);
  near(await same.read(), [1, 2]);
  near(await g.read(), [2, 4]);
  assert.equal([loss.node, doubled.node, same.node, g.node], [null, null, null, null]);
});

test('perturbations of nested gradients are not confused', async () => {
  // Siskind and Pearlmutter (2008): d/dx (x d/dy (x + y)) = 1, and 2 where the two are confused.
  assert.is(
    await at(
      d((x) => x.mul(d((y) => x.add(y))(scalar(1)))),
      1,
    ),
    1,
  );
  assert.is(
    await at(
      d((x) => x.mul(d((y) => x.mul(y))(scalar(2)))),
      3,
    ),
    6,
  );
  // The inner argument is the outer variable itself.
  assert.is(
    await at(
      d((x) => d((y) => y.square().mul(x))(x)),
      3,
    ),
    12,
  );
  assert.is(
    await at(
      d((x) => d((y) => x.square().mul(y.detach()))(x)),
      3,
    ),
    0,
  );
  // Three deep, each level closing over the ones around it.
  const f = d((x) => d((y) => d((z) => x.mul(y).mul(z.square()))(y.mul(x)))(x.mul(2)));
  // inner: 2 x y (y x) = 2 x^2 y^2; then 4 x^2 y at y = 2 x: 8 x^3; then 24 x^2.
  assert.is(await at(f, 2), 96);
});

test('an inner value keeps its own dependence on the outer variable', async () => {
  const f = d((x) => {
    const [value, slope] = valueAndGrad((y: Tensor) => y.square().mul(x))(x);
    return value.add(slope);
  });
  // x^3 + 2 x^2
  assert.is(await at(f, 3), 39);
});

test('detach and noGrad stop gradients, of every order and of nested calls', async () => {
  assert.is(
    await at(
      d((x) => x.mul(noGrad(() => x.square()))),
      3,
    ),
    9,
  );
  assert.is(
    await at(
      d((x) => x.mul(x.square().detach())),
      3,
    ),
    9,
  );
  assert.is(await at(d(d((x) => x.square().mul(x.detach()))), 3), 6);
  assert.is(
    await at(
      d((x) => x.mul(noGrad(() => d((y) => y.square())(x)))),
      3,
    ),
    6,
  );
  // What an inner gradient closes over does not leak out of noGrad, neither through its value nor its slope.
  const value = (x: Tensor) => noGrad(() => valueAndGrad((y: Tensor) => y.mul(x))(scalar(2))[0]);
  assert.is(
    await at(
      d((x) => x.mul(value(x))),
      3,
    ),
    6,
  );
  assert.is(
    await at(
      d((x) => x.mul(noGrad(() => d((y) => y.mul(x))(scalar(2))))),
      3,
    ),
    3,
  );
  assert.is(gradientDepth(), 0);
});

test('noGrad around a gradient does not stop the gradient itself', async () => {
  const x = tensor(gpu, [1, 2]);
  near(await noGrad(() => grad((t: Tensor) => t.square().sum())(x)).read(), [2, 4]);
});

test('scopes inside a loss do not cut the gradient', async () => {
  const x = tensor(gpu, [1, 2]);
  const loss = (t: Tensor) => scope(() => t.square().mul(t).sum());
  near(await grad(loss)(x).read(), [3, 12]);
  const twice = grad((t: Tensor) => scope(() => grad(loss)(t)).sum())(x);
  near(await twice.read(), [6, 12]);
});

test('freeing what backward needs throws; it never gives a silent zero', async () => {
  const x = tensor(gpu, [1, 2]);
  const frees = (t: Tensor) => {
    const y = t.square();
    const loss = y.square().sum();
    y.dispose();
    return loss;
  };
  assert.is(await codeOf(() => grad(frees)(x)), 'USE_AFTER_FREE');
});

test('a long chain of nodes does not overflow the stack', async () => {
  const x = tensor(gpu, [1]);
  const g = grad((t: Tensor) =>
    Array.from({ length: 3000 })
      .reduce<Tensor>((y) => y.add(1), t)
      .sum(),
  )(x);
  near(await g.read(), [1]);
});

test('a loss that is not a scalar is refused', async () => {
  const x = tensor(gpu, [1, 2]);
  assert.is(await codeOf(() => grad((t: Tensor) => t.square())(x)), 'GRADIENT');
  assert.is(gradientDepth(), 0);
});

test.run();
