/** From a budget to the settings of a private GAN: how many noisy updates are made of it, how many lessons a step, how much noise. */
import type { Phase } from '../../privacy/accountant/phases.ts';
import { type Cost, FREE, stepsFor } from '../../privacy/budget.ts';
import { budgetOf, type PrivateConfig, samplingRate } from './config.ts';
import { withNoise } from './plan.ts';
import { stepsBefore } from './schedule.ts';

/** A budget at which settings were tuned, and the settings. */
export interface Tuned {
  readonly epsilon: number;
  readonly noiseMultiplier: number;
}

/**
 * How the number of updates falls with the budget. With less of it each update must be noisier, and fewer are worth making:
 * between as many of them at any noise (0) and the same noise at any number (2). By measurement (src/gan/README.md).
 */
const POWER = 0.7;
/** Generator steps below which nothing is learnt, and those that lessons are given up for. */
export const FEW_STEPS = 100;
const ENOUGH_STEPS = 150;

/** How long a run is worth being at a budget. */
export interface Worth extends Pick<PrivateConfig, 'steps' | 'criticSteps'> {
  /** noisy updates that the budget is worth; where there are fewer than 100, 100 steps of one each are planned all the same */
  readonly updates: number;
}

/**
 * The length of a run at another budget than its settings were tuned for: the updates that the tuned budget pays for, times
 * (epsilon / tuned)^0.7; of fewer critic updates a step where these would make fewer than 150 steps. A search that may
 * take a second.
 * @param rows that are trained on
 */
export function worthOf(config: PrivateConfig, tuned: Tuned, rows: number): Worth {
  const at = { q: samplingRate(config, rows), sigma: tuned.noiseMultiplier };
  const known = stepsFor(at, { ...budgetOf(config), epsilon: tuned.epsilon });
  const updates = Math.round(known * (config.epsilon / tuned.epsilon) ** POWER);
  const made = Math.max(FEW_STEPS, updates);
  const criticSteps = Math.max(1, Math.min(config.criticSteps, Math.floor(made / ENOUGH_STEPS)));
  return { updates, criticSteps, steps: Math.ceil(made / criticSteps) };
}

/**
 * The settings for another budget than they were tuned for: the length that it is worth, and the least noise for that.
 * @param rows that are trained on @param paid what the encoding of a table is charged
 * @param spent what was released before, under the same budget
 * @throws VeilganError CONFIG where no noise suffices
 */
export function forBudget(
  config: PrivateConfig,
  tuned: Tuned,
  rows: number,
  paid: Cost = FREE,
  spent: readonly Phase[] = [],
): PrivateConfig {
  const { steps, criticSteps } = worthOf(config, tuned, rows);
  return withNoise({ ...config, criticSteps, steps }, rows, paid, spent);
}

/**
 * Generator steps that a budget pays for, at most those that are configured; Infinity where that is not known beforehand.
 * A search that may take seconds.
 * @param spent what was released before, under the same budget
 */
export function stepsPaid(
  config: PrivateConfig,
  rows: number,
  paid: Cost = FREE,
  spent: readonly Phase[] = [],
): number {
  const { steps, noiseMultiplier: sigma } = config;
  if (config.adaptive > 0) return Number.POSITIVE_INFINITY;
  return stepsBefore(
    config,
    stepsFor({ q: samplingRate(config, rows), sigma }, budgetOf(config), { paid, spent }),
    steps,
  );
}
