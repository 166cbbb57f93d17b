/** What is better at which epsilon and size, by measurement (README.md here); from public facts only. */

export interface Defaults {
  readonly selection: 'all' | 'adaptive';
  /** most places of a column in tables of several */
  readonly places: number;
  /** steps of the fit: the less noise there is, the longer it is worth following the tables */
  readonly steps: number;
}

/** Steps of a fit to features. */
export const FEATURE_STEPS = 1000;

/**
 * Standard deviation of the noise of a cell, over the number of records, up to which all pairs are measured at once: that
 * was better or as good wherever both were measured, up to 0.008.
 */
const CLEAR = 0.02;

/**
 * @param of.rows public number of rows, or what stands in its place
 * @param of.pairs of columns
 */
export function defaultsFor({ epsilon, rows, pairs }: { epsilon: number; rows: number; pairs: number }): Defaults {
  // About that of the Gaussian mechanism at delta 1e-5.
  const noise = (4 * Math.sqrt(pairs)) / epsilon / Math.max(1, rows);
  const steps = noise > 3e-3 ? 500 : noise > 5e-4 ? 1500 : 3000;
  return { selection: noise > CLEAR ? 'adaptive' : 'all', places: noise > 5e-4 ? 16 : 32, steps };
}
