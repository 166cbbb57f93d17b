/**
 * Tables of mixed types from CSV files, in two passes: the first finds out what the columns are, the second fills the
 * cells, so that no text of the file is kept but the values of categories. Browser-safe.
 */
import { VeilganError } from '../../base/errors.ts';
import { makeTable, type TableData } from '../dataset.ts';
import { type GivenType, givenTypes, isWhole } from '../encoding/schema-entry.ts';
import type { Key, Open, Table } from '../table.ts';
import { showDelimiter } from './delimiter.ts';
import { fillOf } from './fill.ts';
import {
  asGiven,
  type ColumnSummary,
  type Decision,
  decide,
  foundIn,
  isTypeChoice,
  refusing,
  type TypeChoice,
} from './infer.ts';
import { CsvLayout, type LayoutOptions, shown } from './layout.ts';
import { fillRows, nameFromFile, readInto } from './numbers.ts';
import { type CsvSource, passOf, type ReadOptions } from './stream.ts';
import { ColumnSurvey } from './survey.ts';

export interface TableOptions extends LayoutOptions, ReadOptions {
  /** What columns are, by name (or index where there is no header); default: as their cells look. */
  types?: Readonly<Record<string, TypeChoice>>;
  /** The column that models are to predict. */
  label?: string;
  /** What is known of columns without the rows, parsed JSON: see `Given`. */
  known?: unknown;
  /** How messages call `known`. */
  knownFrom?: string;
}

/** What a file holds. */
export interface Inspected {
  /** the columns taken, in order */
  readonly columns: readonly ColumnSummary[];
  /** rows taken, of training and of the hold-out */
  readonly rows: number;
  /** what was assumed of the file, as sentences without a full stop */
  readonly notes: readonly string[];
}

export interface ReadTable {
  /** called as the file; its notes are what was assumed of the file */
  readonly data: TableData;
  /** its columns and cells */
  readonly table: Table;
  /** of all columns taken; those of kind `leave` are not in the table */
  readonly summaries: readonly ColumnSummary[];
  readonly rows: number;
}

/** The first pass. */
export interface Survey extends Inspected {
  readonly decisions: readonly Decision[];
  readonly label?: string;
  /** whether these are numbers to be taken as they are: points, which all have fractions, or codes of zeros and ones */
  readonly numeric: boolean;
  readonly open: readonly Open[];
  /** columns of identifiers, told to be so */
  readonly keys: readonly Key[];
  readonly layout: CsvLayout;
}

/** The type of each column whose type is told, by index. */
function toldTypes(layout: CsvLayout, types: TableOptions['types'] = {}): Map<number, TypeChoice> {
  const told = new Map<number, TypeChoice>();
  for (const [name, choice] of Object.entries(types)) {
    const index = layout.find(name, 'types');
    if (!isTypeChoice(choice) || !layout.taken.includes(index)) {
      const message = isTypeChoice(choice)
        ? `column ${shown(name)} has a type but is not among the columns taken`
        : `${shown(String(choice))} is no type of column ${shown(name)}`;
      throw new VeilganError('USAGE', message, {
        where: 'types',
        fix: 'Give number, integer, category, boolean, date, date:DD/MM/YYYY (or another format) or leave.',
      });
    }
    told.set(index, choice);
  }
  return told;
}

/** The columns that were told to be keys, and where they stand among those that are kept and one another. */
function keysOf(decisions: readonly Decision[], told: ReadonlyMap<number, TypeChoice>): Key[] {
  const isKey = ({ index, given }: Decision) => (told.get(index) ?? given?.kind) === 'key';
  const written = decisions.filter((decision) => decision.summary.kind !== 'leave' || isKey(decision));
  return written.flatMap((decision, at) => (isKey(decision) ? [{ name: decision.summary.name, at }] : []));
}

function labelOf(layout: CsvLayout, label: string, decisions: readonly Decision[]): string {
  const index = layout.find(label, 'label');
  const decision = decisions.find((other) => other.index === index);
  if (decision && decision.summary.kind !== 'leave') return decision.summary.name;
  const message = `column ${shown(layout.names[index])} is to be predicted but is not in the table`;
  throw layout.error(message, '', 'Give it a type with `types`, or choose another `label`.');
}

/**
 * Finds out what the columns of a file are; reads it once.
 * @throws VeilganError as `readTable`
 */
export async function surveyTable(source: CsvSource, options: TableOptions = {}): Promise<Survey> {
  let surveys: ColumnSurvey[] | undefined;
  let told = new Map<number, TypeChoice>();
  let known = new Map<string, GivenType>();
  const typeOf = (index: number) => (told.has(index) ? undefined : known.get(layout.names[index]));
  const begin = () => {
    told = toldTypes(layout, options.types);
    if (options.known !== undefined) known = givenTypes(layout.names, options.known, options.knownFrom ?? 'known');
    // Of what is given whole no cell is looked at.
    const open = layout.taken.filter((index) => !isWhole(typeOf(index) ?? {}));
    return open.map((index) => {
      const choice = told.get(index);
      return new ColumnSurvey(layout.names[index], index, choice?.startsWith('date:') ? choice.slice(5) : undefined);
    });
  };
  const layout = new CsvLayout(source.name, layoutOf(options), (cells, place) => {
    surveys ??= begin();
    for (const survey of surveys) survey.add(cells[survey.index], place);
  });
  const delimiter = await readInto(layout, source, options);
  const looked = new Map((surveys ?? []).map((survey) => [survey.index, survey]));
  const decisions = layout.taken.map((index) => {
    const [survey, type] = [looked.get(index), typeOf(index)];
    if (!survey) return asGiven(layout.names[index], index, type ?? {});
    return decide(survey, told.get(index), refusing(layout, survey), type);
  });
  const columns = decisions.map(({ summary }) => summary);
  const notes: string[] = [];
  if (options.delimiter === undefined && delimiter !== ',')
    notes.push(`cells are separated by ${showDelimiter(delimiter)}`);
  if (options.header === undefined && !layout.hasHeader)
    notes.push('the first line is a row: columns have numbers for names');
  const points = decisions.every(
    ({ given, summary: { kind, missing } }) => !given && kind === 'number' && missing === 0,
  );
  return {
    columns,
    rows: layout.counts.train + layout.counts.holdout,
    notes,
    decisions,
    ...(options.label === undefined ? {} : { label: labelOf(layout, options.label, decisions) }),
    numeric: points || decisions.every(({ bits }) => bits),
    layout,
    open: decisions.flatMap((decision) => foundIn(decision, told.get(decision.index))),
    keys: keysOf(decisions, told),
  };
}

/** A header is known by the names of the columns that are given. */
function layoutOf(options: TableOptions): TableOptions {
  const { columns } = (options.known ?? {}) as { columns?: unknown };
  return typeof columns === 'object' && columns !== null ? { ...options, names: Object.keys(columns) } : options;
}

/** What a file holds, for its owner to look at and correct. @throws VeilganError as `readTable` */
export async function inspectCsv(source: CsvSource, options: TableOptions = {}): Promise<Inspected> {
  const { columns, rows, notes } = await surveyTable(source, options);
  return { columns, rows, notes };
}

/** The table of a file that was surveyed with the same options. @throws VeilganError as `readTable` */
export async function fillTable(source: CsvSource, survey: Survey, options: TableOptions = {}): Promise<ReadTable> {
  const kept = survey.decisions.filter(({ summary }) => summary.kind !== 'leave');
  const fills = kept.map(fillOf);
  const width = fills.length;
  if (width === 0) {
    const why = survey.columns.find(({ note }) => note);
    throw new VeilganError('DATA', `no column is left${why ? `; column ${shown(why.name)}: ${why.note}` : ''}`, {
      where: source.name,
      fix: 'Say what a column is with `types`, for example `types: NAME=category`.',
    });
  }
  const layout = survey.layout;
  const values = await fillRows(Float64Array, [source, layoutOf(options)], layout, width, (values, at, cells) => {
    for (let i = 0; i < width; i++) values[at + i] = fills[i].cell(cells[fills[i].index]);
  });
  const { label, columns: summaries, notes, open, keys } = survey;
  const data = makeTable({
    name: nameFromFile(source.name),
    ...{ columns: fills.map((fill) => fill.column()), label, values, split: layout.counts.train },
    meta: { ...layout.split.meta(source.name), open, ...(keys.length > 0 ? { keys } : {}) },
    notes,
  });
  return { data, table: data.table, summaries, rows: survey.rows };
}

/**
 * The table in a CSV file: its columns' types are told or found out, and its cells are read.
 * @throws VeilganError USAGE for impossible options; DATA for what is wrong in the file (no text, ragged rows, names
 * that stand twice, an infinite number, a cell that does not bear the type told), with row, line and column; OVER_LIMIT
 * and OUT_OF_MEMORY for tables that are too large; INTERRUPTED; and as the source throws
 */
export async function readTable(source: CsvSource, options: TableOptions = {}): Promise<ReadTable> {
  return fillTable(source, await surveyTable(source, passOf(options, 0)), passOf(options, 1));
}
