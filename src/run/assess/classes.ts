/** Columns of a table that a model can predict: categories of few values. */
import { VeilganError } from '../../base/errors.ts';
import type { TableRows } from '../../data/encoding/decode.ts';
import type { Encoding } from '../../data/table.ts';
import { MOST_CLASSES } from '../../metrics/downstream.ts';
import { columnCells } from './columns.ts';

/** A column whose value a model can predict. */
export interface ClassColumn {
  readonly name: string;
  /** rare values are one of them, `(rare)`; missing cells are none */
  readonly classes: readonly string[];
  /** which class each row is; as many as there are classes and beyond: none */
  readonly labels: (rows: TableRows) => Uint32Array;
}

/** The class of a column, or why it is none. */
function classOf(encoding: Encoding, j: number): ClassColumn | string {
  const code = encoding.columns[j];
  if ('at' in code) return `is a ${code.kind === 'date' ? 'date' : 'number'}, no category`;
  const classes = [...code.values, ...(code.rare ? ['(rare)'] : [])];
  if (classes.length < 2) return 'has a single value';
  if (classes.length > MOST_CLASSES) return `has ${classes.length} values`;
  if (encoding.columns.length < 2) return 'has no other column beside it';
  // Places of a category: its values, then all others, then missing cells.
  const labels = (rows: TableRows) => columnCells(rows, { ...encoding, columns: [code] })[0].cells as Uint32Array;
  return { name: code.name, classes, labels };
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
    where: 'targets',
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
    ? `the ${taken}, ${columns[j].name}, ${found}: name \`targets\``
    : { ...found, taken };
}
