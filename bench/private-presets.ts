/** One step of every private preset: a noisy critic update and a generator update, time and bytes. */
import { presets, withPreset } from '../src/gan/presets/index.ts';
import { checkPrivate, type PrivateConfig, privateConfig } from '../src/gan/private/config.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import type { Shape } from '../src/tensor/shape.ts';
import { privateSystem, rowsOf } from './dpstep.ts';
import { SOFTWARE_BATCH } from './images.ts';
import { bytesHeld, type Result, timeSteps } from './measure.ts';

/** Records of the data set that a private preset is for, and its classes. */
function recordsOf(preset: string): { shape: Shape; classes: number } {
  if (preset.startsWith('ehr')) return { shape: [1071], classes: 1 };
  if (preset.includes('mnist')) return { shape: [28, 28, 1], classes: 10 };
  if (preset.startsWith('celeba')) {
    const side = Number.parseInt(preset.slice('celeba'.length), 10);
    return { shape: [side, side, 3], classes: 2 };
  }
  return { shape: [32, 32, 3], classes: preset.startsWith('cifar10') ? 10 : 2 };
}

/** A preset's system on records that mean nothing, of which each update sees exactly a batch of each critic's. */
function presetSystem(gpu: Gpu, preset: string, most: number) {
  const own = privateConfig.parse(withPreset(preset, {})) as PrivateConfig;
  const batch = Math.min(own.batch, most);
  const steps = { criticSteps: 1, burst: 0, adaptive: 0 };
  const config = checkPrivate({ ...own, ...steps, batch, rows: 0, physicalBatch: batch });
  const { shape, classes } = recordsOf(preset);
  const data = rowsOf({ shape }, config.partitions * batch);
  const labels = { train: data.labels?.train.map((label) => label % classes) ?? new Uint32Array() };
  return privateSystem(gpu, config, { ...data, labels });
}

/** On a software adapter at 8 records an update (32 in tables), unless `large`. */
export async function privatePresetsSuite(gpu: Gpu, large = false): Promise<Result[]> {
  const results: Result[] = [];
  const names = Object.keys(presets).filter((name) => 'noiseMultiplier' in presets[name]);
  // Those of one network and size take the same step.
  const kinds = names.filter((name) => !/^fashion|eps1|small/.test(name) || /eps10-adaptive|small/.test(name));
  for (const preset of kinds) {
    const before = bytesHeld(gpu);
    const software = preset.startsWith('ehr') ? 4 * SOFTWARE_BATCH : SOFTWARE_BATCH;
    const { gan, noise } = presetSystem(gpu, preset, gpu.adapter.software && !large ? software : 65_536);
    const measured = await timeSteps(gpu, gan, { before, rounds: 5, patience: 8000 });
    results.push({
      suite: 'private-presets',
      case: `${preset}, B = ${gan.config.batch}`,
      impl: 'a noisy update of the critic, then one of the generator',
      ...measured,
    });
    gan.dispose();
    noise.dispose();
    gpu.trim();
  }
  return results;
}
