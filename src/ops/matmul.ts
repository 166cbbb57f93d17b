import naive from '#shaders/matmul_naive.wgsl';
import type { Shape } from '../tensor/shape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import type { Epilogue } from './contract.ts';

export interface MatmulCall {
  readonly a: Tensor;
  readonly b: Tensor;
  /** bias or mask; `a` again where there is none */
  readonly aux: Tensor;
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
  readonly shape: Shape;
}
export const epilogueCode = { none: 0, bias: 1, leaky: 2, mask: 3, tanh: 4 };

export function runMatmul({ a, b, aux: c, ta, tb, ga, gb, gc, groups, m, n, k, epilogue, shape }: MatmulCall): Tensor {
  const y = empty(a.gpu, shape);
  a.gpu.run(
    naive,
    {},
    { a, b, c, y },
    {
      m, n, k, groups,
      a_row: ta ? 1 : k, a_col: ta ? m : 1, b_row: tb ? 1 : n, b_col: tb ? k : 1,
      a_group: m * k, b_group: k * n, a_div: groups / ga, b_div: groups / gb, c_div: groups / gc,
      epilogue: epilogueCode[epilogue.kind], slope: 'slope' in epilogue ? epilogue.slope : 0,
    },
    [Math.ceil(n / 8), Math.ceil(m / 8), groups],
  );
  return y;
}
