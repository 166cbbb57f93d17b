/** Tables of mixed columns: what a column is, its cells as numbers, and how they become records and come back. Browser-safe. */

import type { Block } from '../ops/heads.ts';

export type { Block } from '../ops/heads.ts';

/** What a column holds. An integer is a number, a boolean a category, for the networks; for people they are not. */
export type Kind = 'number' | 'integer' | 'category' | 'boolean' | 'date';

/** Numbers, written with so many decimals; integers have none. */
export interface NumberColumn {
  readonly name: string;
  readonly kind: 'number' | 'integer';
  readonly decimals: number;
}

/** Days (or, with a time, seconds) since 1970-01-01 UTC; written again in the format of the source. */
export interface DateColumn {
  readonly name: string;
  readonly kind: 'date';
  /** `YYYY-MM-DD`, `DD.MM.YYYY`, `MM/DD/YYYY`, `YYYY-MM-DD HH:MM:SS`, ...: see csv/dates.ts */
  readonly format: string;
}

/** One of some texts; a cell is an index into `values`. */
export interface CategoryColumn {
  readonly name: string;
  readonly kind: 'category' | 'boolean';
  /** as the source writes them, in the given order, else in that of their first appearance */
  readonly values: readonly string[];
}

export type Column = NumberColumn | DateColumn | CategoryColumn;

/** `leave`: a column is not to be in the table; `key`: nor is it, and samples get values of their own at its place. */
export type LeftOut = 'leave' | 'key';

/** A column of identifiers: its values are in no row, and samples get fresh ones. */
export interface Key {
  readonly name: string;
  /** its place among the columns of what is written */
  readonly at: number;
}

/** Cells [rows, columns], row-major: a number, a date, or an index into the column's values; NaN where it is missing. */
export type Cells = Float64Array;

export interface Table {
  readonly columns: readonly Column[];
  readonly train: Cells;
  readonly holdout: Cells;
  /** the column that models are to predict, if one was named */
  readonly label?: string;
}

/** How the cells of one number or date column become a value in [-1, 1]: straight lines between knots. */
export interface NumberCode {
  readonly name: string;
  readonly kind: 'number' | 'integer' | 'date';
  /** of numbers: decimals to round to when decoding */
  readonly decimals?: number;
  /** of dates */
  readonly format?: string;
  /** cell values, strictly increasing; values beyond the first and the last are moved to them */
  readonly values: readonly number[];
  /** where each lies, strictly increasing from -1 to 1; a column of one value has one knot, at 0, and one of none has no knots */
  readonly at: readonly number[];
  /** whether two more values say present or missing */
  readonly missing: boolean;
  /** of a private run that begins with noisy shares: those of present and missing; empty where none are missing */
  readonly shares?: readonly number[];
}

/** The values that have a place of their own; all other ones share one. */
export interface CategoryCode {
  readonly name: string;
  readonly kind: 'category' | 'boolean';
  readonly values: readonly string[];
  /** values that share the place behind `values`, and how often each was there; decoding draws among them */
  readonly rare?: { readonly values: readonly string[]; readonly counts: readonly number[] };
  /** whether the last place says that the cell is missing */
  readonly missing: boolean;
  /** of a private run that begins with noisy shares: those of its places, adding up to 1 */
  readonly shares?: readonly number[];
}

export type ColumnCode = NumberCode | CategoryCode;

/**
 * Something of a data set that was found in its rows and that no noise and no budget covers: a guarantee takes it as
 * known to everybody. `kind`, `decimals`, `format` of a column; `left-out`: that the column is not in the table;
 * `numbers`: that the file holds plain numbers; `classes`: how many classes there are, and their names.
 */
export interface Open {
  readonly what: 'kind' | 'decimals' | 'format' | 'left-out' | 'numbers' | 'classes';
  /** absent where it is of the whole data set, or of columns that nobody noted */
  readonly column?: string;
}

/** How a table becomes records of numbers and comes back; all that decoding needs. */
export interface Encoding {
  readonly columns: readonly ColumnCode[];
  /**
   * `data`: taken from the training rows, which a single record may move; `given`: by the owner, known without the data;
   * `paid`: by noisy counts, at the price of `paid`
   */
  readonly from: 'data' | 'given' | 'paid';
  readonly paid?: { readonly epsilon: number; readonly delta: number };
  /** of a private run what was neither given nor paid for; absent in runs from before this was noted */
  readonly open?: readonly Open[];
  /** the column that models are to predict */
  readonly label?: string;
}

/**
 * What a file of it holds: `{"columns": {"age": {"kind": "integer", "low": 0, "high": 120}, "sex": {"values": ["f",
 * "m"]}}}`. It may hold a comment.
 */
export interface Given {
  readonly columns: Readonly<Record<string, GivenColumn>>;
  /** names of the classes of labelled data, by label */
  readonly classes?: readonly string[];
  readonly comment?: string;
}

/**
 * Of one column. Where its type is given whole (an integer; a number with decimals; a date with its format; a category
 * with its values), no cell has a say in it, and a cell that does not fit is taken as follows, whatever other rows hold:
 * what is no number or date is missing, one beyond the bounds is moved to them, another value is the first of the list.
 */
export interface GivenColumn {
  /** Implied by values, a format or decimals. */
  readonly kind?: Kind | LeftOut;
  /** of numbers, 0 to 15: what they are rounded to and written with */
  readonly decimals?: number;
  /** of dates: see csv/dates.ts */
  readonly format?: string;
  /** for people */
  readonly unit?: string;
  /** of numbers; of dates a text in the column's format. What lies beyond is moved to the bounds. */
  readonly low?: number | string;
  readonly high?: number | string;
  /** of categories: all that there can be; other ones count as the first */
  readonly values?: readonly string[];
  /** whether cells may be missing; default false */
  readonly missing?: boolean;
  readonly comment?: string;
}

/** How the numbers of a file were scaled: v -> 2 (v - low) / (high - low) - 1, a pair of bounds a column. */
export interface Scaling {
  readonly low: number[];
  readonly high: number[];
  /** given: bounds known without the data, values beyond them moved to them; data: the training rows' own extremes */
  readonly from: 'given' | 'data';
}

/** Places of a category's block. */
const places = ({ values, rare, missing }: CategoryCode): number => values.length + (rare ? 1 : 0) + (missing ? 1 : 0);

/** The blocks of each column, in order: a scalar and perhaps a choice of present or missing, or one choice. */
export function blocksOf({ columns }: Pick<Encoding, 'columns'>): Block[][] {
  let at = 0;
  const block = (kind: Block['kind'], width: number, shares?: readonly number[]): Block => {
    at += width;
    return { kind, at: at - width, width, ...(shares ? { shares } : {}) };
  };
  return columns.map((code) =>
    'at' in code
      ? [
          block('scalar', 1, code.shares && []),
          ...(code.missing ? [{ ...block('choice', 2, code.shares), presence: true } as const] : []),
        ]
      : [block('choice', places(code), code.shares)],
  );
}

/** Values of a record. */
export const widthOf = (encoding: Pick<Encoding, 'columns'>): number =>
  blocksOf(encoding).reduce((n, blocks) => n + blocks.reduce((sum, { width }) => sum + width, 0), 0);

/** One name for each value of a record: `age`, `age=present`, `age=(missing)`, `sex=female`, `town=(rare)`. */
export function valueNames({ columns }: Pick<Encoding, 'columns'>): string[] {
  return columns.flatMap((code) => {
    const named = (what: string) => `${code.name}=${what}`;
    if ('at' in code) return [code.name, ...(code.missing ? [named('(present)'), named('(missing)')] : [])];
    return [
      ...code.values.map(named),
      ...(code.rare ? [named('(rare)')] : []),
      ...(code.missing ? [named('(missing)')] : []),
    ];
  });
}
