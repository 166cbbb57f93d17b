import naive from '#shaders/matmul_naive.wgsl';
import { empty, type Tensor } from '../tensor/tensor.ts';
import type { Epilogue } from './contract.ts';

export interface MatmulCall {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly ta: boolean;
  readonly tb: boolean;
  readonly groups: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly epilogue: Epilogue;
}
export const epilogueCode = { none: 0, bias: 1, leaky: 2, mask: 3, tanh: 4 };

export function runMatmul({ a, b, ta, tb, groups, m, n, k, epilogue }: MatmulCall): Tensor {
  const y = empty(a.gpu, [groups, m, n]);
  const c = 'bias' in epilogue ? epilogue.bias : 'at' in epilogue ? epilogue.at : a;
  a.gpu.run(
    naive,
    {},
    { a, b, c, y },
    {
      m, n, k, groups,
      a_row: ta ? 1 : k, a_col: ta ? m : 1, b_row: tb ? 1 : n, b_col: tb ? k : 1,
      a_group: m * k, b_group: k * n, a_div: groups / a.shape[0], b_div: groups / b.shape[0],
      c_div: 'bias' in epilogue ? groups / epilogue.bias.shape[0] : 1,
      epilogue: epilogueCode[epilogue.kind], slope: 'slope' in epilogue ? epilogue.slope : 0,
    },
    [Math.ceil(n / 8), Math.ceil(m / 8), groups],
  );
  return y;
}
