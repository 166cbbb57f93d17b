/** Data sets as people read them. */
import { quote } from '../data/dataset.ts';
import { stillOpen } from '../data/encoding/schema.ts';
import type { DatasetInfo } from '../data/store/store.ts';
import { plainDelta } from '../report/blocks/guarantee.ts';
import { unpaidLines } from '../report/blocks/public.ts';
import type { RunSpent, SpentOn } from '../run/odometer.ts';
import { formatBytes, formatNumber, table } from './format.ts';

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
export function listText(list: readonly DatasetInfo[]): string {
  const rows = list.map((d) => [
    d.name,
    formatNumber(d.rows),
    formatNumber(d.holdout),
    record(d),
    d.classes ? formatNumber(d.classes.length) : '',
    formatBytes(d.bytes),
    d.problem ?? d.origin,
  ]);
  return table(['name', 'rows', 'hold-out', 'record', 'classes', 'size', 'origin'], rows);
}

type Typed = NonNullable<DatasetInfo['table']>;

/** What the cells of a column are: `one of 2: no, yes`, `with 2 decimals`, `DD.MM.YYYY`. */
function contents(column: Typed['columns'][number]): string {
  if ('values' in column) return `one of ${formatNumber(column.values.length)}: ${shorten(column.values, 8)}`;
  if ('format' in column) return clean(column.format);
  return column.kind === 'integer' ? 'whole numbers' : `with ${column.decimals} decimals`;
}

/** What a private run on the set would take as public, though it came from the rows. */
function openLines({ open, table: typed }: DatasetInfo): string[][] {
  if (!open) return [];
  const left = unpaidLines(stillOpen(open, typed?.given));
  if (left.length === 0) return typed ? [['public', 'nothing of what the rows look like']] : [];
  return left.map((line, i) => [
    i === 0 ? 'public' : '',
    `${line}${i === 0 ? ' (found in the rows, not paid for)' : ''}`,
  ]);
}

function columnLines({ columns, label, notes = [], given }: Typed): string[] {
  const unitOf = (name: string) => {
    const entry = Object.hasOwn(given?.columns ?? {}, name) ? given?.columns[name] : undefined;
    return entry?.unit ? ` (${clean(entry.unit)})` : '';
  };
  const rows = columns.map((column) => [
    clean(column.name) + unitOf(column.name),
    column.kind + (column.name === label ? ', to predict' : ''),
    contents(column),
    column.missing > 0 ? formatNumber(column.missing) : '-',
  ]);
  return ['', table(['column', 'type', 'values', 'missing'], rows), ...notes.map((note) => `note: ${note}`)];
}

/** `data info`, and what was stored */
export function infoText(info: DatasetInfo, spent?: SpentOn): string {
  const { name, rows, holdout, columns, classes, sha256, origin, bytes, path, table: typed } = info;
  const lines = [
    ['name', name],
    ['rows', `${formatNumber(rows)} to train on, ${formatNumber(holdout)} held out`],
    ['record', `${record(info)} ${typed ? '' : shorten(columns)}`.trim()],
    ...(classes ? [['classes', `${formatNumber(classes.length)}: ${shorten(classes)}`]] : []),
    ['size', formatBytes(bytes)],
    ['origin', origin],
    ...openLines(info),
    ['sha256', sha256],
    ['path', path ?? 'generated when used'],
  ].map(([key, value]) => `${key.padEnd(9)}${value}`);
  return [...lines, ...(typed ? columnLines(typed) : []), ...(spent ? spentLines(spent) : [])].join('\n');
}

const HOW: Readonly<Record<RunSpent['by'], string>> = {
  ledger: 'by its ledger',
  planned: 'its ledger is gone: what it was planned with',
  unknown: 'unknown: its ledger is gone',
  failed: 'a start that failed: what its encoding costs',
  none: 'no bound: it promises nothing',
};

/** What private runs have spent on the set, one by one and together. */
function spentLines({ runs, epsilon, delta, unknown, unguarded, others }: SpentOn): string[] {
  const other =
    others > 0 ? [`note: ${count(others, 'private run')} on other contents of this name, not in the sum`] : [];
  if (runs.length === 0) return ['', 'spent    nothing: no private run on this data set was noted', ...other];
  const rows = runs.map((run) => [
    run.dir ?? '(none)',
    run.created,
    `${run.system}, ${run.relation}`,
    run.epsilon === null ? '-' : up(run.epsilon),
    run.delta === null ? '-' : plainDelta(rounded(run.delta)),
    HOW[run.by],
  ]);
  const left = [
    ...(unknown > 0 ? [`${count(unknown, 'run')} of unknown spending`] : []),
    ...(unguarded > 0 ? [`${count(unguarded, 'run')} without a guarantee`] : []),
  ];
  return [
    '',
    `spent    epsilon ${up(epsilon)} at delta ${plainDelta(rounded(delta))}${left.length ? `, and beyond that ${left.join(' and ')}` : ''}, in ${count(runs.length, 'private run')} (basic composition)`,
    "         attacks, evaluations and diagnostics are the owner's own looks, which release nothing: they are not counted",
    '',
    table(['run', 'begun', 'system', 'epsilon', 'delta', ''], rows),
    ...other,
  ];
}

/** Four decimals that say no less. */
const up = (epsilon: number) => (Math.ceil(epsilon * 1e4 - 1e-7) / 1e4).toFixed(4);
const rounded = (delta: number) => Number(delta.toPrecision(6));
const count = (n: number, noun: string) => `${formatNumber(n)} ${noun}${n === 1 ? '' : 's'}`;
