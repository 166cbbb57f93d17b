/**
 * Monte Carlo attacks on a generator (Hilprecht et al. 2019), in the form of PAR-GAN's notebooks: how much of what it
 * makes lies within epsilon of a record?
 */
import { median } from '../base/maths/statistics.ts';
import { PhiloxStream } from '../base/philox.ts';
import { spread } from '../base/rows.ts';
import { nearestNeighbours } from '../metrics/neighbours.ts';
import { forEachShuffle, summarise } from './judge/resampling.ts';
import type { SetAttackResult } from './judge/result.ts';
import { fitPca, project } from './pca.ts';
import { type Attack, type Sides, sidesOf, together } from './target.ts';

/** Components of the distances, in PAR-GAN's notebooks. */
const COMPONENTS = 40;
/** Rows that the components are fitted to. */
const FITTED = 5000;

export const monteCarlo: Attack = {
  title: 'Monte Carlo, single records',
  family: 'Monte Carlo (Hilprecht et al.)',
  score: 'Score: the share of fresh samples that come close to a record (Hilprecht et al.).',
  slow: false,
  readings: {
    'monte-carlo-single': {},
    'monte-carlo-set': {
      title: 'Monte Carlo, sets of records',
      score: 'Which of two sets of records is of the training data? Half counts half.',
    },
    'monte-carlo-set-original': {
      title: 'Monte Carlo, sets, the original rule',
      score: 'The same where half counts as right, as its authors count: chance is above 50 %.',
    },
  },
  async run({ model, members, others, attacker, seed, onProgress }) {
    const { gpu } = model;
    let { features } = model;
    const made = await model.queried();
    let [candidates, samples] = [together(members.rows, others.rows), made];
    const n = members.rows.length / features;
    if (features > COMPONENTS) {
      // The attacker fits them to rows of his own, or else to what the generator makes: samples go through the snapshots
      // in turn, so the first are of all of them, and evenly spaced ones might not be.
      const rows = attacker ? spread(attacker, features, FITTED) : made.subarray(0, FITTED * features);
      const pca = await fitPca(gpu, rows, features, COMPONENTS, seed);
      onProgress(0.2);
      [candidates, samples] = [await project(gpu, candidates, pca), await project(gpu, made, pca)];
      features = COMPONENTS;
    }
    const { squared } = await nearestNeighbours(gpu, candidates, samples, {
      features,
      onProgress: (share) => onProgress(0.2 + 0.3 * share),
    });
    const nearest = sidesOf(squared.map(Math.sqrt), n);
    const shares = shareWithinRadius(candidates, samples, features, medianRadius(nearest), (share) =>
      onProgress(0.5 + 0.5 * share),
    );
    return {
      scored: [{ name: 'monte-carlo-single', ...sidesOf(shares, n) }],
      sets: monteCarloSet(nearest, { seed }),
    };
  },
};

/**
 * For each query the share of `samples` within `radius` of it (Euclidean, the border included), exact in float64.
 * @param queries [queries, features] @param samples [samples, features]
 */
export function shareWithinRadius(
  queries: Float32Array,
  samples: Float32Array,
  features: number,
  radius: number,
  onProgress?: (share: number) => void,
): Float64Array {
  const [count, total] = [queries.length / features, samples.length / features];
  const most = radius * radius;
  const points = Float64Array.from(samples);
  const query = new Float64Array(features);
  return Float64Array.from({ length: count }, (_, q) => {
    for (let f = 0; f < features; f++) query[f] = queries[q * features + f];
    let within = 0;
    for (let at = 0; at < points.length; at += features) {
      let squared = 0;
      for (let f = 0; f < features && squared <= most; f++) {
        const difference = query[f] - points[at + f];
        squared += difference * difference;
      }
      if (squared <= most) within++;
    }
    if (q % 64 === 63) onProgress?.((q + 1) / count);
    return within / total;
  });
}

/** The epsilon of the attack: the median over all candidates of the distance to the nearest sample. */
export const medianRadius = ({ members, nonMembers }: Sides): number => median(together(members, nonMembers));

const logFactorial = (n: number): number => {
  let sum = 0;
  for (let i = 2; i <= n; i++) sum += Math.log(i);
  return sum;
};
const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/** P(X = x) where `draws` of a + b balls are drawn, a of them white, and X is the number of white ones. */
const hypergeometric = (x: number, a: number, b: number, draws: number): number =>
  x < 0 || x > a || draws - x < 0 || draws - x > b
    ? 0
    : Math.exp(logChoose(a, x) + logChoose(b, draws - x) - logChoose(a + b, draws));

/**
 * The chance level of "at least half of the top M of 2M are members": 1/2 (1 + P(X = M / 2)) for even M, X being
 * hypergeometric; 0.556 for M = 100.
 */
export const halfOrMoreChance = (size: number): number =>
  size % 2 ? 0.5 : (1 + hypergeometric(size / 2, size, size, size)) / 2;

/**
 * Whether at least half of the M records nearest to the samples are members: the probability over the order of equal
 * distances, `more` of more than half and `equal` of exactly half.
 * @param a distances of M members, ascending @param b of M others, ascending
 */
export function topHalf(a: Float64Array, b: Float64Array): { more: number; equal: number } {
  const size = a.length;
  let [i, j] = [0, 0];
  while (i + j < size) {
    const next = Math.min(i < size ? a[i] : Number.POSITIVE_INFINITY, j < size ? b[j] : Number.POSITIVE_INFINITY);
    let [ties, others] = [0, 0];
    while (i + ties < size && a[i + ties] === next) ties++;
    while (j + others < size && b[j + others] === next) others++;
    if (i + j + ties + others > size) {
      // The cut goes through this group, and takes each part of it with the same probability.
      const open = size - i - j;
      let [more, equal] = [0, 0];
      for (let x = 0; x <= ties; x++) {
        const p = hypergeometric(x, ties, others, open);
        if (2 * (i + x) > size) more += p;
        else if (2 * (i + x) === size) equal += p;
      }
      return { more, equal };
    }
    i += ties;
    j += others;
  }
  return { more: 2 * i > size ? 1 : 0, equal: 2 * i === size ? 1 : 0 };
}

/**
 * The attack on sets, twice: with half credit where exactly half are members (chance one half), and with the
 * original's rule, which takes that for a success (chance 0.556). Epsilon is the median of the 2M distances to the
 * nearest sample, so exactly the M nearest candidates have a sample within it and only these distances matter.
 * Drawing with replacement repeats records; copies share their fate, which moves the original's chance level a little
 * where candidates are few.
 * @param nearest distances of the candidates to their nearest sample
 * @param options size: M, records drawn from each side, with replacement, default 100; repetitions: default 50; repeats:
 * shuffles of the membership, and bootstrap samples, default 200
 */
export function monteCarloSet(
  nearest: Sides,
  options: { size?: number; repetitions?: number; seed?: number; repeats?: number } = {},
): [corrected: SetAttackResult, original: SetAttackResult] {
  const { size = 100, repetitions = 50, seed = 0, repeats = 200 } = options;
  const [n, m] = [nearest.members.length, nearest.nonMembers.length];
  const all = together(nearest.members, nearest.nonMembers);
  // Accuracies by tie rule of so many games in which the members are all[order[0 .. n - 1]] and the others the rest.
  const games = (stream: PhiloxStream, order: ArrayLike<number>): [number, number] => {
    const draw = (first: number, count: number) =>
      Float64Array.from({ length: size }, () => all[order[first + stream.below(count)]]).sort();
    let [more, equal] = [0, 0];
    for (let r = 0; r < repetitions; r++) {
      const game = topHalf(draw(0, n), draw(n, m));
      more += game.more;
      equal += game.equal;
    }
    return [(more + equal / 2) / repetitions, (more + equal) / repetitions];
  };
  const identity = Array.from({ length: n + m }, (_, i) => i);
  const found = games(new PhiloxStream(seed, 'attack/monte-carlo'), identity);

  const bootstrap = new PhiloxStream(seed, 'attack/monte-carlo/bootstrap');
  const drawn = Array.from({ length: repeats }, () => {
    const some = identity.map((i) => (i < n ? bootstrap.below(n) : n + bootstrap.below(m)));
    return games(bootstrap, some);
  });
  const shuffled = new PhiloxStream(seed, 'attack/monte-carlo/shuffled');
  const blind: [number, number][] = [];
  forEachShuffle(n, m, { seed, repeats }, (order) => blind.push(games(shuffled, order)));
  const lawOf = (list: readonly [number, number][], rule: 0 | 1) =>
    summarise(Float64Array.from(list, (accuracies) => accuracies[rule]));
  const least = 0.025 ** (1 / repetitions);
  const result = (rule: 0 | 1, name: string, chance: number): SetAttackResult => {
    const [low, high] = lawOf(drawn, rule).ci95;
    return {
      name,
      accuracy: found[rule],
      chance,
      // Where every game has the same end, the exact bound of as many games.
      ci95: [low === 1 ? least : low, high === 0 ? 1 - least : high],
      floor: lawOf(blind, rule),
      repetitions,
      set_size: size,
    };
  };
  return [result(0, 'monte-carlo-set', 0.5), result(1, 'monte-carlo-set-original', halfOrMoreChance(size))];
}
