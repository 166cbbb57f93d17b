/** Downstream tasks: what a model trained on synthetic rows knows of real ones (train on synthetic, test on real). */

import { VeilganError } from '../base/errors.ts';
import { auc } from '../base/maths/separation.ts';
import { mean } from '../base/maths/statistics.ts';
import { classProbabilities, fitLogistic, type Logistic, logOdds, predictLogistic } from './logistic.ts';

export interface LabelledRows {
  /** [rows, features] */
  readonly rows: Float32Array;
  /** [rows], below the number of classes */
  readonly labels: Uint32Array;
}

/** Share of equal entries. */
export const agreement = (predicted: Uint32Array, labels: Uint32Array): number =>
  predicted.reduce((right, p, i) => right + Number(p === labels[i]), 0) / labels.length;

/** How right a model is. */
export interface Rightness {
  readonly accuracy: number;
  /** area under the ROC curve, of more than two classes the mean of each against the others; null of test rows of one class */
  readonly auc: number | null;
}

/**
 * How right a logistic regression (L2, C = 1) is on `test` that was trained on `train`: TSTR where that is synthetic,
 * TRTR, its ceiling, where it is real. At least `majorityShare` for a model that learned anything.
 * @throws VeilganError SHAPE
 */
export function linearModel(train: LabelledRows, test: LabelledRows, classes: number): Rightness {
  const model = fitLogistic(train.rows, { labels: train.labels, classes });
  const accuracy = agreement(predictLogistic(model, test.rows), test.labels);
  return { accuracy, auc: aucOf(model, test) };
}

/** The AUC of two classes, or the mean of each class in the test rows against all others. */
function aucOf(model: Logistic, { rows, labels }: LabelledRows): number | null {
  const there = [...new Set(labels)].sort((a, b) => a - b);
  if (there.length < 2) return null;
  const { classes } = model;
  const against = (scores: Float64Array, label: number) =>
    auc(
      scores.filter((_, row) => labels[row] === label),
      scores.filter((_, row) => labels[row] !== label),
    );
  // Log odds keep an order where probabilities have rounded to 1.
  if (classes === 2) return against(logOdds(model, rows), 1);
  const each = classProbabilities(model, rows);
  return mean(
    there.map((label) =>
      against(
        Float64Array.from(labels, (_, row) => each[row * classes + label]),
        label,
      ),
    ),
  );
}

/**
 * How far an accuracy lies from chance to its ceiling: 0 at the majority share, 1 at what real rows give. Null where
 * these are less than two standard errors of the ceiling apart: then there is nothing to learn that the test rows show.
 * @param rows tested on
 */
export function gainShare(accuracy: number, majority: number, ceiling: number, rows: number): number | null {
  const error = Math.sqrt((ceiling * (1 - ceiling)) / rows);
  return ceiling - majority > 2 * error ? (accuracy - majority) / (ceiling - majority) : null;
}

/** Accuracy of always naming the most frequent class: the chance level of an accuracy. */
export function majorityShare(labels: Uint32Array, classes: number): number {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label]++;
  return counts.reduce((a, b) => Math.max(a, b), 0) / labels.length;
}

/** Distinct values that a column may have to count as a class. */
export const MOST_CLASSES = 20;

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
      where: 'targets',
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
