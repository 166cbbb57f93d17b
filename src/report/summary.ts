/** Runs side by side: what was measured, how sure it is, what chance would give, and how the runs were made. */
import type { RunInfo } from '../run/schema.ts';
import type { Block, Cell } from './html.ts';
import { formatNumber, formatPercent, formatSeconds } from './numbers.ts';

export { type Block, renderReport } from './html.ts';

/** One measured number. An interval that lies wholly above chance is marked: the attack found something. */
export interface Reading {
  value: number;
  /** 95 % confidence interval. */
  ci95?: readonly [number, number];
  /** What an attacker without any information, or a perfect generator, would give. */
  chance?: number;
}

/** What a row of the table means; shared by all runs. */
export interface Measure {
  key: string;
  name: string;
  /** A sentence or two: what the number says, and which way is better. */
  meaning: string;
  unit?: 'share' | 'number';
  /** Attacks are marked when they are surely better than chance. */
  attack?: boolean;
}

export interface SummaryRun {
  /** `PAR-GAN, K = 10`. */
  title: string;
  dir: string;
  info: RunInfo;
  steps: number;
  seconds: number;
  readings: Readonly<Record<string, Reading | undefined>>;
}

export interface Summary {
  /** What was done and why, a paragraph each. */
  setting: readonly string[];
  warnings?: readonly string[];
  measures: readonly Measure[];
  runs: readonly SummaryRun[];
  figures: readonly { svg: string; caption: string }[];
}

/** The blocks of a comparison; add more before or after and hand them to `renderReport`. */
export function summaryBlocks({ setting, warnings = [], measures, runs, figures }: Summary): Block[] {
  return [
    ...setting.map((text): Block => ({ kind: 'paragraph', text })),
    ...warnings.map((text): Block => ({ kind: 'warning', text })),
    { kind: 'heading', text: 'Results' },
    resultTable(measures, runs),
    { kind: 'heading', text: 'What the numbers mean' },
    { kind: 'list', items: measures.map(({ name, meaning }) => ({ term: name, text: meaning })) },
    ...(figures.length > 0 ? [{ kind: 'heading', text: 'Pictures' } as const] : []),
    ...figures.map((figure): Block => ({ kind: 'figure', ...figure })),
    { kind: 'heading', text: 'How the runs were made' },
    originTable(runs),
    { kind: 'heading', text: 'Configuration' },
    configTable(runs),
  ];
}

function resultTable(measures: readonly Measure[], runs: readonly SummaryRun[]): Block {
  const rows = measures.map((measure) => [
    measure.name,
    ...runs.map((run) => cell(measure, run.readings[measure.key])),
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

function cell(measure: Measure, reading: Reading | undefined): Cell {
  if (reading === undefined) return { value: '-', notes: ['not measured'] };
  const show = measure.unit === 'number' ? (value: number) => formatNumber(value, 3) : formatPercent;
  const { value, ci95, chance } = reading;
  const leaks = measure.attack && ci95 !== undefined && chance !== undefined && ci95[0] > chance;
  const notes: string[] = [];
  if (ci95) notes.push(`95 %: ${show(ci95[0])} to ${show(ci95[1])}`);
  if (chance !== undefined) notes.push(`chance: ${show(chance)}${leaks ? ', above chance' : ''}`);
  return { value: show(value), notes, ...(leaks ? { mark: 'bad' as const } : {}) };
}

function originTable(runs: readonly SummaryRun[]): Block {
  const code = ({ info: { version } }: SummaryRun) => {
    const git = version.git
      ? `, git ${version.git.commit.slice(0, 12)}${version.git.dirty ? ' with changes' : ''}`
      : '';
    return `VeilGAN ${version.veilgan}${git}, Node ${version.node}`;
  };
  const adapter = ({ info }: SummaryRun) => {
    const known = ['name', 'vendor', 'architecture'].map((key) => info.adapter[key]);
    return known.filter((value) => typeof value === 'string' && value !== '').join(', ') || 'unknown';
  };
  const facts: [string, (run: SummaryRun) => string][] = [
    ['system', (run) => run.info.system],
    [
      'data',
      (run) =>
        Object.entries(run.info.data)
          .map(([key, value]) => `${key} ${plain(value)}`)
          .join(', '),
    ],
    ['seed', (run) => `${run.info.seed}`],
    ['steps', (run) => formatNumber(run.steps)],
    ['training time', (run) => `${formatSeconds(run.seconds)} (${formatSeconds(run.seconds / run.steps)} a step)`],
    ['adapter', adapter],
    ['code', code],
    ['started', (run) => run.info.created],
    ['directory', (run) => run.dir],
  ];
  return {
    kind: 'table',
    columns: ['', ...runs.map((run) => run.title)],
    rows: facts.map(([name, of]) => [name, ...runs.map(of)]),
  };
}

/** Every setting of any run; those in which the runs differ come first. */
function configTable(runs: readonly SummaryRun[]): Block {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.info.config)))].sort();
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
  return typeof value === 'string' ? value : JSON.stringify(value);
}
