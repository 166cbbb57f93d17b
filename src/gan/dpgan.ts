/**
 * Differentially private GANs. DP-GAN with per-sample clipping (Bie, Kamath and Zhang 2023) is K = 1; dp-pargan is
 * PAR-GAN whose critics, on disjoint partitions, are each noised: a record touches one critic only, so the guarantee is
 * that of one (parallel composition). DPGAN as published (Xie et al. 2018) clips weights instead: no guarantee.
 *
 * Only the critics' updates see data. Each is a sum of clipped gradients over a Poisson sample, in as many device
 * batches as it takes, and over generated records, whose number is a constant, plus noise, divided by a constant. The
 * generator and its samples are post-processing.
 */
import { valueAndGrad } from '../autograd/grad.ts';
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Program, Replay } from '../gpu/program.ts';
import type { Parameters } from '../nn/network.ts';
import { assign, log, pack } from '../ops/assign.ts';
import { add, greater, mul, scale } from '../ops/elementwise.ts';
import { liveRows } from '../ops/live.ts';
import { concat, reshape } from '../ops/movement.ts';
import { uniform } from '../ops/random.ts';
import { mean, sum, weightedTotal } from '../ops/reduce.ts';
import { scratch } from '../optim/flat.ts';
import { clippedSum } from '../privacy/clip.ts';
import { gaussianNoise, type NoiseSource } from '../privacy/noise.ts';
import { type PhysicalBatch, physicalBatches } from '../privacy/sampling.ts';
import { scope } from '../tensor/scope.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { Autoencoder } from './autoencoder.ts';
import { ExactUpdate, type MakeDiscrete } from './exact.ts';
import { samplesApart } from './guard.ts';
import { criticTerms, penaltyTerms } from './losses.ts';
import { type HostTensors, restoreCount } from './player.ts';
import { checkPrivate, type PrivateConfig, physicalRows } from './private_config.ts';
import { LabelledRows, type TrainingData, trainingRows } from './rows.ts';
import { Schedule } from './schedule.ts';
import { GanSystem } from './system.ts';
import { type LossRow, lossRows } from './train.ts';

/** Most device batches of a chunk. */
const CHUNK = 256;

/** Most device batches that an expected batch may be cut into. */
const MOST = 64;

/** What a private system is given beside its data. */
export interface PrivateMeans {
  readonly noise: NoiseSource;
  /** makes the exact integer mechanism, where the config asks for it */
  readonly discrete?: MakeDiscrete;
  /** for each critic the rows of its partition, by a rule that looks at each record alone */
  readonly partitions: readonly Uint32Array[];
  /** for each critic what draws samples of those rows: Poisson samples, but for DPGAN as published */
  readonly samplers: readonly { next(): Uint32Array }[];
  /** told of noisy updates before they are submitted: `from` is the number of those before them */
  readonly spend: (from: number, to: number) => void;
  /** for audits of audits only: gradients are not clipped, the noise is as configured, and nothing is promised */
  readonly unclipped?: boolean;
}

interface Programs {
  /** the first device batch of generated records of an update, and with it where that can be the first of real ones */
  readonly first: Program;
  readonly fakes: Program;
  readonly reals: Program;
  readonly finish: Program;
  readonly generate: Program;
}

export class DpGan extends GanSystem {
  declare readonly config: PrivateConfig;
  readonly maxChunk = CHUNK;
  readonly schedule: Schedule;
  /** most noisy updates that may be made in all */
  limit = Number.POSITIVE_INFINITY;
  readonly #means: PrivateMeans;
  readonly #data: TrainingData;
  readonly #total: number;
  readonly #physical: number;
  /** generated records of a device batch, and the device batches of an update */
  readonly #fakeRows: number;
  readonly #fakeBatches: number;
  readonly #rows: LabelledRows;
  readonly #sum: Tensor;
  readonly #exact: ExactUpdate | null;
  #programs: Programs | null = null;
  #pending: PhysicalBatch[] | null = null;
  /** noisy updates since the last generator update */
  #since = 0;
  /** for each chunk in flight: how many noisy updates it makes before each of its generator updates */
  readonly #before: number[][] = [];
  #lastLoss: Float32Array | null = null;

  /** @throws VeilganError CONFIG where the networks cannot make such records, OVER_LIMIT for too many partitions */
  constructor(gpu: Gpu, config: PrivateConfig, data: TrainingData, seed: number, means: PrivateMeans) {
    checkPrivate(config);
    const physical = physicalRows(config);
    if (config.batch > MOST * physical) {
      throw new VeilganError('CONFIG', `batches of about ${config.batch} records in device batches of ${physical}`, {
        where: '--physical-batch',
        fix: `Use at least ${Math.ceil(config.batch / MOST)}`,
      });
    }
    super(gpu, config, data, seed);
    this.schedule = new Schedule(config);
    this.#means = means;
    this.#data = data;
    this.#total = trainingRows(data, config);
    this.#physical = physical;
    this.#fakeRows = Math.min(config.batch, physical);
    this.#fakeBatches = Math.ceil(config.batch / this.#fakeRows);
    const train = data.train.subarray(0, this.#total * data.features);
    const options = { width: data.features, perStep: config.partitions * physical, chunk: CHUNK };
    this.#rows = new LabelledRows(gpu, { ...data, train }, this.classes, options);
    const { whole } = this.critics.parameters;
    this.#sum = scratch(whole);
    this.#exact = config.mechanism === 'discrete' && means.discrete ? new ExactUpdate(this, means.discrete) : null;
  }

  /** Noisy updates of the critics, done or submitted. */
  get updates(): number {
    return this.critics.optimizer.updates;
  }

  /** Whether batches have been drawn for an update that no chunk has had room for yet. */
  get drawn(): boolean {
    return this.#pending !== null;
  }

  override get exhausted(): boolean {
    return this.updates >= this.limit && this.#since === 0;
  }

  /** The adaptive schedule looks at a step before it decides about the next. */
  get waits(): boolean {
    return this.schedule.adaptive && this.#since === 0;
  }

  /**
   * Generator steps at which `updates` noisy updates are made, the last of which may be short of some; Infinity where
   * the schedule decides on the way.
   */
  stepsWithin(updates: number): number {
    if (this.schedule.adaptive || updates === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    let { step } = this;
    for (let made = this.updates - this.#since; made < updates; step++) made += this.schedule.updates(step);
    return step;
  }

  override async prepare(begun: boolean): Promise<void> {
    const { config } = this;
    if (config.bound === 'clip') await samplesApart(this);
    if (!begun && config.network === 'ehr') await new Autoencoder(this, this.#data, this.#total).train();
  }

  /** Whether real and generated records may go through the critics together: not where their losses differ in kind. */
  get #together(): boolean {
    return this.config.divergence !== 'wgan-gp' && !this.#exact;
  }

  /** `real` in place of the first `reals` rows of each critic's n, `fake` in that of the others: [K, n, 1]. */
  #each(n: number, reals: number, real: number, fake: number): Tensor {
    const { partitions: K } = this.config;
    const values = Float32Array.from({ length: K * n }, (_, i) => (i % n < reals ? real : fake));
    return tensor(this.gpu, values, [K, n, 1]);
  }

  /**
   * Losses of the critics on records [K, n, width] for given parameters, [K, n]; those on real ones with the penalty.
   * @param reals how many are real: the first of each critic's
   */
  losses(p: Parameters, x: Tensor, reals: number, mixed?: { fake: Tensor; at: Tensor }): Tensor {
    const { critics, config, seed } = this;
    const [K, n] = x.shape;
    const critic = (rows: Tensor) => critics.train(rows, seed, p);
    const bare = reshape(criticTerms(critic(x), this.#each(n, reals, 1, 0), config), [K, n]);
    if (!mixed) return bare;
    // The penalty looks at real records, so it belongs to their own gradients.
    return add(bare, scale(penaltyTerms(critic, x, mixed.fake, mixed.at), config.penalty));
  }

  /**
   * The sum over records of the losses' gradients, each clipped: added to those of the update so far, or with `first`
   * the beginning of an update. Gives the losses, [K, n].
   * @param padded of the first so many of each critic's records those beyond the live ones are padding
   */
  #gradients(losses: (p: Parameters) => Tensor, { padded = 0, first = false }): Tensor {
    const { critics, config, gpu } = this;
    const { parts, at } = critics.parameters;
    const place = (by: Readonly<Record<string, Tensor>>) =>
      pack(
        this.#sum,
        Object.keys(parts).map((name) => by[name]),
        at,
        { add: !first },
      );
    if (config.bound === 'weights') {
      const [[, all], gradient] = valueAndGrad((p: Parameters) => {
        const each = losses(p);
        const [K, n] = each.shape;
        return [sum(padded ? mul(each, liveRows(gpu, K, padded, n - padded)) : each), each] as const;
      })(parts);
      place(gradient);
      return all;
    }
    // A bound that no gradient reaches leaves all as they are.
    const clip = this.#means.unclipped
      ? ({ bound: 1e30, kind: 'flat' } as const)
      : ({ bound: config.clipNorm, kind: config.clipping } as const);
    const clipped = clippedSum(losses, parts, { ...clip, live: padded });
    place(clipped.sum);
    return clipped.losses;
  }

  /** Adds the clipped gradients of one device batch of real records, padding left out. */
  #accumulate(): void {
    const { config, seed, gpu } = this;
    const { partitions: K } = config;
    const P = this.#physical;
    const real = reshape(this.#rows.gather(), [K, P, this.width]);
    const penalised = config.divergence === 'wgan-gp';
    const mixed = penalised
      ? {
          fake: scope(() => this.generator.train(this.latent(K, P), seed)),
          at: uniform(gpu, [K, P, 1], { seed }),
        }
      : undefined;
    const losses = (p: Parameters) => this.losses(p, real, P, mixed);
    if (this.#exact) {
      this.#exact.accumulate(losses);
      return;
    }
    this.#gradients(losses, { padded: P });
  }

  /**
   * Begins an update's sum with a device batch of generated records, all of which count, and, where they can go through
   * the critics together, one of real records in front of them: one pass for both, as without privacy.
   */
  #begin(): void {
    const { config, seed } = this;
    const { partitions: K } = config;
    const F = this.#fakeRows;
    const P = this.#together ? this.#physical : 0;
    const fake = scope(() => this.generator.train(this.latent(K, F), seed));
    const rows = P ? concat([reshape(this.#rows.gather(), [K, P, this.width]), fake], 1) : fake;
    const losses = this.#gradients((p) => this.losses(p, rows, P), { padded: P, first: true });
    log('loss_d', weightedTotal(losses, this.#each(P + F, P, 0, 1 / F)));
  }

  /** Adds the clipped gradients of one more device batch of generated records. */
  #accumulateFakes(): void {
    const { config, seed } = this;
    const { partitions: K } = config;
    const fake = scope(() => this.generator.train(this.latent(K, this.#fakeRows), seed));
    this.#gradients((p) => this.losses(p, fake, 0), { padded: this.#fakeRows });
  }

  /** Adds noise to the sum and updates every critic. */
  #finish(): void {
    const { config, critics } = this;
    const { batch, noiseMultiplier: multiplier, clipNorm: bound } = config;
    const { gradient } = critics.optimizer;
    if (this.#exact) assign(gradient, add(this.#exact.release(scratch(gradient)), scale(this.#sum, 1 / batch)));
    else if (multiplier) {
      gaussianNoise(this.#means.noise, this.#sum, { multiplier, bound, scale: 1 / batch, into: gradient });
    } else assign(gradient, scale(this.#sum, 1 / batch));
    critics.optimizer.step();
  }

  #generate(): void {
    const { loss, scores } = this.updateGenerator();
    log('loss_g', loss);
    if (this.schedule.adaptive) log('seen_through', mean(greater(scale(scores, 0), scores)));
  }

  #record(): Programs {
    if (this.#programs) return this.#programs;
    // One memory for all, whose replays come one after another: what each makes on the way it leaves behind.
    let beside: Program | undefined;
    const capture = (name: string, fn: () => void) => {
      beside = this.gpu.capture(`dpgan.${name}`, () => scope(fn), beside);
      return beside;
    };
    this.#programs = {
      first: capture('first', () => this.#begin()),
      fakes: capture('fakes', () => this.#accumulateFakes()),
      reals: capture('reals', () => this.#accumulate()),
      finish: capture('finish', () => this.#finish()),
      generate: capture('generate', () => this.#generate()),
    };
    return this.#programs;
  }

  /** A sample of every partition, cut into device batches: none where all are empty. */
  #draw(): PhysicalBatch[] {
    return physicalBatches(
      this.#means.samplers.map((sampler) => sampler.next()),
      this.#physical,
    );
  }

  /** A device batch of which nothing counts. */
  #padding(): PhysicalBatch {
    const { partitions: K } = this.config;
    return { index: new Uint32Array(K * this.#physical), live: new Array<number>(K).fill(0) };
  }

  /** Rows of device batch j of the generated records that count, one number a critic. */
  #liveFakes(j: number): number[] {
    const rows = Math.min(this.#fakeRows, this.config.batch - j * this.#fakeRows);
    return new Array<number>(this.config.partitions).fill(rows);
  }

  /**
   * The replays of up to `most` generator steps, each after its noisy updates; a chunk may end between two updates, and
   * ends for good where `limit` is reached. What they cost is told to `spend` before they are given out.
   */
  override chunk(most: number): Replay[] {
    this.snapshots.take(this.step);
    const programs = this.#record();
    // Where the next number of updates is not known yet, the chunk ends with the step.
    const steps = this.schedule.adaptive ? 1 : Math.min(most, this.snapshots.room(this.step));
    const from = this.updates;
    const batches: PhysicalBatch[] = [];
    const largest: number[] = [];
    const plan: (Replay & { batch?: number })[] = [];
    const before: number[] = [];
    let [updates, since, step] = [from, this.#since, this.step];
    while (before.length < steps) {
      const spent = updates >= this.limit;
      if (since === 0 && spent) break;
      if (since < this.schedule.updates(step) && !spent) {
        this.#pending ??= this.#draw();
        const next = this.#pending;
        const many = batches.length + Math.max(1, next.length) > this.#rows.chunk;
        const long = plan.length + next.length + this.#fakeBatches + 2 > 2 * CHUNK;
        if ((many || long || this.#exact?.chunk === largest.length) && plan.length) break;
        // Where all samples are empty, a batch of padding goes with the generated records.
        const sent = this.#together && !next.length ? [this.#padding()] : next;
        if (!this.#together) plan.push({ program: programs.first, step, repeat: since * CHUNK });
        sent.forEach((batch, j) => {
          const program = this.#together && j === 0 ? programs.first : programs.reals;
          plan.push({ program, step, repeat: since * CHUNK + j, batch: batches.length });
          batches.push(batch);
        });
        for (let j = 1; j < this.#fakeBatches; j++) {
          plan.push({ program: programs.fakes, step, repeat: since * CHUNK + j, live: this.#liveFakes(j) });
        }
        plan.push({ program: programs.finish, step, repeat: since, index: largest.length });
        largest.push(Math.max(...this.#means.partitions.map((_, k) => total(next, k))));
        this.#pending = null;
        since++;
        updates++;
      } else {
        plan.push({ program: programs.generate, step, repeat: 0 });
        before.push(updates - from);
        since = 0;
        step++;
      }
    }
    const places = this.#rows.send(batches.length, (list, at, i) => list.set(batches[i].index, at));
    this.#exact?.prepare(largest);
    if (updates > from) this.#means.spend(from, updates);
    this.step = step;
    this.#since = since;
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
    for (const [share] of logs.get('seen_through') ?? []) this.schedule.note(share);
    return lossRows(new Map([...logs, ['loss_d', aligned]]), first);
  }

  override owners(): Uint32Array {
    const owners = new Uint32Array(this.#total).fill(this.config.partitions);
    this.#means.partitions.forEach((rows, k) => {
      for (const row of rows) owners[row] = k;
    });
    return owners;
  }

  override async state(): Promise<{ tensors: HostTensors; meta: Record<string, string> }> {
    const { tensors, meta } = await super.state();
    return { tensors, meta: { ...meta, critic_since: String(this.#since), ...this.schedule.state() } };
  }

  override restore(tensors: Readonly<HostTensors>, meta: Readonly<Record<string, string>>): void {
    super.restore(tensors, meta);
    this.#since = restoreCount(meta, 'critic_since');
    this.schedule.restore(meta);
  }

  override dispose(): void {
    for (const program of Object.values(this.#programs ?? {}).flat()) program.dispose();
    for (const t of [this.#rows, this.#sum, this.#exact]) t?.dispose();
    super.dispose();
  }
}

/** Records of critic k in all device batches of an update. */
const total = (batches: readonly PhysicalBatch[], k: number): number => batches.reduce((n, { live }) => n + live[k], 0);
