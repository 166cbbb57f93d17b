/** The attacks for which the attacker trains models: LOGAN black-box, and LiRA with shadow models. */
import { likelihoodRatios, shadowHalves } from '../../attack/lira.ts';
import { divergences } from '../../gan/divergences.ts';
import type { GanSystem } from '../../gan/system.ts';
import { isPrivate } from '../../gan/systems.ts';
import { nearestDistances } from '../../metrics/neighbours.ts';
import { pickRows } from '../../train/rows.ts';
import type { Attempt, Outcome } from './drivers.ts';
import { trainSurrogate } from './surrogate.ts';
import { sidesOf, together } from './target.ts';

/** Samples of a shadow, and of the target, that distances are measured to. */
const SAMPLES = 2000;

const CONDITIONED = 'labels condition the networks, and a surrogate has none for the samples';

/**
 * LOGAN black-box (Hayes et al. 2019): a GAN is trained on samples of the target, and its critic is asked for the
 * candidates. It has one critic whatever the target has.
 */
export async function surrogateCritic({ target, members, others, steps, seed, onProgress }: Attempt): Promise<Outcome> {
  const { gan } = target.job;
  if (gan.classes) return { why: CONDITIONED };
  const { blocks } = target.job.data;
  const data = { train: await target.queried(), features: gan.features, shape: gan.shape, blocks };
  const options = { steps: steps ?? gan.step, seed: seed + 1, onProgress };
  const surrogate = await target.once('surrogate', async () =>
    target.own(await trainSurrogate(gan.gpu, gan.config, { partitions: 1, snapshots: 1 }, data, options)),
  );
  const [a, b] = [await surrogate.scores(members.rows), await surrogate.scores(others.rows)];
  return { scored: [{ name: 'logan-black-box', members: a, nonMembers: b }] };
}

/**
 * What is known of a model's candidates: the mean of its critics, as logits where they are probabilities; closeness.
 */
async function statisticsOf(gan: GanSystem, rows: Float32Array): Promise<{ critic: Float64Array; near: Float64Array }> {
  const { partitions: K, divergence } = gan.config;
  const probability = divergences[divergence].output === 'probability';
  const scores = await gan.scores(rows);
  const count = scores.length / K;
  const logit = (p: number) => {
    const inside = Math.min(1 - 1e-7, Math.max(1e-7, p));
    return Math.log(inside / (1 - inside));
  };
  const critic = Float64Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < K; k++) sum += probability ? logit(scores[k * count + i]) : scores[k * count + i];
    return sum / K;
  });
  const samples = await gan.sample(SAMPLES);
  const distances = await nearestDistances(gan.gpu, rows, samples, { features: gan.features });
  return { critic, near: distances.map((d) => -Math.log(d + 1e-9)) };
}

/** LiRA: on the critics, and on the distance to the nearest of 2,000 samples; as many members as others. */
export async function shadowModels(attempt: Attempt): Promise<Outcome> {
  const { target, members, others, steps, shadows, seed, onProgress } = attempt;
  const { gan, run: dir } = target.job;
  if (gan.classes) return { why: CONDITIONED };
  if (isPrivate(dir.info.system)) return { why: 'shadows of a private run would have to be private too' };
  const { features, gpu } = gan;
  const each = Math.min(members.rows.length, others.rows.length) / features;
  const rows = together(members.rows.subarray(0, each * features), others.rows.subarray(0, each * features));
  const halves = shadowHalves(2 * each, shadows, seed);
  const found: Awaited<ReturnType<typeof statisticsOf>>[] = [];
  for (const [s, half] of halves.entries()) {
    const list = [...half.keys()].filter((i) => half[i]);
    const data = { train: pickRows(rows, features, list), features, shape: gan.shape, blocks: target.job.data.blocks };
    const shadow = await trainSurrogate(gpu, gan.config, {}, data, {
      steps: steps ?? gan.step,
      seed: seed + 1 + s,
      onProgress: (share) => onProgress((s + share) / shadows),
    });
    try {
      found.push(await statisticsOf(shadow, rows));
    } finally {
      shadow.dispose();
    }
  }
  const own = await statisticsOf(gan, rows);
  const scored = (['critic', 'near'] as const).map((kind) => {
    const ratios = likelihoodRatios(
      own[kind],
      found.map((shadow) => shadow[kind]),
      halves,
    );
    return { name: kind === 'critic' ? 'lira-white-box' : 'lira-black-box', ...sidesOf(ratios, each) };
  });
  return { scored };
}
