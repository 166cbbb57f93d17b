/** One cell of a table. */

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const MISSING = /^[+-]?(nan|na|n\/a|#n\/a|null|none|nil|\?|-)$/i;
const INFINITE = /^[+-]?(inf|infinity|∞)$/i;

/** The number in a cell, or what is wrong with the cell: a predicate such as `is empty`. */
export function parseCell(text: string): number | string {
  const cell = text.trim();
  if (NUMBER.test(cell)) {
    const value = Number(cell);
    return Number.isFinite(Math.fround(value)) ? value : 'is too large for a 32-bit float (3.4e38 at most)';
  }
  if (cell === '') return 'is empty';
  if (MISSING.test(cell)) return 'is a missing value';
  if (INFINITE.test(cell)) return 'is infinite';
  return 'is not a number';
}

/** Whether a cell of the first record looks like the name of a column: not empty, no number, no word for "no value". */
export function isNameLike(text: string): boolean {
  const cell = text.trim();
  return cell !== '' && !NUMBER.test(cell) && !MISSING.test(cell) && !INFINITE.test(cell);
}
