/** PAR-GAN's training step once more, in float64 and plain loops, as src/gan/README.md reads; shares nothing with src. */

import { philox } from '../../src/base/philox.ts';
import type { ParGan } from '../../src/gan/pargan.ts';

type Matrix = number[][];

/** The uniform draws of a program: 24 bits of Philox(element / 4, step, site, program). */
export function uniforms(n: number, seed: number, step: number, site: number, program: number): number[] {
  const flat: number[] = [];
  for (let quad = 0; flat.length < n; quad++) {
    flat.push(...Array.from(philox([quad, step, site, program], [seed, 0]), (w) => Math.floor(w / 256) / 2 ** 24));
  }
  return flat.slice(0, n);
}

/** The latent draws of a program: Box-Muller over its uniforms, in pairs. */
export function latent(
  rows: number,
  columns: number,
  seed: number,
  step: number,
  site: number,
  program: number,
): Matrix {
  const u = uniforms(4 * Math.ceil((rows * columns) / 4), seed, step, site, program);
  const flat = u.map((_, i) => {
    const r = Math.sqrt(-2 * Math.log(1 - u[i - (i % 2)]));
    const angle = 2 * Math.PI * u[i - (i % 2) + 1];
    return r * (i % 2 ? Math.sin(angle) : Math.cos(angle));
  });
  return Array.from({ length: rows }, (_, i) => flat.slice(i * columns, (i + 1) * columns));
}

export interface Layer {
  w: Matrix;
  b: number[];
}

/** Layers of weight block k out of a system's state. */
export async function layersOf(gan: ParGan, who: 'generator' | 'critics', k: number): Promise<Layer[]> {
  const { tensors } = await gan.state();
  const out: Layer[] = [];
  for (let l = 0; tensors[`${who}.${l}.weight`]; l++) {
    const w = tensors[`${who}.${l}.weight`];
    const [, inputs, outputs] = w.shape;
    const block = w.data.subarray(k * inputs * outputs, (k + 1) * inputs * outputs);
    out.push({
      w: Array.from({ length: inputs }, (_, i) => Array.from(block.subarray(i * outputs, (i + 1) * outputs))),
      b: Array.from(tensors[`${who}.${l}.bias`].data.subarray(k * outputs, (k + 1) * outputs)),
    });
  }
  return out;
}

const leaky = (x: number, slope: number) => (x > 0 ? x : slope * x);

/** Activations of every layer, the input first; leaky between layers. */
export function forward(layers: Layer[], x: number[], slope: number): number[][] {
  const all = [x];
  layers.forEach(({ w, b }, l) => {
    const h = all[l];
    const y = b.map((bias, j) => bias + h.reduce((sum, v, i) => sum + v * w[i][j], 0));
    all.push(l < layers.length - 1 ? y.map((v) => leaky(v, slope)) : y);
  });
  return all;
}

/** Adds the gradients of <error, output> to `into` and gives the gradient with respect to the input. */
export function backward(layers: Layer[], all: number[][], error: number[], slope: number, into: Layer[]): number[] {
  let e = error;
  for (let l = layers.length - 1; l >= 0; l--) {
    const { w } = layers[l];
    e.forEach((v, j) => {
      into[l].b[j] += v;
      all[l].forEach((h, i) => {
        into[l].w[i][j] += h * v;
      });
    });
    const below = w.map((row) => row.reduce((sum, v, j) => sum + v * e[j], 0));
    e = l > 0 ? below.map((v, i) => (all[l][i] > 0 ? v : slope * v)) : below;
  }
  return e;
}

export const zeros = (layers: Layer[]): Layer[] =>
  layers.map(({ w, b }) => ({ w: w.map((r) => r.map(() => 0)), b: b.map(() => 0) }));

/** Adam as TensorFlow writes it. */
export class Adam {
  t = 0;
  #m: Layer[];
  #v: Layer[];
  readonly rate: number;
  constructor(layers: Layer[], rate: number) {
    this.rate = rate;
    this.#m = zeros(layers);
    this.#v = zeros(layers);
  }
  step(layers: Layer[], g: Layer[]): void {
    this.t++;
    const lr = (this.rate * Math.sqrt(1 - 0.999 ** this.t)) / (1 - 0.9 ** this.t);
    const update = (p: number[], m: number[], v: number[], gr: number[]) => {
      gr.forEach((x, i) => {
        m[i] = 0.9 * m[i] + 0.1 * x;
        v[i] = 0.999 * v[i] + 0.001 * x * x;
        p[i] -= (lr * m[i]) / (Math.sqrt(v[i]) + 1e-7);
      });
    };
    layers.forEach(({ w, b }, l) => {
      update(b, this.#m[l].b, this.#v[l].b, g[l].b);
      w.forEach((row, i) => {
        update(row, this.#m[l].w[i], this.#v[l].w[i], g[l].w[i]);
      });
    });
  }
}

/** Updates every number of `layers` in place: `move(w, gradient, state)` gives [new w, new state]. */
class Simple {
  #v: Layer[];
  readonly #move: (w: number, g: number, v: number) => [number, number];
  constructor(layers: Layer[], move: (w: number, g: number, v: number) => [number, number]) {
    this.#v = zeros(layers);
    this.#move = move;
  }
  step(layers: Layer[], g: Layer[]): void {
    const update = (p: number[], v: number[], gr: number[]) => {
      gr.forEach((x, i) => {
        [p[i], v[i]] = this.#move(p[i], x, v[i]);
      });
    };
    layers.forEach(({ w, b }, l) => {
      update(b, this.#v[l].b, g[l].b);
      w.forEach((row, i) => {
        update(row, this.#v[l].w[i], g[l].w[i]);
      });
    });
  }
}

const clipped = (x: number, clip: number) => Math.min(clip, Math.max(-clip, x));

/** RMSProp as TensorFlow writes it; `clip` bounds every parameter after an update. */
export const rmsprop = (layers: Layer[], rate: number, clip = Number.POSITIVE_INFINITY): Simple =>
  new Simple(layers, (w, g, v) => {
    const next = 0.9 * v + 0.1 * g * g;
    return [clipped(w - (rate * g) / (Math.sqrt(next) + 1e-7), clip), next];
  });

/** Plain gradient descent, clipped likewise. */
export const sgd = (layers: Layer[], rate: number, clip = Number.POSITIVE_INFINITY): Simple =>
  new Simple(layers, (w, g) => [clipped(w - rate * g, clip), 0]);

/**
 * One row's term of the gradient penalty, (|d critic / d x| - 1)^2, and `weight` times its gradient by the weights,
 * added to `into`, by pushing a constant direction through the linearised critic. No second
 * derivative is taken; biases get none.
 */
export function penalty(layers: Layer[], x: number[], slope: number, weight: number, into: Layer[]): number {
  const all = forward(layers, x, slope);
  const g = backward(layers, all, [1], slope, zeros(layers));
  const norm = Math.sqrt(g.reduce((sum, v) => sum + v * v, 1e-12));
  // The slope masks of every layer's output; the last one is linear.
  const masks = all.slice(1).map((h, l) => h.map((v) => (l === layers.length - 1 || v > 0 ? 1 : slope)));
  let u = g.map((v) => ((2 * weight * (norm - 1)) / norm) * v);
  const along = layers.map(({ w, b }, l) => {
    const input = u;
    u = b.map((_, j) => masks[l][j] * u.reduce((sum, v, i) => sum + v * w[i][j], 0));
    return input;
  });
  let e = [1];
  for (let l = layers.length - 1; l >= 0; l--) {
    e = e.map((v, j) => v * masks[l][j]);
    for (const [j, v] of e.entries()) {
      along[l].forEach((h, i) => {
        into[l].w[i][j] += h * v;
      });
    }
    e = layers[l].w.map((row) => row.reduce((sum, v, j) => sum + v * e[j], 0));
  }
  return (norm - 1) ** 2;
}
