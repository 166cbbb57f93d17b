/** The noise that keeps within a budget, and the steps that a budget pays for; always from the safe side. */
import { VeilganError } from '../../base/errors.ts';
import type { Relation } from '../relation.ts';
import { discreteEpsilon } from './discrete.ts';
import { checkedDelta, checkedPhases, type Phase } from './phases.ts';
import { pldEpsilon } from './pld.ts';
import { rdpEpsilon } from './rdp.ts';

/** `discrete` is RDP of the discrete mechanism. */
export type Accountant = 'rdp' | 'pld' | 'discrete';

/** An upper bound on epsilon at `delta` by one accountant; `relative` is how tight a PLD bound must be. */
export function epsilonBy(
  accountant: Accountant,
  phases: readonly Phase[],
  delta: number,
  { relative, relation }: { readonly relative?: number; readonly relation?: Relation } = {},
): number {
  if (accountant === 'pld') return pldEpsilon(phases, delta, { relative, relation }).upper;
  return (accountant === 'rdp' ? rdpEpsilon : discreteEpsilon)(phases, delta, relation).epsilon;
}

export interface Budget {
  /** the epsilon that must not be exceeded, above 0 */
  epsilon: number;
  delta: number;
  accountant: Accountant;
  /** which two data sets are neighbours; by default add-remove, which zero-out costs the same as */
  relation?: Relation;
  /** what was already released under the same budget */
  spent?: readonly Phase[];
}

/** The noise multipliers that are tried. */
const [LEAST, MOST] = [0.01, 1e6];

/**
 * The least noise multiplier with which `steps` more steps at rate `q` stay within the budget, to 1e-4 relative; its
 * epsilon is at most the budget's, and not below 0.999 of it unless `sigma` is the least that is tried (0.01).
 * @throws VeilganError CONFIG for values out of range, and where no noise up to 1e6 suffices
 */
export function noiseMultiplier(q: number, steps: number, budget: Budget): { sigma: number; epsilon: number } {
  checkBudget(budget);
  if (checkedPhases([{ q, sigma: 1, steps }]).length === 0) {
    throw new VeilganError('CONFIG', 'there are no steps that read data', {
      fix: 'Give q above 0 and at least one step',
    });
  }
  const { spent = [], epsilon: target, delta, accountant, relation } = budget;
  const at = (by: Accountant, relative: number) => (logSigma: number) =>
    epsilonBy(by, [...spent, { q, sigma: Math.exp(logSigma), steps }], delta, { relative, relation }) / target;
  let [low, high] = around(at(accountant === 'pld' ? 'rdp' : accountant, 0));
  const ratio = at(accountant, 1e-4);
  if (accountant === 'pld') {
    // RDP's answer is enough noise for PLD too, and close; then wide bounds narrow what tight ones have to search.
    high = secant(at('rdp', 0), low, high, 1e-3).good;
    high = secant(at('pld', 3e-3), bracket(at('pld', 3e-3), high, 0.1), high, 2e-3).good;
    low = bracket(ratio, high, 4e-3);
  }
  const found = secant(ratio, low, high, 1e-4);
  if (found.ratio > 1) {
    throw new VeilganError('CONFIG', `no noise up to ${MOST} keeps epsilon at ${target}`, {
      fix: 'Take fewer steps, smaller batches or a larger epsilon; what was already spent cannot be undone',
    });
  }
  return { sigma: Math.exp(found.good), epsilon: found.ratio * target };
}

/** Two points, the lower not good and the upper good, up or down from 0; or the ends of what is tried. */
function around(f: (x: number) => number): [low: number, high: number] {
  if (f(0) <= 1) return [bracket(f, 0, 0.3), 0];
  let stride = 0.5;
  let [low, high] = [0, stride];
  while (high < Math.log(MOST) && f(high) > 1) [low, high] = [high, high + (stride *= 2)];
  return [low, Math.min(high, Math.log(MOST))];
}

/** A point below `high` that is not good, down in growing strides; or the least that is tried. */
function bracket(f: (x: number) => number, high: number, stride: number): number {
  for (let low = high - stride; low > Math.log(LEAST); low -= stride *= 4) if (f(low) > 1) return low;
  return Math.log(LEAST);
}

/**
 * The most further steps of (q, sigma) that stay within the budget; for PLD, whose every trial takes its time, at most
 * one in 10,000 fewer. 0 where not even one does; at most 1e9.
 * @throws VeilganError CONFIG for values out of range
 */
export function stepsWithin(q: number, sigma: number, budget: Budget): number {
  checkBudget(budget);
  const { spent = [], epsilon: target, delta, accountant, relation } = budget;
  const limit = 1e9 - spent.reduce((sum, { steps }) => sum + steps, 0);
  const within = (by: Accountant, relative: number) => (steps: number) =>
    epsilonBy(by, [...spent, { q, sigma, steps }], delta, { relative, relation }) <= target;
  /** The most good steps, to a share of them, from a number that is good (or 0): up in growing strides, then halving. */
  const search = (good: (steps: number) => boolean, from: number, stride: number, share: number): number => {
    let low = from;
    let high = Math.min(limit, from + Math.max(1, Math.ceil(stride * from)));
    for (let more = 4; low < limit && good(high); more *= 4) {
      low = high;
      high = Math.min(limit, from + Math.max(more, Math.ceil(more * stride * from)));
    }
    while (high - low > Math.max(1, share * low)) {
      const middle = Math.floor((low + high) / 2);
      if (good(middle)) low = middle;
      else high = middle;
    }
    return low;
  };
  const rough = search(within(accountant === 'discrete' ? 'discrete' : 'rdp', 0), 0, 0, 0);
  if (accountant !== 'pld') return rough;
  const close = search(within('pld', 3e-3), rough, 0.08, 2e-3);
  return search(within('pld', 1e-4), close, 3e-3, 1e-4);
}

function checkBudget({ epsilon, delta, spent = [] }: Budget): void {
  checkedDelta(delta);
  checkedPhases(spent);
  if (epsilon > 0 && epsilon < Number.POSITIVE_INFINITY) return;
  throw new VeilganError('CONFIG', `epsilon is ${epsilon} and must be a number above 0`, {
    where: 'epsilon',
    fix: 'Give the budget that may be spent',
  });
}

/**
 * The least x of [low, high] where a falling positive function is at most 1, to `tolerance`, from above: bisection,
 * sped up by the secant of logarithms. `ratio` > 1 where not even `high` is good.
 */
function secant(
  f: (x: number) => number,
  low: number,
  high: number,
  tolerance: number,
): { good: number; ratio: number } {
  let right = f(high);
  if (right > 1) return { good: high, ratio: right };
  let left = f(low);
  if (left <= 1) return { good: low, ratio: left };
  for (let i = 0; i < 100 && high - low > tolerance && right < 1 - tolerance / 10; i++) {
    const [a, b] = [Math.log(left), Math.log(Math.max(right, 1e-30))];
    // A little right of where the line crosses, so that the good end moves too.
    const guess = low + ((high - low) * a) / (a - b) + 0.3 * tolerance;
    const middle = i % 3 < 2 && guess < high ? guess : (low + high) / 2;
    const value = f(middle);
    if (value <= 1) [high, right] = [middle, value];
    else [low, left] = [middle, value];
  }
  return { good: high, ratio: right };
}
