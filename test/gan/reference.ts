/** PAR-GAN's training step once more, in float64 and plain loops, as spec section 1.3 reads; shares nothing with src. */
import { philox } from '../../src/ops/philox.ts';

type Matrix = number[][];

/** The latent draws of a program: Box-Muller over Philox(element / 4, step, site, program). */
export function latent(
  rows: number,
  columns: number,
  seed: number,
  step: number,
  site: number,
  program: number,
): Matrix {
  const flat: number[] = [];
  for (let quad = 0; flat.length < rows * columns; quad++) {
    const u = Array.from(philox([quad, step, site, program], [seed, 0]), (w) => Math.floor(w / 256) / 2 ** 24);
    for (const p of [0, 2]) {
      const r = Math.sqrt(-2 * Math.log(1 - u[p]));
      flat.push(r * Math.cos(2 * Math.PI * u[p + 1]), r * Math.sin(2 * Math.PI * u[p + 1]));
    }
  }
  return Array.from({ length: rows }, (_, i) => flat.slice(i * columns, (i + 1) * columns));
}

export interface Layer {
  w: Matrix;
  b: number[];
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
