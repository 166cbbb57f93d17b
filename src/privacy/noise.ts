/**
 * Gaussian noise for differential privacy on the device (Dwork et al. 2006; Abadi et al. 2016): each element of the
 * clipped sum plus N(0, (multiplier sensitivity)^2).
 *
 * No block of ChaCha20 is ever used twice under a key. A block is (element / 8, draw, site): within one dispatch the
 * element differs; two dispatches of one replay have sites of their own, given out by the program; each replay and each
 * call outside a program takes a new draw number from the key's counter, whatever step it belongs to, so a step that is
 * run again after a failure gets new noise. Where elements, sites or draws would run out, it throws. Keys of other
 * purposes are other keys.
 *
 * Floating point. A Gaussian made of floats has holes, and float addition lets the low bits of the sum show through
 * (Mironov, "On significance of the least significant bits for differential privacy", CCS 2012). Here the sum and the
 * noise are both rounded to multiples of one power of two, `grid`, fixed before the data are seen, and added as
 * integers: what is released is a function of an exact integer sum, and every multiple of the grid can come out, up to
 * 9.4 standard deviations, whatever the sum is. Rounding to the grid may move the sum by grid sqrt(n) / 2 a side, and f32
 * summation may move it by what the sum's sensitivity says; the noise is scaled up for both (`noiseScale`), so the
 * multiplier is the one to account for.
 * What is NOT proved: probabilities of single grid points differ from those of a rounded Gaussian, by what f32
 * arithmetic loses in logarithm, root, sine and cosine (about 1e-6 of each normal); tails end at 9.4 standard
 * deviations (1e-20 of each element); timing is not protected. The discrete mechanism has none of the first two.
 * The key is in device memory while the source lives; drivers may keep copies of what was uploaded.
 */
import noiseShader from '#shaders/private_noise.wgsl';
import { VeilganError } from '../base/errors.ts';
import type { Gpu, Program } from '../gpu/index.ts';
import { empty, type Tensor, tensor } from '../tensor/tensor.ts';
import { DrawCounter, type PrivacyKey } from './key.ts';
import type { BoundedSum, Sensitivity } from './sensitivity.ts';

/** A noise key on the device, and the count of what was drawn from it. */
export class NoiseSource {
  readonly gpu: Gpu;
  /** [8] u32 */
  readonly key: Tensor;
  readonly draws: DrawCounter;
  readonly #slots = new WeakMap<Program, number>();
  #drawn = 0;

  /** @throws whatever `derive` does */
  constructor(gpu: Gpu, key: PrivacyKey, index = 0) {
    this.gpu = gpu;
    this.draws = new DrawCounter(key.insecure);
    const words = key.derive('noise', index);
    this.key = tensor(gpu, words);
    words.fill(0);
  }

  /**
   * What tells one dispatch from all others: site, and draw number or its slot in the step block.
   * @throws VeilganError USE_AFTER_FREE, OVER_LIMIT; CAPTURE where the step block is full
   */
  place(): { site: number; draw_slot: number; draw_low: number; draw_high: number } {
    const program = this.gpu.capturing;
    if (!program) {
      const draw = this.draws.take();
      return { site: 0, draw_slot: -1, draw_low: draw % 2 ** 24, draw_high: Math.floor(draw / 2 ** 24) };
    }
    let slot = this.#slots.get(program);
    if (slot === undefined) {
      // A rate is an f32, exact up to 2^24; both are taken anew for each replay, in this order.
      slot = program.rate(() => {
        this.#drawn = this.draws.take();
        return this.#drawn % 2 ** 24;
      });
      program.rate(() => Math.floor(this.#drawn / 2 ** 24));
      this.#slots.set(program, slot);
    }
    return { site: program.site(), draw_slot: slot, draw_low: 0, draw_high: 0 };
  }

  /** Overwrites the key on the device. Safe to call twice. */
  dispose(): void {
    if (this.key.disposed) return;
    // Also for the programs that were recorded with it, which would go on with a key of zeros.
    this.draws.close();
    this.gpu.upload(this.key, new Uint32Array(8));
    this.key.dispose();
  }
}

/** Largest integers of the sum and of the noise, each, on the grid. */
const MOST = 2 ** 30;
/** Largest normal that can be drawn, with room to spare. */
const TAIL = 16;
/** What rounding to the grid may add to the sensitivity, as a share of the bound, where the range allows. */
const SHARE = 2 ** -13;

/**
 * The grid for n elements and noise of `multiplier` times the sensitivity: a power of two so fine that rounding to it
 * adds at most 2^-13 of the bound, or the finest on which noise of a large multiplier can be counted in 31 bits.
 */
export function noiseGrid(n: number, { bound, rounding }: Sensitivity, multiplier: number): number {
  const fine = Math.floor(Math.log2((bound * SHARE) / Math.sqrt(n)));
  const coarse = Math.ceil(Math.log2((TAIL * multiplier * (bound + rounding)) / MOST));
  return 2 ** Math.max(fine, coarse);
}

/**
 * The standard deviation that makes `multiplier` true: multiplier (bound + rounding + grid sqrt(n)), for rounding to the
 * grid moves two neighbouring sums apart by at most half a grid step each in each of n elements.
 */
export const noiseScale = (n: number, { bound, rounding }: Sensitivity, multiplier: number, grid: number): number =>
  multiplier * (bound + rounding + grid * Math.sqrt(n));

export interface NoiseOptions {
  /** sigma: standard deviation over sensitivity; a function is asked anew for each replay of a program */
  readonly multiplier: number | (() => number);
  /** what the noisy sum is multiplied by, 1 over a constant divisor; default 1 */
  readonly scale?: number;
  /** where to write, instead of a new tensor; may be the sum's own */
  readonly into?: Tensor;
  /** a power of two; needed only where `multiplier` is a function that goes above 2^13; default noiseGrid */
  readonly grid?: number;
}

/** A positive f32 that is not below x. */
function up(x: number): number {
  const y = Math.fround(x);
  return y >= x ? y : Math.fround(x * (1 + 2 ** -23));
}

/**
 * (sum + N(0, (multiplier sensitivity)^2)) scale for each element, in one pass. Elements that are not finite count as 0.
 * @param sum of any shape, with what one record can change of it
 * @throws VeilganError CONFIG for a multiplier or sensitivity that is not positive and finite or a scale that is not finite,
 * OVER_LIMIT for noise that its grid cannot hold, USE_AFTER_FREE after `source.dispose()`, VALIDATION for a wrong
 * `into`
 */
export function gaussianNoise(source: NoiseSource, sum: BoundedSum, options: NoiseOptions): Tensor {
  const { gpu } = source;
  const { value: g, sensitivity } = sum;
  const { multiplier, scale = 1, into } = options;
  positive('multiplier', 'noise multiplier', typeof multiplier === 'number' ? multiplier : 1);
  positive('bound', 'clipping bound', sensitivity.bound);
  positive('bound', 'sensitivity', sensitivity.rounding >= 0 ? sensitivity.bound + sensitivity.rounding : Number.NaN);
  if (!(Number.isFinite(scale) && scale !== 0)) bad('the divisor', `a noisy sum scaled by ${scale}`);
  if (g.gpu !== gpu || g.dtype !== 'f32' || (into && (into.length !== g.length || into.dtype !== 'f32'))) {
    throw new VeilganError('VALIDATION', 'gaussianNoise: needs f32 tensors of one device and of equal length', {
      where: 'privacy noise',
    });
  }
  const n = g.length;
  const grid = options.grid ?? noiseGrid(n, sensitivity, typeof multiplier === 'number' ? multiplier : 1);
  if (!(Math.abs(Math.log2(grid)) <= 90 && Number.isInteger(Math.log2(grid)))) {
    bad('grid', `noise on a grid of ${grid}, which must be a power of two from 2^-90 to 2^90`);
  }
  const ratio = () => {
    const sigma = typeof multiplier === 'number' ? multiplier : multiplier();
    positive('multiplier', 'noise multiplier', sigma);
    const r = up(noiseScale(n, sensitivity, sigma, grid) / grid);
    // The grid has been chosen for the multiplier only, so a little above is as far as it can be.
    if (r * (TAIL - 4) > MOST) {
      throw new VeilganError('OVER_LIMIT', `noise of ${sigma} times the bound does not fit on a grid of ${grid}`, {
        where: 'multiplier',
        fix: 'Give a coarser grid (noiseGrid of the largest multiplier)',
      });
    }
    return r;
  };
  const y = into ?? empty(gpu, g.shape);
  const inPlace = y.storage === g.storage;
  if (inPlace && y.offset !== g.offset) bad('into', 'a part of the buffer that the sum is in');
  const program = gpu.capturing;
  const ratioSlot = program && typeof multiplier !== 'number' ? program.rate(ratio) : -1;
  // Eight elements are long work, so a thread has them alone.
  const groups = Math.min(65535, Math.ceil(n / 512));
  gpu.run(
    noiseShader,
    { overrides: { IN_PLACE: inPlace ? 1 : 0 } },
    { key: source.key, g: inPlace ? source.key : g, y },
    {
      n,
      threads: 64 * groups,
      ...source.place(),
      ratio_slot: ratioSlot,
      ratio: ratioSlot < 0 ? ratio() : 0,
      per: 1 / grid,
      most: MOST * grid,
      unit: grid * scale,
    },
    [groups, 1, 1],
  );
  y.storage.version++;
  return y;
}

function positive(where: string, what: string, x: number): void {
  if (!(x > 0 && Number.isFinite(x))) bad(where, `a ${what} of ${x}`);
}

function bad(where: string, message: string): never {
  throw new VeilganError('CONFIG', message, { where, fix: 'Give a positive number' });
}
