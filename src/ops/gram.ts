/** How far the expected tables of a mixture are from measured ones: the loss of a generator that is fitted to them. */
import gramErrorShader from '#shaders/gram_error.wgsl';
import { shapeError } from '../tensor/shape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { linear, matmul } from './contract.ts';
import { common } from './dispatch.ts';
import { abs, add, mul, scale, square, sub, where } from './elementwise.ts';
import { fused } from './fused.ts';
import { detach, reshape, slice } from './movement.ts';
import { mean, sum } from './reduce.ts';

/** [W, W] of a square of side W + 1, and the column behind it, [1, W]. */
function parts(square: Tensor, width: number): [pairs: Tensor, singles: Tensor] {
  const rows = slice(square, 0, 0, width);
  return [slice(rows, 1, 0, width), reshape(slice(rows, 1, width, width + 1), [1, width])];
}

const op = fused<null>(
  'gramLoss',
  ([all, target, weight]) => {
    const width = target.shape[0] - 1;
    const p = slice(all, 1, 0, width);
    const means = mean(p, 0, { keep: true });
    const fixed = detach(means);
    const [y, ySingle] = parts(target, width);
    const [w, wSingle] = parts(weight, width);
    const goal = where(w, detach(y), matmul(fixed, fixed, { transposeA: true }));
    const off = sub(scale(matmul(p, p, { transposeA: true }), 1 / p.shape[0]), goal);
    const pairs = sum(mul(abs(w), square(off)), undefined, { scale: 0.5 });
    return reshape(add(pairs, sum(mul(abs(wSingle), square(sub(means, ySingle))))), [1]);
  },
  {
    kernel: ([p, target, weight]) => {
      const { gpu } = p;
      const [rows, width] = p.shape;
      const s = matmul(p, p, { transposeA: true });
      const [errors, singles, parts] = [[width, width], [width], [width]].map((shape) => empty(gpu, shape));
      const overrides = gpu.adapter.software ? { LANES: 1, ROWS: 8 } : { LANES: 64, ROWS: 1 };
      gpu.run(
        gramErrorShader,
        { overrides },
        { s, means: mean(p, 0), target_: target, weight, errors, singles, parts },
        { width, places: target.shape[0] - 1, share: 1 / rows },
        [Math.ceil(width / overrides.ROWS), 1, 1],
      );
      return { output: reshape(sum(parts), [1]), saved: [errors, singles] };
    },
    vjp: ({ inputs: [p], saved: [errors, singles] }, g) => [
      mul(linear(p, errors, singles), reshape(g, [1, 1])),
      null,
      null,
    ],
  },
);

/**
 * The weighted squared error of all two-way tables of a mixture, and of its single places:
 * 1/2 sum over i, j of |w_ij| (S_ij - t_ij)^2 + sum over i of w_i (m_i - t_i)^2, with S = P^T P / B, m the means of P's
 * columns, and t the target, or where a weight is negative m_i m_j, taken as a constant: a pull to independence. The
 * gradient is one product more, 2 P E / B, for which weights of pairs must be symmetric. Target and weight are constants.
 * @param p [B, W'] probabilities of places, W' at least W; those behind the first W count for nothing. A W' that is a
 *   multiple of four makes the products twice as fast on a software adapter.
 * @param target [W + 1, W + 1], the last row and column those of single places
 * @param weight of the same shape, symmetric; the diagonal blocks of a column's own places are 0
 * @returns [1]
 * @throws VeilganError SHAPE where they do not fit
 */
export function gramLoss(p: Tensor, target: Tensor, weight: Tensor): Tensor {
  common('gramLoss', [p, target, weight]);
  const side = target.shape[0];
  const square = [target, weight].every(({ shape: [a, b], rank }) => rank === 2 && a === side && b === side);
  if (p.rank !== 2 || !square || side < 2 || p.shape[1] < side - 1) {
    const shapes = [p.shape, target.shape, weight.shape];
    throw shapeError('gramLoss', shapes, 'needs [B, W] and twice [W + 1, W + 1]', 'Add a place for single ones');
  }
  return op([p, detach(target), detach(weight)], null);
}
