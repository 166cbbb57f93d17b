/** From what the owner chose to the settings of a run. For the worker. */
import type { Dataset } from '../../data/dataset.ts';
import { notGiven } from '../../data/encoding/schema.ts';
import type { GanConfig } from '../../gan/config.ts';
import { makeConfig, presets, usualPreset } from '../../gan/presets/index.ts';
import { type PrivateConfig, parsePrivate, priceOfColumns } from '../../gan/private/config.ts';
import { withNoise } from '../../gan/private/plan.ts';
import { FEW_STEPS, type Tuned, worthOf } from '../../gan/private/planner.ts';
import {
  type FitSystem,
  isFit,
  isPrivate,
  type Measured,
  measuredBy,
  type SystemName,
  systemsWith,
} from '../../gan/systems.ts';
import { type AnyConfig, fitConfigFor } from '../../run/config.ts';
import type { Plan, Ready, Size, Usual, Worth } from '../protocol.ts';

/** Widths of dense layers, and channels of convolutional ones, by size. */
const SIZES: Readonly<Record<Size, Readonly<Record<'hidden' | 'generator' | 'critic', readonly number[]>>>> = {
  small: { hidden: [64, 64], generator: [32, 16, 16], critic: [16, 32] },
  medium: { hidden: [128, 128], generator: [64, 32, 32], critic: [32, 64] },
  large: { hidden: [256, 256], generator: [128, 64, 64], critic: [64, 128] },
};

/** Copies of the generator that samples are drawn from in turn, over the second half of the run. */
const SNAPSHOTS = 16;

/** The settings that both kinds of systems share. */
function fields(plan: Plan, { shape, encoding }: Dataset): Record<string, unknown> {
  const { partitions, size, steps, batch, criticSteps, rate, divergence } = plan;
  const shared = { partitions, partitionOrder: 'shuffled', steps, batch, criticSteps, rate, divergence };
  const { hidden, generator, critic } = SIZES[size];
  if (shape.length === 3) {
    const channels = { generatorChannels: generator, criticChannels: critic };
    return { ...shared, network: 'dcgan', latent: 64, beta1: 0.5, snapshots: 1, ...channels };
  }
  return {
    ...shared,
    latent: encoding ? 16 : 4,
    temperature: 0.1,
    beta1: 0.5,
    generatorHidden: hidden,
    criticHidden: hidden,
    snapshots: SNAPSHOTS,
    snapshotEvery: Math.max(1, Math.floor(steps / 2 / SNAPSHOTS)),
  };
}

/** Of systems without a guarantee. @throws VeilganError CONFIG */
export const plainConfig = (plan: Plan, data: Dataset): GanConfig => makeConfig(undefined, fields(plan, data));

type Networks = (size: Size, shape: readonly number[]) => Record<string, unknown>;

/**
 * Of fits to features by size, the medium one being the command line's. A small one is about a sixth of the work, which a
 * computer without a graphics card does in minutes; on the example's digits it comes as near to the noisy sums as their
 * noise lets it (a loss of 1.005 after 1,000 steps).
 */
const FEATURES: Readonly<Record<Size, Record<string, unknown> & { readonly channels: readonly number[] }>> = {
  small: { channels: [32, 16], projections: 500, batch: 50 },
  medium: { channels: [32, 16] },
  large: { channels: [64, 32], projections: 4000 },
};

/** Sizes of what is fitted to noisy measurements. */
const fitted: Readonly<Record<Measured, Networks>> = {
  tables: (size) => ({ generatorHidden: SIZES[size].hidden }),
  features: (size, shape) => {
    const { channels, ...more } = FEATURES[size];
    // Grids are doubled twice, or once where a side is no multiple of four.
    const doubled = shape.length < 3 || shape[0] % 4 || shape[1] % 4 ? 1 : 2;
    return { ...more, generatorHidden: SIZES[size].hidden, generatorChannels: channels.slice(0, doubled) };
  },
};

/** Of a generator that is fitted to noisy measurements: what the command line takes, but for its size. @throws VeilganError CONFIG */
const fitPlan = (system: FitSystem, { epsilon, delta, steps, size }: Plan, { shape }: Dataset) =>
  fitConfigFor(system, { epsilon, delta, steps, ...fitted[measuredBy(system)](size, shape) });

/** The settings of a run, whichever its system. @param data the records without a guarantee @throws VeilganError CONFIG */
export function configOf(plan: Plan, data: Dataset): AnyConfig {
  if (isFit(plan.system)) return fitPlan(plan.system, plan, data);
  return isPrivate(plan.system) ? privatePlan(plan, data) : plainConfig(plan, data);
}

/** The settings that the command line takes for a table of so many rows. */
const presetOf = (system: SystemName, rows: number) => presets[usualPreset(system, rows)] as Usual & Tuned;

/** What private systems with critics begin with on a table. @param rows all that there are */
export function usualFor(rows: number): Ready['usual'] {
  const planned = systemsWith({ private: true }).filter((system) => !isFit(system));
  return Object.fromEntries(
    planned.map((system): [SystemName, Usual] => {
      const { partitions, batch, criticSteps, rate } = presetOf(system, rows);
      return [system, { partitions, batch, criticSteps, rate }];
    }),
  );
}

/** The settings of private systems with critics, but for their noise: those of tables begin with noisy counts. */
function privateFields(plan: Plan, data: Dataset): Record<string, unknown> {
  const { clipNorm, epsilon, delta } = plan;
  return { ...fields(plan, data), ...{ clipNorm, epsilon, delta }, start: data.encoding ? 'marginals' : 'random' };
}

/** How long a plan is worth being, by the planner of the command line. @param data the records of a table @throws VeilganError CONFIG */
export function worthAt(plan: Plan, data: Dataset): Worth {
  const { system } = plan;
  const config = parsePrivate(privateFields(plan, data));
  return { ...worthOf(config, presetOf(system, data.rows + data.holdoutRows), data.rows), least: FEW_STEPS };
}

/**
 * Of private systems: as much noise as lets all steps be taken within the budget, of which the counting of a table's
 * columns takes its part first.
 * @param data the records without a guarantee, of which the number and the shape are used
 * @throws VeilganError CONFIG
 */
export function privatePlan(plan: Plan, data: Dataset): PrivateConfig {
  const config = parsePrivate(privateFields(plan, data));
  const paid = data.encoding && priceOfColumns(config, notGiven(data.encoding.columns, plan.given));
  return withNoise(config, data.rows, paid);
}
