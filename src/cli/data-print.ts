/** Data sets as people read them. */
import { quote } from '../data/dataset.ts';
import type { DatasetInfo } from '../data/store.ts';
import { formatBytes, formatNumber, printJson, table } from './format.ts';

/** Text from a file, fit for a terminal. */
const clean = (text: string) => quote(text).slice(1, -1);

const shorten = (names: readonly string[], most = 20): string =>
  names.slice(0, most).map(clean).join(', ') + (names.length > most ? ', ...' : '');

/** `28x28x1` for images, `[2]` for rows of numbers, `17 columns` for a table of mixed types. */
const record = ({ shape, table: typed }: DatasetInfo): string => {
  if (typed) return `${formatNumber(typed.columns.length)} columns`;
  return shape.length > 1 ? shape.join('x') : `[${shape}]`;
};

/** `data list` */
export function printList(list: readonly DatasetInfo[]): void {
  const rows = list.map((d) => [
    d.name,
    formatNumber(d.rows),
    formatNumber(d.holdout),
    record(d),
    d.classes ? formatNumber(d.classes.length) : '',
    formatBytes(d.bytes),
    d.problem ?? d.origin,
  ]);
  process.stdout.write(`${table(['name', 'rows', 'hold-out', 'record', 'classes', 'size', 'origin'], rows)}\n`);
}

type Typed = NonNullable<DatasetInfo['table']>;

/** What the cells of a column are: `one of 2: no, yes`, `with 2 decimals`, `DD.MM.YYYY`. */
function contents(column: Typed['columns'][number]): string {
  if ('values' in column) return `one of ${formatNumber(column.values.length)}: ${shorten(column.values, 8)}`;
  if ('format' in column) return clean(column.format);
  return column.kind === 'integer' ? 'whole numbers' : `with ${column.decimals} decimals`;
}

function columnLines({ columns, label, notes = [] }: Typed): string[] {
  const rows = columns.map((column) => [
    clean(column.name),
    column.kind + (column.name === label ? ', to predict' : ''),
    contents(column),
    column.missing > 0 ? formatNumber(column.missing) : '-',
  ]);
  return ['', table(['column', 'type', 'values', 'missing'], rows), ...notes.map((note) => `note: ${note}`)];
}

/** `data info`, and what was stored */
export function printInfo(info: DatasetInfo, json?: boolean): void {
  if (json) {
    printJson(info);
    return;
  }
  const { name, rows, holdout, columns, classes, sha256, origin, bytes, path, table: typed } = info;
  const lines = [
    ['name', name],
    ['rows', `${formatNumber(rows)} to train on, ${formatNumber(holdout)} held out`],
    ['record', `${record(info)} ${typed ? '' : shorten(columns)}`.trim()],
    ...(classes ? [['classes', `${formatNumber(classes.length)}: ${shorten(classes)}`]] : []),
    ['size', formatBytes(bytes)],
    ['origin', origin],
    ['sha256', sha256],
    ['path', path ?? 'generated when used'],
  ].map(([key, value]) => `${key.padEnd(9)}${value}`);
  process.stdout.write(`${[...lines, ...(typed ? columnLines(typed) : [])].join('\n')}\n`);
}
