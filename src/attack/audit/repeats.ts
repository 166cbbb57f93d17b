/** Noise that comes twice, in whatever two updates, critics or runs, with either sign: two releases of it cancel it. */
import type { Check } from './family.ts';

/** Coordinates that are compared, and how near they must be, in standard deviations of the noise. */
const LOOKED_AT = 8;
const NEAR = 1e-3;

export class Repeats {
  readonly #signs: Float64Array[] = [];

  /** @param noise of one critic at one update, in standard deviations */
  add(noise: Float64Array): void {
    const count = Math.min(LOOKED_AT, noise.length);
    const sign = Float64Array.from({ length: count }, (_, i) => noise[Math.floor((i * noise.length) / count)]);
    // Of a vector and its negative the same one is kept.
    if (sign[0] < 0) sign.forEach((x, i) => (sign[i] = -x));
    this.#signs.push(sign);
  }

  /** Two draws within NEAR of each other in every coordinate, which independent ones are once in so many pairs. */
  check(): Check {
    const name = 'no noise is used twice';
    const signs = [...this.#signs].sort((a, b) => a[0] - b[0]);
    let equal = 0;
    signs.forEach((a, i) => {
      for (let j = i + 1; j < signs.length && signs[j][0] - a[0] <= NEAR; j++) {
        if (a.every((x, c) => Math.abs(x - signs[j][c]) <= NEAR)) equal++;
      }
    });
    if (!equal) return { name, p: 1, found: `no two of ${signs.length} draws are equal` };
    // The difference of two normals has the density 1 / (2 sqrt(pi)) at most; either sign counts.
    const each = (NEAR / Math.sqrt(Math.PI)) ** signs[0].length;
    const p = Math.min(1, signs.length * (signs.length - 1) * each);
    return { name, p, found: `${equal} pairs of ${signs.length} draws are equal` };
  }
}
