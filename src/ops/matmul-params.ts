/** The uniform of every matmul kernel, and the two rewritings of it that the plan relies on. Pure. */

/** The bits of `epilogue`, as shaders/lib/epilogue.wgsl has them. */
export const EPILOGUE = { NONE: 0, BIAS: 1, LEAKY: 2, TANH: 4, MASK: 8 } as const;

/** `struct Params` of shaders/matmul_*.wgsl: a[i, l] = a[i * a_row + l * a_col], b[l, j] = b[l * b_row + j * b_col]. */
export interface MatmulParams extends Record<string, number> {
  m: number;
  n: number;
  k: number;
  groups: number;
  a_row: number;
  a_col: number;
  b_row: number;
  b_col: number;
  /** elements from one block to the next */
  a_group: number;
  b_group: number;
  /** group g uses block floor(g / div) of a, b and the bias */
  a_div: number;
  b_div: number;
  c_div: number;
  /** bits of EPILOGUE */
  epilogue: number;
  slope: number;
  /** of a product with weights: steps of a split, and how many splits; otherwise k and 1 */
  chunk: number;
  splits: number;
}

/** Params of matmul_pack (b -> scratch [blocks, k, n]) and of the product that then reads the scratch as its b. */
export function packedParams(p: MatmulParams): { pack: MatmulParams; product: MatmulParams } {
  return {
    pack: { ...p, groups: p.groups / p.b_div, b_div: 1, epilogue: EPILOGUE.NONE },
    product: { ...p, b_row: p.n, b_col: 1, b_group: p.k * p.n },
  };
}

/**
 * The same product with groups merged into rows where every group meets the same b and bias: [G, m, k] x [k, n] is
 * [G m, k] x [k, n], with fuller tiles and any G. Returns `p` itself where that does not hold.
 */
export function mergeGroups(p: MatmulParams): MatmulParams {
  const rows = p.a_div === 1 && p.a_group === p.m * p.a_row;
  const bias = (p.epilogue & EPILOGUE.BIAS) !== 0;
  if (p.groups === 1 || !rows || p.b_div !== p.groups || (bias && p.c_div !== p.groups)) return p;
  return { ...p, m: p.m * p.groups, groups: 1, a_group: p.a_group * p.groups, b_div: 1, c_div: 1 };
}
