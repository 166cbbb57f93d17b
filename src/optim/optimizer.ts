/** SGD, RMSProp and Adam: each one fused kernel over all parameters of a player. */
import adamShader from '#shaders/adam.wgsl';
import rmspropShader from '#shaders/rmsprop.wgsl';
import sgdShader from '#shaders/sgd.wgsl';
import { pack } from '../ops/assign.ts';
import { strided } from '../ops/dispatch.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { disposeFlat, type Flat, flat, scratch } from './flat.ts';

export type OptimizerConfig =
  | { readonly kind: 'sgd'; readonly rate: number; readonly momentum?: number }
  | {
      readonly kind: 'rmsprop';
      readonly rate: number;
      readonly decay?: number;
      readonly epsilon?: number;
      readonly accumulator?: number;
    }
  | {
      readonly kind: 'adam';
      readonly rate: number;
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
    };

type Options<Kind> = Omit<Extract<OptimizerConfig, { kind: Kind }>, 'kind'>;

/** Stochastic gradient descent over parameters of `flat` or `flatten`, with momentum (default 0). */
export const sgd = (parameters: Flat, options: Options<'sgd'>) =>
  new Optimizer({ kind: 'sgd', ...options }, parameters);
/** RMSProp (Hinton 2012): decay 0.9 by default. */
export const rmsprop = (parameters: Flat, options: Options<'rmsprop'>) =>
  new Optimizer({ kind: 'rmsprop', ...options }, parameters);
/** Adam (Kingma and Ba 2015): beta1 0.9 and beta2 0.999 by default. */
export const adam = (parameters: Flat, options: Options<'adam'>) =>
  new Optimizer({ kind: 'adam', ...options }, parameters);

const UNCLIPPED = 3.4e38;

/**
 * Updates one player's parameters in place. Definitions and defaults are TensorFlow 2.1's: epsilon 1e-7 outside the
 * root, RMSProp's accumulator starting at 0 (`accumulator`: 1 in TF 1.x) with decay 0.9, Adam's bias correction in the rate.
 */
export class Optimizer {
  readonly config: OptimizerConfig;
  readonly parameters: Flat;
  /** one flat buffer a moment: Adam's m and v, RMSProp's and SGD's v */
  readonly moments: Readonly<Record<string, Flat>>;
  /** updates made, the t of the bias correction */
  updates = 0;
  /** of the rate at each update, counted from 1; default all of it */
  factor: (update: number) => number = () => 1;
  /** what the next `step` takes: the gradients of all parameters, laid out as they are */
  readonly gradient: Tensor;
  readonly #clip: number;

  /** @param clip bound on every parameter's absolute value after an update, or none */
  constructor(config: OptimizerConfig, parameters: Flat, clip = UNCLIPPED) {
    this.config = config;
    this.parameters = parameters;
    this.#clip = clip;
    const { gpu } = parameters.whole;
    const shapes = Object.fromEntries(Object.entries(parameters.parts).map(([name, t]) => [name, t.shape]));
    const names = config.kind === 'adam' ? ['m', 'v'] : ['v'];
    this.moments = Object.fromEntries(names.map((name) => [name, flat(gpu, shapes)]));
    if (config.kind === 'rmsprop' && config.accumulator) {
      const { whole } = this.moments.v;
      gpu.upload(whole, new Float32Array(whole.length).fill(config.accumulator));
    }
    this.gradient = scratch(parameters.whole);
  }

  /** The rate of the next update, bias correction included, in f64. */
  next(): number {
    const t = ++this.updates;
    const rate = this.config.rate * this.factor(t);
    if (this.config.kind !== 'adam') return rate;
    const { beta1 = 0.9, beta2 = 0.999 } = this.config;
    return (rate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
  }

  /** One update. In a program the rate of each replay comes from `next` through the step block. */
  update(gradients: Readonly<Record<string, Tensor>>): void {
    const { parts, at } = this.parameters;
    pack(
      this.gradient,
      Object.keys(parts).map((name) => gradients[name]),
      at,
    );
    this.step();
  }

  /** One update with what is in `gradient`. */
  step(): void {
    const { whole: w } = this.parameters;
    const { gpu } = w;
    const slot = gpu.capturing?.rate(() => this.next()) ?? -1;
    const g = this.gradient;
    const { grid, threads } = strided(gpu, w.length);
    const common = { n: w.length, threads, slot, rate: slot < 0 ? this.next() : 0, clip: this.#clip };
    const v = this.moments.v.whole;
    const c = this.config;
    if (c.kind === 'adam') {
      const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = c;
      gpu.run(adamShader, {}, { w, m: this.moments.m.whole, v, g }, { ...common, beta1, beta2, epsilon }, grid);
    } else if (c.kind === 'rmsprop') {
      const { decay = 0.9, epsilon = 1e-7 } = c;
      gpu.run(rmspropShader, {}, { w, v, g }, { ...common, decay, epsilon }, grid);
    } else {
      gpu.run(sgdShader, {}, { w, v, g }, { ...common, momentum: c.momentum ?? 0 }, grid);
    }
    for (const t of [w, ...Object.values(this.moments).map((f) => f.whole)]) t.storage.version++;
  }

  dispose(): void {
    for (const f of Object.values(this.moments)) disposeFlat(f);
    this.gradient.dispose();
  }
}
