/**
 * Matrix products with groups: the one contraction that dense layers, their gradients, grouped critics and per-sample
 * gradients are made of. y[g] = A'[g] B'[g] with A' = a or its transpose, group g reading block floor(g * Gb / G).
 */
import { shapeError } from '../tensor/shape.ts';
import { type Cotangent, force, recordLazy } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Deferred } from './deferred.ts';
import { common } from './dispatch.ts';
import { leakyMask, mul, shift, neg, square } from './elementwise.ts';
import { runMatmul } from './matmul.ts';
import { reshape } from './movement.ts';
import { sum } from './reduce.ts';

/** What happens to a product before it is written. */
export type Epilogue =
  | { readonly kind: 'none' }
  | { readonly kind: 'bias'; readonly bias: Tensor }
  | { readonly kind: 'leaky'; readonly bias: Tensor; readonly slope: number }
  | { readonly kind: 'tanh'; readonly bias: Tensor }
  /** times 1 where `at` > 0 and times `slope` elsewhere: the way back through a leaky unit whose output is `at` */
  | { readonly kind: 'mask'; readonly at: Tensor; readonly slope: number };

export interface ContractOptions {
  transposeA?: boolean;
  transposeB?: boolean;
  epilogue?: Epilogue;
}

const NONE: Epilogue = { kind: 'none' };

/**
 * @param a [Ga, m, k] (or [Ga, k, m] when transposed)
 * @param b [Gb, k, n] (or [Gb, n, k])
 * @returns [max(Ga, Gb), m, n]; the smaller group count must divide the larger
 * @throws VeilganError SHAPE
 */
export function contract(a: Tensor, b: Tensor, { transposeA: ta = false, transposeB: tb = false, epilogue = NONE }: ContractOptions = {}): Tensor {
  const aux = 'bias' in epilogue ? epilogue.bias : 'at' in epilogue ? epilogue.at : null;
  common('matmul', aux ? [a, b, aux] : [a, b]);
  const [ga, m, ka] = ta ? [a.shape[0], a.shape[2], a.shape[1]] : a.shape;
  const [gb, kb, n] = tb ? [b.shape[0], b.shape[2], b.shape[1]] : b.shape;
  if (a.rank !== 3 || b.rank !== 3) throw shapeError('matmul', [a.shape, b.shape], 'needs [groups, rows, columns]');
  if (ka !== kb) throw shapeError('matmul', [a.shape, b.shape], `inner sizes ${ka} and ${kb} differ`);
  const groups = Math.max(ga, gb);
  if (groups % ga || groups % gb) throw shapeError('matmul', [a.shape, b.shape], `groups ${ga} and ${gb} do not divide`);
  if ('bias' in epilogue && (groups % epilogue.bias.shape[0] || epilogue.bias.length !== epilogue.bias.shape[0] * n)) {
    throw shapeError('linear', [a.shape, b.shape, epilogue.bias.shape], 'the bias needs [Gw, outputs]');
  }
  const y = runMatmul({ a, b, ta, tb, groups, m, n, k: ka, epilogue });

  const inputs = 'bias' in epilogue ? [a, b, epilogue.bias] : [a, b];
  /** The cotangent of the bare product. */
  const before = (g: Cotangent): Tensor => {
    if (epilogue.kind === 'leaky') return masked(g, y, epilogue.slope);
    if (epilogue.kind === 'mask') return masked(g, epilogue.at, epilogue.slope);
    if (epilogue.kind === 'tanh') return mul(force(g), shift(neg(square(y)), 1));
    return force(g);
  };
  return recordLazy(
    'matmul',
    inputs,
    y,
    (cotangent, wanted) => {
      const g = before(cotangent);
      const da = () => (ta ? productTo(ga, b, g, tb, true) : productTo(ga, g, b, false, !tb));
      const lazy = ga === groups && !ta;
      return [
        wanted[0] ? (lazy ? new Deferred(a.shape, (mask) => contract(g, b, { transposeB: !tb, epilogue: mask })) : da()) : null,
        wanted[1] ? (tb ? productTo(gb, g, a, true, ta) : productTo(gb, a, g, !ta, false)) : null,
        wanted[2] ? biasGradient(g, inputs[2]) : null,
      ];
    },
    (cotangent, index) => {
      if (index === 0 || ta) return null;
      const e = before(cotangent);
      if (index === 2) return { each: () => reshape(e, [groups * m, ...inputs[2].shape.slice(1)]) };
      const rows = reshape(a, [ga * m, 1, ka]);
      const errors = reshape(e, [groups * m, 1, n]);
      if (ga !== groups) return null;
      return { each: () => (tb ? contract(errors, rows, { transposeA: true }) : contract(rows, errors, { transposeA: true })) };
    },
  );
}

const masked = (g: Cotangent, at: Tensor, slope: number): Tensor =>
  g instanceof Deferred ? g.masked(at, slope) : leakyMask(force(g), at, slope);

/** A product whose groups are summed down to `groups`: the gradient of an operand that several groups shared. */
function productTo(groups: number, a: Tensor, b: Tensor, ta: boolean, tb: boolean): Tensor {
  const all = Math.max(a.shape[0], b.shape[0]);
  if (all === groups) return contract(a, b, { transposeA: ta, transposeB: tb });
  const share = all / groups;
  if (ta && !tb && a.shape[0] === all && b.shape[0] === all) {
    // a^T b summed over groups is one contraction over all their rows.
    const fold = (t: Tensor) => reshape(t, [groups, share * t.shape[1], t.shape[2]]);
    return contract(fold(a), fold(b), { transposeA: true });
  }
  const y = contract(a, b, { transposeA: ta, transposeB: tb });
  return sum(reshape(y, [groups, share, y.shape[1], y.shape[2]]), 1);
}

function biasGradient(g: Tensor, bias: Tensor): Tensor {
  const [groups, m, n] = g.shape;
  const blocks = bias.shape[0];
  return reshape(sum(reshape(g, [blocks, (groups / blocks) * m, n]), 1), bias.shape);
}

/** [r, c] as one group. */
const grouped = (t: Tensor): Tensor => (t.rank === 2 ? reshape(t, [1, ...t.shape]) : t);
const like = (y: Tensor, ...inputs: Tensor[]): Tensor => (inputs.every((t) => t.rank === 2) ? reshape(y, y.shape.slice(1)) : y);

/**
 * Matrix product of [m, k] and [k, n], or of [Ga, m, k] and [Gb, k, n].
 * @throws VeilganError SHAPE
 */
export function matmul(a: Tensor, b: Tensor, options: { transposeA?: boolean; transposeB?: boolean } = {}): Tensor {
  for (const t of [a, b]) {
    if (t.rank !== 2 && t.rank !== 3) throw shapeError('matmul', [a.shape, b.shape], 'needs matrices, or stacks of them');
  }
  return like(contract(grouped(a), grouped(b), options), a, b);
}

export interface LinearOptions {
  activation?: 'none' | 'leaky' | 'tanh';
  /** of the leaky unit below zero, greater than 0 */
  slope?: number;
}

/**
 * A dense layer: activation(x w + bias), in one kernel. Its definition is the composition of matmul, add and the
 * activation.
 * @param x [n, i] or [G, n, i]
 * @param w [i, o] or [Gw, i, o]
 * @param bias [o] or [Gw, o]
 * @throws VeilganError SHAPE
 */
export function linear(x: Tensor, w: Tensor, bias: Tensor, { activation = 'none', slope = 0.3 }: LinearOptions = {}): Tensor {
  const b = bias.rank === 1 ? reshape(bias, [1, bias.length]) : bias;
  const epilogue: Epilogue =
    activation === 'leaky' ? { kind: 'leaky', bias: b, slope } : { kind: activation === 'tanh' ? 'tanh' : 'bias', bias: b };
  return like(contract(grouped(x), grouped(w), { epilogue }), x, w);
}
