import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { avgPool, globalAvgPool, maxPool, type PoolOptions } from '../../src/ops/pool.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { build, get, nd, total } from '../support/nd.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const CASES: readonly (readonly [Shape, number, PoolOptions])[] = [
  [[4, 4, 1], 2, {}],
  [[2, 5, 7, 3], 2, {}],
  [[3, 2, 6, 6, 5], 3, {}],
  [[2, 7, 5, 2], 3, { stride: 2 }],
  [[1, 6, 6, 3], 2, { stride: 1 }],
  [[2, 9, 8, 2], 2, { stride: 3 }],
  [[2, 5, 4, 3], 1, {}],
  [[2, 5, 7, 3], 2, { padding: 'same' }],
  [[2, 5, 6, 2], 3, { stride: 2, padding: 'same' }],
  [[1, 4, 3, 2], 3, { stride: 1, padding: 'same' }],
  [[1, 5, 5, 2], 2, { stride: 3, padding: 'same' }],
  [[1, 2, 3, 2], 5, { stride: 2, padding: 'same' }],
];

/** The elements of each window inside the image, in order. */
function windows(x: ArrayLike<number>, shape: Shape, size: number, { stride = size, padding = 'valid' }: PoolOptions) {
  const lead = shape.slice(0, -3);
  const [h, w, c] = shape.slice(-3);
  const axis = (extent: number): [number, number] => {
    if (padding === 'valid') return [Math.floor((extent - size) / stride) + 1, 0];
    const count = Math.ceil(extent / stride);
    return [count, Math.floor(Math.max(0, (count - 1) * stride + size - extent) / 2)];
  };
  const [[oh, ph], [ow, pw]] = [axis(h), axis(w)];
  const out = [...lead, oh, ow, c];
  const source = nd(x, shape);
  const lists: number[][] = [];
  build(out, (at) => {
    const [r, k, j] = at.slice(-3);
    const list: number[] = [];
    for (let a = r * stride - ph; a < r * stride - ph + size; a++) {
      for (let b = k * stride - pw; b < k * stride - pw + size; b++) {
        if (a >= 0 && a < h && b >= 0 && b < w) list.push(get(source, [...at.slice(0, -3), a, b, j]));
      }
    }
    lists.push(list);
    return 0;
  });
  return { out, lists };
}

test('maximum and mean of every window', async () => {
  const values = new Values(1);
  for (const [shape, size, options] of CASES) {
    const what = `[${shape}] size ${size} ${JSON.stringify(options)}`;
    // Negative values too, so that padding with zeros would show.
    const x = values.normal(shape).map((v) => v - 3);
    const { out, lists } = windows(x, shape, size, options);
    poison(gpu);
    const most = maxPool(tensor(gpu, x, shape), size, options);
    assert.equal(most.shape, out, what);
    near(
      await most.read(),
      lists.map((l) => Math.max(...l)),
      { relative: 0, absolute: 0, what },
    );
    poison(gpu);
    near(
      await avgPool(tensor(gpu, x, shape), size, options).read(),
      lists.map((l) => total(l) / l.length),
      { what },
    );
  }
});

test('by hand', async () => {
  const x = tensor(gpu, Float32Array.of(1, 2, 5, 3, 4, 0, 7, 7, 9, 8, 1, 1), [3, 4, 1]);
  near(await maxPool(x, 2).read(), [4, 7]);
  near(await avgPool(x, 2).read(), [7 / 4, 22 / 4]);
  // 3 x 4 with size 2, stride 2, same: a row is added below.
  near(await maxPool(x, 2, { padding: 'same' }).read(), [4, 7, 9, 1]);
  near(await globalAvgPool(x).read(), [4]);
});

test('gradients of order 1 and 2', async () => {
  const values = new Values(2);
  for (const [shape, size, options] of CASES) {
    // Values half apart keep each maximum where it is.
    const n = sizeOf(shape);
    const order = Array.from({ length: n }, (_, i) => i).sort(() => values.stream.uniform() - 0.5);
    const apart = tensor(
      gpu,
      Float32Array.from(order, (v) => 0.5 * v - n / 4),
      shape,
    );
    const eps = 2 ** -6 / n;
    await checkGrad((t) => maxPool(t, size, options).square(), [apart], { order: 2, eps }).catch((error) => {
      throw new Error(`max [${shape}] ${size} ${JSON.stringify(options)}: ${error.message}`);
    });
    await checkGrad((t) => avgPool(t, size, options).square(), [values.tensor(gpu, shape)], { order: 3 });
  }
  await checkGrad((t) => globalAvgPool(t).square(), [values.tensor(gpu, [2, 3, 4, 5])], { order: 2 });
});

test('of equal elements the first gets the cotangent', async () => {
  const x = tensor(gpu, Float32Array.of(3, 3, 1, 2, 3, 3, 2, 2), [2, 4, 1]);
  near(await grad((t: Tensor) => maxPool(t, 2).sum())(x).read(), [1, 0, 0, 1, 0, 0, 0, 0]);
  const zeros = tensor(gpu, new Float32Array(9), [3, 3, 1]);
  near(await grad((t: Tensor) => maxPool(t, 2, { stride: 1 }).sum())(zeros).read(), [1, 1, 0, 1, 1, 0, 0, 0, 0]);
});

test('what cannot be pooled is refused', async () => {
  const x = new Values(3).tensor(gpu, [2, 3, 1]);
  assert.is(await codeOf(() => maxPool(x, 3)), 'SHAPE');
  assert.is(await codeOf(() => avgPool(tensor(gpu, [[1, 2]]), 1)), 'SHAPE');
  assert.is(await codeOf(() => globalAvgPool(tensor(gpu, [[1, 2]]))), 'SHAPE');
  for (const size of [0, 1.5, -1, Number.NaN]) assert.is(await codeOf(() => maxPool(x, size)), 'CONFIG');
  assert.is(await codeOf(() => maxPool(x, 2, { stride: 0 })), 'CONFIG');
});

test('nothing but the result is left on the device', async () => {
  const x = new Values(4).tensor(gpu, [4, 4, 3]);
  const before = gpu.memory().live;
  maxPool(x, 2).dispose();
  assert.is(gpu.memory().live, before);
});

test.run();
