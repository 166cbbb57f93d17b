/** What a configured training claims, by the same arithmetic as its report. */
import { budgetOf, type PrivateConfig, relationOf } from '../../gan/private/config.ts';
import { mechanismOf } from '../../gan/private/plan.ts';
import { Schedule } from '../../gan/private/schedule.ts';
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
/** After its beginning a schedule is the same again and again. */
const PERIOD = 500;

/** Noisy updates of a training; of an adaptive one, which decides on the way, as many as without. */
function updatesOf(config: PrivateConfig): number {
  if (config.adaptive) return config.steps * config.criticSteps;
  const schedule = new Schedule(config);
  const sum = (from: number, to: number): number => {
    let n = 0;
    for (let i = from; i < to; i++) n += schedule.updates(i);
    return n;
  };
  const rest = config.steps - PERIOD;
  if (rest <= 0) return sum(0, config.steps);
  const whole = Math.floor(rest / PERIOD) * sum(PERIOD, 2 * PERIOD);
  return sum(0, PERIOD) + whole + sum(PERIOD, PERIOD + (rest % PERIOD));
}

/** The claim of the configured training. */
export function claimOf({ config, data }: AuditSetting): Claim {
  const { q, multiplier } = mechanismOf(config, trainingRows(data, config));
  const phase = { q, sigma: multiplier };
  const made = updatesOf(config);
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
