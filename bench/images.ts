/** Training steps of the image presets: time, dispatches, and the bytes that a step needs. */

import { ParGan } from '../src/gan/pargan.ts';
import { makeConfig } from '../src/gan/presets/index.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import { IMAGES, imagesOf } from './conv-layers.ts';
import { bytesHeld, type Result, timeSteps } from './measure.ts';

const PRESETS = ['mnist-small-js', 'mnist-small-wgan-gp', 'mnist-js', 'mnist-wgan-gp', 'cifar10-js', 'cifar10-wgan-gp'];

/** Rows of a critic's minibatch on a software adapter, where a step at the presets' own 64 takes a minute. */
export const SOFTWARE_BATCH = 8;

/** Rounds of a preset, fewer where they would take longer than this; one at least. */
const ROUNDS = 7;
const PATIENCE_MS = 12_000;

/** A preset's system on bytes that mean nothing, as many rows as the preset has. */
export function imageSystem(gpu: Gpu, preset: string, batch?: number): ParGan {
  const own = makeConfig(preset, {});
  const config = makeConfig(preset, { batch: Math.min(own.batch, batch ?? own.batch) });
  const shape = IMAGES[imagesOf(preset)];
  const features = shape.reduce((a, b) => a * b);
  let state = 1;
  const byte = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const train = Uint8Array.from({ length: config.rows * features }, byte);
  return new ParGan(gpu, config, { train, features, shape }, 1);
}

/**
 * One whole training step of every image preset. On a software adapter those whose batch is 64 run at 8 rows a critic,
 * unless `large`.
 */
export async function imagesSuite(gpu: Gpu, large = false): Promise<Result[]> {
  const results: Result[] = [];
  for (const preset of PRESETS) {
    const before = bytesHeld(gpu);
    const small = gpu.adapter.software && !large && !preset.includes('small');
    const gan = imageSystem(gpu, preset, small ? SOFTWARE_BATCH : undefined);
    const measured = await timeSteps(gpu, gan, { before, rounds: ROUNDS, patience: PATIENCE_MS });
    const { partitions, batch } = gan.config;
    results.push({
      suite: 'images',
      case: `${preset} step, K = ${partitions}, B = ${batch}`,
      impl: `one program, ${gan.program().dispatches.length} dispatches`,
      ...measured,
    });
    gan.dispose();
    gpu.trim();
  }
  return results;
}
