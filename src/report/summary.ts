/** Runs side by side: what was measured, how sure it is, what chance would give, and how the runs were made. */
import type { RunInfo } from '../run/schema.ts';
import type { Block, Cell } from './html.ts';
import { formatNumber, formatSeconds } from './numbers.ts';
import { type Reading, type Row, shown } from './readings.ts';

export { type Block, type Report, renderReport } from './html.ts';

export interface SummaryRun {
  /** `PAR-GAN, K = 10`. */
  title: string;
  dir: string;
  info: RunInfo;
  steps: number;
  /** of training, where it is known */
  seconds?: number;
  readings: readonly Reading[];
  /** Why readings are missing; default: not measured. */
  withheld?: string;
}

/** A run without what was measured of it. */
export type Origin = Omit<SummaryRun, 'readings' | 'withheld'>;

export interface Summary {
  /** What was done and why, a paragraph each. */
  setting: readonly string[];
  warnings?: readonly string[];
  runs: readonly SummaryRun[];
  figures: readonly { svg: string; caption: string }[];
}

/** The blocks of a comparison; add more before or after and hand them to `renderReport`. */
export function summaryBlocks({ setting, warnings = [], runs, figures }: Summary): Block[] {
  return [
    ...setting.map((text): Block => ({ kind: 'paragraph', text })),
    ...warnings.map((text): Block => ({ kind: 'warning', text })),
    { kind: 'heading', text: 'Results' },
    resultTable(runs),
    { kind: 'heading', text: 'What the numbers mean' },
    { kind: 'list', items: rowsOf(runs).map(({ title, meaning }) => ({ term: title, text: meaning })) },
    ...(figures.length > 0 ? [{ kind: 'heading', text: 'Pictures' } as const] : []),
    ...figures.map((figure): Block => ({ kind: 'figure', ...figure })),
    { kind: 'heading', text: 'How the runs were made' },
    originTable(runs),
    { kind: 'heading', text: 'Configuration' },
    configTable(runs),
  ];
}

/** The rows that at least one run has, in order of appearance. */
const rowsOf = (runs: readonly Pick<SummaryRun, 'readings'>[]): Row[] => [
  ...new Map(runs.flatMap(({ readings }) => readings.map(({ row }) => [row.name, row]))).values(),
];

/** A row a measure, a column a run. */
export function resultTable(runs: readonly Pick<SummaryRun, 'title' | 'readings' | 'withheld'>[]): Block {
  const rows = rowsOf(runs).map(({ name, title }) => [
    title,
    ...runs.map(({ readings, withheld }) =>
      readingCell(
        readings.find(({ row }) => row.name === name),
        withheld,
      ),
    ),
  ]);
  return {
    kind: 'table',
    columns: ['', ...runs.map((run) => run.title)],
    rows,
    caption:
      'Small print: the 95 % confidence interval, and the level of chance. "above chance" is said of an attack whose ' +
      'whole interval lies above chance; an interval that holds it is no proof of privacy.',
  };
}

/** One number with its interval and what it is to be compared with; a leak is marked. */
export function readingCell(reading: Reading | undefined, withheld = 'not measured'): Cell {
  if (reading === undefined) return { value: '-', notes: [withheld] };
  const { row, value, ci95, chance, real } = reading;
  const show = (x: number) => shown(row, x);
  const leaks = row.attack && ci95 !== undefined && chance !== undefined && ci95[0] > chance;
  const notes: string[] = [];
  if (ci95) notes.push(`95 %: ${show(ci95[0])} to ${show(ci95[1])}`);
  if (chance !== undefined) notes.push(`chance: ${show(chance)}${leaks ? ', above chance' : ''}`);
  if (real !== undefined) notes.push(`real rows: ${show(real)}`);
  return { value: show(value), notes, ...(leaks ? { mark: 'bad' as const } : {}) };
}

/** The training time in all and of a step. */
function time({ seconds, steps }: Pick<SummaryRun, 'seconds' | 'steps'>): string {
  return seconds === undefined ? '-' : `${formatSeconds(seconds)} (${formatSeconds(seconds / steps)} a step)`;
}

/** Where runs come from: system, data, seed, adapter, code. */
export function originTable(runs: readonly Origin[]): Block {
  const code = ({ info: { version } }: Pick<SummaryRun, 'info'>) => {
    const git = version.git
      ? `, git ${version.git.commit.slice(0, 12)}${version.git.dirty ? ' with changes' : ''}`
      : '';
    return `VeilGAN ${version.veilgan}${git}, ${version.node ? `Node ${version.node}` : 'in a page'}`;
  };
  const adapter = ({ info }: Pick<SummaryRun, 'info'>) => {
    const known = ['name', 'vendor', 'architecture'].map((key) => info.adapter[key]);
    return known.filter((value) => typeof value === 'string' && value !== '').join(', ') || 'unknown';
  };
  const facts: [string, (run: Origin) => string][] = [
    ['system', (run) => run.info.system],
    ['data', (run) => dataLine(run.info.data)],
    ['seed', (run) => `${run.info.seed}`],
    ['steps', (run) => formatNumber(run.steps)],
    ...(runs.some(({ seconds }) => seconds !== undefined) ? [['training time', time] as [string, typeof time]] : []),
    ['adapter', adapter],
    ['code', code],
    ['started', (run) => run.info.created],
    ['directory', (run) => run.dir],
  ];
  return { kind: 'table', columns: ['', ...titles(runs)], rows: facts.map(([name, of]) => [name, ...runs.map(of)]) };
}

/** Heads of the columns; that of one run needs no name. */
const titles = (runs: readonly Pick<SummaryRun, 'title'>[]): string[] =>
  runs.length === 1 ? ['this run'] : runs.map(({ title }) => title);

/** What run.json says of a data set, in the order of interest. */
function dataLine({ name, rows, holdout, columns, origin, seed, sha256, ...others }: Record<string, unknown>): string {
  const count = (n: unknown) => (typeof n === 'number' ? formatNumber(n) : plain(n));
  const parts = [
    rows === undefined ? name : `${name}: ${count(rows)} rows`,
    holdout && `${count(holdout)} held out`,
    Array.isArray(columns) && columns.length > 0 && `columns ${plain(columns)}`,
    origin,
    seed !== undefined && !`${origin}`.endsWith(`seed ${seed}`) && `seed ${seed}`,
    ...Object.entries(others).map(([key, value]) => `${key} ${plain(value)}`),
    sha256 && `sha256 ${sha256}`,
  ];
  return parts.filter(Boolean).join('; ');
}

/** Every setting of any run; those in which the runs differ come first. */
export function configTable(runs: readonly Pick<SummaryRun, 'title' | 'info'>[]): Block {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.info.config)))].sort();
  if (runs.length === 1) {
    const [{ info }] = runs;
    return { kind: 'list', dense: true, items: names.map((term) => ({ term, text: plain(info.config[term]) })) };
  }
  const rows = names.map((name) => [name, ...runs.map((run) => plain(run.info.config[name]))]);
  const differs = (row: string[]) => new Set(row.slice(1)).size > 1;
  return {
    kind: 'table',
    columns: ['', ...runs.map((run) => run.title)],
    rows: [...rows.filter(differs), ...rows.filter((row) => !differs(row))],
    caption: runs.length > 1 ? 'Settings that differ come first.' : undefined,
  };
}

function plain(value: unknown): string {
  if (value === undefined) return '-';
  if (Array.isArray(value)) return value.map(plain).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
