/** Files that are no CSV although they were dropped as one, told by their first bytes. */
import { VeilganError } from '../../base/errors.ts';

/** First bytes (hexadecimal), what such a file is, and what to do with it. */
const KINDS: readonly [start: string, what: string, fix: string][] = [
  ['89504e47', 'a picture (PNG)', 'Choose a table instead'],
  ['ffd8ff', 'a picture (JPEG)', 'Choose a table instead'],
  ['47494638', 'a picture (GIF)', 'Choose a table instead'],
  ['25504446', 'a PDF', 'Choose the table that it was made from, as CSV'],
  ['504b0304', 'a spreadsheet or an archive (ZIP)', 'Open it, and save the table as CSV (in Excel: "CSV UTF-8")'],
  ['d0cf11e0', 'an old Excel or Word file', 'Open it, and save the table as CSV ("CSV UTF-8")'],
  ['1f8b', 'a compressed file (gzip)', 'Unpack it first'],
  ['50415231', 'a Parquet file', 'Convert it to CSV first'],
  ['fffe', 'text in UTF-16', 'Save it as UTF-8 (in Excel: "CSV UTF-8")'],
  ['feff', 'text in UTF-16', 'Save it as UTF-8 (in Excel: "CSV UTF-8")'],
];

/** @throws VeilganError DATA for an empty file, or one that its first bytes tell to be no CSV */
export async function checkFile(file: File): Promise<void> {
  if (file.size === 0) {
    throw new VeilganError('DATA', 'the file is empty: it has 0 bytes', {
      where: file.name,
      fix: 'Choose another one',
    });
  }
  const start = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  const hex = Array.from(start, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const found = KINDS.find(([first]) => hex.startsWith(first));
  if (found) throw new VeilganError('DATA', `this is ${found[1]}, not a CSV file`, { where: file.name, fix: found[2] });
}
