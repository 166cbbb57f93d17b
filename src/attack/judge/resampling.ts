/** What an attack's numbers are worth: the bootstrap, and the same statistic where membership is shuffled. */

import type { Ranking } from '../../base/maths/ranking.ts';
import { topNOf } from '../../base/maths/separation.ts';
import { mean, quantile } from '../../base/maths/statistics.ts';
import { PhiloxStream } from '../../base/philox.ts';

/** A statistic under chance: its mean and the interval that holds 95 % of its values. */
export interface Baseline {
  mean: number;
  ci95: [number, number];
}

export interface ResamplingOptions {
  /** Default 500. */
  repeats?: number;
  /** Default 0. */
  seed?: number;
}

/** Mean and central 95 % of values in any order. */
export function summarise(values: Float64Array): Baseline {
  const ascending = Float64Array.from(values).sort();
  return { mean: mean(values), ci95: [quantile(ascending, 0.025), quantile(ascending, 0.975)] };
}

/** The group of every record, from the counts of the groups. */
function expand(counts: Uint32Array, total: number): Uint32Array {
  const groups = new Uint32Array(total);
  let at = 0;
  for (let g = 0; g < counts.length; g++) {
    groups.fill(g, at, at + counts[g]);
    at += counts[g];
  }
  return groups;
}

/** A statistic of a ranking, and what the bootstrap cannot see at its ends. */
export interface Statistic {
  readonly of: (ranking: Ranking) => number;
  /**
   * The lower end of its interval where it is 1, from those of the true-positive and the true-negative rate; where it
   * is 0, one less that is the upper end. Left out: the bootstrap's own.
   */
  readonly perfect?: (tpr: number, tnr: number) => number;
}

/**
 * 95 % intervals of several statistics by the percentile bootstrap: members and non-members are resampled separately,
 * once for all statistics, and every cut is taken anew. Where a statistic is 0 or 1 the bootstrap cannot vary; then
 * the bound follows from the exact one of n successes in n trials, 0.025^(1/n). For rates at very small false-
 * positive rates, where few non-members decide, percentile intervals are too short: read them with the number of non-
 * members.
 */
export function bootstrapIntervals(
  ranking: Ranking,
  statistics: readonly Statistic[],
  options: ResamplingOptions = {},
): [number, number][] {
  const { repeats = 500, seed = 0 } = options;
  const { n, m } = ranking;
  const stream = new PhiloxStream(seed, 'attack/bootstrap');
  const a = expand(ranking.members, n);
  const b = expand(ranking.nonMembers, m);
  const drawn: Ranking = { n, m, members: ranking.members.slice(), nonMembers: ranking.nonMembers.slice() };
  const values = statistics.map(() => new Float64Array(repeats));
  for (let r = 0; r < repeats; r++) {
    drawn.members.fill(0);
    drawn.nonMembers.fill(0);
    for (let i = 0; i < n; i++) drawn.members[a[stream.below(n)]]++;
    for (let i = 0; i < m; i++) drawn.nonMembers[b[stream.below(m)]]++;
    statistics.forEach(({ of }, s) => {
      values[s][r] = of(drawn);
    });
  }
  return statistics.map(({ of, perfect }, s) => {
    const value = of(ranking);
    const bound = perfect?.(0.025 ** (1 / n), 0.025 ** (1 / m));
    if (bound !== undefined && value === 1) return [bound, 1];
    if (bound !== undefined && value === 0) return [0, 1 - bound];
    return summarise(values[s]).ci95;
  });
}

/** Top-n accuracy for `bootstrapIntervals`. */
export const ACCURACY: Statistic = { of: topNOf, perfect: (tpr, tnr) => (tpr + tnr) / 2 };

/**
 * Shuffles membership: `visit` gets the pooled indices (0 .. n - 1 the members, n .. n + m - 1 the others) in an order
 * whose first n entries are the "members" of this shuffle. The array is reused.
 */
export function forEachShuffle(
  n: number,
  m: number,
  options: ResamplingOptions,
  visit: (order: Uint32Array, repeat: number) => void,
): void {
  const stream = new PhiloxStream(options.seed ?? 0, 'attack/permutation');
  const order = Uint32Array.from({ length: n + m }, (_, i) => i);
  for (let repeat = 0; repeat < (options.repeats ?? 500); repeat++) {
    // The first n places of a Fisher-Yates shuffle; starting from the previous order keeps it uniform.
    for (let i = 0; i < n; i++) {
      const j = i + stream.below(n + m - i);
      const held = order[i];
      order[i] = order[j];
      order[j] = held;
    }
    visit(order, repeat);
  }
}

/**
 * Several statistics of a ranking where membership is shuffled, the same shuffles for all: what they say where there is
 * nothing to find.
 */
export function baselinesOf(
  statistics: readonly ((ranking: Ranking) => number)[],
  ranking: Ranking,
  options: ResamplingOptions = {},
): Baseline[] {
  const { n, m } = ranking;
  const groups = new Uint32Array(n + m);
  groups.set(expand(ranking.members, n));
  groups.set(expand(ranking.nonMembers, m), n);
  const drawn: Ranking = { n, m, members: ranking.members.slice(), nonMembers: ranking.nonMembers.slice() };
  const repeats = options.repeats ?? 500;
  const values = statistics.map(() => new Float64Array(repeats));
  forEachShuffle(n, m, { ...options, repeats }, (order, repeat) => {
    drawn.members.fill(0);
    drawn.nonMembers.fill(0);
    for (let i = 0; i < n; i++) drawn.members[groups[order[i]]]++;
    for (let i = n; i < n + m; i++) drawn.nonMembers[groups[order[i]]]++;
    statistics.forEach((statistic, s) => {
      values[s][repeat] = statistic(drawn);
    });
  });
  return values.map(summarise);
}
