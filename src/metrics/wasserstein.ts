/** Wasserstein-1 distances between samples, in one dimension exactly and in more by slicing. */
import { PhiloxStream } from '../base/philox.ts';
import { countRecords } from '../base/rows.ts';

/**
 * W1 of two samples on a line, both sorted ascending: the area between the empirical quantile functions, exact for any
 * two sizes (for equal sizes, the mean absolute difference of the order statistics).
 */
export function wasserstein1(a: Float64Array, b: Float64Array): number {
  let area = 0;
  let i = 0;
  let j = 0;
  // Mass in units of 1 / (|a| |b|), so that no rounding decides which step comes first.
  let leftA = b.length;
  let leftB = a.length;
  while (i < a.length && j < b.length) {
    const mass = Math.min(leftA, leftB);
    area += mass * Math.abs(a[i] - b[j]);
    leftA -= mass;
    leftB -= mass;
    if (leftA === 0) {
      i++;
      leftA = b.length;
    }
    if (leftB === 0) {
      j++;
      leftB = a.length;
    }
  }
  return area / a.length / b.length;
}

function project(samples: Float32Array, direction: Float64Array): Float64Array {
  const features = direction.length;
  const out = new Float64Array(samples.length / features);
  for (let row = 0; row < out.length; row++) {
    let dot = 0;
    for (let f = 0; f < features; f++) dot += samples[row * features + f] * direction[f];
    out[row] = dot;
  }
  return out.sort();
}

/**
 * Sliced Wasserstein-1 (Bonneel et al. 2015) of two samples [n, features] and [m, features]: the mean over random
 * directions, uniform on the sphere, of W1 of the projections. The directions depend on the seed alone.
 * @param options features default 2, directions 128, seed 0
 * @throws VeilganError SHAPE, NAN
 */
export function slicedWasserstein1(
  a: Float32Array,
  b: Float32Array,
  options: { features?: number; directions?: number; seed?: number } = {},
): number {
  const { features = 2, directions = 128, seed = 0 } = options;
  countRecords(a, features, 'first sample');
  countRecords(b, features, 'second sample');
  const stream = new PhiloxStream(seed, 'metrics/sliced-wasserstein');
  let sum = 0;
  for (let k = 0; k < directions; k++) {
    const direction = Float64Array.from({ length: features }, () => stream.normal());
    const norm = Math.hypot(...direction);
    for (let f = 0; f < features; f++) direction[f] /= norm;
    sum += wasserstein1(project(a, direction), project(b, direction));
  }
  return sum / directions;
}
