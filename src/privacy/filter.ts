/** A zCDP filter: releases that are chosen by what earlier ones showed, within a budget that was fixed beforehand. */
import { VeilganError } from '../base/errors.ts';

/** What a sum of equal shares may be above the whole by, through rounding; `zcdpRho` leaves a hundred times as much out. */
const ROUNDING = 1e-12;

/**
 * Stops before the sum of rho exceeds the budget. Each release may be chosen in any way by those before it, its price
 * too, as long as it is asked for before it is made: all together have the budget's rho (Feldman and Zrnic 2021,
 * https://arxiv.org/abs/2008.11193; Whitehouse and others 2023, https://arxiv.org/abs/2203.05481).
 */
export class ZcdpFilter {
  readonly budget: number;
  #spent: number;

  /**
   * @param budgetRho above 0, of `zcdpRho`
   * @param spent what was released before, by `releaseRho` of a ledger's totals
   * @throws VeilganError CONFIG for a budget that is none, or a sum that is no number from 0 up
   */
  constructor(budgetRho: number, spent = 0) {
    if (!(budgetRho > 0 && budgetRho < Number.POSITIVE_INFINITY)) throw wrong('a budget', budgetRho);
    if (!(spent >= 0 && spent < Number.POSITIVE_INFINITY)) throw wrong('spent', spent);
    this.budget = budgetRho;
    this.#spent = spent;
  }

  get spent(): number {
    return this.#spent;
  }

  /** What one more release may cost; 0 where nothing is left. */
  get left(): number {
    return Math.max(0, this.budget - this.#spent);
  }

  /** Whether a release of this price may be made; never for what is no number from 0 up. */
  admits(rho: number): boolean {
    return rho >= 0 && this.#spent + rho <= this.budget * (1 + ROUNDING);
  }

  /** Counts a release that is about to be made. @throws VeilganError CONFIG where it is not admitted; it is not counted then */
  take(rho: number): void {
    if (!this.admits(rho)) {
      throw new VeilganError('CONFIG', `a release of rho ${rho} would exceed the budget: ${this.left} is left`, {
        where: 'the budget of measured tables',
        fix: 'Measure with more noise, or stop',
      });
    }
    this.#spent += rho;
  }
}

const wrong = (what: string, rho: number) =>
  new VeilganError('CONFIG', `${what} of rho ${rho}`, { where: 'rho', fix: 'Give the zCDP of a budget' });
