/** Runs a product: the kernel that the plan chooses, over parameters by name. */
import dotShader from '#shaders/matmul_dot.wgsl';
import naiveShader from '#shaders/matmul_naive.wgsl';
import packShader from '#shaders/matmul_pack.wgsl';
import registerShader from '#shaders/matmul_register.wgsl';
import subgroupShader from '#shaders/matmul_subgroup.wgsl';
import subgroup4Shader from '#shaders/matmul_subgroup4.wgsl';
import tallShader from '#shaders/matmul_tall.wgsl';
import tileShader from '#shaders/matmul_tile.wgsl';
import wideShader from '#shaders/matmul_wide.wgsl';
import { scope } from '../tensor/scope.ts';
import type { Shape } from '../tensor/shape.ts';
import { noGrad } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { CHAIN, SEGMENT } from './chains.ts';
import { byFours } from './dispatch.ts';
import { type Epilogue, epilogueParams } from './epilogue.ts';
import { EPILOGUE, mergeGroups, packedParams } from './matmul-params.ts';
import { type MatmulKernel, packing, planMatmul } from './matmul-plan.ts';
import { sum } from './reduce.ts';

const shaders = {
  naive: naiveShader,
  register: registerShader,
  tile: tileShader,
  subgroup: subgroupShader,
  subgroup4: subgroup4Shader,
  wide: wideShader,
  tall: tallShader,
  dot: dotShader,
} satisfies Record<MatmulKernel, unknown>;

export interface MatmulCall {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly ta: boolean;
  readonly tb: boolean;
  /** blocks of a, b and the bias */
  readonly ga: number;
  readonly gb: number;
  readonly gc: number;
  readonly groups: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly epilogue: Epilogue;
  /** [groups, k], with `ta` and no epilogue: how often each step counts, at 0 not at all, whatever it meets */
  readonly weights?: Tensor;
  /** of the result */
  readonly shape: Shape;
  /** a kernel other than the plan's choice, for benchmarks and tests */
  readonly force?: MatmulKernel;
}

/** The product's dispatches; no node. */
export function runMatmul(call: MatmulCall): Tensor {
  const { a, b, ta, tb, ga, gb, gc, groups, m, n, k, epilogue, weights, shape, force } = call;
  const { gpu } = a;
  if (shape.includes(0)) return empty(gpu, shape);
  // Steps with weights are records, whose sums are cut into segments.
  const chunk = weights ? Math.min(k, SEGMENT) : k;
  const splits = Math.ceil(k / chunk);
  const y = empty(gpu, splits === 1 ? shape : [groups, splits, m, n]);
  const { c: stand, ...finish } = epilogueParams(epilogue, a);
  const c = weights ? byFours(weights) : stand;
  const own = {
    m,
    n,
    k,
    groups,
    a_row: ta ? 1 : k,
    a_col: ta ? m : 1,
    b_row: tb ? 1 : n,
    b_col: tb ? k : 1,
    a_group: m * k,
    b_group: k * n,
    a_div: groups / ga,
    b_div: groups / gb,
    c_div: groups / gc,
    ...finish,
    chunk,
    splits,
  };
  // Groups have weights of their own.
  const p = weights ? own : mergeGroups(own);
  const wanted = {
    m: p.m,
    n,
    k,
    groups: p.groups * splits,
    aTransposed: ta,
    bTransposed: tb,
    bBlocks: p.groups / p.b_div,
  };
  const plan = planMatmul(wanted, gpu.adapter, force);
  const { pack } = plan;
  const variant = weights ? { ...plan, overrides: { ...plan.overrides, WEIGHTED: 1, CHAIN } } : plan;
  if (!pack) {
    gpu.run(shaders[plan.kernel], variant, { a, b, c, y }, p, plan.grid);
    if (splits === 1) return y;
    const total = noGrad(() => scope(() => sum(y, 1).view(shape)));
    y.dispose();
    return total;
  }
  const packed = empty(gpu, [pack.elements]);
  const both = packedParams(p);
  gpu.run(packShader, pack, { a, b, c: a, y: packed }, both.pack, pack.grid);
  gpu.run(shaders[plan.kernel], variant, { a, b: packed, c, y }, both.product, plan.grid);
  packed.dispose();
  return y;
}

/**
 * Blocks [blocks, rows, columns] transposed one by one, with whole cache lines: many times faster than a permutation of
 * axes. No node.
 * @param rows a multiple of 4
 * @returns [blocks, columns, rows]
 */
export function transposeBlocks(b: Tensor, blocks: number, rows: number, columns: number): Tensor {
  const y = empty(b.gpu, [blocks, columns, rows]);
  const sizes = { m: 1, n: rows, k: columns, groups: blocks, a_group: 0, b_group: rows * columns };
  const strides = { a_row: 0, a_col: 0, b_row: 1, b_col: columns, a_div: 1, b_div: 1, c_div: 1 };
  const plan = packing(columns, rows, blocks);
  const rest = { epilogue: EPILOGUE.NONE, slope: 0, chunk: columns, splits: 1 };
  b.gpu.run(packShader, plan, { a: b, b, c: b, y }, { ...sizes, ...strides, ...rest }, plan.grid);
  return y;
}
