import liveShader from '#shaders/live.wgsl';
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { MAX_LIVE } from '../gpu/program.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { strided } from './dispatch.ts';

/**
 * Inside a program: 1 for the rows of each group that count in the replay (`Replay.live`), 0 for the padding behind them.
 * @returns [groups, batch]
 * @throws VeilganError CAPTURE outside a program, OVER_LIMIT for more groups than a step block has counts
 */
export function liveRows(gpu: Gpu, groups: number, batch: number): Tensor {
  if (!gpu.capturing) {
    throw new VeilganError('CAPTURE', 'liveRows works inside a program only', { fix: 'Give the mask as a tensor' });
  }
  if (groups > MAX_LIVE) {
    throw new VeilganError('OVER_LIMIT', `${groups} groups with batches of their own; at most ${MAX_LIVE} fit`, {
      where: '--partitions',
      fix: `Use at most ${MAX_LIVE}`,
    });
  }
  const y = empty(gpu, [groups, batch]);
  const { grid, threads } = strided(gpu, y.length);
  gpu.run(liveShader, {}, { y }, { n: y.length, threads, batch }, grid);
  return y;
}
