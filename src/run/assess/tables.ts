/** Quality of tables of mixed columns: their laws, the shares of values, and what a model learns about real rows. */
import { VeilganError } from '../../base/errors.ts';
import { mean } from '../../base/maths/statistics.ts';
import { evenly, pickRows } from '../../base/rows.ts';
import type { TableRows } from '../../data/encoding/decode.ts';
import { blocksOf, type Encoding, widthOf } from '../../data/table.ts';
import { diagonalAgreement } from '../../metrics/dimensions.ts';
import { gainShare, type LabelledRows, linearModel, MOST_CLASSES, majorityShare } from '../../metrics/downstream.ts';
import { type ColumnCells, missingShare, placeShares } from '../../metrics/marginals.ts';
import { columnCells, encoded, placeNames, type Tables } from './columns.ts';
import { marginalQuality } from './marginals.ts';
import { type Evaluation, NO_OTHERS, type Subject, skip } from './subject.ts';

/**
 * What is always measured of a table: marginal distances, associations of pairs, shares of values, and a linear model
 * of one column. Seconds.
 * @throws VeilganError USAGE for a target that is no category of the table
 */
export function tableQuality(tables: Tables, { report, found, target }: Subject): void {
  report('columns', 0);
  marginalQuality(tables, found);
  report('columns', 0.4);
  valueShares(tables, found);
  report('columns', 0.5);
  const why = targetQuality(tables, found, target);
  if (why) skip(found, 'downstream_linear_accuracy', why);
  report('columns', 1);
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

/**
 * A linear model of one column from all others: trained on samples or on real rows, tested on unseen ones.
 * @returns why there is none
 */
function targetQuality(tables: Tables, found: Evaluation, target?: string): string | undefined {
  const { encoding, unseen } = tables;
  const taken = target === undefined ? usualTarget(encoding) : { ...namedTarget(encoding, target), taken: 'target' };
  if (typeof taken === 'string') return taken;
  if (!unseen) return NO_OTHERS;
  const { classes, name } = taken;
  const learnt = learnable(taken, unseen, [tables.samples, ...(tables.members ? [tables.members] : [])]);
  if (!learnt) return `all cells of ${name} are missing`;
  const { models, majority, tested } = learnt;
  const [own, ceiling] = models;
  Object.assign(found.metrics, {
    downstream_linear_accuracy: own.accuracy,
    ...(classes.length === 2 ? { downstream_linear_auc: own.auc } : {}),
    downstream_majority: majority,
    ...(ceiling ? { downstream_gain_share: gainShare(own.accuracy, majority, ceiling.accuracy, tested) } : {}),
  });
  if (ceiling) {
    found.real.downstream_linear_accuracy = ceiling.accuracy;
    if (classes.length === 2) found.real.downstream_linear_auc = ceiling.auc;
  }
  found.details.downstream = { target: name, taken: taken.taken, classes, tested };
  return undefined;
}

/**
 * Dimension-wise prediction of categories: each column of 2 to 20 values by a linear model of all others, trained on
 * samples or on real rows, tested on unseen ones. Accuracies, other than those of `dimensionPredictions`, which has two
 * classes and balances them.
 */
export function columnAccuracies({ encoding, samples, members, unseen }: Tables, { found, report }: Subject): void {
  if (!unseen || !members) {
    skip(found, 'column_accuracy', NO_OTHERS);
    return;
  }
  const columns = classColumns(encoding);
  const list = columns.flatMap((column, i) => {
    report('predicting columns', i / columns.length);
    const learnt = learnable(column, unseen, [samples, members]);
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

/**
 * Linear models of a column, one for each of the tables that they are trained on, tested on unseen rows; undefined where a
 * table has no cell of it.
 */
function learnable({ split, classes: { length } }: ClassColumn, unseen: TableRows, trained: readonly TableRows[]) {
  const [test, ...sides] = [unseen, ...trained].map(split);
  if (![test, ...sides].every(({ labels }) => labels.length)) return undefined;
  const models = sides.map((side) => linearModel(fitted(side, length), test, length));
  return { models, majority: majorityShare(test.labels, length), tested: test.labels.length };
}

/** A column whose value a model can predict. */
export interface ClassColumn {
  readonly name: string;
  /** rare values are one of them, `(rare)`; missing cells are none */
  readonly classes: readonly string[];
  /** of rows whose cell is there: the other columns as an encoding has them, and which class it is */
  readonly split: (rows: TableRows) => LabelledRows;
}

/** The class of a column, or why it is none. */
function classOf(encoding: Encoding, j: number): ClassColumn | string {
  const code = encoding.columns[j];
  if ('at' in code) return `is a ${code.kind === 'date' ? 'date' : 'number'}, no category`;
  const classes = [...code.values, ...(code.rare ? ['(rare)'] : [])];
  if (classes.length < 2) return 'has a single value';
  if (classes.length > MOST_CLASSES) return `has ${classes.length} values`;
  if (encoding.columns.length < 2) return 'has no other column beside it';
  const [block] = blocksOf(encoding)[j];
  const width = widthOf(encoding);
  const split = (rows: TableRows): LabelledRows => {
    const { cells } = columnCells(rows, { ...encoding, columns: [code] })[0];
    const there = Array.from(cells.keys()).filter((row) => cells[row] < classes.length);
    const others = pickRows(encoded(rows, encoding), width, there).filter((_, i) => {
      const value = i % width;
      return value < block.at || value >= block.at + block.width;
    });
    return { rows: others, labels: Uint32Array.from(there, (row) => cells[row]) };
  };
  return { name: code.name, classes, split };
}

/** All columns that a model can predict. */
export const classColumns = (encoding: Encoding): ClassColumn[] =>
  encoding.columns.flatMap((_, j) => {
    const found = classOf(encoding, j);
    return typeof found === 'string' ? [] : [found];
  });

/**
 * The column that was named as the target.
 * @throws VeilganError USAGE where there is none of that name, or it makes no classes
 */
export function namedTarget(encoding: Encoding, target: string): ClassColumn {
  const j = encoding.columns.findIndex(({ name }) => name === target);
  const found = j < 0 ? undefined : classOf(encoding, j);
  if (found && typeof found !== 'string') return found;
  const able = classColumns(encoding).map(({ name }) => name);
  throw new VeilganError('USAGE', found ? `column ${target} ${found}` : `the table has no column ${target}`, {
    where: 'target',
    fix: able.length
      ? `Name a category of 2 to ${MOST_CLASSES} values: ${able.slice(0, 12).join(', ')}`
      : `Leave it away: no column is a category of 2 to ${MOST_CLASSES} values`,
  });
}

/** The target where none was named, the table's label or else its last column, and which it was; or why that is none. */
export function usualTarget(encoding: Encoding): (ClassColumn & { taken: string }) | string {
  const { columns, label } = encoding;
  const j = label === undefined ? columns.length - 1 : columns.findIndex(({ name }) => name === label);
  const taken = label === undefined ? 'last column' : 'label';
  const found = classOf(encoding, j);
  return typeof found === 'string'
    ? `the ${taken}, ${columns[j].name}, ${found}: name a \`target\``
    : { ...found, taken };
}

/** Products of rows, features and classes that a linear model is fitted to in some seconds. */
const PRODUCTS = 2e7;

/** As many rows, evenly spaced, as a linear model is fitted to in seconds. */
export function fitted({ rows, labels }: LabelledRows, classes: number): LabelledRows {
  const features = rows.length / labels.length;
  const list = evenly(labels.length, Math.max(1, Math.floor(PRODUCTS / (features * (classes > 2 ? classes : 1)))));
  if (list.length === labels.length) return { rows, labels };
  return { rows: pickRows(rows, features, list), labels: Uint32Array.from(list, (row) => labels[row]) };
}
