/** What a table's samples and real rows look like, column by column and pair by pair. */

import { mean } from '../../base/maths/statistics.ts';
import { cellText } from '../../data/csv/text.ts';
import type { TableRows } from '../../data/encoding/decode.ts';
import { rounding } from '../../data/encoding/knots.ts';
import type { CategoryCode, ColumnCode, NumberCode } from '../../data/table.ts';
import { associations, binsOf, pairsOf } from '../../metrics/association.ts';
import type { Metrics } from '../../metrics/index.ts';
import { ascending, type ColumnCells, marginalDistance, type Places, placeShares } from '../../metrics/marginals.ts';
import { columnCells, placeNames, type Tables } from './columns.ts';
import type { Evaluation } from './subject.ts';

/** Bars that a column is shown in, its missing cells aside. */
const BARS = 12;
/** Pairs of columns that are named. */
const PAIRS = 5;

/** The law of a column in few bars. */
export interface ColumnDetail {
  readonly name: string;
  readonly kind: ColumnCode['kind'];
  /** of the samples to the reference */
  readonly distance: number;
  /** of as many real rows to the reference */
  readonly real?: number;
  /** what the bars stand for */
  readonly labels: readonly string[];
  /** share of the cells in each */
  readonly reference: readonly number[];
  readonly samples: readonly number[];
}

type Bars = Pick<ColumnDetail, 'labels' | 'reference' | 'samples'>;

/** A category's most frequent values, the others together. */
function categoryBars(code: CategoryCode, reference: Places, samples: Places): Bars {
  const [a, b, names] = [Array.from(placeShares(reference)), Array.from(placeShares(samples)), placeNames(code)];
  const order = Array.from(a.keys())
    .filter((i) => a[i] + b[i] > 0)
    .sort((i, j) => a[j] + b[j] - a[i] - b[i]);
  const shown = order.slice(0, order.length > BARS ? BARS - 1 : BARS);
  const rest = order.slice(shown.length);
  const of = (list: readonly number[]) => [
    ...shown.map((i) => list[i]),
    ...(rest.length ? [rest.reduce((sum, i) => sum + list[i], 0)] : []),
  ];
  const others = rest.length ? [`${rest.length} more`] : [];
  return { labels: [...shown.map((i) => names[i]), ...others], reference: of(a), samples: of(b) };
}

/** Bars of equal width from the 1st to the 99th percentile, the outer ones open; single values where there are few. */
function numberBars(code: NumberCode, reference: Float64Array, samples: Float64Array): Bars {
  const { name, kind, format = '', decimals = 0 } = code;
  const text = (cell: number) => cellText(kind === 'date' ? { name, kind, format } : { name, kind, decimals }, cell);
  const sorted = ascending(reference);
  const values = [...new Set(sorted)];
  const few = values.length <= BARS;
  const [low, high] = [0.01, 0.99].map((share) => sorted[Math.floor(share * sorted.length)]);
  const round = rounding(code);
  const even = (i: number) => round(low + ((i + 1) / BARS) * (high - low));
  const edges = few ? values.slice(1) : [...new Set(Array.from({ length: BARS - 1 }, (_, i) => even(i)))];
  const shares = (cells: Float64Array) => {
    const counts = new Array<number>(edges.length + 2).fill(0);
    for (const v of cells) counts[Number.isNaN(v) ? edges.length + 1 : barOf(edges, v)]++;
    return counts.map((count) => count / cells.length);
  };
  const open = [`below ${text(edges[0] ?? 0)}`, ...edges.map((edge) => `from ${text(edge)}`)];
  const labels = [...(few ? (values.length ? values.map(text) : ['a value']) : open), '(missing)'];
  const [a, b] = [shares(reference), shares(samples)];
  const missing = edges.length + 1;
  const cut = <T>(list: T[]) => (a[missing] + b[missing] > 0 ? list : list.slice(0, missing));
  return { labels: cut(labels), reference: cut(a), samples: cut(b) };
}

/** How many of ascending edges are at or below a value. */
const barOf = (edges: readonly number[], v: number): number => {
  let i = 0;
  while (i < edges.length && v >= edges[i]) i++;
  return i;
};

function barsOf(code: ColumnCode, reference: ColumnCells, samples: ColumnCells): Bars {
  if ('at' in code) return numberBars(code, Float64Array.from(reference.cells), Float64Array.from(samples.cells));
  return categoryBars(code, reference as Places, samples as Places);
}

const most = (list: readonly number[]) => list.reduce((best, v, i) => (v > list[best] ? i : best), 0);

/** Distances of columns, and differences of the associations of pairs, from the reference's. */
export function marginalQuality({ encoding, ...tables }: Tables, found: Evaluation): void {
  const columns = (rows: TableRows) => columnCells(rows, encoding);
  const against = columns(tables.reference);
  const bins = against.map(binsOf);
  const bound = (list: readonly ColumnCells[]) => associations(list.map((column, j) => bins[j](column)));
  const own = bound(against);
  const judge = (list: readonly ColumnCells[]) => {
    const distances = list.map((column, j) => marginalDistance(against[j], column));
    const strengths = bound(list);
    const differences = strengths.map((v, i) => Math.abs(v - own[i]));
    const metrics: Metrics = {
      marginal_distance_mean: mean(distances),
      marginal_distance_max: Math.max(...distances),
      ...(own.length
        ? { association_difference_mean: mean(differences), association_difference_max: Math.max(...differences) }
        : {}),
    };
    return { distances, strengths, metrics };
  };
  const cells = columns(tables.samples);
  const samples = judge(cells);
  const real = tables.members && judge(columns(tables.members));
  Object.assign(found.metrics, samples.metrics);
  if (real) Object.assign(found.real, real.metrics);
  const { columns: codes } = encoding;
  found.details.marginal_distance_max = codes[most(samples.distances)].name;
  found.details.columns = codes.map(
    (code, j): ColumnDetail => ({
      name: code.name,
      kind: code.kind,
      distance: samples.distances[j],
      ...(real ? { real: real.distances[j] } : {}),
      ...barsOf(code, against[j], cells[j]),
    }),
  );
  found.details.associations = pairsOf(codes.length)
    .map(([a, b], i) => ({ a: codes[a].name, b: codes[b].name, reference: own[i], samples: samples.strengths[i] }))
    .sort((x, y) => Math.abs(y.samples - y.reference) - Math.abs(x.samples - x.reference))
    .slice(0, PAIRS);
}
