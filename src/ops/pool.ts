/**
 * Pooling over NHWC images. Taking the element of each window that was largest is linear, and so is its adjoint, which
 * puts cotangents back there; each is the other's derivative, so every order comes free. The same for averages.
 */
import maxShader from '#shaders/pool_max.wgsl';
import pickShader from '#shaders/pool_pick.wgsl';
import placeShader from '#shaders/pool_place.wgsl';
import { VeilganError } from '../base/errors.ts';
import { scope } from '../tensor/scope.ts';
import { type Shape, shapeError } from '../tensor/shape.ts';
import { record } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { windows } from './conv-geometry.ts';
import { common, strided } from './dispatch.ts';
import { mean } from './reduce.ts';

export interface PoolOptions {
  /** distance of two windows; the window's size where it is not given */
  stride?: number;
  /** 'valid': windows inside the image only; 'same': ceil(extent / stride) windows, TensorFlow's asymmetric padding */
  padding?: 'valid' | 'same';
}

/** A pooling layer's geometry, and the shapes of its input and output. */
interface Pooling {
  readonly from: Shape;
  readonly to: Shape;
  readonly params: Record<
    'channels' | 'size' | 'stride' | 'h' | 'w' | 'before_h' | 'before_w' | 'out_h' | 'out_w',
    number
  >;
}

function pooling(op: string, x: Tensor, size: number, { stride = size, padding = 'valid' }: PoolOptions): Pooling {
  common(op, [x]);
  if (x.rank < 3) throw shapeError(op, [x.shape], 'needs [..., h, w, c]', 'Give images, channels last');
  if (!(Number.isInteger(size) && size >= 1 && Number.isInteger(stride) && stride >= 1)) {
    throw new VeilganError('CONFIG', `${op} with size ${size} and stride ${stride}`, {
      where: op,
      fix: 'Give whole numbers from 1',
    });
  }
  const [h, w, channels] = x.shape.slice(-3);
  const { out: out_h, before: before_h } = windows(h, size, stride, padding);
  const { out: out_w, before: before_w } = windows(w, size, stride, padding);
  if (out_h < 1 || out_w < 1) {
    throw shapeError(op, [x.shape], `a window of ${size} does not fit`, "Use a smaller one, or padding: 'same'");
  }
  return {
    from: x.shape,
    to: [...x.shape.slice(0, -3), out_h, out_w, channels],
    params: { channels, size, stride, h, w, before_h, before_w, out_h, out_w },
  };
}

const overrides = (tap: Tensor | null) => ({ overrides: { AVERAGE: tap ? 0 : 1 } });

/** y[o] = x at the tap of window o, or the window's mean without taps. */
function pick(x: Tensor, tap: Tensor | null, pool: Pooling): Tensor {
  const y = empty(x.gpu, pool.to);
  const { grid, threads } = strided(x.gpu, y.length);
  x.gpu.run(pickShader, overrides(tap), { x, tap: tap ?? x, y }, { n: y.length, threads, ...pool.params }, grid);
  return record('poolPick', [x], y, (g) => [place(g, tap, pool)]);
}

/** The adjoint of pick. */
function place(y: Tensor, tap: Tensor | null, pool: Pooling): Tensor {
  const x = empty(y.gpu, pool.from);
  const { grid, threads } = strided(y.gpu, x.length);
  y.gpu.run(placeShader, overrides(tap), { y, tap: tap ?? y, x }, { n: x.length, threads, ...pool.params }, grid);
  return record('poolPlace', [y], x, (g) => [pick(g, tap, pool)]);
}

/**
 * The maximum of each size x size window. Of equal elements the first, row by row, gets the whole cotangent, as in
 * TensorFlow and PyTorch.
 * @param x [..., h, w, c]
 * @returns [..., out h, out w, c]
 * @throws VeilganError SHAPE where no window fits, CONFIG for a size or stride below 1
 */
export function maxPool(x: Tensor, size: number, options: PoolOptions = {}): Tensor {
  const pool = pooling('maxPool', x, size, options);
  return scope(() => {
    const y = empty(x.gpu, pool.to);
    const tap = empty(x.gpu, pool.to, 'u32');
    const { grid, threads } = strided(x.gpu, y.length);
    x.gpu.run(maxShader, {}, { x, y, tap }, { n: y.length, threads, ...pool.params }, grid);
    return record('maxPool', [x], y, (g) => [place(g, tap, pool)]);
  });
}

/**
 * The mean of each size x size window over its places inside the image.
 * @param x [..., h, w, c]
 * @returns [..., out h, out w, c]
 * @throws VeilganError as maxPool
 */
export function avgPool(x: Tensor, size: number, options: PoolOptions = {}): Tensor {
  return pick(x, null, pooling('avgPool', x, size, options));
}

/** The mean of each channel. @param x [..., h, w, c] @returns [..., c] @throws VeilganError SHAPE below three axes */
export function globalAvgPool(x: Tensor): Tensor {
  if (x.rank < 3) throw shapeError('globalAvgPool', [x.shape], 'needs [..., h, w, c]', 'Give images, channels last');
  return mean(x, [-3, -2]);
}
