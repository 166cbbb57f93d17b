/**
 * What guesses about many canaries of one run prove of a mechanism's trade-off function: Mahloujifar, Melis and
 * Chaudhuri, "Auditing f-differential privacy in one run" (2024), algorithm 3, for membership. It uses the whole curve
 * where the bound of one (epsilon, delta) uses a point of it, and so finds more.
 */
import { bisect } from '../../base/maths/search.ts';
import { leastEpsilon } from '../../privacy/budget.ts';
import { least, most, type Profile, profileOf } from '../../privacy/trade-off.ts';
import { type Counts, type Guessing, guessings } from './guesses.ts';

/**
 * Whether `correct` or more of `guesses` are right with a probability below tau, for every mechanism of the profile.
 * r and h are what right and wrong guesses weigh in outcomes with i or more right ones, over all canaries: a canary's
 * own coin changes nothing of what the others are guessed, so r(i + 1) and h(i) obey the trade-off.
 */
function rarer({ canaries, guesses, correct }: Counts, profile: Profile, tau: number): boolean {
  let r = (tau * correct) / canaries;
  let h = (tau * (guesses - correct)) / canaries;
  for (let i = correct - 1; i >= 0; i--) {
    const next = Math.max(h, least(profile, r));
    r += (i / (guesses - i)) * (next - h);
    h = next;
    if (r + h > guesses / canaries) return true;
  }
  return r + h > guesses / canaries;
}

/** Ways to guess, fixed beforehand: a quarter or an eighth of the canaries on either side; of few canaries, more. */
export function fdpGuessings(canaries: number): Guessing[] {
  if (canaries < 16) return guessings(canaries);
  return [4, 8].map((part) => ({ in: Math.floor(canaries / part), out: Math.floor(canaries / part) }));
}

/** P[`correct` or more of `guesses` are right], at most, for mechanisms of this profile; from 1e-15 up. */
export function fdpPValue(counts: Counts, profile: Profile): number {
  const { guesses, correct } = counts;
  if (guesses === 0 || correct === 0 || !rarer(counts, profile, 1 - 1e-9)) return 1;
  const low = Math.log(1e-15);
  if (rarer(counts, profile, 1e-15)) return 1e-15;
  return Math.exp(bisect(low, 0, (logTau) => rarer(counts, profile, Math.exp(logTau)), 1e-4));
}

/**
 * How many of a share of the canaries an ideal attacker guesses right: those most likely in are called "in", those most
 * likely out "out", and the trade-off says how likely a canary above the line is in.
 * @returns the expected number, about the median
 */
export function idealCorrect(way: Guessing, canaries: number, profile: Profile) {
  const right = (called: number) => {
    if (called === 0) return 0;
    const share = (2 * called) / canaries;
    // Called "in" are x of those that are out and y of those that are in, with x + y = share.
    const x = bisect(0, share / 2, (x) => x + most(profile, x) >= share);
    return called * Math.min(1, Math.max(0.5, 1 - x / share));
  };
  return Math.round(right(way.in) + right(way.out));
}

/** Noise multipliers that are tried: 2^(j / 16). */
const TRIED = { low: -32, high: 64, each: 16 };

/**
 * A lower bound on epsilon at delta, for mechanisms that are `steps` updates at rate q with some noise: that of the
 * least noise with which so many right guesses would be rarer than `significance`; with more noise they are rarer still.
 */
export function fdpEpsilon(
  counts: Counts,
  { q, steps, delta }: { readonly q: number; readonly steps: number; readonly delta: number },
  significance: number,
  profiles = new Map<number, Profile>(),
): number {
  const rejected = (j: number): boolean => {
    const profile = profiles.get(j) ?? profileOf(q, 2 ** (j / TRIED.each), steps);
    profiles.set(j, profile);
    return rarer(counts, profile, significance);
  };
  let { low, high } = TRIED;
  if (!rejected(high)) return 0;
  // Between the two, `low` is not rejected: no audit of a few thousand canaries gets there.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (rejected(middle)) high = middle;
    else low = middle;
  }
  return leastEpsilon([{ q, sigma: 2 ** (high / TRIED.each), steps }], delta, 'add-remove');
}
