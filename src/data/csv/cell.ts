/** One cell of a table. */
import { dateFormats } from './dates.ts';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const MISSING = /^[+-]?(nan|na|n\/a|#n\/a|null|\?|-|--)$/i;
/** Missing where numbers or dates are expected; among other texts these are words. */
const NOTHING = /^(none|nil)$/i;
const INFINITE = /^[+-]?(inf|infinity|∞)$/i;
/** A decimal comma, or thousands set off by commas. */
const COMMA = /^[+-]?(\d+,\d+|\d{1,3}(,\d{3})+(\.\d+)?)$/;
/** Whole numbers whose zeros in front say that they are codes. */
const CODE = /^[+-]?0\d/;

/** The number in a cell, or what is wrong with the cell: a predicate such as `is empty`. */
export function parseCell(text: string): number | string {
  const cell = text.trim();
  if (NUMBER.test(cell)) {
    const value = Number(cell);
    return Number.isFinite(Math.fround(value)) ? value : 'is too large for a 32-bit float (3.4e38 at most)';
  }
  if (cell === '') return 'is empty';
  if (MISSING.test(cell) || NOTHING.test(cell)) return 'is a missing value';
  if (INFINITE.test(cell)) return 'is infinite';
  return 'is not a number';
}

/** What a cell looks like, its text being trimmed. */
export type CellKind = 'missing' | 'nothing' | 'number' | 'code' | 'infinite' | 'comma' | 'text';

/**
 * What a trimmed cell looks like, dates apart: `nothing` is a word for a missing value that may mean something else,
 * `code` a number that would lose digits as one (zeros in front, more than float64 holds), `comma` a number with commas.
 */
export function cellKind(cell: string): CellKind {
  if (cell === '') return 'missing';
  if (NUMBER.test(cell)) {
    const value = Number(cell);
    if (!Number.isFinite(value)) return 'infinite';
    return CODE.test(cell) || (Number.isInteger(value) && !Number.isSafeInteger(value) && !/[.e]/i.test(cell))
      ? 'code'
      : 'number';
  }
  if (MISSING.test(cell)) return 'missing';
  if (NOTHING.test(cell)) return 'nothing';
  if (INFINITE.test(cell)) return 'infinite';
  return COMMA.test(cell) ? 'comma' : 'text';
}

/** The number in a trimmed cell, NaN where it holds none. */
export const numberIn = (cell: string): number => (NUMBER.test(cell) ? Number(cell) : Number.NaN);

/** Whether a cell is neither empty nor a word for a missing value. */
export const hasValue = (text: string): boolean => cellKind(text.trim()) !== 'missing';

/** Whether a cell has a decimal comma or thousands set off by commas. */
export const hasComma = (text: string): boolean => COMMA.test(text.trim());

/** Decimals that a number is written with, at most 17. */
export function decimalsOf(cell: string): number {
  const [, fraction = '', exponent = '0'] = /^[^.eE]*(?:\.(\d*))?(?:[eE](.*))?$/.exec(cell) ?? [];
  return Math.min(17, Math.max(0, fraction.length - Number(exponent)));
}

/** Whether a cell of the first record looks like the name of a column: no number, no date, no word for "no value". */
export function isNameLike(text: string): boolean {
  const cell = text.trim();
  const kind = cellKind(cell);
  return (kind === 'text' || kind === 'nothing' || kind === 'comma') && dateFormats(cell).length === 0;
}

const PAIRS = [
  ['true', 'false'],
  ['yes', 'no'],
  ['y', 'n'],
  ['t', 'f'],
  ['0', '1'],
];

/** Whether texts are two that mean yes and no. */
export function isPairOf(texts: readonly string[]): boolean {
  const words = texts.map((text) => text.toLowerCase());
  return words.length === 2 && PAIRS.some((pair) => pair.every((word) => words.includes(word)));
}
