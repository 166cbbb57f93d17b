/** What models learn from a run's samples about real rows: classes of labelled data, and columns of binary tables. */

import type { Candidates } from '../../attack/target.ts';
import { VeilganError } from '../../base/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import { fitEncoding } from '../../data/encoding/encoding.ts';
import { unscaled } from '../../data/encoding/linear.ts';
import { floats, toBytes } from '../../data/records.ts';
import { asBinary, diagonalAgreement, dimensionPredictions, isBinary } from '../../metrics/dimensions.ts';
import { columnAsClass, type LabelledRows, linearModel, majorityShare } from '../../metrics/downstream.ts';
import type { TrainingJob } from '../job.ts';
import { isImage } from '../samples.ts';
import { namedTarget } from './classes.ts';
import type { ClassTask } from './labels.ts';
import { networkQuality } from './networks.ts';
import { NO_OTHERS, type Subject, skip } from './subject.ts';

/** Downstream tasks that the data allow; the others are told with the reason. @param labelled of the labels, if any */
export async function downstreamQuality(subject: Subject, labelled: ClassTask | undefined): Promise<void> {
  const { job, found, targets: [target] = [], unseen } = subject;
  if (!unseen || !subject.members) return skip(found, 'downstream', NO_OTHERS);
  const task = target === undefined ? labelled : columnTask(subject, unseen, target);
  if (task) await classTask(subject, task);
  const binary = job.data.shape.length === 1 && isBinary(unscaled(subject.members, job.data.scaling));
  if (binary && target === undefined) columnTasks(subject, unseen.rows);
  else if (!task) {
    const why = isImage(job.data.shape)
      ? 'the samples have no labels of two classes or more: train with `labels: condition`'
      : 'name one of `targets`';
    skip(found, 'downstream', why);
  }
}

/** What takes a column of numbers as the class of its rows. @throws VeilganError USAGE as `checkTarget` */
function targetColumn(data: Dataset, target: string): ReturnType<typeof columnAsClass> {
  const column = data.columns.indexOf(target);
  if (column < 0) {
    throw new VeilganError('USAGE', `data set ${data.name} has no column ${target}`, {
      where: 'targets',
      fix: data.columns.length ? `Name one of ${data.columns.slice(0, 12).join(', ')}` : 'Leave it away for images',
    });
  }
  return columnAsClass(floats(data.train), data.features, column, target);
}

/** @throws VeilganError USAGE where no column has such a name, or it makes no classes, or only one can be asked for */
export function checkTargets({ data, table }: TrainingJob, targets: readonly string[]): void {
  if (table) {
    const encoding = fitEncoding(table);
    for (const target of targets) namedTarget(encoding, target);
    return;
  }
  if (targets.length > 1) {
    throw new VeilganError('USAGE', `${targets.length} columns are named, and ${data.name} is no table with types`, {
      where: 'targets',
      fix: 'Name one column',
    });
  }
  for (const target of targets) targetColumn(data, target);
}

function columnTask({ job, generated, members = generated }: Subject, others: Candidates, target: string): ClassTask {
  const { classes, split } = targetColumn(job.data, target);
  return { classes, samples: split(generated), real: split(members), test: split(others.rows) };
}

/** Products of rows, values and classes with which the host fits a linear model in about a minute. */
const LINEAR_WORK = 2e8;

/**
 * Images as a linear model takes them: bytes as shares of 255, so that the black of drawings is a 0 that costs nothing;
 * and of large images only as many as take about a minute.
 */
function forLinear({ classes, ...sets }: ClassTask, features: number): Omit<ClassTask, 'classes'> {
  const most = Math.ceil(LINEAR_WORK / (features * classes));
  const shares = ({ rows, labels }: LabelledRows, first: number): LabelledRows => ({
    rows: Float32Array.from(toBytes(rows.subarray(0, first * features)), (byte) => byte / 255),
    labels: labels.subarray(0, first),
  });
  const { samples, real, test } = sets;
  return { samples: shares(samples, most), real: shares(real, most), test: shares(test, test.labels.length) };
}

/** A linear model, and for images networks, trained on samples and on real rows. */
async function classTask(subject: Subject, task: ClassTask): Promise<void> {
  const { found, report } = subject;
  const { classes } = task;
  const images = isImage(subject.job.data.shape);
  const { samples, real, test } = images ? forLinear(task, subject.job.data.features) : task;
  report('linear model', 0);
  found.metrics.downstream_linear_accuracy = linearModel(samples, test, classes).accuracy;
  report('linear model', 0.5);
  found.real.downstream_linear_accuracy = linearModel(real, test, classes).accuracy;
  found.metrics.downstream_majority = majorityShare(test.labels, classes);
  report('linear model', 1);
  if (images) await networkQuality(subject, task);
}

/** Dimension-wise prediction, from samples and from as many real rows. */
function columnTasks({ job, generated, members = generated, found, report }: Subject, others: Float32Array): void {
  const { features, scaling, columns } = job.data;
  const seed = job.run.info.seed;
  const [samples, real, test] = [generated, members, others].map((rows) => asBinary(unscaled(rows, scaling)));
  const predictions = (rows: Float32Array, half: number) =>
    dimensionPredictions(rows, test, features, {
      seed,
      onColumn: (column) => report('columns', (half + (column + 1) / features) / 2),
    });
  const [fromSamples, fromReal] = [predictions(samples, 0), predictions(real, 1)];
  const known = fromReal.flatMap((v, i) => {
    const other = fromSamples[i];
    return v === null || other === null ? [] : [[other, v] as const];
  });
  const mean = (side: 0 | 1) => (known.length ? known.reduce((sum, p) => sum + p[side], 0) / known.length : null);
  found.metrics.dimension_prediction = mean(0);
  found.real.dimension_prediction = mean(1);
  found.metrics.dimension_prediction_rmse = known.length ? diagonalAgreement(fromReal, fromSamples).rmse : null;
  found.metrics.dimension_prediction_skipped = fromReal.filter((v, i) => v !== null && fromSamples[i] === null).length;
  found.details.dimension_prediction = { columns, real: fromReal, samples: fromSamples };
}
