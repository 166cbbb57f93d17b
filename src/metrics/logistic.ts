/** Logistic regression, the linear model of downstream tasks: that of scikit-learn with lbfgs. */
import { VeilganError } from '../base/errors.ts';
import { lbfgs, type Objective } from '../base/maths/lbfgs.ts';
import { dense, designOf } from './design.ts';

/** A fitted model: logits are x w + b. Two classes have one column, that of class 1 against class 0. */
export interface Logistic {
  readonly features: number;
  readonly classes: number;
  /** [columns, features + 1], the intercept last */
  readonly weights: Float64Array;
  /** largest absolute entry of the gradient where it stopped */
  readonly gradient: number;
}

export interface LogisticOptions {
  /** [rows] below `classes` */
  readonly labels: Uint32Array;
  /** at least 2 */
  readonly classes: number;
  /** inverse strength of the penalty |w|^2 / 2, which spares intercepts; default 1 */
  readonly c?: number;
  /** on the gradient's largest entry; default 1e-4 */
  readonly tolerance?: number;
  /** default 100, scikit-learn's, after which wide data are fitted well enough but not to the tolerance */
  readonly iterations?: number;
}

/** scikit-learn's most. */
const ITERATIONS = 100;

const columnsOf = (classes: number): number => (classes === 2 ? 1 : classes);

/** Cross-entropy of one row in nats; the logits become what the gradient is by them: probability minus truth. */
function loss(z: Float64Array, label: number): number {
  if (z.length === 1) {
    const signed = label ? z[0] : -z[0];
    const e = Math.exp(-Math.abs(signed));
    const probability = (signed > 0 ? e : 1) / (1 + e);
    z[0] = label ? -probability : probability;
    return Math.max(0, -signed) + Math.log1p(e);
  }
  const most = z.reduce((a, b) => Math.max(a, b));
  const own = z[label];
  let sum = 0;
  for (let c = 0; c < z.length; c++) {
    z[c] = Math.exp(z[c] - most);
    sum += z[c];
  }
  for (let c = 0; c < z.length; c++) z[c] /= sum;
  z[label] -= 1;
  return most - own + Math.log(sum);
}

/**
 * What is minimised: |w|^2 / 2 + C times the sum of the rows' cross-entropies; softmax for more than two classes.
 * @param x [rows, features]
 */
export function logisticObjective(x: Float32Array, { labels, classes, c = 1 }: LogisticOptions): Objective {
  const features = x.length / labels.length;
  const z = new Float64Array(columnsOf(classes));
  const design = designOf(x, features);
  return (weights, gradient) => {
    gradient.fill(0);
    let value = 0;
    for (let r = 0; r < labels.length; r++) {
      design.logits(r, weights, z);
      value += c * loss(z, labels[r]);
      for (let k = 0; k < z.length; k++) z[k] *= c;
      design.add(r, z, gradient);
    }
    for (let i = 0; i < weights.length; i++) {
      if (i % (features + 1) === features) continue;
      value += weights[i] ** 2 / 2;
      gradient[i] += weights[i];
    }
    return value;
  };
}

/**
 * Fits a model by L-BFGS in float64.
 * @param x [rows, features]
 * @throws VeilganError SHAPE where rows and labels differ or there are none
 */
export function fitLogistic(x: Float32Array, options: LogisticOptions): Logistic {
  const { labels, classes } = options;
  const features = x.length / labels.length;
  if (!labels.length || !Number.isInteger(features) || classes < 2 || labels.some((label) => label >= classes)) {
    throw new VeilganError('SHAPE', `${x.length} values and ${labels.length} labels of ${classes} classes`, {
      where: 'logistic regression',
      fix: 'Give whole rows with a label each, of at least two classes',
    });
  }
  const start = new Float64Array(columnsOf(classes) * (features + 1));
  const { tolerance, iterations = ITERATIONS } = options;
  const { x: weights, gradient } = lbfgs(logisticObjective(x, options), start, { tolerance, iterations });
  return { features, classes, weights, gradient };
}

/** What a model of two classes gives each row: the log odds of class 1, [rows]. @param x [rows, features] */
export function logOdds({ features, weights }: Logistic, x: Float32Array): Float64Array {
  const z = new Float64Array(1);
  const design = dense(x, features);
  return Float64Array.from({ length: x.length / features }, (_, r) => {
    design.logits(r, weights, z);
    return z[0];
  });
}

/** How likely each class is in each row, [rows, classes]. @param x [rows, features] */
export function classProbabilities({ features, classes, weights }: Logistic, x: Float32Array): Float64Array {
  const z = new Float64Array(columnsOf(classes));
  const design = dense(x, features);
  const rows = x.length / features;
  const out = new Float64Array(rows * classes);
  for (let r = 0; r < rows; r++) {
    design.logits(r, weights, z);
    const odds = z.length === 1 ? [0, z[0]] : Array.from(z);
    const most = Math.max(...odds);
    const each = odds.map((v) => Math.exp(v - most));
    const sum = each.reduce((a, b) => a + b);
    for (let c = 0; c < classes; c++) out[r * classes + c] = each[c] / sum;
  }
  return out;
}

/** The most likely class of each row, [rows]. @param x [rows, features] */
export function predictLogistic({ features, classes, weights }: Logistic, x: Float32Array): Uint32Array {
  const z = new Float64Array(columnsOf(classes));
  const design = dense(x, features);
  return Uint32Array.from({ length: x.length / features }, (_, r) => {
    design.logits(r, weights, z);
    if (z.length === 1) return z[0] > 0 ? 1 : 0;
    return z.reduce((best, v, c) => (v > z[best] ? c : best), 0);
  });
}
