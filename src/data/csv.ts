/**
 * A CSV table to a data set, record by record: everything but the reading of files and the splitting of lines, so that
 * the command line and the page share it. The file is untrusted: what is wrong is named by row, line and column.
 * Rows are counted from 1 in messages (data rows, without the header) and from 0 in the ranges `--rows`, `--holdout`.
 */
import { VeilganError } from '../gpu/errors.ts';
import { isNameLike, parseCell } from './cell.ts';
import { type Dataset, makeDataset, quote } from './dataset.ts';
import { Floats } from './floats.ts';
import { checkDisjoint, holds, parseRange, type Range, showRange } from './ranges.ts';

export interface CsvOptions {
  /** Name of the data set; default: the file's, without folder and extension. */
  name?: string;
  /** Columns to take, in this order: names, or indices from 0 where there is no header; default all. */
  columns?: readonly (string | number)[];
  /** `auto` (default): the first line is a header when none of its cells is a number. */
  header?: 'auto' | 'yes' | 'no';
  /** Training rows `a:b`, from 0, end excluded; default: every row outside `holdout`. */
  rows?: string;
  /** Hold-out rows `c:d`; default none. */
  holdout?: string;
  /** One character, or `tab`; default a comma. */
  delimiter?: string;
}

/** The single character that separates cells. @throws VeilganError USAGE */
export function delimiterOf(options: CsvOptions): string {
  const given = options.delimiter ?? ',';
  const delimiter = given === 'tab' || given === '\\t' ? '\t' : given;
  if (delimiter.length === 1 && !/["\r\n\0]/.test(delimiter)) return delimiter;
  throw new VeilganError('USAGE', `${quote(given)} cannot separate cells`, {
    where: '--delimiter',
    fix: 'Give one character, for example --delimiter ";", or --delimiter tab.',
  });
}

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

const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;

export class CsvTable {
  private readonly file: string;
  private readonly options: CsvOptions;
  private readonly delimiter: string;
  private readonly rows: Range | undefined;
  private readonly holdout: Range | undefined;
  private readonly train = new Floats();
  private readonly held = new Floats();
  private names: string[] | undefined;
  private taken: number[] = [];
  private hasHeader = false;
  private row = 0;
  private blank = 0;

  /**
   * @param file the name that messages give the file
   * @throws VeilganError USAGE for bad ranges or a bad delimiter
   */
  constructor(file: string, options: CsvOptions = {}) {
    this.file = file;
    this.options = options;
    this.delimiter = delimiterOf(options);
    this.holdout = options.holdout === undefined ? undefined : parseRange(options.holdout, '--holdout');
    this.rows = options.rows === undefined ? undefined : parseRange(options.rows, '--rows');
    if (!this.rows && !this.holdout) this.rows = { start: 0, end: Number.POSITIVE_INFINITY };
    checkDisjoint(this.rows, this.holdout);
  }

  /**
   * Takes the cells of the record that ends at `line` (from 1). Returns whether later records can matter.
   * @throws VeilganError DATA
   */
  add(cells: readonly string[], line: number): boolean {
    if (cells.length === 1 && cells[0].trim() === '') {
      // Blank lines separate nothing, except where a single column makes one an empty cell (unless nothing follows).
      if (this.names?.length === 1 && this.blank === 0) this.blank = line;
      return true;
    }
    if (this.blank > 0) throw this.cellError('', 'is empty', this.row, this.blank, 0);
    if (!this.names) {
      this.start(cells, line);
      if (this.hasHeader) return true;
    }
    this.addRow(cells, line);
    return !(this.rows && this.row >= Math.max(this.rows.end, this.holdout?.end ?? 0));
  }

  /** The data set. @throws VeilganError DATA: no rows, or a range past the end. */
  finish(): Dataset<Float32Array> {
    if (!this.names) throw this.error('the file is empty', '', 'Give a CSV file with one record a line.');
    if (this.row === 0) {
      throw this.error('the file has a header but no rows', '', 'Give a file with data, or --header no.');
    }
    const open = Number.POSITIVE_INFINITY;
    for (const [flag, range] of [
      ['--rows', this.rows],
      ['--holdout', this.holdout],
    ] as const) {
      if (!range || (range.end === open ? range.start < this.row : range.end <= this.row)) continue;
      const message = `${flag} ${showRange(range)} goes past the end: the file has ${plural(this.row, 'row')}`;
      throw this.error(message, '', `Choose rows within 0:${this.row}.`);
    }
    const train = this.train.done();
    if (train.length === 0) throw this.error('no training rows are left', '', 'Make --holdout smaller or give --rows.');
    const ranges = [
      this.options.rows && `rows ${this.options.rows}`,
      this.options.holdout && `holdout ${this.options.holdout}`,
    ];
    return makeDataset({
      name: this.options.name ?? nameFromFile(this.file),
      columns: this.taken.map((index) => (this.names as string[])[index]),
      shape: [this.taken.length],
      train,
      holdout: this.held.done(),
      meta: { origin: [this.file, ...ranges].filter(Boolean).join(', ') },
    });
  }

  private error(message: string, place: string, fix: string): VeilganError {
    return new VeilganError('DATA', message, { where: place ? `${this.file}, ${place}` : this.file, fix });
  }

  private cellError(text: string, what: string, row: number, line: number, column: number): VeilganError {
    const name = this.names?.[column] ?? `column${column}`;
    const comma = /^[+-]?\d+,\d+$/.test(text.trim());
    return this.error(
      `the cell ${text.trim() === '' ? '' : `${quote(text.trim())} `}${what}`,
      `row ${row + 1} (line ${line}), column ${quote(name).slice(1, -1)}`,
      comma
        ? 'Write numbers with a decimal point.'
        : 'Correct or remove the row, or take only columns of numbers with --columns.',
    );
  }

  private start(first: readonly string[], line: number): void {
    this.hasHeader = this.decideHeader(first, line);
    this.names = first.map((cell, i) => (this.hasHeader && cell.trim() !== '' ? cell.trim() : `column${i}`));
    const twice = repeated(this.names);
    if (twice) {
      const message = `columns ${twice[0]} and ${twice[1]} (from 0) are both named ${quote(this.names[twice[1]])}`;
      throw this.error(message, `line ${line}`, 'Give every column a name of its own in the header.');
    }
    const wanted = this.options.columns ?? this.names.map((_, i) => i);
    this.taken = wanted.map((column) => this.findColumn(column, line));
    const again = repeated(this.taken);
    if (again || wanted.length === 0) {
      const message = again
        ? `column ${quote(this.names[this.taken[again[1]]])} is chosen twice`
        : 'no column is chosen';
      throw new VeilganError('USAGE', message, {
        where: '--columns',
        fix: 'Name each column once, as in --columns x,y.',
      });
    }
  }

  private decideHeader(first: readonly string[], line: number): boolean {
    const choice = this.options.header ?? 'auto';
    if (choice !== 'auto') return choice === 'yes';
    const filled = first.filter((cell) => cell.trim() !== '');
    const names = filled.filter(isNameLike).length;
    // Empty cells and words for "no value" beside numbers make the line a bad row, which is reported as such.
    if (names === 0) return false;
    if (names === filled.length) return true;
    throw this.error(
      'the first line may be a header or a row: some of its cells are numbers and some are not',
      `line ${line}`,
      'Say which with --header yes or --header no.',
    );
  }

  private findColumn(column: string | number, line: number): number {
    const names = this.names as string[];
    const named = typeof column === 'string' ? names.indexOf(column.trim()) : -1;
    if (named >= 0) return named;
    const byIndex = typeof column === 'number' || (!this.hasHeader && /^\d+$/.test(column.trim()));
    if (byIndex && Number.isInteger(Number(column)) && Number(column) >= 0 && Number(column) < names.length) {
      return Number(column);
    }
    const listed =
      names
        .slice(0, 30)
        .map((name) => quote(name).slice(1, -1))
        .join(', ') + (names.length > 30 ? ', ...' : '');
    const there = this.hasHeader
      ? `there are: ${listed}`
      : `there is no header; there are columns 0 to ${names.length - 1}`;
    const separators: [string, string][] = [
      [';', '";"'],
      ['\t', 'tab'],
      ['|', '"|"'],
      [',', '","'],
    ];
    const other = separators.find(([mark]) => names.length === 1 && mark !== this.delimiter && names[0].includes(mark));
    throw this.error(
      `there is no column ${quote(String(column))}; ${there}`,
      `line ${line}`,
      other ? `If cells are separated so, say --delimiter ${other[1]}.` : 'Choose among them with --columns.',
    );
  }

  private addRow(cells: readonly string[], line: number): void {
    const row = this.row++;
    const names = this.names as string[];
    if (cells.length !== names.length) {
      throw this.error(
        `the row has ${plural(cells.length, 'cell')}, but the first line has ${names.length}`,
        `row ${row + 1} (line ${line})`,
        'Give every row the same number of cells; quote a cell that holds the delimiter.',
      );
    }
    const held = holds(this.holdout, row);
    if (!held && this.rows && !holds(this.rows, row)) return;
    const target = held ? this.held : this.train;
    for (const column of this.taken) {
      const value = parseCell(cells[column]);
      if (typeof value === 'string') throw this.cellError(cells[column], value, row, line, column);
      target.push(value);
    }
  }
}

/** A data set's name from a file's: the part before the extension, with what a name may not hold replaced by `-`. */
export function nameFromFile(file: string): string {
  const base = file.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
  const name = base
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 64);
  return name || 'table';
}
