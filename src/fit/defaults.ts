/** What is better at which epsilon and size, by measurement (README.md here); public facts only. */

export interface Defaults {
  readonly selection: 'all' | 'adaptive';
  /** most places of a column in tables of several */
  readonly places: number;
}

/** @param of.rows public number of rows, or what stands in its place */
export function defaultsFor({ epsilon, rows, columns }: { epsilon: number; rows: number; columns: number }): Defaults {
  // Records behind the noise of one cell, were all pairs measured at once.
  const strength = (epsilon * rows) / Math.max(1, columns);
  return { selection: strength < 3000 ? 'adaptive' : 'all', places: strength < 1000 ? 16 : 32 };
}
