/**
 * White-box attacks on the critics: LOGAN (Hayes et al. 2019) as PAR-GAN (Chen et al. 2021) pools it over K
 * discriminators, and the attacker who knows the partition.
 */
import { PhiloxStream } from '../base/philox.ts';
import { type CriticScores, criticSizes } from '../metrics/critics.ts';
import { type AttackResult, attackResult, type Scored } from './judge/result.ts';
import { type Attack, criticScores, NO_CRITICS } from './target.ts';

export const loganWhiteBox: Attack = {
  title: 'white-box',
  family: 'white-box on the critics (LOGAN)',
  score: 'Score: what the critics say of a record: the largest, the mean, and the one that would have seen it.',
  slow: false,
  basic: true,
  readings: {
    'white-box-max': {
      title: 'white-box, largest of all critics',
      score: "Score: the largest critic output. What PAR-GAN's authors report; it does not use the partition.",
    },
    'white-box-mean': {
      title: 'white-box, mean of all critics',
      score: 'Score: the mean critic output. It does not use the partition either.',
    },
    'white-box-own': {
      title: "white-box, the record's own critic",
      score:
        'The attacker knows the partition a record would be in and asks that critic. Max and mean alone flatter PAR-GAN.',
    },
    'white-box-own-ranked': {
      title: "white-box, own critic's ranks",
      score: 'The same, with ranks among the records of one critic in the place of its outputs.',
    },
    'white-box-own-vs-rest': {
      title: 'white-box, own critic against the others',
      score: 'Own critic minus the mean of the critics that did not see the record: they serve as reference models.',
    },
  },
  unfit: ({ critics }) => (critics ? undefined : NO_CRITICS),
  run: async (target) => ({
    scored: Object.values(whiteBoxScores(await criticScores(target), { seed: target.seed })),
  }),
};

export interface WhiteBox {
  /** s(x) = max_k D_k(x): the attacker does not know which critic saw x. */
  max: AttackResult;
  /** s(x) = mean_k D_k(x). */
  mean: AttackResult;
  /** s(x) = D_b(x), b the partition that x is in if it is a member. Absent where partitions are not known. */
  own?: AttackResult;
  /** `own`, with each critic's scores replaced by their ranks among that critic's candidates. */
  ownRanked?: AttackResult;
  /** s(x) = D_b(x) - mean of the other critics, which did not see x. Absent where K = 1. */
  ownVsRest?: AttackResult;
}

/**
 * A partition for every non-member, so that it can be scored as members are: the same share of non-members as of
 * members goes to each partition (largest remainders), who goes where is random.
 */
export function assignPartitions(own: Uint32Array, critics: number, m: number, seed: number): Uint32Array {
  const quota = new Float64Array(critics);
  for (const k of own) quota[k] += m / own.length;
  const counts = Array.from(quota, (share) => Math.floor(share + 1e-9));
  const byRemainder = [...counts.keys()].sort((a, b) => quota[b] - counts[b] - (quota[a] - counts[a]) || a - b);
  let missing = m - counts.reduce((sum, count) => sum + count, 0);
  for (const k of byRemainder) if (missing-- > 0) counts[k]++;
  const order = new PhiloxStream(seed, 'attack/partitions').permutation(m);
  const assigned = new Uint32Array(m);
  let at = 0;
  counts.forEach((count, k) => {
    for (const row of order.subarray(at, at + count)) assigned[row] = k;
    at += count;
  });
  return assigned;
}

/** Combines the K scores of each record: `f` gets the record's scores and its index. */
function pool(scores: Float32Array, critics: number, f: (each: Float64Array, row: number) => number): Float64Array {
  const rows = scores.length / critics;
  const each = new Float64Array(critics);
  return Float64Array.from({ length: rows }, (_, row) => {
    for (let k = 0; k < critics; k++) each[k] = scores[k * rows + row];
    return f(each, row);
  });
}

const sum = (each: Float64Array): number => each.reduce((total, value) => total + value, 0);

/** Mid-ranks, divided by their number, of the scores within each partition; members and others ranked together. */
function rankWithin(
  scores: [members: Float64Array, others: Float64Array],
  partitions: [Uint32Array, Uint32Array],
  critics: number,
): [Float64Array, Float64Array] {
  const n = scores[0].length;
  const value = (i: number) => (i < n ? scores[0][i] : scores[1][i - n]);
  const lists: number[][] = Array.from({ length: critics }, () => []);
  partitions[0].forEach((k, row) => {
    lists[k].push(row);
  });
  partitions[1].forEach((k, row) => {
    lists[k].push(n + row);
  });
  const ranks = new Float64Array(n + scores[1].length);
  for (const list of lists) {
    list.sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
    for (let start = 0; start < list.length; ) {
      let end = start + 1;
      while (end < list.length && value(list[end]) === value(list[start])) end++;
      for (let i = start; i < end; i++) ranks[list[i]] = (start + end) / (2 * list.length);
      start = end;
    }
  }
  return [ranks.slice(0, n), ranks.slice(n)];
}

/**
 * What the white-box attacks say of each record, by the names of `WhiteBox`. `max` and `mean` are PAR-GAN's own; they
 * dilute the one critic that saw a record among K - 1 that did not, so the attacker who knows the partition is the
 * honest worst case.
 *
 * The game behind `own`: the attacker gets a record x and a partition b with the words "if x is a member, it is in b".
 * For a member b is the true one. A non-member has none, so it gets one at random, in the same proportions as members
 * (`assignPartitions`); had it been scored by its best critic, or by all, the score would betray it by its construction
 * and not by what the critics remember. Hence both sides are scored by exactly one critic, and chance stays 0.5.
 *
 * `own` compares raw scores across critics. Critics are trained apart, and the level of a WGAN critic is arbitrary, so
 * differences between critics add noise that hides members; an attacker removes it by ranking the candidates of each
 * critic (members and non-members together: no label is used). That is `ownRanked`. With K = 1 the two are equal.
 * `ownVsRest` calibrates per record instead, with the other critics as reference models (Watson et al. 2022).
 *
 * @param scores in inference mode; sigmoid outputs or logits alike, but a saturated sigmoid ties what logits tell apart
 * @throws VeilganError SHAPE, DATA, NAN
 */
export function whiteBoxScores(scores: CriticScores, options: { seed?: number } = {}): Record<string, Scored> {
  const { critics, n, m } = criticSizes(scores);
  const { members, nonMembers } = scores;
  const alike = (name: string, f: (each: Float64Array) => number): Scored => ({
    name,
    members: pool(members, critics, f),
    nonMembers: pool(nonMembers, critics, f),
  });
  const results: Record<string, Scored> = {
    max: alike('white-box-max', (each) => Math.max(...each)),
    mean: alike('white-box-mean', (each) => sum(each) / critics),
  };
  const own = scores.own ?? (critics === 1 ? new Uint32Array(n) : undefined);
  if (!own) return results;
  const assigned = assignPartitions(own, critics, m, options.seed ?? 0);
  const both = (f: (each: Float64Array, k: number) => number): [Float64Array, Float64Array] => [
    pool(members, critics, (each, row) => f(each, own[row])),
    pool(nonMembers, critics, (each, row) => f(each, assigned[row])),
  ];
  const named = (name: string, [a, b]: [Float64Array, Float64Array]): Scored => ({ name, members: a, nonMembers: b });
  const raw = both((each, k) => each[k]);
  results.own = named('white-box-own', raw);
  results.ownRanked = named('white-box-own-ranked', rankWithin(raw, [own, assigned], critics));
  if (critics > 1) {
    const margin = both((each, k) => each[k] - (sum(each) - each[k]) / (critics - 1));
    results.ownVsRest = named('white-box-own-vs-rest', margin);
  }
  return results;
}

/** The white-box attacks with their statistics; see `whiteBoxScores`. @throws VeilganError SHAPE, DATA, NAN */
export function whiteBox(scores: CriticScores, options: { seed?: number } = {}): WhiteBox {
  const results = Object.entries(whiteBoxScores(scores, options)).map(([key, { name, members, nonMembers }]) => [
    key,
    attackResult(name, members, nonMembers, { seed: options.seed ?? 0 }),
  ]);
  return Object.fromEntries(results) as unknown as WhiteBox;
}
