/** The config of a system, whichever it is. */
import { type FitConfig, parseFit } from '../fit/config.ts';
import { type FeaturesConfig, parseFeatures } from '../fit/features/config.ts';
import { type GanConfig, ganConfig, parseConfig } from '../gan/config.ts';
import { type PrivateConfig, parsePrivate } from '../gan/private/config.ts';
import { type FitSystem, isFit, isPrivate, type Measured, measuredBy, type SystemName } from '../gan/systems.ts';

export type AnyConfig = GanConfig | PrivateConfig | FitConfig | FeaturesConfig;

type Parse = (fields: Readonly<Record<string, unknown>>) => FitConfig | FeaturesConfig;

/** By what is measured. */
const measuring: Readonly<Record<Measured, Parse>> = { tables: parseFit, features: parseFeatures };

/** The config of a system that is fitted to measurements. @throws VeilganError CONFIG as `configFor` */
export const fitConfigFor = (system: FitSystem, fields: Readonly<Record<string, unknown>>) =>
  measuring[measuredBy(system)](fields);

/** From its fields, defaults filled in. @throws VeilganError CONFIG naming a field, or a combination that promises nothing */
export const configFor = (system: SystemName, fields: Readonly<Record<string, unknown>>): AnyConfig =>
  isFit(system)
    ? fitConfigFor(system, fields)
    : isPrivate(system)
      ? parsePrivate(fields)
      : parseConfig(ganConfig, fields);
