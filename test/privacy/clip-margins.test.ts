/** That no record adds more than C to the last bit, whatever f32 loses: norms are upper bounds, not nearly equal. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { matmul } from '../../src/ops/contract.ts';
import { add, scale } from '../../src/ops/elementwise.ts';
import { reshape } from '../../src/ops/movement.ts';
import { normal } from '../../src/ops/random.ts';
import { clippedSum } from '../../src/privacy/clip.ts';
import { leaves } from '../../src/tensor/scope.ts';
import { tensor } from '../../src/tensor/tensor.ts';

const gpu = await open();
test.after(() => gpu.close());

const length = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
const rowsOf = (x: Float32Array, n: number) =>
  Array.from({ length: n }, (_, i) => x.subarray((i * x.length) / n, ((i + 1) * x.length) / n));

test('norms are not below the truth in any of many records: the gradient of x . w is x itself', async () => {
  for (const [n, features] of [
    [4096, 3],
    [1000, 100],
    [100, 5003],
  ]) {
    const x = normal(gpu, [n, features], { seed: features });
    const w = tensor(gpu, new Float32Array(features).fill(0.1), [features, 1]);
    const { norms } = clippedSum((p) => reshape(matmul(x, p), [n]), w, { bound: 1 });
    const upper = await norms.read();
    rowsOf(await x.read(), n).forEach((row, i) => {
      const truth = length(row);
      assert.ok(upper[i] >= truth && upper[i] <= truth * 1.001, `record ${i} of ${features}: ${upper[i]}, ${truth}`);
    });
  }
});

test('a large term before many that f32 loses beside it: the norm is an upper bound still', async () => {
  const features = 1 << 16;
  // Four of their squares together are below half a unit in the last place of 1.
  const row = new Float32Array(features).fill(Math.sqrt(0.9 * 2 ** -26));
  row[0] = 1;
  const x = tensor(gpu, row, [1, features]);
  const w = tensor(gpu, new Float32Array(features), [features, 1]);
  const { norms, sum } = clippedSum((p) => reshape(matmul(x, p), [1]), w, { bound: 0.5 });
  const [upper] = await norms.read();
  assert.ok(upper >= length(row) && upper < 1.01 * length(row), `${upper}, ${length(row)}`);
  assert.ok(length(await (sum as typeof w).read()) <= 0.5);
});

for (const kind of ['flat', 'per-layer', 'automatic'] as const) {
  test(`${kind}: each of many records alone adds C at most, and nearly C`, async () => {
    const [groups, features] = [2048, 5];
    // A record a group, so that the sum of a group is what its record adds; two parameters of unlike gradients.
    const [x, y] = [1, 2].map((seed) => scale(normal(gpu, [groups, 1, features], { seed }), seed === 1 ? 1e5 : 3e6));
    const w = () => tensor(gpu, new Float32Array(groups * features).fill(0.1), [groups, features, 1]);
    const losses = (p: { a: typeof x; b: typeof x }) => reshape(add(matmul(x, p.a), matmul(y, p.b)), [groups, 1]);
    const bound = 0.37;
    const { sum } = clippedSum(losses, { a: w(), b: w() }, { bound, kind });
    const parts = await Promise.all(leaves(sum).map(async (t) => rowsOf(await t.read(), groups)));
    for (let g = 0; g < groups; g++) {
      const each = parts.map((part) => length(part[g]));
      const all = Math.hypot(...each);
      assert.ok(all <= bound && all > 0.999 * bound, `record ${g} adds ${all}`);
      if (kind === 'per-layer') assert.ok(each.every((one) => one <= bound / Math.SQRT2));
    }
  });
}

test.run();
