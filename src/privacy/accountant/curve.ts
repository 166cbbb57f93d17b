/** delta as a function of epsilon, read off a composed law. */

export interface Reading {
  readonly delta: number;
  /** the loss at the first node, and the nodes' distance */
  readonly bottom: number;
  readonly h: number;
  /** mass m at the loss s stands for exp(logScale - theta s) m */
  readonly theta: number;
  readonly logScale: number;
  /** at most how wrong each m is */
  readonly error: number;
  /** mass of the own law charged as an infinite loss */
  readonly added: number;
  /** weighted mass that may lie above the last node and be missing */
  readonly beyond: number;
  /** weighted mass that may lie outside the window and have been counted at any node */
  readonly moved: number;
  /** 1: everything uncertain counts; -1: it is taken off */
  readonly sign: 1 | -1;
}

/**
 * The epsilon at which delta(epsilon) = sum over s > epsilon of p_s (1 - e^(epsilon - s)) (the hockey-stick divergence of
 * the grid law) reaches `delta`, coming from above: an upper bound with sign 1, a lower one with -1, never below 0.
 * Infinity where the charges alone exceed delta (sign 1). From node to node downward delta grows by (1 - e^-h) times
 * D = sum over s above of p_s e^(node - s), and between nodes it is linear in e^epsilon; nothing cancels.
 */
export function readDown(masses: Float64Array, reading: Reading): number {
  const { delta, bottom, h, theta, logScale, error, added, beyond, moved, sign } = reading;
  const last = masses.length - 1;
  const weight = (j: number) => Math.exp(logScale - theta * (bottom + j * h));
  const charged = added + (sign > 0 ? beyond * weight(last + 1) : 0);
  // The largest that e^(-theta v) (1 - e^-v) can be, for mass that was counted where it is not.
  const peak = Math.exp(theta * Math.log(theta / (1 + theta) || 1)) / (1 + theta);
  const [fall, share] = [Math.exp(-h), -Math.expm1(-h)];
  let value = 0;
  let above = 0;
  for (let j = last; j >= 0; j--) {
    // At node j; `above` is D for the nodes above j as seen from j + 1.
    const next = value + share * above;
    const off = moved > 0 ? charged - moved * peak * weight(j) : charged;
    if (next + off >= delta) {
      if (j === last) return sign > 0 ? Number.POSITIVE_INFINITY : Math.max(0, bottom + j * h);
      const rest = Math.max(0, delta - value - off);
      const back = above > 0 ? -Math.log1p(-Math.min(share, rest / above)) : h;
      return Math.max(0, bottom + (j + 1) * h - back);
    }
    value = next;
    const mass = sign > 0 ? Math.max(0, masses[j]) + error : masses[j] - error;
    above = mass * weight(j) + fall * above;
  }
  return sign > 0 ? Math.max(0, bottom) : 0;
}
