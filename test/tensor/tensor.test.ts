import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { grad } from '../../src/autograd/grad.ts';
import { keep, leaves, scope } from '../../src/tensor/scope.ts';
import { empty, type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const held = () => gpu.memory().live;

test('tensors from nested lists, numbers and typed arrays', async () => {
  const x = tensor(gpu, [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.equal([x.shape, x.rank, x.length, x.size], [[2, 3], 2, 6, 24]);
  near(await x.read(), [1, 2, 3, 4, 5, 6]);
  assert.equal(tensor(gpu, 7).shape, []);
  assert.is(await tensor(gpu, 7).item(), 7);
  assert.equal(tensor(gpu, []).shape, [0]);
  assert.is((await tensor(gpu, []).read()).length, 0);
  assert.equal(tensor(gpu, new Float32Array(6), [3, 2]).shape, [3, 2]);
  const counts = tensor(gpu, Uint32Array.of(0, 7, 16777217));
  assert.is(counts.dtype, 'u32');
  near(await counts.read(), [0, 7, 16777216]);
});

test('bits survive the way there and back: NaN, infinities, denormals, signed zero', async () => {
  const x = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45, -0, 3.4028234e38);
  const y = await tensor(gpu, x).read();
  assert.equal([...new Uint32Array(y.buffer)], [...new Uint32Array(x.buffer)]);
});

test('values that do not fill the shape are refused', async () => {
  assert.is(await codeOf(() => tensor(gpu, [1, 2, 3], [2, 2])), 'SHAPE');
  assert.is(await codeOf(() => tensor(gpu, new Float32Array(5), [2, 3])), 'SHAPE');
  assert.is(await codeOf(() => tensor(gpu, [[1, 2], [3]])), 'SHAPE');
  assert.is(await codeOf(() => tensor(gpu, [[1, 2], [3], [4, 5, 6]])), 'SHAPE');
  assert.is(
    await codeOf(() =>
      tensor(gpu, [
        [1, 2],
        [3, [4]],
      ] as never),
    ),
    'SHAPE',
  );
  assert.is(await codeOf(() => tensor(gpu, [1, 2]).item()), 'SHAPE');
});

test('a freed tensor cannot be used', async () => {
  const x = tensor(gpu, [1, 2]);
  x.dispose();
  x.dispose();
  assert.ok(x.disposed);
  for (const use of [() => x.add(1), () => x.read(), () => x.reshape([2, 1]), () => x.assign(tensor(gpu, [1, 2]))]) {
    assert.is(await codeOf(use), 'USE_AFTER_FREE');
  }
});

test('a view keeps the storage alive, and the last owner frees it', async () => {
  const before = held();
  const x = tensor(gpu, [1, 2, 3, 4]);
  const y = x.reshape([2, 2]);
  x.dispose();
  // What is allocated now must not land on the storage of the view.
  const z = tensor(gpu, [9, 9, 9, 9]);
  near(await y.read(), [1, 2, 3, 4]);
  y.dispose();
  z.dispose();
  assert.is(held(), before);
});

test('a scope frees what was made inside, but not what it returns', async () => {
  const before = held();
  const made: Tensor[] = [];
  const out = scope(() => {
    const x = tensor(gpu, [1, 2]);
    const y = x.add(1);
    made.push(x, y);
    return { list: [y.mul(2)], other: null, n: 3 };
  });
  assert.ok(made.every((t) => t.disposed));
  near(await out.list[0].read(), [4, 6]);
  out.list[0].dispose();
  assert.is(held(), before);
});

test('scopes nest: what an inner one returns belongs to the outer one', async () => {
  const before = held();
  let inner: Tensor | null = null;
  scope(() => {
    inner = scope(() => tensor(gpu, [1]).add(1));
    assert.not(inner.disposed);
  });
  assert.ok((inner as unknown as Tensor).disposed);
  assert.is(held(), before);
});

test('keep takes a tensor out of all scopes; what came from outside stays', async () => {
  const outside = tensor(gpu, [5]);
  const kept = scope(() => {
    outside.add(1);
    const k = scope(() => ({ t: keep(tensor(gpu, [7])) }));
    return k.t.length;
  });
  assert.is(kept, 1);
  assert.not(outside.disposed);
  let survivor: Tensor | null = null;
  scope(() => {
    survivor = keep(tensor(gpu, [7]));
  });
  near(await (survivor as unknown as Tensor).read(), [7]);
});

test('a scope that throws frees everything', async () => {
  const before = held();
  assert.throws(
    () =>
      scope(() => {
        scope(() => tensor(gpu, [1]).add(1));
        tensor(gpu, [1, 2, 3]).square();
        throw new Error('stop');
      }),
    /stop/,
  );
  assert.is(held(), before);
  const x = tensor(gpu, [1]);
  assert.not(x.disposed, 'the scope is left behind');
  x.dispose();
});

test('a scope of a promise would free too early: it is refused', async () => {
  const before = held();
  const late = async () => {
    await Promise.resolve();
    return 1;
  };
  assert.is(await codeOf(() => scope(late)), 'USAGE');
  assert.is(held(), before);
});

test('leaves finds tensors in lists and records, in order', () => {
  const [a, b, c] = [1, 2, 3].map((v) => tensor(gpu, v));
  assert.equal(leaves({ z: a, y: [b, { x: c }], n: 4, u: undefined, o: null }).length, 3);
  assert.ok(leaves([{ q: a }, b])[1] === b);
  assert.equal(leaves(null), []);
});

test('gradients and losses leave nothing behind, whether they end or throw', async () => {
  const x = new Values(1).tensor(gpu, [5, 3]);
  const before = held();
  const g = grad((t: Tensor) => t.tanh().matmul(t.transpose()).square().sum())(x);
  g.dispose();
  assert.is(held(), before);
  const fails = grad((t: Tensor) => {
    t.square().sum();
    throw new Error('stop');
  });
  assert.throws(() => fails(x), /stop/);
  assert.is(await codeOf(() => grad((t: Tensor) => t.square())(x)), 'GRADIENT');
  assert.is(held(), before);
  // The gradient's own state is back to none: this must leave no node.
  assert.is(x.square().node, null);
});

test('an uninitialised tensor has its shape', () => {
  assert.equal(empty(gpu, [2, 3], 'u32').shape, [2, 3]);
});

test.run();
