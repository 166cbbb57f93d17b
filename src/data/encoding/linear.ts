/** Numbers of a file to [-1, 1] along straight lines, once and for all, and samples back. Browser-safe. */
import { VeilganError } from '../../base/errors.ts';
import { type Dataset, quote, withRows } from '../dataset.ts';
import type { Scaling } from '../table.ts';
import { interpolate, straightCurve } from './knots.ts';

const wrong = (message: string, fix: string) => new VeilganError('USAGE', message, { where: 'scale', fix });

/** Bounds `low:high`, one for all columns or one for each, separated by commas. @throws VeilganError USAGE */
function parseBounds(text: string, columns: readonly string[]): Scaling {
  const pairs = text.split(',').map((part) => part.split(':').map((s) => (s.trim() === '' ? Number.NaN : Number(s))));
  if (!pairs.every((pair) => pair.length === 2 && pair.every(Number.isFinite) && pair[0] < pair[1])) {
    throw wrong(`${quote(text)} gives no bounds`, 'Give LOW:HIGH, or one for each column as in 0:100,-5:5; or data');
  }
  if (pairs.length !== 1 && pairs.length !== columns.length) {
    const what = `${pairs.length} pairs of bounds for ${columns.length} columns`;
    throw wrong(what, `Give one for all, or one for each of ${columns.slice(0, 8).join(', ')}`);
  }
  const of = (side: number) => columns.map((_, j) => pairs[pairs.length === 1 ? 0 : j][side]);
  return { low: of(0), high: of(1), from: 'given' };
}

/**
 * Numbers with their columns scaled; a column of one value has nothing to learn, and becomes 0.
 * @param spec `data` for the training rows' own extremes, or bounds (`0:100`, `0:100,-5:5`)
 * @throws VeilganError USAGE for other texts, and for images
 */
export function scaled(data: Dataset, spec: string): Dataset {
  const { values, train, features, columns, rows, labels } = data;
  if (!(values instanceof Float32Array) || data.shape.length !== 1) {
    throw wrong('images are in [-1, 1] already', 'Leave it away');
  }
  const extreme = (of: (a: number, b: number) => number) =>
    columns.map((_, j) => {
      let most = train[j];
      for (let i = j; i < train.length; i += features) most = of(most, train[i]);
      return most;
    });
  const scaling: Scaling =
    spec === 'data' ? { low: extreme(Math.min), high: extreme(Math.max), from: 'data' } : parseBounds(spec, columns);
  const curves = columns.map((_, j) => straightCurve(scaling.low[j], scaling.high[j]));
  const to = values.map((v, i) => interpolate(curves[i % features].values, curves[i % features].at, v));
  return { ...withRows(data, to, rows, labels?.values), scaling };
}

/** Rows [n, columns] back in the units of the source; as they are where nothing was scaled. */
export function unscaled(rows: Float32Array, scaling: Scaling | undefined): Float32Array {
  if (!scaling) return rows;
  const { low, high } = scaling;
  return rows.map((v, i) => low[i % low.length] + ((v + 1) / 2) * (high[i % low.length] - low[i % low.length]));
}
