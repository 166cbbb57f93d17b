/**
 * Privacy audits: what canaries that were guessed right prove of epsilon. Each canary is in the data or out by a fair
 * coin; whoever sees what a mechanism released scores it; a mechanism that is (epsilon, delta)-DP for adding or
 * removing a record lets nobody guess the coins better than epsilon and delta allow. A bound here is below the true
 * epsilon with the stated confidence: a large one disproves a claim, a small one proves nothing.
 */
import { VeilganError } from '../../base/errors.ts';
import { clopperPearsonUpper, logGamma } from '../../base/maths/binomial.ts';
import { checkScores, type Scores } from '../../base/maths/ranking.ts';
import { bisect } from '../../base/maths/search.ts';

export interface AuditOptions {
  /** delta at which epsilon is bounded, >= 0 */
  readonly delta: number;
  /** probability that the bound is below the true epsilon, such as 0.95 */
  readonly confidence: number;
}

/** Counts of guesses, and what they prove. */
export interface AuditBound {
  /** with `confidence`, the mechanism is not (epsilon, delta)-DP for any epsilon below this; 0 where nothing follows */
  readonly epsilon: number;
  readonly canaries: number;
  /** how many were guessed; the others were abstained from */
  readonly guesses: number;
  readonly correct: number;
}

/** Of guesses, without what they prove. */
export type Counts = Omit<AuditBound, 'epsilon'>;

/**
 * The probability that a mechanism that is (epsilon, delta)-DP lets `correct` or more of `guesses` be right: Steinke,
 * Nasr and Jagielski, "Privacy auditing with one (1) training run" (2023), Theorem 5.2. With W the number of
 * successes of randomised response, Bin(guesses, e^epsilon / (1 + e^epsilon)), it is
 * P[W >= v] + 2 m delta max_i P[v > W >= v - i] / i.
 * @param canaries m: all coins that were thrown, abstentions included
 */
export function oneRunPValue({ canaries, guesses, correct }: Counts, epsilon: number, delta: number): number {
  const [r, v] = [guesses, correct];
  if (v === 0) return 1;
  // The odds of a right guess, whose logarithm is epsilon.
  const logWrong = -Math.log1p(Math.exp(epsilon));
  let logMass = logGamma(r + 1) - logGamma(v + 1) - logGamma(r - v + 1) + v * epsilon + r * logWrong;
  let [tail, mass] = [0, logMass];
  for (let k = v; k <= r; k++) {
    tail += Math.exp(mass);
    mass += Math.log((r - k) / (k + 1)) + epsilon;
  }
  let [below, alpha] = [0, 0];
  // No later term can be larger than 1 / i.
  for (let i = 1; delta > 0 && i <= v && alpha * i < 1; i++) {
    const k = v - i;
    logMass += Math.log((k + 1) / (r - k)) - epsilon;
    below += Math.exp(logMass);
    alpha = Math.max(alpha, below / i);
  }
  return Math.min(1, tail + 2 * canaries * delta * alpha);
}

/** The largest epsilon below which every one is rejected at `significance`. */
export function oneRunEpsilon(counts: Counts, delta: number, significance: number): number {
  const kept = (epsilon: number) => oneRunPValue(counts, epsilon, delta) > significance;
  if (kept(0)) return 0;
  // In small steps, so that the first epsilon that is not rejected is found even where the delta term is not monotone.
  const step = 0.05;
  let high = step;
  while (!kept(high)) high += step;
  return bisect(high - step, high, kept, 1e-12);
}

/** How many canaries are guessed: those with the highest scores "in", those with the lowest "out". */
export interface Guessing {
  readonly in: number;
  readonly out: number;
}

/**
 * Ways to guess, fixed before any score is seen: a quarter of the canaries "in" (where only those that are in can
 * show), a quarter on either side, and all.
 */
export const guessings = (canaries: number): Guessing[] => {
  const [half, quarter] = [2, 4].map((parts) => Math.max(1, Math.floor(canaries / parts)));
  const ways = [
    { in: quarter, out: 0 },
    { in: quarter, out: quarter },
    { in: half, out: canaries - half },
  ];
  return canaries < 4 ? ways.slice(2) : ways;
};

/** @throws VeilganError DATA, NAN or CONFIG for scores or options from which nothing can follow */
function checkAudit(scores: Scores, included: ArrayLike<boolean>, { delta, confidence }: AuditOptions): void {
  checkScores(scores, 'canaries');
  if (scores.length === 0 || scores.length !== included.length) {
    throw new VeilganError('DATA', `${scores.length} scores of ${included.length} canaries`, {
      where: 'audit',
      fix: 'Give one score and one coin for each canary, and at least one canary',
    });
  }
  if (!(delta >= 0 && delta < 1 && confidence > 0 && confidence < 1)) {
    throw new VeilganError('CONFIG', `an audit at delta ${delta} with confidence ${confidence}`, {
      where: 'confidence',
      fix: 'Give a confidence between 0 and 1, such as 0.95, and a delta from 0 to below 1',
    });
  }
}

/**
 * The bound of one training run with many canaries (or of several independent runs with canaries of their own, which
 * together are one mechanism on all the coins). The best of several ways to guess counts, each at its share of the
 * significance (Bonferroni), so that the choice costs no confidence.
 * @param scores one a canary, a larger one meaning "in"; they may depend on everything but the coins. Equal ones stay
 * in their order
 * @param included the coins, independent and fair
 * @param epsilonOf what counts prove at a significance; default that of `oneRunPValue`
 * @throws VeilganError DATA where sizes differ or there are no canaries, NAN for a score that is not a number, CONFIG
 */
export function oneRunAudit(
  scores: Scores,
  included: ArrayLike<boolean>,
  options: AuditOptions,
  ways: readonly Guessing[] = guessings(scores.length),
  epsilonOf: (counts: Counts, significance: number) => number = (counts, significance) =>
    oneRunEpsilon(counts, options.delta, significance),
): AuditBound {
  checkAudit(scores, included, options);
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  const significance = (1 - options.confidence) / ways.length;
  const bounds = ways.map((way) => {
    const first = order.slice(0, way.in).filter((i) => included[i]).length;
    const last = order.slice(order.length - way.out).filter((i) => !included[i]).length;
    const counts = { canaries: scores.length, guesses: way.in + way.out, correct: first + (way.out ? last : 0) };
    return { ...counts, epsilon: epsilonOf(counts, significance) };
  });
  const better = (a: AuditBound, b: AuditBound) =>
    b.epsilon - a.epsilon || b.correct / b.guesses - a.correct / a.guesses;
  return bounds.reduce((best, bound) => (better(best, bound) > 0 ? bound : best));
}

/** Errors of guesses "in" or "out" about one canary in each of many runs. */
export interface Errors {
  /** runs without the canary, and how many of them were guessed "in" */
  readonly out: number;
  readonly falseIn: number;
  /** runs with it, and how many of them were guessed "out" */
  readonly in: number;
  readonly falseOut: number;
}

/**
 * The bound of independent runs with one canary each, from the rates of both errors at their Clopper-Pearson limits
 * (each at half the significance): an (epsilon, delta)-DP mechanism has TPR <= e^epsilon FPR + delta, and the same
 * with in and out exchanged (Kairouz, Oh and Viswanath 2015; Nasr et al. 2021).
 */
export function errorBound(errors: Errors, { delta, confidence }: AuditOptions): number {
  const half = (1 - confidence) / 2;
  if (errors.in === 0 || errors.out === 0) return 0;
  const fpr = clopperPearsonUpper(errors.falseIn, errors.out, half);
  const fnr = clopperPearsonUpper(errors.falseOut, errors.in, half);
  const ratio = Math.max((1 - fnr - delta) / fpr, (1 - fpr - delta) / fnr);
  return ratio > 1 ? Math.log(ratio) : 0;
}

/**
 * The bound of many runs: the first half of them chooses the threshold that would prove most, the second half is
 * judged by it, so that the choice costs no confidence.
 * @param scores one a run, a larger one meaning that its canary is in
 * @throws VeilganError as `oneRunAudit`; DATA for fewer than two runs
 */
export function manyRunAudit(
  scores: Scores,
  included: ArrayLike<boolean>,
  options: AuditOptions,
): AuditBound & { readonly errors: Errors } {
  checkAudit(scores, included, options);
  const n = scores.length;
  if (n < 2) {
    throw new VeilganError('DATA', 'one run cannot both choose a threshold and be judged by it', {
      where: 'runs',
      fix: 'Make at least two, and better hundreds, or use `mode: one-run`',
    });
  }
  const errorsAt = (threshold: number, from: number, to: number): Errors => {
    const errors = { in: 0, out: 0, falseIn: 0, falseOut: 0 };
    for (let i = from; i < to; i++) {
      if (included[i]) errors.in++;
      else errors.out++;
      if (included[i] && scores[i] < threshold) errors.falseOut++;
      if (!included[i] && scores[i] >= threshold) errors.falseIn++;
    }
    return errors;
  };
  const half = n >> 1;
  let [threshold, best, fewest] = [Number.POSITIVE_INFINITY, -1, n];
  for (let i = 0; i < half; i++) {
    const errors = errorsAt(scores[i], 0, half);
    const [bound, wrong] = [errorBound(errors, options), errors.falseIn + errors.falseOut];
    // Few runs prove nothing at any threshold; then the one with the fewest errors is the best guess.
    if (bound > best || (bound === best && wrong < fewest)) [threshold, best, fewest] = [scores[i], bound, wrong];
  }
  const errors = errorsAt(threshold, half, n);
  const guesses = n - half;
  return {
    errors,
    epsilon: errorBound(errors, options),
    canaries: n,
    guesses,
    correct: guesses - errors.falseIn - errors.falseOut,
  };
}

/**
 * P[errors that prove so much], at most, where the claim holds: the least significance at which they disprove it.
 * From 1e-12 up.
 */
export function errorsPValue(errors: Errors, epsilon: number, delta: number): number {
  const proves = (significance: number) => errorBound(errors, { delta, confidence: 1 - significance }) > epsilon;
  if (!proves(0.999)) return 1;
  const low = Math.log(1e-12);
  return proves(1e-12) ? 1e-12 : Math.exp(bisect(low, 0, (log) => proves(Math.exp(log)), 1e-4));
}
