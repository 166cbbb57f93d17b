import emaShader from '#shaders/ema.wgsl';
import { strided } from '../ops/dispatch.ts';
import { disposeFlat, type Flat, flat } from './flat.ts';

/**
 * A moving average of a player's parameters. GANs circle their equilibrium; the average of the circle is near it.
 * The decay grows as (1 + t) / (10 + t) up to its final value, so that a short run is not dominated by its start.
 */
export class MovingAverage {
  readonly average: Flat;
  readonly decay: number;
  /** updates made */
  updates = 0;
  readonly #parameters: Flat;

  /** @param decay of the average, 0 <= decay < 1 */
  constructor(parameters: Flat, decay: number) {
    this.#parameters = parameters;
    this.decay = decay;
    const shapes = Object.fromEntries(Object.entries(parameters.parts).map(([name, t]) => [name, t.shape]));
    this.average = flat(parameters.whole.gpu, shapes);
  }

  /** The weight of the newest parameters at the next update. */
  next(): number {
    const t = ++this.updates;
    return 1 - Math.min(this.decay, (1 + t) / (10 + t));
  }

  /** One update; in a program, one a replay. The first makes up for the zeros that the average starts from. */
  update(): void {
    const w = this.#parameters.whole;
    const e = this.average.whole;
    const { gpu } = w;
    const next = () => (this.updates === 0 ? (this.next(), 1) : this.next());
    const slot = gpu.capturing?.rate(next) ?? -1;
    const { grid, threads } = strided(gpu, w.length);
    gpu.run(emaShader, {}, { e, w }, { n: w.length, threads, slot, rate: slot < 0 ? next() : 0 }, grid);
    e.storage.version++;
  }

  dispose(): void {
    disposeFlat(this.average);
  }
}
