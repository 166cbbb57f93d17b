/** Energy distance. */

import { distancesFrom } from '../base/maths/distances.ts';
import { PhiloxStream } from '../base/philox.ts';
import { chooseRows, countRecords } from '../base/rows.ts';

/** Sum of the Euclidean distances of all pairs (row of a, row of b). */
function sumOfDistances(a: Float64Array, b: Float64Array, features: number): number {
  const squared = new Float64Array(b.length / features);
  const own = a === b;
  let sum = 0;
  for (let i = 0; i * features < a.length; i++) {
    const first = own ? i + 1 : 0;
    distancesFrom(a, i * features, b, features, squared, first);
    for (let j = first; j < squared.length; j++) sum += Math.sqrt(squared[j]);
  }
  return own ? 2 * sum : sum;
}

/**
 * Energy distance (Szekely and Rizzo 2013) of two samples [n, features] and [m, features]:
 * 2 E|X - Y| - E|X - X'| - E|Y - Y'| with all pairs, the pair of a record with itself included, so it is >= 0 and 0 for
 * equal samples. Of a larger sample `max` records are drawn by the seed. Squared units, not the square root.
 * @param options features default 2, max 2000, seed 0
 * @throws VeilganError SHAPE, NAN
 */
export function energyDistance(
  a: Float32Array,
  b: Float32Array,
  options: { features?: number; max?: number; seed?: number } = {},
): number {
  const { features = 2, max = 2000, seed = 0 } = options;
  countRecords(a, features, 'first sample');
  countRecords(b, features, 'second sample');
  const x = chooseRows(a, features, max, new PhiloxStream(seed, 'metrics/energy-distance/a'));
  const y = chooseRows(b, features, max, new PhiloxStream(seed, 'metrics/energy-distance/b'));
  const n = x.length / features;
  const m = y.length / features;
  const cross = sumOfDistances(x, y, features) / n / m;
  return Math.max(0, 2 * cross - sumOfDistances(x, x, features) / n / n - sumOfDistances(y, y, features) / m / m);
}
