/** Half-open row ranges `a:b`, as the command line takes them. */
import { VeilganError } from '../gpu/errors.ts';
import { quote } from './dataset.ts';

/** Rows start .. end - 1, counted from 0; an open end is Infinity. */
export interface Range {
  start: number;
  end: number;
}

/**
 * `5000:10000`, `5000:` or `:5000`.
 * @throws VeilganError USAGE when the text is no range or holds no row; `flag` names it in the error.
 */
export function parseRange(text: string, flag: string): Range {
  const match = /^\s*(\d*)\s*:\s*(\d*)\s*$/.exec(text);
  const start = match?.[1] ? Number(match[1]) : 0;
  const end = match?.[2] ? Number(match[2]) : Number.POSITIVE_INFINITY;
  const safe = Number.isSafeInteger(start) && (end === Number.POSITIVE_INFINITY || Number.isSafeInteger(end));
  if (!match || !safe || start >= end) {
    const what = match && safe ? 'holds no row' : 'is not a range of rows';
    throw new VeilganError('USAGE', `${quote(text)} ${what}`, {
      where: flag,
      fix: 'Write start:end, rows counted from 0 without the header, end excluded, for example 0:5000.',
    });
  }
  return { start, end };
}

export const showRange = ({ start, end }: Range): string => `${start}:${end === Number.POSITIVE_INFINITY ? '' : end}`;

export const holds = (range: Range | undefined, row: number): boolean =>
  range !== undefined && row >= range.start && row < range.end;

/** @throws VeilganError USAGE when a row would be both a member and a non-member. */
export function checkDisjoint(rows: Range | undefined, holdout: Range | undefined): void {
  if (!rows || !holdout || rows.end <= holdout.start || holdout.end <= rows.start) return;
  throw new VeilganError('USAGE', `the ranges ${showRange(rows)} and ${showRange(holdout)} overlap`, {
    where: '--rows and --holdout',
    fix: 'Keep training and hold-out rows apart, for example --rows 0:5000 --holdout 5000:10000.',
  });
}

/**
 * How many of so many rows a share holds out: at least one, and not all.
 * @throws VeilganError USAGE for a share that is not between 0 and 1 or leaves no row on one side
 */
export function heldRows(rows: number, share: number): number {
  const held = Math.round(rows * share);
  if (share > 0 && share < 1 && held > 0 && held < rows) return held;
  throw new VeilganError('USAGE', `${share} of ${rows} rows cannot be held out`, {
    where: '--holdout-share',
    fix: 'Give a share between 0 and 1 that leaves rows on both sides, for example 0.2.',
  });
}
