/** Downstream tasks: what a model trained on synthetic rows knows of real ones (train on synthetic, test on real). */
import { VeilganError } from '../gpu/errors.ts';
import { fitLogistic, predictLogistic } from './logistic.ts';

export interface LabelledRows {
  /** [rows, features] */
  readonly rows: Float32Array;
  /** [rows], below the number of classes */
  readonly labels: Uint32Array;
}

/** Share of equal entries. */
export const agreement = (predicted: Uint32Array, labels: Uint32Array): number =>
  predicted.reduce((right, p, i) => right + Number(p === labels[i]), 0) / labels.length;

/**
 * Accuracy on `test` of a logistic regression (L2, C = 1) that was trained on `train`: TSTR where that is synthetic,
 * TRTR, its ceiling, where it is real. At least `majorityShare` for a model that learned anything.
 * @throws VeilganError SHAPE
 */
export function linearAccuracy(train: LabelledRows, test: LabelledRows, classes: number): number {
  const model = fitLogistic(train.rows, { labels: train.labels, classes });
  return agreement(predictLogistic(model, test.rows), test.labels);
}

/** Accuracy of always naming the most frequent class: the chance level of an accuracy. */
export function majorityShare(labels: Uint32Array, classes: number): number {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label]++;
  return counts.reduce((a, b) => Math.max(a, b), 0) / labels.length;
}

/** Distinct values that a column may have to count as a class. */
const MOST_CLASSES = 20;

/**
 * Takes a column of a table as the class of its rows: the distinct values of the reference are the classes, and other
 * tables' values count as the nearest one.
 * @param reference real rows [rows, features]
 * @param column its index
 * @returns a function that splits rows into the other columns and labels, and the number of classes
 * @throws VeilganError USAGE where the column has one value, or more than 20
 */
export function columnAsClass(
  reference: Float32Array,
  features: number,
  column: number,
  name: string,
): { classes: number; split: (rows: Float32Array) => LabelledRows } {
  const values = new Set<number>();
  for (let at = column; at < reference.length && values.size <= MOST_CLASSES; at += features) values.add(reference[at]);
  if (values.size < 2 || values.size > MOST_CLASSES || features < 2) {
    const many = values.size > MOST_CLASSES ? `more than ${MOST_CLASSES} values` : 'nothing to tell apart';
    throw new VeilganError('USAGE', `column ${name} has ${many}`, {
      where: '--target',
      fix: `Name a column of 2 to ${MOST_CLASSES} values`,
    });
  }
  const levels = [...values].sort((a, b) => a - b);
  const nearest = (v: number) =>
    levels.reduce((best, level, i) => (Math.abs(v - level) < Math.abs(v - levels[best]) ? i : best), 0);
  return {
    classes: levels.length,
    split: (rows) => ({
      rows: rows.filter((_, i) => i % features !== column),
      labels: Uint32Array.from({ length: rows.length / features }, (_, r) => nearest(rows[r * features + column])),
    }),
  };
}
