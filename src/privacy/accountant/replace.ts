/**
 * Replacing one record, in a Poisson-subsampled Gaussian step. In units of the clip norm and along the line on which the
 * two records' gradients are opposite, the pair is P = (1-q) N(0, s^2) + q N(1, s^2) against
 * Q = (1-q) N(0, s^2) + q N(-1, s^2) (Koskela, Jälkö and Honkela 2020, arXiv 1906.03049). Its two directions are mirror
 * images of each other, so that one of them is both. q = 1 is the Gaussian mechanism at sensitivity 2.
 */
import { type Law, logMixtureTail, SubsampledLaw } from './loss.ts';
import { convexPart, logRatio, MOST_POINTS, NATS, REACH } from './moments.ts';

/** ln(P/Q) at x, an odd and growing function, to relative precision also near 0, where the two hardly differ. */
export function replaceLoss(q: number, sigma: number, x: number): number {
  const variance = sigma * sigma;
  if (q === 1) return (2 * x) / variance;
  const z = Math.abs(x) / variance;
  const y = z - 0.5 / variance;
  const other = logRatio(q, -z - 0.5 / variance);
  const loss =
    y < 300 && other > -300 ? Math.log1p(-q * Math.exp(y - other) * Math.expm1(-2 * z)) : logRatio(q, y) - other;
  return x < 0 ? -loss : loss;
}

/**
 * The x at which ln(P/Q) is `loss`: with k = q e^(-1 / 2 s^2) and w = e^(x / s^2 - loss / 2) the equation is
 * w - 1/w = 2 (1-q) sinh(loss / 2) / k, so that x = s^2 (loss / 2 + asinh((1-q) sinh(loss / 2) / k)).
 */
export function replacePlace(q: number, sigma: number, loss: number): number {
  const variance = sigma * sigma;
  const half = Math.abs(loss) / 2;
  let part = 0;
  if (q < 1 && half > 0) {
    const log =
      Math.log1p(-q) - Math.log(q) + 0.5 / variance + (half > 20 ? half - Math.LN2 : Math.log(Math.sinh(half)));
    part = log > 20 ? log + Math.LN2 : Math.asinh(Math.exp(log));
  }
  return (loss < 0 ? -1 : 1) * variance * (half + part);
}

/**
 * ln E_Q[(P/Q)^order] for orders above 1: (order - 1) times the Renyi divergence, by the trapezoid rule.
 *
 * In the strip |Im x| <= f s^2 with f <= pi/2 both ratios to N(0, s^2) are c + k e^(i g) with c, k >= 0 and |g| <= f, of a
 * modulus between cos(f/2) (c + k) and c + k. So there the integrand is analytic and at most
 * e^(f^2 s^2 / 2) cos(f/2)^(1 - order) times its value at Re x, where -ln cos(f/2) <= 0.1405 f^2. A step h then leaves a
 * relative error of 2 exp(f^2 B - 2 pi f s^2 / h), B = s^2 / 2 + 0.1405 (order - 1): f is chosen so that h is largest. The
 * logarithm of the integrand falls left of 0 and right of 2 order - 1 at least as fast as that of N(0, s^2) around there.
 * As in `logMoment` the excess over 1 is integrated where the moment is close to it.
 */
export function replaceLogMoment(q: number, sigma: number, order: number): number {
  if (order <= 1 || q === 0) return 0;
  const variance = sigma * sigma;
  if (q === 1) return (2 * order * (order - 1)) / variance;
  const bend = variance / 2 + 0.1405 * (order - 1);
  const f = Math.min(Math.PI / 2, Math.sqrt(NATS / bend));
  const h = (2 * Math.PI * f * variance) / (NATS + f * f * bend);
  const low = -REACH * sigma;
  const points = Math.ceil((2 * order - 1 + REACH * sigma - low) / h);
  if (!(points < MOST_POINTS)) return Number.POSITIVE_INFINITY;
  // Both the excess, which may overflow, and the integral on a running scale.
  let [excess, top, sum] = [0, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i <= points; i++) {
    const x = low + i * h;
    const loss = replaceLoss(q, sigma, x);
    const logQ = logRatio(q, (-2 * x - 1) / (2 * variance)) - (x * x) / (2 * variance);
    const exponent = order * loss + logQ;
    excess += growth(loss, order, logQ);
    if (exponent <= top) {
      sum += Math.exp(exponent - top);
    } else {
      sum = sum * Math.exp(top - exponent) + 1;
      top = exponent;
    }
  }
  const scale = h / Math.sqrt(2 * Math.PI * variance);
  return excess * scale < 0.5 ? Math.log1p(excess * scale) : top + Math.log(sum * scale);
}

/** Q ((1 + u)^order - 1 - order u) with 1 + u = e^loss, which has one sign. */
function growth(loss: number, order: number, logQ: number): number {
  if (loss < 1) return Math.exp(logQ) * convexPart(Math.expm1(loss), order);
  const grown = (order - 1) * loss;
  // Where the power alone would overflow it is all there is.
  if (grown > 600) return Math.exp(order * loss + logQ);
  const own = Math.exp(logQ + loss);
  return own * Math.expm1(grown) - (order - 1) * (own - Math.exp(logQ));
}

/** The loss of the pair above as a function of x, for the grid. */
export class ReplaceLaw extends SubsampledLaw implements Law {
  readonly direction = 'replace';

  loss(t: number): number {
    return replaceLoss(this.q, this.sigma, t);
  }

  place(loss: number): number {
    return replacePlace(this.q, this.sigma, loss);
  }

  logDensity(t: number): number {
    return this.logNorm - (t * t) / (2 * this.variance) + logRatio(this.q, (t - 0.5) / this.variance);
  }

  at(t: number, level: number, weight: number, out: Float64Array): void {
    const { q } = this;
    const z = t / this.variance;
    const half = 0.5 / this.variance;
    const log = this.logNorm - (t * t) / (2 * this.variance) + weight;
    if (Math.abs(level) < 300 && Math.abs(z) - half < 300) {
      const density = Math.exp(log);
      const [plus, minus] = [Math.exp(z - half), Math.exp(-z - half)];
      // own - other, over q N(0, s^2), without the cancellation near t = 0.
      const gap = z < 0 ? minus * Math.expm1(2 * z) : -plus * Math.expm1(-2 * z);
      out[0] = density * (1 - q + q * plus);
      out[1] = density * (q * gap - Math.expm1(level) * (1 - q + q * minus));
    } else {
      out[0] = Math.exp(log + logRatio(q, z - half));
      out[1] = -out[0] * Math.expm1(level - this.loss(t));
    }
  }

  bend(t: number): { slope: number; bend: number } {
    // The shares that the shifted parts have in own and other at t.
    const share = (y: number) => (this.q === 1 ? 1 : Math.exp(Math.log(this.q) + y - logRatio(this.q, y)));
    const own = share((t - 0.5) / this.variance);
    const other = share((-t - 0.5) / this.variance);
    const slope = (own + other) / this.variance;
    const curved = ((own - other) * (1 - own - other)) / ((own + other) * this.variance);
    return { slope, bend: (own - t) / this.variance + (curved - slope) / 2 };
  }

  logTailAbove(t: number): number {
    return logMixtureTail(this.q, this.sigma, t);
  }
}
