/** The generator of table records: dense layers, then a head for each column. */
import { mlp } from '../../nn/layers.ts';
import type { Network } from '../../nn/network.ts';
import { assign } from '../../ops/assign.ts';
import { add, mul, shift } from '../../ops/elementwise.ts';
import { type Block, heads, widthOfBlocks } from '../../ops/heads.ts';
import { reshape, slice } from '../../ops/movement.ts';
import { scope } from '../../tensor/scope.ts';
import type { NetworkSettings } from './network.ts';

/**
 * (z, e) [G, n, latent + values] -> records [G, n, values]: the heads of mlp(z) + gain e, with a trained gain for each
 * value, 1 at first. For choices the logits say how likely a value is and e, a part of the latent vector, decides: as
 * Gumbel-softmax (Jang et al. 2017), CTGAN's way (Xu et al. 2019), but with the noise of the latent law. Scalars begin
 * spread over (-1, 1) by it rather than at one place.
 */
export function tableGenerator(config: NetworkSettings, blocks: readonly Block[]): Network {
  const { latent, slope, generatorHidden, temperature } = config;
  const width = widthOfBlocks(blocks);
  const inner = mlp([latent, ...generatorHidden, width], slope);
  return {
    ...inner,
    shapes: (groups) => ({ ...inner.shapes(groups), gain: [groups, width] }),
    initialise: (parameters, statistics, seed, stream) => {
      const { gain, ...rest } = parameters;
      inner.initialise(rest, statistics, seed, stream);
      scope(() => assign(gain, shift(gain, 1)));
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
