/** What a private update is made of, in one object: nobody has these numbers from anywhere else. */
import type { Tensor } from '../tensor/tensor.ts';
import type { LedgerTerms, Spend } from './ledger/lines.ts';
import { BoundedSum, mostRecords, type SumSize } from './sensitivity.ts';

export interface MechanismOptions {
  readonly kind: 'gaussian' | 'discrete';
  /** C: the largest norm of what a record adds to a sum; with clipping `none` claimed, not enforced */
  readonly bound: number;
  readonly clipping: 'flat' | 'per-layer' | 'automatic' | 'none';
  /** sigma: standard deviation of the noise over the sensitivity */
  readonly multiplier: number;
  /** what the noisy sum is divided by, a constant */
  readonly divisor: number;
  /** probability of a record to be in an update */
  readonly q: number;
  readonly sampler: 'poisson' | 'full' | 'without-replacement';
  /** what two neighbouring data sets are */
  readonly relation: string;
  /** disjoint parts of the data, each seen by a critic of its own */
  readonly partitions: number;
  /** public number of records that rates are computed from */
  readonly population: number;
  /** rows of a device batch */
  readonly physical: number;
}

/** How draws meet records in runs of today; ledgers of before it was so lack the word. */
export const DRAWS = 'by record';

export class Mechanism implements MechanismOptions {
  declare readonly kind: MechanismOptions['kind'];
  declare readonly bound: number;
  declare readonly clipping: MechanismOptions['clipping'];
  declare readonly multiplier: number;
  declare readonly divisor: number;
  declare readonly q: number;
  declare readonly sampler: MechanismOptions['sampler'];
  declare readonly relation: string;
  declare readonly partitions: number;
  declare readonly population: number;
  declare readonly physical: number;

  constructor(options: MechanismOptions) {
    Object.freeze(Object.assign(this, options));
  }

  /** Of the largest update: records of a critic, as many generated ones as are divided by, and device batches. */
  #size(fakeBatches: number): SumSize {
    const { divisor, physical } = this;
    const real = mostRecords(divisor);
    return { most: real + divisor, batches: Math.ceil(real / physical) + fakeBatches };
  }

  /**
   * What updates are summed in, and with it what one record can change of them; what bounds no gradient makes a claim.
   * @param value a flat buffer for all critics' gradients
   * @param fakeBatches device batches of generated records of an update
   */
  sum(value: Tensor, fakeBatches: number): BoundedSum {
    const { bound, clipping } = this;
    return clipping === 'none'
      ? BoundedSum.claimed(value, bound)
      : BoundedSum.running(value, bound, this.#size(fakeBatches));
  }

  /** What updates `from` .. `to` - 1 cost, counted over the whole run. */
  charge(from: number, to: number): Spend {
    const { q, multiplier } = this;
    return { from, to, q, sigma: multiplier };
  }

  /** The first line of a ledger. */
  get terms(): LedgerTerms {
    const { kind, sampler, relation, bound, divisor, partitions, clipping, population, physical } = this;
    const made = { mechanism: kind, sampler, relation, bound, divisor, partitions };
    return { ...made, clipping, population, physical, draws: DRAWS };
  }
}
