/**
 * PAR-GAN (KDD 2021): one generator against K critics, each of which sees its own partition of the data only. An
 * ordinary GAN is K = 1 of the same code.
 */
import { valueAndGrad } from '../autograd/grad.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Program, Replay } from '../gpu/program.ts';
import type { Parameters } from '../nn/network.ts';
import { log } from '../ops/assign.ts';
import { add, scale, sigmoid } from '../ops/elementwise.ts';
import { concat, detach, reshape, slice } from '../ops/movement.ts';
import { normal, uniform } from '../ops/random.ts';
import { mean, sum } from '../ops/reduce.ts';
import type { OptimizerConfig } from '../optim/optimizer.ts';
import { scope } from '../tensor/scope.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { Batches } from './batches.ts';
import { callRows, inCalls } from './calls.ts';
import type { GanConfig } from './config.ts';
import { criticTerms, generatorTerms, penaltyTerms } from './losses.ts';
import { criticNetwork, generatorNetwork } from './networks.ts';
import { type HostTensors, Player, restoreCount } from './player.ts';
import { Rows, type TrainingData, trainingRows } from './rows.ts';
import { Snapshots } from './snapshots.ts';
import { type LossRow, lossRows, type System } from './train.ts';

/** Most steps of a chunk, which the index list has room for. */
const CHUNK = 256;

export class ParGan implements System<LossRow> {
  readonly gpu: Gpu;
  readonly config: GanConfig;
  readonly seed: number;
  readonly features: number;
  readonly batches: Batches;
  readonly generator: Player;
  readonly critics: Player;
  readonly snapshots: Snapshots;
  readonly maxChunk: number;
  /** of a record */
  readonly shape: Shape;
  /** generator steps done or submitted */
  step = 0;
  readonly #rows: Rows;
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
    this.shape = data.shape ?? [data.features];
    const rows = trainingRows(data, config);
    this.batches = new Batches(rows, config, seed);
    const optimizer: OptimizerConfig =
      config.optimizer === 'adam'
        ? { kind: 'adam', rate: config.rate, beta1: config.beta1, beta2: config.beta2 }
        : { kind: config.optimizer, rate: config.rate };
    const clip = config.divergence === 'wgan' ? config.clip : undefined;
    this.generator = new Player(gpu, 'generator', generatorNetwork(config, this.shape), 1, optimizer);
    this.critics = new Player(gpu, 'critics', criticNetwork(config, this.shape), K, optimizer, clip);
    this.snapshots = new Snapshots(this.generator.model, config.snapshots, config.snapshotEvery);
    this.generator.initialise(seed, 1000);
    this.critics.initialise(seed, 2000);
    const train = data.train.subarray(0, rows * data.features);
    this.#rows = new Rows(gpu, train, { width: data.features, perStep: K * B, chunk: CHUNK });
    this.maxChunk = this.#rows.chunk;
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
    const { config, generator, features: d, seed } = this;
    const { partitions: K, batch: B, criticSteps } = config;
    const real = reshape(this.#rows.gather(), [K, B, d]);
    const fakes = scope(() => generator.train(this.#latent(criticSteps * K), seed));
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
    const [[, terms, penalties], gradient] = valueAndGrad((p: Parameters) => {
      const critic = (x: Tensor) => critics.train(x, this.seed, p);
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
    const { config, generator, critics, seed } = this;
    const z = this.#latent(config.partitions);
    const [loss, gradient] = valueAndGrad((p: Parameters) =>
      mean(generatorTerms(critics.train(generator.train(z, seed, p), seed), this.#ones, config)),
    )(generator.parameters.parts);
    generator.optimizer.update(gradient);
    return loss;
  }

  /** The recorded step; recorded at the first call. */
  program(): Program {
    this.#program ??= this.gpu.capture('pargan.step', () => scope(() => this.#record()));
    return this.#program;
  }

  readonly rows = lossRows;

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
    const count = Math.min(most, this.maxChunk, this.snapshots.room(this.step));
    const program = this.program();
    const first = this.step;
    const places = this.#rows.send(count, (list, at, i) => this.batches.fill(list, at, first + i));
    const replays = places.map((index, i) => ({ program, step: first + i, index }));
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
    this.#program?.dispose();
    this.snapshots.dispose();
    this.generator.dispose();
    this.critics.dispose();
    for (const t of [this.#rows, this.#target, this.#ones]) t.dispose();
  }
}
