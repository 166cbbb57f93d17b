/** Attacks that need nothing but samples: how near does one come to the record? */
import { PhiloxStream } from '../base/philox.ts';
import type { Baseline } from './judge/resampling.ts';
import { forEachShuffle, summarise } from './judge/resampling.ts';
import type { Scored } from './judge/result.ts';

/**
 * Scores from distances to what a generator makes: the nearer, the more likely a member. With the distances to the
 * nearest released or queried sample it is GAN-Leaks' full black-box attack (Chen et al. 2020), with those of a
 * search over z its partial black-box and white-box ones. `reference` are the same distances for a generator that was
 * trained without the records: subtracting them calibrates the attack, since some records are easy to reconstruct
 * whoever trained.
 * @param distances of members [n] and non-members [m]
 */
export function distanceScores(name: string, distances: Sides, reference?: Sides): Scored {
  const score = (side: 'members' | 'nonMembers') =>
    distances[side].map((d, i) => (reference ? reference[side][i] - d : -d));
  return { name, members: score('members'), nonMembers: score('nonMembers') };
}

/** One number a record. */
export interface Sides {
  readonly members: Float64Array;
  readonly nonMembers: Float64Array;
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

/** As many members as non-members in random order: `order` lists them, 0 .. n - 1 being members. */
export function closestRecordPool(n: number, m: number, seed = 0, most = 5000): { each: number; order: Uint32Array } {
  const stream = new PhiloxStream(seed, 'attack/closest');
  const each = Math.min(n, m, most);
  const members = stream.permutation(n).subarray(0, each);
  const others = stream.permutation(m).subarray(0, each);
  const mixed = stream.permutation(2 * each);
  return { each, order: mixed.map((i) => (i < each ? members[i] : n + others[i - each])) };
}

/**
 * Distance to the closest record, from the samples' side: are they nearer to training records than to others? A share
 * near one half is no evidence of privacy ("The DCR Delusion", arXiv 2505.01524); one far above is evidence of copying.
 * @param closest of each sample, the place in `member` of its closest record; records in random order, so that equal
 *   distances, which go to the first, favour nobody
 * @param member [records]: 1 for a member, 0 for another; as many of each
 */
export function closestRecords(
  closest: Uint32Array,
  member: Uint8Array,
  options: { seed?: number; repeats?: number } = {},
): ClosestRecords {
  const { seed = 0, repeats = 500 } = options;
  const half = member.length / 2;
  const counts = new Float64Array(member.length);
  for (const record of closest) counts[record]++;
  const total = closest.length;
  const share = counts.reduce((sum, count, i) => sum + count * member[i], 0) / total;
  const shares = new Float64Array(repeats);
  forEachShuffle(half, half, { seed, repeats }, (order, repeat) => {
    for (let i = 0; i < half; i++) shares[repeat] += counts[order[i]] / total;
  });
  return { share, chance: 0.5, floor: summarise(shares), samples: total, records: half };
}
