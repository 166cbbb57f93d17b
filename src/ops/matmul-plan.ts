/**
 * Which matmul kernel runs a product, in which variant and on which grid. Pure: the same for every caller, testable
 * without a GPU. The thresholds are measured on lavapipe (8 lanes); those of hardware GPUs follow what other WebGPU
 * engines found, and only `bench tune` can settle them for one GPU.
 */
import { VeilganError } from '../base/errors.ts';

/** What of an adapter decides between kernels. Storage in bytes. */
export interface AdapterTraits {
  readonly software: boolean;
  readonly subgroups: boolean;
  readonly subgroupMin: number;
  readonly subgroupMax: number;
  readonly maxWorkgroupInvocations: number;
  readonly maxWorkgroupStorage: number;
}

/** `shaders/matmul_<kernel>.wgsl`. */
export type MatmulKernel = 'naive' | 'register' | 'tile' | 'subgroup' | 'subgroup4' | 'wide' | 'tall' | 'dot';

export interface MatmulShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly groups: number;
  /** a is stored [k, m], b [n, k]; otherwise [m, k] and [k, n] */
  readonly aTransposed: boolean;
  readonly bTransposed: boolean;
  /** blocks of b (groups / b_div); default: groups */
  readonly bBlocks?: number;
  /** true where a or b has other strides (broadcast, a slice): then only kernels without vector loads are eligible */
  readonly strided?: boolean;
}

/** One dispatch: values of `//@spec` constants, of overrides, and the workgroup counts. */
export interface Dispatch {
  readonly constants: Record<string, number>;
  readonly overrides: Record<string, number>;
  readonly grid: [number, number, number];
}

export interface MatmulPlan extends Dispatch {
  readonly kernel: MatmulKernel;
  /** run matmul_pack first, into a scratch buffer of `elements` floats; Params of both: `packedParams` */
  readonly pack?: Dispatch & { readonly elements: number };
}

/** WebGPU's default maxComputeWorkgroupsPerDimension. */
const maxGrid = 65535;
const ceil = (a: number, b: number) => Math.ceil(a / b);
const where = (s: MatmulShape) => `matmul [${s.groups}, ${s.m}, ${s.k}] x [${s.groups}, ${s.k}, ${s.n}]`;

/** Whether `kernel` computes this shape on this adapter; vector loads need four contiguous elements. */
export function eligible(kernel: MatmulKernel, s: MatmulShape, t: AdapterTraits): boolean {
  const lanes8 = t.subgroups && t.subgroupMin === 8 && t.subgroupMax === 8;
  const vectorB = !s.strided && s.n % 4 === 0;
  switch (kernel) {
    case 'naive':
    case 'register':
      return true;
    case 'tile':
      return t.maxWorkgroupInvocations >= 64 && t.maxWorkgroupStorage >= tileBytes(smallTile);
    case 'subgroup':
      return lanes8;
    case 'subgroup4': // m k >= 4: where the product has no bias, a stands in for it and is bound as vectors
      return lanes8 && vectorB && s.m * s.k >= 4;
    case 'wide':
      return s.m <= 4 && vectorB && !s.bTransposed;
    case 'tall':
      return s.n <= 4 && !s.strided && s.aTransposed && s.m % 4 === 0;
    case 'dot':
      return s.n <= 4 && !s.strided && !s.aTransposed && s.k % 4 === 0;
  }
}

function choose(s: MatmulShape, t: AdapterTraits): MatmulKernel {
  // A GPU hides latency with threads, so what reuses nothing may as well be one thread an output.
  if (!t.software) return s.k > 8 && eligible('tile', s, t) ? 'tile' : 'naive';
  const order: MatmulKernel[] = ['wide', 'tall', 'dot', 'subgroup4', 'subgroup', 'register'];
  // subgroup4 is 64 columns wide.
  const pays = (kernel: MatmulKernel) => kernel !== 'subgroup4' || (s.n > 32 && (!s.bTransposed || packs(s)));
  return order.find((kernel) => eligible(kernel, s, t) && pays(kernel)) ?? 'naive';
}

/**
 * Whether copying a transposed b first pays: measured on lavapipe, the strided product runs at 0.7 of the vector one
 * for k = 256 and 0.35 for k = 1024, and the copy costs what about 30 rows of product cost.
 */
function packs(s: MatmulShape): boolean {
  const blocks = s.bBlocks ?? s.groups;
  const rows = (s.m * s.groups) / blocks;
  return rows >= 96 || (rows >= 48 && blocks * s.k * s.n > 1 << 17);
}

interface Tile extends Record<string, number> {
  TX: number;
  TY: number;
  TM: number;
  TN: number;
  BK: number;
}
const smallTile: Tile = { TX: 8, TY: 8, TM: 4, TN: 4, BK: 16 };
const tiles: Tile[] = [
  { TX: 16, TY: 16, TM: 8, TN: 8, BK: 8 },
  { TX: 16, TY: 16, TM: 4, TN: 4, BK: 16 },
];
const tileBytes = ({ TX, TY, TM, TN, BK }: Tile) => 4 * BK * (TX * TN + 1 + TY * TM + 1);

/** The largest tile that still leaves enough workgroups to fill a GPU. */
function tileFor(s: MatmulShape, t: AdapterTraits): Tile {
  const enough = ({ TX, TY, TM, TN }: Tile) => ceil(s.m, TM * TY) * ceil(s.n, TN * TX) * s.groups >= 96;
  const fits = (c: Tile) => c.TX * c.TY <= t.maxWorkgroupInvocations && tileBytes(c) <= t.maxWorkgroupStorage;
  return tiles.find((c) => fits(c) && enough(c)) ?? smallTile;
}

/** The least of the values a register tile constant may take that covers `size`. */
const cover = (size: number, values: readonly number[]) => values.find((v) => v >= size) ?? values[values.length - 1];

function dispatch(kernel: MatmulKernel, s: MatmulShape, t: AdapterTraits): Dispatch {
  const { m, n, groups } = s;
  switch (kernel) {
    case 'naive':
      return { constants: {}, overrides: { WG_X: 8, WG_Y: 8 }, grid: [ceil(n, 8), ceil(m, 8), groups] };
    case 'register': {
      const c = { TM: m <= 4 ? 4 : 8, TN: n <= 16 ? 2 : 4 };
      return { constants: c, overrides: { WG_X: 8, WG_Y: 1 }, grid: [ceil(n, 8 * c.TN), ceil(m, c.TM), groups] };
    }
    case 'tile': {
      const c = tileFor(s, t);
      return { constants: c, overrides: {}, grid: [ceil(n, c.TN * c.TX), ceil(m, c.TM * c.TY), groups] };
    }
    // Few variants: lavapipe compiles each at its first dispatch, and the smaller tiles take it longer, not shorter.
    case 'subgroup': {
      const c = { TM: 2, TN: 4, SUBGROUPS: m <= 16 ? 1 : 2 };
      return { constants: c, overrides: {}, grid: [ceil(n, 32), ceil(m, 16 * c.SUBGROUPS), groups] };
    }
    case 'subgroup4': {
      const c = { TM: 2, TN: 2, SUBGROUPS: m <= 16 ? 1 : 2 };
      return { constants: c, overrides: {}, grid: [ceil(n, 64), ceil(m, 16 * c.SUBGROUPS), groups] };
    }
    // One subgroup of a software adapter a workgroup, and as many vectors or rows a thread as the shape fills.
    case 'wide': {
      const c = { R: cover(m, [1, 2, 4]), T: n > 64 ? 4 : 2 };
      return { constants: c, overrides: { WG: 8 }, grid: [ceil(n, 32 * c.T), 1, groups] };
    }
    case 'tall': {
      const c = { C: cover(n, [1, 2, 4]), T: m > 64 ? 4 : 2 };
      return { constants: c, overrides: { WG: 8 }, grid: [ceil(m, 32 * c.T), 1, groups] };
    }
    case 'dot': {
      const c = { C: cover(n, [1, 2, 4]), T: m > 32 ? 8 : 4 };
      return { constants: c, overrides: { WG: 8 }, grid: [ceil(m, 8 * c.T), 1, groups] };
    }
  }
}

/** matmul_pack over blocks of [k, n]. */
export const packing = (k: number, n: number, blocks: number): Dispatch => ({
  constants: { J: 8 },
  overrides: { WG: 64 },
  grid: [ceil(k, 64), ceil(n, 32), blocks],
});

/**
 * How to run y [groups, m, n] = a [groups, m, k] b [groups, k, n].
 * @param force a kernel to use instead of the chosen one (benchmarks, tests)
 * @throws VeilganError SHAPE for a dimension that is no positive integer, VALIDATION where `force` cannot compute this
 *   shape here, OVER_LIMIT where the grid exceeds 65535 in a dimension
 */
export function planMatmul(shape: MatmulShape, traits: AdapterTraits, force?: MatmulKernel): MatmulPlan {
  for (const name of ['m', 'n', 'k', 'groups'] as const) {
    if (!Number.isInteger(shape[name]) || shape[name] < 1) {
      throw new VeilganError('SHAPE', `matmul needs ${name} >= 1, got ${shape[name]}`, {
        where: where(shape),
        fix: 'Give both factors at least one row and one column',
      });
    }
  }
  if (force && !eligible(force, shape, traits)) {
    throw new VeilganError('VALIDATION', `the kernel matmul_${force} cannot compute this shape on this adapter`, {
      where: where(shape),
      fix: 'Leave the choice of the kernel to the plan',
    });
  }
  const kernel = force ?? choose(shape, traits);
  const { k, n } = shape;
  const blocks = shape.bBlocks ?? shape.groups;
  let pack: MatmulPlan['pack'];
  if (kernel === 'subgroup4' && shape.bTransposed) {
    pack = { ...packing(k, n, blocks), elements: blocks * k * n };
  }
  const plan: MatmulPlan = { kernel, ...dispatch(kernel, shape, traits), ...(pack && { pack }) };
  if (Math.max(...plan.grid, ...(pack?.grid ?? [])) > maxGrid) {
    throw new VeilganError('OVER_LIMIT', `matmul_${kernel} would need ${plan.grid.join(' x ')} workgroups`, {
      where: where(shape),
      fix: `Split the batch so that each dimension stays within ${maxGrid} workgroups`,
    });
  }
  return plan;
}
