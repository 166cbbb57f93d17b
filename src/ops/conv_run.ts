/** Runs the three convolution kernels; no nodes. Which kernel, in which variant: conv_plan.ts. */
import filterNaive from '#shaders/conv_filter_naive.wgsl';
import inputNaive from '#shaders/conv_input_naive.wgsl';
import forwardNaive from '#shaders/conv_naive.wgsl';
import type { Shape } from '../tensor/shape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import type { Geometry } from './conv_geometry.ts';
import { type Epilogue, epilogueParams, NONE } from './epilogue.ts';

export interface ConvCall {
  readonly geometry: Geometry;
  /** weight blocks, and samples that each one meets */
  readonly groups: number;
  readonly n: number;
  readonly ci: number;
  readonly co: number;
  /** groups that share a block of the input */
  readonly share: number;
}

const ceil = (a: number, b: number) => Math.ceil(a / b);

function params({ geometry, groups, n, ci, co, share }: ConvCall, epilogue: Epilogue, stand: Tensor, channels: number) {
  const { c, ...finish } = epilogueParams(epilogue, stand);
  const blocks = epilogue.kind === 'mask' || c === stand ? groups : c.length / channels;
  const p = { ...geometry, groups, n, ci, co, in_div: share, c_div: groups / blocks, chunk: n, splits: 1, ...finish };
  return { c, p };
}

/** [groups, n, oh, ow, co] (as `shape`) from x [groups / share, n, h, w, ci] and k [groups, kh, kw, ci, co]. */
export function runConv(call: ConvCall, x: Tensor, k: Tensor, epilogue: Epilogue, shape: Shape): Tensor {
  const { gpu } = x;
  const { geometry: at, groups, n, co } = call;
  const y = empty(gpu, shape);
  const { c, p } = params(call, epilogue, x, co);
  gpu.run(forwardNaive, {}, { x, k, c, y }, p, [ceil(co, 8), ceil(n * at.oh * at.ow, 8), groups]);
  return y;
}

/** [groups, n, h, w, ci] (as `shape`) from y [groups / share, n, oh, ow, co] and k [groups, kh, kw, ci, co]. */
export function runConvInput(call: ConvCall, y: Tensor, k: Tensor, epilogue: Epilogue, shape: Shape): Tensor {
  const { gpu } = y;
  const { geometry: at, groups, n, ci } = call;
  const x = empty(gpu, shape);
  const { c, p } = params(call, epilogue, y, ci);
  gpu.run(inputNaive, {}, { y, k, c, x }, p, [ceil(ci, 8), ceil(n * at.h * at.w, 8), groups]);
  return x;
}

/** [groups, kh, kw, ci, co] from x [groups, n, h, w, ci] and y [groups, n, oh, ow, co]. */
export function runConvFilter(call: ConvCall, x: Tensor, y: Tensor, shape: Shape): Tensor {
  const { gpu } = x;
  const { geometry: at, groups, ci, co } = call;
  const k = empty(gpu, shape);
  const { p } = params(call, NONE, x, co);
  gpu.run(filterNaive, {}, { x, y, k }, p, [ceil(co, 8), ceil(at.kh * at.kw * ci, 8), groups]);
  return k;
}
