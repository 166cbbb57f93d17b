/** One training step of PAR-GAN on images (src/gan/README.md) in float64, every random draw handed in. */

import { type Params64, penalty64, Run, type Way, zeros64 } from './reference-images.ts';
import type { Net64 } from './reference-images-nets.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** A term of a loss and its derivative by the score. */
export type Term = (score: number, real: boolean) => readonly [value: number, slope: number];

/** Binary cross-entropy on the score as a logit, or on its sigmoid as a logit: `loss` standard and tf21. */
export const crossEntropy =
  (loss: 'standard' | 'tf21'): Term =>
  (score, real) => {
    const logit = loss === 'tf21' ? sigmoid(score) : score;
    const chain = loss === 'tf21' ? logit * (1 - logit) : 1;
    return [softplus(logit) - (real ? logit : 0), (sigmoid(logit) - (real ? 1 : 0)) * chain];
  };
export const wasserstein: Term = (score, real) => (real ? [-score, -1] : [score, 1]);

/** Adam, RMSProp or plain descent as TensorFlow writes them. */
export class Optimizer64 {
  t = 0;
  readonly m: Params64;
  readonly v: Params64;
  readonly rate: number;
  /** Adam's decays; RMSProp's is 0.9 */
  readonly betas?: readonly [number, number];
  readonly plain: boolean;

  constructor(p: Params64, rate: number, betas?: readonly [number, number], plain = false) {
    [this.m, this.v] = [zeros64(p), zeros64(p)];
    this.rate = rate;
    this.betas = betas;
    this.plain = plain;
  }
  step(p: Params64, g: Params64): void {
    this.t++;
    const [beta1, beta2] = this.betas ?? [0, 0.9];
    const rate = this.betas ? (this.rate * Math.sqrt(1 - beta2 ** this.t)) / (1 - beta1 ** this.t) : this.rate;
    for (const name of Object.keys(p)) {
      const [w, m, v, d] = [p[name], this.m[name], this.v[name], g[name]];
      for (let i = 0; i < w.length; i++) {
        if (this.plain) {
          w[i] -= rate * d[i];
          continue;
        }
        m[i] = beta1 * m[i] + (1 - beta1) * d[i];
        v[i] = beta2 * v[i] + (1 - beta2) * d[i] * d[i];
        w[i] -= (rate * m[i]) / (Math.sqrt(v[i]) + 1e-7);
      }
    }
  }
}

/** Moving averages of a generator's normalisations, by the name of gamma: momentum 0.99, from mean 0 and variance 1. */
export class Moving64 {
  readonly mean: Params64 = {};
  readonly variance: Params64 = {};
  readonly #norms: Net64['norms'];

  constructor(norms: Net64['norms']) {
    this.#norms = norms;
    for (const [name, { channels }] of Object.entries(norms)) {
      this.mean[name] = new Float64Array(channels);
      this.variance[name] = new Float64Array(channels).fill(1);
    }
  }
  /** Over images the unbiased variance is averaged, over flat features the biased one, as TensorFlow 2.1 does. */
  update(name: string, mean: Float64Array, variance: Float64Array, count: number): void {
    const factor = this.#norms[name].images ? count / (count - 1) : 1;
    for (let c = 0; c < mean.length; c++) {
      this.mean[name][c] += 0.01 * (mean[c] - this.mean[name][c]);
      this.variance[name][c] += 0.01 * (factor * variance[c] - this.variance[name][c]);
    }
  }
}

/** The random draws of a step: r is the repeat, k the critic. */
export interface Draws64 {
  /** latent rows of the fakes of a critic's update, [B, 100] */
  z(r: number, k: number): Float64Array;
  /** latent rows of the generator's update */
  zGenerator(k: number): Float64Array;
  /** place of each row between the real one (0) and the fake one, [B] */
  alpha(r: number, k: number): Float64Array;
  /** dropout factors of layer `layer` of critic k: in the critic's loss over 2 B rows (real, then fake), and so on */
  mask(use: 'loss' | 'penalty' | 'generator', r: number, k: number, layer: number, length: number): Float64Array;
}

export interface Step64 {
  readonly nets: { readonly generator: Net64; readonly critic: Net64 };
  readonly generator: Params64;
  readonly critics: readonly Params64[];
  readonly generatorOptimizer: Optimizer64;
  readonly criticOptimizers: readonly Optimizer64[];
  readonly moving: Moving64;
  readonly term: Term;
  /** of the gradient penalty; 0: none */
  readonly lambda: number;
  readonly B: number;
  readonly criticSteps: number;
  /** the real rows of each critic, [B, h * w * c] */
  readonly real: readonly Float64Array[];
  readonly draws: Draws64;
}

/** Losses before the last update of each critic (the penalty in them) and before that of the generator. */
export interface Losses64 {
  g: number;
  d: number[];
}

/** Changes parameters, moments and moving averages in place. */
export function step64(s: Step64): Losses64 {
  const { B, draws, generator, nets, term } = s;
  const K = s.critics.length;
  const seen = s.moving.update.bind(s.moving);
  const masks = (use: 'loss' | 'penalty' | 'generator', r: number, k: number): Way => {
    let layer = 0;
    return { mask: (length) => draws.mask(use, r, k, layer++, length) };
  };
  let d: number[] = [];
  for (let r = 0; r < s.criticSteps; r++) {
    d = s.critics.map((critic, k) => {
      const fake = Run.of(nets.generator.layers, generator, draws.z(r, k), B, { seen }).y;
      const real = s.real[k];
      const both = new Float64Array(2 * real.length);
      both.set(real);
      both.set(fake, real.length);
      const run = Run.of(nets.critic.layers, critic, both, 2 * B, masks('loss', r, k));
      const terms = Array.from(run.y, (score, b) => term(score, b < B));
      const g = zeros64(critic);
      run.backward(
        Float64Array.from(terms, ([, slope]) => slope / B),
        g,
      );
      let loss = terms.reduce((sum, [value]) => sum + value / B, 0);
      if (s.lambda) {
        const alpha = draws.alpha(r, k);
        const at = real.map((v, i) => v + alpha[Math.floor((i * B) / real.length)] * (fake[i] - v));
        const way = masks('penalty', r, k);
        loss += s.lambda * penalty64(nets.critic.layers, critic, at, B, s.lambda, g, way);
      }
      s.criticOptimizers[k].step(critic, g);
      return loss;
    });
  }
  const g = zeros64(generator);
  let loss = 0;
  for (const [k, critic] of s.critics.entries()) {
    const made = Run.of(nets.generator.layers, generator, draws.zGenerator(k), B, { seen });
    const run = Run.of(nets.critic.layers, critic, made.y, B, masks('generator', 0, k));
    const terms = Array.from(run.y, (score) => term(score, true));
    loss += terms.reduce((sum, [value]) => sum + value / (K * B), 0);
    made.backward(run.backward(Float64Array.from(terms, ([, slope]) => slope / (K * B))), g);
  }
  s.generatorOptimizer.step(generator, g);
  return { g: loss, d };
}
