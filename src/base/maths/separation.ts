/** Statistics of an attack's scores (src/attack/README.md). Ties count in expectation. */
import { type Ranking, rank, type Scores } from './ranking.ts';

/** `topNAccuracy` of a ranking. */
export function topNOf({ n, m, members, nonMembers }: Ranking): number {
  // Each side weighs n m, in whole numbers: a member m, a non-member n.
  let open = n * m;
  let hits = 0;
  for (let g = 0; g < members.length && open > 0; g++) {
    const size = members[g] * m + nonMembers[g] * n;
    const called = Math.min(open, size);
    // Of a group that the cut goes through, each record is called with the same probability.
    hits += called === size ? members[g] * m : (called / size) * members[g] * m;
    open -= called;
  }
  return hits / (n * m);
}

/** `auc` of a ranking. */
export function aucOf({ n, m, members, nonMembers }: Ranking): number {
  let above = 0;
  let won = 0;
  for (let g = 0; g < members.length; g++) {
    won += nonMembers[g] * (above + members[g] / 2);
    above += members[g];
  }
  return won / (n * m);
}

/** `tprAtFpr` of a ranking. */
export function tprAtFprOf({ n, m, members, nonMembers }: Ranking, fpr: number): number {
  const allowed = fpr * m * (1 + 1e-12);
  let falsePositives = 0;
  let hits = 0;
  for (let g = 0; g < members.length; g++) {
    falsePositives += nonMembers[g];
    if (falsePositives > allowed) break;
    hits += members[g];
  }
  return hits / n;
}

/** `advantage` of a ranking. */
export function advantageOf({ n, m, members, nonMembers }: Ranking): number {
  let [tpr, fpr, best] = [0, 0, 0];
  for (let g = 0; g < members.length; g++) {
    tpr += members[g];
    fpr += nonMembers[g];
    best = Math.max(best, tpr / n - fpr / m);
  }
  return best;
}

/**
 * Accuracy of calling the n highest of the n + m scores members, as PAR-GAN's white-box attack does (KDD 2021):
 * |top n and member| / n, in expectation over the order of ties, so that constant scores give exactly 0.5. Where n =
 * m this is precision, recall and balanced accuracy in one. Where n and m differ each side counts as a half: the cut
 * is where TPR + FPR = 1, and the balanced accuracy (TPR + 1 - FPR) / 2 = TPR there is what as many of each would
 * give.
 * @throws VeilganError DATA when there are no members or no non-members, NAN for a score that is not a number
 */
export function topNAccuracy(members: Scores, nonMembers: Scores): number {
  return topNOf(rank(members, nonMembers));
}

/**
 * Area under the ROC curve: the probability that a random member scores above a random non-member, ties one half.
 * @throws VeilganError as `topNAccuracy`
 */
export function auc(members: Scores, nonMembers: Scores): number {
  return aucOf(rank(members, nonMembers));
}

/**
 * The largest true-positive rate of a threshold whose false-positive rate is at most `fpr`, without interpolation
 * (Carlini et al. 2022). Below 1/m it is the share of members above every non-member, so at
 * small m its value under chance is about 1 / (m + 1), more than `fpr`: read it with the number of non-members.
 * @throws VeilganError as `topNAccuracy`
 */
export function tprAtFpr(members: Scores, nonMembers: Scores, fpr: number): number {
  return tprAtFprOf(rank(members, nonMembers), fpr);
}

/**
 * Membership advantage: the maximum over thresholds of TPR - FPR (Yeom et al. 2018). The threshold is chosen on the
 * evaluation itself, so it is above 0 also under chance, by about 0.63 sqrt(1/n + 1/m) (the mean of the one-sided
 * Kolmogorov-Smirnov statistic).
 * @throws VeilganError as `topNAccuracy`
 */
export function advantage(members: Scores, nonMembers: Scores): number {
  return advantageOf(rank(members, nonMembers));
}
