/** Columns of a table that a model can predict from the others. */

import { VeilganError } from '../../base/errors.ts';
import { evenly, pickRows } from '../../base/rows.ts';
import type { TableRows } from '../../data/encoding/decode.ts';
import { blocksOf, type Encoding, widthOf } from '../../data/table.ts';
import { type LabelledRows, MOST_CLASSES } from '../../metrics/downstream.ts';
import { columnCells, encoded } from './columns.ts';

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
