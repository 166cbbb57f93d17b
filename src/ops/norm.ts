/** Normalisation layers over [G, n, ..., c] with TensorFlow's defaults. */
import { VeilganError } from '../base/errors.ts';
import { scope } from '../tensor/scope.ts';
import { shapeError, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { common } from './dispatch.ts';
import { reshape } from './movement.ts';
import { runMoving } from './norm-kernels.ts';
import { affine, moments, type Statistics, standardise } from './normalise.ts';

export type { Statistics } from './normalise.ts';

export interface NormOptions {
  /** added to the variance */
  epsilon?: number;
  /** slope below zero of a leaky unit behind the normalisation; none where it is not given */
  slope?: number;
}

/** What batchNorm gives: the activations, and the statistics they were normalised with. */
export interface BatchNormResult {
  /** the shape of x */
  readonly y: Tensor;
  /** [G, c], constant to gradients */
  readonly mean: Tensor;
  /** [G, c], biased (divided by the count), constant to gradients */
  readonly variance: Tensor;
}

/**
 * @param width elements that one block of the others has
 * @throws VeilganError SHAPE, VALIDATION or CONFIG
 */
function check(op: string, x: Tensor, others: readonly Tensor[], width: number, options: Required<NormOptions>): void {
  common(op, [x, ...others]);
  const shapes = [x, ...others].map((t) => t.shape);
  if (x.rank < 3) throw shapeError(op, shapes, 'needs [G, n, ..., c]', 'Add a first axis of groups');
  for (const t of others) {
    const blocks = t.length / width;
    if (blocks >= 1 && x.shape[0] % blocks === 0) continue;
    throw shapeError(op, shapes, `[${t.shape}] holds no blocks of ${width} whose number divides G`);
  }
  const { epsilon, slope } = options;
  if (!(epsilon >= 0) || !Number.isFinite(slope)) {
    throw new VeilganError('CONFIG', `${op} with epsilon ${epsilon} and slope ${slope}`, {
      where: op,
      fix: 'Give finite numbers, epsilon at least 0',
    });
  }
}

const channelsOf = (x: Tensor): number => x.shape[x.rank - 1] ?? 1;

/**
 * Normalises each channel of each group to mean 0 and variance 1 over all other axes, then scales and shifts it:
 * y = (x - mean) / sqrt(variance + epsilon) gamma + beta, through a leaky unit where `slope` is given (Ioffe and
 * Szegedy 2015).
 * @param x [G, n, ..., c], at least three axes
 * @param gamma [c] or [Gw, c], Gw dividing G: group g uses block floor(g Gw / G)
 * @param beta the same
 * @throws VeilganError SHAPE, or CONFIG for a negative epsilon
 */
export function batchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-3, slope = 1 }: NormOptions = {},
): BatchNormResult {
  check('batchNorm', x, [gamma, beta], channelsOf(x), { epsilon, slope });
  const statistics = moments(x);
  return { y: standardise([x, gamma, beta], { ...statistics, each: 1, epsilon, slope }), ...statistics };
}

/**
 * The same with given statistics, as after training.
 * @param mean [c] or [blocks, c], blocks dividing G
 * @throws VeilganError as batchNorm
 */
export function batchNormInference(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  mean: Tensor,
  variance: Tensor,
  { epsilon = 1e-3, slope = 1 }: NormOptions = {},
): Tensor {
  check('batchNormInference', x, [gamma, beta, mean, variance], channelsOf(x), { epsilon, slope });
  return affine([x, gamma, beta, mean, variance], { epsilon, slope });
}

export interface LayerNormOptions extends NormOptions {
  /** how many trailing axes are normalised together */
  axes?: number;
}

/**
 * Normalises each sample, and where `axes` leaves more axes each of their places, over the trailing axes (Ba et al.
 * 2016), then scales and shifts by gamma and beta.
 * @param x [G, n, ..., c], at least three axes
 * @param gamma the shape of the trailing axes, or that behind an axis of weight blocks, [Gw, ...]
 * @param beta the same
 * @throws VeilganError SHAPE, or CONFIG for a negative epsilon or for axes that leave no samples
 */
export function layerNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { axes = 1, epsilon = 1e-3, slope = 1 }: LayerNormOptions = {},
): Tensor {
  if (!(Number.isInteger(axes) && axes >= 1 && axes <= x.rank - 2)) {
    throw new VeilganError('CONFIG', `layerNorm over ${axes} axes of [${x.shape}]`, {
      where: 'layerNorm',
      fix: 'Give a whole number from 1 that leaves the axes of groups and samples',
    });
  }
  const width = sizeOf(x.shape.slice(x.rank - axes));
  check('layerNorm', x, [gamma, beta], width, { epsilon, slope });
  return scope(() => {
    const rows = reshape(x, [x.length / width, width, 1]);
    const unit = standardise([rows], { ...moments(rows), each: 1, epsilon, slope: 1 });
    const samples = reshape(unit, [x.shape[0], x.shape[1], -1, width]);
    return reshape(affine([samples, gamma, beta], { epsilon: 0, slope }), x.shape);
  });
}

/**
 * Normalises each sample's channels in `groups` groups of neighbours, over all places and the channels of the group (Wu
 * and He 2018), then scales and shifts each channel. One group is layer normalisation of whole images, c groups are
 * instance normalisation.
 * @param x [G, n, ..., c], at least three axes
 * @param gamma [c] or [Gw, c]
 * @param beta the same
 * @param groups a divisor of c
 * @throws VeilganError SHAPE where it is none, or as batchNorm
 */
export function groupNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  groups: number,
  { epsilon = 1e-3, slope = 1 }: NormOptions = {},
): Tensor {
  const channels = channelsOf(x);
  check('groupNorm', x, [gamma, beta], channels, { epsilon, slope });
  if (!(Number.isInteger(groups) && groups >= 1 && channels % groups === 0)) {
    throw shapeError('groupNorm', [x.shape], `${groups} groups do not divide ${channels} channels`, 'Give a divisor');
  }
  return scope(() => {
    const samples = x.shape[0] * x.shape[1];
    const each = channels / groups;
    const images = reshape(x, [samples, x.length / (samples * channels), channels]);
    const unit = standardise([images], { ...moments(images, each), each, epsilon, slope: 1 });
    return affine([reshape(unit, x.shape), gamma, beta], { epsilon: 0, slope });
  });
}

export interface MovingOptions {
  momentum?: number;
  /** elements of one channel of one group, n * h * w; with it the variance is stored as N / (N - 1) times itself */
  unbiased?: number;
}

/**
 * Moving averages, in place: for each of the G sub-batches in order, moving = momentum moving + (1 - momentum) batch.
 * TensorFlow stores the unbiased variance for 4-D inputs (images; give the count as `unbiased`) and the biased one for
 * 2-D inputs. They may lie in one buffer, but not with parameters whose gradient is being taken: the update counts as
 * an assignment to that buffer.
 * @param moving mean and variance [c] or [blocks, c]: block b follows the groups from b G / blocks on
 * @param batch mean and variance [G, c], as batchNorm gives them
 * @throws VeilganError SHAPE, or CONFIG for a momentum outside 0..1 or a count below 1
 */
export function updateMoving(
  moving: Statistics,
  batch: Statistics,
  { momentum = 0.99, unbiased }: MovingOptions = {},
): void {
  const all = [moving.mean, moving.variance, batch.mean, batch.variance];
  common('updateMoving', all);
  const shapes = all.map((t) => t.shape);
  const [groups, channels] = batch.mean.shape;
  const blocks = moving.mean.length / channels;
  const paired = batch.variance.length === batch.mean.length && moving.variance.length === moving.mean.length;
  if (batch.mean.rank !== 2 || !paired || blocks < 1 || groups % blocks) {
    throw shapeError('updateMoving', shapes, 'needs moving [blocks, c] and batch [G, c], blocks dividing G');
  }
  if (!(momentum >= 0 && momentum <= 1) || (unbiased !== undefined && !(unbiased >= 1))) {
    throw new VeilganError('CONFIG', `updateMoving with momentum ${momentum} and count ${unbiased}`, {
      where: 'updateMoving',
      fix: 'Give a momentum from 0 to 1 and a count of at least 1',
    });
  }
  // A batch of one element has variance 0; TensorFlow divides by 1 there.
  const correction = unbiased === undefined ? 1 : unbiased / Math.max(1, unbiased - 1);
  runMoving(moving, batch, groups / blocks, momentum, correction);
}
