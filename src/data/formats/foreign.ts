/** Files that are no tables although somebody may take them for one, told by their first bytes. Browser-safe. */

/** First bytes (hexadecimal), what such a file is, and what to do with it. */
const FOREIGN: readonly [start: string, what: string, fix: string][] = [
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

/** What a file is that is no CSV file, and what to do with it. @param head its first bytes */
export function foreign(head: Uint8Array): { readonly what: string; readonly fix: string } | undefined {
  const hex = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const [, what, fix] = FOREIGN.find(([start]) => hex.startsWith(start)) ?? [];
  return what === undefined || fix === undefined ? undefined : { what, fix };
}
