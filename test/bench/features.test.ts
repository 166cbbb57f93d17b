/** What the benchmark of features compares; the timing itself is no test. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Compared, mapOf, stepOf } from '../../bench/features.ts';
import { open } from '../../src/api/node.ts';
import type { Program } from '../../src/gpu/program.ts';

const gpu = await open();
test.after(() => gpu.close());

/** Kernels and grids of a program's convolutions and products, sorted. */
const products = ({ dispatches }: Program) =>
  dispatches
    .filter(({ kernel }) => /^(matmul|conv)/.test(kernel.shader.name))
    .map(({ kernel, grid }) => `${kernel.shader.name} ${grid.join('x')}`)
    .sort();

test('the products alone are those of the map and of the step', async () => {
  for (const features of ['strokes', 'pixel'] as const) {
    for (const make of [mapOf, stepOf]) {
      const some = { features, batch: 20, projections: 40 };
      const before = gpu.memory().live;
      const { whole, products: alone, dispose }: Compared = make(gpu, some);
      assert.equal(products(alone), products(whole), `${features}, ${make.name}`);
      assert.ok(products(alone).length >= 2);
      await gpu.replay([{ program: whole, step: 0 }]).done();
      await gpu.replay([{ program: alone, step: 0 }]).done();
      dispose();
      assert.is(gpu.memory().live, before, 'nothing is left');
    }
  }
});

test.run();
