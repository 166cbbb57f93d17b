import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { grad } from '../../src/autograd/grad.ts';
import { pack } from '../../src/ops/assign.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

test('assign overwrites in place, in order with what was recorded before and after', async () => {
  const w = tensor(gpu, [1, 2, 3]);
  const before = w.mul(10);
  w.assign(tensor(gpu, [4, 5, 6]));
  const after = w.mul(10);
  near(await before.read(), [10, 20, 30]);
  near(await after.read(), [40, 50, 60]);
  assert.is(await codeOf(() => w.assign(tensor(gpu, [1, 2]))), 'SHAPE');
});

test('assign reaches every view of the variable', async () => {
  const flat = tensor(gpu, new Float32Array(128));
  const part = flat.slice(0, 64, 128);
  part.assign(tensor(gpu, new Float32Array(64).fill(7)));
  near(
    await flat.read(),
    Float32Array.from({ length: 128 }, (_, i) => (i < 64 ? 0 : 7)),
  );
});

test('a gradient whose backward needs an overwritten value throws', async () => {
  const uses: [string, (w: Tensor) => Tensor][] = [
    ['an input', (w) => w.square()],
    ['a factor', (w) => tensor(gpu, [1, 2, 3]).mul(w)],
    ['an operand of a product', (w) => w.reshape([1, 3]).matmul(tensor(gpu, [[1], [2], [3]]).mul(w.reshape([3, 1])))],
    ['a view', (w) => w.reshape([3, 1]).square()],
  ];
  for (const [what, use] of uses) {
    const w = tensor(gpu, [1, 2, 3]);
    const step = grad((v: Tensor) => {
      const loss = use(v).sum();
      w.assign(tensor(gpu, [0, 0, 0]));
      return loss;
    });
    assert.is(await codeOf(() => step(w)), 'GRADIENT', what);
  }
});

test('overwriting the output that backward needs throws as well', async () => {
  const step = grad((v: Tensor) => {
    const y = v.exp();
    const loss = y.sum();
    y.assign(tensor(gpu, [0, 0]));
    return loss;
  });
  assert.is(await codeOf(() => step(tensor(gpu, [1, 2]))), 'GRADIENT');
});

test('a variable may be assigned to after its gradient was taken', async () => {
  const w = tensor(gpu, [1, 2]);
  const step = grad((v: Tensor) => v.square().sum());
  const g = step(w);
  w.assign(w.sub(g.mul(0.5)));
  near(await w.read(), [0, 0]);
  near(await step(w).read(), [0, 0]);
});

test('pack copies any number of tensors to their places and leaves the rest alone', async () => {
  for (const count of [1, 6, 7, 8, 15]) {
    const values = new Values(count);
    const sizes = Array.from({ length: count }, (_, i) => (i === 3 ? 5000 : values.int(1, 200)));
    const data = sizes.map((n) => values.normal([n]));
    const flat = tensor(gpu, new Float32Array(sizes.length + sizes.reduce((a, b) => a + b, 0)).fill(-1));
    const at = sizes.map((_, i) => i + sizes.slice(0, i).reduce((a, b) => a + b, 0));
    const expected = new Float32Array(flat.length).fill(-1);
    data.forEach((x, i) => expected.set(x, at[i]));
    pack(
      flat,
      data.map((x) => tensor(gpu, x)),
      at,
    );
    near(await flat.read(), expected, { relative: 0, absolute: 0, what: `${count} pieces` });
    const more = sizes.map((n) => values.normal([n]));
    more.forEach((x, i) => {
      x.forEach((v, j) => {
        expected[at[i] + j] = Math.fround(expected[at[i] + j] + v);
      });
    });
    pack(
      flat,
      more.map((x) => tensor(gpu, x)),
      at,
      { add: true },
    );
    near(await flat.read(), expected, { relative: 0, absolute: 0, what: `${count} pieces added` });
  }
});

test('assigning a variable to itself changes nothing', async () => {
  const w = tensor(gpu, [1, 2, 3]);
  w.assign(w);
  w.assign(w.reshape([3]));
  near(await w.read(), [1, 2, 3]);
  const rows = tensor(gpu, new Values(1).normal([128]));
  const last = await rows.slice(0, 64, 128).read();
  rows.slice(0, 0, 64).assign(rows.slice(0, 64, 128));
  near(await rows.read(), [...last, ...last]);
});

test.run();
