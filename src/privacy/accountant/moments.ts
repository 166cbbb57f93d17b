/** Moments of the likelihood ratio of the Poisson-subsampled Gaussian, at any real order. */

/** Beyond this many standard deviations nothing is integrated: exp(-12^2 / 2) = 5e-32. */
export const REACH = 12;
/** The trapezoid rule's relative error is below exp(-NATS), 1e-19. */
export const NATS = 44;
/** With more points than this the order is absurd, and its moment is called infinite. */
export const MOST_POINTS = 3e5;

/**
 * ln(1 - q + q e^y): the logarithm of the likelihood ratio of P = (1-q) N(0, s^2) + q N(1, s^2) to Q = N(0, s^2) at
 * y = (2x - 1) / (2 s^2). Keeps relative precision near y = 0 and does not overflow.
 */
export function logRatio(q: number, y: number): number {
  if (q === 1) return y;
  return y < 600 ? Math.log1p(q * Math.expm1(y)) : y + Math.log(q);
}

/**
 * ln E_Q[(P/Q)^order] for orders above 0: above 1 it is (order - 1) times the Renyi divergence of P from Q. Mironov, Talwar and Zhang 2019 (arXiv 1908.10530)
 * give a series for real orders; this is their integral by the trapezoid rule, which needs no alternating terms.
 *
 * The integrand Q(z) (1 - q + q e^y)^a is analytic for |Im z| < pi s^2, and there at most e^{Im(z)^2 / 2 s^2}
 * times its value at Re z, so that a step h leaves a relative error of 2 exp(-2 pi^2 s^2 (1/h - 1/4)) for h <= 2 and of
 * 2 exp(-2 pi^2 s^2 / h^2) above. Where the moment is close to 1 (small q) the excess over 1 is integrated:
 * (1+u)^a - 1 - a u with u = q (e^y - 1), whose mean under Q is 0; it has one sign, so nothing cancels.
 */
export function logMoment(q: number, sigma: number, order: number): number {
  if (order === 0 || order === 1 || q === 0) return 0;
  const variance = sigma * sigma;
  if (q === 1) return (order * (order - 1)) / (2 * variance);
  const curve = 2 * Math.PI ** 2 * variance;
  const h = curve / 4 > NATS ? Math.sqrt(curve / NATS) : 1 / (NATS / curve + 0.25);
  const low = -REACH * sigma;
  const points = Math.ceil((Math.max(2, order) + REACH * sigma - low) / h);
  if (!(points < MOST_POINTS)) return Number.POSITIVE_INFINITY;
  const rule = { q, variance, order, low, h, points };
  const excess = excessOverOne(rule);
  return Math.abs(excess) < 0.5 ? Math.log1p(excess) : logIntegral(rule);
}

interface Trapezoid {
  q: number;
  variance: number;
  order: number;
  low: number;
  h: number;
  points: number;
}

/** E_Q[(P/Q)^order] - 1; not finite where it overflows. */
function excessOverOne({ q, variance, order, low, h, points }: Trapezoid): number {
  let sum = 0;
  for (let i = 0; i <= points; i++) {
    const z = low + i * h;
    const y = (2 * z - 1) / (2 * variance);
    const grown = order * logRatio(q, y);
    const fallen = (z * z) / (2 * variance);
    // Where the power alone would overflow it is all there is.
    sum += grown > 600 ? Math.exp(grown - fallen) : Math.exp(-fallen) * convexPart(q * Math.expm1(y), order);
    if (!(Math.abs(sum) < 1e300)) return Number.NaN;
  }
  return (sum * h) / Math.sqrt(2 * Math.PI * variance);
}

/** (1 + u)^a - 1 - a u, to relative precision for small u and for a close to 1. */
export function convexPart(u: number, a: number): number {
  if (Math.abs(u) < 0.1 && Math.abs(a * u) < 0.1) {
    let term = ((a * (a - 1)) / 2) * u * u;
    let sum = term;
    for (let k = 2; k < 24 && Math.abs(term) > 1e-18 * Math.abs(sum); k++) sum += term *= ((a - k) / (k + 1)) * u;
    return sum;
  }
  return (1 + u) * Math.expm1((a - 1) * Math.log1p(u)) - (a - 1) * u;
}

/** ln of the integral, with a running scale. */
function logIntegral({ q, variance, order, low, h, points }: Trapezoid): number {
  let top = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i <= points; i++) {
    const z = low + i * h;
    const exponent = order * logRatio(q, (2 * z - 1) / (2 * variance)) - (z * z) / (2 * variance);
    if (exponent <= top) {
      sum += Math.exp(exponent - top);
    } else {
      sum = sum * Math.exp(top - exponent) + 1;
      top = exponent;
    }
  }
  return top + Math.log((sum * h) / Math.sqrt(2 * Math.PI * variance));
}

/**
 * The same at a whole order >= 2 in closed form: sum over i of C(a,i) (1-q)^(a-i) q^i exp((i^2 - i) / 2 s^2), all terms
 * positive (Mironov, Talwar and Zhang 2019, equation for integer orders). The definition that `logMoment` is tested
 * against, and exact for the discrete Gaussian too (`discrete.ts`).
 */
export function logMomentWhole(q: number, sigma: number, order: number): number {
  const variance = sigma * sigma;
  if (q === 0) return 0;
  if (q === 1) return (order * (order - 1)) / (2 * variance);
  // The terms minus those of sum C(a,i) (1-q)^(a-i) q^i = 1, so that a moment close to 1 keeps its excess.
  let logTerm = order * Math.log1p(-q);
  let top = 0;
  let sum = 0;
  for (let i = 1; i <= order; i++) {
    logTerm += Math.log((order - i + 1) / i) + Math.log(q) - Math.log1p(-q);
    const exponent = (i * i - i) / (2 * variance);
    const logValue = i === 1 ? Number.NEGATIVE_INFINITY : logTerm + exponent + Math.log(-Math.expm1(-exponent));
    if (logValue > top) [sum, top] = [sum * Math.exp(top - logValue) + 1, logValue];
    else sum += Math.exp(logValue - top);
  }
  return top === 0 ? Math.log1p(sum) : top + Math.log(sum + Math.exp(-top));
}
