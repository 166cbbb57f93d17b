/**
 * A data set, whatever its source: rows of values, the first of which are trained on (the members of an attack), the
 * others held out (the non-members). The values are records, which networks take as they are, or the cells of a table,
 * of which an encoding makes records when a training begins.
 */

import { VeilganError } from '../base/errors.ts';
import type { Records } from './records.ts';
import {
  type Block,
  blocksOf,
  type Cells,
  type Encoding,
  type Given,
  type Key,
  type Open,
  type Scaling,
  type Table,
} from './table.ts';

export interface DatasetMeta {
  /** Where the rows come from, for people: `generated, seed 0`, `blobs.csv, rows 0:5000, holdout 5000:10000`. */
  origin: string;
  /** `fingerprint` of the set; filled in by the store. */
  sha256?: string;
  /** The seed of a generated set. */
  seed?: number;
  /** Its name in the table of synthetic.ts: what the points were drawn from, whatever the set is called now. */
  generator?: string;
  /**
   * How the rows to train on were chosen where not all are: by where they stand, so that a row more or less moves others
   * across the border, or by a hash of each row, so that it moves none. Absent of sets from before this was noted.
   */
  split?: 'positions' | 'hash';
  /** What was found in the rows, nobody having given it: see `Open`. Absent of sets from before this was noted. */
  open?: readonly Open[];
  /** Columns that are in no row here, of which samples get values of their own. */
  keys?: readonly Key[];
}

export type Values = Records | Cells;

/** An array of all rows, and the two parts of it as views. */
export interface Parts<V> {
  readonly values: V;
  readonly train: V;
  readonly holdout: V;
}

export interface Dataset<V extends Values = Records> extends Parts<V> {
  readonly name: string;
  /** One name a feature; empty for images. */
  readonly columns: string[];
  /** Shape of one row: [features], or [height, width, channels]. */
  readonly shape: number[];
  /** Values of one row: the product of `shape`. */
  readonly features: number;
  /** Training rows; they come first. */
  readonly rows: number;
  /** Hold-out rows; may be 0. */
  readonly holdoutRows: number;
  /** Class of each record, where the source has one. No system of VeilGAN trains on them unless told to. */
  readonly labels?: Parts<Uint32Array>;
  /** Names of the classes, by label. */
  readonly classes?: string[];
  /** How the numbers of a file were brought to [-1, 1]. */
  readonly scaling?: Scaling;
  /** How the records were made of the cells of a table. */
  readonly encoding?: Encoding;
  /** of records that an encoding made: what their values are */
  readonly blocks?: Block[];
  /** of cells, which an encoding makes records of: what the columns are */
  readonly table?: Table;
  /** of a table: what happened when it was read, such as columns that were left out, and why */
  readonly notes?: readonly string[];
  /** of a table: bounds and values of columns that the owner knows without the rows */
  readonly given?: Given;
  readonly meta: DatasetMeta;
}

export type TableData = Dataset<Cells> & { readonly table: Table };

/** What can be trained on: records as they are, or a table, of which they are made when a training begins. */
export type Source = Dataset | TableData;

export const isTable = (source: Source): source is TableData => source.table !== undefined;

const parts = <V extends Values | Uint32Array>(values: V, at: number): Parts<V> => ({
  values,
  train: values.subarray(0, at) as V,
  holdout: values.subarray(at) as V,
});

/** What a data set is made of; all else is derived. */
export interface DatasetParts<V extends Values = Records>
  extends Pick<Dataset<V>, 'name' | 'columns' | 'shape' | 'classes' | 'scaling' | 'encoding' | 'meta'> {
  /** [rows, ...shape], row-major, all finite; bytes for images (`floats` gives their values) */
  readonly values: V;
  /** the first so many rows are trained on, the others held out; default all */
  readonly split?: number;
  /** [rows] */
  readonly labels?: Uint32Array;
}

/**
 * A data set from its arrays; counts are derived.
 * @throws VeilganError SHAPE when an array does not hold whole records, or the split or the labels do not match the rows
 * or classes.
 */
export function makeDataset<V extends Values>(of: DatasetParts<V>): Dataset<V> {
  const { name, columns, shape, values, classes, encoding } = of;
  const features = shape.reduce((product, size) => product * size, 1);
  const all = values.length / features;
  const { split = all, labels, ...facts } = of;
  const fits =
    Number.isInteger(all) &&
    Number.isInteger(split) &&
    split >= 0 &&
    split <= all &&
    (columns.length === features || columns.length === 0) &&
    (labels ? labels.length === all && (!classes || labels.every((label) => label < classes.length)) : !classes);
  if (!fits) {
    throw new VeilganError('SHAPE', `the arrays of data set ${quote(name)} do not fit records [${shape}]`, {
      where: `${values.length} values, ${split} rows to train on${labels ? `, ${labels.length} labels` : ''}`,
      fix: 'Give whole records, one column name a feature, one label a record, and one name a class.',
    });
  }
  return {
    ...facts,
    ...parts(values, split * features),
    ...(labels ? { labels: parts(labels, split) } : {}),
    ...(encoding ? { blocks: blocksOf(encoding).flat() } : {}),
    ...{ features, rows: split, holdoutRows: all - split },
  };
}

/**
 * A table as a data set: its rows are cells.
 * @param of.values [rows, columns]
 * @throws VeilganError SHAPE as `makeDataset`
 */
export function makeTable(
  of: Pick<Table, 'columns' | 'label'> &
    Pick<DatasetParts<Cells>, 'name' | 'values' | 'split' | 'meta'> &
    Pick<TableData, 'notes' | 'given'>,
): TableData {
  const { columns, label, notes, given, ...more } = of;
  const names = columns.map((column) => column.name);
  const data = makeDataset({ ...more, columns: names, shape: [names.length] });
  const { train, holdout } = data;
  const table = { columns, train, holdout, ...(label === undefined ? {} : { label }) };
  return { ...data, table, ...(notes ? { notes } : {}), ...(given ? { given } : {}) };
}

/** Rows one behind the other. */
export function concatRows<V extends Values | Uint32Array>(first: V, second: V): V {
  const out = new (first.constructor as new (length: number) => V)(first.length + second.length);
  out.set(first);
  out.set(second, first.length);
  return out;
}

/** Data of the same kind with other rows. @throws VeilganError SHAPE as `makeDataset` */
export function withRows<D extends Source>(data: D, values: D['values'], split: number, labels?: Uint32Array): D {
  const { labels: _, ...more } = data as Dataset<Values>;
  const made = makeDataset({ ...more, values, split, ...(labels ? { labels } : {}) });
  const { train, holdout } = made;
  return { ...made, ...(data.table ? { table: { ...data.table, train, holdout } } : {}) } as Source as D;
}

/** Some of the rows, by their numbers: those to train on and those to hold out. */
export function pick<D extends Source>(data: D, train: readonly number[], holdout: readonly number[] = []): D {
  const { values, features, labels }: Dataset<Values> = data as never;
  const list = [...train, ...holdout];
  const out = new (values.constructor as new (length: number) => D['values'])(list.length * features);
  list.forEach((row, at) => {
    out.set(values.subarray(row * features, (row + 1) * features), at * features);
  });
  return withRows(data, out, train.length, labels && Uint32Array.from(list, (row) => labels.values[row]));
}

/**
 * The records of one class, -1 for all; the set's own checksum stays, for it tells what was read.
 * @throws VeilganError DATA where there are no labels or no such records
 */
export function ofClass<D extends Source>(data: D, label: number): D {
  if (label < 0) return data;
  const { labels, rows } = data;
  const list = Array.from(labels?.values.keys() ?? []).filter((row) => labels?.values[row] === label);
  const members = list.filter((row) => row < rows);
  if (members.length > 0) return pick(data, members, list.slice(members.length));
  throw new VeilganError(
    'DATA',
    `data set ${quote(data.name)} has no ${labels ? `records of class ${label}` : 'labels'}`,
    {
      where: 'onlyClass',
      fix: labels ? 'Name the number of a class it has' : 'Leave it away, or import labelled data',
    },
  );
}

/** The arrays of a set as the store keeps them, by file name; the order is the order of the fingerprint. */
export function datasetFiles({ train, holdout, labels }: Source): [file: string, bytes: Uint8Array][] {
  const type = train instanceof Uint8Array ? 'u8' : train instanceof Float32Array ? 'f32' : 'f64';
  const files = [
    [`train.${type}`, train],
    [`holdout.${type}`, holdout],
    ...(labels ? [['train.u32', labels.train] as const, ['holdout.u32', labels.holdout] as const] : []),
  ] as const;
  return files.map(([file, array]) => [file, new Uint8Array(array.buffer, array.byteOffset, array.byteLength)]);
}

/** SHA-256 (hex). */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 (hex) of what the columns of a table are, whatever the order of their fields. */
function hashColumns({ columns, label }: Table): Promise<string> {
  const facts = columns.map((column) => [
    column.name,
    column.kind,
    'values' in column ? column.values : 'format' in column ? column.format : column.decimals,
  ]);
  return sha256(new TextEncoder().encode(JSON.stringify([facts, label ?? null])));
}

/**
 * SHA-256 (hex) of a whole set: the digest of one line `<sha256>  <file>` per file, so that a stored set can be checked
 * with `sha256sum train.f32 holdout.f32 | sha256sum` (the label files follow where there are labels). Of a table there
 * is a line for the columns behind those of the files.
 * @param sums of the files, where they are known
 */
export async function fingerprintOf(data: Source, sums?: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const [i, [file, bytes]] of datasetFiles(data).entries()) {
    lines.push(`${sums?.[i] ?? (await sha256(bytes))}  ${file}\n`);
  }
  if (data.table) lines.push(`${await hashColumns(data.table)}  columns\n`);
  return sha256(new TextEncoder().encode(lines.join('')));
}

/**
 * Refuses a name that could not be a folder's: letters, digits, `.`, `_` and `-`, at most 64, no leading mark.
 * @throws VeilganError DATA
 */
export function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return;
  throw new VeilganError('DATA', `${quote(name)} cannot be the name of a data set`, {
    where: 'name',
    fix: 'Use up to 64 letters, digits, ".", "_" and "-", beginning with a letter or a digit.',
  });
}

/** Text from outside, fit for one line of a terminal: cut at 40 characters, control and direction marks escaped. */
export function quote(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  const escaped = (c: string) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  return `"${short.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/gu, escaped)}"`;
}
