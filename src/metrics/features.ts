/** Rows of a table as what a linear model is fitted to; the training rows fix how. */

import type { Levels } from './levels.ts';

/** Values of a category that have a feature of their own, the most frequent ones; others have none. */
const VALUES = 100;

export interface ColumnRule {
  /** its numbers are names */
  readonly nominal: boolean;
  /** the column of the training rows, NaN missing */
  readonly train: Float64Array;
  /** of the same column */
  readonly levels: Levels;
}

/** Some features of one column. */
interface Part {
  readonly width: number;
  /** writes those of each row of a column, [rows, width] at `at` of zeros */
  readonly write: (cells: Float64Array, rows: Float32Array, width: number, at: number) => void;
}

/** A one for the place that a cell has; `width` and beyond: none. */
const oneHot = (width: number, places: (cells: Float64Array) => ArrayLike<number>): Part => ({
  width,
  write: (cells, rows, all, at) => {
    const place = places(cells);
    for (let i = 0; i < cells.length; i++) if (place[i] < width) rows[i * all + at + place[i]] = 1;
  },
});

/** A number in standard deviations from the mean of the training rows, 0 where it is missing or unknown, and a one there. */
function standardised(train: Float64Array): Part {
  const there = train.filter((v) => !Number.isNaN(v));
  const mean = there.reduce((sum, v) => sum + v, 0) / Math.max(1, there.length);
  const variance = there.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, there.length);
  const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
  return {
    width: 2,
    write: (cells, rows, all, at) => {
      for (let i = 0; i < cells.length; i++) {
        const there = Number.isFinite(cells[i]);
        rows[i * all + at] = there ? (cells[i] - mean) * scale : 0;
        rows[i * all + at + 1] = Number(!there);
      }
    },
  };
}

/** The most frequent values of a category. */
function frequent(train: Float64Array): Part {
  const counts = new Map<number, number>();
  for (const v of train) counts.set(v, (counts.get(v) ?? 0) + 1);
  const order = [...counts].sort(([, a], [, b]) => b - a).slice(0, VALUES);
  const place = new Map(order.map(([v], i) => [v, i]));
  return oneHot(order.length, (cells) => Array.from(cells, (v) => place.get(v) ?? VALUES));
}

function partsOf({ nominal, train, levels }: ColumnRule, bins: boolean): Part[] {
  const places = oneHot(levels.places, (cells) => levels.code(cells).cells);
  if (levels.single) return [places];
  return [nominal ? frequent(train) : standardised(train), ...(bins ? [places] : [])];
}

/** Makes features of rows. */
export interface Features {
  /** @param columns a number for each row, NaN missing @param leave a column to leave out @returns [rows, width] */
  readonly rows: (columns: readonly Float64Array[], leave?: number) => Float32Array;
}

/**
 * One-hot levels of columns of at most 20 values and of categories, standardised numbers of the others.
 * @param bins also the bins of such numbers, so that a linear model can tell where a number is too frequent
 */
export function featuresOf(rules: readonly ColumnRule[], { bins = false }: { bins?: boolean } = {}): Features {
  const parts = rules.map((rule) => partsOf(rule, bins));
  return {
    rows: (columns, leave) => {
      const list = parts.flatMap((own, j) => (j === leave ? [] : own.map((part) => ({ part, cells: columns[j] }))));
      const width = list.reduce((n, { part }) => n + part.width, 0);
      const rows = new Float32Array(width * columns[0].length);
      let at = 0;
      for (const { part, cells } of list) {
        part.write(cells, rows, width, at);
        at += part.width;
      }
      return rows;
    },
  };
}
