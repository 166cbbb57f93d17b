/**
 * What privacy costs: one update of the private critics over the same update without privacy, at equal live rows. Both
 * make their fakes, go forward and back, and take an optimiser's step; the private one also clips the gradient of each
 * record and adds noise. Beside them the definition, every gradient by sample in memory, where that fits.
 */
import { perSample, sampleNorms, weightedSum } from '../src/autograd/per-sample.ts';
import { divergences } from '../src/gan/divergences.ts';
import { DpGan } from '../src/gan/dpgan.ts';
import { ParGan } from '../src/gan/pargan.ts';
import { withPreset } from '../src/gan/presets/index.ts';
import { type PrivateConfig, privateConfig } from '../src/gan/private/config.ts';
import { mechanismOf } from '../src/gan/private/plan.ts';
import type { GanSystem } from '../src/gan/system.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import type { Program, Replay } from '../src/gpu/program.ts';
import type { Parameters } from '../src/nn/network.ts';
import { clamp, reciprocal } from '../src/ops/elementwise.ts';
import { concat, reshape } from '../src/ops/movement.ts';
import { PrivacyKey } from '../src/privacy/key.ts';
import { gaussianNoise, NoiseSource } from '../src/privacy/noise.ts';
import { BoundedSum } from '../src/privacy/sensitivity.ts';
import { scope } from '../src/tensor/scope.ts';
import { type Shape, sizeOf } from '../src/tensor/shape.ts';
import { tensor } from '../src/tensor/tensor.ts';
import type { TrainingData } from '../src/train/rows.ts';
import { alternate, bytesHeld, median, type Result, type Subject } from './measure.ts';

/** Critics, and how many rows of each kind their minibatches have. */
export interface DpCase {
  readonly name: string;
  readonly preset: string;
  readonly partitions: number;
  readonly shape: Shape;
  readonly kind: 'dense' | 'conv';
  readonly batches: readonly number[];
  /** those that take minutes on a software adapter */
  readonly large: readonly number[];
}

const blobs = { preset: 'blobs-js', shape: [2], kind: 'dense', batches: [64, 256, 1024], large: [] } as const;
const images = { partitions: 1, shape: [28, 28, 1], kind: 'conv', batches: [64], large: [256, 1024] } as const;

export const DP_CASES: readonly DpCase[] = [
  { ...blobs, name: 'Blobs D, K = 10', partitions: 10 },
  { ...blobs, name: 'Blobs D, K = 1', partitions: 1 },
  { ...images, name: 'MNIST D', preset: 'mnist-js' },
  { ...images, name: 'revisited D', preset: 'mnist-dpgan-revisited-eps10' },
];

/** Time and memory over those without privacy. */
const BUDGET = { dense: 1.15, conv: 1.2, bytes: 1.1 } as const;
const ROUNDS = 15;
/** Rounds of a case where those of all three together take longer than this. */
const FEW = 3;
const PATIENCE_MS = 3000;
/** Most updates of a chunk. */
const CHUNK = 64;
/** Elements of the largest tensor of gradients by sample that the definition is tried with: 128 MiB. */
const LARGEST = 1 << 25;

/** The config of both systems: a preset's, without what makes updates of unlike cost. */
export function configOf({ preset, partitions }: DpCase, batch: number): PrivateConfig {
  const fields = withPreset(preset, { partitions, batch, criticSteps: 1, rows: 0, population: 0 });
  return privateConfig.parse({ ...fields, physicalBatch: batch, burst: 0, adaptive: 0, epsilon: 0 });
}

/** Rows that mean nothing, as many as one batch of every critic takes. */
export function rowsOf({ shape }: Pick<DpCase, 'shape'>, rows: number): TrainingData {
  const features = sizeOf(shape);
  const bytes = Uint8Array.from({ length: rows * features }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
  const train = shape.length === 3 ? bytes : Float32Array.from(bytes, (b) => b / 128 - 1);
  return { train, features, shape, labels: { train: Uint32Array.from({ length: rows }, (_, i) => i % 10) } };
}

/** A private system whose samples are all its records: B to each critic. */
export function privateSystem(gpu: Gpu, config: PrivateConfig, data: TrainingData) {
  const { partitions: K, batch: B } = config;
  const noise = new NoiseSource(gpu, PrivacyKey.insecure(1));
  const partitions = Array.from({ length: K }, (_, k) => Uint32Array.from({ length: B }, (_, i) => k * B + i));
  const samplers = partitions.map((rows) => ({ next: () => rows }));
  const mechanism = mechanismOf(config, K * B);
  const tags = new Uint32Array(2 * K * B).map((_, i) => i);
  const means = { mechanism, noise, tags, partitions, samplers, spend: () => {} };
  return { gan: new DpGan(gpu, config, data, 1, means), noise };
}

/** The private update by its definition: clipping and summing gradients by sample with plain operations. */
function definition(gan: GanSystem, config: PrivateConfig, noise: NoiseSource): Program {
  const { gpu, critics, generator, seed } = gan;
  const { partitions: K, batch: B, noiseMultiplier: multiplier, clipNorm: bound } = config;
  return gpu.capture('dpstep.definition', () =>
    scope(() => {
      const target = Float32Array.from({ length: K * 2 * B }, (_, i) => (i % (2 * B) < B ? 1 : 0));
      // Two batches of fakes: real rows are as many values.
      const rows = scope(() => generator.train(gan.latent(K, B), seed));
      const both = concat([rows, rows], 1);
      const losses = (p: Parameters) => {
        const terms = divergences[config.divergence].critic(
          critics.train(both, seed, p),
          tensor(gpu, target, [K, 2 * B, 1]),
          config,
        );
        return reshape(terms, [K, 2 * B]);
      };
      const each = perSample(losses, critics.parameters.parts);
      const sums = weightedSum(each, clamp(reciprocal(sampleNorms(each, 2)), 0, bound));
      const noisy = Object.entries(sums).map(([name, g]) => [
        name,
        gaussianNoise(noise, BoundedSum.claimed(g, bound), { multiplier, scale: 1 / B }),
      ]);
      critics.optimizer.update(Object.fromEntries(noisy));
    }),
  );
}

/** Runs an update so many times, in chunks. */
export const replaying = (gpu: Gpu, update: readonly Replay[]) => async (times: number) => {
  for (let done = 0; done < times; done += CHUNK) {
    const count = Math.min(CHUNK, times - done);
    await gpu.replay(Array.from({ length: count }, () => update).flat()).done();
  }
};

const count = (update: readonly Replay[]) => update.reduce((n, { program }) => n + program.dispatches.length, 0);

/** One case at one batch: the update without privacy, with it, and by its definition. */
async function updates(gpu: Gpu, some: DpCase, batch: number): Promise<Result[]> {
  const config = configOf(some, batch);
  const data = rowsOf(some, config.partitions * batch);
  const held: number[] = [];
  /** What `make` gives, and the bytes that have come to be held. */
  const measured = async <T>(make: () => T | Promise<T>): Promise<T> => {
    const before = bytesHeld(gpu);
    const made = await make();
    held.push(bytesHeld(gpu) - before);
    return made;
  };
  const plain = await measured(async () => {
    const gan = new ParGan(gpu, config, data, 1);
    await gpu.replay(gan.chunk(1)).done();
    return gan;
  });
  const critics = plain.criticProgram();
  const { gan, noise, replays } = await measured(async () => {
    const made = privateSystem(gpu, config, data);
    const replays = made.gan.chunk(1);
    await gpu.replay(replays).done();
    return { ...made, replays };
  });
  const update = replays.filter(({ program }) => program.name !== 'dpgan.generate');
  const subjects: Subject[] = [
    {
      name: `without privacy, ${critics.dispatches.length} dispatches`,
      run: replaying(gpu, [{ program: critics, step: 0 }]),
    },
    { name: `private, ${count(update)} dispatches`, run: replaying(gpu, update) },
  ];
  const largest = Math.max(...Object.values(gan.critics.parameters.parts).map((t) => t.length));
  let whole: Program | null = null;
  if (2 * batch * largest <= LARGEST) {
    const program = await measured(() => definition(plain, config, noise));
    whole = program;
    held[2] += held[0];
    subjects.push({
      name: `private by its definition, ${program.dispatches.length} dispatches`,
      run: replaying(gpu, [{ program, step: 0 }]),
    });
  }
  for (const { run } of subjects) await run(1);
  const begun = performance.now();
  for (const { run } of subjects) await run(1);
  const few = performance.now() - begun > PATIENCE_MS;
  const times = await alternate(subjects, { rounds: few ? FEW : ROUNDS, targetMs: few ? 1 : 150 });
  whole?.dispose();
  critics.dispose();
  plain.dispose();
  gan.dispose();
  noise.dispose();
  gpu.trim();

  const about = { suite: 'dpstep', case: `${some.name}, B = ${batch}` };
  const results = subjects.map(({ name }, i): Result => {
    // Round by round, because what slows one slows its neighbours.
    const ratio = median(times[i].map((ms, round) => ms / times[0][round]));
    const budget = BUDGET[some.kind];
    const of =
      i === 1 ? { ratio: ratio / budget, of: `budget ${budget}x the time without privacy (${ratio.toFixed(2)}x)` } : {};
    const times0 = { median_ms: median(times[i]), best_ms: Math.min(...times[i]), bytes: held[i] };
    return { ...about, impl: name, ...times0, ...(i === 2 ? { ratio, of: 'the time without privacy' } : of) };
  });
  const ratio = held[1] / held[0];
  const memory: Result = {
    ...about,
    impl: 'private, memory',
    median_ms: median(times[1]),
    bytes: held[1],
    ratio: ratio / BUDGET.bytes,
    of: `budget ${BUDGET.bytes}x the bytes without privacy (${ratio.toFixed(3)}x)`,
  };
  return [...results.slice(0, 2), memory, ...results.slice(2)];
}

/** Every case at its batches; those that take minutes on a software adapter with `large` only. */
export async function dpstepSuite(gpu: Gpu, large = false): Promise<Result[]> {
  const results: Result[] = [];
  for (const some of DP_CASES) {
    const batches = gpu.adapter.software && !large ? some.batches : [...some.batches, ...some.large];
    for (const batch of batches) results.push(...(await updates(gpu, some, batch)));
  }
  return results;
}
