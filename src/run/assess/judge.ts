/**
 * The judge of tables, the same for every system: as many samples as training rows, columns in few places, and how far
 * tables of counts over one, two and three columns are from those of the training rows.
 */
import { mean } from '../../base/maths/statistics.ts';
import { PhiloxStream } from '../../base/philox.ts';
import type { TableRows } from '../../data/encoding/decode.ts';
import type { CategoryColumn, Column } from '../../data/table.ts';
import { detectionAuc } from '../../metrics/detection.ts';
import { type Features, featuresOf } from '../../metrics/features.ts';
import { type Levels, levelsOf, UNKNOWN } from '../../metrics/levels.ts';
import { columnLists, tableDistances } from '../../metrics/multiway.ts';
import type { Tables } from './columns.ts';
import { type Evaluation, skip } from './subject.ts';

/** Tables over three columns, drawn by a seed of their own, so that all systems are judged by the same ones. */
const TRIPLES = 400;
/** Pairs beyond which some are drawn: those of 200 columns. */
const PAIRS = 19_900;
const SEED = 0;
/** Rows of each side that a model tells apart. */
const TOLD = 7500;

/** What is stored of tables of counts. */
export interface JudgeDetail {
  readonly columns: readonly string[];
  /** the hold-out is in `floor`, where there is one */
  readonly rows: { readonly samples: number; readonly training: number; readonly holdout?: number };
  /** total variation of each column */
  readonly single: readonly number[];
  readonly floor_single?: readonly number[];
  /** of each pair, in the order of `pairsOf`; absent where only some were drawn */
  readonly pairs?: readonly number[];
  readonly floor_pairs?: readonly number[];
  /** how many tables the means are over */
  readonly tables: readonly [single: number, pairs: number, triples: number];
}

/** Whether all values of a category are numbers, which have an order of their own. */
const numeric = ({ values }: CategoryColumn): boolean =>
  values.every((text) => text.trim() !== '' && Number.isFinite(Number(text)));

/**
 * Columns of rows as numbers. Of a category it is the index among a table's values, or the value itself where all are
 * numbers; UNKNOWN where it is none of them.
 */
export function levelCells({ columns, cells }: TableRows, of: readonly Column[]): Float64Array[] {
  const rows = cells.length / columns.length;
  return of.map((column) => {
    const j = columns.findIndex(({ name }) => name === column.name);
    const own = columns[j];
    const number = 'values' in column && numeric(column);
    const known =
      'values' in column ? new Map(column.values.map((text, i) => [text, number ? Number(text) : i])) : undefined;
    const places = known && 'values' in own ? own.values.map((text) => known.get(text) ?? UNKNOWN) : undefined;
    const place = (v: number) => (places && !Number.isNaN(v) ? places[v] : v);
    return Float64Array.from({ length: rows }, (_, i) => place(cells[i * columns.length + j]));
  });
}

/** The columns of the training rows. */
export interface Trained {
  readonly columns: readonly Column[];
  /** as `levelCells` has them */
  readonly cells: readonly Float64Array[];
  readonly levels: readonly Levels[];
}

/** What the judge takes from the training rows. */
export function trainedOn({ train }: Tables): Trained {
  const cells = levelCells(train, train.columns);
  return { columns: train.columns, cells, levels: cells.map(levelsOf) };
}

/** What makes features of rows: categories by names, unless the names are numbers. */
export const featuresFor = ({ columns, cells, levels }: Trained, bins: boolean): Features =>
  featuresOf(
    columns.map((column, j) => ({
      nominal: 'values' in column && !numeric(column),
      train: cells[j],
      levels: levels[j],
    })),
    { bins },
  );

/**
 * Mean distances of tables over one, two and three columns from the training rows; beside them those of the hold-out, and
 * of the training rows' own columns were they independent.
 */
export function judgeCounts(
  { judged, unseen }: Tables,
  { columns, cells: own, levels }: Trained,
  found: Evaluation,
): void {
  const coded = (cells: readonly Float64Array[]) => cells.map((column, j) => levels[j].code(column));
  const others = [judged, ...(unseen ? [unseen] : [])].map((rows) => coded(levelCells(rows, columns)));
  const reference = coded(own);
  const stream = new PhiloxStream(SEED, 'evaluate/tables');
  const single = columnLists(columns.length, 1, columns.length, stream);
  const pairs = columnLists(columns.length, 2, PAIRS, stream);
  const triples = columnLists(columns.length, 3, TRIPLES, stream);
  const ways = [single, pairs, triples].map((lists) => tableDistances(reference, others, lists));
  for (const [i, { others: way, independent }] of ways.entries()) {
    const name = (['total_variation_1', 'total_variation_2', 'total_variation_3'] as const)[i];
    if (!way[0].length) {
      skip(found, name, `the table has ${columns.length === 1 ? 'one column' : `${columns.length} columns`}`);
      continue;
    }
    found.metrics[name] = mean(way[0]);
    if (unseen) found.real[name] = mean(way[1]);
    if (name !== 'total_variation_1') found.metrics[`${name}_independent`] = mean(independent);
  }
  const all = pairs.length === (columns.length * (columns.length - 1)) / 2;
  const detail: JudgeDetail = {
    columns: columns.map(({ name }) => name),
    rows: {
      samples: others[0][0].cells.length,
      training: own[0].length,
      ...(unseen ? { holdout: others[1][0].cells.length } : {}),
    },
    single: ways[0].others[0],
    ...(unseen ? { floor_single: ways[0].others[1] } : {}),
    ...(all ? { pairs: ways[1].others[0], ...(unseen ? { floor_pairs: ways[1].others[1] } : {}) } : {}),
    tables: [single.length, pairs.length, triples.length],
  };
  found.details.judge = detail;
}

/**
 * How well a linear model tells samples from rows that training left out (from training rows where there are none);
 * beside it training rows in the place of samples.
 * @param real whether those are wanted
 */
export function judgeDetection(
  { train, judged, unseen }: Tables,
  trained: Trained,
  found: Evaluation,
  { real, seed }: { real: boolean; seed: number },
): void {
  const features = featuresFor(trained, true);
  const sides = [judged, unseen ?? train, ...(unseen && real ? [train] : [])];
  const most = Math.min(TOLD, ...sides.map((rows) => rows.cells.length / rows.columns.length));
  if (most < 4) {
    skip(found, 'detection_auc', 'it needs four rows of each kind');
    return;
  }
  const stream = new PhiloxStream(seed, 'evaluate/detection');
  const [made, others, members] = sides.map((rows) =>
    features.rows(levelCells(somePicked(rows, most, stream), trained.columns)),
  );
  const width = made.length / most;
  found.metrics.detection_auc = detectionAuc(others, made, width, stream);
  if (members) found.real.detection_auc = detectionAuc(others, members, width, stream);
}

/** So many rows, by chance. */
function somePicked({ columns, cells }: TableRows, most: number, stream: PhiloxStream): TableRows {
  const width = columns.length;
  const list = stream.permutation(cells.length / width).subarray(0, most);
  const picked = new Float64Array(most * width);
  list.forEach((row, i) => {
    picked.set(cells.subarray(row * width, (row + 1) * width), i * width);
  });
  return { columns, cells: picked };
}
