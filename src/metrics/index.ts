/** The quality measures, a row each, by the names under which they are stored. How they are computed: the files of this folder. */
import { energyDistance } from './energy.ts';
import { type DownstreamNetwork, downstreamNetworks, FEATURE_NETWORK, type NetworkName } from './images/networks.ts';
import { type Modes, modeShares, ringShares, shareWithin } from './modes.ts';
import { slicedWasserstein1 } from './wasserstein.ts';

/** What a number is called, what it says, and in what it is measured. */
export interface Measure {
  readonly title: string;
  /** shares are shown in percent */
  readonly unit: 'share' | 'number';
  /** for equal laws, or for a perfect generator; empty where there is none */
  readonly ideal: string;
  readonly meaning: string;
  /** of a measure that is a function of the values alone, and always taken; undefined where the data have no such thing */
  readonly of?: (samples: Float32Array, comparison: Comparison) => number | number[] | undefined;
  /** of a number that stands for shares where one number is wanted: the measure that they are, and what it makes of them */
  readonly from?: readonly [shares: string, number: (shares: readonly number[]) => number];
}

/** What samples [n, features] are compared with in seconds. */
export interface Comparison {
  /** rows that were not trained on, [m, features] */
  readonly real: Float32Array;
  readonly features: number;
  readonly seed: number;
  /** of a generated set: where its points lie */
  readonly modes?: Modes;
}

const row =
  (unit: Measure['unit']) =>
  (title: string, ideal: string, meaning: string): Measure => ({ title, unit, ideal, meaning });
const [share, number] = [row('share'), row('number')];

/** The measures that features have, under the name of the network that makes them. */
const onFeatures = <P extends string>(prefix: P, of: string) =>
  ({
    [`${prefix}precision`]: number(`precision, ${of}`, '1', "Share of samples within a real row's neighbourhood."),
    [`${prefix}recall`]: number(`recall, ${of}`, '1', "Share of real rows within a sample's neighbourhood."),
    [`${prefix}density`]: number(
      `density, ${of}`,
      '1',
      'Real neighbourhoods that a sample is in, over what is expected.',
    ),
    [`${prefix}coverage`]: number(
      `coverage, ${of}`,
      '0.97',
      'Share of real rows with a sample in their neighbourhood.',
    ),
  }) as Record<`${P}${'precision' | 'recall' | 'density' | 'coverage'}`, Measure>;

type Distance = 'frechet_distance' | 'kernel_distance' | 'kernel_distance_error';

/** Distances of the features of a network of ours, which are no FID and no KID. */
const distancesOn = <P extends string>(prefix: P, of: string, which: string) =>
  ({
    [`${prefix}frechet_distance`]: number(`Frechet distance, ${of}`, '0', which),
    [`${prefix}kernel_distance`]: number(`kernel distance, ${of}`, '0', 'Unbiased; scatters around 0.'),
    [`${prefix}kernel_distance_error`]: number('its standard error', '', ''),
  }) as Record<`${P}${Distance}`, Measure>;

/** How unlike samples of one class are. */
const varietyOn = <P extends string>(prefix: P, of: string) =>
  ({
    [`${prefix}class_variety`]: number(
      `variety within classes, ${of}`,
      '1',
      'Root mean square distance of two samples of a class over that of real rows, mean of the classes.',
    ),
    [`${prefix}class_variety_least`]: number(`variety of the least varied class, ${of}`, '1', 'Of the same.'),
  }) as Record<`${P}class_variety${'' | '_least'}`, Measure>;

const accuracies = Object.fromEntries(
  Object.entries<DownstreamNetwork>(downstreamNetworks).map(([name, { title, is }]) => [
    `downstream_${name}_accuracy`,
    share(title, 'as real rows', `${is} Trained on samples, tested on real rows.`),
  ]),
) as Record<`downstream_${NetworkName}_accuracy`, Measure>;

export const measures = {
  mode_shares: {
    ...share('mode shares', '0.2 each', 'Samples by the nearest of the five blobs.'),
    of: (samples, { modes }) => (modes?.kind === 'means' ? modeShares(samples, modes.means) : undefined),
  },
  within_3_sigma: {
    ...share('within 3 sigma', '0.989', "Share within three standard deviations of a blob's mean."),
    of: (samples, { modes }) =>
      modes?.kind === 'means' ? shareWithin(samples, modes.means, 3 * Math.sqrt(modes.variance)) : undefined,
  },
  modes_covered: {
    ...number('modes covered', '5', 'Blobs that at least 5 % of the samples are nearest to.'),
    from: ['mode_shares', (shares) => shares.filter((x) => x >= 0.05).length],
  },
  smallest_mode_share: {
    ...share('smallest mode share', '0.2', 'Share of samples in the rarest of the five blobs.'),
    from: ['mode_shares', (shares) => Math.min(...shares)],
  },
  ring_shares: {
    ...share('ring shares', '0.5 each', 'Share of samples near each ring of the circles.'),
    of: (samples, { modes }) => (modes?.kind === 'rings' ? ringShares(samples, modes.radii) : undefined),
  },
  on_rings: {
    ...share('on the rings', '1', 'Share of samples near one of the circles.'),
    from: ['ring_shares', (shares) => shares.reduce((a, b) => a + b, 0)],
  },
  sliced_wasserstein_1: {
    ...number('sliced Wasserstein distance', '0', 'Mean over directions of the distance W1.'),
    of: (samples, { real, features, seed }) => slicedWasserstein1(samples, real, { features, directions: 128, seed }),
  },
  energy_distance: {
    ...number('energy distance', '0', 'Between samples and the real rows that they are compared with.'),
    of: (samples, { real, features, seed }) => energyDistance(samples, real, { features, max: 2000, seed }),
  },
  mmd: number('MMD^2 (RBF kernel)', '0', 'Maximum mean discrepancy, squared and unbiased; scatters around 0.'),
  ...onFeatures('', 'values'),
  generalisation_gap: number('generalisation gap', '0', 'Mean critic score of members less that of others.'),
  generalisation_gap_error: number('its standard error', '', 'A gap within about two of these may be chance.'),
  generalisation_gap_standardised: number(
    'generalisation gap, in deviations',
    '0',
    "The gap in standard deviations of a critic's scores of others.",
  ),
  marginal_distance_mean: number(
    'marginal distance, mean',
    'as real rows',
    'Of the columns: total variation of categories, Kolmogorov-Smirnov of numbers and dates; 0 to 1.',
  ),
  marginal_distance_max: number('marginal distance, largest', 'as real rows', 'That of the column furthest off.'),
  association_difference_mean: number(
    'pairs of columns, mean difference',
    'as real rows',
    "Between Cramer's V (0 independent, 1 determined; numbers by deciles) of samples and of real rows.",
  ),
  association_difference_max: number('pairs of columns, largest difference', 'as real rows', 'Of the same.'),
  total_variation_1: number(
    'columns, total variation',
    'as hold-out rows',
    'Half the sum of differences of shares to the training rows, mean of all columns; numbers in 20 quantile bins; 0 to 1.',
  ),
  total_variation_2: number(
    'pairs of columns, total variation',
    'as hold-out rows',
    'The same of tables of two columns.',
  ),
  total_variation_3: number(
    'triples of columns, total variation',
    'as hold-out rows',
    'The same of up to 400 tables of three columns, drawn by chance.',
  ),
  total_variation_2_independent: number(
    'pairs, independent columns',
    '',
    'What samples have whose columns are right each and say nothing of one another: worse is of no use.',
  ),
  total_variation_3_independent: number('triples, independent columns', '', 'The same of three columns.'),
  detection_auc: number(
    'detection, AUC',
    '0.5',
    'Of a linear model that tells samples from real rows, of rows that it was not fitted to.',
  ),
  dimension_probability_rmse: number(
    'shares of values, RMS error',
    '0',
    'Share of each value (of ones, in tables of zeros and ones): samples less training rows.',
  ),
  dimension_probability_correlation: number('shares of values, correlation', '1', 'Of the same.'),
  dimension_prediction: number(
    'column prediction',
    'as real rows',
    'Balanced accuracy of predicting a column of real rows from the others; chance is 0.5.',
  ),
  dimension_prediction_rmse: number('column prediction, RMS error', '0', 'Against models trained on real rows.'),
  dimension_prediction_skipped: number('columns left out', '0', 'Predictable ones that are constant in the samples.'),
  column_accuracy: share('column prediction, accuracy', 'as real rows', 'Of categories, from all other columns.'),
  column_accuracy_rmse: number('column prediction, RMS error', '0', 'Against models trained on real rows.'),
  column_accuracy_majority: share('column prediction, chance', '', 'Always naming the most frequent value.'),
  downstream_linear_accuracy: share('linear model', 'as real rows', 'Trained on samples, tested on real rows.'),
  downstream_linear_auc: number(
    'linear model, AUC',
    'as real rows',
    'Of the same, by the odds that it gives; of more than two classes the mean of each against the others.',
  ),
  ...accuracies,
  downstream_classifier_accuracy: share(
    "classifier's network",
    "classifier's",
    'Trained on samples, tested on real rows; beside it the classifier itself, of all its training rows.',
  ),
  downstream_majority: share('most frequent class', '', 'Accuracy of always naming it: the chance level.'),
  downstream_gain_share: share(
    'of what can be learnt',
    '1',
    'How far the linear model comes from the most frequent class (0) to a model of real rows (1).',
  ),
  inception_score: number("Inception score, classifier's", 'classes', "With the classifier's classes, not ImageNet's."),
  confidence: number("classifier's confidence", 'as real rows', 'Mean probability of the most likely class.'),
  confident_share: number('confident share', 'as real rows', 'Share of samples of one class with 0.9 or more.'),
  class_shares: number('class shares', 'as real rows', 'Samples by their most likely class.'),
  classifier_accuracy: number("classifier's accuracy", '', 'On real rows that it was not trained on.'),
  ...distancesOn(
    'classifier_',
    'classifier features',
    "On the last layer's inputs of this very classifier: no FID, and no other classifier's compare.",
  ),
  ...onFeatures('classifier_', 'classifier features'),
  ...varietyOn('', 'values'),
  nearest_training: number(
    'nearest training row',
    'as real rows',
    'Median Euclidean distance of a sample to the nearest of some training rows: far below that of hold-out rows, it copies.',
  ),
  nearest_holdout: number('nearest hold-out row', 'as real rows', 'The same of as many hold-out rows.'),
  nearest_sample: number(
    'nearest other sample',
    'as real rows',
    'The same of as many other samples: far below that of real rows, they repeat one another.',
  ),
  ...distancesOn(
    `${FEATURE_NETWORK}_`,
    'network features',
    "On the last layer's inputs of the convolutional network that learned real rows: no FID; runs on the same data compare.",
  ),
  ...onFeatures(`${FEATURE_NETWORK}_`, 'network features'),
  ...varietyOn(`${FEATURE_NETWORK}_`, 'network features'),
  fid: number('FID', '0', "pytorch-fid's InceptionV3, pool3 features; depends on how many images there are."),
  kid: number('KID', '0', 'On the same features; unbiased, scatters around 0.'),
  kid_error: number('its standard error', '', ''),
  ...onFeatures('inception_', 'Inception features'),
} satisfies Record<string, Measure>;

export type MeasureName = keyof typeof measures;

/** Measures by name: a number, or shares; null where one has no value. */
export type Metrics = Partial<Record<MeasureName, number | number[] | null>>;

/** All measures that are functions of the values, where the data have them. */
export const valueMeasures = (samples: Float32Array, comparison: Comparison): Metrics =>
  Object.fromEntries(
    Object.entries<Measure>(measures).flatMap(([name, { of }]) => {
      const value = of?.(samples, comparison);
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** The single numbers of measures, by their rows' order: those that are numbers, and those that stand for shares. */
export const numbersOf = (found: Metrics): [MeasureName, number][] =>
  Object.entries<Measure>(measures).flatMap(([name, { from }]) => {
    const shares = from && found[from[0] as MeasureName];
    const value = from && Array.isArray(shares) ? from[1](shares) : found[name as MeasureName];
    return typeof value === 'number' ? [[name as MeasureName, value]] : [];
  });
