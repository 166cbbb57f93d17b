/**
 * LOGAN black-box (Hayes et al. 2019): a GAN is trained on samples of the target, and its critic is asked for the
 * candidates. It has one critic whatever the target has.
 */
import type { Attack } from './target.ts';

export const CONDITIONED = 'labels condition the networks, and a surrogate has none for the samples';

export const loganBlackBox: Attack = {
  title: "critic of the attacker's GAN",
  family: 'LOGAN black-box (a surrogate GAN)',
  score: 'Score: output of the critic of a GAN that the attacker trains on fresh samples (LOGAN, black-box).',
  slow: true,
  unfit: ({ conditional }) => (conditional ? CONDITIONED : undefined),
  async run({ model, members, others, trainSurrogate, onProgress }) {
    const surrogate = await model.once('surrogate', async () =>
      trainSurrogate(await model.queried(), { critics: 'one', seed: 1, onProgress }),
    );
    const [a, b] = [await surrogate.scores(members.rows), await surrogate.scores(others.rows)];
    return { scored: [{ name: 'logan-black-box', members: a, nonMembers: b }] };
  },
};
