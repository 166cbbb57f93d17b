import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { compositesOnly } from '../../src/ops/fused.ts';
import { tripleIndex, tripleLoss } from '../../src/ops/triples.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { asHardware } from '../support/adapters.ts';
import { codeOf, near, poison, sameBits, Values } from '../support/values.ts';
import { agree } from './fused.ts';

const gpu = await open();
test.after(() => gpu.close());

const random = new Values(11);

/** So many cells of any places, one place often twice or three times in a cell. */
function problem(B: number, W: number, n: number) {
  const p = random.uniform([B, W], 0, 1);
  const cells = Uint32Array.from({ length: 3 * n }, () => random.int(0, W - 1));
  return { p, cells, target: random.uniform([n], 0, 0.5), weight: random.uniform([n], 0, 2) };
}

/** Loss and gradient in float64. */
function reference(B: number, W: number, { p, cells, target, weight }: ReturnType<typeof problem>) {
  let loss = 0;
  const gradient = new Float64Array(B * W);
  for (let cell = 0; cell < target.length; cell++) {
    const [a, b, c] = cells.subarray(3 * cell, 3 * cell + 3);
    let sum = 0;
    for (let row = 0; row < B * W; row += W) sum += p[row + a] * p[row + b] * p[row + c];
    const off = sum / B - target[cell];
    loss += 0.5 * weight[cell] * off ** 2;
    for (let row = 0; row < B * W; row += W) {
      for (const [own, x, y] of [
        [a, b, c],
        [b, c, a],
        [c, a, b],
      ]) {
        gradient[row + own] += (weight[cell] * off * p[row + x] * p[row + y]) / B;
      }
    }
  }
  return { loss, gradient };
}

test('the loss and its gradient, by kernels of both kinds of adapter and composed', async () => {
  for (const [B, W, n] of [
    [1, 1, 1],
    [4, 1, 1],
    [5, 7, 20],
    [8, 7, 3],
    [12, 33, 100],
    [37, 33, 41],
    [132, 300, 67],
    [260, 5, 9],
  ]) {
    const given = problem(B, W, n);
    const cells = tripleIndex(gpu, given.cells, W);
    const [target, weight] = [given.target, given.weight].map((values) => tensor(gpu, values));
    const want = reference(B, W, given);
    for (const [name, run] of [
      ['software', (fn: () => Tensor) => fn()],
      ['hardware', (fn: () => Tensor) => asHardware(gpu, fn)],
      ['composed', compositesOnly],
    ] as const) {
      const what = `[${B}, ${W}], ${n} cells, ${name}`;
      poison(gpu);
      const p = tensor(gpu, given.p, [B, W]);
      const loss = run(() => tripleLoss(p, cells, target, weight));
      assert.equal(loss.shape, [1]);
      near(await loss.read(), [want.loss], { relative: 1e-5, what });
      poison(gpu);
      const g = run(() => grad((x: Tensor) => tripleLoss(x, cells, target, weight).mul(3))(p));
      const size = Math.max(...want.gradient.map(Math.abs));
      near(
        await g.read(),
        want.gradient.map((v) => 3 * v),
        { relative: 1e-5, absolute: 3e-6 * size, what: `gradient of ${what}` },
      );
    }
  }
});

test('gradients of both orders by finite differences, and of the kernels against the composition', async () => {
  for (const B of [3, 4]) {
    const { p, cells, target, weight } = problem(B, 5, 9);
    const index = tripleIndex(gpu, cells, 5);
    const f = (x: Tensor) => tripleLoss(x, index, tensor(gpu, target), tensor(gpu, weight));
    const x = tensor(gpu, p, [B, 5]);
    await checkGrad(f, [x], { order: 2 });
    await agree(f, [x], { what: `${B} rows` });
  }
});

test('the same bits every time', async () => {
  const { p, cells, target, weight } = problem(64, 50, 500);
  const index = tripleIndex(gpu, cells, 50);
  const f = grad((x: Tensor) => tripleLoss(x, index, tensor(gpu, target), tensor(gpu, weight)));
  const once = await f(tensor(gpu, p, [64, 50])).read();
  poison(gpu);
  sameBits(await f(tensor(gpu, p, [64, 50])).read(), once);
});

test('what is not finite comes through, also where nothing is weighed', async () => {
  const zero = tensor(gpu, new Float32Array(1));
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const p = new Float32Array(12).fill(0.5);
    p[7] = bad;
    const index = tripleIndex(gpu, Uint32Array.of(0, 1, 2), 3);
    const x = tensor(gpu, p, [4, 3]);
    assert.ok(Number.isNaN(await tripleLoss(x, index, zero, zero).item()), `${bad}`);
    const g = await grad((t: Tensor) => tripleLoss(t, index, zero, zero))(x).read();
    assert.ok(g.some(Number.isNaN), `gradient at ${bad}`);
  }
});

test('cells that do not fit are refused', async () => {
  const index = (cells: number[], width = 3) => tripleIndex(gpu, Uint32Array.from(cells), width);
  assert.is(await codeOf(() => index([])), 'SHAPE');
  assert.is(await codeOf(() => index([0, 1])), 'SHAPE');
  assert.is(await codeOf(() => index([0, 1, 3])), 'VALIDATION');
  assert.is(await codeOf(() => index([0, 1, 2], 65_536)), 'OVER_LIMIT');
  const of = (...shape: number[]) => tensor(gpu, new Float32Array(shape.reduce((a, b) => a * b)), shape);
  const one = index([0, 1, 2]);
  assert.is(await codeOf(() => tripleLoss(of(4, 4), one, of(1), of(1))), 'SHAPE');
  assert.is(await codeOf(() => tripleLoss(of(4, 3), one, of(2), of(1))), 'SHAPE');
  assert.is(await codeOf(() => tripleLoss(of(12), one, of(1), of(1))), 'SHAPE');
});

test.run();
