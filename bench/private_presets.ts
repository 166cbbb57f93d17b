/** One step of every private preset: a noisy critic update and a generator update, time and bytes. */
import { withPreset } from '../src/gan/config.ts';
import { DpGan } from '../src/gan/dpgan.ts';
import { presets } from '../src/gan/presets.ts';
import { checkPrivate, type PrivateConfig, privateConfig } from '../src/gan/private_config.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import { PrivacyKey } from '../src/privacy/key.ts';
import { NoiseSource } from '../src/privacy/noise.ts';
import type { Shape } from '../src/tensor/shape.ts';
import { SOFTWARE_BATCH } from './images.ts';
import { bytesHeld, median, type Result } from './measure.ts';

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

/** A preset's system on records that mean nothing, of which each update sees exactly a batch. */
function privateSystem(gpu: Gpu, preset: string, most: number): { gan: DpGan; noise: NoiseSource } {
  const own = privateConfig.parse(withPreset(preset, {})) as PrivateConfig;
  const batch = Math.min(own.batch, most);
  const config = checkPrivate({ ...own, batch, criticSteps: 1, burst: 0, adaptive: 0, physicalBatch: batch });
  const { shape, classes } = recordsOf(preset);
  const features = shape.reduce((a, b) => a * b);
  const train = Uint8Array.from({ length: 2 * batch * features }, (_, i) => Math.imul(i, 2654435761) >>> 24);
  const zeros = Float32Array.from(train, (v) => v & 1);
  const labels = { train: Uint32Array.from({ length: 2 * batch }, (_, i) => i % classes) };
  const data = { train: shape.length === 1 ? zeros : train, features, shape, labels };
  const noise = new NoiseSource(gpu, PrivacyKey.insecure(1));
  const rows = Uint32Array.from({ length: batch }, (_, i) => i);
  const means = { noise, partitions: [rows], samplers: [{ next: () => rows }], spend: () => {} };
  return { gan: new DpGan(gpu, config, data, 1, means), noise };
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
    const { gan, noise } = privateSystem(gpu, preset, gpu.adapter.software && !large ? software : 65_536);
    const step = async () => {
      const start = performance.now();
      await gpu.replay(gan.chunk(1)).done();
      return performance.now() - start;
    };
    await step();
    const bytes = bytesHeld(gpu) - before;
    const times: number[] = [];
    while (times.length < 5 && times.reduce((a, b) => a + b, 0) < 8000) times.push(await step());
    results.push({
      suite: 'private-presets',
      case: `${preset}, B = ${gan.config.batch}`,
      impl: 'a noisy update of the critic, then one of the generator',
      median_ms: median(times),
      best_ms: Math.min(...times),
      bytes,
    });
    gan.dispose();
    noise.dispose();
    gpu.trim();
  }
  return results;
}
