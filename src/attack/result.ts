/** The record of one attack, as `attack --json` prints it. */
import { rank, type Scores } from './ranking.ts';
import { accuracyInterval, type Baseline, baselineOf } from './resampling.ts';
import { advantageOf, aucOf, topNOf, tprAtFprOf } from './statistics.ts';

export interface AttackResult {
  name: string;
  /** Top-n accuracy (`topNAccuracy`): balanced accuracy where there are more non-members than members or fewer. */
  accuracy: number;
  /** Area under the ROC curve. */
  auc: number;
  /** True-positive rate at a false-positive rate of at most 1 % and 0.1 %. */
  tpr_at_fpr: { '0.01': number; '0.001': number };
  /** Largest TPR - FPR of any threshold; above 0 also under chance. */
  advantage: number;
  /** The accuracy of a blind guess. */
  chance: number;
  /** 95 % bootstrap interval of the accuracy. */
  ci95: [number, number];
  /** The accuracy under shuffled membership. */
  floor: Baseline;
  members: number;
  non_members: number;
}

/**
 * All statistics of the scores of n members and m non-members; a larger score means "member".
 * @throws VeilganError DATA when there are no members or no non-members, NAN for a score that is not a number
 */
export function attackResult(
  name: string,
  members: Scores,
  nonMembers: Scores,
  options: { seed?: number } = {},
): AttackResult {
  const ranking = rank(members, nonMembers);
  return {
    name,
    accuracy: topNOf(ranking),
    auc: aucOf(ranking),
    tpr_at_fpr: { '0.01': tprAtFprOf(ranking, 0.01), '0.001': tprAtFprOf(ranking, 0.001) },
    advantage: advantageOf(ranking),
    chance: 0.5,
    ci95: accuracyInterval(ranking, { seed: options.seed }),
    floor: baselineOf(topNOf, ranking, { seed: options.seed }),
    members: ranking.n,
    non_members: ranking.m,
  };
}
