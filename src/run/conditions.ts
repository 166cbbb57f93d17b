/** Samples that meet conditions: what a condition says, and rows that are drawn until enough of them meet it. Browser-safe. */
import { VeilganError } from '../base/errors.ts';
import { parseDate } from '../data/csv/dates.ts';
import { quote } from '../data/dataset.ts';
import type { Column } from '../data/table.ts';

/** Rows of cells, [rows, columns], as `decodeRows` has them. */
export type Row = ArrayLike<number>;
export type Condition = (cells: Row, at: number) => boolean;

const OPERATORS = ['>=', '<=', '!=', '=', '<', '>'] as const;
type Operator = (typeof OPERATORS)[number];

const COMPARE: Readonly<Record<Operator, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

const FORM = 'Write COLUMN=VALUE, or one of != < <= > >= in the place of =; COLUMN= asks for missing cells';
const refuse = (message: string, where: string, fix = FORM) => new VeilganError('USAGE', message, { where, fix });

/** The column, the operator and what is behind it; of columns whose names begin alike the longest. */
function cut(
  text: string,
  columns: readonly Column[],
  where: string,
): [column: number, operator: Operator, rest: string] {
  const names = columns.map(({ name }, i) => [name, i] as const).sort(([a], [b]) => b.length - a.length);
  for (const [name, i] of names) {
    const rest = text.startsWith(name) ? text.slice(name.length).trimStart() : '';
    const operator = OPERATORS.find((op) => rest.startsWith(op));
    if (operator) return [i, operator, rest.slice(operator.length).trim()];
  }
  if (!OPERATORS.some((op) => text.includes(op))) throw refuse(`${quote(text)} compares nothing`, where);
  const known = columns.slice(0, 20).map(({ name }) => name);
  throw refuse(
    `${quote(text)} names no column`,
    where,
    `There are ${known.join(', ')}${columns.length > 20 ? ', ...' : ''}`,
  );
}

/** How the cells of a column compare: by number, by date, or of categories by the number that their texts are. */
function orderOf(column: Column): ((cell: number) => number) | undefined {
  if (!('values' in column)) return (cell) => cell;
  const numbers = column.values.map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  return numbers.every(Number.isFinite) ? (cell) => (Number.isNaN(cell) ? cell : numbers[cell]) : undefined;
}

/** @throws VeilganError USAGE for a text that is no value of the column */
function parsedValue(column: Column, operator: Operator, text: string, where: string): number {
  if ('values' in column) {
    if (operator === '=' || operator === '!=') {
      const at = column.values.indexOf(text);
      if (at >= 0) return at;
      const some = column.values.slice(0, 8).map((value) => quote(value));
      const more = column.values.length > 8 ? ', ...' : '';
      throw refuse(`${quote(column.name)} is never ${quote(text)}`, where, `It is one of ${some.join(', ')}${more}`);
    }
    if (!orderOf(column)) throw refuse(`${quote(column.name)} has values without an order`, where, 'Use = or !=');
  }
  const value = column.kind === 'date' ? parseDate(text, column.format) : text === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  const wanted = column.kind === 'date' ? `a date as ${column.format}` : 'a number';
  throw refuse(`${quote(text)} is not ${wanted}, which ${quote(column.name)} holds`, where, FORM);
}

/**
 * What a condition says of a row: `sex=F`, `age>=65`, `town=` (missing), or with another column behind the operator where
 * `columnsToo`. A missing cell is unlike every value, and neither more nor less.
 * @param where which flag it is of
 * @throws VeilganError USAGE for what is no condition on these columns
 */
export function conditionOf(
  text: string,
  columns: readonly Column[],
  { where, columnsToo = false }: { where: string; columnsToo?: boolean },
): Condition {
  const [left, operator, rest] = cut(text, columns, where);
  const column = columns[left];
  const width = columns.length;
  const compare = COMPARE[operator];
  if (rest === '' && (operator === '=' || operator === '!=')) {
    const wanted = operator === '=';
    return (cells, at) => Number.isNaN(cells[at * width + left]) === wanted;
  }
  const right = columnsToo ? columns.findIndex(({ name }) => name === rest) : -1;
  if (right < 0) {
    const value = parsedValue(column, operator, rest, where);
    const ordered = 'values' in column && !['=', '!='].includes(operator) ? orderOf(column) : undefined;
    return (cells, at) => {
      const cell = cells[at * width + left];
      return Number.isNaN(cell) ? operator === '!=' : compare(ordered ? ordered(cell) : cell, value);
    };
  }
  const [a, b] = [column, columns[right]].map((of) => textOrNumber(of, column, columns[right], operator, where));
  return (cells, at) => {
    const [x, y] = [a(cells[at * width + left]), b(cells[at * width + right])];
    if (Number.isNaN(x) || Number.isNaN(y)) return operator === '!=';
    return compare(x, y);
  };
}

/** Cells of one of two columns as numbers that can be compared with those of the other. */
function textOrNumber(own: Column, a: Column, b: Column, operator: Operator, where: string): (cell: number) => number {
  const order = orderOf(own);
  const both = [a, b].every((column) => orderOf(column) && (column.kind === 'date') === (a.kind === 'date'));
  if (order && both) return order;
  if ('values' in a && 'values' in b && (operator === '=' || operator === '!=')) {
    const shared = [...new Set([...a.values, ...b.values])];
    const places = ('values' in own ? own.values : []).map((text) => shared.indexOf(text));
    return (cell) => (Number.isNaN(cell) ? cell : places[cell]);
  }
  throw refuse(`${quote(a.name)} and ${quote(b.name)} cannot be compared`, where, 'Name two columns of one kind');
}

/** Rows of a piece that is drawn at least, and pieces at most. */
const PIECE = 4096;
export const PIECES = 50;
/** Rows that are drawn at most: so many for each that is wanted, and so many in any case. */
const [EACH, LEAST] = [200, 200_000];

export interface Piece {
  /** records [n, features] and their cells [n, columns] */
  readonly rows: Float32Array;
  readonly cells: Float64Array;
  /** [n], where labels condition the generator */
  readonly labels?: Uint32Array;
}

export interface Matching {
  readonly n: number;
  readonly features: number;
  readonly columns: readonly Column[];
  readonly conditions: readonly Condition[];
  /** a category of whose values there shall be equally many rows */
  readonly balance?: string;
  /** told how many rows are found */
  readonly onProgress?: (found: number) => void;
}

/**
 * Rows that meet all conditions, drawn piece by piece and the others thrown away (rejection sampling).
 * @param draw the next so many rows: other ones at each call; `first` were drawn before
 * @returns them in the order in which they were drawn
 * @throws VeilganError USAGE for a column that cannot be balanced; DATA where after 200 draws a row, 200,000 at least, there
 * are not enough, with how many met the conditions
 */
export async function drawMatching(
  draw: (n: number, piece: number, first: number) => Promise<Piece>,
  { n, features, columns, conditions, balance, onProgress = () => {} }: Matching,
): Promise<Piece> {
  const width = columns.length;
  const of = balance === undefined ? -1 : columns.findIndex(({ name }) => name === balance);
  const balanced = columns[of];
  if (balance !== undefined && !(balanced && 'values' in balanced)) {
    const fix = `Name a category: ${columns.flatMap((column) => ('values' in column ? [column.name] : [])).join(', ') || 'there is none'}`;
    throw refuse(`${quote(balance)} is ${balanced ? 'a number or a date' : 'no column'}`, 'balance', fix);
  }
  const most = Math.max(LEAST, EACH * n);
  /** by value: how many rows it has, of those that were kept */
  const kept = new Map<number, number>();
  const seen = new Map<number, number>();
  let [found, met, drawn] = [0, 0, 0];
  const quota = () => Math.ceil(n / Math.max(1, seen.size));
  const spare: Found[] = [];
  const size = Math.max(PIECE, Math.ceil(most / PIECES));
  for (let piece = 0; found < n && drawn < most; piece++) {
    const count = Math.min(size, most - drawn);
    const { rows, cells, labels } = await draw(count, piece, drawn);
    drawn += count;
    for (let i = 0; i < count; i++) {
      if (!conditions.every((condition) => condition(cells, i))) continue;
      met++;
      const value = of < 0 ? 0 : cells[i * width + of];
      seen.set(value, (seen.get(value) ?? 0) + 1);
      if (spare.length < n || (kept.get(value) ?? 0) < quota()) {
        const row = rows.slice(i * features, (i + 1) * features);
        spare.push({ value, row, cells: cells.slice(i * width, (i + 1) * width), label: labels?.[i] });
        kept.set(value, (kept.get(value) ?? 0) + 1);
      }
    }
    const chosen = of < 0 ? spare.slice(0, n) : evenly(spare, n, seen.size);
    found = chosen?.length ?? 0;
    onProgress(Math.min(n, of < 0 ? spare.length : met));
    if (chosen && found === n) return pieceOf(chosen);
  }
  const rare = [...seen].sort(([, a], [, b]) => a - b)[0];
  const named = balanced && 'values' in balanced && met > 0 ? balanced : undefined;
  const which = named
    ? `, ${rare[1]} of them with ${named.name}=${Number.isNaN(rare[0]) ? '' : named.values[rare[0]]}`
    : '';
  const enough = Math.max(1, named ? Math.min(met, rare[1] * seen.size) : met);
  throw new VeilganError(
    'DATA',
    `${met} of ${drawn} rows that were drawn met the conditions${which}, too few for ${n}`,
    {
      where: conditions.length > 0 ? 'where' : 'balance',
      fix: met === 0 ? 'The model makes no such rows: ask for others' : `Ask for fewer rows: \`n: ${enough}\``,
    },
  );
}

/** A row that met the conditions. */
interface Found {
  /** of the column that is balanced */
  readonly value: number;
  readonly row: Float32Array;
  readonly cells: Float64Array;
  readonly label?: number;
}

/** Rows one behind the other. */
function pieceOf(found: readonly Found[]): Piece {
  const [{ row, cells, label }] = found;
  const out: Piece = {
    rows: new Float32Array(found.length * row.length),
    cells: new Float64Array(found.length * cells.length),
    ...(label === undefined ? {} : { labels: Uint32Array.from(found, (one) => one.label ?? 0) }),
  };
  found.forEach((one, at) => {
    out.rows.set(one.row, at * row.length);
    out.cells.set(one.cells, at * cells.length);
  });
  return out;
}

/**
 * n of the rows, in their order, with equally many of each of so many values, or one more; undefined while some value has
 * too few.
 */
function evenly(rows: readonly Found[], n: number, values: number): Found[] | undefined {
  const each = new Map<number, Found[]>();
  for (const row of rows) {
    const list = each.get(row.value);
    if (list) list.push(row);
    else each.set(row.value, [row]);
  }
  const lists = [...each.values()];
  if (lists.length < values || values === 0) return undefined;
  const base = Math.floor(n / values);
  let extra = n - base * values;
  const out = new Set<Found>();
  for (const list of lists) {
    if (list.length < base) return undefined;
    const take = base + (extra > 0 && list.length > base ? 1 : 0);
    extra -= take - base;
    for (const row of list.slice(0, take)) out.add(row);
  }
  return extra === 0 ? rows.filter((row) => out.has(row)) : undefined;
}
