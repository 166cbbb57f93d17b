/** What an attack's numbers are worth: the bootstrap, and the same statistic where membership is shuffled. */
import { PhiloxStream } from '../ops/philox.ts';
import { type Ranking, rank, type Scores } from './ranking.ts';
import { topNOf } from './statistics.ts';

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

/** The p-quantile of ascending values, interpolated linearly between order statistics. */
function quantile(ascending: Float64Array, p: number): number {
  const at = p * (ascending.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, ascending.length - 1);
  return ascending[low] + (at - low) * (ascending[high] - ascending[low]);
}

/** Mean and central 95 % of values in any order. */
export function summarise(values: Float64Array): Baseline {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const ascending = Float64Array.from(values).sort();
  return { mean, ci95: [quantile(ascending, 0.025), quantile(ascending, 0.975)] };
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

/**
 * 95 % interval of the top-n accuracy by the percentile bootstrap: members and non-members are resampled separately and
 * the cut is taken anew. Where the separation is perfect in either direction the bootstrap cannot vary; then the bound
 * is the exact one of n successes in n trials, 0.025^(1/n), averaged over members and non-members.
 */
export function accuracyInterval(ranking: Ranking, options: ResamplingOptions = {}): [number, number] {
  const { repeats = 500, seed = 0 } = options;
  const { n, m } = ranking;
  const accuracy = topNOf(ranking);
  const exact = (0.025 ** (1 / n) + 0.025 ** (1 / m)) / 2;
  if (accuracy === 1) return [exact, 1];
  if (accuracy === 0) return [0, 1 - exact];
  const stream = new PhiloxStream(seed, 'attack/bootstrap');
  const a = expand(ranking.members, n);
  const b = expand(ranking.nonMembers, m);
  const drawn: Ranking = { n, m, members: ranking.members.slice(), nonMembers: ranking.nonMembers.slice() };
  const values = new Float64Array(repeats);
  for (let r = 0; r < repeats; r++) {
    drawn.members.fill(0);
    drawn.nonMembers.fill(0);
    for (let i = 0; i < n; i++) drawn.members[a[stream.below(n)]]++;
    for (let i = 0; i < m; i++) drawn.nonMembers[b[stream.below(m)]]++;
    values[r] = topNOf(drawn);
  }
  return summarise(values).ci95;
}

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

/** `permutationBaseline` of a ranking. */
export function baselineOf(
  statistic: (ranking: Ranking) => number,
  ranking: Ranking,
  options: ResamplingOptions = {},
): Baseline {
  const { n, m } = ranking;
  const groups = new Uint32Array(n + m);
  groups.set(expand(ranking.members, n));
  groups.set(expand(ranking.nonMembers, m), n);
  const drawn: Ranking = { n, m, members: ranking.members.slice(), nonMembers: ranking.nonMembers.slice() };
  const values = new Float64Array(options.repeats ?? 500);
  forEachShuffle(n, m, { ...options, repeats: values.length }, (order, repeat) => {
    drawn.members.fill(0);
    drawn.nonMembers.fill(0);
    for (let i = 0; i < n; i++) drawn.members[groups[order[i]]]++;
    for (let i = n; i < n + m; i++) drawn.nonMembers[groups[order[i]]]++;
    values[repeat] = statistic(drawn);
  });
  return summarise(values);
}

/**
 * A statistic of a ranking (`topNOf`, `aucOf`, `advantageOf`, ...) under shuffled membership: what it says where there
 * is nothing to find.
 * @throws VeilganError as `rank`
 */
export function permutationBaseline(
  statistic: (ranking: Ranking) => number,
  members: Scores,
  nonMembers: Scores,
  options: ResamplingOptions = {},
): Baseline {
  return baselineOf(statistic, rank(members, nonMembers), options);
}
