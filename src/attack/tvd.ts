/** Total variation distance between the score histograms of members and non-members, as PAR-GAN's authors measure it. */
import { VeilganError } from '../base/errors.ts';
import { type CriticScores, criticSizes } from '../metrics/critics.ts';
import { forEachShuffle, type ResamplingOptions, summarise } from './judge/resampling.ts';
import type { Tvd } from './judge/result.ts';
import { type Attack, criticScores, NO_CRITICS } from './target.ts';

/** No attack on records, but what one could at best make of the scores of a critic. */
export const tvd: Attack = {
  title: 'TVD of critic scores',
  family: 'total variation distance of critic scores (PAR-GAN)',
  score:
    'Distance between a critic\'s score histograms of training and other points; "chance" is what shuffled membership gives.',
  slow: false,
  basic: true,
  readings: {
    'tvd-max': { title: 'TVD of critic scores, largest', kind: 'distance' },
    'tvd-mean': {
      title: 'TVD of critic scores, mean',
      score: 'The same, averaged over critics.',
      kind: 'distance',
    },
  },
  unfit: ({ critics }) => (critics ? undefined : NO_CRITICS),
  run: async (target) => {
    const range = target.model.output === 'probability' ? 'unit' : 'minmax';
    return { tvd: histogramDistance(await criticScores(target), { range, seed: target.seed }) };
  },
};

export interface TvdOptions extends ResamplingOptions {
  /** Number of equal bins; default 50. */
  bins?: number;
  /** `unit`: [0, 1], for probabilities. `minmax`: the range of a critic's scores on both sets, for critic values. */
  range: 'unit' | 'minmax';
}

/** The bin of each pooled score (members first) of one critic; the last bin includes its upper end. */
function binned(members: Float32Array, others: Float32Array, bins: number, range: 'unit' | 'minmax'): Uint32Array {
  let [low, high] = [0, 1];
  if (range === 'minmax') {
    [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const set of [members, others]) {
      for (const score of set) {
        if (score < low) low = score;
        if (score > high) high = score;
      }
    }
  }
  const out = new Uint32Array(members.length + others.length);
  for (let i = 0; i < out.length; i++) {
    const score = i < members.length ? members[i] : others[i - members.length];
    if (score < low || score > high || !Number.isFinite(score)) {
      throw new VeilganError('DATA', `the score ${score} is outside of [0, 1]`, {
        where: 'total variation distance',
        fix: "Give probabilities, or use the range 'minmax' for finite logits and critic values.",
      });
    }
    out[i] = high > low ? Math.min(bins - 1, Math.floor(((score - low) / (high - low)) * bins)) : 0;
  }
  return out;
}

/**
 * TVD_k = 1/2 sum over bins |share of members - share of non-members| of every critic k, with max and mean over k, and
 * the same under shuffled membership (default 500 shuffles).
 * @throws VeilganError SHAPE, NAN; DATA for a score outside of the range
 */
export function histogramDistance(scores: CriticScores, options: TvdOptions): Tvd {
  const { critics, n, m } = criticSizes(scores);
  const { bins = 50, range, repeats = 500, seed = 0 } = options;
  const bin = Array.from({ length: critics }, (_, k) =>
    binned(scores.members.subarray(k * n, (k + 1) * n), scores.nonMembers.subarray(k * m, (k + 1) * m), bins, range),
  );
  const difference = new Float64Array(bins);
  const distance = (of: Uint32Array, order: Uint32Array): number => {
    difference.fill(0);
    for (let i = 0; i < n; i++) difference[of[order[i]]] += 1 / n;
    for (let i = n; i < n + m; i++) difference[of[order[i]]] -= 1 / m;
    return difference.reduce((sum, value) => sum + Math.abs(value), 0) / 2;
  };
  const all = (order: Uint32Array): number[] => bin.map((of) => distance(of, order));
  const average = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / critics;

  const each = all(Uint32Array.from({ length: n + m }, (_, i) => i));
  const max = new Float64Array(repeats);
  const mean = new Float64Array(repeats);
  forEachShuffle(n, m, { repeats, seed }, (order, repeat) => {
    const values = all(order);
    max[repeat] = Math.max(...values);
    mean[repeat] = average(values);
  });
  const floor = { max: summarise(max), mean: summarise(mean) };
  return { max: Math.max(...each), mean: average(each), each, floor, bins, range };
}
