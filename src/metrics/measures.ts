/** What quality measures are called, what they say, and which value samples of the data's own law have. */

export interface MeasureWords {
  readonly key: string;
  readonly name: string;
  /** for equal laws, or for a perfect generator */
  readonly ideal: string;
  readonly meaning: string;
}

const measure = (key: string, name: string, ideal: string, meaning: string): MeasureWords => ({
  key,
  name,
  ideal,
  meaning,
});

/** The measures that features of images have, under the name of the network that makes them. */
const onFeatures = (prefix: string, of: string): MeasureWords[] => [
  measure(`${prefix}precision`, `precision, ${of}`, '1', "Share of samples within a real row's neighbourhood."),
  measure(`${prefix}recall`, `recall, ${of}`, '1', "Share of real rows within a sample's neighbourhood."),
  measure(`${prefix}density`, `density, ${of}`, '1', 'Real neighbourhoods that a sample is in, over what is expected.'),
  measure(`${prefix}coverage`, `coverage, ${of}`, '0.97', 'Share of real rows with a sample in their neighbourhood.'),
];

export const QUALITY_WORDS: readonly MeasureWords[] = [
  measure('mode_shares', 'mode shares', '0.2 each', 'Samples by the nearest of the five blobs.'),
  measure('within_3_sigma', 'within 3 sigma', '0.989', "Share within three standard deviations of a blob's mean."),
  measure('ring_shares', 'ring shares', '0.5 each', 'Share of samples near each ring of the circles.'),
  measure('sliced_wasserstein_1', 'sliced Wasserstein distance', '0', 'Mean over directions of the distance W1.'),
  measure('energy_distance', 'energy distance', '0', 'Between samples and rows that were not trained on.'),
  measure('mmd', 'MMD^2 (RBF kernel)', '0', 'Maximum mean discrepancy, squared and unbiased; scatters around 0.'),
  ...onFeatures('', 'values'),
  measure('generalisation_gap', 'generalisation gap', '0', 'Mean critic score of members less that of others.'),
  measure('generalisation_gap_error', 'its standard error', '', 'A gap within about two of these may be chance.'),
  measure(
    'generalisation_gap_standardised',
    'generalisation gap, in deviations',
    '0',
    "The gap in standard deviations of a critic's scores of others.",
  ),
  measure(
    'marginal_distance_mean',
    'marginal distance, mean',
    'as real rows',
    'Of the columns: total variation of categories, Kolmogorov-Smirnov of numbers and dates; 0 to 1.',
  ),
  measure('marginal_distance_max', 'marginal distance, largest', 'as real rows', 'That of the column furthest off.'),
  measure(
    'association_difference_mean',
    'pairs of columns, mean difference',
    'as real rows',
    "Between Cramer's V (0 independent, 1 determined; numbers by deciles) of samples and of real rows.",
  ),
  measure('association_difference_max', 'pairs of columns, largest difference', 'as real rows', 'Of the same.'),
  measure(
    'dimension_probability_rmse',
    'shares of values, RMS error',
    '0',
    'Share of each value (of ones, in tables of zeros and ones): samples less training rows.',
  ),
  measure('dimension_probability_correlation', 'shares of values, correlation', '1', 'Of the same.'),
  measure(
    'dimension_prediction',
    'column prediction',
    'as real rows',
    'Balanced accuracy of predicting a column of real rows from the others; chance is 0.5.',
  ),
  measure('dimension_prediction_rmse', 'column prediction, RMS error', '0', 'Against models trained on real rows.'),
  measure(
    'dimension_prediction_skipped',
    'columns left out',
    '0',
    'Predictable ones that are constant in the samples.',
  ),
  measure('column_accuracy', 'column prediction, accuracy', 'as real rows', 'Of categories, from all other columns.'),
  measure('column_accuracy_rmse', 'column prediction, RMS error', '0', 'Against models trained on real rows.'),
  measure('column_accuracy_majority', 'column prediction, chance', '', 'Always naming the most frequent value.'),
  measure('downstream_linear_accuracy', 'linear model', 'as real rows', 'Trained on samples, tested on real rows.'),
  measure('downstream_linear_auc', 'linear model, AUC', 'as real rows', 'Of the same, by the odds that it gives.'),
  measure(
    'downstream_cnn_accuracy',
    'convolutional network',
    'as real rows',
    'Trained on samples, tested on real rows.',
  ),
  measure('downstream_majority', 'most frequent class', '', 'Accuracy of always naming it: the chance level.'),
  measure(
    'downstream_gain_share',
    'of what can be learnt',
    '1',
    'How far the linear model comes from the most frequent class (0) to a model of real rows (1).',
  ),
  measure(
    'inception_score',
    "Inception score, classifier's",
    'classes',
    "With the classifier's classes, not ImageNet's.",
  ),
  measure('confidence', "classifier's confidence", 'as real rows', 'Mean probability of the most likely class.'),
  measure('confident_share', 'confident share', 'as real rows', 'Share of samples of one class with 0.9 or more.'),
  measure('class_shares', 'class shares', 'as real rows', 'Samples by their most likely class.'),
  measure('classifier_accuracy', "classifier's accuracy", '', 'On real rows that it was not trained on.'),
  measure(
    'classifier_frechet_distance',
    'Frechet distance, classifier features',
    '0',
    "On the last layer's inputs of this very classifier: no FID, and no other classifier's compare.",
  ),
  measure('classifier_kernel_distance', 'kernel distance, classifier features', '0', 'Unbiased; scatters around 0.'),
  measure('classifier_kernel_distance_error', 'its standard error', '', ''),
  ...onFeatures('classifier_', 'classifier features'),
  measure('fid', 'FID', '0', "pytorch-fid's InceptionV3, pool3 features; depends on how many images there are."),
  measure('kid', 'KID', '0', 'On the same features; unbiased, scatters around 0.'),
  measure('kid_error', 'its standard error', '', ''),
  ...onFeatures('inception_', 'Inception features'),
];
