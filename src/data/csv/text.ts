/** Rows of a table as CSV, in the formats of their source. Browser-safe. */

import type { TableRows } from '../encoding/decode.ts';
import type { Column } from '../table.ts';
import { formatDate } from './dates.ts';

/** A cell as CSV holds it (RFC 4180): in quotes where it has a comma, a quote, a line break or outer spaces. */
export const quoteCell = (text: string): string =>
  /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;

/** A cell that is there as its source writes it; a number with the column's decimals, no exponent up to 1e21. */
export function cellText(column: Column, cell: number): string {
  if ('values' in column) return column.values[cell];
  return column.kind === 'date' ? formatDate(cell, column.format) : cell.toFixed(column.decimals);
}

/** How the cells of a column are written into CSV. */
function writer(column: Column): (cell: number) => string {
  if (!('values' in column)) return (cell) => quoteCell(cellText(column, cell));
  const texts = column.values.map(quoteCell);
  return (cell) => texts[cell];
}

/**
 * CSV in pieces of whole lines, the header first: a comma between cells, a line feed behind each row, missing cells
 * empty. In a table of one column they are `""`, for readers that skip empty lines.
 * @param rows of a piece, default 4096
 */
export function* csvPieces({ columns, cells }: TableRows, rows = 4096): Generator<string> {
  yield `${columns.map(({ name }) => quoteCell(name)).join(',')}\n`;
  const writers = columns.map(writer);
  const width = columns.length;
  const missing = width === 1 ? '""' : '';
  for (let from = 0; from < cells.length; from += rows * width) {
    const end = Math.min(cells.length, from + rows * width);
    let piece = '';
    for (let i = from, j = 0; i < end; i++) {
      piece += Number.isNaN(cells[i]) ? missing : writers[j](cells[i]);
      j = j + 1 === width ? 0 : j + 1;
      piece += j === 0 ? '\n' : ',';
    }
    yield piece;
  }
}

/** The whole text of `csvPieces`. */
export const decodedCsv = (rows: TableRows): string => Array.from(csvPieces(rows)).join('');
