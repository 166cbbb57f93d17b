/** The noise of a private training whose budget and length are given. */
import { isTable, ofClass, type Source } from '../data/dataset.ts';
import { budgetOf, type PrivateConfig, samplingRate } from '../gan/private/config.ts';
import { updatesBehind } from '../gan/private/schedule.ts';
import { noiseFor } from '../privacy/budget.ts';
import { priceOf } from '../run/training-data.ts';
import { trainingRows } from '../train/rows.ts';

/** For `train --help`. */
export const NOISE_HELP = `
Noise: with --epsilon and --steps (or --epochs), and no noise multiplier from a flag or a preset, the least noise is
taken with which all steps fit the budget, what the encoding of a table costs included. Otherwise the noise is
--noise-multiplier, and training stops before the budget is exceeded.
`;

/** What of the command line decides whether noise is looked for. */
export interface Asked {
  /** the fields of flags and preset together */
  readonly fields: Readonly<Record<string, unknown>>;
  /** whether the length comes from the command line; that of a preset for plain systems is none for private ones */
  readonly length: boolean;
}

/**
 * Noisy updates of a training for which noise is to be looked for; null where it keeps the multiplier that it has: one was
 * given, there is no budget, or how many updates there will be is not known.
 */
function planned({ fields, length }: Asked, config: PrivateConfig, source: Source): number | null {
  const { bound, epsilon, onlyClass, population, steps } = config;
  if (bound !== 'clip' || !epsilon || fields.noiseMultiplier !== undefined || !length) return null;
  // How many rows of a class a table has is not known before it is encoded.
  if (isTable(source) && onlyClass >= 0 && !population) return null;
  const updates = updatesBehind(config, steps);
  return Number.isFinite(updates) ? updates : null;
}

/**
 * The config with the noise that its budget asks for, or as it is. A search by the accountant, which may take seconds.
 * @param tell is told of the noise in one line
 * @throws VeilganError CONFIG where no noise suffices, or where config and data do not fit
 */
export function withNoise(
  asked: Asked,
  config: PrivateConfig,
  source: Source,
  tell: (line: string) => void = () => {},
): PrivateConfig {
  const updates = planned(asked, config, source);
  if (updates === null) return config;
  const budget = budgetOf(config);
  const rows = trainingRows(ofClass(source, config.onlyClass), config);
  const { sigma } = noiseFor({ q: samplingRate(config, rows), updates }, budget, priceOf(source, config));
  tell(`noise multiplier ${sigma.toPrecision(5)}: with it all ${updates} noisy updates fit epsilon ${config.epsilon}`);
  return { ...config, noiseMultiplier: sigma };
}
