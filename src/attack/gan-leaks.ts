/** GAN-Leaks' full black-box attack (Chen et al. 2020): the nearest of many fresh samples. */
import { FULL_BLACK_BOX } from './nearest-sample.ts';
import { type Attack, distanceScores, distancesTo } from './target.ts';

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
