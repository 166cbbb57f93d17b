/** GAN-Leaks' full black-box attack (Chen et al. 2020): the nearest of the released samples, or of many fresh ones. */
import { type Attack, distanceScores, distancesTo } from './target.ts';

const FULL_BLACK_BOX = 'nearest sample (GAN-Leaks, full black-box)';

/** Needs no access to the model. */
export const nearestSample: Attack = {
  title: 'nearest released sample',
  family: FULL_BLACK_BOX,
  score: 'Score: closeness to the nearest of the released samples. Needs no access to the model.',
  slow: false,
  basic: true,
  async run({ model, members, others, onProgress }) {
    const distances = await distancesTo(model, [members.rows, others.rows], await model.released(), onProgress);
    return { scored: [distanceScores('nearest-sample', distances)] };
  },
};

export const ganLeaks: Attack = {
  title: 'nearest of fresh samples',
  family: FULL_BLACK_BOX,
  score:
    'Score: closeness to the nearest of many fresh samples, which whoever may query the generator gets (GAN-Leaks, full black-box).',
  slow: false,
  calibrated: true,
  async run({ model, reference, members, others, onProgress }) {
    const rows = [members.rows, others.rows] as const;
    const half = (part: number) => (share: number) => onProgress((part + share) / (reference ? 2 : 1));
    const own = await distancesTo(model, rows, await model.queried(), half(0));
    if (!reference) return { scored: [distanceScores('gan-leaks', own)] };
    const other = await distancesTo(reference, rows, await reference.queried(), half(1));
    return { scored: [distanceScores('gan-leaks', own), distanceScores('gan-leaks-calibrated', own, other)] };
  },
};
