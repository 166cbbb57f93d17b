import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { gather, scatterAdd } from '../../src/ops/gather.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const indices = (...list: number[]) => tensor(gpu, Uint32Array.from(list));

test('gather takes rows, repeated ones too, and the last one past the end', async () => {
  const data = new Values(1).normal([5, 3, 2]);
  const list = [4, 0, 0, 2, 4, 7, 4294967295];
  poison(gpu, 1 << 12);
  const y = gather(tensor(gpu, data, [5, 3, 2]), indices(...list));
  assert.equal(y.shape, [7, 3, 2]);
  near(
    await y.read(),
    list.flatMap((r) => [...data.subarray(6 * Math.min(r, 4), 6 * Math.min(r, 4) + 6)]),
  );
  near(await gather(tensor(gpu, [5, 6, 7]), indices(2, 1)).read(), [7, 6]);
});

test('scatterAdd adds rows where gather would take them, in order, leaving zeros elsewhere', async () => {
  const list = [4, 0, 0, 2, 4];
  const x = new Values(2).normal([5, 3]);
  const expected = new Float64Array(6 * 3);
  list.forEach((r, i) => {
    for (let k = 0; k < 3; k++) expected[3 * r + k] += x[3 * i + k];
  });
  poison(gpu, 1 << 12);
  const y = scatterAdd(tensor(gpu, x, [5, 3]), indices(...list), [6, 3]);
  near(await y.read(), expected);
  sameBits(await scatterAdd(tensor(gpu, x, [5, 3]), indices(...list), [6, 3]).read(), await y.read());
});

test('gradients of order 1 and 2', async () => {
  const list = indices(3, 0, 0, 2, 9);
  await checkGrad((x) => gather(x, list).square(), [new Values(3).tensor(gpu, [4, 3])], { order: 2 });
  await checkGrad((x) => scatterAdd(x, list, [4, 3]).square(), [new Values(4).tensor(gpu, [5, 3])], { order: 2 });
});

test('inside a program, a chunk of index lists is read at the offset of the step', async () => {
  const data = new Values(5).normal([6, 2]);
  const table = tensor(gpu, data, [6, 2]);
  const chunk = indices(5, 0, 1, 1, 2, 3);
  const out = tensor(gpu, new Float32Array(4), [2, 2]);
  const spread = tensor(gpu, new Float32Array(12), [6, 2]);
  const program = gpu.capture('gather', () => {
    const rows = gather(table, { list: chunk, perStep: 2 });
    out.assign(rows);
    spread.assign(scatterAdd(rows, { list: chunk, perStep: 2 }, [6, 2]));
  });
  for (const [step, [a, b]] of [
    [5, 0],
    [1, 1],
    [2, 3],
  ].entries()) {
    await gpu.replay([{ program, step, index: 2 * step }]).done();
    near(await out.read(), [...data.subarray(2 * a, 2 * a + 2), ...data.subarray(2 * b, 2 * b + 2)]);
    const expected = new Float64Array(12);
    for (const r of [a, b]) for (const k of [0, 1]) expected[2 * r + k] += data[2 * r + k];
    near(await spread.read(), expected);
  }
  program.dispose();
});

test('what cannot be gathered is refused', async () => {
  const data = new Values(6).tensor(gpu, [4, 3]);
  assert.is(await codeOf(() => gather(data, tensor(gpu, [0, 1]))), 'VALIDATION');
  assert.is(await codeOf(() => gather(tensor(gpu, 1), indices(0))), 'SHAPE');
});

test.run();
