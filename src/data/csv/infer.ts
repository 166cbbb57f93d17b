/** Which kind a column is, from what its cells look like or as its owner says. Browser-safe. */
import type { VeilganError } from '../../base/errors.ts';
import { quote } from '../dataset.ts';
import { type GivenType, isLeftOut, isWhole } from '../encoding/schema-entry.ts';
import type { Kind, LeftOut, Open } from '../table.ts';
import { isPairOf } from './cell.ts';
import { isDateFormat } from './dates.ts';
import { type Place, plural, shown } from './layout.ts';
import { type ColumnSurvey, type Example, type Look, MOST_TEXTS } from './survey.ts';

/**
 * A kind, `leave` for a column that is to be left out, `key` for one that is left out and of which samples get values of
 * their own, or a date format, as in `date:DD/MM/YYYY`.
 */
export type TypeChoice = Kind | LeftOut | `date:${string}`;

/** A column as its owner sees it. */
export interface ColumnSummary {
  readonly name: string;
  /** `leave`: it is left out */
  readonly kind: Kind | 'leave';
  /** different values; with `more`, at least so many */
  readonly distinct: number;
  readonly more: boolean;
  readonly missing: number;
  /** the first few values */
  readonly examples: readonly string[];
  /** of numbers */
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** of dates */
  readonly format?: string;
  /** what its owner should know, as a sentence without a full stop */
  readonly note?: string;
}

/** What reading the cells needs beyond the summary. */
export interface Decision {
  readonly summary: ColumnSummary;
  readonly index: number;
  /** of categories: `1` and `1.0` are one value, and words for nothing are missing */
  readonly numeric: boolean;
  /** decimals that such values are written with: not as some row happens to write them */
  readonly spelled: number;
  /** zeros and ones only */
  readonly bits: boolean;
  /** what was known before any cell was read; where it is the whole type, no cell was looked at */
  readonly given?: GivenType;
}

/** What of a column was found in its cells, its owner not having said it. */
export function foundIn(
  { summary: { name: column, kind }, given, numeric }: Decision,
  choice: TypeChoice | undefined,
): Open[] {
  const told = choice !== undefined || given?.kind !== undefined;
  if (kind === 'leave') return told ? [] : [{ what: 'left-out', column }];
  const whole = given !== undefined && isWhole(given);
  const categories = kind === 'category' || kind === 'boolean';
  // Values that are numbers are written with as many decimals as the rows have, unless the kind is given.
  const decimals = kind === 'number' || (categories && numeric);
  return [
    ...(told ? [] : [{ what: 'kind' as const, column }]),
    ...(decimals && !whole ? [{ what: 'decimals' as const, column }] : []),
    ...(kind === 'date' && !whole && !choice?.startsWith('date:') ? [{ what: 'format' as const, column }] : []),
  ];
}

/** What a column is of which its owner has given the whole type: nothing in it depends on a cell. */
export function asGiven(name: string, index: number, given: GivenType): Decision {
  const { kind: told, decimals, format, values = [] } = given;
  const kind = kindTold(told) ?? 'leave';
  const written = { ...(decimals === undefined ? {} : { decimals }), ...(format === undefined ? {} : { format }) };
  const shownValues = values.slice(0, 5).map((text) => shown(text));
  const summary = { name, kind, distinct: values.length, more: false, missing: 0, examples: shownValues, ...written };
  return { index, numeric: false, spelled: 0, bits: false, given, summary };
}

/** The kind that a choice is of. */
function kindTold(choice: TypeChoice | undefined): Kind | 'leave' | undefined {
  if (isLeftOut(choice)) return 'leave';
  return choice?.startsWith('date:') ? 'date' : (choice as Kind | undefined);
}

/** An error about one cell, or with no example about the whole column. */
export type Refuse = (what: string, fix: string, example?: Example) => VeilganError;

/** Integers of more values are numbers. */
const MOST_CODES = 20;
/** In so many rows, texts of which most stand in one row only are no categories. */
const MANY = 100;
const KINDS: readonly string[] = ['number', 'integer', 'category', 'boolean', 'date', 'leave', 'key'];

/** Whether a text names a type that `types` takes. */
export const isTypeChoice = (text: string): text is TypeChoice =>
  KINDS.includes(text) || (text.startsWith('date:') && isDateFormat(text.slice(5)));

const sum = (survey: ColumnSurvey, ...looks: Look[]) => looks.reduce((n, look) => n + survey.counts[look], 0);

/** Decimals that numbers of this size have in float64. */
function decimalsIn({ decimals, min, max }: ColumnSurvey): number {
  const digits = Math.floor(Math.log10(Math.max(Math.abs(min), Math.abs(max), 1))) + 1;
  return Math.min(decimals, Math.max(15 - digits, 0));
}

const at = ({ text, row, line }: Example) => `${quote(text)} in row ${row + 1} (line ${line})`;

/** The first cell of any of these looks. */
function firstOf(survey: ColumnSurvey, ...looks: Look[]): Example | undefined {
  return looks
    .flatMap((look) => survey.first[look] ?? [])
    .reduce<Example | undefined>((a, b) => (a && a.row < b.row ? a : b), undefined);
}

interface Found {
  kind: Kind | 'leave';
  note?: string;
}

/** Whether the values are two that mean yes and no. */
const isPair = (survey: ColumnSurvey, numeric: boolean): boolean =>
  isPairOf(numeric ? [...survey.numbers()].map(String) : [...survey.texts.keys()]);

function ambiguous(survey: ColumnSurvey): string | undefined {
  const dayFirst = (format: string) => format.indexOf('D') < format.indexOf('M');
  const [best, ...others] = survey.formats ?? [];
  const other = others.find((format) => dayFirst(format) !== dayFirst(best));
  return other && `taken as ${best}; the values would fit ${other} too`;
}

function findNumbers(survey: ColumnSurvey, distinct: number): Found {
  if (distinct === 1) return { kind: 'category' };
  if (survey.first.fraction) return { kind: 'number' };
  if (distinct <= MOST_CODES && !survey.more) return { kind: isPair(survey, true) ? 'boolean' : 'category' };
  const counter = survey.rising && survey.rows >= MANY;
  return {
    kind: 'integer',
    ...(counter ? { note: 'rises from row to row: leave it out if it numbers the rows' } : {}),
  };
}

function findTexts(survey: ColumnSurvey, distinct: number, present: number): Found {
  const others = firstOf(survey, 'nothing', 'code', 'infinite', 'comma', 'date', 'text');
  const comma = survey.first.comma;
  const hints: string[] = [];
  if (comma && sum(survey, 'comma', 'number') === present) {
    hints.push(`numbers with commas, such as ${at(comma)}: write a decimal point and no thousands separators`);
  } else if (survey.counts.number > present / 2 && others) {
    const code = survey.first.code === others;
    hints.push(
      code
        ? `texts, for ${at(others)} would lose digits as a number`
        : `most cells are numbers, but not ${at(others)}: as a number column such cells would be missing`,
    );
  }
  const unlike = survey.more || (present >= MANY && distinct > present / 2);
  if (unlike) {
    const many = `${survey.more ? 'more than ' : ''}${plural(distinct, 'different text')} in ${plural(present, 'row')}`;
    const long = survey.more && distinct < MOST_TEXTS;
    hints.unshift(
      `left out: ${long ? 'its texts are too long for categories' : `${many} are identifiers or free text`}`,
    );
  }
  const note = hints.length > 0 ? { note: hints.join('; ') } : {};
  if (unlike) return { kind: 'leave', ...note };
  return { kind: isPair(survey, false) ? 'boolean' : 'category', ...note };
}

/** The kind of a column that nobody has said the kind of. */
function find(survey: ColumnSurvey, distinct: number, present: number, refuse: Refuse): Found {
  const { counts, first } = survey;
  if (counts.number > 0 && sum(survey, 'code', 'comma', 'date', 'text') === 0) {
    if (first.infinite)
      throw refuse('is infinite', 'Correct or remove the row, or leave the column out.', first.infinite);
    return findNumbers(survey, distinct);
  }
  if (counts.date > 0 && counts.date + counts.nothing === present) {
    const note = ambiguous(survey);
    return distinct === 1 ? { kind: 'category' } : { kind: 'date', ...(note ? { note } : {}) };
  }
  return findTexts(survey, distinct, present);
}

/** A column of the kind that its owner says. */
function asTold(survey: ColumnSurvey, choice: Kind, distinct: number, refuse: Refuse, given: boolean): Found {
  const { counts, first } = survey;
  const lost = (what: string, ...looks: Look[]): Found => {
    const example = firstOf(survey, ...looks);
    const cells = `${plural(sum(survey, ...looks), 'cell')} that ${sum(survey, ...looks) === 1 ? 'is' : 'are'} no ${what}`;
    return { kind: choice, ...(example ? { note: `${cells}, such as ${at(example)}, count as missing` } : {}) };
  };
  if (choice === 'category') return { kind: choice };
  if (choice === 'boolean') {
    if (given || (distinct <= 2 && !survey.more)) return { kind: choice };
    throw refuse(`has ${survey.more ? 'more than ' : ''}${distinct} different values`, 'Take it as a category.');
  }
  if (choice === 'date') {
    if (counts.date === 0) throw refuse('holds no date of a known format', 'Take it as a category, or leave it out.');
    const found = lost('date', 'number', 'code', 'infinite', 'comma', 'text');
    const note = [ambiguous(survey), found.note].filter(Boolean).join('; ');
    return note ? { kind: choice, note } : found;
  }
  // Cells that do not fit a kind that is given are missing, all of them.
  if (given) return lost('number', 'date', 'text', 'comma', 'infinite');
  if (first.comma) throw refuse('is not a number', '', first.comma);
  if (first.infinite) throw refuse('is infinite', 'Correct or remove the row.', first.infinite);
  if (counts.number + counts.code === 0) throw refuse('holds no number', 'Take it as a category, or leave it out.');
  if (choice === 'integer' && first.fraction) {
    throw refuse('is no whole number up to 2^53', 'Take the column as a number.', first.fraction);
  }
  return lost('number', 'date', 'text');
}

/**
 * What a column is taken for.
 * @param choice what its owner says; default: as its cells look
 * @param given what was known of it before any cell was read, which is not its whole type
 * @param refuse makes the error about a cell or the column
 * @throws VeilganError what `refuse` makes: numbers that are infinite, and choices that the cells do not bear
 */
export function decide(
  survey: ColumnSurvey,
  choice: TypeChoice | undefined,
  refuse: Refuse,
  given?: GivenType,
): Decision {
  const { counts, rows, texts, name, index } = survey;
  const present = rows - counts.missing;
  const onlyNumbers = counts.number > 0 && sum(survey, 'code', 'infinite', 'comma', 'date', 'text') === 0;
  const numbers = survey.numbers();
  const distinct = onlyNumbers ? numbers.size : texts.size;
  const told = kindTold(given?.kind ?? choice);
  // Of a category that is given every text is a value: what other cells hold has no say in it.
  const numeric = onlyNumbers && given?.kind === undefined;
  const found =
    told === 'leave'
      ? { kind: told }
      : present === 0 && given?.kind === undefined
        ? { kind: 'leave' as const, note: 'left out: it has no values' }
        : told
          ? asTold(survey, told, distinct, refuse, given?.kind !== undefined)
          : find(survey, distinct, present, refuse);
  const { kind } = found;
  const isNumber = kind === 'number' || kind === 'integer';
  const valued = isNumber
    ? counts.number + counts.code
    : kind === 'date'
      ? counts.date
      : present - (numeric ? counts.nothing : 0);
  return {
    index,
    numeric,
    spelled: decimalsIn(survey),
    ...(given ? { given } : {}),
    bits: onlyNumbers && counts.number === rows && [...numbers].every((value) => value === 0 || value === 1),
    summary: {
      name,
      distinct,
      more: survey.more,
      missing: rows - valued,
      examples: [...texts.keys()].slice(0, 5).map((text) => shown(text)),
      ...(isNumber ? { min: survey.min, max: survey.max, decimals: kind === 'integer' ? 0 : decimalsIn(survey) } : {}),
      ...(kind === 'date' ? { format: survey.formats?.[0] } : {}),
      ...found,
    },
  };
}

/** Errors about the cells of one column, as `layout` words them. */
export function refusing(
  layout: {
    error(message: string, place: string, fix: string): VeilganError;
    cellError(text: string, what: string, place: Place, column: number, fix: string): VeilganError;
  },
  { name, index }: ColumnSurvey,
): Refuse {
  return (what, fix, example) =>
    example
      ? layout.cellError(example.text, what, example, index, fix)
      : layout.error(`the column ${what}`, `column ${shown(name)}`, fix);
}
