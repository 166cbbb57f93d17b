/** WGAN-GP and weight-clipped WGAN training once more, in float64 and plain loops; shares nothing with src. */
import { backward, forward, type Layer, latent, penalty, rmsprop, sgd, uniforms, zeros } from './reference.ts';

/** What a step logs. */
export interface Losses {
  g: number;
  d: number[];
  /** lambda times the mean penalty of each critic, at the last repeat */
  penalty: number[];
}

/** Sizes and settings of a comparison. */
export interface WganCase {
  divergence: 'wgan-gp' | 'wgan';
  optimizer: 'rmsprop' | 'sgd';
  K: number;
  B: number;
  criticSteps: number;
  steps: number;
  rate: number;
  generatorHidden: number[];
  criticHidden: number[];
  lambda: number;
  clip: number;
}

/** What training reads: rows of two numbers, the draws' seed and program, the rows of each step, the leaky slope. */
export interface Source {
  data: Float32Array;
  seed: number;
  hash: number;
  list: (step: number) => Uint32Array;
  slope: number;
}

/** `steps` steps of PAR-GAN (src/gan/README.md) in float64, from the weights in G and D, which it changes. */
export function reference(c: WganCase, source: Source, G: Layer[], D: Layer[][]): Losses[] {
  const { data, seed, hash, list, slope } = source;
  const { K, B, criticSteps } = c;
  const gp = c.divergence === 'wgan-gp';
  const optimizer = { rmsprop, sgd }[c.optimizer];
  const optG = optimizer(G, c.rate);
  const optD = D.map((d) => optimizer(d, c.rate, gp ? undefined : c.clip));
  const losses: Losses[] = [];
  for (let step = 0; step < c.steps; step++) {
    const index = list(step);
    // Draw sites in order: the fakes of all repeats, each repeat's places between real and fake, the generator's z.
    const z = latent(criticSteps * K * B, 2, seed, step, 0, hash);
    let last: { loss: number; penalty: number }[] = [];
    for (let r = 0; r < criticSteps; r++) {
      const alpha = gp ? uniforms(K * B, seed, step, 1 + r, hash) : [];
      last = D.map((d, k) => {
        const g = zeros(d);
        let loss = 0;
        let sum = 0;
        for (let b = 0; b < B; b++) {
          const i = index[k * B + b];
          const real = [data[2 * i], data[2 * i + 1]];
          const fake = forward(G, z[(r * K + k) * B + b], slope).at(-1) as number[];
          for (const [x, sign] of [
            [real, -1],
            [fake, 1],
          ] as const) {
            const all = forward(d, x, slope);
            loss += (sign * (all.at(-1) as number[])[0]) / B;
            backward(d, all, [sign / B], slope, g);
          }
          if (gp) {
            const at = real.map((v, f) => v + alpha[k * B + b] * (fake[f] - v));
            sum += (c.lambda / B) * penalty(d, at, slope, c.lambda / B, g);
          }
        }
        optD[k].step(d, g);
        return { loss: loss + sum, penalty: sum };
      });
    }
    const zg = latent(K * B, 2, seed, step, gp ? 1 + criticSteps : 1, hash);
    const g = zeros(G);
    let total = 0;
    D.forEach((d, k) => {
      for (let b = 0; b < B; b++) {
        const made = forward(G, zg[k * B + b], slope);
        const all = forward(d, made.at(-1) as number[], slope);
        total -= (all.at(-1) as number[])[0] / (K * B);
        backward(G, made, backward(d, all, [-1 / (K * B)], slope, zeros(d)), slope, g);
      }
    });
    optG.step(G, g);
    losses.push({ g: total, d: last.map((x) => x.loss), penalty: last.map((x) => x.penalty) });
  }
  return losses;
}
