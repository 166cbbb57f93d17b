/**
 * Exact samples of the discrete Gaussian (Canonne, Kamath, Steinke, "The discrete Gaussian for differential privacy",
 * 2020, algorithms 1-3): P[k] proportional to exp(-k^2 / (2 s)) over the integers, s = sigma^2 rational; and of the
 * discrete Laplace that it is made from.
 *
 * Every decision is a Bernoulli trial of probability exp(-a / b) for integers a, b, made by comparing a uniform number
 * with it: 32 bits first, against a float64 whose error is bounded, and where that cannot decide (once in 2^32) as many
 * more bits as it takes, against exp(-a / b) in integer arithmetic. So decisions are those of exact arithmetic, the
 * same on every machine, and the law is exact: no tails cut, no holes.
 */
import { VeilganError } from '../base/errors.ts';
import { below, type Words } from './chacha.ts';

const TWO_32 = 4294967296;
/**
 * Bound on the error of exp(-x) 2^32 in float64. Engines keep Math.exp to a unit or two in the last place (2^-52); what
 * x is off by, times exp(-x), is below 2^-48 in all calls here. 2^-46 is more than both together.
 */
const MARGIN = 2 ** -14;

/** [low, high] around exp(-a / b) 2^bits, at most 2^-40 2^bits apart (in fact a few units). */
export function expInterval(a: bigint, b: bigint, bits: number): [bigint, bigint] {
  // exp(-a / b) = exp(-a / (b 2^k))^(2^k) with an exponent of at most 1/2; each squaring doubles the error.
  let k = 0;
  while (a << 1n > b << BigInt(k)) k++;
  const work = BigInt(bits + 2 * k + 16);
  const one = 1n << work;
  const x = (a << work) / (b << BigInt(k));
  let [sum, term] = [one, one];
  for (let i = 1n; term > 0n; i++) {
    term = (term * x) / (i << work);
    sum += i % 2n ? -term : term;
  }
  // x is cut by less than a unit, and each of fewer than `work` terms by less than two.
  let error = 2n * work + 2n;
  for (; k > 0; k--) {
    sum = (sum * sum) >> work;
    error = 2n * error + 2n;
  }
  const shift = work - BigInt(bits);
  return [(sum - error) >> shift, ((sum + error) >> shift) + 1n];
}

/**
 * True with probability exp(-a / b), exactly.
 * @param x a / b in float64, off by at most 2^-48 exp(x)
 * @param exact a and b, asked for only where 32 bits do not decide
 */
export function bernoulliExp(words: Words, x: number, exact: () => readonly [bigint, bigint]): boolean {
  const p = Math.exp(-x) * TWO_32;
  const first = words.uint32();
  // The uniform number lies in [first, first + 1) / 2^32.
  if (first + 1 <= p - MARGIN) return true;
  if (first >= p + MARGIN) return false;
  const [a, b] = exact();
  let u = BigInt(first);
  for (let bits = 64; ; bits += 32) {
    u = (u << 32n) | BigInt(words.uint32());
    const [low, high] = expInterval(a, b, bits);
    if (u + 1n <= low) return true;
    if (u >= high) return false;
  }
}

/**
 * A whole number k with probability proportional to exp(-|k| s / t), exactly (algorithm 2): discrete Laplace noise of
 * epsilon s / t for a sensitivity of 1.
 * @param t 1 .. 2^32
 * @param s a whole number >= 1
 */
export function discreteLaplace(words: Words, t: number, s = 1): number {
  for (;;) {
    // A geometric number of rate 1 / t: uniform part and whole multiples of t. Divided by s it is one of rate s / t.
    const u = t === 1 ? 0 : below(words, t);
    if (u > 0 && !bernoulliExp(words, u / t, () => [BigInt(u), BigInt(t)])) continue;
    let v = 0;
    while (bernoulliExp(words, 1, () => [1n, 1n])) v++;
    const size = Math.floor((u + t * v) / s);
    const minus = words.uint32() >= 2 ** 31;
    if (minus && size === 0) continue;
    return minus ? -size : size;
  }
}

export class DiscreteGaussian {
  readonly #words: Words;
  readonly #num: bigint;
  readonly #den: bigint;
  readonly #square: number;
  readonly #t: number;

  /**
   * @param num numerator of sigma^2, 0 < sigma^2 <= 2^48
   * @param den denominator, at most 2^48
   * @throws VeilganError CONFIG outside these ranges
   */
  constructor(words: Words, num: number, den = 1) {
    const square = num / den;
    const fits = (n: number) => Number.isInteger(n) && n >= 1 && n <= 2 ** 48;
    if (!fits(num) || !fits(den)) {
      throw new VeilganError('CONFIG', `a discrete Gaussian of variance ${num} / ${den}`, {
        where: 'granularity',
        fix: 'Choose noise and granularity so that the noise is at most 2^24 steps',
      });
    }
    this.#words = words;
    this.#num = BigInt(num);
    this.#den = BigInt(den);
    this.#square = square;
    this.#t = Math.floor(Math.sqrt(square)) + 1;
  }

  next(): number {
    const [words, t, square] = [this.#words, this.#t, this.#square];
    for (;;) {
      const k = discreteLaplace(words, t);
      const size = Math.abs(k);
      // Accepted with probability exp(-(size - sigma^2 / t)^2 / (2 sigma^2)).
      const d = size - square / t;
      const accepted = bernoulliExp(words, (d * d) / (2 * square), () => {
        const [num, den, whole] = [this.#num, this.#den, BigInt(t)];
        const top = BigInt(size) * whole * den - num;
        return [top * top, 2n * num * den * whole * whole];
      });
      if (accepted) return k;
    }
  }
}
