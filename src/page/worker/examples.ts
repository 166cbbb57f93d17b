/** Examples to try the page with, made by programs: people who do not exist, and images of digits that nobody wrote. */

import { PhiloxStream } from '../../base/philox.ts';
import { type Dataset, makeDataset } from '../../data/dataset.ts';

const TOWNS: Readonly<Record<string, number>> = {
  ...{ Ashford: 30, Brookfield: 22, 'Cedar Hill': 15, Dunmore: 12, 'East Lake': 9 },
  ...{ Fairview: 6, Glenwood: 4, 'Harbour, North': 2 },
};
const DAY_MS = 86_400_000;

/** An index with probability proportional to the weights. */
function pick(stream: PhiloxStream, weights: readonly number[]): number {
  let point = stream.uniform() * weights.reduce((sum, w) => sum + w, 0);
  const found = weights.findIndex((w) => (point -= w) < 0);
  return found < 0 ? weights.length - 1 : found;
}

const within = (low: number, value: number, high: number) => Math.min(high, Math.max(low, value));

/**
 * Members of a gym, as a CSV file with dates, numbers, categories, a quoted comma, missing values, and columns that
 * depend on each other: whether a membership is renewed follows from visits, age and plan.
 */
export function peopleCsv(rows = 3000, seed = 1): string {
  const s = new PhiloxStream(seed, 'page/people');
  const lines = ['joined,age,town,membership,income,visits_a_month,weight_kg,smoker,renewed'];
  for (let i = 0; i < rows; i++) {
    const age = Math.round(within(18, 41 + 14 * s.normal(), 90));
    const town = Object.keys(TOWNS)[pick(s, Object.values(TOWNS))];
    const kind = ['Basic', 'Plus', 'Family'][pick(s, [5, 3, age > 28 && age < 55 ? 5 : 1])];
    const income = Math.exp(10.1 + 0.35 * s.normal() + 0.012 * Math.min(age, 60));
    const smoker = s.uniform() < 0.22;
    const visits = Math.round(within(0, 7 + 4 * s.normal() - (smoker ? 2 : 0) + (kind === 'Plus' ? 3 : 0), 30));
    const weight = within(42, 74 + 12 * s.normal() - 0.4 * visits + 0.1 * age, 160);
    const renewed = s.uniform() < 1 / (1 + Math.exp(1.5 - 0.25 * visits - (kind === 'Family' ? 0.8 : 0)));
    const joined = new Date(Date.UTC(2019, 0, 1) + DAY_MS * Math.floor(2000 * s.uniform() ** 0.7));
    const cells = [
      joined.toISOString().slice(0, 10),
      String(age),
      town.includes(',') ? `"${town}"` : town,
      kind,
      s.uniform() < 0.12 ? '' : income.toFixed(0),
      String(visits),
      s.uniform() < 0.05 ? '' : weight.toFixed(1),
      s.uniform() < 0.04 ? '' : smoker ? 'yes' : 'no',
      renewed ? 'yes' : 'no',
    ];
    lines.push(cells.join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** A stroke of a pen, in a square from (0, 0) at the top left to (1, 1). */
type Stroke = readonly (readonly [x: number, y: number])[];

/** A piece of an ellipse around (x, y), in turns: from 0 at the right, clockwise, 0.25 at the bottom. */
function arc(x: number, y: number, rx: number, ry: number, from: number, to: number): Stroke {
  const n = Math.max(3, Math.ceil(14 * Math.abs(to - from)));
  return Array.from({ length: n + 1 }, (_, i) => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / n);
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)] as const;
  });
}

/** A line through points, given as x, y, x, y ... */
const line = (...at: number[]): Stroke => at.flatMap((x, i) => (i % 2 ? [] : [[x, at[i + 1]] as const]));

/** The ten digits. */
const DIGITS: readonly (readonly Stroke[])[] = [
  [arc(0.5, 0.5, 0.42, 0.5, 0, 1)],
  [line(0.25, 0.2, 0.55, 0, 0.55, 1)],
  [[...arc(0.5, 0.27, 0.38, 0.27, -0.5, 0.08), ...line(0.1, 1, 0.95, 1)]],
  [arc(0.45, 0.25, 0.4, 0.25, -0.42, 0.25), arc(0.45, 0.75, 0.45, 0.25, -0.25, 0.42)],
  [line(0.65, 0, 0.05, 0.65, 0.95, 0.65), line(0.7, 0.3, 0.7, 1)],
  [line(0.85, 0, 0.2, 0, 0.15, 0.45), [...line(0.15, 0.45), ...arc(0.45, 0.68, 0.42, 0.32, -0.3, 0.42)]],
  [[...line(0.7, 0, 0.25, 0.35), ...arc(0.5, 0.7, 0.38, 0.3, 0.5, 1.5)]],
  [line(0.1, 0, 0.9, 0, 0.4, 1)],
  [arc(0.5, 0.25, 0.34, 0.25, 0, 1), arc(0.5, 0.75, 0.42, 0.25, 0, 1)],
  [[...arc(0.5, 0.3, 0.38, 0.3, 0, 1), ...line(0.8, 1)]],
];

const SIDE = 16;

/** How bright a pixel is that lies so far from the middle of a stroke, in pixels. */
const ink = (distance: number, width: number) => within(0, 255 * (width - distance + 0.5), 255);

/** Distance of a point from a line from (ax, ay) to (bx, by). */
function distance(x: number, y: number, [ax, ay]: readonly number[], [bx, by]: readonly number[]): number {
  const [dx, dy] = [bx - ax, by - ay];
  const t = within(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 1);
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/** One digit, slanted, stretched, moved and drawn with a pen of some width by chance. */
function drawDigit(out: Uint8Array, strokes: readonly Stroke[], s: PhiloxStream): void {
  const [slant, wide, high] = [0.18 * s.normal(), 0.55 + 0.14 * s.uniform(), 0.72 + 0.12 * s.uniform()];
  const [left, top, width] = [0.6 * s.normal(), 0.6 * s.normal(), 0.55 + 0.55 * s.uniform()];
  const place = ([x, y]: readonly number[]) => [
    SIDE / 2 + left + SIDE * wide * (x - 0.5 - slant * (y - 0.5)),
    SIDE / 2 + top + SIDE * high * (y - 0.5),
  ];
  const lines = strokes.map((stroke) => stroke.map(([x, y]) => place([x + 0.02 * s.normal(), y + 0.02 * s.normal()])));
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let near = SIDE;
      for (const line of lines) {
        for (let i = 1; i < line.length; i++) near = Math.min(near, distance(x + 0.5, y + 0.5, line[i - 1], line[i]));
      }
      out[y * SIDE + x] = ink(near, width);
    }
  }
}

/** Grey images of the ten digits, [16, 16, 1] bytes, like small handwriting; labels are the digits. */
export function digits(rows = 3000, holdout = 500, seed = 1): Dataset<Uint8Array> {
  const s = new PhiloxStream(seed, 'page/digits');
  const area = SIDE * SIDE;
  const bytes = new Uint8Array((rows + holdout) * area);
  const labels = Uint32Array.from({ length: rows + holdout }, () => s.below(10));
  for (const [i, label] of labels.entries()) drawDigit(bytes.subarray(i * area, (i + 1) * area), DIGITS[label], s);
  return makeDataset({
    name: 'digits',
    columns: [],
    shape: [SIDE, SIDE, 1],
    ...{ values: bytes, split: rows, labels },
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
    meta: { origin: `drawn by a program, seed ${seed}`, seed },
  });
}
