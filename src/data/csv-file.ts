/** Reading a CSV file from disk, as a stream. Node only; what the records mean is in `csv.ts`. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { VeilganError } from '../gpu/errors.ts';
import { type CsvOptions, CsvTable, delimiterOf, nameFromFile } from './csv.ts';
import { checkName, type Dataset } from './dataset.ts';
import { utf8Lines } from './utf8.ts';

/** What csv-parse passes on with `info: true`. */
interface Parsed {
  record: string[];
  info: { lines: number };
}

const REASONS: Record<string, [message: string, fix: string]> = {
  CSV_QUOTE_NOT_CLOSED: ['a quoted cell is not closed before the end of the file', 'Close the quotes (").'],
  INVALID_OPENING_QUOTE: ['a quote (") stands inside a cell that does not begin with one', 'Quote the whole cell.'],
  CSV_INVALID_CLOSING_QUOTE: ['text follows the closing quote of a cell', 'Double a quote inside a quoted cell ("").'],
  CSV_MAX_RECORD_SIZE: ['a record is longer than 1 MiB', 'Close the quotes ("), or check that this is a CSV file.'],
};

/** Any failure of reading and splitting, as the user should read it. */
function readable(error: unknown, path: string, file: string, lines: number): VeilganError {
  if (error instanceof VeilganError) return error;
  const cause = error as NodeJS.ErrnoException;
  if (error instanceof CsvError) {
    const [message, fix] = REASONS[error.code] ?? [error.message, 'Correct the file.'];
    return new VeilganError('DATA', message, { where: `${file}, line ${lines}`, fix, cause });
  }
  if (cause.code === 'ENOENT') {
    return new VeilganError('FILE', 'there is no such file', { where: path, fix: 'Check the path.', cause });
  }
  if (cause.code === 'EISDIR') {
    return new VeilganError('FILE', 'this is a folder', { where: path, fix: 'Give the CSV file in it.', cause });
  }
  return new VeilganError('FILE', `cannot read the file: ${cause.message}`, {
    where: path,
    fix: 'Check the file and its permissions.',
    cause,
  });
}

/**
 * A CSV file as a data set in memory; nothing is stored (that is `saveDataset`).
 * @throws VeilganError FILE when the file cannot be read, USAGE for impossible options, DATA for what is wrong in the
 * file: not UTF-8, ragged, a cell without a finite number, a column that is not there, ranges past the end.
 */
export async function importCsv(path: string, options: CsvOptions = {}): Promise<Dataset<Float32Array>> {
  const file = basename(path);
  const name = options.name ?? nameFromFile(file);
  checkName(name);
  const table = new CsvTable(file, { ...options, name });
  const bytes = createReadStream(path, { highWaterMark: 1 << 18 });
  const text = Readable.from(utf8Lines(bytes, file));
  const parser = parse({
    delimiter: delimiterOf(options),
    info: true,
    relax_column_count: true,
    max_record_size: 1 << 20,
  });
  text.on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of text.pipe(parser) as AsyncIterable<Parsed>) {
      if (!table.add(record, info.lines)) break;
    }
  } catch (error) {
    throw readable(error, path, file, parser.info.lines);
  } finally {
    text.destroy();
    bytes.destroy();
    parser.destroy();
  }
  return table.finish();
}
