import randomShader from '#shaders/random.wgsl';
import { seedWords } from '../base/philox.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { strided } from './dispatch.ts';

export interface DrawOptions {
  /** the run's seed, 0 <= seed < 2^53 */
  seed: number;
  /** outside a program: which of the seed's streams; inside, each draw site is a stream of its own */
  stream?: number;
}

/**
 * What a kernel that draws counts by, besides step, repeat and element; inside a program a new draw site.
 * @throws VeilganError CONFIG for a seed that is no whole number from 0 to 2^53 - 1
 */
export function drawPlace(gpu: Gpu, { seed, stream = 0 }: DrawOptions) {
  const words = seedWords(seed);
  const program = gpu.capturing;
  return { site: program ? program.site() : stream, program: program?.hash ?? 0, ...words };
}

function draw(gpu: Gpu, shape: Shape, normal: boolean, options: DrawOptions): Tensor {
  const place = drawPlace(gpu, options);
  const y = empty(gpu, shape);
  const n = sizeOf(shape);
  const { grid, threads } = strided(gpu, Math.ceil(n / 4));
  gpu.run(randomShader, { overrides: { NORMAL: normal ? 1 : 0 } }, { y }, { n, threads, ...place }, grid);
  return y;
}

/**
 * Uniform draws in [0, 1), 24 bits, by Philox4x32-10 (Salmon et al. 2011). In a program they differ by step, repeat
 * and draw site.
 */
export const uniform = (gpu: Gpu, shape: Shape, options: DrawOptions): Tensor => draw(gpu, shape, false, options);

/** Standard normal draws: Box-Muller over the uniforms of `uniform`. Not for privacy noise. */
export const normal = (gpu: Gpu, shape: Shape, options: DrawOptions): Tensor => draw(gpu, shape, true, options);
