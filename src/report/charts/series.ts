/** Numbers made ready for a chart: pure functions, no drawing. */
import type { LossRow } from '../../train/loop.ts';

/** One point of the curves: mean, lowest and highest loss of a range of steps; undefined when none was finite. */
export interface LossPoint {
  step: number;
  g?: number;
  g_lo?: number;
  g_hi?: number;
  d?: number;
  d_lo?: number;
  d_hi?: number;
}

/**
 * Losses reduced to at most `points` ranges of consecutive rows when there are more than `limit` rows, else one point
 * a row. No extreme is lost: lo and hi are those of the range, for D over its K discriminators too.
 */
export function lossPoints(rows: readonly LossRow[], limit = 2000, points = 600): LossPoint[] {
  const count = rows.length > limit ? points : rows.length;
  return Array.from({ length: count }, (_, i) => {
    const begin = Math.floor((i * rows.length) / count);
    const end = Math.floor(((i + 1) * rows.length) / count);
    const range = rows.slice(begin, end);
    const [g, g_lo, g_hi] = spread(range.map((row) => row.loss_g));
    const [d, d_lo, d_hi] = spread(range.flatMap((row) => row.loss_d));
    return { step: range[Math.floor((range.length - 1) / 2)].step, g, g_lo, g_hi, d, d_lo, d_hi };
  });
}

/** Mean, minimum and maximum of the finite values. */
function spread(values: Iterable<number>): [number?, number?, number?] {
  let [count, sum, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    count += 1;
    sum += value;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return count === 0 ? [] : [sum / count, low, high];
}

/** Lowest and highest finite value of all lists; [0, 1] when there is none. */
export function extent(lists: readonly ArrayLike<number>[]): [number, number] {
  const ends = lists.flatMap((list) => spread(Array.from(list)).slice(1) as number[]);
  return ends.length ? [Math.min(...ends), Math.max(...ends)] : [0, 1];
}

/**
 * At most `limit` of n indices, rising, always the same ones: one from each of `limit` equal ranges, at a hashed place,
 * because a fixed stride would pick a single class from data that are sorted in turns.
 */
export function thin(n: number, limit: number): number[] {
  if (n <= limit) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: limit }, (_, i) => {
    const begin = Math.floor((i * n) / limit);
    const end = Math.floor(((i + 1) * n) / limit);
    return begin + (mix(i) % (end - begin));
  });
}

/** 32-bit integer hash: the finaliser of MurmurHash3 (Appleby, public domain). */
function mix(value: number): number {
  let h = value ^ 0x9e3779b9;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
