/**
 * The verdict of an audit over all its tests together. Each test has the probability, at most, that a correct system
 * looks as bad as what was found; what a correct system can never show has probability 0. Bonferroni's bound holds
 * however the tests depend on each other.
 */

/** One test of an audit. */
export interface Check {
  /** what must hold, in a few words */
  readonly name: string;
  /** at most so probable in a correct system; 0 for what cannot happen in one */
  readonly p: number;
  /** what was found, in words */
  readonly found: string;
}

/** A correct system is called broken with at most this probability, over all the tests of one call. */
export const FALSE_ALARM = 1e-6;

/** The least number that is no probability is none of a broken test either: what is not a number disproves. */
const probability = (p: number): number => (p >= 0 ? Math.min(1, p) : 0);

/** The tests that fail by Holm's step-down rule (1979): a correct system fails one with probability `alarm` at most. */
export function failed(checks: readonly Check[], alarm = FALSE_ALARM): Check[] {
  const sorted = [...checks].sort((a, b) => probability(a.p) - probability(b.p));
  const passes = sorted.findIndex(({ p }, i) => probability(p) * (sorted.length - i) > alarm);
  return passes < 0 ? sorted : sorted.slice(0, passes);
}

/** Several tests as one: the least probability times their number. @param name of the whole */
export function smallest(name: string, checks: readonly Check[]): Check {
  if (checks.length === 0) return { name, p: 1, found: 'nothing to test' };
  const worst = checks.reduce((a, b) => (probability(b.p) < probability(a.p) ? b : a));
  return { name, p: Math.min(1, probability(worst.p) * checks.length), found: worst.found };
}
