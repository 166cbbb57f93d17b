/** Composition of discretised losses by FFT, in f64, with what its rounding can have done. */

import { type Complex, Fft, fftError, mirrored } from '../../base/maths/fft.ts';
import type { Masses } from './discretise.ts';

/** One kind of step: both discretisations of its loss, each of total weighted mass 1, and how often it is taken. */
export interface Step {
  readonly upper: Masses;
  readonly lower: Masses | null;
  readonly steps: number;
}

/** Weighted masses of the composed loss in a window of nodes; `lower` is null where no step had one. */
export interface Composed {
  readonly upper: Float64Array;
  readonly lower: Float64Array | null;
  /** at most how wrong each mass is through rounding */
  readonly error: number;
}

/**
 * The laws of sums of independent losses, modulo `size` nodes, starting at the node `start` (counted from the sum of the
 * origins). Both discretisations go through one complex transform as its real and imaginary part.
 *
 * Rounding: a transform value is off by at most e = fftError (masses sum to 1; twice that for two at once), so its T-th
 * power by (|f| + e)^T - |f|^T plus that of the power itself (T log |f| and T arg f carry a relative unit each). These
 * are summed over all frequencies and divided by the size, which bounds every mass of the result; the inverse transform
 * adds its own.
 */
export function compose(steps: readonly Step[], size: number, start: number): Composed {
  const fft = new Fft(size);
  const twoLaws = steps.every(({ lower }) => lower !== null);
  const unit = (twoLaws ? 2 : 1) * fftError(size);
  let product: Complex | null = null;
  const most = new Float64Array(size).fill(1);
  const ends: Ends = [1, 1, 1, 1];
  for (const { upper, lower, steps: count } of steps) {
    const spectrum = { re: wrapped(upper, size), im: lower ? wrapped(lower, size) : new Float64Array(size) };
    fft.forward(spectrum);
    separate(spectrum);
    power(spectrum, count, unit, { most, ends });
    product = product ? multiplied(product, spectrum) : spectrum;
  }
  const { re, im } = product!;
  let error = 0;
  for (let i = 0; i < size; i++) {
    if (i < 2) {
      const [u, v] = [Math.abs(re[i]), Math.abs(im[i])];
      error += Math.max(ends[2 * i] - u, ends[2 * i + 1] - v) + 2 * unit * Math.max(u, v);
      continue;
    }
    const value = Math.sqrt(re[i] * re[i] + im[i] * im[i]);
    error += most[i] - value + 2 * unit * value;
  }
  join({ re, im });
  fft.inverse({ re, im });
  const shift = (values: Float64Array) => {
    const out = new Float64Array(size);
    const from = ((start % size) + size) % size;
    for (let j = 0; j < size; j++) out[j] = values[(from + j) % size] / size;
    return out;
  };
  // A pair of mirrored frequencies holds each law once, and counts twice for it.
  return { upper: shift(re), lower: twoLaws ? shift(im) : null, error: (2 * error) / size };
}

/** Masses [size], nodes taken modulo the size. */
function wrapped({ first, masses }: Masses, size: number): Float64Array {
  const out = new Float64Array(size);
  const start = ((first % size) + size) % size;
  for (let j = 0; j < masses.length; j++) out[(start + j) % size] += masses[j];
  return out;
}

/**
 * From the transform of u + i v to those of u and v: U at one place of each pair of mirrored frequencies, V at the other.
 * The two frequencies that are their own mirror have real U and V, kept as real and imaginary part.
 */
function separate({ re, im }: Complex): void {
  for (let i = 2; i < re.length; i++) {
    const j = mirrored(i);
    if (j <= i) continue;
    const [a, b, c, d] = [re[i], im[i], re[j], im[j]];
    [re[i], im[i]] = [(a + c) / 2, (b - d) / 2];
    [re[j], im[j]] = [(b + d) / 2, (c - a) / 2];
  }
}

/** Undoes `separate`. */
function join({ re, im }: Complex): void {
  for (let i = 2; i < re.length; i++) {
    const j = mirrored(i);
    if (j <= i) continue;
    const [ur, ui, vr, vi] = [re[i], im[i], re[j], im[j]];
    [re[i], im[i]] = [ur - vi, ui + vr];
    [re[j], im[j]] = [ur + vi, vr - ui];
  }
}

/** Below exp(-80) a factor is 0: its neighbours' rounding is far larger. */
const NOTHING = -80;

/** Of the two frequencies that are their own mirror: what the moduli of U and V at either cannot exceed. */
type Ends = [number, number, number, number];

/** What moduli cannot exceed at any frequency. */
interface Most {
  readonly most: Float64Array;
  readonly ends: Ends;
}

/** Every value to the power `count`; `most` and `ends` are multiplied by what the true value's modulus cannot exceed. */
function power({ re, im }: Complex, count: number, unit: number, { most, ends }: Most): void {
  for (let i = 0; i < re.length; i++) {
    if (i < 2) {
      for (const [j, value] of [re[i], im[i]].entries()) {
        ends[2 * i + j] *= (Math.abs(value) + unit) ** count * (1 + count * 2e-16);
      }
      [re[i], im[i]] = [re[i] ** count, im[i] ** count];
      continue;
    }
    const modulus = Math.sqrt(re[i] * re[i] + im[i] * im[i]);
    const logPower = count * Math.log(modulus);
    const logMost = count * Math.log(modulus + unit);
    most[i] *= Math.exp(Math.max(NOTHING, logMost)) * (1 + (count + 1) * 1e-15);
    if (logPower < NOTHING) {
      re[i] = im[i] = 0;
    } else if (count > 1) {
      const size = Math.exp(logPower);
      const angle = count * Math.atan2(im[i], re[i]);
      re[i] = size * Math.cos(angle);
      im[i] = size * Math.sin(angle);
    }
  }
}

function multiplied(a: Complex, b: Complex): Complex {
  for (let i = 0; i < a.re.length; i++) {
    const [re, im] = [a.re[i], a.im[i]];
    if (i < 2) {
      [a.re[i], a.im[i]] = [re * b.re[i], im * b.im[i]];
    } else {
      a.re[i] = re * b.re[i] - im * b.im[i];
      a.im[i] = re * b.im[i] + im * b.re[i];
    }
  }
  return a;
}
