/** Quality of tables of mixed columns: their laws, the shares of values, and what a model learns about real rows. */
import { mean } from '../../base/maths/statistics.ts';
import { PhiloxStream } from '../../base/philox.ts';
import type { TableRows } from '../../data/encoding/decode.ts';
import { fitEncoding } from '../../data/encoding/encoding.ts';
import type { Cells, Table } from '../../data/table.ts';
import { diagonalAgreement } from '../../metrics/dimensions.ts';
import { gainShare, type LabelledRows, linearModel, majorityShare } from '../../metrics/downstream.ts';
import { type ColumnCells, missingShare, placeShares } from '../../metrics/marginals.ts';
import { type ClassColumn, classColumns, namedTarget, usualTarget } from './classes.ts';
import { columnCells, placeNames, type Tables } from './columns.ts';
import { featuresFor, judgeCounts, judgeDetection, levelCells, type Trained, trainedOn } from './judge.ts';
import { marginalQuality } from './marginals.ts';
import { type Evaluation, NO_OTHERS, type Subject, skip } from './subject.ts';

/** Rows that a linear model is fitted to, and that it is tested on. */
const FITTED = 15_000;
const TESTED = 100_000;

/**
 * What is always measured of a table: marginal distances, associations of pairs, tables of counts, shares of values, and
 * linear models: of the columns that are targets, and of what tells samples from real rows. Seconds.
 * @throws VeilganError USAGE for a target that is no category of the table
 */
export function tableQuality(tables: Tables, { job, report, found, targets, members }: Subject): void {
  report('columns', 0);
  marginalQuality(tables, found);
  report('columns', 0.2);
  valueShares(tables, found);
  judge(tables, found, { targets, seed: job.run.info.seed, real: Boolean(members), report });
}

interface JudgeOptions {
  /** columns that linear models predict; default the label, else the last column */
  readonly targets?: readonly string[];
  /** of the rows that such models are fitted to */
  readonly seed: number;
  /** whether training rows stand beside samples where models are trained */
  readonly real: boolean;
  readonly report: Subject['report'];
}

/** Tables of counts, linear models of targets, and detection. */
function judge(tables: Tables, found: Evaluation, { targets, seed, real, report }: JudgeOptions): void {
  const trained = trainedOn(tables);
  report('tables of counts', 0);
  judgeCounts(tables, trained, found);
  report('linear models', 0);
  for (const why of targetQuality(tables, trained, found, { targets, seed }))
    skip(found, 'downstream_linear_accuracy', why);
  report('linear models', 0.6);
  judgeDetection(tables, trained, found, { real, seed });
  report('linear models', 1);
}

/**
 * The judge of `evaluate` on rows at hand, without a run and without a device: what it says of samples of any origin.
 * @param table the real rows; no hold-out rows where there are none, which leaves out linear models and what is beside
 * @param samples as many rows as the table trains on, with columns of the same names
 * @param options targets default the label, else the last column; seed default 0
 * @throws VeilganError USAGE for a target that is no category of the table
 */
export function judgeTables(
  table: Table,
  samples: TableRows,
  { targets, seed = 0 }: { targets?: readonly string[]; seed?: number } = {},
): Evaluation {
  const rows = (cells: Cells): TableRows => ({ columns: table.columns, cells });
  const train = rows(table.train);
  const unseen = table.holdout.length ? rows(table.holdout) : undefined;
  const count = ({ columns, cells }: TableRows) => cells.length / columns.length;
  const real = unseen ? count(train) : 0;
  const found: Evaluation = {
    ...{ metrics: {}, real: {}, details: {}, not_run: [] },
    rows: { samples: count(samples), real, reference: count(unseen ?? train) },
  };
  const sides = { samples, judged: samples, train, reference: unseen ?? train };
  const others = unseen ? { unseen, members: train } : {};
  judge({ encoding: fitEncoding(table), ...sides, ...others }, found, { targets, seed, real: true, report: () => {} });
  return found;
}

/** Shares of each value of categories, and of missing cells, in training rows and in samples. */
function valueShares({ encoding, train, samples, unseen }: Tables, found: Evaluation): void {
  const cells = (rows: TableRows) => columnCells(rows, encoding);
  const shares = (list: readonly ColumnCells[]) =>
    list.flatMap((column) =>
      column.places === undefined ? [missingShare(column.cells)] : Array.from(placeShares(column)),
    );
  const names = encoding.columns.flatMap((code) =>
    ('at' in code ? ['(missing)'] : placeNames(code)).map((value) => `${code.name}=${value}`),
  );
  const [real, made] = [shares(cells(train)), shares(cells(samples))];
  const there = names.flatMap((_, i) => (real[i] + made[i] > 0 ? [i] : []));
  if (!there.length) return;
  const pick = <T>(list: readonly T[]) => there.map((i) => list[i]);
  probabilities(found, pick(names), {
    real: pick(real),
    samples: pick(made),
    unseen: unseen && pick(shares(cells(unseen))),
  });
}

/**
 * Keeps shares of values in the training rows and in samples, and how far from the diagonal of their scatter plot the
 * pairs lie; in the place of samples, rows that training left out.
 */
export function probabilities(
  found: Evaluation,
  columns: readonly string[],
  { real, samples, unseen }: { real: number[]; samples: number[]; unseen?: number[] },
): void {
  const named = ({ rmse, correlation }: ReturnType<typeof diagonalAgreement>) => ({
    dimension_probability_rmse: rmse,
    dimension_probability_correlation: correlation,
  });
  Object.assign(found.metrics, named(diagonalAgreement(real, samples)));
  if (unseen) Object.assign(found.real, named(diagonalAgreement(real, unseen)));
  found.details.dimension_probability = { columns, real, samples };
}

/** What linear models of a column say, trained on samples and on real rows, tested on unseen ones. */
export interface TargetDetail {
  readonly target: string;
  readonly classes: number;
  readonly tested: number;
  /** of always naming the most frequent class */
  readonly majority: number;
  readonly accuracy: number;
  /** null where the test rows are of one class */
  readonly auc: number | null;
  readonly real_accuracy?: number;
  readonly real_auc?: number | null;
}

/**
 * A linear model of each target from all other columns. Metrics are of the first one.
 * @returns why there is none, where there is none
 */
function targetQuality(
  tables: Tables,
  trained: Trained,
  found: Evaluation,
  { targets, seed }: { targets?: readonly string[]; seed: number },
): string[] {
  const { encoding, unseen, judged, train, members } = tables;
  const usual = targets ? undefined : usualTarget(encoding);
  if (typeof usual === 'string') return [usual];
  if (!unseen) return [NO_OTHERS];
  const columns = usual ? [usual] : (targets ?? []).map((target) => namedTarget(encoding, target));
  const learner = learnerOf(tables, trained, seed);
  const list = columns.map((column): TargetDetail | string => {
    const learnt = learner(column, [judged, ...(members ? [train] : [])]);
    if (!learnt) return `all cells of ${column.name} are missing`;
    const { majority, tested, models } = learnt;
    const [own, real] = models;
    return {
      ...{ target: column.name, classes: column.classes.length, tested, majority, ...own },
      ...(real ? { real_accuracy: real.accuracy, real_auc: real.auc } : {}),
    };
  });
  const known = list.filter((entry) => typeof entry !== 'string');
  const bad = list.filter((entry) => typeof entry === 'string');
  const [first] = known;
  if (!first) return bad;
  const { majority, tested, accuracy, auc, real_accuracy: ceiling, real_auc: best } = first;
  Object.assign(found.metrics, {
    downstream_linear_accuracy: accuracy,
    downstream_linear_auc: auc,
    downstream_majority: majority,
    ...(ceiling === undefined ? {} : { downstream_gain_share: gainShare(accuracy, majority, ceiling, tested) }),
  });
  if (ceiling !== undefined) {
    found.real.downstream_linear_accuracy = ceiling;
    found.real.downstream_linear_auc = best;
  }
  const { name, classes } = columns[list.indexOf(first)];
  found.details.downstream = { target: name, taken: usual?.taken ?? 'target', classes, tested };
  found.details.targets = known;
  return bad;
}

/**
 * Dimension-wise prediction of categories: each column of 2 to 20 values by a linear model of all others, trained on
 * samples or on real rows, tested on unseen ones. Accuracies, other than those of `dimensionPredictions`, which has two
 * classes and balances them.
 */
export function columnAccuracies(tables: Tables, { job, found, report }: Subject): void {
  const { encoding, judged, train, members, unseen } = tables;
  if (!unseen || !members) {
    skip(found, 'column_accuracy', NO_OTHERS);
    return;
  }
  const columns = classColumns(encoding);
  const learner = learnerOf(tables, trainedOn(tables), job.run.info.seed);
  const list = columns.flatMap((column, i) => {
    report('predicting columns', i / columns.length);
    const learnt = learner(column, [judged, train]);
    if (!learnt) return [];
    const [made, real] = learnt.models.map(({ accuracy }) => accuracy);
    return [{ name: column.name, samples: made, real, majority: learnt.majority }];
  });
  report('predicting columns', 1);
  if (!list.length) {
    skip(found, 'column_accuracy', 'no column is a category of 2 to 20 values');
    return;
  }
  const of = (key: 'samples' | 'real' | 'majority') => list.map((entry) => entry[key]);
  const [made, real, majority] = [of('samples'), of('real'), of('majority')];
  Object.assign(found.metrics, {
    column_accuracy: mean(made),
    column_accuracy_rmse: diagonalAgreement(real, made).rmse,
    column_accuracy_majority: mean(majority),
  });
  found.real.column_accuracy = mean(real);
  found.details.column_accuracy = { columns: list.map(({ name }) => name), real, samples: made, majority };
}

interface Learnt {
  /** one for each set of rows that a model was trained on */
  readonly models: ReturnType<typeof linearModel>[];
  readonly majority: number;
  readonly tested: number;
}

/**
 * What fits linear models of a column, each to at most 15,000 rows by chance, and tests them on unseen rows; it gives
 * undefined where a set of rows has no cell of the column.
 */
function learnerOf({ unseen }: Tables, trained: Trained, seed: number) {
  const { columns } = trained;
  const features = featuresFor(trained, false);
  const stream = new PhiloxStream(seed, 'evaluate/linear models');
  const labelled = (rows: TableRows, { name, classes, labels }: ClassColumn, most: number): LabelledRows => {
    const all = labels(rows);
    const there = stream.permutation(all.length).filter((row) => all[row] < classes.length);
    const list = there.subarray(0, most);
    const cells = levelCells(rows, columns).map((column) => Float64Array.from(list, (row) => column[row]));
    return {
      rows: features.rows(
        cells,
        columns.findIndex((column) => column.name === name),
      ),
      labels: Uint32Array.from(list, (row) => all[row]),
    };
  };
  return (column: ClassColumn, fitted: readonly TableRows[]): Learnt | undefined => {
    if (!unseen) return undefined;
    const test = labelled(unseen, column, TESTED);
    const sides = fitted.map((rows) => labelled(rows, column, FITTED));
    if (![test, ...sides].every(({ labels }) => labels.length)) return undefined;
    const { length } = column.classes;
    const models = sides.map((side) => linearModel(side, test, length));
    return { models, majority: majorityShare(test.labels, length), tested: test.labels.length };
  };
}
