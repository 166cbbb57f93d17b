/**
 * Differentially private GANs. DP-GAN with per-sample clipping (Xie et al. 2018 clips weights instead; Bie, Kamath and
 * Zhang 2023 clip samples) is K = 1; dp-pargan is PAR-GAN whose critics, on disjoint partitions, are each noised: a
 * record touches one critic only, so the guarantee is that of one (parallel composition).
 *
 * Only the critics' updates see data. Each is a sum of clipped gradients over a Poisson sample, in as many device
 * batches as it takes, plus noise, divided by a constant. The generator and its samples are post-processing.
 */
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Program, Replay } from '../gpu/program.ts';
import type { Parameters } from '../nn/network.ts';
import { assign, log, pack } from '../ops/assign.ts';
import { add, scale } from '../ops/elementwise.ts';
import { liveRows } from '../ops/live.ts';
import { reshape } from '../ops/movement.ts';
import { uniform } from '../ops/random.ts';
import { mean } from '../ops/reduce.ts';
import { scratch } from '../optim/flat.ts';
import { clippedSum } from '../privacy/clip.ts';
import { gaussianNoise, type NoiseSource } from '../privacy/noise.ts';
import { type PhysicalBatch, type PoissonSampler, physicalBatches } from '../privacy/sampling.ts';
import { scope } from '../tensor/scope.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { criticTerms, penaltyTerms } from './losses.ts';
import { type PrivateConfig, physicalRows } from './private_config.ts';
import { Rows, type TrainingData, trainingRows } from './rows.ts';
import { GanSystem } from './system.ts';
import { type LossRow, lossRows } from './train.ts';

/** Most device batches of a chunk. */
const CHUNK = 256;

/** Most device batches that an expected batch may be cut into. */
const MOST = 64;

/** What a private system is given beside its data. */
export interface PrivateMeans {
  readonly noise: NoiseSource;
  /** for each critic the rows of its partition, by a rule that looks at each record alone */
  readonly partitions: readonly Uint32Array[];
  /** for each critic what draws Poisson samples of those rows */
  readonly samplers: readonly PoissonSampler[];
  /** told of noisy updates before they are submitted: `from` is the number of those before them */
  readonly spend: (from: number, to: number) => void;
}

export class DpGan extends GanSystem {
  declare readonly config: PrivateConfig;
  readonly maxChunk = CHUNK;
  readonly #means: PrivateMeans;
  readonly #total: number;
  readonly #physical: number;
  readonly #rows: Rows;
  readonly #sum: Tensor;
  readonly #part: Tensor;
  readonly #zeros: Tensor;
  #programs: { accumulate: Program; finish: Program; generate: Program } | null = null;
  #pending: PhysicalBatch[] | null = null;
  /** for each chunk in flight: how many noisy updates it makes before each of its generator updates */
  readonly #before: number[][] = [];
  #lastLoss: Float32Array | null = null;

  /** @throws VeilganError CONFIG where the networks cannot make such records, OVER_LIMIT for too many partitions */
  constructor(gpu: Gpu, config: PrivateConfig, data: TrainingData, seed: number, means: PrivateMeans) {
    const physical = physicalRows(config);
    if (config.batch > MOST * physical) {
      throw new VeilganError('CONFIG', `batches of about ${config.batch} records in device batches of ${physical}`, {
        where: '--physical-batch',
        fix: `Use at least ${Math.ceil(config.batch / MOST)}`,
      });
    }
    super(gpu, config, data, seed);
    this.#means = means;
    this.#total = trainingRows(data, config);
    this.#physical = physical;
    const train = data.train.subarray(0, this.#total * data.features);
    const perStep = config.partitions * this.#physical;
    this.#rows = new Rows(gpu, train, { width: data.features, perStep, chunk: CHUNK });
    const { whole } = this.critics.parameters;
    [this.#sum, this.#part, this.#zeros] = [scratch(whole), scratch(whole), scratch(whole)];
  }

  /** Noisy updates of the critics, done or submitted. */
  get updates(): number {
    return this.critics.optimizer.updates;
  }

  #targets(value: number, n: number): Tensor {
    return tensor(this.gpu, new Float32Array(this.config.partitions * n).fill(value), [this.config.partitions, n, 1]);
  }

  /** Clipped gradients of K batches of records into `part`; gives the losses, [K, n]. */
  #clip(losses: (p: Parameters) => Tensor, live?: Tensor): Tensor {
    const { critics, config } = this;
    const { bound, clipping: kind } = config;
    const clipped = clippedSum(losses, critics.parameters.parts, { bound, kind, live });
    const { parts, at } = critics.parameters;
    pack(
      this.#part,
      Object.keys(parts).map((name) => clipped.sum[name]),
      at,
    );
    return clipped.losses;
  }

  /** Adds the clipped gradients of one device batch of real records, padding left out. */
  #accumulate(): void {
    const { config, critics, seed, features: d } = this;
    const { partitions: K } = config;
    const P = this.#physical;
    const real = reshape(this.#rows.gather(), [K, P, d]);
    const target = this.#targets(1, P);
    // The penalty looks at real records, so it belongs to their own gradients.
    const penalised = config.divergence === 'wgan-gp';
    const fake = penalised ? scope(() => this.generator.train(this.latent(K, P), seed)) : null;
    const at = penalised ? uniform(this.gpu, [K, P, 1], { seed }) : null;
    this.#clip(
      (p) => {
        const critic = (x: Tensor) => critics.train(x, seed, p);
        const bare = reshape(criticTerms(critic(real), target, config), [K, P]);
        return fake && at ? add(bare, scale(penaltyTerms(critic, real, fake, at), config.penalty)) : bare;
      },
      liveRows(this.gpu, K, P),
    );
    assign(this.#sum, add(this.#sum, this.#part));
  }

  /** Adds noise to the sum, then the fakes' gradients, whose number is a constant, and updates every critic. */
  #finish(): void {
    const { config, critics, seed } = this;
    const { partitions: K, batch: B, noiseMultiplier: multiplier, bound } = config;
    const fake = scope(() => this.generator.train(this.latent(K, B), seed));
    const target = this.#targets(0, B);
    const losses = this.#clip((p) => reshape(criticTerms(critics.train(fake, seed, p), target, config), [K, B]));
    const noisy = gaussianNoise(this.#means.noise, this.#sum, { multiplier, bound });
    assign(critics.optimizer.gradient, scale(add(noisy, this.#part), 1 / B));
    critics.optimizer.step();
    assign(this.#sum, this.#zeros);
    log('loss_d', mean(losses, 1));
  }

  #record() {
    this.#programs ??= {
      accumulate: this.gpu.capture('dpgan.accumulate', () => scope(() => this.#accumulate())),
      finish: this.gpu.capture('dpgan.finish', () => scope(() => this.#finish())),
      generate: this.gpu.capture('dpgan.generate', () => scope(() => log('loss_g', this.updateGenerator()))),
    };
    return this.#programs;
  }

  /** A Poisson sample of every partition, cut into device batches: none where all are empty. */
  #draw(): PhysicalBatch[] {
    return physicalBatches(
      this.#means.samplers.map((sampler) => sampler.next()),
      this.#physical,
    );
  }

  /**
   * The replays of up to `most` generator steps, each after its n_D noisy updates; a chunk may end between two updates.
   * What they cost is told to `spend` before they are given out.
   */
  override chunk(most: number): Replay[] {
    this.snapshots.take(this.step);
    const { accumulate, finish, generate } = this.#record();
    const { criticSteps } = this.config;
    const steps = Math.min(most, this.snapshots.room(this.step));
    const from = this.updates;
    const batches: PhysicalBatch[] = [];
    const plan: { program: Program; step: number; repeat: number; batch?: number }[] = [];
    const before: number[] = [];
    let updates = from;
    let { step } = this;
    while (before.length < steps) {
      const repeat = updates - step * criticSteps;
      if (repeat < criticSteps) {
        this.#pending ??= this.#draw();
        const next = this.#pending;
        const full = batches.length + next.length > this.#rows.chunk || plan.length + next.length + 2 > 2 * CHUNK;
        if (full && plan.length) break;
        next.forEach((batch, j) => {
          plan.push({ program: accumulate, step, repeat: repeat * CHUNK + j, batch: batches.length });
          batches.push(batch);
        });
        plan.push({ program: finish, step, repeat });
        this.#pending = null;
        updates++;
      } else {
        plan.push({ program: generate, step, repeat: 0 });
        before.push(updates - from);
        step++;
      }
    }
    const places = this.#rows.send(batches.length, (list, at, i) => list.set(batches[i].index, at));
    if (updates > from) this.#means.spend(from, updates);
    this.step = step;
    this.#before.push(before);
    return plan.map(({ batch, ...replay }) =>
      batch === undefined ? replay : { ...replay, index: places[batch], live: batches[batch].live },
    );
  }

  /** The critics' losses are those on generated records before the step's last update: nothing of the data is in them. */
  override rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] {
    const critics = logs.get('loss_d') ?? [];
    const aligned = (this.#before.shift() ?? []).map((n) => (n ? critics[n - 1] : this.#lastLoss) as Float32Array);
    this.#lastLoss = critics[critics.length - 1] ?? this.#lastLoss;
    return lossRows(new Map([...logs, ['loss_d', aligned]]), first);
  }

  override owners(): Uint32Array {
    const owners = new Uint32Array(this.#total).fill(this.config.partitions);
    this.#means.partitions.forEach((rows, k) => {
      for (const row of rows) owners[row] = k;
    });
    return owners;
  }

  override dispose(): void {
    for (const program of Object.values(this.#programs ?? {})) program.dispose();
    for (const t of [this.#rows, this.#sum, this.#part, this.#zeros]) t.dispose();
    super.dispose();
  }
}
