/** Figures of lists of numbers, in float64. */

/** The arithmetic mean, summed in order. */
export const mean = (values: readonly number[] | Float64Array): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
};

/** The p-quantile of ascending values, interpolated linearly between order statistics. */
export function quantile(ascending: Float64Array, p: number): number {
  const at = p * (ascending.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, ascending.length - 1);
  return ascending[low] + (at - low) * (ascending[high] - ascending[low]);
}

/** The middle of the values; of an even number the mean of the two in the middle. */
export function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
