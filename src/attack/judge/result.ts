/** The records of attacks, as `attack --json` prints them. */
import { type Ranking, rank, type Scores } from '../../base/maths/ranking.ts';
import { advantageOf, aucOf, topNOf, tprAtFprOf } from '../../base/maths/separation.ts';
import { ACCURACY, type Baseline, baselinesOf, bootstrapIntervals, type Statistic } from './resampling.ts';
import { type RocCurve, rocPoints } from './roc.ts';

/** What an attack says of each record; a larger score means "member". */
export interface Scored {
  readonly name: string;
  readonly members: Scores;
  readonly nonMembers: Scores;
}

/** Something of each statistic beside the accuracy. */
interface Each<T> {
  auc: T;
  tpr_at_fpr: { '0.01': T; '0.001': T };
  advantage: T;
}

export interface AttackResult extends Each<number> {
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
  /** 95 % bootstrap intervals of the others. */
  intervals: Each<[number, number]>;
  /** The others under shuffled membership: their chance levels. */
  floors: Each<Baseline>;
  members: number;
  non_members: number;
}

/** An attack that is told two sets, one of which was trained on, and says which: right or wrong a repetition. */
export interface SetAttackResult {
  name: string;
  /** share of the repetitions in which it was right */
  accuracy: number;
  /** the accuracy of a blind guess under its own tie rule */
  chance: number;
  /** 95 % bootstrap interval over the candidates: repetitions draw from the same ones, so more of them say no more */
  ci95: [number, number];
  /** the accuracy of as many repetitions under shuffled membership; wide where there are few candidates */
  floor: Baseline;
  repetitions: number;
  /** records of each set */
  set_size: number;
}

/** Total variation distances between the score histograms of members and others. */
export interface Tvd {
  /** Largest over the critics. */
  max: number;
  mean: number;
  /** One a critic. */
  each: number[];
  /** Both under shuffled membership, the same shuffle for all critics: finite samples alone give this much. */
  floor: { max: Baseline; mean: Baseline };
  bins: number;
  range: 'unit' | 'minmax';
}

/** Which records samples come closest to. */
export interface ClosestRecords {
  /** Share of the samples whose closest record, among as many members as non-members, is a member. */
  share: number;
  /** The share of samples that know nothing. */
  chance: number;
  /** The share under shuffled membership; wider than binomial, since one record may be the closest of many samples. */
  floor: Baseline;
  samples: number;
  /** records of each side */
  records: number;
}

const STATISTICS: readonly Statistic[] = [
  ACCURACY,
  // A curve through one point (f, t) has at least the area t (1 - f) below it.
  { of: aucOf, perfect: (tpr, tnr) => tpr * tnr },
  { of: (r) => tprAtFprOf(r, 0.01), perfect: (tpr) => tpr },
  { of: (r) => tprAtFprOf(r, 0.001), perfect: (tpr) => tpr },
  { of: advantageOf },
];

const each = <T>([, auc, at1, at01, advantage]: readonly T[]): Each<T> => ({
  auc,
  tpr_at_fpr: { '0.01': at1, '0.001': at01 },
  advantage,
});

function resultOf(name: string, ranking: Ranking, options: { seed?: number }): AttackResult {
  const intervals = bootstrapIntervals(ranking, STATISTICS, options);
  const of = STATISTICS.map((s) => s.of);
  const floors = baselinesOf(of, ranking, options);
  return {
    name,
    accuracy: topNOf(ranking),
    ...each(of.map((statistic) => statistic(ranking))),
    chance: 0.5,
    ci95: intervals[0],
    floor: floors[0],
    intervals: each(intervals),
    floors: each(floors),
    members: ranking.n,
    non_members: ranking.m,
  };
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
  return resultOf(name, rank(members, nonMembers), options);
}

/** `attackResult` with the points of the ROC curve, from one ranking. @throws VeilganError as `attackResult` */
export function judge(
  { name, members, nonMembers }: Scored,
  options: { seed?: number } = {},
): { result: AttackResult; roc: RocCurve } {
  const ranking = rank(members, nonMembers);
  return { result: resultOf(name, ranking, options), roc: rocPoints(ranking) };
}
