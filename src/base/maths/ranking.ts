/**
 * Members and non-members in the order of their scores, which is all that an attack's statistics look at.
 * A larger score means "member". Equal scores form one group and are never ordered among themselves.
 */
import { VeilganError } from '../errors.ts';

export type Scores = ArrayLike<number>;

/** The groups of equal scores from the highest down: how many members and non-members each holds. */
export interface Ranking {
  /** Number of members. */
  n: number;
  /** Number of non-members. */
  m: number;
  members: Uint32Array;
  nonMembers: Uint32Array;
}

/** @throws VeilganError NAN when a score is not a number; infinite scores can be ordered and pass. */
export function checkScores(scores: Scores, what: string): void {
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) {
      throw new VeilganError('NAN', `score ${i} (from 0) of the ${what} is NaN`, {
        where: what,
        fix: 'Look at the losses of the run: training has probably diverged.',
      });
    }
  }
}

function sorted(scores: Scores, what: string): Float64Array {
  if (scores.length === 0) {
    throw new VeilganError('DATA', `an attack needs ${what}, and there are none`, {
      where: what,
      fix: 'Give the data set a `holdout`: rows that were not trained on.',
    });
  }
  checkScores(scores, what);
  return Float64Array.from(scores).sort();
}

/**
 * Ranks the scores of n members and m non-members.
 * @throws VeilganError DATA when one of the two is empty, NAN for a score that is not a number
 */
export function rank(members: Scores, nonMembers: Scores): Ranking {
  const a = sorted(members, 'members');
  const b = sorted(nonMembers, 'non-members');
  const inA: number[] = [];
  const inB: number[] = [];
  let i = a.length - 1;
  let j = b.length - 1;
  while (i >= 0 || j >= 0) {
    const score = Math.max(i >= 0 ? a[i] : Number.NEGATIVE_INFINITY, j >= 0 ? b[j] : Number.NEGATIVE_INFINITY);
    const [startA, startB] = [i, j];
    while (i >= 0 && a[i] === score) i--;
    while (j >= 0 && b[j] === score) j--;
    inA.push(startA - i);
    inB.push(startB - j);
  }
  return { n: a.length, m: b.length, members: Uint32Array.from(inA), nonMembers: Uint32Array.from(inB) };
}
