/** What every GAN here is: a generator and K critics with their optimisers, sampling, scoring, and a checkpoint. */
import { valueAndGrad } from '../autograd/grad.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Replay } from '../gpu/program.ts';
import type { Parameters } from '../nn/network.ts';
import { sigmoid } from '../ops/elementwise.ts';
import { detach } from '../ops/movement.ts';
import { normal } from '../ops/random.ts';
import { mean } from '../ops/reduce.ts';
import type { OptimizerConfig } from '../optim/optimizer.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { callRows, inCalls } from './calls.ts';
import type { GanConfig } from './config.ts';
import { generatorTerms } from './losses.ts';
import { criticNetwork, generatorNetwork } from './networks.ts';
import { type HostTensors, Player, restoreCount } from './player.ts';
import type { TrainingData } from './rows.ts';
import { Snapshots } from './snapshots.ts';
import { type LossRow, lossRows, type System } from './train.ts';

export abstract class GanSystem implements System<LossRow> {
  readonly gpu: Gpu;
  readonly config: GanConfig;
  readonly seed: number;
  /** values of a record, and its shape */
  readonly features: number;
  readonly shape: Shape;
  readonly generator: Player;
  readonly critics: Player;
  readonly snapshots: Snapshots;
  /** generator steps done or submitted */
  step = 0;
  readonly #ones: Tensor;

  abstract readonly maxChunk: number;
  /** The replays of the next steps, at most `most`; they must be submitted before anything else is asked. */
  abstract chunk(most: number): Replay[];
  rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] {
    return lossRows(logs, first);
  }
  /** The partition of each of the data set's training rows; rows that no critic sees have `partitions`. */
  abstract owners(): Uint32Array;

  /** @throws VeilganError CONFIG where the networks cannot make such records */
  constructor(gpu: Gpu, config: GanConfig, { features, shape = [features] }: TrainingData, seed: number) {
    const { partitions: K, batch: B } = config;
    this.gpu = gpu;
    this.config = config;
    this.seed = seed;
    this.features = features;
    this.shape = shape;
    const optimizer: OptimizerConfig =
      config.optimizer === 'adam'
        ? { kind: 'adam', rate: config.rate, beta1: config.beta1, beta2: config.beta2 }
        : { kind: config.optimizer, rate: config.rate };
    const clip = config.divergence === 'wgan' ? config.clip : undefined;
    this.generator = new Player(gpu, 'generator', generatorNetwork(config, shape), 1, optimizer);
    this.critics = new Player(gpu, 'critics', criticNetwork(config, shape), K, optimizer, clip);
    this.snapshots = new Snapshots(this.generator.model, config.snapshots, config.snapshotEvery);
    this.generator.initialise(seed, 1000);
    this.critics.initialise(seed, 2000);
    this.#ones = tensor(gpu, new Float32Array(K * B).fill(1), [K, B, 1]);
  }

  /** Latent vectors for `groups` sub-batches of `n`, by default of B. */
  latent(groups: number, n: number = this.config.batch): Tensor {
    return normal(this.gpu, [groups, n, this.config.latent], { seed: this.seed });
  }

  /** One update of the generator; gives its loss before it. */
  updateGenerator(): Tensor {
    const { config, generator, critics, seed } = this;
    const z = this.latent(config.partitions);
    const [loss, gradient] = valueAndGrad((p: Parameters) =>
      mean(generatorTerms(critics.train(generator.train(z, seed, p), seed), this.#ones, config)),
    )(generator.parameters.parts);
    generator.optimizer.update(gradient);
    return loss;
  }

  /**
   * Generated rows [n, features], drawn in turn from the snapshots of the generator (`config.snapshots`; the last one
   * is the current generator). Row i depends on the run, `stream` and i only.
   * @param stream which of the seed's latent sequences
   */
  async sample(n: number, stream = 0): Promise<Float32Array> {
    const { gpu, seed, features: d } = this;
    this.snapshots.take(this.step);
    const members = this.snapshots.members(this.step);
    const out = new Float32Array(n * d);
    const rows = Math.ceil(n / members.length);
    const call = callRows(d);
    for (const [m, model] of members.entries()) {
      const draw = (first: number) => {
        const at = 0x10000 * (64 * (stream + 1) + m) + first / call;
        return detach(this.generator.infer(normal(gpu, [1, call, this.config.latent], { seed, stream: at }), model));
      };
      await inCalls(rows, call, draw, (made, first, count) => {
        for (let r = 0; r < count; r++) {
          const row = (first + r) * members.length + m;
          if (row < n) out.set(made.subarray(r * d, (r + 1) * d), row * d);
        }
      });
    }
    return out;
  }

  /** Score of each row by each critic, [K, rows]: probabilities where the divergence is JS, else critic values. */
  async scores(x: Float32Array): Promise<Float32Array> {
    const { features: d, config } = this;
    const rows = x.length / d;
    const K = config.partitions;
    const out = new Float32Array(K * rows);
    const call = callRows(d);
    const score = (first: number) => {
      const some = x.subarray(first * d, Math.min(rows, first + call) * d);
      const raw = this.critics.infer(tensor(this.gpu, some, [1, some.length / d, d]));
      return config.divergence === 'js' ? sigmoid(raw) : detach(raw);
    };
    await inCalls(rows, call, score, (part, first, n) => {
      for (let k = 0; k < K; k++) out.set(part.subarray(k * n, (k + 1) * n), k * rows + first);
    });
    return out;
  }

  /** Parameters, moments and counters: with the seed and the config, all that the rest of the run depends on. */
  async state(): Promise<{ tensors: HostTensors; meta: Record<string, string> }> {
    this.snapshots.take(this.step);
    const g = await this.generator.state();
    const d = await this.critics.state();
    return {
      tensors: { ...g.tensors, ...d.tensors, ...(await this.snapshots.state('generator.snapshot')) },
      meta: { step: String(this.step), generator_updates: String(g.updates), critic_updates: String(d.updates) },
    };
  }

  /** Goes on from what `state` gave. @throws VeilganError FILE where it belongs to another network */
  restore(tensors: Readonly<HostTensors>, meta: Readonly<Record<string, string>>): void {
    this.generator.restore(tensors, restoreCount(meta, 'generator_updates'));
    this.critics.restore(tensors, restoreCount(meta, 'critic_updates'));
    this.snapshots.restore('generator.snapshot', tensors);
    this.step = restoreCount(meta, 'step');
  }

  dispose(): void {
    this.snapshots.dispose();
    this.generator.dispose();
    this.critics.dispose();
    this.#ones.dispose();
  }
}
