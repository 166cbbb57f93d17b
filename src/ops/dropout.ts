/** Dropout (Srivastava et al. 2014), inverted: what is kept is scaled up in training, so inference changes nothing. */
import dropoutShader from '#shaders/dropout.wgsl';
import { VeilganError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { scope } from '../tensor/scope.ts';
import { type Shape, same, shapeError, sizeOf } from '../tensor/shape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { strided } from './dispatch.ts';
import { leakyDropout as maskedLeaky, mul } from './elementwise.ts';
import { type DrawOptions, drawPlace } from './random.ts';
import type { RowTags } from './row-draws.ts';

/** Where masks come from: the run's seed, or the rows themselves, which keep their masks wherever they stand. */
export interface DropOptions extends DrawOptions {
  /** of the rows that are masked; then seed and stream have no say */
  readonly rows?: RowTags;
}

/**
 * A dropout mask: 0 with probability `rate`, else 1 / (1 - rate). Element i is kept where element i of `uniform` with
 * the same options is at least `rate`; in a program masks differ by step, repeat and draw site. With
 * `rows` as `RowTags.mask`.
 * @throws VeilganError CONFIG for a rate outside 0 <= rate < 1, SHAPE where there is not one tag a row
 */
export function dropoutMask(gpu: Gpu, shape: Shape, rate: number, options: DropOptions): Tensor {
  if (!(rate >= 0 && rate < 1)) {
    throw new VeilganError('CONFIG', `a dropout rate of ${rate}`, {
      where: 'dropout',
      fix: 'Give the share to drop, at least 0 and below 1',
    });
  }
  if (options.rows) return options.rows.mask(shape, rate);
  const place = drawPlace(gpu, options);
  const y = empty(gpu, shape);
  const n = sizeOf(shape);
  const { grid, threads } = strided(gpu, Math.ceil(n / 4));
  gpu.run(dropoutShader, {}, { y }, { n, threads, rate, keep: 1 / (1 - rate), ...place }, grid);
  return y;
}

/**
 * x with each element set to 0 with probability `rate` and else scaled by 1 / (1 - rate). One mask serves the value and
 * every derivative of it. A rate of 0 gives x itself.
 * @throws VeilganError CONFIG for a rate outside 0 <= rate < 1
 */
export function dropout(x: Tensor, rate: number, options: DropOptions): Tensor {
  return rate === 0 ? x : scope(() => mul(x, dropoutMask(x.gpu, x.shape, rate, options)));
}

/**
 * A leaky unit followed by dropout, in one pass: leaky(x) * mask.
 * @param mask from dropoutMask, of x's shape
 * @param slope below zero
 * @throws VeilganError SHAPE where the shapes differ
 */
export function leakyDropout(x: Tensor, mask: Tensor, slope: number): Tensor {
  if (!same(x.shape, mask.shape)) throw shapeError('leakyDropout', [x.shape, mask.shape], 'they differ');
  return maskedLeaky(x, mask, slope);
}
