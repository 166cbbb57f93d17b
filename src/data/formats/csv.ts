/** CSV files: tables of mixed types, or numbers as they are. Node only; what is in them is read by csv/. */
import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { VeilganError } from '../../base/errors.ts';
import { shown } from '../csv/layout.ts';
import { type CsvOptions, nameFromFile, readNumbers } from '../csv/numbers.ts';
import { type CsvSource, passOf } from '../csv/stream.ts';
import { fillTable, surveyTable, type TableOptions } from '../csv/table.ts';
import { checkName, type Source } from '../dataset.ts';
import { scaled } from '../encoding/linear.ts';
import { givenCodes } from '../encoding/schema.ts';
import type { Given } from '../table.ts';
import { type Format, type GivenFile, readError, readGiven } from './files.ts';
import { foreign } from './foreign.ts';

export interface CsvImportOptions extends CsvOptions, TableOptions {
  readonly name: string;
  /** The values as they are, or a table of mixed types; default: as the columns look. */
  readonly as?: 'auto' | 'numbers' | 'table';
  /** A JSON file of what is known without the rows (see `Given`), which private systems need not pay for. */
  readonly given?: string;
  /** Of numbers: `data`, or bounds of the columns; see `scaled`. */
  readonly scale?: string;
}

const failure = (error: unknown, path: string): VeilganError =>
  (error as NodeJS.ErrnoException).code === 'EISDIR'
    ? new VeilganError('FILE', 'this is a folder', { where: path, fix: 'Give the CSV file in it.', cause: error })
    : readError(error, path);

/** A file on disk as a source; whether it can be read shows when it is read (VeilganError FILE). */
export function fileSource(path: string): CsvSource {
  return {
    name: basename(path),
    size: statSync(path, { throwIfNoEntry: false })?.size,
    async *bytes() {
      const stream = createReadStream(path, { highWaterMark: 1 << 18 });
      try {
        yield* stream;
      } catch (error) {
        throw failure(error, path);
      } finally {
        stream.destroy();
      }
    },
  };
}

/** The names that a file gives the classes are the values of the column that is to be predicted. */
function withClasses({ value, classes }: GivenFile, label: string | undefined): unknown {
  const { columns = {} } = value as { columns?: Readonly<Record<string, object>> };
  if (!classes) return value;
  if (label === undefined) {
    throw new VeilganError('USAGE', 'classes are named, and no column is the label', {
      where: 'given',
      fix: 'Name the column of the classes with `label`',
    });
  }
  return { columns: { ...columns, [label]: { values: classes, ...columns[label] } } };
}

/** A CSV file as a table, or as numbers: points (all columns have fractions) and codes of zeros and ones. */
async function importCsv(path: string, options: CsvImportOptions): Promise<Source> {
  const { name, as = 'auto', scale, types, label, given } = options;
  checkName(name);
  const told = types !== undefined || label !== undefined || given !== undefined;
  if (scale !== undefined && (as === 'table' || told)) {
    throw new VeilganError('USAGE', 'a table of mixed types is scaled when it is encoded for training', {
      where: 'scale',
      fix: 'Leave it away, or say `as: numbers` without `types`, `label` and `given`.',
    });
  }
  if (as === 'numbers' && told) {
    throw new VeilganError('USAGE', 'plain numbers have neither types nor a label nor bounds of their own', {
      where: types ? 'types' : label === undefined ? 'given' : 'label',
      fix: 'Say `as: table`.',
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
    const data = await readNumbers(source, options, survey.layout);
    return { ...data, meta: { ...data.meta, open: [{ what: 'numbers' }] } };
  }
  const { data, summaries } = await fillTable(source, survey, passOf(knowing, 1));
  const of = summaries.flatMap(({ name: column, note }) => (note ? [`${shown(column)}: ${note}`] : []));
  if (known !== undefined) givenCodes(data.table.columns, known, file?.source ?? '');
  const bounds = known === undefined ? {} : { given: known as Given };
  return { ...data, name, notes: [...(data.notes ?? []), ...of], ...bounds };
}

export const csv = {
  title: 'a CSV file',
  options: ['columns', 'header', 'delimiter', 'as', 'types', 'label', 'holdoutShare', 'holdoutSeed', 'scale'],
  async claims({ path, isFile, head, gzip }) {
    if (!isFile) return undefined;
    const wrong = (message: string, fix: string) => new VeilganError('DATA', message, { where: path, fix });
    if (gzip || /^PK\x03\x04/.test(String.fromCharCode(...head.subarray(0, 4)))) {
      throw wrong('the archive holds neither IDX nor CIFAR-10 data', 'Unpack it and give what is in it.');
    }
    const other = foreign(head);
    if (other) throw wrong(`this is ${other.what}, not a CSV file`, other.fix);
    if (head.includes(0) && !/\.(csv|tsv|txt|data)$/i.test(path)) {
      const fix = 'Give a CSV file, IDX data, CIFAR-10 (binary version) or a folder of images.';
      throw wrong('this is no file that can be imported', fix);
    }
    return { path, isFile, name: nameFromFile(path) };
  },
  read: ({ path }, options: CsvImportOptions) => importCsv(path, options),
} satisfies Format;
