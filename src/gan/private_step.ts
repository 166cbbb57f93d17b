/**
 * What an update of private critics does on the device: gradients of single records, clipped and summed over device
 * batches of real records and of generated ones, noise, the optimiser's step. `DpGan` says which batches, and pays.
 */
import { valueAndGrad } from '../autograd/grad.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Program } from '../gpu/program.ts';
import type { Parameters } from '../nn/network.ts';
import { assign, log } from '../ops/assign.ts';
import { add, greater, mul, scale } from '../ops/elementwise.ts';
import { liveRows } from '../ops/live.ts';
import { concat, reshape } from '../ops/movement.ts';
import { uniform } from '../ops/random.ts';
import { mean, sum, weightedTotal } from '../ops/reduce.ts';
import { scratch } from '../optim/flat.ts';
import { clippedSum } from '../privacy/clip.ts';
import { gaussianNoise } from '../privacy/noise.ts';
import type { PhysicalBatch } from '../privacy/sampling.ts';
import { BoundedSum, mostRecords } from '../privacy/sensitivity.ts';
import { scope } from '../tensor/scope.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import type { PrivateMeans } from './dpgan.ts';
import { ExactUpdate } from './exact.ts';
import { criticTerms, penaltyTerms } from './losses.ts';
import type { Player } from './player.ts';
import { type PrivateConfig, physicalRows } from './private_config.ts';
import type { LabelledRows } from './rows.ts';
import type { Schedule } from './schedule.ts';
import type { GanSystem } from './system.ts';

interface Programs {
  /** the first device batch of generated records of an update, and with it where that can be the first of real ones */
  readonly first: Program;
  readonly fakes: Program;
  readonly reals: Program;
  readonly finish: Program;
  readonly generate: Program;
}

/** The system whose critics these are. */
type Owner = GanSystem & { readonly config: PrivateConfig; readonly schedule: Schedule };

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
  readonly #physical: number;
  /** generated records of a device batch */
  readonly #fakeRows: number;
  readonly #sum: BoundedSum;
  #programs: Programs | null = null;

  constructor(system: Owner, rows: LabelledRows, means: PrivateMeans) {
    const { gpu, config, critics, width } = system;
    [this.#system, this.#rows, this.#means] = [system, rows, means];
    [this.gpu, this.config, this.critics, this.width] = [gpu, config, critics, width];
    this.#physical = physicalRows(config);
    this.#fakeRows = Math.min(config.batch, this.#physical);
    this.fakeBatches = Math.ceil(config.batch / this.#fakeRows);
    this.#sum = this.#emptySum();
    this.exact = config.mechanism === 'discrete' && means.discrete ? new ExactUpdate(system, means.discrete) : null;
  }

  /** Whether real and generated records may go through the critics together: not where their losses differ in kind. */
  get together(): boolean {
    return this.config.divergence !== 'wgan-gp' && !this.exact;
  }

  /** What the update's clipped gradients are summed in; what bounds no gradient makes a claim. */
  #emptySum(): BoundedSum {
    const { critics, config } = this;
    const { batch, clipNorm } = config;
    const value = scratch(critics.parameters.whole);
    if (config.bound === 'weights' || this.#means.unclipped) return BoundedSum.claimed(value, clipNorm);
    const real = mostRecords(batch);
    const batches = Math.ceil(real / this.#physical) + this.fakeBatches;
    return BoundedSum.running(value, clipNorm, { most: real + batch, batches });
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
    const { critics, config } = this;
    const { seed } = this.#system;
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
    if (config.bound === 'weights') {
      const [[, all], gradient] = valueAndGrad((p: Parameters) => {
        const each = losses(p);
        const [K, n] = each.shape;
        return [sum(padded ? mul(each, liveRows(gpu, K, padded, n - padded)) : each), each] as const;
      })(parts);
      this.#sum.add({ sum: gradient, sensitivity: this.#sum.sensitivity }, at, { first });
      return all;
    }
    // A bound that no gradient reaches leaves all as they are.
    const clip = this.#means.unclipped
      ? ({ bound: 1e30, kind: 'flat' } as const)
      : ({ bound: config.clipNorm, kind: config.clipping } as const);
    const clipped = clippedSum(losses, parts, { ...clip, live: padded });
    this.#sum.add(clipped, at, { first });
    return clipped.losses;
  }

  /** Adds the clipped gradients of one device batch of real records, padding left out. */
  #accumulate(): void {
    const { config, gpu } = this;
    const { seed } = this.#system;
    const { partitions: K } = config;
    const P = this.#physical;
    const real = reshape(this.#rows.gather(), [K, P, this.width]);
    const penalised = config.divergence === 'wgan-gp';
    const mixed = penalised
      ? {
          fake: scope(() => this.#system.generator.train(this.#system.latent(K, P), seed)),
          at: uniform(gpu, [K, P, 1], { seed }),
        }
      : undefined;
    const losses = (p: Parameters) => this.losses(p, real, P, mixed);
    if (this.exact) {
      this.exact.accumulate(losses);
      return;
    }
    this.#gradients(losses, { padded: P });
  }

  /**
   * Begins an update's sum with a device batch of generated records, all of which count, and, where they can go through
   * the critics together, one of real records in front of them: one pass for both, as without privacy.
   */
  #begin(): void {
    const { config } = this;
    const { seed } = this.#system;
    const { partitions: K } = config;
    const F = this.#fakeRows;
    const P = this.together ? this.#physical : 0;
    const fake = scope(() => this.#system.generator.train(this.#system.latent(K, F), seed));
    const rows = P ? concat([reshape(this.#rows.gather(), [K, P, this.width]), fake], 1) : fake;
    const losses = this.#gradients((p) => this.losses(p, rows, P), { padded: P, first: true });
    log('loss_d', weightedTotal(losses, this.#each(P + F, P, 0, 1 / F)));
  }

  /** Adds the clipped gradients of one more device batch of generated records. */
  #accumulateFakes(): void {
    const { config } = this;
    const { seed } = this.#system;
    const { partitions: K } = config;
    const fake = scope(() => this.#system.generator.train(this.#system.latent(K, this.#fakeRows), seed));
    this.#gradients((p) => this.losses(p, fake, 0), { padded: this.#fakeRows });
  }

  /** Adds noise to the sum and updates every critic. */
  #finish(): void {
    const { config, critics } = this;
    const { batch, noiseMultiplier: multiplier } = config;
    const { gradient } = critics.optimizer;
    if (this.exact) assign(gradient, add(this.exact.release(scratch(gradient)), scale(this.#sum.value, 1 / batch)));
    else if (multiplier) {
      gaussianNoise(this.#means.noise, this.#sum, { multiplier, scale: 1 / batch, into: gradient });
    } else assign(gradient, scale(this.#sum.value, 1 / batch));
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
    this.exact?.dispose();
  }
}
