/** A data set, whatever its source: training rows (the members of an attack) and a hold-out (the non-members). */

import { VeilganError } from '../base/errors.ts';
import { pickRows } from '../train/rows.ts';
import type { Scaling } from './encoding/linear.ts';
import type { Records } from './records.ts';
import { type Block, blocksOf, type Encoding, type Open } from './table.ts';

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
  /** what was found in the rows of a set that is no table, nobody having given it: see `Open` */
  open?: readonly Open[];
}

export interface Labels {
  train: Uint32Array;
  holdout: Uint32Array;
}

export interface Dataset<R extends Records = Records> {
  name: string;
  /** One name a feature; empty for images. */
  columns: string[];
  /** Shape of one record: [features], or [height, width, channels]. */
  shape: number[];
  /** Values of one record: the product of `shape`. */
  features: number;
  /** Training rows. */
  rows: number;
  /** Hold-out rows; may be 0. */
  holdoutRows: number;
  /** [rows, ...shape], row-major, all finite; bytes for images (`floats` gives their values). */
  train: R;
  /** [holdoutRows, ...shape]. */
  holdout: R;
  /** Class of each record, where the source has one. No system of VeilGAN trains on them unless told to. */
  labels?: Labels;
  /** Names of the classes, by label. */
  classes?: string[];
  /** How the columns of a table were brought to [-1, 1]. */
  scaling?: Scaling;
  /** How the records were made of the cells of a table. */
  encoding?: Encoding;
  /** of an encoded table: what the values of a record are */
  blocks?: Block[];
  meta: DatasetMeta;
}

/**
 * A data set from its arrays; counts are derived.
 * @throws VeilganError SHAPE when an array does not hold whole records or the labels do not match the rows or classes.
 */
export function makeDataset<R extends Records>(parts: {
  name: string;
  columns: string[];
  shape: number[];
  train: R;
  holdout: R;
  labels?: Labels;
  classes?: string[];
  scaling?: Scaling;
  encoding?: Encoding;
  meta: DatasetMeta;
}): Dataset<R> {
  const features = parts.shape.reduce((product, size) => product * size, 1);
  const rows = parts.train.length / features;
  const holdoutRows = parts.holdout.length / features;
  const { labels, classes } = parts;
  const named = (list: Uint32Array) => !classes || list.every((label) => label < classes.length);
  const fits =
    Number.isInteger(rows) &&
    Number.isInteger(holdoutRows) &&
    (parts.columns.length === features || parts.columns.length === 0) &&
    (!labels || (labels.train.length === rows && labels.holdout.length === holdoutRows)) &&
    (labels ? named(labels.train) && named(labels.holdout) : !classes);
  if (!fits) {
    throw new VeilganError('SHAPE', `the arrays of data set ${quote(parts.name)} do not fit records [${parts.shape}]`, {
      where: `train ${parts.train.length} values, holdout ${parts.holdout.length} values`,
      fix: 'Give whole records, one column name a feature, one label a record, and one name a class.',
    });
  }
  const blocks = parts.encoding && { blocks: blocksOf(parts.encoding).flat() };
  return { ...parts, ...blocks, features, rows, holdoutRows };
}

/**
 * The records of one class, -1 for all; the set's own checksum stays, for it tells what was read.
 * @throws VeilganError DATA where there are no labels or no such records
 */
export function ofClass(data: Dataset, label: number): Dataset {
  if (label < 0) return data;
  const { labels, features } = data;
  const pick = (rows: Records, list: Uint32Array) =>
    pickRows(
      rows,
      features,
      Array.from(list.keys()).filter((row) => list[row] === label),
    );
  const train = labels && pick(data.train, labels.train);
  if (!labels || !train?.length) {
    throw new VeilganError(
      'DATA',
      `data set ${quote(data.name)} has no ${labels ? `records of class ${label}` : 'labels'}`,
      {
        where: '--only-class',
        fix: labels ? 'Name the number of a class it has' : 'Leave it away, or import labelled data',
      },
    );
  }
  const alike = (n: number) => new Uint32Array(n).fill(label);
  const holdout = pick(data.holdout, labels.holdout);
  const [rows, holdoutRows] = [train.length / features, holdout.length / features];
  return { ...data, train, holdout, rows, holdoutRows, labels: { train: alike(rows), holdout: alike(holdoutRows) } };
}

/** The arrays of a set as the store keeps them, by file name; the order is the order of the fingerprint. */
export function datasetFiles(data: Dataset): [string, Records | Uint32Array][] {
  const type = data.train instanceof Uint8Array ? 'u8' : 'f32';
  const files: [string, Records | Uint32Array][] = [
    [`train.${type}`, data.train],
    [`holdout.${type}`, data.holdout],
  ];
  if (data.labels) files.push(['train.u32', data.labels.train], ['holdout.u32', data.labels.holdout]);
  return files;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 (hex) of the raw bytes of an array. */
export function hashArray(array: Records | Uint32Array): Promise<string> {
  return sha256(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
}

/**
 * SHA-256 (hex) of a whole set: the digest of one line `<sha256>  <file>` per file, so that a stored set can be
 * checked with `sha256sum train.f32 holdout.f32 | sha256sum` (the label files follow where there are labels).
 */
export function fingerprint(sums: readonly (readonly [file: string, sha256: string])[]): Promise<string> {
  return sha256(new TextEncoder().encode(sums.map(([file, sum]) => `${sum}  ${file}\n`).join('')));
}

/** The fingerprint of a set in memory. */
export async function fingerprintOf(data: Dataset): Promise<string> {
  const sums: [string, string][] = [];
  for (const [file, array] of datasetFiles(data)) sums.push([file, await hashArray(array)]);
  return fingerprint(sums);
}

/**
 * Refuses a name that could not be a folder's: letters, digits, `.`, `_` and `-`, at most 64, no leading mark.
 * @throws VeilganError DATA
 */
export function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return;
  throw new VeilganError('DATA', `${quote(name)} cannot be the name of a data set`, {
    where: '--name',
    fix: 'Use up to 64 letters, digits, ".", "_" and "-", beginning with a letter or a digit.',
  });
}

/** Text from outside, fit for one line of a terminal: cut at 40 characters, control and direction marks escaped. */
export function quote(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  const escaped = (c: string) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  return `"${short.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/gu, escaped)}"`;
}
