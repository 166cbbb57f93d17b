/** Coverage of known modes: the Blobs' means and the Circles' rings. */
import { countRecords } from '../base/rows.ts';

export type Means = readonly (readonly number[])[];

/** Where the points of a generated set lie: around means, with a variance in each coordinate, or on rings. */
export type Modes =
  | { readonly kind: 'means'; readonly means: Means; readonly variance: number }
  | { readonly kind: 'rings'; readonly radii: readonly number[] };

/** Calls `visit` with the nearest mean (ties: the first) of each record and the squared distance to it. */
function nearestMeans(samples: Float32Array, means: Means, visit: (mean: number, squared: number) => void): number {
  const features = means[0].length;
  const n = countRecords(samples, features, 'samples');
  for (let row = 0; row < n; row++) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let m = 0; m < means.length; m++) {
      let squared = 0;
      for (let f = 0; f < features; f++) squared += (samples[row * features + f] - means[m][f]) ** 2;
      if (squared < least) {
        least = squared;
        best = m;
      }
    }
    visit(best, least);
  }
  return n;
}

/**
 * Share of the samples [n, d] that are nearest to each mean [d]; the shares sum to 1.
 * @throws VeilganError SHAPE, NAN
 */
export function modeShares(samples: Float32Array, means: Means): number[] {
  const counts = means.map(() => 0);
  const n = nearestMeans(samples, means, (mean) => {
    counts[mean]++;
  });
  return counts.map((count) => count / n);
}

/**
 * Share of the samples [n, d] within `radius` of their nearest mean.
 * @throws VeilganError SHAPE, NAN
 */
export function shareWithin(samples: Float32Array, means: Means, radius: number): number {
  let inside = 0;
  const n = nearestMeans(samples, means, (_, squared) => {
    if (squared <= radius * radius) inside++;
  });
  return inside / n;
}

/**
 * Share of the samples [n, 2] on each ring around the origin: | |x| - r | < tolerance; default rings 1 and 0.5,
 * tolerance 0.15, three standard deviations of the Circles' noise.
 * @throws VeilganError SHAPE, NAN
 */
export function ringShares(samples: Float32Array, radii: readonly number[] = [1, 0.5], tolerance = 0.15): number[] {
  const n = countRecords(samples, 2, 'samples');
  const counts = radii.map(() => 0);
  for (let row = 0; row < n; row++) {
    const radius = Math.hypot(samples[2 * row], samples[2 * row + 1]);
    for (let r = 0; r < radii.length; r++) if (Math.abs(radius - radii[r]) < tolerance) counts[r]++;
  }
  return counts.map((count) => count / n);
}
