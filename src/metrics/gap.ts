/** The generalisation gap: how much better critics think of the rows that they were trained on. */

import { VeilganError } from '../base/errors.ts';
import { mean } from '../base/maths/statistics.ts';
import { type CriticScores, criticSizes } from './critics.ts';

export interface GeneralisationGap {
  /** mean over critics; 0 for critics that remember nothing */
  readonly gap: number;
  /** standard error of the gap as rows are drawn: within about two of it, the gap may be chance */
  readonly error: number;
  /**
   * the mean over critics of the gap in standard deviations of that critic's scores of non-members: a WGAN critic's
   * scale means nothing. Null where a critic gives all of them one score
   */
  readonly standardised: number | null;
  /** of each critic, [K]; null for one without members */
  readonly each: (number | null)[];
}

/** The variance is divided by n - 1, and 0 for a single value. */
function spreadOf(values: Float64Array) {
  const n = values.length;
  const centre = mean(values);
  const squares = values.reduce((sum, v) => sum + (v - centre) ** 2, 0);
  return { n, mean: centre, variance: n > 1 ? squares / (n - 1) : 0 };
}

/**
 * For each critic its mean score of its own members minus that of non-members, E_block D - E_others D: what a white-box
 * attack on a record's own critic lives on. In units of the scores: probabilities for
 * JS, critic values for WGAN.
 * @param scores with `own`, the critic of each member
 * @throws VeilganError SHAPE where the partition is not known, DATA, NAN
 */
export function generalisationGap(scores: CriticScores): GeneralisationGap {
  const { critics, n, m } = criticSizes(scores);
  const own = scores.own ?? (critics === 1 ? new Uint32Array(n) : undefined);
  if (!own) {
    throw new VeilganError('SHAPE', 'the gap needs to know which critic saw which row', {
      where: 'generalisation gap',
      fix: 'Give `own`',
    });
  }
  const parts = Array.from({ length: critics }, (_, k) => {
    const seen = Float64Array.from(scores.members.subarray(k * n, (k + 1) * n)).filter((_, row) => own[row] === k);
    if (!seen.length) return null;
    const unseen = spreadOf(Float64Array.from(scores.nonMembers.subarray(k * m, (k + 1) * m)));
    const members = spreadOf(seen);
    const gap = members.mean - unseen.mean;
    const standardised = unseen.variance > 0 ? gap / Math.sqrt(unseen.variance) : null;
    return { k, gap, standardised, variance: members.variance / members.n };
  });
  const known = parts.filter((part) => part !== null);
  const K = known.length;
  const relative = known.flatMap(({ standardised }) => (standardised === null ? [] : [standardised]));
  // All critics score the same non-members, so it is the mean of a record's scores that varies from one to the next.
  const pooled = spreadOf(
    Float64Array.from({ length: m }, (_, row) => mean(known.map(({ k }) => scores.nonMembers[k * m + row]))),
  );
  const membersError = known.reduce((sum, { variance }) => sum + variance, 0) / K ** 2;
  return {
    gap: mean(known.map(({ gap }) => gap)),
    error: Math.sqrt(membersError + pooled.variance / m),
    standardised: relative.length === K ? mean(relative) : null,
    each: parts.map((part) => part?.gap ?? null),
  };
}
