/**
 * What every reader of a CSV file needs to know of it: its header, the columns to take, which rows are for training and
 * which are held out. The file is untrusted: what is wrong is named by row, line and column. Rows are counted from 1 in
 * messages (data rows, without the header) and from 0 in the ranges `rows`, `holdout`. Browser-safe.
 */
import { VeilganError } from '../../base/errors.ts';
import { quote } from '../dataset.ts';
import { Split, type SplitOptions } from '../split.ts';
import { hasComma, hasValue, isNameLike } from './cell.ts';

export interface LayoutOptions extends SplitOptions {
  /** Columns to take, in this order: names, or indices from 0 where there is no header; default all. */
  columns?: readonly (string | number)[];
  /** `auto` (default): the first line is a header when none of its cells is a number or a date. */
  header?: 'auto' | 'yes' | 'no';
  /** Names of columns that are known: a first line that has them all is the header. */
  names?: readonly string[];
}

/** Where a record is, from 0 and from 1. */
export interface Place {
  readonly row: number;
  readonly line: number;
}

/** Gets the cells of every row that is trained on or held out. */
export type TakeRow = (cells: readonly string[], place: Place, side: 'train' | 'holdout') => void;

/** The first two places that hold the same value. */
function repeated(values: readonly (string | number)[]): [number, number] | undefined {
  const seen = new Map<string | number, number>();
  for (let i = 0; i < values.length; i++) {
    const before = seen.get(values[i]);
    if (before !== undefined) return [before, i];
    seen.set(values[i], i);
  }
  return undefined;
}

export const plural = (n: number, noun: string) => `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;

/** A name from outside, fit for a message. */
export const shown = (name: string) => quote(name).slice(1, -1);

/** Whether two records have texts and others in the same places; cells without a value say nothing. */
function alike(first: readonly string[], next: readonly string[]): boolean {
  const differ = (cell: string, i: number) =>
    hasValue(cell) && hasValue(next[i]) && isNameLike(cell) !== isNameLike(next[i]);
  return (
    first.length === next.length &&
    !first.some(differ) &&
    first.some((cell, i) => isNameLike(cell) && isNameLike(next[i]))
  );
}

export class CsvLayout {
  /** of all columns of the file */
  names: string[] = [];
  /** indices of the columns to take */
  taken: number[] = [];
  hasHeader = false;
  /** rows of training and of the hold-out so far */
  readonly counts = { train: 0, holdout: 0 };
  readonly split: Split;
  private readonly file: string;
  private readonly options: LayoutOptions;
  private readonly take: TakeRow;
  private row = 0;
  /** Lines of a single column that may be empty cells or the end of the file. */
  private blank = { line: 0, count: 0 };

  /**
   * @param file the name that messages give the file
   * @param split of a pass over the same file before, so that rows need not be hashed again
   * @throws VeilganError USAGE for bad ranges
   */
  constructor(file: string, options: LayoutOptions, take: TakeRow, split = new Split(options)) {
    this.file = file;
    this.options = options;
    this.take = take;
    this.split = split;
  }

  /**
   * Takes the record that ends at `line` (from 1); `next` is the one after it, where it is known. Returns whether later
   * records can matter.
   * @throws VeilganError DATA
   */
  add(cells: readonly string[], line: number, next?: readonly string[]): boolean {
    if (cells.length === 1 && cells[0].trim() === '') {
      // Blank lines separate nothing, except where a single column makes one an empty cell (unless nothing follows).
      if (this.names.length === 1 && this.blank.count++ === 0) this.blank.line = line;
      return true;
    }
    const { line: first, count } = this.blank;
    this.blank = { line: 0, count: 0 };
    for (let i = 0; i < count; i++) this.addRow([''], first + i);
    if (this.names.length === 0) {
      this.start(cells, line, next);
      if (this.hasHeader) return true;
    }
    this.addRow(cells, line);
    return this.row < this.split.end;
  }

  /** @throws VeilganError DATA: no rows, or a range past the end */
  finish(): void {
    if (this.names.length === 0) throw this.error('the file is empty', '', 'Give a CSV file with one record a line.');
    if (this.row === 0) {
      throw this.error('the file has a header but no rows', '', 'Give a file with data, or `header: no`.');
    }
    this.split.check(this.row, `the file has ${plural(this.row, 'row')}`, this.counts, this.file);
  }

  error(message: string, place: string, fix: string): VeilganError {
    return new VeilganError('DATA', message, { where: place ? `${this.file}, ${place}` : this.file, fix });
  }

  /** The error for a cell: `the cell "abc" is not a number`. */
  cellError(text: string, what: string, { row, line }: Place, column: number, fix: string): VeilganError {
    return this.error(
      `the cell ${text.trim() === '' ? '' : `${quote(text.trim())} `}${what}`,
      `row ${row + 1} (line ${line}), column ${shown(this.names[column])}`,
      hasComma(text) ? 'Write numbers with a decimal point and without thousands separators.' : fix,
    );
  }

  /**
   * The index of a column by its name, or from 0 (as text only where there is no header).
   * @throws VeilganError DATA naming the columns that there are
   */
  find(column: string | number, field: string): number {
    const { names } = this;
    const named = typeof column === 'string' ? names.indexOf(column.trim()) : -1;
    if (named >= 0) return named;
    const byIndex = typeof column === 'number' || (!this.hasHeader && /^\d+$/.test(column.trim()));
    if (byIndex && Number.isInteger(Number(column)) && Number(column) >= 0 && Number(column) < names.length) {
      return Number(column);
    }
    const listed = names.slice(0, 30).map(shown).join(', ') + (names.length > 30 ? ', ...' : '');
    const there = this.hasHeader
      ? `there are: ${listed}`
      : `there is no header; there are columns 0 to ${names.length - 1}`;
    throw this.error(
      `there is no column ${quote(String(column))}; ${there}`,
      '',
      `Choose among them with \`${field}\`.`,
    );
  }

  private start(first: readonly string[], line: number, next: readonly string[] | undefined): void {
    this.hasHeader = this.decideHeader(first, line, next);
    this.names = first.map((cell, i) => (this.hasHeader && cell.trim() !== '' ? cell.trim() : `column${i}`));
    const twice = repeated(this.names);
    if (twice) {
      const message = `columns ${twice[0]} and ${twice[1]} (from 0) are both named ${quote(this.names[twice[1]])}`;
      throw this.error(message, `line ${line}`, 'Give every column a name of its own in the header.');
    }
    const wanted = this.options.columns ?? this.names.map((_, i) => i);
    this.taken = wanted.map((column) => this.find(column, 'columns'));
    const again = repeated(this.taken);
    if (again || wanted.length === 0) {
      const message = again
        ? `column ${quote(this.names[this.taken[again[1]]])} is chosen twice`
        : 'no column is chosen';
      throw new VeilganError('USAGE', message, {
        where: 'columns',
        fix: 'Name each column once, as in `columns: x,y`.',
      });
    }
  }

  private decideHeader(first: readonly string[], line: number, next: readonly string[] | undefined): boolean {
    const choice = this.options.header ?? 'auto';
    if (choice !== 'auto') return choice === 'yes';
    const { names: known = [] } = this.options;
    if (known.length > 0 && known.every((name) => first.some((cell) => cell.trim() === name))) return true;
    const filled = first.filter((cell) => cell.trim() !== '');
    const names = filled.filter(isNameLike).length;
    // Empty cells and words for "no value" beside numbers make the line a bad row, which is reported as such.
    if (names === 0) return false;
    if (names === filled.length) return true;
    if (next && alike(first, next)) return false;
    throw this.error(
      'the first line may be a header or a row: some of its cells are numbers and some are not',
      `line ${line}`,
      'Say which with `header: yes` or `header: no`.',
    );
  }

  private addRow(cells: readonly string[], line: number): void {
    const row = this.row++;
    if (cells.length !== this.names.length) {
      throw this.error(
        `the row has ${plural(cells.length, 'cell')}, but the first line has ${this.names.length}`,
        `row ${row + 1} (line ${line})`,
        'Give every row the same number of cells; quote a cell that holds the delimiter.',
      );
    }
    const side = this.split.sideOf(row, cells);
    if (!side) return;
    this.counts[side]++;
    this.take(cells, { row, line }, side);
  }
}
