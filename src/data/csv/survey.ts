/** What the cells of a column look like, gathered cell by cell as a file streams by. Browser-safe. */
import { type CellKind, cellKind, decimalsOf } from './cell.ts';
import { dateFormats, parseDate } from './dates.ts';
import type { Place } from './layout.ts';

/** What a cell may be taken for. */
export type Look = CellKind | 'date';

export interface Example extends Place {
  readonly text: string;
}

/** So many different texts are remembered, and so many characters of them. */
export const MOST_TEXTS = 10_000;
const MOST_CHARACTERS = 1 << 20;

const LOOKS = ['missing', 'nothing', 'number', 'code', 'infinite', 'comma', 'date', 'text'] as const;

export class ColumnSurvey {
  readonly name: string;
  /** index in the file */
  readonly index: number;
  rows = 0;
  readonly counts: Record<Look, number> = Object.fromEntries(LOOKS.map((look) => [look, 0])) as Record<Look, number>;
  /** the first cell of each look, and the first number that is no whole one up to 2^53 */
  readonly first: Partial<Record<Look | 'fraction', Example>> = {};
  /** different texts, trimmed, in the order of their appearance; those of missing values are not among them */
  readonly texts = new Map<string, Look>();
  /** whether there are more than `texts` */
  more = false;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** most decimals of a number */
  decimals = 0;
  /** whether every number is greater than the one before it */
  rising = true;
  /** formats that all dates have */
  formats: readonly string[] | undefined;
  private readonly given: boolean;
  private characters = 0;

  /** @param format of dates, where it is known; other cells are no dates then */
  constructor(name: string, index: number, format?: string) {
    this.name = name;
    this.index = index;
    this.given = format !== undefined;
    if (format !== undefined) this.formats = [format];
  }

  /** Takes one cell of every row. */
  add(cell: string, place: Place): void {
    const text = cell.trim();
    this.rows++;
    const known = this.texts.get(text);
    if (known) {
      this.counts[known]++;
      this.rising = false;
      return;
    }
    const look = this.look(text, place);
    this.counts[look]++;
    this.first[look] ??= { text, ...place };
    if (look === 'missing') return;
    if (this.texts.size === MOST_TEXTS || this.characters + text.length > MOST_CHARACTERS) this.more = true;
    else {
      this.texts.set(text, look);
      this.characters += text.length;
    }
  }

  /** The different numbers among `texts`: `1` and `1.0` are one. */
  numbers(): Set<number> {
    return new Set([...this.texts].filter(([, look]) => look === 'number' || look === 'code').map(([t]) => Number(t)));
  }

  private look(text: string, place: Place): Look {
    if (this.given && this.isDate(text)) return 'date';
    const look = cellKind(text);
    if (look === 'text') return this.isDate(text) ? 'date' : 'text';
    if (look === 'number' || look === 'code') this.measure(Number(text), text, place);
    return look;
  }

  private measure(value: number, text: string, place: Place): void {
    if (!Number.isSafeInteger(value)) this.first.fraction ??= { text, ...place };
    if (value <= this.max) this.rising = false;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    this.decimals = Math.max(this.decimals, decimalsOf(text));
  }

  /** Whether a text is a date in a format that the dates before it have; formats that it rules out are dropped. */
  private isDate(text: string): boolean {
    const formats = this.formats?.filter((format) => !Number.isNaN(parseDate(text, format))) ?? dateFormats(text);
    if (formats.length > 0) this.formats = formats;
    return formats.length > 0;
  }
}
