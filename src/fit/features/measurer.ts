/**
 * Who looks at the records: the sum of their features by class, released once with noise, and paid for before it is drawn.
 * Records are clipped, put on a grid and summed in integers (privacy/discrete.ts), so that one record changes the sum of
 * its class by a norm of at most 1, exactly, whatever its values are, and no other sum.
 */
import { VeilganError } from '../../base/errors.ts';
import { pickRows } from '../../base/rows.ts';
import { floats, type Records } from '../../data/records.ts';
import type { Gpu } from '../../gpu/index.ts';
import { scale, where } from '../../ops/elementwise.ts';
import { concat, reshape } from '../../ops/movement.ts';
import { DiscreteMechanism } from '../../privacy/discrete.ts';
import type { PrivacyKey } from '../../privacy/key.ts';
import type { Ledger } from '../../privacy/ledger/ledger.ts';
import { scope } from '../../tensor/scope.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';
import { BOUND, type FeaturesPlan } from './plan.ts';
import type { FeatureMap } from './projection.ts';

/** Values of records that are looked at together. */
const VALUES = 1 << 19;

/** What was bought: all that a fit to it follows from. */
export interface Released {
  /** noisy sums of features by class, [classes, 2 M] */
  readonly sums: Float32Array;
  /** records of each class: public, assumed, or noisy */
  readonly counts: Float32Array;
}

export interface MeasurerParts {
  readonly plan: FeaturesPlan;
  /** the secret of this start; its maker wipes it, after which the mechanism keeps a key of its own */
  readonly key: PrivacyKey;
  readonly ledger: Ledger;
  /** the records that are counted, [rows, features] */
  readonly train: Records;
  readonly features: number;
  /** [rows]; without, all records are of one class */
  readonly labels?: Uint32Array;
}

export class FeatureMeasurer {
  /** what noise is drawn from */
  readonly mechanism: DiscreteMechanism;
  readonly #gpu: Gpu;
  readonly #parts: Omit<MeasurerParts, 'key'>;
  /** rows of each class */
  readonly #members: readonly Uint32Array[];

  /** @throws VeilganError CONFIG where sums of so many records and such noise do not fit in 31 bits */
  constructor(gpu: Gpu, { key, ...parts }: MeasurerParts) {
    const { plan, train, features, labels } = parts;
    const { classes, width, sigma, most } = plan;
    [this.#gpu, this.#parts] = [gpu, parts];
    this.mechanism = new DiscreteMechanism(gpu, key, {
      ...{ groups: classes, width, bound: BOUND, multiplier: sigma, most, scale: 1 },
    });
    const all = Uint32Array.from({ length: train.length / features }, (_, row) => row);
    this.#members = labels ? Array.from({ length: classes }, (_, y) => all.filter((row) => labels[row] === y)) : [all];
  }

  /**
   * Pays, then releases.
   * @throws VeilganError FILE where the ledger cannot be written, or was paid from before; nothing is released then
   */
  async measure(map: Pick<FeatureMap, 'apply'>): Promise<Released> {
    const { plan, ledger } = this.#parts;
    // A start that paid and was lost before it kept its sums has nothing left: noise is not drawn twice for one price.
    if (ledger.reach > 0) throw lost();
    await this.#sum(map);
    ledger.append({ from: 0, to: 1, q: 1, sigma: plan.sigma, what: `features of ${plan.classes} classes` });
    this.mechanism.prepare([Math.max(...this.#members.map((rows) => rows.length))]);
    const release = this.mechanism.release();
    const values = await release.read();
    release.dispose();
    return this.#released(values);
  }

  /** Adds all records to the sums, a few of each class at a time. */
  async #sum(map: Pick<FeatureMap, 'apply'>): Promise<void> {
    const { classes } = this.#parts.plan;
    const each = Math.max(1, Math.floor(VALUES / this.#parts.features / classes));
    const largest = Math.max(...this.#members.map((rows) => rows.length));
    for (let first = 0; first < largest; first += each) {
      const taken = Math.min(each, largest - first);
      scope(() => this.mechanism.accumulate(this.#features(map, first, taken)));
      await this.#gpu.idle();
    }
  }

  /** Features of the next records of each class, [classes, taken, width]; zeros where a class has no more of them. */
  #features(map: Pick<FeatureMap, 'apply'>, first: number, taken: number): Tensor {
    const gpu = this.#gpu;
    const { plan, train, features } = this.#parts;
    const { classes, width, weight } = plan;
    const n = classes * taken;
    const there = (i: number) => first + (i % taken) < this.#members[Math.floor(i / taken)].length;
    const rows = Uint32Array.from({ length: n }, (_, i) =>
      there(i) ? this.#members[Math.floor(i / taken)][first + (i % taken)] : 0,
    );
    const live = tensor(
      gpu,
      Float32Array.from(rows, (_, i) => (there(i) ? 1 : 0)),
      [n, 1],
    );
    const phi = map.apply(tensor(gpu, floats(pickRows(train, features, rows)), [n, features]));
    const counter = tensor(gpu, new Float32Array(n).fill(weight), [n, 1]);
    const all = weight > 0 ? concat([scale(phi, Math.sqrt(1 - weight ** 2)), counter], 1) : phi;
    // Chosen, not multiplied: what fills up may be anything, and must not count.
    const chosen = where(live, all, tensor(gpu, new Float32Array(1), [1, 1]));
    return reshape(chosen, [classes, taken, width]);
  }

  /** Sums and counts apart. */
  #released(values: Float32Array): Released {
    const { plan } = this.#parts;
    const { classes, width, weight, size, config } = plan;
    const features = weight > 0 ? width - 1 : width;
    const sums = new Float32Array(classes * features);
    const counts = new Float32Array(classes).fill(size / classes);
    for (let y = 0; y < classes; y++) {
      for (let i = 0; i < features; i++) {
        sums[y * features + i] = values[y * width + i] / Math.sqrt(1 - weight ** 2);
      }
      if (weight > 0) counts[y] = Math.max(1, values[y * width + features] / weight);
      else if (config.classCounts === 'public') counts[y] = Math.max(1, this.#members[y].length);
    }
    return { sums, counts };
  }

  /** Overwrites the key, and frees the buffers. */
  wipe(): void {
    this.mechanism.dispose();
  }
}

/** Of a run that paid and has nothing to show for it. */
export const lost = (): VeilganError =>
  new VeilganError('FILE', 'the sums of this run were paid for, and lost before they were kept', {
    where: 'ledger.jsonl',
    fix: 'Start another run; what this one spent remains spent',
  });
