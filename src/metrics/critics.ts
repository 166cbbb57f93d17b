/** The scores that all K critics (discriminators) give to members and non-members. */
import { VeilganError } from '../base/errors.ts';
import { checkScores } from '../base/maths/ranking.ts';

export interface CriticScores {
  /** K. */
  critics: number;
  /** [K, n], row k by critic k, in inference mode: logits, probabilities or critic values; larger means "real". */
  members: Float32Array;
  /** [K, m]. */
  nonMembers: Float32Array;
  /** [n]: the critic that trained on each member. Left out: not known, except that with K = 1 it is critic 0. */
  own?: Uint32Array;
}

/**
 * The sizes of a set of critic scores.
 * @throws VeilganError SHAPE when the arrays do not fit K, DATA when one is empty, NAN for a score that is not a number
 */
export function criticSizes({ critics, members, nonMembers, own }: CriticScores) {
  const n = members.length / critics;
  const m = nonMembers.length / critics;
  const fits =
    Number.isInteger(critics) &&
    critics >= 1 &&
    Number.isInteger(n) &&
    Number.isInteger(m) &&
    (own === undefined || (own.length === n && own.every((k) => k < critics)));
  if (!fits) {
    const ownText = own === undefined ? '' : `, own [${own.length}]`;
    throw new VeilganError('SHAPE', `the scores do not fit ${critics} critics`, {
      where: `members ${members.length} values, non-members ${nonMembers.length} values${ownText}`,
      fix: 'Give one row of scores a critic, and for every member the index of the critic that trained on it.',
    });
  }
  if (n === 0 || m === 0) {
    throw new VeilganError('DATA', `an attack needs members and non-members; there are ${n} and ${m}`, {
      fix: 'Import the data set with a `holdout`',
    });
  }
  checkScores(members, 'members');
  checkScores(nonMembers, 'non-members');
  return { critics, n, m };
}
