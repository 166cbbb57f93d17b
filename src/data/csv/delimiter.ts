/** What separates the cells of a CSV file: as told, or as its first lines suggest. Browser-safe. */
import { parse } from 'csv-parse/browser/esm/sync';
import { VeilganError } from '../../base/errors.ts';
import { quote } from '../dataset.ts';

/** Those that also stand in texts and in numbers come last. */
const CANDIDATES = ['\t', ';', '|', ','] as const;
const SAMPLE = 100;

/** The single character that a flag means. @throws VeilganError USAGE */
export function delimiterOf(given: string): string {
  const delimiter = given === 'tab' || given === '\\t' ? '\t' : given;
  if (delimiter.length === 1 && !/["\r\n\0]/.test(delimiter)) return delimiter;
  throw new VeilganError('USAGE', `${quote(given)} cannot separate cells`, {
    where: 'delimiter',
    fix: 'Give one character, for example `delimiter: ;`, or `delimiter: tab`.',
  });
}

/** The share of records that have as many cells as the first one, if that is more than one. */
function agreement(text: string, delimiter: string): number {
  try {
    const options = { delimiter, relax_column_count: true, relax_quotes: true, skip_empty_lines: true, to: SAMPLE };
    const records = parse(text, { ...options, record_delimiter: ['\r\n', '\n', '\r'] });
    const cells = records[0]?.length ?? 1;
    return cells > 1 ? records.filter(({ length }) => length === cells).length / records.length : 0;
  } catch {
    return 0;
  }
}

/** What separates the cells of a text: the candidate by which most records have equally many cells, else a comma. */
export function guessDelimiter(text: string): string {
  let best = ',';
  let most = 0;
  for (const delimiter of CANDIDATES) {
    const share = text.includes(delimiter) ? agreement(text, delimiter) : 0;
    if (share > most) [best, most] = [delimiter, share];
  }
  return best;
}

/** As a message names it. */
export const showDelimiter = (delimiter: string): string => (delimiter === '\t' ? 'tab' : `"${delimiter}"`);
