/**
 * PAR-GAN (KDD 2021): one generator against K critics, each of which sees its own partition of the data only. An
 * ordinary GAN is K = 1 of the same code.
 */
import { valueAndGrad } from '../autograd/grad.ts';
import { VeilganError } from '../base/errors.ts';
import type { Gpu, Program, Replay } from '../gpu/index.ts';
import type { Parameters } from '../nn/network.ts';
import { log } from '../ops/assign.ts';
import { add, scale } from '../ops/elementwise.ts';
import { concat, reshape, slice } from '../ops/movement.ts';
import { uniform } from '../ops/random.ts';
import { mean, sum } from '../ops/reduce.ts';
import { scope } from '../tensor/scope.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { Batches } from '../train/batches.ts';
import { LabelledRows, type TrainingData, trainingRows } from '../train/rows.ts';
import type { GanConfig } from './config.ts';
import { divergences } from './divergences.ts';
import { GanSystem } from './system.ts';

/** Most steps of a chunk, which the index list has room for. */
const CHUNK = 256;

/** Most critic updates of a step: each has draw sites of its own in the program. */
const MOST_STEPS = 27;

export class ParGan extends GanSystem {
  readonly batches: Batches;
  readonly maxChunk: number;
  readonly #data: TrainingData;
  readonly #rows: LabelledRows;
  readonly #target: Tensor;
  #program: Program | null = null;

  /** @throws VeilganError CONFIG where the data do not fill the partitions */
  constructor(gpu: Gpu, config: GanConfig, data: TrainingData, seed: number) {
    const { partitions: K, batch: B } = config;
    const rows = trainingRows(data, config);
    if (config.criticSteps > MOST_STEPS) {
      throw new VeilganError('CONFIG', `${config.criticSteps} critic updates a step, recorded one by one`, {
        where: 'criticSteps',
        fix: `Use at most ${MOST_STEPS}; private systems take more`,
      });
    }
    const batches = new Batches(rows, config, seed);
    super(gpu, config, data, seed);
    this.#data = data;
    this.batches = batches;
    const train = data.train.subarray(0, rows * data.features);
    const options = { width: data.features, perStep: K * B, chunk: CHUNK };
    this.#rows = new LabelledRows(gpu, { ...data, train }, this.classes, options);
    this.maxChunk = this.#rows.chunk;
    this.#target = tensor(
      gpu,
      Float32Array.from({ length: K * 2 * B }, (_, i) => (i % (2 * B) < B ? 1 : 0)),
      [K, 2 * B, 1],
    );
  }

  /**
   * One training step in the order of the notebooks: a real minibatch from each partition, used throughout; n_D critic
   * updates, each against fresh fakes; one generator update. The generator does not change while the critics do, so
   * all fakes of that phase are one call of it.
   */
  #record(): void {
    log('loss_d', this.#criticPhase());
    log('loss_g', this.updateGenerator().loss);
  }

  /** Gives the loss of each critic before its last update, [K]. */
  #criticPhase(): Tensor {
    const { config, generator, seed } = this;
    const { partitions: K, batch: B, criticSteps } = config;
    const real = reshape(this.#rows.gather(), [K, B, this.width]);
    const fakes = scope(() => generator.train(this.latent(criticSteps * K), seed));
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
    const { critic: termsOf, penalty } = divergences[config.divergence];
    const at = penalty && uniform(this.gpu, [K, B, 1], { seed: this.seed });
    const [[, terms, penalties], gradient] = valueAndGrad((p: Parameters) => {
      const critic = (x: Tensor) => critics.train(x, this.seed, p);
      const terms = termsOf(critic(both), this.#target, config);
      // No term is shared between critics, so the gradient of the sum is each one's own.
      const bare = sum(terms, undefined, { scale: 1 / B });
      if (!penalty || !at) return [bare, terms] as const;
      const penalties = penalty(critic, real, fake, at);
      return [add(bare, sum(penalties, undefined, { scale: config.penalty / B })), terms, penalties] as const;
    })(critics.parameters.parts);
    critics.optimizer.update(gradient);
    return { terms, penalties };
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
    const count = Math.min(most, this.maxChunk, this.snapshots.room(this.step));
    const program = this.program();
    const first = this.step;
    const places = this.#rows.send(count, (list, at, i) => this.batches.fill(list, at, first + i));
    const replays = places.map((index, i) => ({ program, step: first + i, index }));
    this.step += count;
    return replays;
  }

  owners(): Uint32Array {
    return this.batches.owners(trainingRows(this.#data, this.config));
  }

  override dispose(): void {
    this.#program?.dispose();
    this.#rows.dispose();
    this.#target.dispose();
    super.dispose();
  }
}
