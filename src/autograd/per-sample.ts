import { VeilganError } from '../base/errors.ts';
import { add, mul, sqrt, square } from '../ops/elementwise.ts';
import { concat, reshape, slice } from '../ops/movement.ts';
import { sum, weightedTotal } from '../ops/reduce.ts';
import { leaves } from '../tensor/scope.ts';
import { show, sizeOf } from '../tensor/shape.ts';
import { gradientDepth, type Node, type Pair, type SampleNorms, traced } from '../tensor/tape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { backward } from './backward.ts';
import { leafOf, mapParams, onesLike, outermost, type Params, zerosLike } from './grad.ts';

/** The gradients of a batch's losses by sample, in the forms that a private sum needs; valid inside `withSamples`. */
export interface SampleGradients<P extends Params> {
  /** for each parameter, what the norms of its samples' gradients are made of: tensors [G * B, ...] */
  norms(): SampleNorms[];
  /**
   * For each parameter, the sum over samples of c times their gradient, in the parameter's shape; not recorded.
   * @param c for each parameter [G * B]; a sample of weight 0 adds nothing, whatever it holds
   */
  weighted(c: readonly Tensor[]): P;
}

/**
 * Per-sample gradients of `losses` with respect to `params`: for each parameter [B, ...its shape], entry b being the
 * gradient of losses[b]; for grouped losses [G, B, ...the shape of one weight block]. Entry b of the losses must depend on sample b of the activations only.
 *
 * The forward runs once, unchanged. Backward leaves for each use of a parameter the pair (x, e) that its contraction
 * or bias addition was made of, and the gradients are formed from those lists: reuse lengthens the list. A parameter
 * used in another way is differentiated one sample at a time, which is the definition and slow.
 * @param losses returns [B], or [G, B] for grouped activations
 * @throws VeilganError GRADIENT where the losses have another rank, or are grouped and a parameter is not
 */
export function perSample<P extends Params>(losses: (params: P) => Tensor, params: P): P {
  return collected(losses, params, ({ each }) => mapParams(params, (p, i) => each(i, p)));
}

/**
 * Runs the losses forward and back once and hands `use` the gradients by sample: what it asks for is formed then.
 * @param losses as perSample's
 * @throws VeilganError as perSample
 */
export function withSamples<P extends Params, T>(
  losses: (params: P) => Tensor,
  params: P,
  use: (gradients: SampleGradients<P>, loss: Tensor) => T,
): T {
  return collected(losses, params, ({ each, lists, loss }) => {
    /** The only use of a parameter, where it can do without gradients by sample. */
    const lone = (i: number): Pair | null => {
      const [pair, ...more] = lists[i];
      return pair?.samples === loss.length && !more.length ? pair : null;
    };
    const all = leaves(params);
    const rows = (i: number) => reshape(each(i, all[i]), [loss.length, -1]);
    const gradients: SampleGradients<P> = {
      norms: () => all.map((_, i) => lone(i)?.norms?.() ?? { squares: [{ rows: rows(i), squared: true }] }),
      weighted: (c) =>
        mapParams(params, (p, i) => {
          const pair = lone(i);
          if (pair?.weighted) return pair.weighted(c[i]);
          const blocks = loss.rank === 2 ? p.shape[0] : 1;
          return reshape(weightedTotal(reshape(rows(i), [blocks, loss.length / blocks, -1]), c[i]), p.shape);
        }),
    };
    return use(gradients, loss);
  });
}

/** The losses, and for each parameter its uses and what makes its per-sample gradient of them. */
interface Collected {
  readonly loss: Tensor;
  readonly lists: readonly (readonly (Pair | null)[])[];
  readonly each: (i: number, parameter: Tensor) => Tensor;
}

/** Runs the losses forward and back once; what `use` asks for is formed then. @throws VeilganError as perSample */
function collected<P extends Params, T>(losses: (params: P) => Tensor, params: P, use: (collected: Collected) => T): T {
  return outermost(() => {
    const { inner, loss } = traced(() => {
      const inner = mapParams(params, leafOf);
      return { inner, loss: losses(inner) };
    });
    if (loss.rank !== 1 && loss.rank !== 2) {
      throw new VeilganError('GRADIENT', `per-sample losses have shape ${show(loss.shape)}, not [B] or [G, B]`, {
        where: 'perSample',
        fix: "Reduce every axis but the samples'",
      });
    }
    const targets = leaves(inner);
    const uses = new Map<Node | null, (Pair | null)[]>(targets.map((t) => [t.node, []]));
    const known = new Map<Node, boolean>(targets.flatMap((t) => (t.node ? [[t.node, true]] : [])));
    backward(loss, onesLike(loss), targets, (node, index, pair) => {
      const others = node.parents.filter((_, i) => i !== index);
      uses.get(node.parents[index])?.push(others.every((parent) => parametric(parent, known)) ? null : pair);
    });
    const lists = targets.map((t) => uses.get(t.node) as (Pair | null)[]);
    const each = once((i: number, p: Tensor) => {
      const list = lists[i];
      const found = list.every((pair) => pair !== null) ? fromPairs(list as Pair[], p, loss) : null;
      return found ?? oneByOne(loss, targets[i]);
    });
    return use({ loss, lists, each });
  });
}

/** A function of an index that computes each of its values once. */
function once(make: (i: number, p: Tensor) => Tensor): (i: number, p: Tensor) => Tensor {
  const made = new Map<number, Tensor>();
  return (i, p) => {
    const found = made.get(i) ?? make(i, p);
    made.set(i, found);
    return found;
  };
}

/**
 * Whether a value is made of parameters alone. What meets a parameter there has no samples, even where one of its axes is
 * as long as the batch: a weight that is a product of two.
 */
function parametric(node: Node | null, known: Map<Node, boolean>): boolean {
  if (!node) return false;
  const yes = known.get(node) ?? (node.parents.length > 0 && node.parents.every((n) => parametric(n, known)));
  known.set(node, yes);
  return yes;
}

/** The shape of one sample's gradient: with losses [G, B], that of one weight block. */
const blockShape = (parameter: Tensor, loss: Tensor) => (loss.rank === 2 ? parameter.shape.slice(1) : parameter.shape);

/** The sum over uses of each use's per-sample gradient, or null where a use does not follow the samples' axis. */
function fromPairs(list: readonly Pair[], parameter: Tensor, loss: Tensor): Tensor | null {
  const shape = [...loss.shape, ...blockShape(parameter, loss)];
  const parts = list.map((pair) => pair.each());
  if (loss.rank === 2 && parts.some((t) => t.length !== sizeOf(shape) && t.length === loss.length * parameter.length)) {
    throw noGroups(parameter, loss);
  }
  if (!parts.length || parts.some((t) => t.length !== sizeOf(shape))) return null;
  // A sum of one may be a cotangent that another parameter has too.
  const whole = reshape(
    parts.reduce((a, b) => add(a, b)),
    shape,
  );
  return gradientDepth() === 0 ? whole.view(shape) : whole;
}

const noGroups = (parameter: Tensor, loss: Tensor) =>
  new VeilganError(
    'GRADIENT',
    `losses ${show(loss.shape)} are grouped, the parameter ${show(parameter.shape)} is not`,
    {
      where: 'perSample',
      fix: `Give it a first axis of weight blocks, [1, ${parameter.shape.join(', ')}]`,
    },
  );

/** The definition: backward once for each sample, its cotangent 1 and the others' 0. */
function oneByOne(loss: Tensor, target: Tensor): Tensor {
  const block = blockShape(target, loss);
  if (loss.rank === 2 && (!target.rank || loss.shape[0] % target.shape[0])) throw noGroups(target, loss);
  const rows = Array.from({ length: loss.length }, (_, b) => {
    const seed = tensor(
      loss.gpu,
      Float32Array.from({ length: loss.length }, (_, i) => (i === b ? 1 : 0)),
      loss.shape,
    );
    const [found] = backward(loss, seed, [target]);
    const g = found ?? zerosLike(target);
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
  return sqrt(squares.reduce((a, b) => add(a, b)));
}

/** Sum over a batch of c[b] times sample b's gradient, for each parameter. @param c [B], or [G, B] summed for each g */
export function weightedSum<P extends Params>(gradients: P, c: Tensor): P {
  return mapParams(gradients, (t) =>
    sum(mul(t, reshape(c, [...c.shape, ...t.shape.slice(c.rank).map(() => 1)])), c.rank - 1),
  );
}
