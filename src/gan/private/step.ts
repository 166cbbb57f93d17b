/**
 * What an update of private critics does on the device: gradients of single records, clipped and summed over device
 * batches of real records and of generated ones, noise, the optimiser's step. `DpGan` says which batches, and pays.
 *
 * Nothing random that meets a real record goes by where the record stands: dropout, mixing points and the generated
 * record that a penalty mixes it with are drawn under the record's own tag, for a record fewer moves all behind it.
 */
import { valueAndGrad } from '../../autograd/grad.ts';
import type { Gpu, Program } from '../../gpu/index.ts';
import type { Parameters } from '../../nn/network.ts';
import { assign, log } from '../../ops/assign.ts';
import { add, greater, mul, scale } from '../../ops/elementwise.ts';
import { liveRows } from '../../ops/live.ts';
import { concat, reshape } from '../../ops/movement.ts';
import { mean, sum, weightedTotal } from '../../ops/reduce.ts';
import { type RowTags, rowTags } from '../../ops/row-draws.ts';
import { scratch } from '../../optim/flat.ts';
import { clippedSum } from '../../privacy/clip.ts';
import type { Mechanism } from '../../privacy/mechanism.ts';
import { gaussianNoise, type NoiseSource } from '../../privacy/noise.ts';
import type { PhysicalBatch } from '../../privacy/sampling.ts';
import { BoundedSum } from '../../privacy/sensitivity.ts';
import { scope } from '../../tensor/scope.ts';
import { empty, type Tensor, tensor } from '../../tensor/tensor.ts';
import type { Player } from '../../train/player.ts';
import type { LabelledRows } from '../../train/rows.ts';
import { type Divergence, divergences } from '../divergences.ts';
import type { GanSystem } from '../system.ts';
import { type PrivateConfig, physicalRows } from './config.ts';
import { ExactUpdate, type MakeDiscrete } from './exact.ts';
import type { Schedule } from './schedule.ts';
import { Playback, type Witness } from './witness.ts';

/** The programs of an update. */
export interface Programs {
  /** the first device batch of generated records of an update, and with it where that can be the first of real ones */
  readonly first: Program;
  readonly fakes: Program;
  readonly reals: Program;
  readonly finish: Program;
  readonly generate: Program;
}

/** What a private system is given beside its data. */
export interface PrivateMeans {
  /** how updates are clipped, noised and divided, and what they cost */
  readonly mechanism: Mechanism;
  readonly noise: NoiseSource;
  /** makes the exact integer mechanism, where the config asks for it */
  readonly discrete?: MakeDiscrete;
  /** a tag of each training row, [rows, 2] u32, under which all is drawn that meets it */
  readonly tags: Uint32Array;
  /** for each critic the rows of its partition, by a rule that looks at each record alone */
  readonly partitions: readonly Uint32Array[];
  /** for each critic what draws samples of those rows: Poisson samples, but for DPGAN as published */
  readonly samplers: readonly { next(): Uint32Array }[];
  /** told of noisy updates before they are submitted: `from` is the number of those before them */
  readonly spend: (from: number, to: number) => void;
  /** for audits of audits only: gradients are not clipped, the noise is as configured, and nothing is promised */
  readonly unclipped?: boolean;
  /** sees what nobody may see, for audits and tests; changes nothing but what it gives in place of releases */
  readonly witness?: Witness;
}

/** The system whose critics these are. */
type Owner = GanSystem & { readonly config: PrivateConfig; readonly schedule: Schedule };

/** Rows of a batch that the critics see, [K, n, width]. */
export interface CriticBatch {
  readonly rows: Tensor;
  /** how many are real: the first of each critic's */
  readonly reals: number;
  readonly tags: RowTags;
  /** what a penalty mixes real records with, [K, any, width] */
  readonly pool?: Tensor;
}

export class PrivateStep {
  readonly gpu: Gpu;
  readonly config: PrivateConfig;
  readonly critics: Player;
  readonly width: number;
  /** device batches of generated records of an update */
  readonly fakeBatches: number;
  /** the exact integer mechanism, where it takes the place of clipped sums */
  readonly exact: ExactUpdate | null;
  readonly #system: Owner;
  readonly #rows: LabelledRows;
  readonly #means: PrivateMeans;
  readonly #divergence: Divergence;
  readonly #physical: number;
  /** generated records of a device batch */
  readonly #fakeRows: number;
  readonly #sum: BoundedSum;
  /** generated records that the penalties of an update are made with, drawn once an update */
  readonly #pool: Tensor | null;
  readonly #playback: Playback | null;
  #programs: Programs | null = null;

  constructor(system: Owner, rows: LabelledRows, means: PrivateMeans) {
    const { gpu, config, critics, width } = system;
    [this.#system, this.#rows, this.#means] = [system, rows, means];
    [this.gpu, this.config, this.critics, this.width] = [gpu, config, critics, width];
    this.#physical = physicalRows(config);
    this.#fakeRows = Math.min(config.batch, this.#physical);
    this.fakeBatches = Math.ceil(config.batch / this.#fakeRows);
    const { mechanism, discrete, unclipped } = means;
    const value = scratch(critics.parameters.whole);
    this.#sum = unclipped ? BoundedSum.claimed(value, mechanism.bound) : mechanism.sum(value, this.fakeBatches);
    this.#divergence = divergences[config.divergence];
    this.#pool = this.#divergence.penalty ? scratch(empty(gpu, [config.partitions, this.#fakeRows, width])) : null;
    this.exact = mechanism.kind === 'discrete' && discrete ? new ExactUpdate(system, mechanism, discrete) : null;
    const { witness } = means;
    this.#playback = witness?.plays ? new Playback(witness, critics.parameters.whole) : null;
  }

  /** Whether real and generated records may go through the critics together: not where their losses differ in kind. */
  get together(): boolean {
    return !this.#divergence.penalty && !this.exact;
  }

  /** Most updates of a chunk. */
  get most(): number {
    const endless = Number.POSITIVE_INFINITY;
    return Math.min(this.exact?.chunk ?? endless, this.#playback ? Playback.most : endless);
  }

  /** `real` in place of the first `reals` rows of each critic's n, `fake` in that of the others: [K, n, 1]. */
  #each(n: number, reals: number, real: number, fake: number): Tensor {
    const { partitions: K } = this.config;
    const values = Float32Array.from({ length: K * n }, (_, i) => (i % n < reals ? real : fake));
    return tensor(this.gpu, values, [K, n, 1]);
  }

  /** Losses of the critics on a batch for given parameters, [K, n]; those of real records with their penalty. */
  losses(p: Parameters, { rows, reals, tags, pool }: CriticBatch): Tensor {
    const { critics, config } = this;
    const { seed } = this.#system;
    const { critic: terms, penalty } = this.#divergence;
    const [K, n] = rows.shape;
    const critic = (x: Tensor) => critics.train(x, seed, p, { rows: tags });
    const bare = reshape(terms(critic(rows), this.#each(n, reals, 1, 0), config), [K, n]);
    if (!penalty || !pool) return bare;
    // The penalty looks at real records, so it belongs to their own gradients.
    const [fake, at] = [tags.pick(pool), tags.uniform([K, n, 1])];
    return add(bare, scale(penalty(critic, rows, fake, at), config.penalty));
  }

  /**
   * The sum over records of the losses' gradients, each clipped: added to those of the update so far, or with `first`
   * the beginning of an update. Gives the losses, [K, n].
   * @param padded of the first so many of each critic's records those beyond the live ones are padding
   */
  #gradients(losses: (p: Parameters) => Tensor, { padded = 0, first = false }): Tensor {
    const { critics, gpu } = this;
    const { mechanism, unclipped } = this.#means;
    const { parts, at } = critics.parameters;
    if (mechanism.clipping === 'none') {
      const [[, all], gradient] = valueAndGrad((p: Parameters) => {
        const each = losses(p);
        const [K, n] = each.shape;
        return [sum(padded ? mul(each, liveRows(gpu, K, padded, n - padded)) : each), each] as const;
      })(parts);
      this.#sum.add({ sum: gradient, sensitivity: this.#sum.sensitivity }, at, { first });
      return all;
    }
    // A bound that no gradient reaches leaves all as they are.
    const clip = unclipped
      ? ({ bound: 1e30, kind: 'flat' } as const)
      : ({ bound: mechanism.bound, kind: mechanism.clipping } as const);
    const clipped = clippedSum(losses, parts, { ...clip, live: padded });
    this.#sum.add(clipped, at, { first });
    return clipped.losses;
  }

  /** The device batch of real records of the replay, with `behind` generated ones: [K, P + n, width]. */
  #batch(behind?: Tensor): CriticBatch {
    const { partitions: groups } = this.config;
    const reals = this.#physical;
    const own = reshape(this.#rows.gather(), [groups, reals, this.width]);
    const rows = behind ? concat([own, behind], 1) : own;
    return { rows, reals, tags: this.#tags(rows.shape[1], reals), ...(this.#pool ? { pool: this.#pool } : {}) };
  }

  /** Tags of n rows of each critic, of which the first `reals` are the replay's records. */
  #tags(n: number, reals: number): RowTags {
    const { partitions: groups } = this.config;
    const list = this.#rows.tags as Tensor;
    return rowTags(list, { groups, batch: n, reals, seed: this.#system.seed });
  }

  /** Generated records of a device batch, [K, F, width]. @param first whether the moving averages follow: once an update */
  #fakes(first: boolean): Tensor {
    const { generator, seed } = this.#system;
    const z = () => this.#system.latent(this.config.partitions, this.#fakeRows);
    return scope(() => generator.train(z(), seed, undefined, { frozen: !first }));
  }

  /** Adds the clipped gradients of one device batch of real records, padding left out. */
  #accumulate(): void {
    const batch = this.#batch();
    const losses = (p: Parameters) => this.losses(p, batch);
    if (this.exact) this.exact.accumulate(losses);
    else this.#gradients(losses, { padded: batch.reals });
  }

  /**
   * Begins an update's sum with a device batch of generated records, all of which count, and, where they can go through
   * the critics together, one of real records in front of them: one pass for both, as without privacy.
   */
  #begin(): void {
    const F = this.#fakeRows;
    const fake = this.#fakes(true);
    if (this.#pool) assign(this.#pool, fake);
    const batch = this.together ? this.#batch(fake) : { rows: fake, reals: 0, tags: this.#tags(F, 0) };
    const P = batch.reals;
    const losses = this.#gradients((p) => this.losses(p, batch), { padded: P, first: true });
    log('loss_d', weightedTotal(losses, this.#each(P + F, P, 0, 1 / F)));
  }

  /** Adds the clipped gradients of one more device batch of generated records. */
  #accumulateFakes(): void {
    const F = this.#fakeRows;
    const batch = { rows: this.#fakes(false), reals: 0, tags: this.#tags(F, 0) };
    this.#gradients((p) => this.losses(p, batch), { padded: F });
  }

  /** Adds noise to the sum and updates every critic. */
  #finish(): void {
    const { critics } = this;
    const { witness, mechanism, noise } = this.#means;
    const { multiplier } = mechanism;
    const each = 1 / mechanism.divisor;
    const { gradient } = critics.optimizer;
    const { value } = this.#sum;
    if (witness) log('sum', this.exact ? add(this.exact.sum(scratch(gradient)), value) : value);
    if (this.exact) assign(gradient, add(this.exact.release(scratch(gradient)), scale(value, each)));
    else if (multiplier) gaussianNoise(noise, this.#sum, { multiplier, scale: each, into: gradient });
    else assign(gradient, scale(value, each));
    if (witness) log('release', gradient);
    this.#playback?.replace(gradient);
    critics.optimizer.step();
  }

  #generate(): void {
    const { loss, scores } = this.#system.updateGenerator();
    log('loss_g', loss);
    if (this.#system.schedule.adaptive) log('seen_through', mean(greater(scale(scores, 0), scores)));
  }

  /** The programs, recorded at the first call; their replays come one after another. */
  programs(): Programs {
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

  /**
   * Before a chunk of updates `from` .. from + records.length - 1: noise that is drawn on the host, and releases that a
   * witness gives.
   * @param records of each update, how many its largest critic sums
   */
  prepare(from: number, records: readonly number[]): void {
    this.exact?.prepare(records);
    if (records.length) this.#playback?.prepare(from, records.length);
  }

  /**
   * To be asked before an update is submitted.
   * @param records of its largest critic
   * @param batches device batches of real records
   * @throws VeilganError OVER_LIMIT for more than rounding was counted for
   */
  admit(records: number, batches: number): void {
    this.#sum.admit(records + this.config.batch, batches + this.fakeBatches);
  }

  /** A device batch of which nothing counts. */
  padding(): PhysicalBatch {
    const { partitions: K } = this.config;
    return { index: new Uint32Array(K * this.#physical), live: new Array<number>(K).fill(0) };
  }

  /** Rows of device batch j of the generated records that count, one number a critic. */
  liveFakes(j: number): number[] {
    const rows = Math.min(this.#fakeRows, this.config.batch - j * this.#fakeRows);
    return new Array<number>(this.config.partitions).fill(rows);
  }

  dispose(): void {
    for (const program of Object.values(this.#programs ?? {}).flat()) program.dispose();
    this.#sum.value.dispose();
    this.#pool?.dispose();
    this.#playback?.dispose();
    this.exact?.dispose();
  }
}
