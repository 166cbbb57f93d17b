/** Runs side by side: what was measured, how sure it is, what chance would give, and how the runs were made. */
import type { RunInfo } from '../run/schema.ts';
import { type Block, type Cell, heading, paragraph, section, table, warning } from './html.ts';
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
  const pictures = figures.map((figure): Block => ({ kind: 'figure', ...figure }));
  return [
    ...setting.map(paragraph),
    ...warnings.map(warning),
    heading('Results'),
    resultTable(runs),
    heading('What the numbers mean'),
    { kind: 'list', items: rowsOf(runs).map(({ title, meaning }) => ({ term: title, text: meaning })) },
    ...section('Pictures', pictures),
    ...originBlocks(runs),
  ];
}

/** Where runs come from, and their settings. */
export const originBlocks = (runs: readonly Origin[]): Block[] => [
  heading(runs.length === 1 ? 'How the run was made' : 'How the runs were made'),
  originTable(runs),
  heading('Configuration'),
  configTable(runs),
];

/** The rows that at least one run has, in order of appearance. */
const rowsOf = (runs: readonly Pick<SummaryRun, 'readings'>[]): Row[] => [
  ...new Map(runs.flatMap(({ readings }) => readings.map(({ row }) => [row.name, row]))).values(),
];

const titlesOf = (runs: readonly Pick<SummaryRun, 'title'>[]): string[] => runs.map(({ title }) => title);

/** A row a measure, a column a run. */
export function resultTable(runs: readonly Pick<SummaryRun, 'title' | 'readings' | 'withheld'>[]): Block {
  const cell = (name: string) => (run: Pick<SummaryRun, 'readings' | 'withheld'>) => {
    const reading = run.readings.find(({ row }) => row.name === name);
    return readingCell(reading, run.withheld);
  };
  const rows = rowsOf(runs).map(({ name, title }) => [title, ...runs.map(cell(name))]);
  const caption =
    'Small print: the 95 % confidence interval, and the level of chance. "above chance" is said of an attack whose whole interval lies above chance; an interval that holds it is no proof of privacy.';
  return table(titlesOf(runs), rows, caption);
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

/** Where runs come from: system, data, seed, adapter, code. */
function originTable(runs: readonly Origin[]): Block {
  const code = ({ info: { version } }: Origin) => {
    const { veilgan, node, git } = version;
    const commit = git ? `, git ${git.commit.slice(0, 12)}${git.dirty ? ' with changes' : ''}` : '';
    return `VeilGAN ${veilgan}${commit}, ${node ? `Node ${node}` : 'in a page'}`;
  };
  const time = ({ seconds, steps }: Origin) =>
    seconds === undefined ? '-' : `${formatSeconds(seconds)} (${formatSeconds(seconds / steps)} a step)`;
  const adapter = ({ info }: Origin) => {
    const known = ['name', 'vendor', 'architecture'].map((key) => info.adapter[key]);
    return known.filter((value) => typeof value === 'string' && value !== '').join(', ') || 'unknown';
  };
  const facts: [string, (run: Origin) => string][] = [
    ['system', (run) => run.info.system],
    ['data', (run) => dataLine(run.info.data)],
    ['seed', (run) => `${run.info.seed}`],
    ['steps', (run) => formatNumber(run.steps)],
    ['training time', time],
    ['adapter', adapter],
    ['code', code],
    ['started', (run) => run.info.created],
    ['directory', (run) => run.dir],
  ];
  const timed = runs.some(({ seconds }) => seconds !== undefined);
  const rows = facts.flatMap(([name, of]) => (of === time && !timed ? [] : [[name, ...runs.map(of)]]));
  return table(runs.length === 1 ? ['this run'] : titlesOf(runs), rows);
}

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
function configTable(runs: readonly Pick<SummaryRun, 'title' | 'info'>[]): Block {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.info.config)))].sort();
  if (runs.length === 1) {
    const [{ info }] = runs;
    return { kind: 'list', dense: true, items: names.map((term) => ({ term, text: plain(info.config[term]) })) };
  }
  const rows = names.map((name) => [name, ...runs.map((run) => plain(run.info.config[name]))]);
  const differs = (row: string[]) => new Set(row.slice(1)).size > 1;
  const sorted = [...rows.filter(differs), ...rows.filter((row) => !differs(row))];
  return table(titlesOf(runs), sorted, 'Settings that differ come first.');
}

function plain(value: unknown): string {
  if (value === undefined) return '-';
  if (Array.isArray(value)) return value.map(plain).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
