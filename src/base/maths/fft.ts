/** The discrete Fourier transform of a power-of-two length in f64, in place, without bit reversal. */

/** Complex numbers [n], real and imaginary parts apart. */
export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** exp(-2 pi i k / n) for k < n/2 of every length up to the largest, each stored in one piece. */
export class Fft {
  readonly size: number;
  readonly #cos: Float64Array[] = [];
  readonly #sin: Float64Array[] = [];

  /** @param size a power of two, at least 2 */
  constructor(size: number) {
    this.size = size;
    const half = size / 2;
    const [cos, sin] = [new Float64Array(half), new Float64Array(half)];
    for (let k = 0; k < half; k++) {
      // The angle is at most pi/4 in absolute value, so that its rounding stays small.
      const octant = Math.round((4 * k) / half);
      const angle = (2 * Math.PI * (k - (octant * half) / 4)) / size;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const turn = [
        [c, s],
        [(c - s) * Math.SQRT1_2, (c + s) * Math.SQRT1_2],
        [-s, c],
        [(-c - s) * Math.SQRT1_2, (c - s) * Math.SQRT1_2],
        [-c, -s],
      ][octant];
      [cos[k], sin[k]] = [turn[0], -turn[1]];
    }
    for (let n = size; n >= 2; n /= 2) {
      const stride = size / n;
      this.#cos.push(n === size ? cos : Float64Array.from({ length: n / 2 }, (_, k) => cos[k * stride]));
      this.#sin.push(n === size ? sin : Float64Array.from({ length: n / 2 }, (_, k) => sin[k * stride]));
    }
  }

  /** X[k] = sum over j of x[j] exp(-2 pi i j k / n); X[k] is left at the place whose bits are those of k reversed. */
  forward({ re, im }: Complex): void {
    this.#down(re, im, 0, 0);
  }

  /** n times the inverse of `forward`, taking the order that it leaves. */
  inverse({ re, im }: Complex): void {
    this.#up(re, im, 0, 0);
  }

  #down(re: Float64Array, im: Float64Array, at: number, level: number): void {
    const n = this.size >> level;
    if (n < 2) return;
    const half = n / 2;
    const [cos, sin] = [this.#cos[level], this.#sin[level]];
    for (let k = 0, a = at, b = at + half; k < half; k++, a++, b++) {
      const dr = re[a] - re[b];
      const di = im[a] - im[b];
      re[a] += re[b];
      im[a] += im[b];
      re[b] = dr * cos[k] - di * sin[k];
      im[b] = dr * sin[k] + di * cos[k];
    }
    this.#down(re, im, at, level + 1);
    this.#down(re, im, at + half, level + 1);
  }

  #up(re: Float64Array, im: Float64Array, at: number, level: number): void {
    const n = this.size >> level;
    if (n < 2) return;
    const half = n / 2;
    this.#up(re, im, at, level + 1);
    this.#up(re, im, at + half, level + 1);
    const [cos, sin] = [this.#cos[level], this.#sin[level]];
    for (let k = 0, a = at, b = at + half; k < half; k++, a++, b++) {
      const br = re[b] * cos[k] + im[b] * sin[k];
      const bi = im[b] * cos[k] - re[b] * sin[k];
      re[b] = re[a] - br;
      im[b] = im[a] - bi;
      re[a] += br;
      im[a] += bi;
    }
  }
}

/** The place of X[-k] where X[k] lies at `i` in `forward`'s order: its block [2^m, 2^(m+1)) read backwards. */
export function mirrored(i: number): number {
  return i < 2 ? i : 3 * 2 ** (31 - Math.clz32(i)) - 1 - i;
}

/**
 * A bound on |computed - exact| of every X[k], as a share of sum |x[j]|: each of the log2 n levels rounds what it adds up
 * (one addition, one complex product, one table entry: below 10 units of 2^-53), and what reaches X[k] from one level
 * are sums over disjoint parts of x. Pointwise, unlike the usual bound in the 2-norm.
 */
export const fftError = (size: number): number => 10 * 2 ** -53 * Math.log2(size);
