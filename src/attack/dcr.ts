/**
 * Distance to the closest record: of a record to the nearest sample, less that to rows which the attacker has; and from
 * the samples' side, whether they are nearer to training records than to others. Why it is no evidence of privacy: "The
 * DCR Delusion", arXiv 2505.01524.
 */
import { PhiloxStream } from '../base/philox.ts';
import { pickRows } from '../base/rows.ts';
import { nearestNeighbours } from '../metrics/neighbours.ts';
import { forEachShuffle, summarise } from './judge/resampling.ts';
import type { ClosestRecords } from './judge/result.ts';
import { type Attack, distanceScores, distancesTo, together, withAttacker } from './target.ts';

export const dcr: Attack = {
  title: 'distance to the closest record',
  family: 'distance to the closest record',
  score: 'Score: closeness to the nearest released sample, less that to rows which the attacker has.',
  slow: false,
  readings: {
    'dcr-calibrated': {},
    'closest-record': {
      title: 'closest record is a member',
      score:
        'Share of samples that are nearer to a training row than to any of as many others. One half is no evidence of privacy.',
      kind: 'share',
    },
  },
  async run(target) {
    const { model, members, seed, onProgress } = target;
    const { gpu, features } = model;
    const samples = await model.released();
    const n = members.rows.length / features;
    const { order } = closestRecordPool(n, target.others.rows.length / features, seed);
    const pool = pickRows(together(members.rows, target.others.rows), features, order);
    const third = (part: number) => (share: number) => onProgress((part + share) / 3);
    const near = await nearestNeighbours(gpu, samples, pool, { features, onProgress: third(0) });
    const isMember = Uint8Array.from(order, (i) => (i < n ? 1 : 0));
    const closest = closestRecords(near.indices, isMember, { seed });
    const [others, attacker] = withAttacker(target);
    if (!attacker.length) return { closest };
    const toSamples = await distancesTo(model, [members.rows, others], samples, third(1));
    const toRows = await distancesTo(model, [members.rows, others], attacker, third(2));
    return { closest, scored: [distanceScores('dcr-calibrated', toSamples, toRows)] };
  },
};

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
 * Whether samples are nearer to training records than to others: a share far above one half is evidence of copying.
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
