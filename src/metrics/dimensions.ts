/** Column by column comparisons of tables of zeros and ones, as DPGAN evaluates health records. */
import { PhiloxStream } from '../base/philox.ts';
import { fitLogistic, predictLogistic } from './logistic.ts';

/** Whether a table holds nothing but zeros and ones. */
export const isBinary = (rows: Float32Array): boolean => rows.every((v) => v === 0 || v === 1);

/** Generated values as zeros and ones: one from 0.5 on. */
export const asBinary = (rows: Float32Array): Float32Array => rows.map((v) => (v >= 0.5 ? 1 : 0));

/** Share of ones of each column, [features]. @param rows [n, features] of zeros and ones */
export function columnProbabilities(rows: Float32Array, features: number): number[] {
  const ones = new Array<number>(features).fill(0);
  rows.forEach((v, i) => {
    ones[i % features] += v;
  });
  return ones.map((n) => n / (rows.length / features));
}

export interface Agreement {
  /** root mean square of the differences: 0 where equal */
  readonly rmse: number;
  /** Pearson's correlation: 1 on a line; null where a side is constant or has fewer than two values */
  readonly correlation: number | null;
}

/** How far two lists lie from the diagonal of their scatter plot, over the places where both have a value. */
export function diagonalAgreement(a: readonly (number | null)[], b: readonly (number | null)[]): Agreement {
  const pairs = a.flatMap((x, i) => {
    const y = b[i];
    return x === null || y === null ? [] : [[x, y] as const];
  });
  const n = pairs.length;
  const mean = (pick: (p: readonly [number, number]) => number) => pairs.reduce((sum, p) => sum + pick(p), 0) / n;
  const [mx, my] = [mean((p) => p[0]), mean((p) => p[1])];
  const [sx, sy] = [mean((p) => (p[0] - mx) ** 2), mean((p) => (p[1] - my) ** 2)];
  const covariance = mean((p) => (p[0] - mx) * (p[1] - my));
  const spread = Math.sqrt(sx * sy);
  return { rmse: Math.sqrt(mean((p) => (p[0] - p[1]) ** 2)), correlation: spread > 1e-12 ? covariance / spread : null };
}

/** Rows of one class, as many of each: the larger class is subsampled without replacement. */
export function balancedRows(labels: ArrayLike<number>, stream: PhiloxStream): number[] {
  const lists: [number[], number[]] = [[], []];
  for (let row = 0; row < labels.length; row++) lists[labels[row] ? 1 : 0].push(row);
  const least = Math.min(lists[0].length, lists[1].length);
  return lists
    .flatMap((list) => Array.from(stream.permutation(list.length).subarray(0, least), (i) => list[i]))
    .sort((a, b) => a - b);
}

/** Balanced accuracy of hard 0/1 predictions: the area under their ROC curve, chance 0.5. */
export function balancedAccuracy(predicted: Uint32Array, labels: Uint32Array): number {
  const [right, counts] = [
    [0, 0],
    [0, 0],
  ];
  labels.forEach((label, i) => {
    counts[label]++;
    if (predicted[i] === label) right[label]++;
  });
  return (right[0] / counts[0] + right[1] / counts[1]) / 2;
}

/** Rows without one column, and that column. */
function without(rows: Float32Array, features: number, column: number) {
  return {
    rows: rows.filter((_, i) => i % features !== column),
    labels: Uint32Array.from({ length: rows.length / features }, (_, r) => rows[r * features + column]),
  };
}

/**
 * Dimension-wise prediction: for each column a logistic regression (L2, C = 1) from all others, trained on rows that
 * are balanced by subsampling the larger class, tested on real rows; balanced accuracy of the hard predictions, chance
 * 0.5. Null where the training rows or the test rows have one class only. All tables are of zeros and ones: other than
 * in the original code, which makes generated columns binary one after another while it goes through them.
 * @param train [n, features] @param test [m, features]
 * @param onColumn called after each
 */
export function dimensionPredictions(
  train: Float32Array,
  test: Float32Array,
  features: number,
  { seed = 0, onColumn = () => {} }: { seed?: number; onColumn?: (column: number) => void } = {},
): (number | null)[] {
  const stream = new PhiloxStream(seed, 'metrics/dimension-prediction');
  return Array.from({ length: features }, (_, column) => {
    const [own, unseen] = [without(train, features, column), without(test, features, column)];
    const list = balancedRows(own.labels, stream);
    const both = new Set(unseen.labels).size === 2;
    onColumn(column);
    if (!list.length || !both) return null;
    const width = features - 1;
    const x = new Float32Array(list.length * width);
    list.forEach((row, i) => {
      x.set(own.rows.subarray(row * width, (row + 1) * width), i * width);
    });
    const model = fitLogistic(x, { labels: Uint32Array.from(list, (row) => own.labels[row]), classes: 2 });
    return balancedAccuracy(predictLogistic(model, unseen.rows), unseen.labels);
  });
}
