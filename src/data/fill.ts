/** Cells of a table from their texts, once it is known what the columns are. Browser-safe. */
import { VeilganError } from '../gpu/errors.ts';
import { cellKind, numberIn } from './cell.ts';
import { shown } from './csv-layout.ts';
import { parseDate } from './dates.ts';
import type { Decision } from './infer.ts';
import type { Cells, Column } from './table.ts';

/** Cells of 2 GiB: what fits one array everywhere, checksums included. */
const MOST_CELLS = 2 ** 28 - 1;
const MOST_VALUES = 2 ** 20;
const MAKE_FEWER = 'Take fewer rows with --rows, or fewer columns with --columns.';

/** `count` cells. @throws VeilganError OVER_LIMIT, OUT_OF_MEMORY naming `file` */
export function allocateCells(count: number, file: string): Cells {
  if (count > MOST_CELLS) {
    throw new VeilganError('OVER_LIMIT', `the table has ${count} cells, where ${MOST_CELLS} is the most`, {
      where: file,
      fix: MAKE_FEWER,
    });
  }
  try {
    return new Float64Array(count);
  } catch (cause) {
    throw new VeilganError('OUT_OF_MEMORY', `no memory for ${count} cells`, { where: file, fix: MAKE_FEWER, cause });
  }
}

/** Turns the texts of one column into cells. */
export class ColumnFill {
  readonly index: number;
  private readonly decision: Decision;
  private readonly values: string[] = [];
  private readonly places = new Map<string, number>();
  private readonly byNumber = new Map<number, number>();

  /** @param decision of a column that is not left out */
  constructor(decision: Decision) {
    this.decision = decision;
    this.index = decision.index;
  }

  /** The cell of a text, NaN where it is missing. @throws VeilganError OVER_LIMIT for more than 2^20 categories */
  cell(cell: string): number {
    const { kind, format } = this.decision.summary;
    const text = cell.trim();
    if (kind === 'number' || kind === 'integer') return numberIn(text);
    if (kind === 'date') return parseDate(text, format as string);
    return this.places.get(text) ?? this.place(text);
  }

  /** What the column is, after all its cells. */
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
    const at = missing ? Number.NaN : (this.byNumber.get(number) ?? this.add(text));
    if (numeric) this.byNumber.set(number, at);
    this.places.set(text, at);
    return at;
  }

  private add(text: string): number {
    if (this.values.length < MOST_VALUES) return this.values.push(text) - 1;
    const { name } = this.decision.summary;
    throw new VeilganError('OVER_LIMIT', `column ${shown(name)} has more than ${MOST_VALUES} categories`, {
      where: '--types',
      fix: 'Leave the column out, or take it as a number.',
    });
  }
}
