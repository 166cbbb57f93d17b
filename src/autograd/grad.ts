/**
 * Gradients as functions of functions, of any order: grad(grad(f)) works because a vjp is written with operations that
 * leave nodes themselves.
 */
import { VeilganError } from '../base/errors.ts';
import { detach } from '../ops/movement.ts';
import { leaves, scope } from '../tensor/scope.ts';
import { show } from '../tensor/shape.ts';
import { gradientDepth, markLeaf, noGrad, record, recording, traced } from '../tensor/tape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { backward } from './backward.ts';

/** A tensor, a list of tensors, or a record of tensors (parameters). */
export type Params = Tensor | readonly Tensor[] | { readonly [name: string]: Tensor };

/** The same structure with every tensor replaced. */
export function mapParams<P extends Params>(params: P, fn: (t: Tensor, i: number) => Tensor): P {
  if ('storage' in params) return fn(params as Tensor, 0) as unknown as P;
  if (Array.isArray(params)) return (params as readonly Tensor[]).map(fn) as unknown as P;
  return Object.fromEntries(Object.entries(params).map(([k, t], i) => [k, fn(t, i)])) as unknown as P;
}

/** A fresh leaf over the same values, linked to `x` for the gradients around this one. */
export function leafOf(x: Tensor): Tensor {
  const leaf = x.view(x.shape);
  if (recording() && x.tracked) record('argument', [x], leaf, (g) => [g]);
  if (!leaf.node) markLeaf(leaf);
  return leaf;
}

/** Ones of y's shape, as constants. */
export const onesLike = (y: Tensor): Tensor => noGrad(() => tensor(y.gpu, new Float32Array(y.length).fill(1), y.shape));

/** Zeros of y's shape, as constants; not y times 0, which is NaN where y is infinite. */
export const zerosLike = (y: Tensor): Tensor => noGrad(() => tensor(y.gpu, new Float32Array(y.length), y.shape));

/** Runs the outermost gradient in a scope of its own, which frees the tape; inner ones leave it to the outer. */
export const outermost = <T>(fn: () => T): T => (gradientDepth() === 0 ? scope(() => noGrad(fn)) : fn());

/** What a loss function may return: the loss, or the loss followed by tensors to hand through untouched. */
export type Loss = Tensor | readonly [Tensor, ...Tensor[]];

/**
 * From a function with a scalar result to one that gives [result, gradient with respect to its first argument].
 * `fn` may also return [loss, ...others]; the value is then that list, constant to this gradient.
 * @throws VeilganError GRADIENT where the loss is not a scalar
 */
export function valueAndGrad<P extends Params, R extends readonly unknown[], L extends Loss>(
  fn: (params: P, ...rest: R) => L,
) {
  return (params: P, ...rest: R): [L, P] =>
    outermost(() => {
      const { inner, result } = traced(() => {
        const inner = mapParams(params, leafOf);
        return { inner, result: fn(inner, ...rest) };
      });
      const loss = (Array.isArray(result) ? result[0] : result) as Tensor;
      if (loss.length !== 1) {
        throw new VeilganError('GRADIENT', `the loss has shape ${show(loss.shape)}, not that of a scalar`, {
          where: 'grad',
          fix: 'End it with .mean() or .sum(), or use perSample',
        });
      }
      const targets = leaves(inner);
      const found = backward(loss, onesLike(loss), targets);
      const gradient = mapParams(params, (p, i) => {
        const g = found[i] ?? zerosLike(p);
        // Two parameters may have the same cotangent; each must be free to be disposed of.
        return gradientDepth() === 0 && found.indexOf(found[i]) < i ? g.view(g.shape) : g;
      });
      const value = (recording() ? result : mapValues(result, detach)) as L;
      return [value, gradient];
    });
}

const mapValues = (value: Loss, fn: (t: Tensor) => Tensor): Loss =>
  Array.isArray(value) ? (value.map(fn) as unknown as [Tensor]) : fn(value as Tensor);

/** The gradient of a scalar function with respect to its first argument; see valueAndGrad. */
export function grad<P extends Params, R extends readonly unknown[]>(fn: (params: P, ...rest: R) => Loss) {
  const both = valueAndGrad(fn);
  return (params: P, ...rest: R): P => outermost(() => both(params, ...rest)[1]);
}
