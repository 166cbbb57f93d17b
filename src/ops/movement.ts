import concatShader from '#shaders/concat.wgsl';
import moveShader from '#shaders/move.wgsl';
import {
  broadcastShapes,
  broadcastStrides,
  collapse,
  normaliseAxes,
  pad8,
  type Shape,
  same,
  shapeError,
  show,
  sizeOf,
  stridesOf,
} from '../tensor/shape.ts';
import { force, noGrad, record, recordLazy } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { common, strided } from './dispatch.ts';
import { Deferred } from './epilogue.ts';
import { sumTo } from './reduce.ts';

interface Window {
  /** shape of the result */
  dims: Shape;
  /** where the source starts on each axis of the result, and how far it reaches */
  lo: Shape;
  size: Shape;
  stride: Shape;
  base?: number;
  scale?: number;
}

function move(op: string, x: Tensor, { dims, lo, size, stride, base = 0, scale = 1 }: Window, shape = dims): Tensor {
  const gpu = common(op, [x]);
  if (dims.length > 8) throw shapeError(op, [x.shape], 'more than 8 axes');
  const y = empty(gpu, shape);
  const n = sizeOf(dims);
  const { grid, threads } = strided(gpu, n);
  const inner = (list: Shape, fill: number) => pad8([...list].reverse(), fill);
  const params = {
    n,
    threads,
    base,
    scale,
    dims: inner(dims, 1),
    lo: inner(lo, 0),
    size: inner(size, 1),
    stride: inner(stride, 0),
  };
  gpu.run(moveShader, {}, { x, y }, params, grid);
  return y;
}

/**
 * The same elements under another shape; one size may be -1.
 * @throws VeilganError SHAPE where the counts differ
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((n, d) => (d === -1 ? n : n * d), 1);
  const full = shape.map((d) => (d === -1 ? x.length / known : d));
  if (sizeOf(full) !== x.length || full.some((d) => !Number.isInteger(d) || d < 0)) {
    throw shapeError('reshape', [x.shape], `${x.length} elements do not fill ${show(shape)}`);
  }
  if (same(full, x.shape)) return x;
  return recordLazy('reshape', [x], x.view(full), (g) => [
    g instanceof Deferred ? g.reshaped(x.shape) : reshape(force(g), x.shape),
  ]);
}

/** Axes in another order. @throws VeilganError SHAPE where `order` is not a permutation */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  const axes = order.map((a) => (a < 0 ? a + x.rank : a));
  if (axes.length !== x.rank || [...axes].sort((a, b) => a - b).some((a, i) => a !== i)) {
    throw shapeError('permute', [x.shape], `${show(order)} is not a permutation of its axes`);
  }
  const strides = stridesOf(x.shape);
  const dims = axes.map((a) => x.shape[a]);
  const y = move('permute', x, { dims, lo: dims.map(() => 0), size: dims, stride: axes.map((a) => strides[a]) });
  const back = axes.map((_, i) => axes.indexOf(i));
  return record('permute', [x], y, (g) => [permute(g, back)]);
}

/** The last two axes exchanged. */
export function transpose(x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i);
  return permute(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/**
 * Elements start <= index < end of one axis (negative counts from the end).
 * @throws VeilganError SHAPE for a range outside the axis
 */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const [at] = normaliseAxes('slice', x.shape, axis);
  const extent = x.shape[at];
  const from = start < 0 ? start + extent : start;
  const to = end < 0 ? end + extent : end;
  if (!(from >= 0 && to > from && to <= extent)) {
    throw shapeError('slice', [x.shape], `axis ${at} has no range ${start}..${end}`, `Stay within 0..${extent}`);
  }
  const dims = x.shape.map((d, i) => (i === at ? to - from : d));
  const strides = stridesOf(x.shape);
  const base = from * strides[at];
  // A range of whole leading rows that starts on a binding boundary needs no copy.
  const contiguous = x.shape.slice(0, at).every((d) => d === 1) && (4 * base) % 256 === 0;
  const y = contiguous
    ? x.view(dims, base)
    : move('slice', x, { dims, lo: dims.map(() => 0), size: dims, stride: strides, base });
  return record('slice', [x], y, (g) => [pad(g, at, from, extent - to)]);
}

/** Zeros before and after one axis. @throws VeilganError SHAPE for a negative count */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  const [at] = normaliseAxes('pad', x.shape, axis);
  if (!(before >= 0 && after >= 0))
    throw shapeError('pad', [x.shape], `${before} and ${after} are not counts`, 'Use slice');
  if (before === 0 && after === 0) return x;
  const dims = x.shape.map((d, i) => (i === at ? d + before + after : d));
  const lo = dims.map((_, i) => (i === at ? before : 0));
  const y = move('pad', x, { dims, lo, size: x.shape, stride: stridesOf(x.shape) });
  return record('pad', [x], y, (g) => [slice(g, at, before, before + x.shape[at])]);
}

/**
 * Repeats axes of size 1 (and new leading ones), times `scale`: the adjoint of a scaled sum.
 * @throws VeilganError SHAPE where x does not broadcast to it
 */
export function broadcastTo(x: Tensor, shape: Shape, scale = 1): Tensor {
  if (same(x.shape, shape) && scale === 1) return x;
  if (!same(broadcastShapes('broadcastTo', [x.shape, shape]), shape)) {
    throw shapeError('broadcastTo', [x.shape, shape], 'the target is smaller');
  }
  const walk = collapse(shape, [broadcastStrides(x.shape, shape)]);
  const [stride] = walk.strides;
  const y = move(
    'broadcastTo',
    x,
    { dims: walk.shape, lo: stride.map(() => 0), size: walk.shape, stride, scale },
    shape,
  );
  return record('broadcastTo', [x], y, (g) => [sumTo(g, x.shape, scale)]);
}

function concatTwo(a: Tensor, b: Tensor, axis: number): Tensor {
  const gpu = common('concat', [a, b]);
  if (a.rank !== b.rank || a.shape.some((d, i) => i !== axis && d !== b.shape[i])) {
    throw shapeError('concat', [a.shape, b.shape], `they differ on an axis other than ${axis}`);
  }
  const y = empty(
    gpu,
    a.shape.map((d, i) => (i === axis ? d + b.shape[i] : d)),
  );
  const inner = sizeOf(a.shape.slice(axis + 1));
  const { grid, threads } = strided(gpu, y.length);
  gpu.run(
    concatShader,
    {},
    { a, b, y },
    { n: y.length, threads, am: a.shape[axis] * inner, bm: b.shape[axis] * inner },
    grid,
  );
  const cut = a.shape[axis];
  return record('concat', [a, b], y, (g, wanted) => [
    wanted[0] ? slice(g, axis, 0, cut) : null,
    wanted[1] ? slice(g, axis, cut, cut + b.shape[axis]) : null,
  ]);
}

/** Tensors one after another along an axis. @throws VeilganError SHAPE */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  if (!parts.length) throw shapeError('concat', [], 'needs at least one tensor', 'Give it one');
  const [at] = normaliseAxes('concat', parts[0].shape, axis);
  return parts.slice(1).reduce((a, b) => concatTwo(a, b, at), parts[0]);
}

/** The same values, constant to every gradient. */
export function detach(x: Tensor): Tensor {
  return noGrad(() => x.view(x.shape));
}
