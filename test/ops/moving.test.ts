import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { batchNorm, updateMoving } from '../../src/ops/norm.ts';
import { scope } from '../../src/tensor/scope.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** Moving averages one sub-batch after another, in float64. */
function moved(old: ArrayLike<number>, batch: ArrayLike<number>, momentum: number, correction: number): Float64Array {
  const y = Float64Array.from(old);
  const c = y.length;
  for (let g = 0; g < batch.length / c; g++) {
    for (let j = 0; j < c; j++) y[j] = momentum * y[j] + (1 - momentum) * correction * batch[g * c + j];
  }
  return y;
}

test('updateMoving: sub-batches in order, biased and unbiased', async () => {
  const values = new Values(8);
  for (const [G, c] of [
    [1, 3],
    [25, 130],
    [7, 1],
  ]) {
    const [mean, variance] = [values.normal([c]), values.uniform([c], 0.5, 2)];
    const batch = { mean: values.normal([G, c]), variance: values.uniform([G, c], 0.5, 2) };
    for (const [momentum, unbiased] of [
      [undefined, undefined],
      [0.9, 17],
      [0, 1],
    ]) {
      const moving = { mean: tensor(gpu, mean), variance: tensor(gpu, variance) };
      updateMoving(
        moving,
        { mean: tensor(gpu, batch.mean, [G, c]), variance: tensor(gpu, batch.variance, [G, c]) },
        { momentum, unbiased },
      );
      const m = momentum ?? 0.99;
      const correction = unbiased === 17 ? 17 / 16 : 1;
      near(await moving.mean.read(), moved(mean, batch.mean, m, 1));
      near(await moving.variance.read(), moved(variance, batch.variance, m, correction));
    }
  }
});

test('updateMoving: blocks follow their own groups; both may be ranges of one buffer', async () => {
  const flat = tensor(gpu, new Float32Array(128));
  const moving = { mean: flat.view([2, 3], 0), variance: flat.view([2, 3], 64) };
  const values = new Values(9);
  const [mean, variance] = [values.normal([6, 3]), values.uniform([6, 3], 0.5, 2)];
  updateMoving(moving, { mean: tensor(gpu, mean, [6, 3]), variance: tensor(gpu, variance, [6, 3]) }, { momentum: 0.8 });
  for (const b of [0, 1]) {
    const part = (t: ArrayLike<number>) => Array.from(t).slice(9 * b, 9 * b + 9);
    near((await moving.mean.read()).slice(3 * b, 3 * b + 3), moved([0, 0, 0], part(mean), 0.8, 1));
    near((await moving.variance.read()).slice(3 * b, 3 * b + 3), moved([0, 0, 0], part(variance), 0.8, 1));
  }
});

test('captured: two replays move the averages as two eager steps do', async () => {
  const values = new Values(10);
  const x = values.normal([3, 8, 2, 2, 5]);
  const make = () => ({ mean: tensor(gpu, new Float32Array(5)), variance: tensor(gpu, new Float32Array(5).fill(1)) });
  const [eager, captured] = [make(), make()];
  const ones = tensor(gpu, new Float32Array(5).fill(1));
  const input = tensor(gpu, x, [3, 8, 2, 2, 5]);
  const out = tensor(gpu, new Float32Array(x.length), [3, 8, 2, 2, 5]);
  const step = (moving: typeof eager) =>
    scope(() => {
      const { y, ...batch } = batchNorm(input, ones, ones, { slope: 0.3 });
      out.assign(y);
      updateMoving(moving, batch, { unbiased: 32 });
    });
  step(eager);
  step(eager);
  const program = gpu.capture('moving', () => step(captured));
  poison(gpu);
  await gpu.replay([0, 1].map((n) => ({ program, step: n }))).done();
  const { y, mean, variance } = batchNorm(input, ones, ones, { slope: 0.3 });
  near(await out.read(), await y.read(), { relative: 0, absolute: 0 });
  const [means, variances] = [await mean.read(), await variance.read()];
  const twice = (old: number[], batch: Float32Array, k: number) => moved(moved(old, batch, 0.99, k), batch, 0.99, k);
  for (const moving of [eager, captured]) {
    near(await moving.mean.read(), twice([0, 0, 0, 0, 0], means, 1));
    near(await moving.variance.read(), twice([1, 1, 1, 1, 1], variances, 32 / 31));
  }
  program.dispose();
});

test('what does not fit is refused', async () => {
  const t = (...shape: number[]) => tensor(gpu, new Float32Array(sizeOf(shape)), shape);
  const stats = (...shape: number[]) => ({ mean: t(...shape), variance: t(...shape) });
  assert.is(await codeOf(() => updateMoving(stats(2, 3), stats(3, 3))), 'SHAPE');
  assert.is(await codeOf(() => updateMoving(stats(3), stats(3, 3), { momentum: 2 })), 'CONFIG');
  assert.is(await codeOf(() => updateMoving(stats(3), stats(3, 3), { unbiased: 0 })), 'CONFIG');
});

test.run();
