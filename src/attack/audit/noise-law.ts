/**
 * Whether what was added to clipped sums is the noise that is claimed: independent N(0, (sigma C)^2) in every
 * coordinate of every critic at every update. Takes updates one by one; every test has an exact p-value.
 */

import { chiSquare, correlationP, lawP, varianceInterval } from '../../base/maths/chi-square.ts';
import { tail } from '../../base/maths/normal.ts';
import { type Check, smallest } from './family.ts';

/** Sums of products of two sides, for a correlation. */
export class Pair {
  n = 0;
  xy = 0;
  xx = 0;
  yy = 0;

  add(x: ArrayLike<number>, y: ArrayLike<number>): void {
    for (let i = 0; i < x.length; i++) {
      this.xy += x[i] * y[i];
      this.xx += x[i] * x[i];
      this.yy += y[i] * y[i];
    }
    this.n += x.length;
  }

  check(name: string): Check {
    const r = this.xy / Math.sqrt(this.xx * this.yy || 1);
    return { name, p: correlationP(this.n, this.xy, this.xx, this.yy), found: `${name}: r ${r.toFixed(4)}` };
  }
}

/** Distances between coordinates, and between updates, at which noise is compared. */
const LAGS = [1, 2, 4, 8, 32, 64, 256];
const STEPS = [1, 2, 3, 4];
/** Draws that are kept for the test of their law. */
const KEPT = 1 << 17;
/** What f32 arithmetic, and noise that is a little larger than claimed, may move a distribution function by. */
const SLACK = 1e-3;

export interface NoiseFound {
  /** variance over what is claimed, and where it lies with the confidence asked for, of each critic */
  readonly variances: readonly { readonly ratio: number; readonly low: number; readonly high: number }[];
  readonly draws: number;
  readonly checks: readonly Check[];
}

export class NoiseLaw {
  readonly #coordinates: number;
  /** by critic: sums of squares, degrees of freedom, and the squares of an update's sums over coordinates */
  readonly #squares: Float64Array;
  readonly #freedom: Float64Array;
  readonly #rows: Float64Array;
  readonly #each: Float64Array;
  readonly #lags: readonly Pair[];
  readonly #critics = new Pair();
  readonly #steps = STEPS.map(() => new Pair());
  readonly #past: Float64Array[][] = [];
  readonly #repeats = new Repeats();
  readonly #kept: number[] = [];
  #updates = 0;

  /** @param coordinates of one critic */
  constructor(critics: number, coordinates: number) {
    this.#coordinates = coordinates;
    this.#squares = new Float64Array(critics);
    this.#freedom = new Float64Array(critics);
    this.#rows = new Float64Array(critics);
    this.#each = new Float64Array(critics * coordinates);
    this.#lags = LAGS.map(() => new Pair());
  }

  /**
   * The noise of one update over sigma C, for each critic.
   * @param beside what of each critic's is left out of the variance: its part along a direction in which it was looked at
   */
  add(noise: readonly Float64Array[], beside: readonly number[] = []): void {
    noise.forEach((z, k) => {
      this.#addOne(z, k, beside[k]);
      this.#repeats.add(z);
      if (k % 2 === 1) this.#critics.add(noise[k - 1], z);
    });
    // Updates t and t + lag for every other run of `lag` updates, so that none is on both sides.
    const t = this.#updates++;
    STEPS.forEach((lag, i) => {
      if (Math.floor(t / lag) % 2 === 0) return;
      this.#past[this.#past.length - lag]?.forEach((z, k) => {
        this.#steps[i].add(z, noise[k]);
      });
    });
    this.#past.push([...noise]);
    if (this.#past.length > STEPS.length) this.#past.shift();
  }

  #addOne(z: Float64Array, k: number, beside?: number): void {
    let [squares, row] = [0, 0];
    for (let i = 0; i < z.length; i++) {
      squares += z[i] * z[i];
      row += z[i];
      this.#each[k * z.length + i] += z[i] * z[i];
      if (this.#kept.length < KEPT) this.#kept.push(z[i]);
    }
    this.#squares[k] += squares - (beside ?? 0) ** 2;
    this.#freedom[k] += beside === undefined ? z.length : z.length - 1;
    this.#rows[k] += (row * row) / z.length;
    LAGS.forEach((lag, i) => {
      for (let from = 0; from + 2 * lag <= z.length; from += 2 * lag) {
        this.#lags[i].add(z.subarray(from, from + lag), z.subarray(from + lag, from + 2 * lag));
      }
    });
  }

  #variances(): Check[] {
    return Array.from(this.#squares, (squares, k) => ({
      name: `noise of critic ${k}`,
      p: this.#freedom[k] ? chiSquare(this.#freedom[k], squares).below : 1,
      found: `critic ${k}: ${(squares / this.#freedom[k]).toFixed(4)} of the variance claimed`,
    }));
  }

  /** The law of all draws that were kept, against a normal of their own variance. */
  #law(): Check {
    const z = Float64Array.from(this.#kept).sort();
    const n = z.length;
    const name = 'the noise is Gaussian';
    if (n < 100) return { name, p: 1, found: 'too few draws' };
    const scale = Math.sqrt(z.reduce((sum, x) => sum + x * x, 0) / n) || 1;
    const distance = z.reduce((worst, x, i) => {
      const above = tail(x / scale);
      return Math.max(worst, Math.abs(1 - above - i / n), Math.abs(1 - above - (i + 1) / n));
    }, 0);
    // The variance of n draws is off by 7 sqrt(2 / n) with probability 1e-11, which moves the law by a quarter of half that.
    const p = lawP(n, distance - SLACK - 0.25 * 7 * Math.sqrt(0.5 / n));
    return { name, p, found: `distance ${distance.toFixed(4)} from the normal law, ${n} draws` };
  }

  /** @param confidence of the intervals of variances */
  found(confidence: number): NoiseFound {
    const [n, updates] = [this.#coordinates, this.#updates];
    const low = Array.from(this.#each, (squares, at) => ({
      name: 'noise in each coordinate',
      p: chiSquare(updates, squares).below,
      found: `critic ${Math.floor(at / n)}, coordinate ${at % n}: ${(squares / updates).toFixed(3)} of the variance`,
    }));
    const rows = Array.from(this.#rows, (squares, k) => {
      const { below, above } = chiSquare(updates, squares);
      const found = `critic ${k}: sums over coordinates have ${(squares / updates).toFixed(3)} of their variance`;
      return { name: 'noise shared by coordinates', p: Math.min(1, 2 * Math.min(below, above)), found };
    });
    const lags = this.#lags.map((pair, i) => pair.check(`coordinates ${LAGS[i]} apart`));
    const steps = this.#steps.map((pair, i) => pair.check(`updates ${STEPS[i]} apart`));
    return {
      variances: Array.from(this.#squares, (squares, k) => {
        const [at, from] = varianceInterval(this.#freedom[k], squares, confidence);
        return { ratio: squares / this.#freedom[k], low: at, high: from };
      }),
      draws: updates * this.#each.length,
      checks: [
        smallest('noise of every critic is as large as claimed', this.#variances()),
        smallest('noise in every coordinate', low),
        smallest('coordinates are independent', [...rows, ...lags.filter((_, i) => 2 * LAGS[i] <= n)]),
        ...(this.#squares.length > 1 ? [this.#critics.check('critics are independent')] : []),
        smallest('updates are independent', steps),
        this.#repeats.check(),
        this.#law(),
      ],
    };
  }
}

/** Coordinates that are compared, and how near they must be, in standard deviations of the noise. */
const LOOKED_AT = 8;
const NEAR = 1e-3;

/** Noise that comes twice, in whatever two updates, critics or runs, with either sign: two releases of it cancel it. */
class Repeats {
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
