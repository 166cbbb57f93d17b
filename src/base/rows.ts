/** What every sample metric checks first. */
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
