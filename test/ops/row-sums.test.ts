/** Sums by sample of several tensors at once. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { compositesOnly } from '../../src/ops/fused.ts';
import { rowSums } from '../../src/ops/row-sums.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { asHardware } from '../support/adapters.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** Rows that begin anywhere in a four, shorter than one, and long. */
const WIDTHS = [1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 1000, 6];

test('sums and sums of squares, any number of tensors, with the threads of both kinds of adapter', async () => {
  const values = new Values(1);
  for (const samples of [1, 2, 3, 17, 66, 1030]) {
    for (const count of [1, 6, 7, 8, 12]) {
      const widths = WIDTHS.slice(0, count).map((w) => (samples > 100 ? Math.min(w, 9) : w));
      const data = widths.map((width) => values.normal([samples, width]));
      const squared = widths.map((_, i) => i % 3 !== 1);
      const list = data.map((d, i) => ({ rows: tensor(gpu, d, [samples, widths[i]]), squared: squared[i] }));
      const expected = widths.flatMap((width, i) =>
        Array.from({ length: samples }, (_, s) =>
          data[i].subarray(s * width, (s + 1) * width).reduce((sum, v) => sum + (squared[i] ? v * v : v), 0),
        ),
      );
      const tolerance = { relative: 3e-6, absolute: 3e-5, what: `${count} tensors of ${samples}` };
      poison(gpu, 1 << 16);
      const y = rowSums(list);
      assert.equal(y.shape, [count, samples]);
      near(await y.read(), expected, tolerance);
      near(await asHardware(gpu, () => rowSums(list)).read(), expected, tolerance);
      near(await compositesOnly(() => rowSums(list)).read(), expected, tolerance);
    }
  }
});

test('a sample that is not finite leaves its neighbours alone', async () => {
  for (const width of [1, 3, 4, 6]) {
    const data = new Float32Array(5 * width).fill(2);
    data.fill(Number.NaN, width, 2 * width);
    data[4 * width - 1] = Number.POSITIVE_INFINITY;
    const y = await rowSums([{ rows: tensor(gpu, data, [5, width]), squared: true }]).read();
    for (const s of [0, 2, 4]) assert.is(y[s], 4 * width, `width ${width}, sample ${s}`);
    for (const s of [1, 3]) assert.not(Number.isFinite(y[s]), `width ${width}, sample ${s}`);
  }
});

test('a view of a buffer, and rows of more axes', async () => {
  const values = new Values(2);
  const whole = values.tensor(gpu, [192]);
  const all = await whole.read();
  const rows = whole.slice(0, 64, 192).reshape([2, 8, 8]);
  near(
    await rowSums([{ rows, squared: false }]).read(),
    [64, 128].map((at) => all.subarray(at, at + 64).reduce((a, b) => a + b)),
    { absolute: 1e-5 },
  );
});

test('unlike numbers of samples are refused', async () => {
  const of = (...shape: number[]) => ({ rows: tensor(gpu, new Float32Array(6), shape), squared: true });
  assert.is(await codeOf(() => rowSums([of(2, 3), of(3, 2)])), 'SHAPE');
  assert.is(await codeOf(() => rowSums([])), 'SHAPE');
});

test.run();
