/** Fits to noisy sums of features: what fitting.ts begins and opens for dp-features. */
import { VeilganError } from '../base/errors.ts';
import { type Dataset, isTable, type Source } from '../data/dataset.ts';
import { parseFeatures } from '../fit/features/config.ts';
import { FeaturesFit } from '../fit/features/features.ts';
import { FeatureMeasurer, lost } from '../fit/features/measurer.ts';
import { FeaturesPlan } from '../fit/features/plan.ts';
import type { Gpu } from '../gpu/index.ts';
import { classesOf, trainingRows } from '../train/rows.ts';
import type { Fitted, Fitting } from './fitted.ts';

/** @throws VeilganError CONFIG for a table, whose cells are no numbers yet, and for records that were scaled by looking at them */
function recordsOf(source: Source): Dataset {
  const refuse = (message: string, fix: string) => new VeilganError('CONFIG', message, { where: 'data', fix });
  if (isTable(source)) {
    throw refuse(
      `${source.name} is a table of columns, and dp-features learns from images and points`,
      'Train dp-marginals, or import the CSV `as: points`',
    );
  }
  if (source.scaling?.from === 'data' || source.encoding?.from === 'data') {
    throw refuse(
      `the columns of ${source.name} were scaled by looking at them, which a single record may move`,
      'Import it again with bounds that are known without looking at the records',
    );
  }
  return source;
}

/** @throws VeilganError CONFIG where data and budget do not fit */
export function featuresFitting(fields: Readonly<Record<string, unknown>>, source: Source): Fitting {
  const config = parseFeatures(fields);
  const data = recordsOf(source);
  const rows = trainingRows(data, config);
  const { features, shape, labels } = data;
  const plan = new FeaturesPlan(config, rows, labels ? classesOf(labels.train, data.classes) : 1);
  const train = data.train.subarray(0, rows * features);
  const fittedOf = (gpu: Gpu, seed: number, steps: number, measurer?: FeatureMeasurer): Fitted => {
    const parts = { plan, seed, shape, features, rows, labelled: labels !== undefined, steps, measurer };
    return { gan: new FeaturesFit(gpu, parts), data, wipe: () => measurer?.wipe() };
  };
  return {
    ...{ config, terms: plan.terms, steps: config.steps },
    begin: (gpu, { seed, key, ledger }) => {
      const measurer = new FeatureMeasurer(gpu, { plan, key, ledger, train, features, labels: labels?.train });
      try {
        return fittedOf(gpu, seed, config.steps, measurer);
      } catch (error) {
        measurer.wipe();
        throw error;
      }
    },
    open: (gpu, { run, steps }) => fittedOf(gpu, run.info.seed, steps),
    unkept: (ledger) => (ledger.reach > 0 ? lost() : undefined),
  };
}
