/** Settings of a generator that is fitted to noisy sums of features. The description of a field is its help on the command line. */
import '../../base/schema.ts';
import * as z from 'zod';
import { VeilganError } from '../../base/errors.ts';
import { choices, parseConfig, sizes } from '../../gan/config.ts';
import { checkMeasured, fitConfig } from '../config.ts';
import { FEATURE_STEPS } from '../defaults.ts';
import { type CountsName, countsNames, countsRows } from './counts.ts';
import { featureNames, featureRows } from './maps.ts';

const { rows, population, relation, delta, epsilon, latent, batch, rate, steps } = fitConfig.shape;

export const featuresConfig = z.strictObject({
  ...{ rows, population, relation, delta, epsilon },
  features: z
    .enum(['auto', ...featureNames])
    .default('auto')
    .describe(`dp-features: what is seen of a record. ${choices(featureRows)}. auto: strokes where they fit`),
  lengthscales: z
    .array(z.number().positive().max(1e6))
    .max(16)
    .default([])
    .describe(
      'dp-features: scales of distance, comma-separated, among which projections are shared out; none: those of the features, by the size of a record',
    ),
  projections: z
    .int()
    .min(1)
    .max(65_536)
    .default(2000)
    .describe('dp-features: M, random projections, each of which gives a cosine and a sine'),
  projectionSeed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .describe('dp-features: public seed of the projections'),
  classCounts: z
    .enum(countsNames as [CountsName, ...CountsName[]])
    .default('balanced')
    .describe(`dp-features: how many records a class has. ${choices(countsRows)}`),
  generatorChannels: sizes
    .min(1)
    .default([32, 16])
    .describe(
      'dp-features: channels of the generator of images from its smallest grid on, each of which doubles the sides',
    ),
  generatorHidden: sizes.min(1).default([128, 128]).describe('hidden sizes of the generator, comma-separated'),
  latent: latent
    .unwrap()
    .default(20)
    .describe(latent.description ?? ''),
  batch: batch.unwrap().default(200).describe('records that the generator makes in a step'),
  rate: rate
    .unwrap()
    .default(4e-3)
    .describe(rate.description ?? ''),
  steps: steps.unwrap().min(1).default(FEATURE_STEPS).describe('steps of the fit'),
});

export type FeaturesConfig = z.output<typeof featuresConfig>;

/** @throws VeilganError CONFIG naming a field, or a combination that makes no promise */
export function parseFeatures(fields: Readonly<Record<string, unknown>>): FeaturesConfig {
  const config = parseConfig(featuresConfig, fields);
  checkMeasured(config, 'sums');
  if (config.classCounts === 'public' && config.population > 0) {
    throw new VeilganError(
      'CONFIG',
      'counts of the classes that are public tell the number of records, which `population` hides',
      { where: 'classCounts', fix: 'Use `classCounts: balanced` or `classCounts: paid`' },
    );
  }
  return config;
}
