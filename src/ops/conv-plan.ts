/**
 * Which convolution kernel runs a shape, in which variant and on which grid. Pure. The thresholds are measured on
 * lavapipe (8 lanes); those of hardware GPUs follow the matmul's and only a measurement there can settle them.
 */
import { VeilganError } from '../base/errors.ts';
import { show } from '../tensor/shape.ts';
import type { Geometry } from './conv-geometry.ts';
import type { AdapterTraits, Dispatch } from './matmul-plan.ts';

/**
 * `shaders/conv_<kernel>.wgsl` and `conv_filter_<kernel>.wgsl`; `naive` transposed is `conv_input_naive.wgsl`, and
 * `fold`, which filters have not, is a matrix product and `conv_fold.wgsl`.
 */
export type ConvKernel = 'naive' | 'register' | 'fold' | 'subgroup4' | 'tile';

/** Of a gradient in the weights. */
export type FilterKernel = Exclude<ConvKernel, 'fold'>;

export interface ConvShape {
  readonly geometry: Geometry;
  /** weight blocks, and samples that each one meets */
  readonly groups: number;
  readonly n: number;
  readonly ci: number;
  readonly co: number;
}

export interface ConvPlan extends Dispatch {
  readonly kernel: ConvKernel;
}

export interface FilterPlan extends Dispatch {
  readonly kernel: FilterKernel;
  /** samples of a split, and how many splits: their results are summed in a second pass */
  readonly chunk: number;
  readonly splits: number;
}

const ceil = (a: number, b: number) => Math.ceil(a / b);
const lanes8 = (t: AdapterTraits) => t.subgroups && t.subgroupMin === 8 && t.subgroupMax === 8;

/** Whether a kernel computes `outputs` channels from `inputs` (0 for a gradient in weights) on this adapter. */
export function eligibleConv(kernel: ConvKernel, inputs: number, outputs: number, t: AdapterTraits): boolean {
  if (kernel === 'fold') return outputs <= 4 && inputs > 0;
  if (kernel === 'subgroup4') return lanes8(t) && outputs % 4 === 0;
  if (kernel === 'tile') return t.maxWorkgroupInvocations >= 64 && t.maxWorkgroupStorage >= 16384;
  return true;
}

/** Most elements that fold may put between its two halves: what a binding of every adapter holds, 128 MiB. */
const FOLDED = 1 << 25;

/** @param folded elements that fold would put between its two halves */
function choose(inputs: number, outputs: number, folded: number, t: AdapterTraits): ConvKernel {
  // Measured on lavapipe: a product for every tap and a sum run at 12 GFLOP/s where lanes over positions run at 2 to 4.
  const folds = t.software && inputs >= 8 && folded <= FOLDED;
  const order: ConvKernel[] =
    outputs <= 4 ? [folds ? 'fold' : 'register'] : [t.software ? 'subgroup4' : 'tile', 'register'];
  return order.find((kernel) => eligibleConv(kernel, inputs, outputs, t)) ?? 'naive';
}

function checked<T extends Dispatch>(plan: T, op: string, s: ConvShape): T {
  if (plan.grid.every((n) => n <= 65535)) return plan;
  const { h, w } = s.geometry;
  throw new VeilganError('OVER_LIMIT', `${op} would need ${plan.grid.join(' x ')} workgroups`, {
    where: show([s.groups, s.n, h, w, s.ci]),
    fix: 'Split the batch so that each dimension stays within 65535 workgroups',
  });
}

interface Tiling extends Pick<Dispatch, 'constants' | 'overrides'> {
  readonly across: number;
  readonly down: number;
}

/** Columns (channels) across and rows (positions or taps) down of a workgroup's tile, and the constants that make it. */
function tiling(kernel: ConvKernel, columns: number, t: AdapterTraits): Tiling {
  if (kernel === 'subgroup4') {
    const constants = { TM: 2, TN: columns > 32 ? 2 : 1, SUBGROUPS: 2 };
    return { constants, overrides: {}, across: 32 * constants.TN, down: 32 };
  }
  if (kernel === 'register') {
    const constants = { TM: 4, TN: columns <= 4 ? columns : 8 };
    const WG = t.software ? 8 : 64;
    return { constants, overrides: { WG }, across: constants.TN, down: WG * constants.TM };
  }
  if (kernel === 'tile') {
    const wide = columns > 32;
    const constants = { TX: wide ? 16 : 8, TY: 8, TM: 4, TN: 4, BK: 16 };
    return { constants, overrides: {}, across: constants.TN * constants.TX, down: constants.TM * constants.TY };
  }
  if (kernel === 'fold') return { constants: {}, overrides: {}, across: columns, down: 64 };
  return { constants: {}, overrides: {}, across: 8, down: 8 };
}

/**
 * How to run a convolution, or with `transposed` its adjoint in the input.
 * @param force a kernel to use instead of the chosen one (benchmarks, tests)
 * @throws VeilganError VALIDATION where `force` cannot, OVER_LIMIT where the grid exceeds 65535 in a dimension
 */
export function planConv(s: ConvShape, transposed: boolean, t: AdapterTraits, force?: ConvKernel): ConvPlan {
  const { h, w, oh, ow, kh, kw, sh, sw } = s.geometry;
  const [inputs, outputs] = transposed ? [s.co, s.ci] : [s.ci, s.co];
  const folded = s.groups * s.n * (transposed ? oh * ow : h * w) * kh * kw * outputs;
  const kernel = allowed(force, inputs, outputs, t) ?? choose(inputs, outputs, folded, t);
  const { constants, overrides, across, down } = tiling(kernel, outputs, t);
  const tuned = kernel !== 'naive';
  const phases = transposed && tuned ? sh * sw : 1;
  const rows = transposed ? (tuned ? ceil(h, sh) * ceil(w, sw) : h * w) : oh * ow;
  const tiles = ceil(s.n * rows, down);
  const grid: Dispatch['grid'] = tuned
    ? [tiles, ceil(outputs, across), s.groups * phases]
    : [ceil(outputs, across), tiles, s.groups];
  const direction: Record<string, number> = tuned ? { TRANSPOSED: transposed ? 1 : 0 } : {};
  const plan = { kernel, constants, overrides: { ...overrides, ...direction }, grid };
  return checked(plan, transposed ? 'convTranspose' : 'conv', s);
}

/**
 * How to run a convolution's gradient in its weights.
 * @param longest most samples of a split
 * @throws VeilganError as `planConv`
 */
export function planConvFilter(s: ConvShape, t: AdapterTraits, force?: ConvKernel, longest = s.n): FilterPlan {
  const { kh, kw } = s.geometry;
  const kernel = filterKernel(s, t, force);
  const { constants, overrides, across, down } = tiling(kernel, s.co, t);
  const [rows, columns] = [ceil(kh * kw * s.ci, down), ceil(s.co, across)];
  if (kernel === 'naive') {
    const grid: Dispatch['grid'] = [columns, rows, s.groups];
    return checked({ kernel, constants, overrides, grid, chunk: s.n, splits: 1 }, 'convFilter', s);
  }
  // A tiny output and an enormous sum: enough splits to keep every core busy to the end, few enough to sum cheaply.
  const wanted = ceil(t.software ? 24 : 512, rows * columns * s.groups);
  const chunk = Math.min(longest, ceil(s.n, Math.min(s.n, wanted)));
  const splits = ceil(s.n, chunk);
  const grid: Dispatch['grid'] = [rows, columns, s.groups * splits];
  return checked({ kernel, constants, overrides, grid, chunk, splits }, 'convFilter', s);
}

const filterKernel = (s: ConvShape, t: AdapterTraits, force?: ConvKernel): FilterKernel =>
  (allowed(force, 0, s.co, t) ?? choose(0, s.co, 0, t)) as FilterKernel;

/** How to find the squared norm of each sample's own gradient in the weights. */
export interface NormsPlan extends Dispatch {
  readonly kernel: Exclude<FilterKernel, 'naive'>;
  /** threads of a workgroup, each of which writes so many values */
  readonly threads: number;
  readonly values: number;
}

/** The filter's kernel with a split for each sample. @throws VeilganError as `planConv` */
export function planConvNorms(s: ConvShape, t: AdapterTraits, force?: ConvKernel): NormsPlan {
  const { kh, kw } = s.geometry;
  const chosen = filterKernel(s, t, force);
  const kernel = chosen === 'naive' ? 'register' : chosen;
  const { constants, overrides, across, down } = tiling(kernel, s.co, t);
  const grid: Dispatch['grid'] = [ceil(kh * kw * s.ci, down), ceil(s.co, across), s.groups * s.n];
  const threads = {
    register: () => overrides.WG,
    subgroup4: () => 8 * constants.SUBGROUPS,
    tile: () => constants.TX * constants.TY,
  }[kernel]();
  const values = kernel === 'subgroup4' ? 4 : 1;
  return checked({ kernel, constants, overrides: { ...overrides, NORMS: 1 }, grid, threads, values }, 'convFilter', s);
}

function allowed(
  force: ConvKernel | undefined,
  inputs: number,
  outputs: number,
  t: AdapterTraits,
): ConvKernel | undefined {
  if (force === undefined || eligibleConv(force, inputs, outputs, t)) return force;
  throw new VeilganError('VALIDATION', `the kernel conv_${force} cannot compute ${outputs} channels on this adapter`, {
    where: 'conv',
    fix: 'Leave the choice of the kernel to the plan',
  });
}
