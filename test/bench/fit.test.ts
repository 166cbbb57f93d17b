/** What the benchmark of fits compares; the timing itself is no test. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { productsOf, stepOf } from '../../bench/fit.ts';
import { open } from '../../src/api/node.ts';
import type { Program } from '../../src/gpu/program.ts';

const gpu = await open();
test.after(() => gpu.close());

/** Kernels and grids of a program's products, sorted. */
const products = ({ dispatches }: Program) =>
  dispatches
    .filter(({ kernel }) => kernel.shader.name.startsWith('matmul'))
    .map(({ kernel, grid }) => `${kernel.shader.name} ${grid.join('x')}`)
    .sort();

test('the products alone are those of the step, whose width is filled to a multiple of four', async () => {
  for (const [columns, places, width] of [
    [2, 4, 8],
    [3, 27, 84],
  ]) {
    const { program, player } = stepOf(gpu, { columns, places });
    const alone = productsOf(gpu, width);
    assert.equal(products(alone), products(program));
    assert.ok(products(alone).length >= 10);
    await gpu.replay([{ program, step: 0 }]).done();
    for (const each of [program, alone, player]) each.dispose();
  }
});

test.run();
