/**
 * Matrix products with groups: the one contraction that dense layers, their gradients, grouped critics and per-sample
 * gradients are made of. y[g] = A'[g] B'[g] with A' = a or its transpose, group g reading block floor(g * Gb / G).
 */
import { VeilganError } from '../base/errors.ts';
import { type Shape, shapeError } from '../tensor/shape.ts';
import { recordLazy } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { common } from './dispatch.ts';
import {
  type Activation,
  beforeEpilogue,
  biasGradient,
  biasOf,
  Deferred,
  type Epilogue,
  epilogueOf,
  NONE,
  weightedBias,
} from './epilogue.ts';
import { runMatmul } from './matmul.ts';
import { reshape } from './movement.ts';
import { sum } from './reduce.ts';

export interface ContractOptions {
  transposeA?: boolean;
  transposeB?: boolean;
  epilogue?: Epilogue;
}

/** [groups, rows, columns] of a matrix or a stack of them. */
function dims(t: Tensor): readonly [number, number, number] {
  if (t.rank === 2) return [1, t.shape[0], t.shape[1]];
  if (t.rank === 3) return [t.shape[0], t.shape[1], t.shape[2]];
  throw shapeError('matmul', [t.shape], 'needs [rows, columns] or [groups, rows, columns]');
}

/**
 * A'[g] B'[g] through an epilogue.
 * @param a [Ga, m, k] (or [Ga, k, m] when transposed); a matrix is a stack of one
 * @param b [Gb, k, n] (or [Gb, n, k])
 * @returns [max(Ga, Gb), m, n], or [m, n] for two matrices; the smaller group count must divide the larger
 * @throws VeilganError SHAPE
 */
export function contract(
  a: Tensor,
  b: Tensor,
  { transposeA: ta = false, transposeB: tb = false, epilogue = NONE }: ContractOptions = {},
): Tensor {
  const bias = biasOf(epilogue);
  const aux = epilogue.kind === 'mask' ? epilogue.at : bias;
  common('matmul', aux ? [a, b, aux] : [a, b]);
  const [ga, ar, ac] = dims(a);
  const [gb, br, bc] = dims(b);
  const [m, k] = ta ? [ac, ar] : [ar, ac];
  const [kb, n] = tb ? [bc, br] : [br, bc];
  if (k !== kb) throw shapeError('matmul', [a.shape, b.shape], `inner sizes ${k} and ${kb} differ`);
  const groups = Math.max(ga, gb);
  if (groups % ga || groups % gb)
    throw shapeError('matmul', [a.shape, b.shape], `groups ${ga} and ${gb} do not divide`);
  const biasBlocks = bias ? bias.length / n : 1;
  if (groups % biasBlocks)
    throw shapeError(
      'linear',
      [a.shape, b.shape, (aux as Tensor).shape],
      'the bias needs [outputs] or [groups, outputs]',
    );
  const flat = a.rank === 2 && b.rank === 2;
  const shape = flat ? [m, n] : [groups, m, n];
  const y = runMatmul({ a, b, ta, tb, ga, gb, gc: biasBlocks, groups, m, n, k, epilogue, shape });

  const inputs = bias ? [a, b, bias] : [a, b];
  const before = beforeEpilogue(epilogue, y);
  return recordLazy(
    'matmul',
    inputs,
    y,
    (cotangent, wanted) => {
      const g = before(cotangent);
      const lazy = ga === groups && !ta && (a.rank === 3 || flat);
      const da = () => (ta ? productTo(a.shape, b, g, tb, true) : productTo(a.shape, g, b, false, !tb));
      const db = () => (tb ? productTo(b.shape, g, a, true, ta) : productTo(b.shape, a, g, !ta, false));
      return [
        wanted[0]
          ? lazy
            ? new Deferred(a.shape, (mask) => contract(g, b, { transposeB: !tb, epilogue: mask }))
            : da()
          : null,
        wanted[1] ? db() : null,
        wanted[2] ? biasGradient(g, inputs[2]) : null,
      ];
    },
    (cotangent, index) => {
      if (index === 0 || ta || ga !== groups) return null;
      const e = before(cotangent);
      const samples = groups * m;
      const rows = reshape(a, [samples, k]);
      const errors = reshape(e, [samples, n]);
      if (index === 2) return { samples, each: () => errors, weighted: (c) => weightedBias(errors, inputs[2], c) };
      return {
        samples,
        each: () => {
          const [x, g] = [reshape(rows, [samples, 1, k]), reshape(errors, [samples, 1, n])];
          return tb ? contract(g, x, { transposeA: true }) : contract(x, g, { transposeA: true });
        },
        // The gradient of a row is an outer product, so its norm is the product of two: nothing cancels.
        norms: () => ({ squares: [rows, errors].map((t) => ({ rows: t, squared: true })) }),
        weighted: (c) => (tb ? weightedProduct(b.shape, errors, rows, c) : weightedProduct(b.shape, rows, errors, c)),
      };
    },
  );
}

/** A product whose groups are summed down to those of `shape`: the gradient of an operand that several groups shared. */
function productTo(shape: Shape, a: Tensor, b: Tensor, ta: boolean, tb: boolean): Tensor {
  const groups = shape.length === 2 ? 1 : shape[0];
  const [ga, ar, ac] = dims(a);
  const [gb, br, bc] = dims(b);
  const all = Math.max(ga, gb);
  const share = all / groups;
  let y: Tensor;
  if (share > 1 && ta && !tb && ga === gb) {
    // a^T b summed over groups is one contraction over all their rows.
    y = contract(reshape(a, [groups, share * ar, ac]), reshape(b, [groups, share * br, bc]), { transposeA: true });
  } else {
    y = contract(a, b, { transposeA: ta, transposeB: tb });
    if (share > 1) y = sum(reshape(y, [groups, share, y.shape[1], y.shape[2]]), 1);
  }
  return reshape(y, shape);
}

/**
 * The sum over samples of c[s] times the outer product of a[s] and b[s], for each block of `shape`; not recorded.
 * @param a [samples, m]
 * @param b [samples, n]
 * @param c samples elements; a sample of weight 0 adds nothing, whatever it holds
 */
function weightedProduct(shape: Shape, a: Tensor, b: Tensor, weights: Tensor): Tensor {
  const groups = shape.length === 2 ? 1 : shape[0];
  const [m, n] = shape.slice(-2);
  const sizes = { groups, ga: groups, gb: groups, gc: 1, m, n, k: a.shape[0] / groups };
  return runMatmul({ a, b, ta: true, tb: false, ...sizes, epilogue: NONE, weights, shape });
}

/**
 * Matrix product of [m, k] and [k, n], or of stacks [Ga, m, k] and [Gb, k, n].
 * @throws VeilganError SHAPE
 */
export function matmul(a: Tensor, b: Tensor, options: { transposeA?: boolean; transposeB?: boolean } = {}): Tensor {
  return contract(a, b, options);
}

export interface LinearOptions {
  activation?: Activation;
  /** of the leaky unit below zero, at least 0 (which is ReLU) */
  slope?: number;
}

/**
 * A dense layer: activation(x w + bias), in one kernel. Its definition is the composition of matmul, add and the
 * activation.
 * @param x [n, i] or [G, n, i]
 * @param w [i, o] or [Gw, i, o]
 * @param bias [o] or [Gw, o]
 * @throws VeilganError SHAPE, or CONFIG for a negative slope
 */
export function linear(
  x: Tensor,
  w: Tensor,
  bias: Tensor,
  { activation = 'none', slope = 0.3 }: LinearOptions = {},
): Tensor {
  // The way back reads the sign of the unit from its output, so a slope below zero would be misread.
  if (activation === 'leaky' && !(slope >= 0)) {
    throw new VeilganError('CONFIG', `a leaky unit with slope ${slope}`, {
      where: 'linear',
      fix: 'Give a slope of at least 0',
    });
  }
  return contract(x, w, { epilogue: epilogueOf(activation, bias, slope) });
}
