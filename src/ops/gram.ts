/** How far the expected tables of a mixture are from measured ones: the loss of a generator that is fitted to them. */
import gramErrorShader from '#shaders/gram_error.wgsl';
import { shapeError } from '../tensor/shape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { linear, matmul } from './contract.ts';
import { common } from './dispatch.ts';
import { abs, add, mul, scale, square, sub, where } from './elementwise.ts';
import { fused } from './fused.ts';
import { concat, detach, reshape, slice } from './movement.ts';
import { mean, sum } from './reduce.ts';

/** [W, W] of a square of side W + 1, and the column behind it, [1, W]. */
function parts(square: Tensor, width: number): [pairs: Tensor, singles: Tensor] {
  const rows = slice(square, 0, 0, width);
  return [slice(rows, 1, 0, width), reshape(slice(rows, 1, width, width + 1), [1, width])];
}

/** [W + 2, W]: errors of pairs, of single places, and the parts of the loss by place. See gram_error.wgsl. */
const op = fused<null>(
  'gramError',
  ([p, target, weight]) => {
    const [rows, width] = p.shape;
    const means = mean(p, 0, { keep: true });
    const fixed = detach(means);
    const [y, ySingle] = parts(target, width);
    const [w, wSingle] = parts(weight, width);
    const goal = where(w, detach(y), matmul(fixed, fixed, { transposeA: true }));
    const off = sub(scale(matmul(p, p, { transposeA: true }), 1 / rows), goal);
    const single = sub(means, ySingle);
    const half = reshape(sum(mul(abs(w), square(off)), 1, { scale: 0.5 }), [1, width]);
    return concat(
      [
        scale(mul(abs(w), off), 2 / rows),
        scale(mul(abs(wSingle), single), 2 / rows),
        add(half, mul(abs(wSingle), square(single))),
      ],
      0,
    );
  },
  {
    kernel: ([p, target, weight]) => {
      const { gpu } = p;
      const [rows, width] = p.shape;
      const s = matmul(p, p, { transposeA: true });
      const out = empty(gpu, [width + 2, width]);
      const overrides = gpu.adapter.software ? { LANES: 1, ROWS: 8 } : { LANES: 64, ROWS: 1 };
      gpu.run(
        gramErrorShader,
        { overrides },
        { s, means: mean(p, 0), target_: target, weight, out },
        { width, share: 1 / rows },
        [Math.ceil(width / overrides.ROWS), 1, 1],
      );
      return out;
    },
    // Only the parts of the loss are used, all of them with one weight.
    vjp: ({ inputs: [p], output }, g) => {
      const width = p.shape[1];
      const errors = slice(output, 0, 0, width);
      const singles = reshape(slice(output, 0, width, width + 1), [width]);
      const share = reshape(slice(slice(g, 0, width + 1, width + 2), 1, 0, 1), [1, 1]);
      return [mul(linear(p, errors, singles), share), null, null];
    },
  },
);

/**
 * The weighted squared error of all two-way tables of a mixture, and of its single places:
 * 1/2 sum over i, j of |w_ij| (S_ij - t_ij)^2 + sum over i of w_i (m_i - t_i)^2, with S = P^T P / B, m the means of P's
 * columns, and t the target, or where a weight is negative m_i m_j, taken as a constant: a pull to independence. The
 * gradient is one product more, 2 P E / B, for which weights of pairs must be symmetric.
 * @param p [B, W] probabilities of places
 * @param target [W + 1, W + 1], the last row and column those of single places
 * @param weight of the same shape, symmetric; the diagonal blocks of a column's own places are 0
 * @returns [1]
 * @throws VeilganError SHAPE where they do not fit
 */
export function gramLoss(p: Tensor, target: Tensor, weight: Tensor): Tensor {
  common('gramLoss', [p, target, weight]);
  const side = p.rank === 2 ? p.shape[1] + 1 : 0;
  if ([target, weight].some(({ shape }) => shape.length !== 2 || shape[0] !== side || shape[1] !== side)) {
    const shapes = [p.shape, target.shape, weight.shape];
    throw shapeError('gramLoss', shapes, 'needs [B, W] and twice [W + 1, W + 1]', 'Add a place for single ones');
  }
  const out = op([p, target, weight], null);
  return reshape(sum(slice(out, 0, side, side + 1)), [1]);
}
