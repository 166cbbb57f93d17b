/** What a path holds, by content, and the data set in it. Node only. */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { VeilganError } from '../../base/errors.ts';
import { fileSource } from '../csv/file.ts';
import { shown } from '../csv/layout.ts';
import { type CsvOptions, nameFromFile, readNumbers } from '../csv/numbers.ts';
import { fillTable, passOf, surveyTable, type TableOptions } from '../csv/table.ts';
import { checkName, type Dataset, quote } from '../dataset.ts';
import { scaled } from '../encoding/linear.ts';
import { type Given, givenCodes } from '../encoding/schema.ts';
import { classSchema, schemaOf } from '../encoding/schema-export.ts';
import { classesIn, type GivenFile, readGiven } from '../encoding/schema-file.ts';
import { entriesOf, headOf, readError } from '../store/files.ts';
import type { NamedTable } from '../store/table-files.ts';
import { cifarIn, importCifar } from './cifar-files.ts';
import { idxKind } from './idx.ts';
import { holdsIdx, idxSetName, importIdx, isIdxName } from './idx-files.ts';
import { holdsImages, type ImageFolderOptions, importImages } from './image-folder.ts';

const KINDS = {
  csv: 'a CSV file',
  idx: 'IDX data',
  cifar: 'CIFAR-10 data',
  images: 'a folder of images',
} as const;

export type SourceKind = keyof typeof KINDS;

export interface Source {
  kind: SourceKind;
  path: string;
  isFile: boolean;
  /** A name for the data set. */
  name: string;
}

export type ImportOptions = CsvOptions &
  TableOptions &
  Omit<ImageFolderOptions, 'name' | 'classes'> & {
    /** CSV files: the values as they are, or a table of mixed types; default: as the columns look. */
    as?: 'auto' | 'numbers' | 'table';
    /** A JSON file of what is known without the rows (see `Given`), which private systems need not pay for. */
    given?: string;
    /** Labelled images: names of the classes by label, `cat,dog`, or how many there are. */
    classes?: string;
    /** Numbers of a CSV file: `data`, or bounds of the columns; see `scaled`. */
    scale?: string;
  };

/** Options that only some kinds take, with their flags. */
const ONLY: readonly (readonly [option: keyof ImportOptions, flag: string, kind: SourceKind])[] = [
  ['columns', '--columns', 'csv'],
  ['header', '--header', 'csv'],
  ['delimiter', '--delimiter', 'csv'],
  ['as', '--as', 'csv'],
  ['types', '--types', 'csv'],
  ['label', '--label', 'csv'],
  ['holdoutShare', '--holdout-share', 'csv'],
  ['holdoutSeed', '--holdout-seed', 'csv'],
  ['scale', '--scale', 'csv'],
  ['size', '--size', 'images'],
  ['grey', '--grey', 'images'],
];

const text = (bytes: Uint8Array, start: number, end: number) =>
  String.fromCharCode(...bytes.subarray(start, Math.min(end, bytes.length)));

const unknown = (path: string, message: string, fix: string) => new VeilganError('DATA', message, { where: path, fix });

async function fileKind(path: string): Promise<SourceKind> {
  const { gzip, head } = await headOf(path);
  if (idxKind(head) || isIdxName(path)) return 'idx';
  if (text(head, 257, 262) === 'ustar' || /\.(tar\.gz|tgz|tar)$/i.test(path) || /\.bin$/i.test(path)) return 'cifar';
  if (/^(\x89PNG|\xff\xd8\xff|GIF8)/.test(text(head, 0, 4)) || text(head, 8, 12) === 'WEBP') {
    throw unknown(path, 'this is one image', 'Give the folder that it lies in.');
  }
  if (gzip || /^PK\x03\x04/.test(text(head, 0, 4))) {
    throw unknown(path, 'the archive holds neither IDX nor CIFAR-10 data', 'Unpack it and give what is in it.');
  }
  if (idxLike(head)) return 'idx';
  if (head.includes(0) && !/\.(csv|tsv|txt|data)$/i.test(path)) {
    const fix = 'Give a CSV file, IDX data, CIFAR-10 (binary version) or a folder of images.';
    throw unknown(path, 'this is no file that can be imported', fix);
  }
  return 'csv';
}

/** IDX of another type or number of dimensions, which the reader names. */
const idxLike = (head: Uint8Array) => head.length >= 8 && head[0] + head[1] === 0 && head[2] >= 8 && head[2] <= 14;

async function folderSource(path: string): Promise<Source> {
  const cifar = await cifarIn(path);
  if (cifar) return { kind: 'cifar', ...cifar, name: 'cifar10' };
  if (await holdsIdx(path)) return { kind: 'idx', path, isFile: false, name: idxSetName(path, false) };
  const name = nameFromFile(`${basename(resolve(path))}.`);
  if (await holdsImages(path)) return { kind: 'images', path, isFile: false, name };
  const table = (await entriesOf(path)).files.find((file) => /\.(csv|tsv)$/i.test(file));
  const what = 'nothing to import in this folder: no images, no IDX and no CIFAR-10 files';
  throw unknown(path, what, table ? `Give a file in it, such as ${quote(table)}.` : 'Give another folder.');
}

/** What a path holds. @throws VeilganError FILE when there is nothing, DATA when nothing fits */
export async function detect(path: string): Promise<Source> {
  const found = await stat(path).catch((error: unknown) => {
    throw readError(error, path);
  });
  if (found.isDirectory()) return folderSource(path);
  const kind = await fileKind(path);
  const name = kind === 'idx' ? idxSetName(path, true) : kind === 'cifar' ? cifarName(path) : nameFromFile(path);
  return { kind, path, isFile: true, name };
}

const cifarName = (path: string) => (/\.bin$/i.test(path) ? nameFromFile(path) : 'cifar10');

/** The names that a file gives the classes are the values of the column that is to be predicted. */
function withClasses({ value, classes }: GivenFile, label: string | undefined): unknown {
  const { columns = {} } = value as { columns?: Readonly<Record<string, object>> };
  if (!classes) return value;
  if (label === undefined) {
    throw new VeilganError('USAGE', 'classes are named, and no column is the label', {
      where: '--given',
      fix: 'Name the column of the classes with --label',
    });
  }
  return { columns: { ...columns, [label]: { values: classes, ...columns[label] } } };
}

/** A CSV file as a table, or as numbers: points (all columns have fractions) and codes of zeros and ones. */
async function importCsv(path: string, options: ImportOptions & { name: string }): Promise<Dataset | NamedTable> {
  const { name, as = 'auto', scale, types, label, given } = options;
  checkName(name);
  const told = types !== undefined || label !== undefined || given !== undefined;
  if (scale !== undefined && (as === 'table' || told)) {
    throw new VeilganError('USAGE', 'a table of mixed types is scaled when it is encoded for training', {
      where: '--scale',
      fix: 'Leave --scale away, or say --as numbers without --types, --label and --given.',
    });
  }
  if (as === 'numbers' && told) {
    throw new VeilganError('USAGE', 'plain numbers have neither types nor a label nor bounds of their own', {
      where: types ? '--types' : label === undefined ? '--given' : '--label',
      fix: 'Say --as table.',
    });
  }
  const source = fileSource(path);
  if (scale !== undefined) return scaled(await readNumbers(source, options), scale);
  if (as === 'numbers') return readNumbers(source, options);
  const file = given === undefined ? undefined : await readGiven(given);
  const known = file && withClasses(file, label);
  const knowing = known === undefined ? options : { ...options, known, knownFrom: file?.source };
  const survey = await surveyTable(source, passOf(knowing, 0));
  if (as === 'auto' && survey.numeric && !told) {
    const data = await readNumbers(source, passOf(options, 1));
    return { ...data, meta: { ...data.meta, open: [{ what: 'numbers' }] } };
  }
  const { table, summaries, notes, origin, split, open } = await fillTable(source, survey, passOf(knowing, 1));
  const of = summaries.flatMap(({ name: column, note }) => (note ? [`${shown(column)}: ${note}`] : []));
  if (known !== undefined) givenCodes(table.columns, known, file?.source ?? '');
  const bounds = known === undefined ? {} : { given: known as Given };
  return { name, table, meta: { origin, ...(split ? { split } : {}) }, notes: [...notes, ...of], open, ...bounds };
}

/** Classes of labelled data that are no table, as the command line or a file names them. @throws VeilganError */
async function classesFor({ kind, path }: Source, { classes, given }: ImportOptions): Promise<string[] | undefined> {
  const file = given === undefined || kind === 'csv' ? undefined : await readGiven(given);
  if (file && (!file.classes || classes !== undefined)) {
    throw new VeilganError('USAGE', file.classes ? 'classes are named twice' : `${quote(path)} holds ${KINDS[kind]}`, {
      where: '--given',
      fix: file.classes
        ? 'Leave --classes away'
        : 'Give {"classes": [...]} of labelled images; columns are of CSV files',
    });
  }
  if (classes !== undefined && kind === 'csv') {
    throw new VeilganError('USAGE', 'the classes of a table are the values of a column', {
      where: '--classes',
      fix: 'Give the values of the --label column in a --given file.',
    });
  }
  return classes === undefined ? file?.classes && [...file.classes] : classesIn(classes);
}

/**
 * What a data set looks like, as a file that `--given` takes once its owner has confirmed each entry. A CSV file is to be
 * read `as: 'table'` for it.
 * @param types that it was read with: what was told to be left out stays so
 */
export function schemaFile(data: Dataset | NamedTable, types: TableOptions['types'] = {}): Given {
  if (!('table' in data)) return classSchema(data.classes ?? []);
  const left = (data.open ?? []).flatMap(({ what, column }) => (what === 'left-out' && column ? [column] : []));
  const told = Object.entries(types).flatMap(([name, type]) => (type === 'leave' ? [name] : []));
  const given = Object.entries(data.given?.columns ?? {}).flatMap(([name, { kind }]) =>
    kind === 'leave' ? [name] : [],
  );
  return schemaOf(data.table, [...left, ...told, ...given]);
}

/**
 * The data set in a source, in memory; nothing is stored (that is `saveDataset`, for tables of mixed types `saveTable`).
 * @throws VeilganError USAGE for options of another kind of source; else as the readers throw
 */
export async function importSource(source: Source, options: ImportOptions = {}): Promise<Dataset | NamedTable> {
  const { kind, path, isFile } = source;
  for (const [option, flag, only] of ONLY) {
    if (kind === only || options[option] === undefined || options[option] === false) continue;
    throw new VeilganError('USAGE', `${quote(path)} holds ${KINDS[kind]}`, {
      where: flag,
      fix: `Leave ${flag} away: it is for ${KINDS[only]}.`,
    });
  }
  const own = { ...options, name: options.name ?? source.name };
  const classes = await classesFor(source, options);
  if (kind === 'csv') return importCsv(path, own);
  const labelled = { ...own, classes };
  if (kind === 'idx') return importIdx(path, isFile, labelled);
  if (kind === 'cifar') return importCifar(path, isFile, labelled);
  return importImages(path, labelled);
}
