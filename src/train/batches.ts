import { VeilganError } from '../base/errors.ts';
import { PhiloxStream } from '../base/philox.ts';

export interface BatchesConfig {
  readonly partitions: number;
  /** rows of each critic's minibatch */
  readonly batch: number;
  readonly partitionOrder: 'file' | 'shuffled';
}

/**
 * Which rows each critic sees when: K blocks of floor(N / K) rows, each reshuffled every epoch, incomplete batches
 * dropped (PAR-GAN's notebooks). Every step's rows follow from the seed and the step alone.
 */
export class Batches {
  readonly partitions: number;
  readonly batch: number;
  /** rows of a partition */
  readonly block: number;
  readonly stepsPerEpoch: number;
  readonly #seed: number;
  /** row of each place in the concatenated partitions, where they are shuffled */
  readonly #order: Uint32Array | null;
  #epoch = -1;
  #shuffles: Uint32Array[] = [];

  /** @throws VeilganError CONFIG where a partition would be empty or smaller than a batch */
  constructor(rows: number, config: BatchesConfig, seed: number) {
    const { partitions, batch } = config;
    this.partitions = partitions;
    this.batch = batch;
    this.block = Math.floor(rows / partitions);
    this.#seed = seed;
    const most = Math.floor(rows / batch);
    if (partitions > rows) {
      throw new VeilganError('CONFIG', `${partitions} partitions of ${rows} rows: more partitions than rows`, {
        where: 'partitions',
        fix: most ? `Use at most ${most} with batches of ${batch}` : `Use at most ${rows}, and smaller batches`,
      });
    }
    if (this.block < batch) {
      throw new VeilganError('CONFIG', `a partition has ${this.block} rows, fewer than a batch of ${batch}`, {
        where: 'batch',
        fix: `Use \`batch: ${this.block}\` or less${most ? `, or \`partitions: ${most}\`` : ''}`,
      });
    }
    this.stepsPerEpoch = Math.floor(this.block / batch);
    this.#order = config.partitionOrder === 'shuffled' ? new PhiloxStream(seed, 'partition').permutation(rows) : null;
  }

  /** The partition of each row; leftovers, which no critic sees, have `partitions`. [rows] */
  owners(rows: number): Uint32Array {
    const owners = new Uint32Array(rows).fill(this.partitions);
    for (let place = 0; place < this.block * this.partitions; place++) {
      owners[this.#order ? this.#order[place] : place] = Math.floor(place / this.block);
    }
    return owners;
  }

  /** Writes the rows of `step` into `out` at `at`: K batches of B. */
  fill(out: Uint32Array, at: number, step: number): void {
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#shuffles = Array.from({ length: this.partitions }, (_, k) =>
        new PhiloxStream(this.#seed, `shuffle/${k}/${epoch}`).permutation(this.block),
      );
    }
    const first = (step % this.stepsPerEpoch) * this.batch;
    for (let k = 0; k < this.partitions; k++) {
      for (let b = 0; b < this.batch; b++) {
        const place = k * this.block + this.#shuffles[k][first + b];
        out[at + k * this.batch + b] = this.#order ? this.#order[place] : place;
      }
    }
  }
}
