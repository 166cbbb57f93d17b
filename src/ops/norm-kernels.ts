/** Dispatches of the normalisation kernels; ops/normalise.ts is their definition. */
import applyShader from '#shaders/norm_apply.wgsl';
import backShader from '#shaders/norm_back.wgsl';
import mergeShader from '#shaders/norm_merge.wgsl';
import momentsShader from '#shaders/norm_moments.wgsl';
import movingShader from '#shaders/norm_moving.wgsl';
import sumsShader from '#shaders/norm_sums.wgsl';
import type { Gpu } from '../gpu/gpu.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { strided } from './dispatch.ts';
import { reshape } from './movement.ts';
import type { Normalisation, Statistics } from './normalise.ts';
import { sum } from './reduce.ts';

/** [G, n, ..., c] as groups, rows and channels. */
export interface Walk {
  readonly groups: number;
  readonly rows: number;
  readonly channels: number;
}

export const walkOf = (x: Tensor): Walk => {
  const [groups, channels] = [x.shape[0], x.shape[x.rank - 1]];
  return { groups, channels, rows: x.length / (groups * channels) };
};

/** Whether a grid has room for the groups. */
export const fits = (x: Tensor): boolean => x.shape[0] <= 65535;

type Grid = [number, number, number];
const gridOf = (groups: number, threads: number): Grid => [Math.ceil(threads / 64), groups, 1];

/**
 * Threads that share a column of `rows`. A reduction leaves one partial result a strand, so it takes as few as fill the
 * device; a map takes one for so many elements that what a thread loads once is little beside them.
 */
function strandsOf(gpu: Gpu, { groups, rows, channels }: Walk, map: boolean): number {
  const { software } = gpu.adapter;
  const fill = Math.ceil(Math.max((software ? 1024 : 65536) / groups, 64) / channels);
  const wanted = map ? Math.max(fill, Math.ceil(rows / (software ? 256 : 8))) : Math.min(fill, 512);
  return Math.max(1, Math.min(wanted, map ? rows : Math.ceil(rows / 8)));
}

/** Mean and biased variance of each channel of each group. @param x [G, ..., c] @returns [G, c] each */
export function runMoments(x: Tensor): Statistics {
  const { gpu } = x;
  const walk = walkOf(x);
  const { groups, rows, channels } = walk;
  const strands = strandsOf(gpu, walk, false);
  const threads = strands * channels;
  const part = () => empty(gpu, strands === 1 ? [groups, channels] : [groups, strands, channels]);
  const [mean, square] = [part(), part()];
  const params = { total: rows * channels, threads, channels, scale: strands === 1 ? 1 / rows : 1 };
  gpu.run(momentsShader, {}, { x, mean, square }, params, gridOf(groups, threads));
  if (strands === 1) return { mean, variance: square };
  const whole = { mean: empty(gpu, [groups, channels]), variance: empty(gpu, [groups, channels]) };
  const { grid, threads: each } = strided(gpu, groups * channels);
  gpu.run(
    mergeShader,
    {},
    { x, means: mean, squares: square, ...whole },
    { n: groups * channels, threads: each, rows, channels, strands },
    grid,
  );
  return whole;
}

/** What the three kernels of one normalisation have in common. */
function setting({ x, gamma, beta, mean, variance, epsilon, slope }: Normalisation) {
  const walk = walkOf(x);
  const { groups, rows, channels } = walk;
  const per = (t?: Tensor) => (t ? groups / (t.length / channels) : 1);
  return {
    walk,
    overrides: { STATISTICS: mean ? 1 : 0, WEIGHTS: gamma ? 1 : 0 },
    // A switched-off binding needs some buffer.
    bindings: { x, mean: mean ?? x, variance: variance ?? x, gamma: gamma ?? x, beta: beta ?? x },
    params: { total: rows * channels, channels, w_div: per(gamma), s_div: per(mean), epsilon, slope },
  };
}

/** leaky((x - mean) / sqrt(variance + epsilon) gamma + beta) in one pass. */
export function runNormalise(n: Normalisation): Tensor {
  const { gpu, shape } = n.x;
  const { walk, overrides, bindings, params } = setting(n);
  const y = empty(gpu, shape);
  const threads = strandsOf(gpu, walk, true) * walk.channels;
  gpu.run(applyShader, { overrides }, { ...bindings, y }, { ...params, threads }, gridOf(walk.groups, threads));
  return y;
}

/**
 * Sums over the rows of each group and channel of e and of e u; see norm_sums.wgsl.
 * @param g cotangent of the normalised values
 * @returns [2, G, c]
 */
export function runSums(n: Normalisation, g: Tensor): Tensor {
  const { gpu } = n.x;
  const { walk, overrides, bindings, params } = setting(n);
  const { groups, channels } = walk;
  const strands = strandsOf(gpu, walk, false);
  const threads = strands * channels;
  const y = empty(gpu, [2, groups, strands, channels]);
  const half = groups * threads;
  gpu.run(sumsShader, { overrides }, { ...bindings, g, y }, { ...params, threads, half }, gridOf(groups, threads));
  return strands === 1 ? reshape(y, [2, groups, channels]) : sum(y, 2);
}

/** The cotangent of x. @param sums from runSums where the statistics are those of x, null where they were given */
export function runBack(n: Normalisation, g: Tensor, sums: Tensor | null): Tensor {
  const { gpu, shape } = n.x;
  const { walk, overrides, bindings, params } = setting(n);
  const { groups, rows, channels } = walk;
  const y = empty(gpu, shape);
  const threads = strandsOf(gpu, walk, true) * channels;
  gpu.run(
    backShader,
    { overrides: { ...overrides, BATCH: sums ? 1 : 0 } },
    { ...bindings, g, sums: sums ?? g, y },
    { ...params, threads, half: groups * channels, scale: 1 / rows },
    gridOf(groups, threads),
  );
  return y;
}

/** In place; see updateMoving. @param groups sub-batches of one block */
export function runMoving(
  moving: Statistics,
  batch: Statistics,
  groups: number,
  momentum: number,
  correction: number,
): void {
  const { gpu, length: n } = moving.mean;
  const channels = batch.mean.shape[1];
  const { grid, threads } = strided(gpu, n);
  gpu.run(
    movingShader,
    {},
    { batch_mean: batch.mean, batch_variance: batch.variance, mean: moving.mean, variance: moving.variance },
    { n, threads, channels, groups, momentum, correction },
    grid,
  );
  moving.mean.storage.version++;
  moving.variance.storage.version++;
}
