import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { compositesOnly } from '../../src/ops/fused.ts';
import { type Block, heads } from '../../src/ops/heads.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';
import { agree } from './fused.ts';

const gpu = await open();
test.after(() => gpu.close());

/** Blocks by their widths; 0 is a scalar. */
function laid(widths: readonly number[]): Block[] {
  let at = 0;
  return widths.map((w) => {
    const block: Block = { kind: w ? 'choice' : 'scalar', at, width: w || 1 };
    at += block.width;
    return block;
  });
}
const widthOf = (blocks: readonly Block[]) => blocks.reduce((n, { width }) => n + width, 0);

/** Each row's blocks in float64. */
function reference(x: Float32Array, blocks: readonly Block[], temperature: number): Float64Array {
  const y = new Float64Array(x.length);
  const width = widthOf(blocks);
  for (let row = 0; row < x.length; row += width) {
    for (const { kind, at, width: w } of blocks) {
      const own = Array.from(x.subarray(row + at, row + at + w));
      const e = own.map((v) => Math.exp((v - Math.max(...own)) / temperature));
      const total = e.reduce((a, b) => a + b);
      own.forEach((v, j) => {
        y[row + at + j] = kind === 'scalar' ? Math.tanh(v) : e[j] / total;
      });
    }
  }
  return y;
}

const CASES = [[0], [3], [1], [0, 5, 0, 2, 1], [7, 0, 0, 90, 2], [300]];

test('each block of each row, fused and composed, for inputs of every size', async () => {
  const values = new Values(3);
  for (const widths of CASES) {
    const blocks = laid(widths);
    for (const lead of [[1], [37], [3, 5]]) {
      const shape = [...lead, widthOf(blocks)];
      for (const [size, temperature] of [
        [1, 1],
        [3, 0.2],
        [1e4, 0.5],
      ]) {
        const x = values.normal(shape).map((v) => size * v);
        for (const run of [(fn: () => Tensor) => fn(), compositesOnly]) {
          const what = `[${shape}] of [${widths}] x ${size}, ${run === compositesOnly ? 'composed' : 'fused'}`;
          poison(gpu);
          const y = run(() => heads(tensor(gpu, x, shape), blocks, temperature));
          assert.equal(y.shape, shape);
          near(await y.read(), reference(x, blocks, temperature), { relative: 2e-5, absolute: 2e-6, what });
        }
      }
    }
  }
});

test('gradients of order 1 and 2, and the kernels agree with the composition', async () => {
  const values = new Values(4);
  for (const widths of [[0], [3], [0, 4, 0, 2]]) {
    const blocks = laid(widths);
    const x = values.tensor(gpu, [2, 3, widthOf(blocks)]);
    const f = (t: Tensor) => heads(t, blocks, 0.5);
    await checkGrad(f, [x], { order: 2 });
    await agree(f, [x], { what: `[${widths}]` });
  }
});

test('blocks that leave a gap, overlap, or do not fill the last axis are refused', async () => {
  const x = tensor(gpu, new Float32Array(10), [2, 5]);
  const block = (kind: Block['kind'], at: number, width: number): Block => ({ kind, at, width });
  const wrong = [[], [block('choice', 0, 4)], [block('choice', 0, 2), block('choice', 3, 2)], [block('choice', 1, 5)]];
  for (const blocks of [...wrong, [block('choice', 0, 3), block('choice', 2, 3)], [block('choice', 0, 6)]]) {
    assert.is(await codeOf(() => heads(x, blocks)), 'SHAPE', JSON.stringify(blocks));
  }
});

test.run();
