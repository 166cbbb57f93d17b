/**
 * What one record can change of a sum, and the sum together with it: noise is scaled by what the sum itself brings.
 *
 * Rounding. In exact arithmetic a record that leaves takes its clipped term along, of norm C at most. In f32 the sum of
 * the others is rounded too, and differently without it. Each addition s + v errs, element by element, by at most
 * u |s + v|, u = 2^-24 (adapters round to nearest), and a record's term goes through at most D additions on its way into
 * the sum. So with v_i, |v_i| <= C, the terms of m records, of which each partial sum is made,
 *   |error| <= u sum over additions |partial sum| <= u sum over additions, records in it of |v_i| <= u D m C,
 * whatever the order of the additions, whatever the signs, over all parameters together. Both of two neighbouring sums
 * err by as much, hence twice that. Partial sums that are rounded themselves are larger by (1 + u)^D at most, which
 * SLACK covers. What a record's own term loses by rounding is a function of the record alone, and part of its norm.
 */

import type { Params } from '../autograd/grad.ts';
import { VeilganError } from '../base/errors.ts';
import { pack } from '../ops/assign.ts';
import { CHAIN, LINKS } from '../ops/chains.ts';
import { leaves } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** How far two neighbouring sums can be apart: bound + rounding. */
export interface Sensitivity {
  /** C: the largest norm of what one record adds */
  readonly bound: number;
  /** what f32 summation can add to the distance of two neighbouring sums; 0 for sums of integers */
  readonly rounding: number;
}

const UNIT = 2 ** -24;
/** For orders of u above the first, and for this very arithmetic. */
const SLACK = 1 + 2 ** -10;

/** How many terms a sum has, and how they are added. */
export interface SumSize {
  /** most records of one group (critic), padding left out, that an update sums, generated ones too */
  readonly most: number;
  /** most terms that are added one after another before their sum goes on as one; default CHAIN */
  readonly chain?: number;
  /** most device batches of an update, which are added one after another; default 1 */
  readonly batches?: number;
}

/**
 * Most additions that a record's term goes through. Within a device batch the records that count lie in two runs (real
 * and generated ones), so that up to two chains, and two segments, more than there must be may hold some of them; those
 * that hold none add zeros, which is exact, as is the first addition to nothing.
 */
export function additions({ most, chain = CHAIN, batches = 1 }: SumSize): number {
  const chains = Math.min(LINKS, Math.ceil(most / chain) + 2);
  return Math.min(most, chain) + chains + Math.ceil(most / (chain * LINKS)) + batches - 1;
}

/** What rounding can add to the distance of two neighbouring sums of terms of norm `bound` (C) at most. */
export const roundingBound = (bound: number, size: SumSize): number =>
  2 * UNIT * additions(size) * size.most * bound * SLACK;

/**
 * A number of records that a Poisson sample of `expected` ones on average does not exceed, up to a probability of
 * e^-70: with t = 12 sqrt(mu) + 72, Chernoff's bound exp(-t^2 / (2 mu + 2 t / 3)) is below it for every mu.
 */
export const mostRecords = (expected: number): number => Math.ceil(expected + 12 * Math.sqrt(expected) + 72);

/** Sums of one device batch's terms by parameter, and what one record can change of them: what `clippedSum` gives. */
export interface Clipped {
  readonly sum: Params;
  readonly sensitivity: Sensitivity;
}

/** A tensor and what one record can change of it. Only what makes sums makes these. */
export class BoundedSum {
  readonly value: Tensor;
  readonly sensitivity: Sensitivity;
  readonly #size: SumSize | null;

  private constructor(value: Tensor, sensitivity: Sensitivity, size: SumSize | null) {
    this.value = value;
    this.sensitivity = sensitivity;
    this.#size = size;
  }

  /**
   * The sum of an update over device batches, to be filled by `add`.
   * @param value a flat buffer for all parameters
   * @param bound C, that no term's norm exceeds: `add` refuses others
   * @param size of the largest update; `admit` refuses larger ones
   */
  static running(value: Tensor, bound: number, size: SumSize): BoundedSum {
    return new BoundedSum(value, { bound, rounding: roundingBound(bound, size) }, size);
  }

  /** A tensor whose sensitivity is claimed and not enforced: no guarantee rests on it. */
  static claimed(value: Tensor, bound: number): BoundedSum {
    return new BoundedSum(value, { bound, rounding: 0 }, null);
  }

  /**
   * Adds one device batch's clipped sum, or with `first` begins an update with it.
   * @param at element offset of each parameter in `value`
   * @throws VeilganError VALIDATION for terms clipped to a larger bound than this sum's
   */
  add({ sum, sensitivity }: Clipped, at: readonly number[], { first = false } = {}): void {
    if (this.#size && !(sensitivity.bound <= this.sensitivity.bound)) {
      throw new VeilganError(
        'VALIDATION',
        `gradients clipped to ${sensitivity.bound} in a sum of those clipped to ${this.sensitivity.bound}`,
        { where: 'sensitivity', fix: 'Clip them to the bound that the sum was made for' },
      );
    }
    pack(this.value, leaves(sum), at, { add: !first });
  }

  /**
   * To be asked before an update is submitted.
   * @param records of its largest group, generated ones included
   * @throws VeilganError OVER_LIMIT for more records or device batches than the rounding was counted for
   */
  admit(records: number, batches: number): void {
    if (!this.#size) return;
    const { most, batches: room = 1 } = this.#size;
    if (records <= most && batches <= room) return;
    throw new VeilganError(
      'OVER_LIMIT',
      `an update of ${records} records in ${batches} device batches, and room for ${most} in ${room}`,
      { where: 'population', fix: 'Give the number of records, or more' },
    );
  }
}
