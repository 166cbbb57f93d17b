/** What a configured training claims, by the same arithmetic as its report. */
import { budgetOf, type PrivateConfig, relationOf } from '../../gan/private/config.ts';
import { mechanismOf } from '../../gan/private/plan.ts';
import { updatesBehind } from '../../gan/private/schedule.ts';
import { epsilonOf, noiseFor, stepsFor, upperBound } from '../../privacy/budget.ts';
import { trainingRows } from '../../train/rows.ts';
import type { AuditSetting } from './part.ts';

/** What is claimed of a training: so many updates at this rate. */
export interface Claim {
  readonly q: number;
  readonly sigma: number;
  readonly steps: number;
  readonly epsilon: number;
}

/** More updates are not accounted for. */
const MOST = 1e9;

/** The claim of the configured training. */
export function claimOf({ config, data }: AuditSetting): Claim {
  const { q, multiplier } = mechanismOf(config, trainingRows(data, config));
  const phase = { q, sigma: multiplier };
  // An adaptive schedule decides on the way: as many as without.
  const made = updatesBehind({ ...config, adaptive: 0 }, config.steps);
  const steps = Math.max(1, Math.min(made, MOST, stepsFor(phase, budgetOf(config))));
  return priced({ q: phase.q, sigma: phase.sigma, steps }, config);
}

/** Epsilon of so many updates. */
export function priced({ q, sigma, steps }: Omit<Claim, 'epsilon'>, config: PrivateConfig): Claim {
  const terms = { mechanism: config.mechanism, relation: relationOf(config) };
  return { q, sigma, steps, epsilon: upperBound(epsilonOf([{ q, sigma, steps }], config.delta, terms)) };
}

/** The configured training with the noise that makes it claim `epsilon`. */
export function claiming(epsilon: number, { q, steps }: Claim, config: PrivateConfig): Claim {
  const { sigma } = noiseFor({ q, updates: steps }, { ...budgetOf(config), epsilon });
  return priced({ q, sigma, steps }, config);
}
