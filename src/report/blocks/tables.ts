/** The part of a report on tables of counts: how far samples are from the training rows, and what models make of them. */
import { type Apart, apartChart, heatMap } from '../charts/tables.ts';
import { type Block, figure, section, table } from '../html.ts';
import { formatNumber, formatPercent } from '../numbers.ts';
import type { StoredJudge, StoredQuality, StoredTarget } from '../results.ts';

/** Columns of a chart, and of a heat map. */
const BARS = 30;
const SQUARES = 30;
/** Pairs that are named. */
const NAMED = 5;

/** Columns by their total variation, the worst first. */
export const columnsApart = ({ columns, single, floor_single }: StoredJudge): Apart[] =>
  columns
    .map((name, j) => ({ name, samples: single[j], ...(floor_single ? { floor: floor_single[j] } : {}) }))
    .sort((a, b) => b.samples - a.samples);

interface Pair extends Apart {
  readonly a: number;
  readonly b: number;
}

/** All pairs of columns by their total variation, the worst first; none where only some were drawn. */
export function pairsApart({ columns, pairs, floor_pairs }: StoredJudge): Pair[] {
  if (!pairs) return [];
  const places = columns.flatMap((_, a) => columns.slice(a + 1).map((_, i) => ({ a, b: a + i + 1 })));
  return places
    .map(({ a, b }, i) => ({
      ...{ a, b, name: `${columns[a]} and ${columns[b]}`, samples: pairs[i] },
      ...(floor_pairs ? { floor: floor_pairs[i] } : {}),
    }))
    .sort((p, q) => q.samples - p.samples);
}

/** Everything on tables of counts and on linear models of several columns; nothing where they were not judged. */
export async function tableBlocks({ metrics, real, details = {} }: StoredQuality): Promise<Block[]> {
  const { judge, targets = [] } = details;
  const counts = judge ? [waysTable(judge, metrics, real), await bars(judge), ...(await heat(judge))] : [];
  return [
    ...section('Tables of counts', counts, 3),
    ...section('Linear models of columns', targets.length > 1 ? [targetTable(targets)] : [], 3),
  ];
}

function waysTable(
  { rows, tables }: StoredJudge,
  metrics: StoredQuality['metrics'],
  real: StoredQuality['real'],
): Block {
  const number = (v: unknown) => (typeof v === 'number' ? formatNumber(v, 3) : '-');
  const names = ['each column', 'pairs of columns', 'triples of columns'];
  const lines = names.map((name, i) => {
    const key = `total_variation_${i + 1}`;
    const many = tables[i] === 1 ? 'one table' : `${formatNumber(tables[i])} tables`;
    const alone = i === 0 ? '0' : number(metrics[`${key}_independent`]);
    return [{ value: name, notes: [many] }, number(metrics[key]), number(real?.[key]), alone];
  });
  const few = tables[2] ? '' : ' There are no triples of fewer than three columns.';
  const held = rows.holdout
    ? ` Beside it ${formatNumber(rows.holdout)} hold-out rows: as far off as fresh rows of the same kind are.`
    : ' There are no hold-out rows to say what chance alone gives.';
  const caption = `Mean total variation of ${formatNumber(rows.samples)} samples to the ${formatNumber(rows.training)} training rows, over tables of one, two and three columns: 0 where all shares are equal, 1 where nothing is common. Columns of more than 20 values go by quantiles of the training rows; missing cells are a value. Independent: samples whose columns are right each and say nothing of one another.${held}${few}`;
  return table(['samples', 'hold-out', 'independent'], lines, caption);
}

function bars(judge: StoredJudge): Promise<Block> {
  const list = columnsApart(judge);
  const shown = list.slice(0, BARS);
  const [worst] = list;
  const some = list.length > BARS ? ` The ${BARS} of ${list.length} columns that are furthest off.` : '';
  const caption = `Total variation of each column, the worst first: ${worst.name} with ${apartText(worst)}.${some}`;
  return figure(apartChart(shown), caption, 'Bar chart');
}

const apartText = ({ samples, floor }: Apart): string =>
  `${formatNumber(samples, 2)}${floor === undefined ? '' : ` (hold-out ${formatNumber(floor, 2)})`}`;

async function heat(judge: StoredJudge): Promise<Block[]> {
  const pairs = pairsApart(judge);
  if (!pairs.length) return [];
  // Many columns: those with the largest mean of their pairs, in their own order.
  const sums = judge.columns.map((_, j) => pairs.reduce((s, p) => (p.a === j || p.b === j ? s + p.samples : s), 0));
  const order = Array.from(sums.keys()).sort((i, j) => sums[j] - sums[i]);
  const kept = order.slice(0, SQUARES).sort((i, j) => i - j);
  const place = new Map(kept.map((j, i) => [j, i]));
  const shown = pairs.flatMap(({ a, b, ...rest }) => {
    const [x, y] = [place.get(a), place.get(b)];
    return x === undefined || y === undefined ? [] : [{ ...rest, a: x, b: y }];
  });
  const some = order.length > SQUARES ? ` The ${SQUARES} of ${order.length} columns that are furthest off.` : '';
  const above = judge.floor_pairs ? 'below the diagonal of samples, above it of hold-out rows' : 'of samples';
  const worst = pairs.slice(0, NAMED).map((pair) => `${pair.name} ${apartText(pair)}`);
  const caption = `Total variation of each pair of columns, ${above}; the darker (on a dark page the lighter), the further off. Furthest: ${worst.join('; ')}.${some}`;
  const chart = heatMap(
    kept.map((j) => judge.columns[j]),
    shown,
  );
  return [await figure(chart, caption, 'Heat map')];
}

function targetTable(targets: readonly StoredTarget[]): Block {
  const auc = (v: number | null | undefined) => (typeof v === 'number' ? formatNumber(v, 3) : '-');
  const rows = targets.map(
    ({ target, classes, majority, accuracy, auc: own, real_accuracy: ceiling, real_auc: best }) => {
      const beside = (text: string) => (ceiling === undefined ? [] : [`real rows: ${text}`]);
      return [
        { value: target, notes: [`${formatNumber(classes)} values`] },
        { value: auc(own), notes: beside(auc(best)) },
        {
          value: formatPercent(accuracy),
          notes: [...beside(formatPercent(ceiling ?? 0)), `guessing: ${formatPercent(majority)}`],
        },
      ];
    },
  );
  const caption =
    'Linear models that predict a column from all others, trained on samples and tested on real rows that nobody trained on; beside them models trained on real rows, and always guessing the most frequent value. AUC: 0.5 is chance; of more than two values the mean of each against the others.';
  return table(['AUC', 'right answers'], rows, caption);
}
