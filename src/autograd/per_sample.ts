import { VeilganError } from '../gpu/errors.ts';
import { add, mul, scale, sqrt, square } from '../ops/elementwise.ts';
import { concat, reshape, slice } from '../ops/movement.ts';
import { sum } from '../ops/reduce.ts';
import { leaves } from '../tensor/scope.ts';
import { show, sizeOf } from '../tensor/shape.ts';
import { type Pair, traced } from '../tensor/tape.ts';
import { tensor, type Tensor } from '../tensor/tensor.ts';
import { backward } from './backward.ts';
import { leafOf, mapParams, onesLike, outermost, type Params } from './grad.ts';

/**
 * Per-sample gradients of `losses` with respect to `params`: for each parameter [B, ...its shape], entry b being the
 * gradient of losses[b]; for grouped losses [G, B, ...the shape of one weight block]. Entry b of the losses must depend on sample b of the activations only.
 *
 * The forward runs once, unchanged. Backward leaves for each use of a parameter the pair (x, e) that its contraction
 * or bias addition was made of, and the gradients are formed from those lists: reuse lengthens the list. A parameter
 * used in another way is differentiated one sample at a time, which is the definition and slow.
 * @param losses returns [B], or [G, B] for grouped activations
 * @throws VeilganError GRADIENT where the losses have another rank
 */
export function perSample<P extends Params>(losses: (params: P) => Tensor, params: P): P {
  return outermost(() => {
    const { inner, loss } = traced(() => {
      const inner = mapParams(params, leafOf);
      return { inner, loss: losses(inner) };
    });
    if (loss.rank !== 1 && loss.rank !== 2) {
      throw new VeilganError('GRADIENT', `per-sample losses have shape ${show(loss.shape)}, not [B] or [G, B]`, {
        where: 'perSample',
        fix: 'Reduce every axis but the samples\'',
      });
    }
    const targets = leaves(inner);
    const uses = new Map<Tensor, (Pair | null)[]>(targets.map((t) => [t, []]));
    const byNode = new Map(targets.map((t) => [t.node, t]));
    backward(loss, onesLike(loss), targets, (parameter, pair) => {
      uses.get(byNode.get(parameter.node) as Tensor)?.push(pair);
    });
    return mapParams(params, (p, i) => {
      const list = uses.get(targets[i]) as (Pair | null)[];
      const each = list.every((pair) => pair !== null) ? fromPairs(list as Pair[], p, loss) : null;
      return each ?? oneByOne(loss, targets[i]);
    });
  });
}

/** The shape of one sample's gradient: with losses [G, B], that of one weight block. */
const blockShape = (parameter: Tensor, loss: Tensor) => (loss.rank === 2 ? parameter.shape.slice(1) : parameter.shape);

/** The sum over uses of each use's per-sample gradient, or null where a use does not follow the samples' axis. */
function fromPairs(list: readonly Pair[], parameter: Tensor, loss: Tensor): Tensor | null {
  const shape = [...loss.shape, ...blockShape(parameter, loss)];
  const parts = list.map((pair) => pair.each());
  if (!parts.length || parts.some((t) => t.length !== sizeOf(shape))) return null;
  return parts.map((t) => reshape(t, shape)).reduce(add);
}

/** The definition: backward once for each sample, its cotangent 1 and the others' 0. */
function oneByOne(loss: Tensor, target: Tensor): Tensor {
  const block = blockShape(target, loss);
  const rows = Array.from({ length: loss.length }, (_, b) => {
    const seed = tensor(loss.gpu, Float32Array.from({ length: loss.length }, (_, i) => (i === b ? 1 : 0)), loss.shape);
    const [found] = backward(loss, seed, [target]);
    const g = found ?? scale(target, 0);
    if (loss.rank === 1) return reshape(g, [1, ...block]);
    const owner = Math.floor((Math.floor(b / loss.shape[1]) * target.shape[0]) / loss.shape[0]);
    return reshape(slice(g, 0, owner, owner + 1), [1, ...block]);
  });
  return reshape(concat(rows, 0), [...loss.shape, ...block]);
}

/**
 * Euclidean norm of each sample's gradient over all parameters.
 * @param sampleAxes how many leading axes count samples: 1 for [B, ...], 2 for [G, B, ...]
 */
export function sampleNorms(gradients: Params, sampleAxes = 1): Tensor {
  const squares = leaves(gradients).map((t) => sum(square(t), t.shape.map((_, i) => i).slice(sampleAxes)));
  return sqrt(squares.reduce(add));
}

/** Sum over a batch of c[b] times sample b's gradient, for each parameter. @param c [B], or [G, B] summed for each g */
export function weightedSum<P extends Params>(gradients: P, c: Tensor): P {
  return mapParams(gradients, (t) => sum(mul(t, reshape(c, [...c.shape, ...t.shape.slice(c.rank).map(() => 1)])), c.rank - 1));
}
