import liveShader from '#shaders/live.wgsl';
import { VeilganError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { MAX_LIVE } from '../gpu/program.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { strided } from './dispatch.ts';

/**
 * @throws VeilganError CAPTURE outside a program, OVER_LIMIT for more groups than a step block has counts
 */
export function checkLive(gpu: Gpu, groups: number): void {
  if (!gpu.capturing) {
    throw new VeilganError('CAPTURE', 'live counts are of a program', { fix: 'Give the mask as a tensor' });
  }
  if (groups > MAX_LIVE) {
    throw new VeilganError('OVER_LIMIT', `${groups} groups with batches of their own; at most ${MAX_LIVE} fit`, {
      where: 'partitions',
      fix: `Use at most ${MAX_LIVE}`,
    });
  }
}

/**
 * Inside a program: 1 for the rows of each group that count in the replay (`Replay.live`), 0 for the padding behind
 * them.
 * @param behind rows behind those of `batch` that always count
 * @returns [groups, batch + behind]
 * @throws VeilganError as checkLive
 */
export function liveRows(gpu: Gpu, groups: number, batch: number, behind = 0): Tensor {
  checkLive(gpu, groups);
  const y = empty(gpu, [groups, batch + behind]);
  const { grid, threads } = strided(gpu, y.length);
  gpu.run(liveShader, {}, { y }, { n: y.length, threads, batch: batch + behind, padded: batch }, grid);
  return y;
}
