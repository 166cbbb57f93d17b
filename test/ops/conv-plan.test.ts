/** The choice of convolution kernels: grids that cover, constants that exist, limits that hold. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ConvKernel, type ConvShape, eligibleConv, planConv, planConvFilter } from '../../src/ops/conv-plan.ts';
import type { Dispatch } from '../../src/ops/matmul-plan.ts';
import { adapters, lavapipe, least, nvidia, swiftshader } from '../support/adapters.ts';
import { geometry } from '../support/conv64.ts';
import { codeOf } from '../support/values.ts';
import { declared } from './declared.ts';

const kernels: ConvKernel[] = ['naive', 'register', 'fold', 'subgroup4', 'tile'];
const channels = [1, 2, 3, 4, 5, 8, 16, 31, 32, 33, 64, 128, 256];

function shape(side: number, ci: number, co: number, stride: number, n: number, groups: number): ConvShape {
  const { ci: _, co: __, ...at } = geometry([side, side + 1, ci], [5, 4, ci, co], { stride });
  return { geometry: at, groups, n, ci, co };
}

function* shapes(): Generator<ConvShape> {
  for (const ci of channels)
    for (const co of channels)
      for (const [side, stride] of [
        [1, 3],
        [7, 1],
        [28, 2],
      ]) {
        yield shape(side, ci, co, stride, 64, 5);
        yield shape(side, ci, co, stride, 1, 1);
      }
}

/** Columns and rows that one workgroup writes, from the kernels' headers. */
function tile(kernel: ConvKernel, v: Record<string, number>): [columns: number, rows: number] {
  switch (kernel) {
    case 'naive':
      return [8, 8];
    case 'register':
      return [v.TN, v.WG * v.TM];
    // All of the few outputs, in strides.
    case 'fold':
      return [4, 64];
    case 'subgroup4':
      return [32 * v.TN, 8 * v.TM * v.SUBGROUPS];
    case 'tile':
      return [v.TX * v.TN, v.TY * v.TM];
  }
}

const covers = (workgroups: number, each: number, all: number) =>
  workgroups * each >= all && (workgroups - 1) * each < all;

test('every output is written, and no workgroup has nothing to do', () => {
  for (const traits of adapters)
    for (const s of shapes())
      for (const transposed of [false, true]) {
        const p = planConv(s, transposed, traits);
        const { h, w, oh, ow, sh, sw } = s.geometry;
        const why = `${p.kernel} ${transposed} ${JSON.stringify(s)}`;
        const [across, down] = tile(p.kernel, { ...p.constants, ...p.overrides });
        assert.is(p.kernel === 'naive', false, why);
        assert.is(p.overrides.TRANSPOSED, transposed ? 1 : 0, why);
        const rows = transposed ? Math.ceil(h / sh) * Math.ceil(w / sw) : oh * ow;
        assert.ok(covers(p.grid[0], down, s.n * rows), `rows: ${why}`);
        assert.ok(covers(p.grid[1], across, transposed ? s.ci : s.co), `columns: ${why}`);
        assert.is(p.grid[2], s.groups * (transposed ? sh * sw : 1), why);
      }
});

test('every weight is written, from splits that hold every sample once', () => {
  for (const traits of adapters)
    for (const s of shapes()) {
      const p = planConvFilter(s, traits);
      const why = `${p.kernel} ${JSON.stringify(s)}`;
      const [across, down] = tile(p.kernel, { ...p.constants, ...p.overrides });
      assert.ok(covers(p.grid[0], down, s.geometry.kh * s.geometry.kw * s.ci), `rows: ${why}`);
      assert.ok(covers(p.grid[1], across, s.co), `columns: ${why}`);
      assert.is(p.grid[2], s.groups * p.splits, why);
      assert.ok(covers(p.splits, p.chunk, s.n), why);
    }
});

test('constants and overrides are those the shader file declares, with the values it allows', () => {
  for (const traits of adapters)
    for (const kernel of kernels)
      for (const s of shapes())
        for (const op of ['conv', 'convTranspose', 'convFilter'] as const) {
          const transposed = op === 'convTranspose';
          const inputs = { conv: s.ci, convTranspose: s.co, convFilter: 0 }[op];
          if (!eligibleConv(kernel, inputs, transposed ? s.ci : s.co, traits)) continue;
          const p: Dispatch =
            op === 'convFilter' ? planConvFilter(s, traits, kernel) : planConv(s, transposed, traits, kernel);
          const naive = transposed ? 'conv_input_naive' : 'conv_naive';
          const tuned = kernel === 'naive' ? naive : `conv_${kernel}`;
          const allowed = declared(op === 'convFilter' ? `conv_filter_${kernel}` : tuned);
          for (const [name, value] of Object.entries(p.constants)) {
            assert.ok(allowed.spec[name]?.includes(value), `${op} ${kernel}: ${name} = ${value}`);
          }
          for (const name of Object.keys(p.overrides)) {
            assert.ok(allowed.overrides.includes(name), `${op} ${kernel}: ${name}`);
          }
        }
});

test('tiles stay within invocations and workgroup storage', () => {
  for (const traits of [nvidia, least])
    for (const s of shapes())
      for (const [plan, rows] of [
        [planConv(s, false, traits, 'tile'), 3],
        [planConv(s, true, traits, 'tile'), 3],
        [planConvFilter(s, traits, 'tile'), 0],
      ] as const) {
        const { TX, TY, TM, TN, BK } = plan.constants;
        assert.ok(TX * TY <= traits.maxWorkgroupInvocations);
        assert.ok(4 * (BK * (TX * TN + TY * TM + 2) + rows * TY * TM) <= traits.maxWorkgroupStorage);
      }
});

test('the layers of the image networks go where lanes have something to do', () => {
  const layer = (side: number, ci: number, co: number) => shape(side, ci, co, 2, 64, 5);
  const kernel = (s: ConvShape, transposed: boolean, traits = lavapipe) => planConv(s, transposed, traits).kernel;
  assert.is(kernel(layer(14, 64, 128), false), 'subgroup4');
  assert.is(kernel(layer(14, 64, 128), true), 'subgroup4');
  assert.is(kernel(layer(28, 1, 64), false), 'subgroup4');
  assert.is(kernel(layer(28, 1, 64), true), 'fold');
  assert.is(kernel(layer(32, 3, 64), true, nvidia), 'register');
  assert.is(kernel(layer(14, 64, 128), false, nvidia), 'tile');
  assert.is(kernel(layer(14, 64, 128), false, swiftshader), 'register');
  assert.is(planConvFilter(layer(28, 1, 64), lavapipe).kernel, 'subgroup4');
});

test('refuses what it cannot run, saying which', async () => {
  assert.is(await codeOf(() => planConv(shape(7, 4, 6, 1, 1, 1), false, lavapipe, 'subgroup4')), 'VALIDATION');
  assert.is(await codeOf(() => planConv(shape(7, 4, 8, 1, 1, 1), false, nvidia, 'subgroup4')), 'VALIDATION');
  assert.is(await codeOf(() => planConv(shape(7, 4, 4, 1, 1, 70_000), false, lavapipe)), 'OVER_LIMIT');
  assert.is(await codeOf(() => planConv(shape(7, 4, 4, 3, 1, 8_000), true, lavapipe)), 'OVER_LIMIT');
  assert.is(await codeOf(() => planConvFilter(shape(7, 4, 4, 1, 1, 70_000), lavapipe)), 'OVER_LIMIT');
});

test.run();
