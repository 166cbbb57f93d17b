/** The part of a report on a table's columns: what they hold, how they go together, what they say of each other. */
import { columnChart, type DiagonalPoint, diagonalChart, predictionChart } from '../charts/columns.ts';
import { type Block, type Cell, figure, section, table } from '../html.ts';
import { formatNumber, formatPercent } from '../numbers.ts';
import type { StoredColumn, StoredPairs, StoredQuality } from '../results.ts';

/** Columns of the table, and of them those that get a chart. */
const SHOWN = 40;
const CHARTS = 3;
/** Columns of a chart of predictions. */
const PREDICTED = 25;

/** What a model learns from the samples of a table, in plain words; undefined where none was trained. */
export function targetSentence({ metrics, real = {}, details }: StoredQuality): string | undefined {
  const task = details?.downstream;
  const { downstream_linear_accuracy: made, downstream_majority: majority, downstream_gain_share: gain } = metrics;
  if (!task || typeof made !== 'number' || typeof majority !== 'number') return undefined;
  const ceiling = real.downstream_linear_accuracy;
  const cases = `${formatNumber(task.tested)} real cases`;
  const other = typeof ceiling === 'number' ? `; one trained on real rows in ${formatPercent(ceiling)}` : '';
  const way =
    typeof gain === 'number'
      ? gain > 0
        ? ` So the samples teach ${gain >= 1 ? 'all' : formatPercent(gain)} of what real rows teach about it.`
        : ' So the samples teach nothing about it.'
      : '';
  return `A linear model that predicts ${task.target}, trained on the samples, is right in ${formatPercent(made)} of ${cases} that nobody trained on${other}. Always guessing the most frequent answer gives ${formatPercent(majority)}.${way}`;
}

/** Worst first. */
export const byDistance = (columns: readonly StoredColumn[]): StoredColumn[] =>
  [...columns].sort((a, b) => b.distance - a.distance);

/** Everything on the columns of a table; nothing of what has none. */
export async function columnBlocks({ metrics, real, details = {} }: StoredQuality): Promise<Block[]> {
  const { columns = [], associations = [] } = details;
  const worst = byDistance(columns);
  const charts = await Promise.all(worst.slice(0, CHARTS).map(columnFigure));
  const mean = (key: string) => {
    const [made, own] = [metrics[key], real?.[key]];
    const beside = typeof own === 'number' ? ` (real rows: ${formatNumber(own, 3)})` : '';
    return typeof made === 'number' ? `${formatNumber(made, 3)}${beside}` : '-';
  };
  const strengths = associations.map(({ a, b, reference, samples }) => [
    `${a} and ${b}`,
    ...[reference, samples].map((v) => formatNumber(v, 2)),
  ]);
  const how = `How much a column says of another: Cramer's V, 0 where nothing, 1 where all; numbers by deciles. The pairs that differ most; on average of all pairs the difference is ${mean('association_difference_mean')}.`;
  const pairs = strengths.length ? [table(['real rows', 'samples'], strengths, how)] : [];
  return [
    ...section('Columns', columns.length ? [columnTable(worst), ...charts] : [], 3),
    ...section('Pairs of columns', pairs, 3),
    ...(await shareBlocks(details.dimension_probability)),
    ...(await predictionBlocks(details.column_accuracy, details.dimension_prediction)),
  ];
}

function columnTable(worst: readonly StoredColumn[]): Block {
  const rows = worst.slice(0, SHOWN).map(({ name, kind, distance, real, labels, reference, samples }): Cell[] => {
    const shares = (list: readonly number[]) => labels.map((label, i) => `${label} ${formatPercent(list[i])}`);
    const notes = real === undefined ? [] : [`real rows: ${formatNumber(real, 2)}`];
    return [
      { value: name, notes: [kind] },
      { value: formatNumber(distance, 2), notes },
      {
        ...{ real: reference, samples },
        alt: `${name}. Real rows: ${shares(reference).join(', ')}. Samples: ${shares(samples).join(', ')}.`,
      },
    ];
  });
  const some = worst.length > SHOWN ? ` The ${SHOWN} of ${worst.length} columns that differ most.` : '';
  const caption = `Columns by how far samples are from real rows, the worst first. Distance: 0 where equal, 1 where nothing is common (total variation of categories, Kolmogorov-Smirnov of numbers and dates); beside it that of training rows, which is chance. Wide grey bars: real rows; narrow ones before them: samples.${some}`;
  return table(['distance', 'real and samples'], rows, caption);
}

function columnFigure(column: StoredColumn): Promise<Block> {
  const { name, distance, labels, reference, samples } = column;
  const off = labels.map((_, i) => Math.abs(samples[i] - reference[i]));
  const most = off.indexOf(Math.max(...off));
  const where = labels.length
    ? ` Most at "${labels[most]}": ${formatPercent(reference[most])} of real rows, ${formatPercent(samples[most])} of samples.`
    : '';
  return figure(columnChart(column), `${name}: distance ${formatNumber(distance, 2)}.${where}`, 'Bar chart');
}

/** The places where both have a value. */
const pointsOf = ({ columns, real, samples }: StoredPairs): DiagonalPoint[] =>
  columns.flatMap((name, i) => {
    const [a, b] = [real[i], samples[i]];
    return a === null || b === null ? [] : [{ name, real: a, samples: b }];
  });

async function shareBlocks(pairs: StoredPairs | undefined): Promise<Block[]> {
  const points = pairs ? pointsOf(pairs) : [];
  if (!points.length) return [];
  const caption =
    'Each point is a value of a column: its share of training rows and of samples, on axes of square roots. Equal shares lie on the dashed line; the furthest are named.';
  const chart = diagonalChart(points, { xTitle: 'share of training rows', yTitle: 'share of samples', roots: true });
  const what = `Scatter plot of ${formatNumber(points.length)} points`;
  return section('Shares of values', [await figure(chart, caption, what)], 3);
}

/** Of a table of categories accuracies; of zeros and ones balanced accuracies, which have a chance of one half. */
async function predictionBlocks(
  accuracies: StoredPairs | undefined,
  balanced: StoredPairs | undefined,
): Promise<Block[]> {
  const title = 'Predicting a column from the others';
  const how = 'by linear models of all other columns, tested on real rows that nobody trained on';
  if (accuracies?.columns.length) {
    const { majority } = accuracies;
    const columns = pointsOf(accuracies).map((point, i) => ({ ...point, majority: majority?.[i] }));
    const off = ({ real, samples }: DiagonalPoint) => Math.abs(real - samples);
    const shown = [...columns].sort((a, b) => off(b) - off(a)).slice(0, PREDICTED);
    const some = columns.length > shown.length ? `; ${shown.length} of ${columns.length} columns` : '';
    const caption = `How often a category is predicted rightly ${how}. Samples are as good as real rows where both marks meet${some}.`;
    return section(title, [await figure(predictionChart(shown), caption, 'Dot plot')], 3);
  }
  const points = balanced ? pointsOf(balanced) : [];
  if (!points.length) return [];
  const caption = `Each point is a column: balanced accuracy of predicting it ${how}; trained on real rows, and on samples. One half is chance.`;
  const chart = diagonalChart(points, { xTitle: 'trained on real rows', yTitle: 'trained on samples' });
  return section(title, [await figure(chart, caption, 'Scatter plot')], 3);
}
