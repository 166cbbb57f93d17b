/** Inference over many rows, in calls of a fixed size: a row's result does not depend on how many are asked for. */
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Values of the largest images that are made and scored 256 at a time: 32 x 32 in colour. */
const FULL = 3072;

/** Rows of a call for records of so many values: activations of images must fit a storage binding. */
export const callRows = (values: number): number =>
  values <= 64 ? 4096 : Math.max(1, Math.floor((256 * FULL) / Math.max(values, FULL)));

/**
 * @param make the result for `call` rows from `first` on
 * @param take what comes of it, for the rows that were asked for
 */
export async function inCalls(
  rows: number,
  call: number,
  make: (first: number) => Tensor,
  take: (part: Float32Array, first: number, count: number) => void,
): Promise<void> {
  for (let first = 0; first < rows; first += call) {
    const y = scope(() => make(first));
    const part = await y.read();
    y.dispose();
    take(part, first, Math.min(call, rows - first));
  }
}
