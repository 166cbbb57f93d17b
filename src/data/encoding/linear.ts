/** Bringing the columns of a table to [-1, 1], and samples back. Browser-safe. */
import { VeilganError } from '../../base/errors.ts';
import { type Dataset, quote } from '../dataset.ts';

/** How columns were scaled: v -> 2 (v - low) / (high - low) - 1. */
export interface Scaling {
  low: number[];
  high: number[];
  /** given: bounds known without the data, values beyond them moved to them; data: the training rows' own extremes */
  from: 'given' | 'data';
}

const wrong = (message: string, fix: string) => new VeilganError('USAGE', message, { where: '--scale', fix });

/** Bounds `low:high`, one for all columns or one for each, separated by commas. @throws VeilganError USAGE */
function parseBounds(text: string, columns: readonly string[]): Pick<Scaling, 'low' | 'high'> {
  const pairs = text.split(',').map((part) => part.split(':').map((s) => (s.trim() === '' ? Number.NaN : Number(s))));
  if (!pairs.every((pair) => pair.length === 2 && pair.every(Number.isFinite) && pair[0] < pair[1])) {
    throw wrong(`${quote(text)} gives no bounds`, 'Give LOW:HIGH, or one for each column as in 0:100,-5:5; or data');
  }
  if (pairs.length !== 1 && pairs.length !== columns.length) {
    const what = `${pairs.length} pairs of bounds for ${columns.length} columns`;
    throw wrong(what, `Give one for all, or one for each of ${columns.slice(0, 8).join(', ')}`);
  }
  const of = (side: number) => columns.map((_, j) => pairs[pairs.length === 1 ? 0 : j][side]);
  return { low: of(0), high: of(1) };
}

function extremes({ train, features }: Dataset): Pick<Scaling, 'low' | 'high'> {
  const low = new Array<number>(features).fill(Number.POSITIVE_INFINITY);
  const high = new Array<number>(features).fill(Number.NEGATIVE_INFINITY);
  train.forEach((v, i) => {
    low[i % features] = Math.min(low[i % features], v);
    high[i % features] = Math.max(high[i % features], v);
  });
  return { low, high };
}

/**
 * A table with its columns scaled.
 * @param spec `data` for the training rows' own extremes, or bounds (`0:100`, `0:100,-5:5`)
 * @throws VeilganError USAGE for other texts, and for images
 */
export function scaled(data: Dataset, spec: string): Dataset {
  if (!(data.train instanceof Float32Array) || data.shape.length !== 1) {
    throw wrong('images are in [-1, 1] already', 'Leave --scale away');
  }
  const from = spec === 'data' ? 'data' : 'given';
  const bounds = from === 'data' ? extremes(data) : parseBounds(spec, data.columns);
  const { features } = data;
  const to = (values: Dataset['train']) =>
    Float32Array.from(values, (v, i) => {
      const [low, high] = [bounds.low[i % features], bounds.high[i % features]];
      // A column of one value has nothing to learn.
      return high === low ? 0 : (2 * (Math.min(high, Math.max(low, v)) - low)) / (high - low) - 1;
    });
  return { ...data, train: to(data.train), holdout: to(data.holdout), scaling: { ...bounds, from } };
}

/** Rows [n, columns] back in the units of the source; as they are where nothing was scaled. */
export function unscaled(rows: Float32Array, scaling: Scaling | undefined): Float32Array {
  if (!scaling) return rows;
  const { low, high } = scaling;
  return rows.map((v, i) => low[i % low.length] + ((v + 1) / 2) * (high[i % low.length] - low[i % low.length]));
}
