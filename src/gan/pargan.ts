/**
 * PAR-GAN (KDD 2021): one generator against K critics, each of which sees its own partition of the data only. An
 * ordinary GAN is K = 1 of the same code.
 */
import { valueAndGrad } from '../autograd/grad.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Program, Replay } from '../gpu/program.ts';
import { mlp } from '../nn/dense.ts';
import { log } from '../ops/assign.ts';
import { add, scale, sigmoid } from '../ops/elementwise.ts';
import { gather } from '../ops/gather.ts';
import { concat, detach, reshape, slice } from '../ops/movement.ts';
import { normal, uniform } from '../ops/random.ts';
import { mean, sum } from '../ops/reduce.ts';
import type { OptimizerConfig } from '../optim/optimizer.ts';
import { scope } from '../tensor/scope.ts';
import { empty, type Tensor, tensor } from '../tensor/tensor.ts';
import { Batches } from './batches.ts';
import type { GanConfig } from './config.ts';
import { criticTerms, generatorTerms, penaltyTerms } from './losses.ts';
import { type HostTensors, Player, restoreCount } from './player.ts';
import { Snapshots } from './snapshots.ts';
import type { System } from './train.ts';

/** Rows of a sampling or scoring call; fixed, so that a row does not depend on how many are asked for. */
const CALL = 4096;
/** Most steps of a chunk, which the index list has room for. */
const CHUNK = 256;

export interface TrainingData {
  /** [rows, features] */
  readonly train: Float32Array;
  readonly features: number;
}

export class ParGan implements System {
  readonly gpu: Gpu;
  readonly config: GanConfig;
  readonly seed: number;
  readonly features: number;
  readonly batches: Batches;
  readonly generator: Player;
  readonly critics: Player;
  readonly snapshots: Snapshots;
  readonly maxChunk = CHUNK;
  /** generator steps done or submitted */
  step = 0;
  readonly #data: Tensor;
  readonly #index: Tensor;
  readonly #list: Uint32Array;
  readonly #target: Tensor;
  readonly #ones: Tensor;
  #program: Program | null = null;

  /** @throws VeilganError CONFIG where the data do not fill the partitions */
  constructor(gpu: Gpu, config: GanConfig, data: TrainingData, seed: number) {
    const { partitions: K, batch: B } = config;
    this.gpu = gpu;
    this.config = config;
    this.seed = seed;
    this.features = data.features;
    const rows = data.train.length / data.features;
    this.batches = new Batches(rows, config, seed);
    const optimizer: OptimizerConfig =
      config.optimizer === 'adam'
        ? { kind: 'adam', rate: config.rate, beta1: config.beta1, beta2: config.beta2 }
        : { kind: config.optimizer, rate: config.rate };
    const generator = mlp([config.latent, ...config.generatorHidden, data.features], config.slope);
    const critic = mlp([data.features, ...config.criticHidden, 1], config.slope);
    this.generator = new Player(gpu, 'generator', generator, 1, optimizer);
    this.critics = new Player(
      gpu,
      'critics',
      critic,
      K,
      optimizer,
      config.divergence === 'wgan' ? config.clip : undefined,
    );
    this.snapshots = new Snapshots(this.generator.parameters, config.snapshots, config.snapshotEvery);
    generator.initialise(this.generator.parameters.parts, seed, 1000);
    critic.initialise(this.critics.parameters.parts, seed, 2000);
    this.#data = tensor(gpu, data.train, [rows, data.features]);
    this.#list = new Uint32Array(CHUNK * K * B);
    this.#index = empty(gpu, [this.#list.length], 'u32');
    this.#target = tensor(
      gpu,
      Float32Array.from({ length: K * 2 * B }, (_, i) => (i % (2 * B) < B ? 1 : 0)),
      [K, 2 * B, 1],
    );
    this.#ones = tensor(gpu, new Float32Array(K * B).fill(1), [K, B, 1]);
  }

  /** Latent vectors for `groups` sub-batches. */
  #latent(groups: number): Tensor {
    return normal(this.gpu, [groups, this.config.batch, this.config.latent], { seed: this.seed });
  }

  /**
   * One training step in the order of the notebooks: a real minibatch from each partition, used throughout; n_D critic
   * updates, each against fresh fakes; one generator update. The generator does not change while the critics do, so
   * all fakes of that phase are one call of it.
   */
  #record(): void {
    log('loss_d', this.#criticPhase());
    log('loss_g', this.#generatorPhase());
  }

  /** Gives the loss of each critic before its last update, [K]. */
  #criticPhase(): Tensor {
    const { config, generator, features: d } = this;
    const { partitions: K, batch: B, criticSteps } = config;
    const real = reshape(gather(this.#data, { list: this.#index, perStep: K * B }), [K, B, d]);
    const fakes = generator.apply(this.#latent(criticSteps * K));
    for (let r = 1; r < criticSteps; r++)
      scope(() => void this.#criticUpdate(real, slice(fakes, 0, (r - 1) * K, r * K)));
    return scope(() => {
      const { terms, penalties } = this.#criticUpdate(real, slice(fakes, 0, (criticSteps - 1) * K, criticSteps * K));
      const own = sum(terms, [1, 2], { scale: 1 / B });
      return penalties ? add(own, mean(scale(penalties, config.penalty), 1)) : own;
    });
  }

  /** One update of every critic on real and fake rows [K, B, d]; gives the terms of their losses. */
  #criticUpdate(real: Tensor, fake: Tensor): { terms: Tensor; penalties?: Tensor } {
    const { config, critics } = this;
    const { partitions: K, batch: B } = config;
    const both = concat([real, fake], 1);
    const at = config.divergence === 'wgan-gp' ? uniform(this.gpu, [K, B, 1], { seed: this.seed }) : null;
    const [[, terms, penalties], gradient] = valueAndGrad((p: Readonly<Record<string, Tensor>>) => {
      const critic = (x: Tensor) => critics.network.apply(p, x);
      const terms = criticTerms(critic(both), this.#target, config);
      // No term is shared between critics, so the gradient of the sum is each one's own.
      const bare = sum(terms, undefined, { scale: 1 / B });
      if (!at) return [bare, terms] as const;
      const penalties = penaltyTerms(critic, real, fake, at);
      return [add(bare, sum(penalties, undefined, { scale: config.penalty / B })), terms, penalties] as const;
    })(critics.parameters.parts);
    critics.optimizer.update(gradient);
    return { terms, penalties };
  }

  /** One update of the generator; gives its loss before it. */
  #generatorPhase(): Tensor {
    const { config, generator, critics } = this;
    const z = this.#latent(config.partitions);
    const [loss, gradient] = valueAndGrad((p: Readonly<Record<string, Tensor>>) =>
      mean(generatorTerms(critics.apply(generator.network.apply(p, z)), this.#ones, config)),
    )(generator.parameters.parts);
    generator.optimizer.update(gradient);
    return loss;
  }

  /** The recorded step; recorded at the first call. */
  program(): Program {
    this.#program ??= this.gpu.capture('pargan.step', () => scope(() => this.#record()));
    return this.#program;
  }

  /** The critics' phase of a step alone, for benchmarks; the caller disposes of it. */
  criticProgram(): Program {
    return this.gpu.capture('pargan.critics', () => scope(() => void this.#criticPhase()));
  }

  /**
   * Draws the batches of the next steps, at most `most` of them, uploads them in one write, and gives the steps'
   * replays, which must be submitted before anything else is asked of the system.
   */
  chunk(most: number): Replay[] {
    this.snapshots.take(this.step);
    const count = Math.min(most, CHUNK, this.snapshots.room(this.step));
    const program = this.program();
    const width = this.config.partitions * this.config.batch;
    const replays = Array.from({ length: count }, (_, i) => {
      this.batches.fill(this.#list, i * width, this.step + i);
      return { program, step: this.step + i, index: i * width };
    });
    this.gpu.upload(this.#index, this.#list.subarray(0, count * width));
    this.step += count;
    return replays;
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
    for (const [m, { parts }] of members.entries()) {
      for (let first = 0, call = 0; first < rows; first += CALL, call++) {
        const y = scope(() => {
          const draw = 0x10000 * (64 * (stream + 1) + m) + call;
          return detach(
            this.generator.network.apply(parts, normal(gpu, [1, CALL, this.config.latent], { seed, stream: draw })),
          );
        });
        const made = await y.read();
        y.dispose();
        for (let r = 0; r < Math.min(CALL, rows - first); r++) {
          const row = (first + r) * members.length + m;
          if (row < n) out.set(made.subarray(r * d, (r + 1) * d), row * d);
        }
      }
    }
    return out;
  }

  /** Score of each row by each critic, [K, rows]: probabilities where the divergence is JS, else critic values. */
  async scores(x: Float32Array): Promise<Float32Array> {
    const { features: d, config } = this;
    const rows = x.length / d;
    const K = config.partitions;
    const out = new Float32Array(K * rows);
    for (let first = 0; first < rows; first += CALL) {
      const n = Math.min(CALL, rows - first);
      const y = scope(() => {
        const batch = tensor(this.gpu, x.subarray(first * d, (first + n) * d), [1, n, d]);
        const raw = this.critics.apply(batch);
        return config.divergence === 'js' ? sigmoid(raw) : detach(raw);
      });
      const part = await y.read();
      y.dispose();
      for (let k = 0; k < K; k++) out.set(part.subarray(k * n, (k + 1) * n), k * rows + first);
    }
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
    this.#program?.dispose();
    this.snapshots.dispose();
    this.generator.dispose();
    this.critics.dispose();
    for (const t of [this.#data, this.#index, this.#target, this.#ones]) t.dispose();
  }
}
