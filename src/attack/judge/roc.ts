/** Points of a ROC curve for drawing, mostly on logarithmic axes (Carlini et al. 2022). */
import type { Ranking } from '../../base/maths/ranking.ts';

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
