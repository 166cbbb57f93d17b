/**
 * What is seen of a record before it is projected, one row each. A row is a fixed function: it never looks at the data, so
 * what it is costs no privacy. Whatever it gives, the features made of it have norm 1 (projection.ts).
 */
import { VeilganError } from '../../base/errors.ts';
import type { Gpu } from '../../gpu/index.ts';
import { conv } from '../../ops/conv.ts';
import { hypot, scale, shift } from '../../ops/elementwise.ts';
import { concat, permute, reshape } from '../../ops/movement.ts';
import { avgPool } from '../../ops/pool.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';

export interface FeatureRow {
  readonly name: string;
  readonly summary: string;
  /** scales of distance, for records whose `width` is `usual` */
  readonly lengthscales: readonly number[];
  readonly usual: number;
  /** Whether records of this shape can be seen so. */
  readonly takes: (shape: Shape) => boolean;
  /** Numbers that are seen of a record. */
  readonly width: (shape: Shape) => number;
  /**
   * The function of records in [-1, 1], [n, values] -> [n, width].
   * @param keep is given each constant that it needs on the device, which the caller frees
   */
  readonly make: (gpu: Gpu, shape: Shape, keep: (constant: Tensor) => Tensor) => (x: Tensor) => Tensor;
}

/** Of the filters: how many orientations, their side, wavelength and the width of their envelope, in pixels. */
const [ORIENTATIONS, SIDE, WAVELENGTH, ENVELOPE] = [8, 7, 5, 1.8];
/** Windows over which the energy of strokes is averaged, and the image itself. */
const [COARSE, FINE] = [4, 2];
/** Every how many pixels the energy is taken: it is smooth, as the envelope is wider. */
const STRIDE = 2;
/** Keeps the root of an energy of 0 differentiable. */
const FLOOR = 1e-6;

/** Values in [-1, 1] as values in [0, 1]. */
const unit = (x: Tensor): Tensor => scale(shift(x, 1), 0.5);

/**
 * One filter of each Gabor pair, [7, 7, 1, 8]: for each of eight orientations a wave of a phase, without a mean and of norm 1.
 * @param phase of the waves, in radians
 */
export function gaborFilters(phase: number): Float32Array {
  const out = new Float32Array(SIDE * SIDE * ORIENTATIONS);
  const half = (SIDE - 1) / 2;
  const places = Array.from({ length: SIDE * SIDE }, (_, i) => [Math.floor(i / SIDE) - half, (i % SIDE) - half]);
  for (let k = 0; k < ORIENTATIONS; k++) {
    const angle = (k * Math.PI) / ORIENTATIONS;
    const along = places.map(([y, x]) => x * Math.cos(angle) + y * Math.sin(angle));
    const envelope = places.map(([y, x]) => Math.exp(-(x * x + y * y) / (2 * ENVELOPE ** 2)));
    const wave = along.map((u, i) => envelope[i] * Math.cos((2 * Math.PI * u) / WAVELENGTH + phase));
    const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
    const mean = sum(wave) / sum(envelope);
    const flat = wave.map((value, i) => value - mean * envelope[i]);
    const norm = Math.sqrt(sum(flat.map((value) => value * value)));
    flat.forEach((value, i) => {
      out[i * ORIENTATIONS + k] = value / norm;
    });
  }
  return out;
}

const divisible = (size: number): boolean => size >= SIDE && size % COARSE === 0;

const rows = {
  strokes: {
    name: 'strokes',
    summary: 'images: energy of strokes in eight directions, averaged over 4 x 4 pixels, and the image over 2 x 2',
    lengthscales: [6, 3],
    usual: 588,
    takes: (shape: Shape) => shape.length === 3 && divisible(shape[0]) && divisible(shape[1]),
    width: ([h, w, c]: Shape) => c * ((ORIENTATIONS * h * w) / COARSE ** 2 + (h * w) / FINE ** 2),
    make: (gpu: Gpu, [h, w, c]: Shape, keep: (constant: Tensor) => Tensor) => {
      const [even, odd] = [0, Math.PI / 2].map((phase) =>
        keep(tensor(gpu, gaborFilters(phase), [1, SIDE, SIDE, 1, ORIENTATIONS])),
      );
      return (x: Tensor) => {
        const n = x.shape[0];
        // Each channel is an image of its own.
        const image = reshape(unit(x), [1, n, h, w, c]);
        const planes = c === 1 ? image : reshape(permute(image, [0, 1, 4, 2, 3]), [1, n * c, h, w, 1]);
        const energy = hypot(conv(planes, even, { stride: STRIDE }), conv(planes, odd, { stride: STRIDE }), FLOOR);
        const flat = (part: Tensor) => reshape(part, [n, part.length / n]);
        return concat([flat(avgPool(energy, COARSE / STRIDE)), flat(avgPool(planes, FINE))], 1);
      };
    },
  },
  pixel: {
    name: 'pixel',
    summary: 'the values themselves, as published (DP-MERF); for records of every kind',
    lengthscales: [10],
    usual: 784,
    takes: () => true,
    width: (shape: Shape) => sizeOf(shape),
    make: () => unit,
  },
} satisfies Record<string, FeatureRow>;

export type FeatureName = keyof typeof rows;

export const featureRows: Readonly<Record<FeatureName, FeatureRow>> = rows;

export const featureNames = Object.keys(rows) as [FeatureName, ...FeatureName[]];

/**
 * The row of a setting, or of `auto` the first that takes such records.
 * @throws VeilganError CONFIG where the row takes no such records
 */
export function featureRow(name: FeatureName | 'auto', shape: Shape): FeatureRow {
  const found = name === 'auto' ? featureNames.find((each) => featureRows[each].takes(shape)) : name;
  if (found && featureRows[found].takes(shape)) return featureRows[found];
  throw new VeilganError('CONFIG', `features ${name} are of images whose sides are multiples of ${COARSE}`, {
    where: 'features',
    fix: 'Use `features: pixel`, or import the images at such a size',
  });
}
