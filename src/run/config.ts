/** The config of a system, whichever it is. */
import { type FitConfig, parseFit } from '../fit/config.ts';
import { type GanConfig, ganConfig, parseConfig } from '../gan/config.ts';
import { type PrivateConfig, parsePrivate } from '../gan/private/config.ts';
import { isFit, isPrivate, type SystemName } from '../gan/systems.ts';

export type AnyConfig = GanConfig | PrivateConfig | FitConfig;

/** From its fields, defaults filled in. @throws VeilganError CONFIG naming a field, or a combination that promises nothing */
export const configFor = (system: SystemName, fields: Readonly<Record<string, unknown>>): AnyConfig =>
  isFit(system) ? parseFit(fields) : isPrivate(system) ? parsePrivate(fields) : parseConfig(ganConfig, fields);
