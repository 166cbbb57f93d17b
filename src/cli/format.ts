/** What goes to stdout: tables for people, one JSON document for machines. */

export { formatBytes, formatNumber, formatPercent, formatSeconds } from '../report/numbers.ts';

/** Anything with a `write`: process.stdout, or a collector in a test. */
export interface Output {
  write(text: string): unknown;
}

/**
 * An aligned text table. Columns whose cells all look like numbers (with or without unit) are set right, others left. A
 * cell may have several lines. No trailing blanks, no newline at the end.
 */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [columns, ...rows].map((row) => columns.map((_, i) => (row[i] ?? '').split('\n')));
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => Math.max(...row[i].map(width)))));
  const numeric = columns.map(
    (_, i) => rows.length > 0 && rows.every((row) => /^$|^-$|^[-+]?[\d.,]/.test(row[i] ?? '')),
  );
  const lines = cells.flatMap((row) => {
    const height = Math.max(1, ...row.map((cell) => cell.length));
    return Array.from({ length: height }, (_, line) => {
      const parts = row.map((cell, i) => {
        const text = cell[line] ?? '';
        const gap = ' '.repeat(widths[i] - width(text));
        return numeric[i] ? gap + text : text + gap;
      });
      return parts.join('  ').trimEnd();
    });
  });
  const headHeight = Math.max(1, ...cells[0].map((cell) => cell.length));
  lines.splice(headHeight, 0, widths.map((w) => '-'.repeat(w)).join('  '));
  return lines.join('\n');
}

/** Pairs of a name and what is said of it, a line each. */
export function listing(pairs: readonly (readonly string[])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 2;
  return pairs.map(([name, value]) => name.padEnd(width) + value).join('\n');
}

/**
 * Writes exactly one JSON document and a newline. What is not finite (a loss that diverged, an interval without data)
 * becomes null, JSON having no word for it: a result at the end of a long run is not to be lost over one number. Typed
 * arrays become lists. Throws TypeError for what has no JSON form at all (functions, bigint, cycles, undefined).
 */
export function printJson(value: unknown, output: Output = process.stdout): void {
  const text = JSON.stringify(value, listTypedArrays, 2);
  if (text === undefined) throw new TypeError(`${typeof value} has no JSON form`);
  output.write(`${text}\n`);
}

function listTypedArrays(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'function') throw new TypeError(`${key} is a function and has no JSON form`);
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float32Array) : value;
}

/** Columns that a text takes: code points, without combining marks; East Asian wide characters are not ours. */
function width(text: string): number {
  return [...text.replace(/\p{M}/gu, '')].length;
}
