/** The report of an experiment: what was varied, what leaked and how good the samples were, in means over seeds. */
import { readings } from '../attack/index.ts';
import {
  type Averaged,
  type Plan,
  type Readings,
  type Row,
  type Setting,
  tableOf,
} from '../run/experiment/experiment.ts';
import { type IntervalPoint, intervalChart } from './charts/intervals.ts';
import { type Block, figure, heading, panel, paragraph, type Report, table } from './html.ts';
import { formatNumber, formatPercent } from './numbers.ts';
import { attackNote, attackRow, type Row as Measured, qualityRow } from './readings.ts';
import { readingCell } from './summary.ts';

/** A number of an experiment. */
interface Metric extends Measured {
  readonly chance?: number;
  /** of an attack the one that all have; its other statistics are in the table only */
  readonly accuracy: boolean;
}

/** Statistics of an attack that stand behind its name and a colon. */
const STATISTICS: Readonly<Record<string, Pick<Metric, 'title' | 'unit' | 'chance'>>> = {
  auc: { title: 'AUC', unit: 'number', chance: 0.5 },
  'tpr-at-1%': { title: 'TPR at 1 % FPR', unit: 'share', chance: 0.01 },
};

/** What a number of an experiment is, by its name there: that of a quality measure, or of an attack's reading. */
export function metricOf(metric: string): Metric {
  const [name, statistic] = metric.split(':');
  if (!readings.has(name)) return { ...qualityRow(metric), accuracy: false };
  const row = attackRow(name);
  if (statistic === undefined) return { ...row, chance: 0.5, accuracy: true };
  const { title, unit, chance } = STATISTICS[statistic] ?? { title: statistic, unit: 'number' };
  const meaning = attackNote(name);
  return { ...row, name: metric, title: `${row.title}, ${title}`, unit, meaning, chance, accuracy: false };
}

const WORDS: Readonly<Record<Plan['kind'], string>> = {
  'k-sweep': 'the number of critics',
  'epsilon-sweep': 'epsilon',
  compare: 'the system',
};

/** Settings whose best attack is surely better than chance, though chosen as the best, and those of which no more can be said. */
function verdict(settings: readonly Setting[], runs: readonly (readonly Readings[])[]): string[] {
  const names = new Set(
    runs.flat().flatMap((readings) => Object.keys(readings).filter((metric) => metricOf(metric).accuracy)),
  );
  // Each interval holds with so much more confidence that all of them do with 95 % (Bonferroni).
  const attacks = tableOf(runs, 1 - 0.05 / Math.max(1, names.size)).filter(({ metric }) => metricOf(metric).accuracy);
  return settings.map(({ label }, i) => {
    const found = attacks.flatMap(({ metric, values }) => {
      const value = values[i];
      return value ? [{ metric, ...value }] : [];
    });
    if (!found.length) return `${label}: not attacked.`;
    const best = found.reduce((a, b) => (b.mean > a.mean ? b : a));
    const sure = best.ci95 !== null && best.ci95[0] > 0.5;
    const range = best.ci95 ? ` [${best.ci95.map(formatPercent).join(', ')}]` : '';
    const who = `the best of ${found.length} attacks (${metricOf(best.metric).title}) is right in ${formatPercent(best.mean)}${range} of cases`;
    return `${label}: ${who}, ${sure ? 'above chance (50 %)' : 'which does not tell it from chance (50 %)'}.`;
  });
}

/** @param runs the readings of each setting's runs @param adapter what it ran on */
export async function experimentReport(
  plan: Plan,
  settings: readonly Setting[],
  runs: readonly (readonly Readings[])[],
  adapter: string,
): Promise<Report> {
  const rows = tableOf(runs);
  const { kind, data, seeds } = plan;
  const accuracies = rows.filter(({ metric }) => metricOf(metric).accuracy);
  const quality = rows.filter(({ metric }) => !metricOf(metric).attack);
  const many = seeds.length === 1 ? 'run' : 'runs';
  return {
    title: `VeilGAN experiment: leakage and quality by ${WORDS[kind]}, ${data}`,
    blocks: [
      panel('owner', "For the data's owner", [
        paragraph(
          'Attacks and quality look at real records, and no epsilon covers what they say. Who publishes this page of private data publishes more than the runs promise.',
        ),
      ]),
      heading('What was found'),
      paragraph(
        `${settings.length} settings, ${seeds.length} ${many} of each with different seeds, trained on ${plan.rows.toLocaleString('en')} records. The best of several attacks is chosen after the fact, so it lies a little above chance even where nothing leaks; the intervals here are widened for that.`,
      ),
      { kind: 'points', items: verdict(settings, runs) },
      ...(await figures(plan, settings, accuracies, quality)),
      heading('All numbers'),
      numbersTable(settings, rows),
      heading('What the numbers mean'),
      {
        kind: 'list',
        items: [...accuracies, ...quality].map(({ metric }) => {
          const { title, meaning } = metricOf(metric);
          return { term: title, text: meaning };
        }),
      },
      heading('Settings'),
      settingsTable(settings),
      {
        kind: 'list',
        items: [
          { term: 'attacks', text: `${plan.attacks.join(', ')}; no others were run` },
          { term: 'seeds', text: seeds.join(', ') },
          { term: 'adapter', text: adapter },
        ],
        dense: true,
      },
    ],
  };
}

/** An interval as far as there are such values: a share is in [0, 1]. */
function within({ ci95 }: Averaged, { unit, attack }: Metric): readonly [number, number] | undefined {
  if (!ci95 || (unit === 'number' && !attack)) return ci95 ?? undefined;
  return [Math.max(0, ci95[0]), Math.min(1, ci95[1])];
}

function numbersTable(settings: readonly Setting[], rows: readonly Row[]): Block {
  const cells = rows.map(({ metric, values }) => {
    const row = metricOf(metric);
    const reading = (value: Averaged) => ({ row, value: value.mean, ci95: within(value, row), chance: row.chance });
    return [row.title, ...values.map((value) => readingCell(value ? reading(value) : undefined))];
  });
  const caption =
    'Means over seeds, with the 95 % interval below: over seeds, and for attacks over the choice of records too. "above chance" where all of it lies above.';
  return table(titlesOf(settings), cells, caption);
}

function settingsTable(settings: readonly Setting[]): Block {
  const names = [...new Set(settings.flatMap(({ fields }) => Object.keys(fields)))];
  const show = (value: unknown) =>
    value === undefined ? '-' : typeof value === 'number' ? formatNumber(value) : String(value);
  const rows = [
    ['system', ...settings.map(({ system }) => system)],
    ...names.map((name) => [name, ...settings.map(({ fields }) => show(fields[name]))]),
  ];
  return table(titlesOf(settings), rows, 'All other settings are the defaults of train.');
}

const titlesOf = (settings: readonly Setting[]): string[] => settings.map(({ label }) => label);

async function figures(
  { kind }: Plan,
  settings: readonly Setting[],
  accuracies: readonly Row[],
  quality: readonly Row[],
): Promise<Block[]> {
  const place = ({ value, label }: Setting) => (kind === 'compare' ? label : value === null ? 'none' : String(value));
  const xTitle = { 'k-sweep': 'K, critics', 'epsilon-sweep': 'epsilon', compare: '' }[kind];
  const pointsOf = ({ metric, values }: Row): IntervalPoint[] =>
    values.flatMap((value: Averaged | null, i) => {
      if (!value) return [];
      const row = metricOf(metric);
      return [{ at: place(settings[i]), series: row.title, mean: value.mean, ci95: within(value, row) ?? null }];
    });
  const chart = (list: readonly Row[], yTitle: string, caption: string, level?: number) =>
    figure(intervalChart(list.flatMap(pointsOf), { xTitle, yTitle, level }), caption, 'Points with intervals');
  const blocks: Block[] = [];
  if (accuracies.length) {
    const caption = 'Attack accuracy, means and 95 % intervals; the dashed line is chance.';
    blocks.push(await chart(accuracies, 'attack accuracy', caption, 0.5));
  }
  for (const row of quality) {
    const { title, meaning } = metricOf(row.metric);
    blocks.push(await chart([row], title, `${title[0].toUpperCase()}${title.slice(1)}. ${meaning}`.trim()));
  }
  return blocks;
}
