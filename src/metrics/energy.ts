/** Energy distance. */
import { PhiloxStream } from '../ops/philox.ts';
import { countRecords } from './samples.ts';

/** Sum of the Euclidean distances of all pairs (row of a, row of b). */
function sumOfDistances(a: Float64Array, b: Float64Array, features: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += features) {
    for (let j = 0; j < b.length; j += features) {
      let squared = 0;
      for (let f = 0; f < features; f++) {
        const difference = a[i + f] - b[j + f];
        squared += difference * difference;
      }
      sum += Math.sqrt(squared);
    }
  }
  return sum;
}

function choose(samples: Float32Array, features: number, max: number, stream: PhiloxStream): Float64Array {
  const n = samples.length / features;
  if (n <= max) return Float64Array.from(samples);
  const order = stream.permutation(n).subarray(0, max);
  return Float64Array.from({ length: max * features }, (_, i) => {
    return samples[order[Math.floor(i / features)] * features + (i % features)];
  });
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
  const x = choose(a, features, max, new PhiloxStream(seed, 'metrics/energy-distance/a'));
  const y = choose(b, features, max, new PhiloxStream(seed, 'metrics/energy-distance/b'));
  const n = x.length / features;
  const m = y.length / features;
  const cross = sumOfDistances(x, y, features) / n / m;
  return Math.max(0, 2 * cross - sumOfDistances(x, x, features) / n / n - sumOfDistances(y, y, features) / m / m);
}
