/** Flat arrays of records [n, features]: which they are, and some of them. */
import { VeilganError } from './errors.ts';
import type { PhiloxStream } from './philox.ts';

/**
 * The number of records in a flat [n, features] array.
 * @throws VeilganError SHAPE: no record or not whole ones; NAN: a value that is not finite (row and feature named).
 */
export function countRecords(samples: Float32Array, features: number, what: string): number {
  const n = samples.length / features;
  if (!Number.isInteger(n) || n === 0) {
    throw new VeilganError('SHAPE', `${what} holds ${samples.length} values, not whole records of ${features}`, {
      where: what,
      fix: 'Give at least one record, row by row.',
    });
  }
  const bad = samples.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const place = `${what}, record ${Math.floor(bad / features)}, feature ${bad % features} (from 0)`;
    throw new VeilganError('NAN', `${what} holds the value ${samples[bad]}`, {
      where: place,
      fix: 'Look at the losses of the run: training has diverged, or the data are damaged.',
    });
  }
  return n;
}

/** All rows of [n, features] in float64, or `max` of them drawn without replacement where there are more. */
export function chooseRows(samples: Float32Array, features: number, max: number, stream: PhiloxStream): Float64Array {
  const n = samples.length / features;
  if (n <= max) return Float64Array.from(samples);
  const order = stream.permutation(n).subarray(0, max);
  return Float64Array.from({ length: max * features }, (_, i) => {
    return samples[order[Math.floor(i / features)] * features + (i % features)];
  });
}

/** Some rows of [rows, width], in the order of the list and in their stored type. */
export function pickRows<R extends Float32Array | Uint8Array>(train: R, width: number, list: ArrayLike<number>): R {
  const length = list.length * width;
  const rows = train instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  for (let i = 0; i < list.length; i++) rows.set(train.subarray(list[i] * width, (list[i] + 1) * width), i * width);
  return rows as R;
}

/** At most `most` of so many rows, evenly spaced. */
export const evenly = (count: number, most: number): number[] => {
  const taken = Math.min(count, most);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
};

/** At most `most` rows of [rows, width], evenly spaced. */
export const spread = (rows: Float32Array, width: number, most: number): Float32Array =>
  rows.length / width <= most ? rows : pickRows(rows, width, evenly(rows.length / width, most));
