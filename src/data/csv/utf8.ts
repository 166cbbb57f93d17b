/** Bytes from outside to text: refuses what is not UTF-8, and what is no text at all, with the line at fault. */
import { VeilganError } from '../../base/errors.ts';

const LONGEST_LINE = 16 * 1024 * 1024;
const NEWLINE = 10;

function notText(file: string, line: number, what: string): VeilganError {
  return new VeilganError('DATA', `the file is not UTF-8 text: ${what}`, {
    where: `${file}, line ${line}`,
    fix: 'Give a plain CSV file in UTF-8 (unpack an archive first; in a spreadsheet choose "CSV UTF-8").',
  });
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Decodes whole lines; `line` is the 1-based number of the first one. */
function decode(bytes: Uint8Array, file: string, line: number): string {
  const problem = (piece: Uint8Array): string | undefined => {
    if (piece.includes(0)) return 'it holds a zero byte';
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(piece);
      return undefined;
    } catch {
      return 'invalid bytes';
    }
  };
  if (problem(bytes) === undefined) return new TextDecoder('utf-8').decode(bytes);
  // A newline byte is never part of a longer UTF-8 sequence, so the pieces can be tried one by one.
  for (let start = 0; ; line++) {
    const end = bytes.indexOf(NEWLINE, start) + 1 || bytes.length;
    const what = problem(bytes.subarray(start, end));
    if (what !== undefined || end === bytes.length) throw notText(file, line, what ?? 'invalid bytes');
    start = end;
  }
}

/**
 * The text of a stream of bytes, in pieces that end at a line end; a byte-order mark is dropped.
 * @throws VeilganError DATA: invalid UTF-8, a zero byte, or a line above 16 MiB.
 */
export async function* utf8Lines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  file: string,
): AsyncGenerator<string> {
  let rest: Uint8Array = new Uint8Array(0);
  let line = 1;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      rest = join(rest, chunk);
      if (rest.length > LONGEST_LINE) throw notText(file, line, 'a line is longer than 16 MiB');
      continue;
    }
    const piece = join(rest, chunk.subarray(0, end));
    yield decode(piece, file, line);
    for (const byte of piece) if (byte === NEWLINE) line++;
    rest = chunk.subarray(end);
  }
  if (rest.length > 0) yield decode(rest, file, line);
}
