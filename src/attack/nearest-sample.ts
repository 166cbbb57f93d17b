/** The nearest released sample: needs no access to the model (GAN-Leaks' full black-box attack, Chen et al. 2020). */
import { type Attack, distanceScores, distancesTo } from './target.ts';

export const FULL_BLACK_BOX = 'nearest sample (GAN-Leaks, full black-box)';

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
