/** Latent vectors and labels that generators start from. */
import type { Gpu } from '../gpu/index.ts';
import { greater, scale, shift, sub } from '../ops/elementwise.ts';
import { type DrawOptions, normal, uniform } from '../ops/random.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';

/** Uniform in [-1, 1). */
const symmetric = (gpu: Gpu, shape: Shape, options: DrawOptions): Tensor =>
  shift(scale(uniform(gpu, shape, options), 2), -1);

/** Laws of latent vectors, by the names of `latentLaw`. `energy`: the mean square of one dimension. */
export const latentLaws = {
  normal: { draw: normal, energy: 1 },
  uniform: { draw: symmetric, energy: 1 / 3 },
} satisfies Record<string, { draw(gpu: Gpu, shape: Shape, options: DrawOptions): Tensor; energy: number }>;

export const latentLawNames = Object.keys(latentLaws) as (keyof typeof latentLaws)[];

/** One-hot labels of uniform law, [...shape, classes]: a public law, never that of a batch. */
export function uniformLabels(gpu: Gpu, shape: Shape, classes: number, seed: number): Tensor {
  // Multiplied by the largest f32 below the number of classes, a draw below 1 stays below it.
  const at = scale(uniform(gpu, [...shape, 1], { seed }), classes * (1 - 2 ** -23));
  const first = tensor(
    gpu,
    Float32Array.from({ length: classes }, (_, i) => i),
  );
  return sub(greater(shift(first, 1), at), greater(first, at));
}
