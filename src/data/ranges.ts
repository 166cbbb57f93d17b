/** Half-open row ranges `a:b`, as the command line takes them. */
import { VeilganError } from '../base/errors.ts';
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

/** @throws VeilganError USAGE for a share of rows that is not between 0 and 1 */
export function checkShare(share: number): void {
  if (share > 0 && share < 1) return;
  throw new VeilganError('USAGE', `${share} is no share of the rows`, {
    where: '--holdout-share',
    fix: 'Give a number between 0 and 1, for example 0.2.',
  });
}

/** The part of all rows taken that two ranges hold out; undefined where an end is open, and so left to the file. */
export function shareOf(rows: string | undefined, holdout: string | undefined): number | undefined {
  if (rows === undefined || holdout === undefined) return undefined;
  const size = ({ start, end }: Range) => end - start;
  const [train, held] = [size(parseRange(rows, '--rows')), size(parseRange(holdout, '--holdout'))];
  return Number.isFinite(train + held) ? held / (train + held) : undefined;
}
