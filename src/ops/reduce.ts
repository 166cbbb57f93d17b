import reduceShader from '#shaders/reduce.wgsl';
import wideShader from '#shaders/reduce_wide.wgsl';
import { scope } from '../tensor/scope.ts';
import { normaliseAxes, type Shape, same, shapeError, sizeOf } from '../tensor/shape.ts';
import { noGrad, record } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { CHAIN, LINKS, SEGMENT } from './chains.ts';
import { common } from './dispatch.ts';
import { div, equal, mul, scale as times } from './elementwise.ts';
import { broadcastTo, permute, reshape } from './movement.ts';

export interface ReduceOptions {
  /** keeps the reduced axes, with size 1 */
  keep?: boolean;
}

/** Terms that one strand of a workgroup sums in sequence before another pass is cheaper. */
const LONG = 2048;

/**
 * Columns that a workgroup sums side by side; its other threads share each column. A software adapter pays for barriers
 * and has few cores to fill, so there a thread takes a column where there are enough of them.
 */
function strandsAcross(software: boolean, outputs: number, red: number, inner: number): 1 | 8 | 64 {
  if (red <= 8 || (inner >= 64 && (red <= 16 || (software && outputs >= 128)))) return 64;
  return inner >= 8 ? 8 : 1;
}

interface Middle {
  readonly outer: number;
  readonly red: number;
  readonly inner: number;
  readonly max?: boolean;
  readonly scale?: number;
  /** [outer, red]: how often each element counts */
  readonly weights?: Tensor;
  /** terms that a strand adds before it begins anew, and most terms of a pass; default any number */
  readonly chain?: { readonly terms: number; readonly most: number };
}

/** One or more passes over [outer, red, inner]. */
function reduceMiddle(x: Tensor, middle: Middle): Tensor {
  const { outer, red, inner, max = false, scale = 1, weights, chain } = middle;
  const most = chain ? chain.most : outer * inner >= 256 ? red : LONG;
  const splits = red <= most ? 1 : Math.ceil(red / (chain ? most : 512));
  const chunk = chain ? Math.min(red, most) : Math.ceil(red / splits);
  const y = empty(x.gpu, [outer, splits, inner]);
  const outputs = outer * inner;
  const { software } = x.gpu.adapter;
  const wide = software && !max && inner % 4 === 0 && outputs >= 32;
  const tx = wide ? 64 : strandsAcross(software, outputs, red, inner);
  const across = Math.ceil(outputs / tx);
  x.gpu.run(
    wide ? wideShader : reduceShader,
    {
      overrides: {
        WEIGHTED: weights ? 1 : 0,
        CHAIN: chain?.terms ?? 0,
        ...(wide ? {} : { MAX: max ? 1 : 0, TX: tx, TY: 64 / tx }),
      },
    },
    { x, c: weights ?? x, y },
    { outputs, red, inner, chunk, splits, scale: splits === 1 ? scale : 1 },
    [Math.min(across, 32768), splits, Math.ceil(across / 32768)],
  );
  return splits === 1 ? y : reduceMiddle(y, { outer, red: splits, inner, max, scale });
}

function reduce(x: Tensor, axes: number[], max: boolean, scale: number, out: Shape): Tensor {
  return noGrad(() => scope(() => reduceAxes(x, axes, max, scale).view(out)));
}

function reduceAxes(x: Tensor, axes: number[], max: boolean, scale: number): Tensor {
  const { shape } = x;
  // Axes next to one another reduce as one; others are brought together first.
  const touching = axes.every((a, i) => i === 0 || a === axes[i - 1] + 1);
  if (!touching) {
    const rest = shape.map((_, i) => i).filter((i) => !axes.includes(i));
    return reduceAxes(
      permute(x, [...rest, ...axes]),
      axes.map((_, i) => rest.length + i),
      max,
      scale,
    );
  }
  const first = axes[0] ?? 0;
  const outer = sizeOf(shape.slice(0, first));
  const red = sizeOf(axes.map((a) => shape[a]));
  return reduceMiddle(x, { outer, red, inner: sizeOf(shape.slice(first + axes.length)), max, scale });
}

const kept = (shape: Shape, axes: readonly number[]) => shape.map((d, i) => (axes.includes(i) ? 1 : d));
const dropped = (shape: Shape, axes: readonly number[]) => shape.filter((_, i) => !axes.includes(i));

/**
 * Sum over axes (all by default), times `scale`.
 * @throws VeilganError SHAPE for an axis that is not there
 */
export function sum(
  x: Tensor,
  axes?: number | readonly number[],
  { keep = false, scale = 1 }: ReduceOptions & { scale?: number } = {},
): Tensor {
  common('sum', [x]);
  const list = normaliseAxes('sum', x.shape, axes);
  const out = keep ? kept(x.shape, list) : dropped(x.shape, list);
  if (!list.length) return scale === 1 ? x : times(x, scale);
  const y = reduce(x, list, false, scale, out);
  return record('sum', [x], y, (g) => [broadcastTo(reshape(g, kept(x.shape, list)), x.shape, scale)]);
}

/**
 * Sum over the samples of each group, sample s of group g counted c[g, s] times, and not at all where that is 0,
 * whatever it holds. Not recorded: constant to every gradient. In chains of CHAIN samples and segments of SEGMENT.
 * @param x [groups, samples, ...]
 * @param c groups * samples elements
 * @returns [groups, ...]
 */
export function weightedTotal(x: Tensor, c: Tensor): Tensor {
  const [outer, red, ...rest] = x.shape;
  if (c.length !== outer * red) throw shapeError('weightedTotal', [x.shape, c.shape], 'one weight each');
  const weights = { outer, red, inner: sizeOf(rest), weights: c, chain: { terms: CHAIN, most: SEGMENT } };
  return noGrad(() => scope(() => reduceMiddle(x, weights).view([outer, ...rest])));
}

/**
 * The sum over the first axis in chains of LINKS, which are added one after another: for what are sums of records
 * already. Not recorded.
 */
export function chainedSum(x: Tensor): Tensor {
  const [red, ...rest] = x.shape;
  const middle = { outer: 1, red, inner: sizeOf(rest), chain: { terms: LINKS, most: red } };
  return noGrad(() => scope(() => reduceMiddle(x, middle).view(rest)));
}

/** Mean over axes (all by default). */
export function mean(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const count = sizeOf(normaliseAxes('mean', x.shape, axes).map((a) => x.shape[a]));
  return sum(x, axes, { ...options, scale: 1 / count });
}

/** Maximum over axes (all by default). Ties share the cotangent equally. */
export function max(x: Tensor, axes?: number | readonly number[], { keep = false }: ReduceOptions = {}): Tensor {
  common('max', [x]);
  const list = normaliseAxes('max', x.shape, axes);
  const y = reduce(x, list, true, 1, keep ? kept(x.shape, list) : dropped(x.shape, list));
  return record('max', [x], y, (g) => {
    const at = equal(x, reshape(y, kept(x.shape, list)));
    return [mul(at, div(reshape(g, kept(x.shape, list)), sum(at, list, { keep: true })))];
  });
}

/** Sums away what broadcasting added, so that the result has `shape`, times `scale`: the adjoint of broadcastTo. */
export function sumTo(x: Tensor, shape: Shape, scale = 1): Tensor {
  if (same(x.shape, shape)) return scale === 1 ? x : times(x, scale);
  const shift = x.rank - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < shift || (shape[i - shift] === 1 && d !== 1) ? [i] : []));
  return reshape(sum(x, axes, { scale }), shape);
}
