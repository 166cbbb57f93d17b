/** Runs the three convolutions, with the kernels that conv-plan.ts chooses; no nodes. */

import filterRegister from '#shaders/conv_filter_register.wgsl';
import filterSubgroup4 from '#shaders/conv_filter_subgroup4.wgsl';
import filterTile from '#shaders/conv_filter_tile.wgsl';
import fold from '#shaders/conv_fold.wgsl';
import register from '#shaders/conv_register.wgsl';
import subgroup4 from '#shaders/conv_subgroup4.wgsl';
import tile from '#shaders/conv_tile.wgsl';
import { VeilganError } from '../base/errors.ts';
import type { Shape } from '../tensor/shape.ts';
import { noGrad } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import type { AnyShader } from '../wgsl/shader.ts';
import { CHAIN, SEGMENT } from './chains.ts';
import { type ConvKernel, type ConvShape, planConv, planConvFilter } from './conv-plan.ts';
import { type Epilogue, epilogueParams, NONE } from './epilogue.ts';
import { runMatmul, transposeBlocks } from './matmul.ts';
import { permute } from './movement.ts';
import { chainedSum, sum } from './reduce.ts';

export interface ConvCall extends ConvShape {
  /** groups that share a block of the input */
  readonly share: number;
  /** a kernel other than the plan's choice, for benchmarks and tests */
  readonly force?: ConvKernel;
}

/** The kernels of conv-naive.ts, once somebody has imported it. */
let specification: Record<'forward' | 'input' | 'filter', AnyShader> | null = null;

export function specify(kernels: NonNullable<typeof specification>): void {
  specification = kernels;
}

/** @throws VeilganError VALIDATION where conv-naive.ts is not there */
function naive(which: 'forward' | 'input' | 'filter'): AnyShader {
  if (specification) return specification[which];
  throw new VeilganError('VALIDATION', 'the naive kernels of convolution are not loaded', {
    where: 'conv',
    fix: 'Import ops/conv-naive.ts, or leave the choice of the kernel to the plan',
  });
}

const tuned = { register, subgroup4, tile };
export const tunedFilter = { register: filterRegister, subgroup4: filterSubgroup4, tile: filterTile };

/** The uniform's fields and the epilogue's tensor; `stand` is bound where it has none. */
export function params(call: ConvCall, epilogue: Epilogue, stand: Tensor, outputs: number) {
  const { geometry, groups, n, ci, co, share } = call;
  const { c, ...finish } = epilogueParams(epilogue, stand);
  const blocks = epilogue.kind === 'mask' || c === stand ? groups : c.length / outputs;
  const p = { ...geometry, groups, n, ci, co, in_div: share, c_div: groups / blocks, chunk: n, splits: 1, ...finish };
  return { c, p };
}

/** Every position of x under every tap, [groups, positions, taps * outputs]; k as [inputs, taps outputs] or its transpose. */
function products({ geometry: at, groups, n, ci, co, share }: ConvCall, x: Tensor, k: Tensor, tb: boolean): Tensor {
  const [inputs, outputs] = tb ? [co, ci] : [ci, co];
  const shape = [groups, n * (tb ? at.oh * at.ow : at.h * at.w), at.kh * at.kw * outputs];
  const sizes = { groups, ga: groups / share, gb: groups, gc: 1, m: shape[1], n: shape[2], k: inputs };
  return runMatmul({ a: x, b: k, ta: false, tb, ...sizes, epilogue: NONE, shape });
}

/** [groups, n, oh, ow, co] (as `shape`) from x [groups / share, n, h, w, ci] and k [groups, kh, kw, ci, co]. */
export function runConv(call: ConvCall, x: Tensor, k: Tensor, epilogue: Epilogue, shape: Shape): Tensor {
  const { gpu } = x;
  const y = empty(gpu, shape);
  if (y.length === 0) return y;
  const { kernel, ...plan } = planConv(call, false, gpu.adapter, call.force);
  const { c, p } = params(call, epilogue, k, call.co);
  if (kernel === 'fold') {
    // [ci, taps co]: the product then has an output under each tap side by side.
    const byInput = noGrad(() => permute(k, [0, 3, 1, 2, 4]));
    const t = products(call, x, byInput, false);
    byInput.dispose();
    gpu.run(fold, plan, { t, c, y }, { ...p, chunk: 64 * plan.grid[0] }, plan.grid);
    t.dispose();
    return y;
  }
  gpu.run(kernel === 'naive' ? naive('forward') : tuned[kernel], plan, { x, k, c, y }, p, plan.grid);
  return y;
}

/** [groups, n, h, w, ci] (as `shape`) from y [groups / share, n, oh, ow, co] and k [groups, kh, kw, ci, co]. */
export function runConvInput(call: ConvCall, y: Tensor, k: Tensor, epilogue: Epilogue, shape: Shape): Tensor {
  const { gpu } = y;
  const x = empty(gpu, shape);
  if (x.length === 0) return x;
  const { kernel, ...plan } = planConv(call, true, gpu.adapter, call.force);
  const { c, p } = params(call, epilogue, k, call.ci);
  if (kernel === 'naive') {
    gpu.run(naive('input'), plan, { y, k, c, x }, p, plan.grid);
    return x;
  }
  if (kernel === 'fold') {
    const t = products(call, y, k, true);
    gpu.run(fold, plan, { t, c, y: x }, { ...p, chunk: 64 * plan.grid[0] }, plan.grid);
    t.dispose();
    return x;
  }
  // What is read four channels at a time must lie so: the weights are small beside what they meet.
  const { kh, kw } = call.geometry;
  const packed = kernel === 'subgroup4' ? transposeBlocks(k, call.groups * kh * kw, call.ci, call.co) : k;
  gpu.run(tuned[kernel], plan, { x: y, k: packed, c, y: x }, p, plan.grid);
  if (packed !== k) packed.dispose();
  return x;
}

/**
 * [groups, kh, kw, ci, co] (as `shape`) from x [groups, n, h, w, ci] and y [groups, n, oh, ow, co].
 * @param weights [groups, n]: how often each sample counts; one of weight 0 does not at all, whatever it holds
 */
export function runConvFilter(call: ConvCall, x: Tensor, y: Tensor, shape: Shape, weights?: Tensor): Tensor {
  const { gpu } = x;
  if (shape.includes(0)) return empty(gpu, shape);
  const { kernel, chunk, splits, ...plan } = planConvFilter(call, gpu.adapter, call.force, weights && SEGMENT);
  const p = { ...params(call, NONE, x, call.co).p, chunk, splits };
  const k = empty(gpu, splits === 1 ? shape : [splits, ...shape]);
  if (kernel === 'naive') {
    gpu.run(naive('filter'), plan, { x, y, k }, p, plan.grid);
    return k;
  }
  const overrides = { ...plan.overrides, WEIGHTED: weights ? 1 : 0, CHAIN };
  gpu.run(tunedFilter[kernel], { ...plan, overrides }, { x, y, c: weights ?? x, k }, p, plan.grid);
  if (splits === 1) return k;
  const total = weights ? chainedSum(k) : noGrad(() => sum(k, 0));
  k.dispose();
  return total;
}
