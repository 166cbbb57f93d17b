/**
 * The records of a CSV file as they stream in, in Node as in a page: bytes to lines, lines to whole records, and what
 * the parser refuses in words for the user. What the records mean is in `layout.ts`. Browser-safe.
 */
import { CsvError, type Info, parse } from 'csv-parse/browser/esm/sync';
import { VeilganError } from '../../base/errors.ts';
import { delimiterOf, guessDelimiter } from './delimiter.ts';
import { utf8Lines } from './utf8.ts';

/** A file that can be read from its beginning any number of times. */
export interface CsvSource {
  /** the name that messages give it */
  readonly name: string;
  /** bytes, where they are known */
  readonly size?: number;
  bytes(): AsyncIterable<Uint8Array>;
}

export interface ReadOptions {
  /** One character, or `tab`; default: what the first lines suggest among `,` `;` tab and `|`. */
  delimiter?: string;
  /** Called with the bytes read so far, of so many in all (0 where the size is not known). */
  onProgress?: (bytes: number, total: number) => void;
  /** Reading ends with an INTERRUPTED error. */
  signal?: AbortSignal;
}

/** The options of one of two passes, which come to an end together in what `onProgress` is told. */
export function passOf<T extends ReadOptions>(options: T, pass: 0 | 1): T {
  const { onProgress } = options;
  return onProgress ? { ...options, onProgress: (at, total) => onProgress(pass * total + at, 2 * total) } : options;
}

/** Records that came together. */
export interface Batch {
  readonly records: readonly (readonly string[])[];
  /** The line (from 1) on which record i ends. */
  line(i: number): number;
  readonly delimiter: string;
}

/** So much is parsed at once: a page can draw in between. */
const PIECE = 1 << 18;
const LONGEST_RECORD = 1 << 20;

const REASONS: Record<string, [message: string, fix: string]> = {
  CSV_QUOTE_NOT_CLOSED: ['a quoted cell is not closed before the end of the file', 'Close the quotes (").'],
  INVALID_OPENING_QUOTE: ['a quote (") stands inside a cell that does not begin with one', 'Quote the whole cell.'],
  CSV_INVALID_CLOSING_QUOTE: ['text follows the closing quote of a cell', 'Double a quote inside a quoted cell ("").'],
  CSV_MAX_RECORD_SIZE: ['a record is longer than 1 MiB', 'Close the quotes ("), or check that this is a CSV file.'],
};

/** A file that was dropped on a page, or any other Blob. */
export function blobSource(blob: Blob, name: string): CsvSource {
  return {
    name,
    size: blob.size,
    // Not every browser iterates over streams.
    async *bytes() {
      const reader = blob.stream().getReader();
      try {
        for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
      } catch (cause) {
        throw new VeilganError('FILE', 'the file cannot be read', {
          where: name,
          fix: 'Choose the file again: it was moved or changed.',
          cause,
        });
      } finally {
        await reader.cancel().catch(() => undefined);
      }
    },
  };
}

async function* inPieces(source: CsvSource, { onProgress, signal }: ReadOptions): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of source.bytes()) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      if (signal?.aborted) {
        throw new VeilganError('INTERRUPTED', 'reading was stopped', { where: source.name, fix: 'Start it again.' });
      }
      const piece = chunk.subarray(at, at + PIECE);
      yield piece;
      done += piece.length;
      onProgress?.(done, source.size ?? 0);
    }
  }
}

/** Where the last record that ends in the text ends; quotes are assumed to be well placed, as they are up to an error. */
function endOfRecords(text: string): number {
  if (!text.includes('"')) return text.length;
  let end = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) quoted = !quoted;
    else if (code === 10 && !quoted) end = i + 1;
  }
  return end;
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** The line on which each record of a text with quotes ends, the first line being 0. */
function recordLines(text: string): number[] {
  const ends: number[] = [];
  let line = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) quoted = !quoted;
    else if (code === 10) {
      if (!quoted) ends.push(line);
      line++;
    }
  }
  if (!text.endsWith('\n')) ends.push(line);
  return ends;
}

/** Texts that end with a record, and the line (from 1) on which each begins. */
async function* wholeRecords(texts: AsyncIterable<string>): AsyncGenerator<{ text: string; line: number }> {
  let rest = '';
  let line = 1;
  for await (const piece of texts) {
    const text = rest + piece;
    const end = endOfRecords(text);
    // A record that is too long is handed on for the parser to refuse.
    const cut = end === 0 && text.length > 2 * LONGEST_RECORD ? text.length : end;
    if (cut > 0) yield { text: text.slice(0, cut), line };
    line += linesIn(text.slice(0, cut));
    rest = text.slice(cut);
  }
  if (rest !== '') yield { text: rest, line };
}

const encoder = new TextEncoder();

function parsed(text: string, first: number, delimiter: string, name: string): Batch {
  const options = {
    delimiter,
    relax_column_count: true,
    max_record_size: LONGEST_RECORD,
    // Pieces must not each find out for themselves.
    record_delimiter: ['\r\n', '\n', '\r'],
  };
  try {
    const records = parse(encoder.encode(text), options);
    const ends = text.includes('"') ? recordLines(text) : [];
    return { records, line: (i) => first + (ends[i] ?? i), delimiter };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const [message, fix] = REASONS[error.code] ?? [error.message, 'Correct the file.'];
    const line = first + ((error as unknown as Partial<Info>).lines ?? 1) - 1;
    throw new VeilganError('DATA', message, { where: `${name}, line ${line}`, fix, cause: error });
  }
}

/**
 * The records of a file, blank lines included.
 * @throws VeilganError USAGE for a delimiter that is none; DATA for what is no CSV text: other encodings than UTF-8,
 * zero bytes, misplaced quotes, records above 1 MiB; INTERRUPTED; and as the source throws
 */
export async function* csvRecords(source: CsvSource, options: ReadOptions = {}): AsyncGenerator<Batch> {
  let delimiter = options.delimiter === undefined ? undefined : delimiterOf(options.delimiter);
  for await (const { text, line } of wholeRecords(utf8Lines(inPieces(source, options), source.name))) {
    delimiter ??= guessDelimiter(text);
    yield parsed(text, line, delimiter, source.name);
  }
}
