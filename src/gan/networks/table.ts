/** The generator of table records: dense layers, then a head for each column. */
import { logDensity, logTail } from '../../base/maths/normal.ts';
import { SPREAD } from '../../data/encoding/knots.ts';
import { mlp } from '../../nn/layers.ts';
import type { Network } from '../../nn/network.ts';
import { assign } from '../../ops/assign.ts';
import { add, mul, scale, shift } from '../../ops/elementwise.ts';
import { type Block, heads, widthOfBlocks } from '../../ops/heads.ts';
import { reshape, slice } from '../../ops/movement.ts';
import { scope } from '../../tensor/scope.ts';
import { tensor } from '../../tensor/tensor.ts';
import type { NetworkSettings } from './network.ts';

/** Points of [-8, 8] that a normal law is summed over, steps of the search for biases, and the least share looked for. */
const [POINTS, SEARCH, LEAST] = [321, 60, 1e-6];

/**
 * Biases with which one of several normal numbers, N(b_k, 1), is the largest with given probabilities, to about a
 * hundredth of each: what `harden` chooses then follows them. Logarithms would do so for Gumbel noise only.
 * @param shares adding up to 1; one below 1e-6 is taken for that
 */
export function biasesFor(shares: readonly number[]): Float32Array {
  const wanted = shares.map((share) => Math.max(share, LEAST));
  const b = wanted.map((share) => 0.7 * Math.log(share));
  const dx = 16 / (POINTS - 1);
  for (let round = 0; round < SEARCH; round++) {
    const most = Math.max(...b);
    const x = Array.from({ length: POINTS }, (_, i) => most - 8 + i * dx);
    // log P[all are below x]
    const all = x.map((at) => b.reduce((sum, bias) => sum + logTail(bias - at), 0));
    let off = 0;
    for (const [k, bias] of [...b].entries()) {
      let p = 0;
      for (let i = 0; i < POINTS; i++) {
        p += dx * Math.exp(logDensity(x[i] - bias) + all[i] - logTail(bias - x[i]));
      }
      const error = Math.log(wanted[k] / Math.max(p, 1e-12));
      off = Math.max(off, Math.abs(error));
      b[k] += error / Math.max(1, Math.sqrt(-2 * Math.log(wanted[k])));
    }
    if (off < 0.01) break;
  }
  return Float32Array.from(b);
}

/**
 * (z, e) [G, n, latent + values] -> records [G, n, values]: the heads of mlp(z) + gain e, with a trained gain for each
 * value, 1 at first. For choices the logits say how likely a value is and e, a part of the latent vector, decides: as
 * Gumbel-softmax (Jang et al. 2017), CTGAN's way (Xu et al. 2019), but with the noise of the latent law. Scalars begin
 * spread over (-1, 1) by it rather than at one place.
 *
 * Where blocks have shares the mlp's output is 0 at first but for biases by which they hold: the generator begins with
 * columns that are independent of one another, and each as it was measured.
 */
export function tableGenerator(config: NetworkSettings, blocks: readonly Block[]): Network {
  const { latent, slope, generatorHidden, temperature } = config;
  const width = widthOfBlocks(blocks);
  const inner = mlp([latent, ...generatorHidden, width], slope);
  const measured = blocks.some(({ shares }) => shares !== undefined);
  return {
    ...inner,
    shapes: (groups) => ({ ...inner.shapes(groups), gain: [groups, width] }),
    initialise: (parameters, statistics, seed, stream) => {
      const { gain, ...rest } = parameters;
      inner.initialise(rest, statistics, seed, stream);
      scope(() => assign(gain, shift(gain, 1)));
      if (!measured) return;
      const [last, groups] = [generatorHidden.length, gain.shape[0]];
      const fill = (values: Float32Array) =>
        tensor(
          gain.gpu,
          Float32Array.from({ length: groups * width }, (_, i) => values[i % width]),
          [groups, width],
        );
      const [bias, gains] = [new Float32Array(width), new Float32Array(width).fill(1)];
      for (const { kind, at, shares } of blocks) {
        if (kind === 'scalar') gains[at] = SPREAD;
        else if (shares) bias.set(biasesFor(shares), at);
      }
      scope(() => {
        assign(rest[`${last}.weight`], scale(rest[`${last}.weight`], 0));
        assign(rest[`${last}.bias`], fill(bias));
        assign(gain, fill(gains));
      });
    },
    apply: (parameters, x, pass) => {
      const { gain, ...rest } = parameters;
      const logits = inner.apply(rest, slice(x, 2, 0, latent), pass);
      const e = mul(slice(x, 2, latent, latent + width), reshape(gain, [1, 1, width]));
      return heads(add(logits, e), blocks, temperature);
    },
  };
}

/** Dimensions of the generator's noise: `latent`, and for tables as many as a record has values. */
export const noiseWidth = ({ latent }: Pick<NetworkSettings, 'latent'>, blocks?: readonly Block[]): number =>
  latent + (blocks ? widthOfBlocks(blocks) : 0);
