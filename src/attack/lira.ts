/**
 * The likelihood-ratio attack (LiRA, Carlini et al. 2022) on generative models: shadow models, each trained on a random
 * half of all candidates, say how a record scores where it was trained on and where it was not.
 */
import { median } from '../base/maths/statistics.ts';
import { PhiloxStream } from '../base/philox.ts';
import { pickRows } from '../base/rows.ts';
import { nearestDistances } from '../metrics/neighbours.ts';
import { CONDITIONED } from './logan-black-box.ts';
import { type Attack, type Model, sidesOf, type TrainedModel, together } from './target.ts';

/** Samples of a shadow, and of the target, that distances are measured to. */
const SAMPLES = 2000;

export const lira: Attack = {
  title: 'LiRA',
  family: 'LiRA-style, with shadow models',
  score: 'Score: likelihood ratio of a statistic where models were trained with and without a record (Carlini et al.).',
  slow: true,
  readings: {
    'lira-white-box': {
      title: 'LiRA, on the critics',
      score:
        'Score: how likely the mean critic output is of models that were trained with a record, over models trained without it (LiRA, Carlini et al., with shadow models).',
    },
    'lira-black-box': {
      title: 'LiRA, on samples',
      score: 'The same of the distance to the nearest sample.',
    },
  },
  unfit: (facts) =>
    facts.conditional
      ? CONDITIONED
      : facts.private
        ? 'shadows of a private run would have to be private too'
        : undefined,
  // On as many members as others.
  async run({ model, members, others, trainSurrogate, shadows, seed, onProgress }) {
    const { features } = model;
    const each = Math.min(members.rows.length, others.rows.length) / features;
    const rows = together(members.rows.subarray(0, each * features), others.rows.subarray(0, each * features));
    const halves = shadowHalves(2 * each, shadows, seed);
    const found: Statistics[] = [];
    for (const [s, half] of halves.entries()) {
      const list = [...half.keys()].filter((i) => half[i]);
      const shadow = await trainSurrogate(pickRows(rows, features, list), {
        critics: 'same',
        seed: 1 + s,
        onProgress: (share) => onProgress((s + share) / shadows),
      });
      try {
        found.push(await statisticsOf(shadow, model, rows));
      } finally {
        shadow.dispose();
      }
    }
    const own = await statisticsOf(model, model, rows);
    const scored = (['white-box', 'black-box'] as const).map((kind) => {
      const ratios = likelihoodRatios(
        own[kind],
        found.map((shadow) => shadow[kind]),
        halves,
      );
      return { name: `lira-${kind}`, ...sidesOf(ratios, each) };
    });
    return { scored };
  },
};

type Statistics = Record<'white-box' | 'black-box', Float64Array>;

/**
 * What is known of a model's candidates: the mean of its critics, as logits where they are probabilities; closeness.
 */
async function statisticsOf(of: Model, { gpu, features }: TrainedModel, rows: Float32Array): Promise<Statistics> {
  const scores = await of.scores(rows);
  const count = scores.length / of.critics;
  const logit = (p: number) => {
    const inside = Math.min(1 - 1e-7, Math.max(1e-7, p));
    return Math.log(inside / (1 - inside));
  };
  const critic = Float64Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < of.critics; k++) {
      const score = scores[k * count + i];
      sum += of.output === 'probability' ? logit(score) : score;
    }
    return sum / of.critics;
  });
  const distances = await nearestDistances(gpu, rows, await of.sample(SAMPLES), { features });
  return { 'white-box': critic, 'black-box': distances.map((d) => -Math.log(d + 1e-9)) };
}

/** Below so many shadows on each side of a record one spread for all records is surer than one each. */
const OWN_SPREAD = 16;

/**
 * Which of `count` candidates each shadow is trained on: shadows come in pairs, one with a random half and one with the
 * other, so that every candidate is in half of them.
 * @param shadows even
 * @returns for each shadow [count], 1 where the candidate is in
 */
export function shadowHalves(count: number, shadows: number, seed = 0): Uint8Array[] {
  const stream = new PhiloxStream(seed, 'attack/shadows');
  return Array.from({ length: shadows / 2 }, () => {
    const chosen = new Uint8Array(count);
    for (const i of stream.permutation(count).subarray(0, count >> 1)) chosen[i] = 1;
    return [chosen, chosen.map((bit) => 1 - bit)];
  }).flat();
}

const variance = (values: readonly number[]): number => values.reduce((sum, x) => sum + x * x, 0) / values.length;

/**
 * log N(phi; mean in, spread in) - log N(phi; mean out, spread out) of every candidate: means are medians over the
 * shadows, spreads standard deviations about them, one for all candidates unless there are 16 shadows on either side.
 * @param target what the attacked model gives each candidate, [count]
 * @param shadows the same of each shadow
 * @param halves from `shadowHalves`
 */
export function likelihoodRatios(
  target: ArrayLike<number>,
  shadows: readonly ArrayLike<number>[],
  halves: readonly Uint8Array[],
): Float64Array {
  const count = target.length;
  const sides = [1, 0].map((side) => {
    const centres = new Float64Array(count);
    const residuals: number[][] = [];
    for (let i = 0; i < count; i++) {
      const values = shadows.flatMap((shadow, s) => (halves[s][i] === side ? [shadow[i]] : []));
      centres[i] = median(Float64Array.from(values));
      residuals.push(values.map((x) => x - centres[i]));
    }
    const all = variance(residuals.flat());
    const least = 1e-12 + 1e-6 * all;
    const spreads = residuals.map((list) => Math.max(least, list.length >= OWN_SPREAD ? variance(list) : all));
    return { centres, spreads };
  });
  return Float64Array.from({ length: count }, (_, i) => {
    const [inside, outside] = sides.map(
      ({ centres, spreads }) => -((target[i] - centres[i]) ** 2) / (2 * spreads[i]) - Math.log(spreads[i]) / 2,
    );
    return inside - outside;
  });
}
