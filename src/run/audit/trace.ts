/**
 * Scores of canaries from all that a private run's guarantee covers: every noisy update of the critics as it was
 * released. Before each update the gradients that the canaries would add are known (the critics' parameters follow
 * from the updates before it), and the update says how likely it is that each was in it.
 */

import { updateEvidence } from '../../attack/audit/likelihood.ts';
import { VeilganError } from '../../base/errors.ts';
import type { DpGan } from '../../gan/dpgan.ts';
import { MAX_ROWS, type Program, type Replay } from '../../gpu/index.ts';
import { assign, log } from '../../ops/assign.ts';
import { matmul } from '../../ops/contract.ts';
import { concat, reshape } from '../../ops/movement.ts';
import { disposeFlat, type Flat, flat } from '../../optim/flat.ts';
import { scope } from '../../tensor/scope.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';
import type { LossRow } from '../../train/loop.ts';
import { gradientRows } from './canaries.ts';
import { Watcher } from './watcher.ts';

/** Numbers of reference records that are tried, the largest that fits. */
const REFERENCES = [16, 8, 4];

export interface TracedRecords {
  /** [canaries, width], with labels where the critics see them */
  readonly canaries: Float32Array;
  /** the critic that sees each canary */
  readonly owner: Uint32Array;
  /** for each critic some records of its partition, [any number, width], that stand for the others */
  readonly references: readonly Float32Array[];
  /** for each critic how many records of its partition are expected in an update, canaries left out */
  readonly expected: readonly number[];
  /** probability that a canary that is in the data is in an update */
  readonly q: number;
}

/**
 * A private system that is looked at while it trains: drives exactly as the system itself does, with one more program
 * behind each noisy update, which changes nothing.
 */
export class CanaryTrace extends Watcher {
  readonly #records: TracedRecords;
  /** canaries of each critic */
  readonly #lists: readonly number[][];
  /** rows of each critic: places for canaries, then records, then generated ones */
  readonly #places: number;
  readonly #references: number;
  readonly #x: Tensor;
  readonly #target: Tensor;
  /** the parameters that the next update's gradients are of */
  readonly #before: Flat;
  readonly #program: Program;
  readonly #clipped: Float64Array;
  readonly #whole: Float64Array;
  /** noisy updates seen */
  updates = 0;

  /** @throws VeilganError OVER_LIMIT where the canaries' gradients do not fit on the device */
  constructor(gan: DpGan, records: TracedRecords) {
    super(gan);
    const { gpu, critics, config, width } = gan;
    const { partitions: K } = config;
    const total = records.owner.length;
    this.#records = records;
    this.#lists = Array.from({ length: K }, (_, k) => [...records.owner.keys()].filter((i) => records.owner[i] === k));
    this.#places = Math.max(...this.#lists.map((list) => list.length));
    const { parameters } = critics;
    const most = Math.min(gpu.device.limits.maxStorageBufferBindingSize, gpu.device.limits.maxBufferSize) / 4;
    const fits = (n: number) => n * parameters.whole.length <= most && K * n * n * MAX_ROWS <= most;
    const references = REFERENCES.find((r) => fits(this.#places + 2 * r));
    if (references === undefined) {
      throw new VeilganError('OVER_LIMIT', `the gradients of ${total} canaries do not fit on the device`, {
        where: 'canaries',
        fix: 'Use fewer canaries in each of more `runs`, a smaller network, or `score: loss`',
      });
    }
    this.#references = references;
    const rows = this.#places + references;
    const x = new Float32Array(K * rows * width);
    for (let k = 0; k < K; k++) {
      const place = (row: Float32Array, at: number) => x.set(row, (k * rows + at) * width);
      this.#lists[k].forEach((i, at) => {
        place(records.canaries.subarray(i * width, (i + 1) * width), at);
      });
      const known = records.references[k];
      const count = known.length / width;
      for (let r = 0; count && r < references; r++) {
        place(known.subarray((r % count) * width, ((r % count) + 1) * width), this.#places + r);
      }
    }
    this.#x = tensor(gpu, x, [K, rows, width]);
    const all = rows + references;
    this.#target = tensor(
      gpu,
      Float32Array.from({ length: K * all }, (_, i) => (i % all < rows ? 1 : 0)),
      [K, all, 1],
    );
    const shapes = Object.fromEntries(Object.entries(parameters.parts).map(([name, t]) => [name, t.shape]));
    this.#before = flat(gpu, shapes);
    assign(this.#before.whole, parameters.whole);
    [this.#clipped, this.#whole] = [new Float64Array(total), new Float64Array(total)];
    this.#program = gpu.capture('audit.trace', () => scope(() => this.#record()));
  }

  /** Logs the inner products of the canaries' and references' gradients with each other and with what was released. */
  #record(): void {
    const { critics, generator, config } = this.gan;
    const { partitions: K } = config;
    const fake = scope(() => generator.infer(this.gan.latent(K, this.#references)));
    const rows = gradientRows(critics, this.#before.parts, concat([this.#x, fake], 1), this.#target, config);
    const { gradient } = critics.optimizer;
    const released = Object.values(this.#before.parts).map((t, i) =>
      reshape(gradient.view(t.shape, this.#before.at[i]), [K, -1]),
    );
    log('gram', matmul(rows, rows, { transposeB: true }));
    log('products', matmul(rows, reshape(concat(released, 1), [K, -1, 1])));
    assign(this.#before.whole, critics.parameters.whole);
  }

  chunk(most: number): Replay[] {
    // Behind the end of an update what it released is in the optimiser.
    const { finish } = this.gan.programs;
    return this.gan
      .chunk(most)
      .flatMap((replay) =>
        replay.program === finish
          ? [replay, { program: this.#program, step: replay.step, repeat: replay.repeat }]
          : [replay],
      );
  }

  override rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] {
    const [grams, products] = [logs.get('gram') ?? [], logs.get('products') ?? []];
    grams.forEach((gram, i) => {
      this.#note(gram, products[i]);
    });
    this.updates += grams.length;
    return super.rows(logs, first);
  }

  /** Adds what one update says, under either assumption about clipping. */
  #note(gram: Float32Array, products: Float32Array): void {
    const { config } = this.gan;
    const { q, expected, references } = this.#records;
    const [places, R] = [this.#places, this.#references];
    const all = places + 2 * R;
    for (const [k, list] of this.#lists.entries()) {
      if (!list.length) continue;
      // Places without a canary are left out, and those of references where there are none.
      const reals = references[k].length ? R : 0;
      const used = [...list.keys(), ...count(places, reals), ...count(places + R, R)];
      const own = Float64Array.from({ length: used.length ** 2 }, (_, at) => {
        const [i, j] = [used[Math.floor(at / used.length)], used[at % used.length]];
        return gram[(k * all + i) * all + j];
      });
      const released = Float64Array.from(used, (i) => config.batch * products[k * all + i]);
      const others = [...new Array(reals).fill(expected[k] / R), ...new Array(R).fill(config.batch / R)];
      const belief = { canaries: list.length, q, noise: (config.noiseMultiplier * config.clipNorm) ** 2, others };
      const add = (scores: Float64Array, bound: number) =>
        updateEvidence(own, released, { ...belief, bound }).forEach((evidence, i) => {
          scores[list[i]] += evidence;
        });
      add(this.#clipped, config.clipNorm);
      add(this.#whole, Number.POSITIVE_INFINITY);
    }
  }

  /**
   * Two scores of each canary, larger ones meaning "in": the log-likelihood ratio of all updates where records add
   * what they are claimed to, clipped; and where they add their whole gradients.
   */
  get scores(): [clipped: Float64Array, whole: Float64Array] {
    return [this.#clipped, this.#whole];
  }

  /** The system itself is not disposed of. */
  dispose(): void {
    this.#program.dispose();
    this.#x.dispose();
    this.#target.dispose();
    disposeFlat(this.#before);
  }
}

/** `length` numbers from `first` on. */
const count = (first: number, length: number): number[] => Array.from({ length }, (_, i) => first + i);
