/** How unlike the samples of one class are: what one perfect image, repeated, does not have. */
import { VeilganError } from '../base/errors.ts';
import { countRecords } from '../base/rows.ts';
import type { LabelledRows } from './downstream.ts';

/**
 * Mean squared Euclidean distance of two different rows of each class, [classes]; NaN where a class has less than two.
 * It is twice the trace of the unbiased covariance, so no pairs are gone through: n features operations, in float64.
 * @throws VeilganError SHAPE where rows and labels differ or there are none, NAN
 */
export function classSpreads({ rows, labels }: LabelledRows, classes: number): Float64Array {
  const features = rows.length / labels.length;
  if (!Number.isInteger(features)) {
    throw new VeilganError('SHAPE', `${rows.length} values and ${labels.length} labels`, {
      where: 'variety',
      fix: 'Give whole rows with a label each',
    });
  }
  countRecords(rows, features, 'rows');
  const counts = new Float64Array(classes);
  const means = new Float64Array(classes * features);
  for (const [row, label] of labels.entries()) {
    counts[label]++;
    for (let f = 0; f < features; f++) means[label * features + f] += rows[row * features + f];
  }
  for (let i = 0; i < means.length; i++) means[i] /= counts[Math.floor(i / features)];
  // From the mean, and not as a difference of two large sums: equal rows give what rounding leaves of 0.
  const squares = new Float64Array(classes);
  for (const [row, label] of labels.entries()) {
    for (let f = 0; f < features; f++) squares[label] += (rows[row * features + f] - means[label * features + f]) ** 2;
  }
  return squares.map((sum, c) => (counts[c] < 2 ? Number.NaN : (2 * sum) / (counts[c] - 1)));
}

export interface Variety {
  /** mean over the classes that can be compared */
  readonly mean: number;
  /** of the class that varies least */
  readonly least: number;
}

/**
 * Root mean square distance of two samples of one class over that of two real rows of it: 1 where classes vary as real
 * ones do, 0 where each is one image, above 1 where samples scatter (noise does, too). A class without two samples
 * counts as one that does not vary; one without two different real rows is left out. Null where all are.
 * @throws VeilganError SHAPE, NAN
 */
export function classVariety(samples: LabelledRows, real: LabelledRows, classes: number): Variety | null {
  const [made, own] = [classSpreads(samples, classes), classSpreads(real, classes)];
  const ratios = Array.from(own, (spread, c) => Math.sqrt((made[c] || 0) / spread)).filter((_, c) => own[c] > 0);
  if (!ratios.length) return null;
  return { mean: ratios.reduce((sum, v) => sum + v, 0) / ratios.length, least: Math.min(...ratios) };
}
