/**
 * What one record's part in single noisy updates proves. All but one record's contribution d of an update is known, and
 * |d| <= C, so that the update less what is known is N(0, (sigma C)^2 I) without the record and N(d, (sigma C)^2 I)
 * with it. Projected on d / |d| and compared with C / 2, a threshold fixed beforehand, it is taken for "in" or "out".
 * Whatever happened before, either error has a probability of Phi(-1 / (2 sigma)) or more, so that n such guesses are
 * wrong at least as often as Bin(n, Phi(-1 / (2 sigma))): few errors bound mu = C / noise from below (Nasr et al.
 * 2023, "Tight auditing of differentially private machine learning"), and the accountant makes epsilon of it.
 */

import { binomialBelow, clopperPearsonUpper } from '../../base/maths/binomial.ts';
import { tail } from '../../base/maths/normal.ts';
import { bisect } from '../../base/maths/search.ts';
import { leastEpsilon } from '../../privacy/budget.ts';

/** Guesses about single updates, half of them with the record and half without. */
export interface StepCounts {
  readonly guesses: number;
  readonly wrong: number;
}

/** What the guesses are made into: the mechanism at its sampling rate, composed. */
export interface Composition {
  readonly q: number;
  readonly steps: number;
  readonly delta: number;
}

/** The least probability of an error about one update, for any threshold between 0 and |d| on the average. */
export const errorRate = (sigma: number): number => tail(1 / (2 * sigma));

/** mu = C / noise is at least this, with `confidence`; 0 where nothing follows. */
export function muLower({ guesses, wrong }: StepCounts, confidence: number): number {
  const most = clopperPearsonUpper(wrong, guesses, 1 - confidence);
  if (most >= 0.5) return 0;
  return 2 * bisect(0, 40, (x) => tail(x) <= most);
}

/** P[so few errors], at most, where the noise is sigma C and no record adds more than C. */
export const stepP = ({ guesses, wrong }: StepCounts, sigma: number): number =>
  binomialBelow(guesses, errorRate(sigma), wrong);

/** A lower bound on epsilon of `steps` Gaussian updates with C / noise = mu at rate q, for removing a record. */
export function epsilonOfMu(mu: number, { q, steps, delta }: Composition): number {
  if (!(mu > 0)) return 0;
  return leastEpsilon([{ q, sigma: 1 / mu, steps }], delta, 'add-remove');
}

/** The errors that an ideal attacker, who meets nothing but the noise, makes: the median of their law. */
export function medianErrors(guesses: number, sigma: number): number {
  const p = errorRate(sigma);
  let k = Math.floor(guesses * p);
  while (k > 0 && binomialBelow(guesses, p, k - 1) >= 0.5) k--;
  while (binomialBelow(guesses, p, k) < 0.5) k++;
  return k;
}
