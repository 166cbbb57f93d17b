/** The generator of places: z -> hidden layers, each added to the one before where they are as wide -> softmax a column. */
import { dense } from '../nn/layers.ts';
import { type Network, type Parameters, sequential } from '../nn/network.ts';
import { add } from '../ops/elementwise.ts';
import { type Block, heads, widthOfBlocks } from '../ops/heads.ts';
import type { FitConfig } from './config.ts';

type Settings = Pick<FitConfig, 'latent' | 'generatorHidden' | 'slope'>;

/** x + inner(x). */
const residual = (inner: Network): Network => ({
  ...inner,
  apply: (parameters: Parameters, x, pass) => add(inner.apply(parameters, x, pass), x),
});

/**
 * Blocks that fill a multiple of four: products of other widths take a software adapter twice as long. What fills them is
 * one more choice, which counts for nothing (gramLoss).
 */
function filled(blocks: readonly Block[]): readonly Block[] {
  const width = widthOfBlocks(blocks);
  return width % 4 ? [...blocks, { kind: 'choice', at: width, width: 4 - (width % 4) }] : blocks;
}

/**
 * Probabilities of all places: [1, n, latent] -> [1, n, W'], W' being W rounded up to a multiple of four, each block of
 * them adding up to 1 (softmax at temperature 1, no Gumbel noise: the expected tables are those of the probabilities).
 * After Liu, Vietri and Wu, "Iterative Methods for Private Synthetic Data" (2021, GEM).
 * @param places blocks of the columns' places
 */
export function placesNetwork({ latent, generatorHidden, slope }: Settings, places: readonly Block[]): Network {
  const blocks = filled(places);
  const sizes = [latent, ...generatorHidden];
  const hidden = generatorHidden.map((size, i) => {
    const initial = { deviation: Math.sqrt(2 / sizes[i]) };
    const layer = dense(sizes[i], size, { activation: 'leaky', slope, initial });
    return i > 0 && sizes[i] === size ? residual(layer) : layer;
  });
  const inner = sequential([
    ...hidden,
    dense(sizes[sizes.length - 1], widthOfBlocks(blocks), { initial: { deviation: 0 } }),
  ]);
  return { ...inner, apply: (parameters, x, pass) => heads(inner.apply(parameters, x, pass), blocks) };
}

/** The name of the output layer's bias among the parameters: what the places are likely to be before anything is learnt. */
export const biasOf = ({ generatorHidden }: Settings): string => `${generatorHidden.length}.bias`;
