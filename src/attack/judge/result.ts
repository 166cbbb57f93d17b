/** The records of attacks, as `attack --json` prints them. */
import { type Ranking, rank, type Scores } from '../../base/maths/ranking.ts';
import { advantageOf, aucOf, topNOf, tprAtFprOf } from '../../base/maths/separation.ts';
import { ACCURACY, type Baseline, baselinesOf, bootstrapIntervals, type Statistic } from './resampling.ts';

/** What an attack says of each record; a larger score means "member". */
export interface Scored {
  readonly name: string;
  readonly members: Scores;
  readonly nonMembers: Scores;
}

/** Something of each statistic beside the accuracy. */
interface Each<T> {
  /** Area under the ROC curve. */
  auc: T;
  /** True-positive rate at a false-positive rate of at most 1 % and 0.1 %. */
  tpr_at_fpr: { '0.01': T; '0.001': T };
  /** Largest TPR - FPR of any threshold; above 0 also under chance. */
  advantage: T;
}

export interface AttackResult extends Each<number> {
  name: string;
  /** Top-n accuracy (`topNAccuracy`): balanced accuracy where there are more non-members than members or fewer. */
  accuracy: number;
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
export function judge(scored: Scored, options: { seed?: number } = {}): AttackResult & { roc: RocCurve } {
  const ranking = rank(scored.members, scored.nonMembers);
  return { ...resultOf(scored.name, ranking, options), roc: rocPoints(ranking) };
}

/** False- and true-positive rates of some thresholds, rising, both of one length. */
export interface RocCurve {
  readonly fpr: number[];
  readonly tpr: number[];
}

const short = (x: number): number => Number(x.toPrecision(6));

/**
 * The curve of a ranking in at most `most` points: the first is the largest TPR at FPR 0, the last (1, 1). Where
 * there are more thresholds, FPRs in about equal ratios from 1/m on remain, each with the largest TPR of a threshold
 * whose FPR is no larger: drawn as steps, nothing is promised that no threshold has.
 * @param most at least 3
 */
export function rocPoints({ n, m, members, nonMembers }: Ranking, most = 200): RocCurve {
  let vertices: [fpr: number, tpr: number][] = [[0, 0]];
  let [hits, falsePositives] = [0, 0];
  for (let g = 0; g < members.length; g++) {
    hits += members[g];
    falsePositives += nonMembers[g];
    const last = vertices[vertices.length - 1];
    // Straight up: only the end is kept.
    if (falsePositives / m === last[0]) last[1] = hits / n;
    else vertices.push([falsePositives / m, hits / n]);
  }
  if (vertices.length > most) vertices = thinned(vertices, m, most);
  return { fpr: vertices.map(([x]) => short(x)), tpr: vertices.map(([, y]) => short(y)) };
}

/** For FPRs in equal ratios from 1/m to 1 the last vertex that is no further right; each vertex once. */
function thinned<V extends readonly [number, number]>(vertices: readonly V[], m: number, most: number): V[] {
  const kept = [vertices[0]];
  let at = 0;
  for (let i = 0; i < most - 1; i++) {
    const fpr = m ** (i / (most - 2) - 1) * (1 + 1e-9);
    const before = at;
    while (at + 1 < vertices.length && vertices[at + 1][0] <= fpr) at++;
    if (at > before) kept.push(vertices[at]);
  }
  return kept;
}
