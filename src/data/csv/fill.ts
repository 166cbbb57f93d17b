/** Cells of a table from their texts, once it is known what the columns are. Browser-safe. */
import { VeilganError } from '../../base/errors.ts';
import { rounding } from '../encoding/knots.ts';
import type { GivenType } from '../encoding/schema-entry.ts';
import type { Column } from '../table.ts';
import { cellKind, numberIn } from './cell.ts';
import { parseDate } from './dates.ts';
import type { Decision } from './infer.ts';
import { shown } from './layout.ts';

const MOST_VALUES = 2 ** 20;

/** Turns the texts of one column into cells. */
export interface Fill {
  /** index in the file */
  readonly index: number;
  /** The cell of a text, NaN where it is missing. @throws VeilganError OVER_LIMIT for more than 2^20 categories */
  cell(text: string): number;
  /** What the column is, after all its cells. */
  column(): Column;
}

/** @param decision of a column that is not left out */
export function fillOf(decision: Decision): Fill {
  const { summary, index, given } = decision;
  const { name } = summary;
  if (given?.values) {
    const { values, kind } = given;
    return { index, cell: placeIn(values), column: () => ({ name, kind: kind as 'category', values }) };
  }
  if (!given || (given.decimals === undefined && given.format === undefined)) return new ColumnFill(decision);
  const { format, decimals = 0 } = given;
  const column: Column =
    format === undefined ? { name, kind: given.kind as 'number', decimals } : { name, kind: 'date', format };
  return { index, cell: withinOf(given), column: () => column };
}

/** Numbers or dates of a type that is given, rounded as it is written, and within its bounds. */
function withinOf({ kind, decimals, format, bounds }: GivenType): (text: string) => number {
  const round = rounding({ kind: kind as 'number', decimals, format });
  const [low, high] = bounds ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return (text) => {
    const value = format === undefined ? numberIn(text.trim()) : parseDate(text.trim(), format);
    const held = Math.min(high, Math.max(low, Number.isFinite(value) ? round(value) : value));
    // Without bounds there is nothing to move a number to that float64 does not hold.
    return Number.isFinite(held) ? held : Number.NaN;
  };
}

/** Places in a list that is given. Where all of it are numbers, 1 and 1.0 are one; what is not in it is the first. */
function placeIn(values: readonly string[]): (text: string) => number {
  const places = new Map(values.map((value, at) => [value.trim(), at]));
  const numbers = values.every((value) => cellKind(value.trim()) === 'number')
    ? new Map(values.map((value, at) => [Number(value), at]))
    : undefined;
  return (cell) => {
    const text = cell.trim();
    const at = places.get(text) ?? numbers?.get(numberIn(text));
    return at ?? (cellKind(text) === 'missing' ? Number.NaN : 0);
  };
}

/** Turns the texts of one column into cells whose values are told or found by what they look like. */
class ColumnFill implements Fill {
  readonly index: number;
  private readonly decision: Decision;
  private readonly values: string[] = [];
  private readonly places = new Map<string, number>();
  private readonly byNumber = new Map<number, number>();

  constructor(decision: Decision) {
    this.decision = decision;
    this.index = decision.index;
  }

  cell(cell: string): number {
    const { kind, format } = this.decision.summary;
    const text = cell.trim();
    if (kind === 'number' || kind === 'integer') {
      const value = numberIn(text);
      return Number.isFinite(value) ? value : Number.NaN;
    }
    if (kind === 'date') return parseDate(text, format as string);
    return this.places.get(text) ?? this.place(text);
  }

  column(): Column {
    const { name, kind, format, decimals } = this.decision.summary;
    if (kind === 'number' || kind === 'integer') return { name, kind, decimals: decimals ?? 0 };
    if (kind === 'date') return { name, kind, format: format as string };
    return { name, kind: kind as 'category' | 'boolean', values: this.values };
  }

  /** The place of a text that was not there before. */
  private place(text: string): number {
    const { numeric } = this.decision;
    const look = cellKind(text);
    const missing = look === 'missing' || (numeric && look === 'nothing');
    const number = numeric ? numberIn(text) : Number.NaN;
    const at = missing
      ? Number.NaN
      : (this.byNumber.get(number) ?? this.add(numeric ? this.spelled(number, text) : text));
    if (numeric) this.byNumber.set(number, at);
    this.places.set(text, at);
    return at;
  }

  /** A number as all of the column are written, so that no row decides by coming first. */
  private spelled(number: number, text: string): string {
    if (Number.isNaN(number)) return text;
    const written = number.toFixed(Math.min(100, this.decision.spelled));
    return Number(written) === number ? written : String(number);
  }

  private add(text: string): number {
    if (this.values.length < MOST_VALUES) return this.values.push(text) - 1;
    const { name } = this.decision.summary;
    throw new VeilganError('OVER_LIMIT', `column ${shown(name)} has more than ${MOST_VALUES} categories`, {
      where: 'types',
      fix: 'Leave the column out, or take it as a number.',
    });
  }
}
