/** The Frechet distance of two sets of features, taken as Gaussian: what FID is of Inception's. */
import { VeilganError } from '../../base/errors.ts';
import { rowProducts, semidefiniteFactor, symmetricEigenvalues } from '../../base/maths/matrix.ts';
import { countRecords } from '../../base/rows.ts';

export interface Moments {
  /** [features] */
  readonly mean: Float64Array;
  /** covariance [features, features], divided by rows - 1 */
  readonly covariance: Float64Array;
}

/**
 * Mean and covariance of features [rows, width], in float64.
 * @throws VeilganError SHAPE, NAN; DATA below two rows
 */
export function momentsOf(features: Float32Array, width: number, what = 'features'): Moments {
  const rows = countRecords(features, width, what);
  if (rows < 2) {
    throw new VeilganError('DATA', `${what}: a covariance needs two rows`, { where: what, fix: 'Give more rows' });
  }
  const mean = new Float64Array(width);
  for (let i = 0; i < features.length; i++) mean[i % width] += features[i];
  for (let f = 0; f < width; f++) mean[f] /= rows;
  const columns = new Float64Array(features.length);
  for (let r = 0; r < rows; r++) {
    for (let f = 0; f < width; f++) columns[f * rows + r] = features[r * width + f] - mean[f];
  }
  return { mean, covariance: rowProducts(columns, rows).map((sum) => sum / (rows - 1)) };
}

const trace = ({ mean: { length: n }, covariance }: Moments): number => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += covariance[i * n + i];
  return sum;
};

/**
 * The Frechet distance (the squared Wasserstein-2 distance) between Gaussians,
 * |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) (Dowson and Landau 1982; Heusel et al. 2017): 0 for equal moments, else
 * larger. Of n rows a side its expectation is above the distance of the laws by about a constant over n, so only
 * distances of as many rows compare, and that of real rows from others is the level to read it against.
 *
 * The trace is found without a matrix root: with S1 = F^T F, S1 S2 has the eigenvalues of the symmetric F S2 F^T, which
 * are >= 0 but for rounding. Holds for singular covariances (fewer rows than features) as well.
 * @param from its covariance is factored, once for all distances from it
 * @returns the distance to others; it throws VeilganError SHAPE where they have more or fewer features
 */
export function frechetFrom(from: Moments): (other: Moments) => number {
  const factor = semidefiniteFactor(from.covariance, from.mean.length);
  return (other) => {
    const n = other.mean.length;
    if (n !== from.mean.length) {
      throw new VeilganError('SHAPE', `Frechet distance between ${from.mean.length} and ${n} features`, {
        where: 'features',
        fix: 'Take both from the same network',
      });
    }
    let apart = 0;
    for (let f = 0; f < n; f++) apart += (from.mean[f] - other.mean[f]) ** 2;
    const rank = factor.length / n;
    const half = rank ? rowProducts(factor, n, other.covariance) : new Float64Array(0);
    const product = rank ? rowProducts(factor, n, half) : half;
    // Two halves that differ by rounding.
    for (let i = 0; i < rank; i++) {
      for (let j = 0; j < i; j++) product[i * rank + j] = (product[i * rank + j] + product[j * rank + i]) / 2;
    }
    const roots = symmetricEigenvalues(product, rank).reduce((sum, v) => sum + Math.sqrt(Math.max(0, v)), 0);
    return apart + Math.max(0, trace(from) + trace(other) - 2 * roots);
  };
}
