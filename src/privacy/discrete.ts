/**
 * The exact integer mechanism (`--mechanism discrete`). Each record's gradient is clipped to C by integer arithmetic,
 * divided by the granularity and truncated toward zero, so that its norm cannot grow; records are summed in i32, where
 * no order and no split changes the sum and no rounding happens; discrete Gaussian noise (Canonne, Kamath, Steinke
 * 2020) is added. The sensitivity C / granularity is exact, floats do not enter the argument, and given the same f32
 * gradients and key the release has the same bits on every adapter and under any physical split.
 *
 * Noise is drawn on the host, about half a microsecond an element, for all updates of a chunk at once.
 */
import factorsShader from '#shaders/discrete_factors.wgsl';
import releaseShader from '#shaders/discrete_release.wgsl';
import sumShader from '#shaders/discrete_sum.wgsl';
import { VeilganError } from '../base/errors.ts';
import type { Gpu } from '../gpu/index.ts';
import { strided } from '../ops/dispatch.ts';
import { show } from '../tensor/shape.ts';
import { empty, type Tensor, tensor } from '../tensor/tensor.ts';
import { ChaChaStream } from './chacha.ts';
import { DiscreteGaussian } from './discrete-gaussian.ts';
import { DrawCounter, type PrivacyKey } from './key.ts';
import type { Sensitivity } from './sensitivity.ts';

/** Sums of records, and noise, each stay below this. */
const MOST = 2 ** 30;
/** Largest standard deviation of the noise in steps: 64 of them fit. */
const MOST_NOISE = 2 ** 24;

export interface DiscreteOptions {
  /** groups of records that are summed apart, K for dp-pargan */
  readonly groups: number;
  /** coordinates of a gradient */
  readonly width: number;
  /** C; taken as the largest f32 that is not above it */
  readonly bound: number;
  /** sigma: standard deviation of the noise over the sensitivity C */
  readonly multiplier: number;
  /** most records of a group in one update, physical batches together; a larger one is refused, never truncated */
  readonly most: number;
  /** what the noisy sum is multiplied by, 1 over a constant divisor */
  readonly scale: number;
  /** size of a step, a power of two; default the finest that `most` and `multiplier` allow, and C / 2^24 at least */
  readonly granularity?: number;
  /** most updates whose noise is drawn at once; default 1 */
  readonly chunk?: number;
}

/** The largest f32 that is not above x > 0. */
function down(x: number): number {
  const y = Math.fround(x);
  return y <= x ? y : Math.fround(x * (1 - 2 ** -24));
}

/** The finest power of two whose steps can count the sum of `most` clipped records and the noise. */
export function finestGranularity({ bound, most, multiplier }: Pick<DiscreteOptions, 'bound' | 'most' | 'multiplier'>) {
  return 2 ** Math.ceil(Math.log2(bound * Math.max(most / MOST, multiplier / MOST_NOISE, 2 ** -24)) + 1e-9);
}

export class DiscreteMechanism {
  readonly gpu: Gpu;
  readonly granularity: number;
  /** what one record can change of the sum, whose integers no order rounds */
  readonly sensitivity: Sensitivity;
  /** the same in steps: C / granularity */
  readonly steps: number;
  /** of the noise, in steps, a whole number; its root over `steps` is the multiplier or a little more */
  readonly variance: number;
  readonly draws: DrawCounter;
  readonly #options: DiscreteOptions;
  readonly #bound: number;
  readonly #key: Uint32Array;
  /** [groups, width] i32 */
  readonly #sum: Tensor;
  /** [chunk, groups, width] i32 */
  readonly #noise: Tensor;

  /**
   * @param index of several mechanisms under one key
   * @throws VeilganError CONFIG for numbers that make no sense or do not fit in 31 bits
   */
  constructor(gpu: Gpu, key: PrivacyKey, options: DiscreteOptions, index = 0) {
    const { groups, width, bound, multiplier, most, scale, granularity, chunk = 1 } = options;
    for (const [where, value] of Object.entries({ bound, multiplier, most })) {
      if (!(value > 0 && Number.isFinite(value))) bad(where, `a ${where} of ${value}`, 'Give a positive number');
    }
    if (!(Number.isFinite(scale) && scale !== 0)) bad('divisor', `a noisy sum scaled by ${scale}`, 'Give a number');
    this.granularity = granularity ?? finestGranularity(options);
    const bits = -Math.log2(this.granularity);
    if (!Number.isInteger(bits) || Math.abs(bits) > 60) {
      bad('granularity', `a granularity of ${this.granularity}`, 'Give a power of two, for example 0.0000152587890625');
    }
    this.#bound = down(bound);
    this.sensitivity = { bound: this.#bound, rounding: 0 };
    this.steps = this.#bound / this.granularity;
    const fix = `Give \`granularity: ${finestGranularity(options)}\` or a larger power of two`;
    if (this.steps * most > MOST || this.steps > 2 ** 24) {
      bad('granularity', `sums of ${most} records may overflow in steps of ${this.granularity}`, fix);
    }
    if (this.steps < 1) bad('granularity', `steps of ${this.granularity} are larger than the bound`, fix);
    this.variance = Math.ceil((multiplier * this.steps) ** 2 * (1 + 2 ** -50));
    if (this.variance > MOST_NOISE ** 2) {
      bad('granularity', `the noise does not fit in 31 bits in steps of ${this.granularity}`, fix);
    }
    this.gpu = gpu;
    this.#options = options;
    this.#key = key.derive('discrete', index);
    this.draws = new DrawCounter(key.insecure);
    this.#sum = tensor(gpu, new Uint32Array(groups * width));
    this.#noise = empty(gpu, [chunk, groups * width], 'u32', true);
  }

  /**
   * Adds a physical batch to the sum of the update. In a program the live rows of each group come from the step block.
   * @param each per-sample gradients over all parameters, [groups, rows, width]
   * @throws VeilganError SHAPE
   */
  accumulate(each: Tensor): void {
    const { gpu } = this;
    const { groups, width } = this.#options;
    const [g, rows, w] = each.shape;
    if (each.rank !== 3 || g !== groups || w !== width) {
      throw new VeilganError('SHAPE', `per-sample gradients ${show(each.shape)}, not [${groups}, rows, ${width}]`, {
        where: 'the discrete mechanism',
        fix: 'Concatenate the gradients of all parameters along the last axis',
      });
    }
    const v = empty(gpu, [groups, rows]);
    const exponent = Math.floor(Math.log2(this.#bound)) - 23;
    gpu.run(
      factorsShader,
      {},
      { x: each, v },
      {
        width,
        c_mantissa: this.#bound * 2 ** -exponent,
        c_exponent: exponent,
        bits: -Math.log2(this.granularity),
      },
      [groups * rows, 1, 1],
    );
    const { grid, threads } = strided(gpu, width);
    gpu.run(
      sumShader,
      { overrides: { STEP: gpu.capturing ? 1 : 0 } },
      { x: each, v, sum: this.#sum },
      { rows, width, threads, most: Math.floor(this.steps) },
      [grid[0], groups, 1],
    );
    v.dispose();
  }

  /**
   * Draws and uploads the noise of the next updates; before each chunk, and before `release` outside a program.
   * @param records of each update, how many records its largest group sums
   * @throws VeilganError OVER_LIMIT for more records than `most`, or more updates than a chunk
   */
  prepare(records: readonly number[]): void {
    const { most, chunk = 1 } = this.#options;
    const large = records.find((n) => n > most);
    if (large !== undefined || records.length > chunk) {
      const what =
        large !== undefined ? `a batch of ${large} records, and room for ${most}` : 'more updates than a chunk';
      throw new VeilganError('OVER_LIMIT', `the discrete mechanism: ${what}`, {
        where: 'granularity',
        fix: 'Choose a coarser granularity with more room; a batch is never truncated',
      });
    }
    const n = this.#sum.length;
    const noise = new Int32Array(records.length * n);
    for (let update = 0; update < records.length; update++) this.#draw(noise.subarray(update * n, (update + 1) * n));
    this.gpu.upload(this.#noise, noise);
    noise.fill(0);
  }

  #draw(out: Int32Array): void {
    const draw = this.draws.take();
    const words = new ChaChaStream(this.#key, [draw >>> 0, Math.floor(draw / 2 ** 32), 0]);
    const law = new DiscreteGaussian(words, this.variance);
    for (let i = 0; i < out.length; i++) out[i] = law.next();
    words.wipe();
  }

  /**
   * The noisy sum of the update times `scale`, [groups, width], and an empty sum for the next one. In a program the
   * index of the step block says which of the prepared updates it is.
   */
  release(into?: Tensor): Tensor {
    const { groups, width, scale } = this.#options;
    const y = into ?? empty(this.gpu, [groups, width]);
    this.#read(y, this.granularity * scale, false);
    y.storage.version++;
    return y;
  }

  /** The sum of the update so far without noise, in the gradients' units, [groups, width]: for audits alone. */
  peek(): Tensor {
    const { groups, width } = this.#options;
    const y = empty(this.gpu, [groups, width]);
    this.#read(y, this.granularity, true);
    return y;
  }

  #read(y: Tensor, unit: number, peek: boolean): void {
    const { gpu } = this;
    const n = y.length;
    const { grid, threads } = strided(gpu, n);
    gpu.run(
      releaseShader,
      { overrides: { STEP: gpu.capturing ? 1 : 0, PEEK: peek ? 1 : 0 } },
      { noise: this.#noise, sum: this.#sum, y },
      { n, threads, unit },
      grid,
    );
  }

  /** Overwrites the key and the noise, and frees the buffers. */
  dispose(): void {
    if (this.#sum.disposed) return;
    this.#key.fill(0);
    this.draws.close();
    this.gpu.upload(this.#noise, new Uint32Array(this.#noise.length));
    this.#noise.dispose();
    this.#sum.dispose();
  }
}

function bad(name: string, message: string, fix: string): never {
  throw new VeilganError('CONFIG', message, { where: `--${name}`, fix });
}
