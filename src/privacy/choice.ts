/** The exponential mechanism, exactly: one of several candidates, more likely the better its score. */
import { VeilganError } from '../base/errors.ts';
import { below, type Words } from './chacha.ts';
import { bernoulliExp } from './discrete-gaussian.ts';
import { RELATIONS, type Relation } from './relation.ts';

/** Epsilons are whole multiples of 1 / T, so that every probability is that of a quotient of whole numbers. */
const T = 2 ** 24;

/** What a ledger calls a choice. */
export const CHOICE = 'choice of a table';

/**
 * The largest epsilon that a choice is made with and that is not above `epsilon`: a multiple of 2^-24.
 * @throws VeilganError CONFIG where that is 0, or beyond 2^24
 */
export function choiceGrid(epsilon: number): number {
  const grain = Math.floor(epsilon * T);
  if (grain >= 1 && grain <= T * T) return grain / T;
  throw new VeilganError('CONFIG', `an epsilon of ${epsilon} for a choice`, {
    where: 'epsilon of a choice',
    fix: 'Give a larger share of the budget to choices',
  });
}

/** Draws for each candidate before giving up: with the best of n accepted always, that happens once in e^200. */
const TRIES = 200;

/**
 * The place of a candidate, drawn with probability proportional to exp(epsilon score / (2 sensitivity)), exactly: drawn
 * uniformly and accepted with probability exp(-epsilon (best - score) / (2 sensitivity)), until one is. Where one record
 * moves no score by more than `sensitivity` that is epsilon-DP and epsilon^2 / 8-zCDP (`choiceRho`).
 * @param scores whole numbers, at least one
 * @param epsilon of `choiceGrid`
 * @param sensitivity a whole number above 0
 * @throws VeilganError CONFIG for values of another kind; OVER_LIMIT once in e^200, having drawn nothing
 */
export function chooseTable(words: Words, scores: readonly number[], epsilon: number, sensitivity: number): number {
  if (scores.length === 0 || !scores.every(Number.isSafeInteger)) {
    throw new VeilganError('CONFIG', 'scores of a choice are whole numbers, one at least', {
      where: 'scores',
      fix: 'Round them first',
    });
  }
  if (!Number.isSafeInteger(sensitivity) || sensitivity < 1 || choiceGrid(epsilon) !== epsilon) {
    throw new VeilganError('CONFIG', `a choice with epsilon ${epsilon} and sensitivity ${sensitivity}`, {
      where: 'choice',
      fix: 'Give a whole sensitivity, and an epsilon of `choiceGrid`',
    });
  }
  const best = scores.reduce((a, b) => Math.max(a, b));
  for (let tries = TRIES * scores.length; tries > 0; tries--) {
    const at = below(words, scores.length);
    const worse = BigInt(best) - BigInt(scores[at]);
    const [num, den] = [BigInt(epsilon * T) * worse, 2n * BigInt(T) * BigInt(sensitivity)];
    if (bernoulliExp(words, Number(num) / Number(den), () => [num, den])) return at;
  }
  throw new VeilganError('OVER_LIMIT', 'a choice found no candidate', { where: 'choice', fix: 'Start it again' });
}

/** The zCDP of a choice with this epsilon, by its bounded range (Cesar and Rogers 2021, https://arxiv.org/abs/2004.07223). */
export const choiceRho = (epsilon: number): number => epsilon ** 2 / 8;

/** The sigma of the table that costs as much as a choice, by which a ledger charges it. */
export const choiceSigma = (epsilon: number, relation: Relation): number =>
  (2 * Math.sqrt(RELATIONS[relation].factor)) / epsilon;

/** The largest epsilon of `choiceGrid` of which a choice costs at most rho. @throws VeilganError CONFIG where that is 0 */
export function choiceEpsilon(rho: number): number {
  const epsilon = choiceGrid(Math.sqrt(8 * rho));
  return choiceRho(epsilon) <= rho ? epsilon : choiceGrid(epsilon - 1 / T);
}
