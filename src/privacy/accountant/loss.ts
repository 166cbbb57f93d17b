/** The privacy loss of one Poisson-subsampled Gaussian step as a function on the line. */

import { logTail } from '../../base/maths/normal.ts';
import { logRatio } from './moments.ts';

/**
 * `remove`: what is released WITH the record against without; `add`: the other way round; `replace`: with one record
 * against with another, which is its own mirror image.
 */
export type Direction = 'remove' | 'add' | 'replace';

/** The loss L = ln(own / other) of a pair of laws on the line, in a coordinate t in which it does not decrease. */
export interface Law {
  readonly q: number;
  readonly sigma: number;
  readonly direction: Direction;
  /** L(t) */
  loss(t: number): number;
  /** the largest t with L(t) <= loss, which may be infinite */
  place(loss: number): number;
  /** the logarithm of the own density at t, given the loss there */
  logDensity(t: number, loss: number): number;
  /** at most how fast the logarithms of the densities change around t */
  rate(t: number): number;
  /** own(t) e^weight and own(t) (1 - e^(level - L(t))) e^weight, written to `out`; the second's sign is that of L(t) - level */
  at(t: number, level: number, weight: number, out: Float64Array): void;
  /** at the place t of the loss `level`: L', and how f(x) = own (1 - e^(level - L)) bends, f(t + d) ~ d (1 + bend d) */
  bend(t: number, level: number): { slope: number; bend: number };
  /** ln of the own mass above t */
  logTailAbove(t: number): number;
}

/** What laws of a subsampled Gaussian have in common. */
export abstract class SubsampledLaw {
  readonly q: number;
  readonly sigma: number;
  protected readonly variance: number;
  protected readonly logNorm: number;

  constructor(q: number, sigma: number) {
    [this.q, this.sigma] = [q, sigma];
    this.variance = sigma * sigma;
    this.logNorm = -Math.log(sigma) - 0.5 * Math.log(2 * Math.PI);
  }

  rate(t: number): number {
    return (Math.abs(t) + 1 + this.sigma) / this.variance;
  }
}

/** ln of the mass above t of (1-q) N(0, s^2) + q N(1, s^2). */
export function logMixtureTail(q: number, sigma: number, t: number): number {
  const [a, b] = [Math.log1p(-q) + logTail(t / sigma), Math.log(q) + logTail((t - 1) / sigma)];
  const top = Math.max(a, b);
  return top + Math.log(Math.exp(a - top) + Math.exp(b - top));
}

/**
 * Adding or removing one record. With Q = N(0, s^2) and P = (1-q) Q + q N(1, s^2) (the worst pair of neighbours: Mironov, Talwar and Zhang 2019; Zhu, Dong and
 * Wang 2022), `remove` has own = P, other = Q, t = x; `add` has own = Q, other = P, t = -x.
 */
export class LossLaw extends SubsampledLaw implements Law {
  readonly direction: 'remove' | 'add';

  constructor(q: number, sigma: number, direction: 'remove' | 'add') {
    super(q, sigma);
    this.direction = direction;
  }

  loss(t: number): number {
    return this.direction === 'remove'
      ? logRatio(this.q, (t - 0.5) / this.variance)
      : -logRatio(this.q, (-t - 0.5) / this.variance);
  }

  place(loss: number): number {
    const l = this.direction === 'remove' ? loss : -loss;
    const ratio = l < 600 ? Math.expm1(l) / this.q : Number.POSITIVE_INFINITY;
    let y = l;
    if (this.q < 1) {
      if (ratio <= -1) y = Number.NEGATIVE_INFINITY;
      else y = ratio < 1e250 ? Math.log1p(ratio) : l - Math.log(this.q);
    }
    const x = this.variance * y + 0.5;
    return this.direction === 'remove' ? x : -x;
  }

  logDensity(t: number, loss: number): number {
    return this.logNorm - (t * t) / (2 * this.variance) + (this.direction === 'remove' ? loss : 0);
  }

  /** Where exponentials cannot overflow no logarithm is taken. */
  at(t: number, level: number, weight: number, out: Float64Array): void {
    const remove = this.direction === 'remove';
    const y = ((remove ? t : -t) - 0.5) / this.variance;
    const logQ = this.logNorm - (t * t) / (2 * this.variance) + weight;
    if (Math.abs(level) < 300 && y < 400) {
      const density = Math.exp(logQ);
      const excess = this.q * Math.expm1(y);
      const above = Math.expm1(level);
      out[0] = remove ? density * (1 + excess) : density;
      out[1] = remove ? density * (excess - above) : -density * (above + (1 + above) * excess);
    } else {
      const loss = this.loss(t);
      out[0] = Math.exp(logQ + (remove ? loss : 0));
      out[1] = -out[0] * Math.expm1(level - loss);
    }
  }

  bend(t: number, level: number): { slope: number; bend: number } {
    const remove = this.direction === 'remove';
    const s = 1 - (1 - this.q) * Math.exp(remove ? -level : level);
    const slope = s / this.variance;
    const curved = ((remove ? 1 : -1) * (1 - s)) / this.variance;
    return { slope, bend: -t / this.variance + (remove ? slope : 0) + (curved - slope) / 2 };
  }

  logTailAbove(t: number): number {
    if (this.direction === 'add') return logTail(t / this.sigma);
    return logMixtureTail(this.q, this.sigma, t);
  }
}
