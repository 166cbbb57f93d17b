/** Straight lines between knots: how numbers and dates come to [-1, 1] and back. Browser-safe. */
import { logTail } from '../../base/maths/normal.ts';
import { bisect } from '../../base/maths/search.ts';
import { hasTime } from '../csv/dates.ts';
import type { NumberCode } from '../table.ts';

/** Knots of a monotone curve. */
export interface Curve {
  /** strictly increasing */
  readonly values: readonly number[];
  /** strictly increasing from -1 to 1, each a 32-bit float; one knot is at 0 */
  readonly at: readonly number[];
}

/** The last i with xs[i] <= x, of all but the last one: the piece of ascending xs that x is in, or next to. */
export function pieceOf(xs: ArrayLike<number>, x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * y at x on the lines through the points (xs, ys), the first and the last y beyond them; exactly ys[i] at xs[i].
 * @param xs ascending
 */
export function interpolate(xs: ArrayLike<number>, ys: ArrayLike<number>, x: number): number {
  const last = xs.length - 1;
  if (!(x > xs[0])) return ys[0];
  if (x >= xs[last]) return ys[last];
  const i = pieceOf(xs, x);
  return ys[i] + ((x - xs[i]) / (xs[i + 1] - xs[i])) * (ys[i + 1] - ys[i]);
}

/** How far positions are drawn from the ranks toward even spacing. */
const EVEN = 1 / 8;

/**
 * Where knots lie by their ranks: -1 to 1 in proportion, and an eighth of the way toward even spacing, so that m knots
 * are at least 1 / (4 (m - 1)) apart: else a rare value would have a place that neither a network nor f32 can resolve.
 * @param ranks ascending
 */
export function positions(ranks: readonly number[]): number[] {
  if (ranks.length < 2) return ranks.map(() => 0);
  return partsOf(ranks, EVEN).map((part, i) => (i === ranks.length - 1 ? 1 : Math.fround(2 * part - 1)));
}

/** Ranks as parts of all, drawn toward even spacing. @param ranks ascending, at least two */
function partsOf(ranks: readonly number[], drawn: number): number[] {
  const last = ranks.length - 1;
  const span = ranks[last] - ranks[0];
  return ranks.map((rank, i) => {
    const even = i / last;
    return (1 - drawn) * (span > 0 ? (rank - ranks[0]) / span : even) + drawn * even;
  });
}

/** Spread of a normal number of which tanh is about uniform in (-1, 1). */
export const SPREAD = 0.83;
/** How far scores are drawn toward even spacing. */
const CLOSE = 1 / 256;

/**
 * Where knots lie by their ranks so that tanh of 0.83 times a normal number, which a generator can make without having
 * learnt anything, is between two of them as often as their ranks are apart; but for a 256th of the way toward even
 * spacing.
 * @param ranks ascending
 */
export function scores(ranks: readonly number[]): number[] {
  if (ranks.length < 2) return ranks.map(() => 0);
  const last = ranks.length - 1;
  return partsOf(ranks, CLOSE).map((part, i) => {
    if (i === 0 || i === last) return i === 0 ? -1 : 1;
    const score = bisect(-9, 9, (x) => logTail(-x) >= Math.log(part));
    return Math.fround(Math.tanh(SPREAD * score));
  });
}

/**
 * The curve of the empirical distribution: each knot is a value, at its mid-rank (how many are below it and half of
 * those equal to it), so that ties are one knot. Where there are more values than knots the extremes and the values
 * that more than their share of cells have are knots, and the rest lie evenly among the other cells.
 * @param sorted cells in ascending order, at least one
 * @param most knots, at least 2
 */
export function quantileCurve(sorted: Float64Array, most: number): Curve {
  const n = sorted.length;
  const starts: number[] = [];
  for (let i = 0; i < n; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) starts.push(i);
  const count = (run: number) => (starts[run + 1] ?? n) - starts[run];
  const all = Array.from(starts.keys());
  const chosen = new Set(all);
  if (starts.length > most) {
    const last = starts.length - 1;
    for (const run of all) if (run > 0 && run < last && count(run) * (most - 1) < n) chosen.delete(run);
    const rest = all.filter((run) => !chosen.has(run));
    const cells = rest.reduce((sum, run) => sum + count(run), 0);
    const parts = most - chosen.size + 1;
    let [seen, next] = [0, 1];
    for (const run of rest) {
      seen += count(run);
      if (next >= parts || seen * parts < next * cells) continue;
      chosen.add(run);
      next = Math.floor((seen * parts) / cells) + 1;
    }
  }
  const runs = all.filter((run) => chosen.has(run));
  return {
    values: runs.map((run) => sorted[starts[run]]),
    at: positions(runs.map((run) => starts[run] + count(run) / 2)),
  };
}

/** Two knots at the ends, or one. */
export const straightCurve = (low: number, high: number): Curve =>
  low === high ? { values: [low], at: [0] } : { values: [low, high], at: [-1, 1] };

type Stepped = Pick<NumberCode, 'kind' | 'decimals' | 'format'>;

/**
 * The grid of what a column can write, cell = step * period / per for whole steps, one of the two being 1: `per` is
 * 10^decimals of numbers and of the fractions of seconds, `period` 60 where the format has no seconds.
 */
export function gridOf({ kind, decimals = 0, format = '' }: Stepped): { per: number; period: number } {
  if (kind !== 'date') return { per: Number(`1e${decimals}`), period: 1 };
  const digits = /f+/.exec(format)?.[0].length ?? 0;
  return { per: Number(`1e${digits}`), period: hasTime(format) && !format.includes('SS') ? 60 : 1 };
}

/** The nearest cell that the column can write: a number with its decimals, as its digits would be read. */
export function rounding(code: Stepped): (v: number) => number {
  const { per, period } = gridOf(code);
  return (v) => {
    const steps = (v * per) / period;
    // The numbers are exact, so the result is the float next to the decimal number. Adding 0 makes -0 of -0.3 a 0.
    if (per <= 1e22 && Math.abs(steps) < 2 ** 53) return (Math.round(steps) * period) / per + 0;
    return per > 1e22 && Math.abs(v) < 1e21 ? Number(v.toFixed(code.decimals)) : v;
  };
}

/** The outermost cells that the column can write and the knots enclose; where there are none, the first knot's. */
export function reach(code: Stepped & Pick<NumberCode, 'values'>): [low: number, high: number] {
  const round = rounding(code);
  const { per, period } = gridOf(code);
  const [first, last] = [code.values[0], code.values[code.values.length - 1]];
  const [low, high] = [round(first), round(last)];
  const inner = [
    low < first ? round(low + period / per) : low,
    high > last ? round(high - period / per) : high,
  ] as const;
  return inner[0] <= inner[1] ? [...inner] : [low, low];
}

/**
 * How to get cells back from values in [-1, 1] (others are cut): through the inverse curve, rounded as the column is
 * written, and not beyond the outermost knots.
 */
export function inverse(code: NumberCode): (x: number) => number {
  const { values, at } = code;
  if (values.length === 0) return () => Number.NaN;
  const [low, high] = reach(code);
  const round = rounding(code);
  const [from, to] = [Float64Array.from(at), Float64Array.from(values)];
  return (x) => Math.min(high, Math.max(low, round(interpolate(from, to, x))));
}

/**
 * The largest error, before rounding, of a cell that goes to f32 and back, in steps of what the column can write: half a
 * unit in the last place of a value in [-1, 1], 2^-25, times the steepest line. Where it is below 1/2 every cell between
 * the knots comes back exactly; knots always do. So a straight line resolves 2^25 steps (33.5 million, as 335,544.31 in
 * hundredths), and a line between two of 33 quantile knots at least 2^17 (131,072).
 */
export function inversionError(code: NumberCode): number {
  const { values, at } = code;
  const { per, period } = gridOf(code);
  let steepest = 0;
  for (let i = 1; i < at.length; i++) {
    steepest = Math.max(steepest, (values[i] - values[i - 1]) / (at[i] - at[i - 1]));
  }
  return ((steepest * per) / period) * 2 ** -25;
}
