/** What an audit is of: the config that its flags ask for. */

import type { Dataset } from '../data/dataset.ts';
import { withPreset } from '../gan/presets/index.ts';
import { type PrivateConfig, privateConfig } from '../gan/private/config.ts';
import { parsePrivate } from '../gan/private/run.ts';
import { type SystemName, systems, withCritics } from '../gan/systems.ts';
import { configFields } from './options.ts';

/** What is audited where no preset says otherwise: a training of seconds on two cores, and a claim of about 1. */
export const SMALL = {
  batch: 64,
  noiseMultiplier: 3,
  criticSteps: 1,
  generatorHidden: [32],
  criticHidden: [64],
  steps: 150,
} as const;
export const SMALL_ROWS = 1000;

/** @throws VeilganError CONFIG, USAGE */
export function auditConfig(
  system: SystemName,
  flags: Readonly<Record<string, unknown>> & { readonly preset?: string },
  whole: Dataset,
): PrivateConfig {
  const own = withCritics(system, configFields(flags, privateConfig.shape));
  const small = {
    ...SMALL,
    rows: Math.min(SMALL_ROWS, whole.rows),
    ...(systems[system].critics === 'one' ? {} : { partitions: 4, batch: SMALL.batch / 4 }),
  };
  return parsePrivate({ ...(flags.preset === undefined ? small : {}), ...withPreset(flags.preset, own) });
}
