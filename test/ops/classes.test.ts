import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { perSample } from '../../src/autograd/per-sample.ts';
import { crossEntropy, logSoftmax, oneHot, softmax } from '../../src/ops/classes.ts';
import { compositesOnly } from '../../src/ops/fused.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';
import { agree } from './fused.ts';

const gpu = await open();
test.after(() => gpu.close());

const SHAPES: readonly Shape[] = [[1], [7], [5, 10], [2, 3, 4], [300, 3], [2, 5, 1], [3, 257], [2, 1000]];
const indices = (list: ArrayLike<number>, shape?: Shape) => tensor(gpu, Uint32Array.from(list), shape);

/** Log-softmax of each row, in float64. */
function reference(x: ArrayLike<number>, classes: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let i = 0; i < x.length; i += classes) {
    const row = Array.from(x).slice(i, i + classes);
    const most = Math.max(...row);
    const logSum = most + Math.log(row.reduce((s, v) => s + Math.exp(v - most), 0));
    row.forEach((v, j) => {
      y[i + j] = v - logSum;
    });
  }
  return y;
}

test('softmax and logSoftmax, fused and composed, for logits of every size', async () => {
  const values = new Values(1);
  for (const shape of SHAPES) {
    const classes = shape[shape.length - 1];
    for (const size of [1, 30, 1e4]) {
      const x = values.normal(shape).map((v) => size * v);
      const expected = reference(x, classes);
      for (const run of [(fn: () => Tensor) => fn(), compositesOnly]) {
        const what = `[${shape}] of ${size}, ${run === compositesOnly ? 'composed' : 'fused'}`;
        poison(gpu);
        const y = run(() => logSoftmax(tensor(gpu, x, shape)));
        assert.equal(y.shape, shape);
        near(await y.read(), expected, { relative: 1e-6, absolute: 3e-6, what });
        poison(gpu);
        near(await run(() => softmax(tensor(gpu, x, shape))).read(), expected.map(Math.exp), { what });
      }
    }
  }
});

test('gradients of order 1 to 3, and the kernels agree with the composition', async () => {
  const values = new Values(2);
  for (const shape of [[4], [3, 5], [2, 3, 4]]) {
    const x = values.tensor(gpu, shape);
    for (const f of [softmax, logSoftmax]) {
      await checkGrad(f, [x], { order: 3 });
      await agree(f, [x], { what: `${f.name} [${shape}]` });
    }
  }
});

test('oneHot: one row an index, zeros past the end', async () => {
  poison(gpu, 1 << 12);
  const y = oneHot(indices([2, 0, 3, 4294967295], [2, 2]), 3);
  assert.equal(y.shape, [2, 2, 3]);
  near(await y.read(), [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.is(await codeOf(() => oneHot(tensor(gpu, [1]), 3)), 'VALIDATION');
});

test('oneHot inside a program reads the rows of its step', async () => {
  const chunk = indices([2, 0, 1, 1]);
  const out = tensor(gpu, new Float32Array(6), [2, 3]);
  const program = gpu.capture('labels', () => out.assign(oneHot({ list: chunk, perStep: 2 }, 3)));
  for (const [step, expected] of [
    [0, 0, 1, 1, 0, 0],
    [0, 1, 0, 0, 1, 0],
  ].entries()) {
    await gpu.replay([{ program, step, index: 2 * step }]).done();
    near(await out.read(), expected);
  }
  program.dispose();
});

test('crossEntropy: class numbers and one-hot rows, one term a sample', async () => {
  const values = new Values(3);
  for (const [lead, classes] of [
    [[7], 10],
    [[2, 5], 3],
    [[], 4],
    [[3], 1],
  ] as const) {
    const n = lead.reduce<number>((a, b) => a * b, 1);
    for (const size of [1, 1e4]) {
      const x = values.normal([n, classes]).map((v) => size * v);
      const labels = Uint32Array.from({ length: n }, () => values.int(0, classes - 1));
      const expected = Array.from(labels, (l, i) => -reference(x, classes)[i * classes + l]);
      const logits = tensor(gpu, x, [...lead, classes]);
      const y = crossEntropy(logits, indices(labels, lead));
      assert.equal(y.shape, lead);
      near(await y.read(), expected, { absolute: 3e-6 });
      const rows = Float32Array.from({ length: n * classes }, (_, i) =>
        Number(labels[Math.floor(i / classes)] === i % classes),
      );
      near(await crossEntropy(logits, tensor(gpu, rows, [...lead, classes])).read(), expected, { absolute: 3e-6 });
    }
  }
});

test('crossEntropy: gradients, also where the logits are far apart', async () => {
  const values = new Values(4);
  const x = values.tensor(gpu, [2, 3, 4]);
  const labels = indices([0, 3, 1, 1, 2, 0], [2, 3]);
  await checkGrad((t) => crossEntropy(t, labels), [x], { order: 3 });
  await agree((t) => crossEntropy(t, labels), [x]);
  const soft = softmax(values.tensor(gpu, [2, 3, 4]));
  await checkGrad((t, p) => crossEntropy(t, p), [x, soft], { order: 2 });
  // softmax minus one-hot, exactly 1 and -1 here
  const far = tensor(gpu, [[1e4, -1e4, 0]]);
  const g = (label: number) => grad((t: Tensor) => crossEntropy(t, indices([label])).sum())(far).read();
  near(await g(0), [0, 0, 0]);
  near(await g(1), [1, -1, 0]);
});

test('crossEntropy in a per-sample gradient', async () => {
  const values = new Values(5);
  const [x, w] = [values.tensor(gpu, [5, 3]), values.tensor(gpu, [3, 4])];
  const labels = [1, 0, 3, 2, 2];
  const each = await perSample((p: Tensor) => crossEntropy(x.matmul(p), indices(labels)), w).read();
  for (const [b, label] of labels.entries()) {
    const one = grad((p: Tensor) => crossEntropy(x.slice(0, b, b + 1).matmul(p), indices([label])).sum())(w);
    near(each.slice(12 * b, 12 * b + 12), await one.read(), { absolute: 1e-5 });
  }
});

test('labels that do not fit are refused', async () => {
  const x = new Values(6).tensor(gpu, [4, 3]);
  assert.is(await codeOf(() => crossEntropy(x, indices([0, 1]))), 'SHAPE');
  assert.is(await codeOf(() => crossEntropy(x, tensor(gpu, [0, 1, 2, 0]))), 'SHAPE');
  assert.is(await codeOf(() => softmax(tensor(gpu, 1))), 'SHAPE');
});

test('nothing but the result is left on the device', async () => {
  const x = new Values(7).tensor(gpu, [4, 3]);
  const labels = indices([0, 1, 2, 0]);
  const before = gpu.memory().live;
  crossEntropy(x, labels).dispose();
  compositesOnly(() => crossEntropy(x, labels)).dispose();
  assert.is(gpu.memory().live, before);
});

test.run();
