/** From what the owner chose to the settings of a run. For the worker. */
import type { Dataset } from '../../data/dataset.ts';
import { notGiven } from '../../data/encoding/schema.ts';
import type { GanConfig } from '../../gan/config.ts';
import { makeConfig } from '../../gan/presets/index.ts';
import { budgetOf, type PrivateConfig } from '../../gan/private/config.ts';
import { withNoise } from '../../gan/private/plan.ts';
import { parsePrivate } from '../../gan/private/run.ts';
import { encodingPrice } from '../../privacy/budget.ts';
import { SIZES } from '../plan.ts';
import type { Plan, Size } from '../protocol.ts';

/** Convolutional networks for images, by size. */
const IMAGE: Readonly<Record<Size, { generatorChannels: number[]; criticChannels: number[] }>> = {
  small: { generatorChannels: [32, 16, 16], criticChannels: [16, 32] },
  medium: { generatorChannels: [64, 32, 32], criticChannels: [32, 64] },
  large: { generatorChannels: [128, 64, 64], criticChannels: [64, 128] },
};

/** Copies of the generator that samples are drawn from in turn, over the second half of the run. */
const SNAPSHOTS = 16;

/** The settings that both kinds of systems share. */
function fields(plan: Plan, { shape, encoding }: Dataset): Record<string, unknown> {
  const { partitions, size, steps, batch, criticSteps, rate, divergence } = plan;
  const shared = { partitions, partitionOrder: 'shuffled', steps, batch, criticSteps, rate, divergence };
  if (shape.length === 3) {
    return { ...shared, network: 'dcgan', latent: 64, beta1: 0.5, snapshots: 1, ...IMAGE[size] };
  }
  return {
    ...shared,
    latent: encoding ? 16 : 4,
    temperature: 0.1,
    beta1: 0.5,
    generatorHidden: SIZES[size],
    criticHidden: SIZES[size],
    snapshots: SNAPSHOTS,
    snapshotEvery: Math.max(1, Math.floor(steps / 2 / SNAPSHOTS)),
  };
}

/** Of systems without a guarantee. @throws VeilganError CONFIG */
export const plainConfig = (plan: Plan, data: Dataset): GanConfig => makeConfig(undefined, fields(plan, data));

/**
 * Of private systems: as much noise as lets all steps be taken within the budget, of which the encoding of a table takes
 * its part first, unless all of its columns are given.
 * @param data the records without a guarantee, of which the number and the shape are used
 * @throws VeilganError CONFIG
 */
export function privatePlan(plan: Plan, data: Dataset): PrivateConfig {
  const { clipNorm, epsilon, delta } = plan;
  const config = parsePrivate({ ...fields(plan, data), clipNorm, epsilon, delta });
  const paid = data.encoding && encodingPrice(budgetOf(config), notGiven(data.encoding.columns, plan.given));
  return withNoise(config, data.rows, paid);
}
