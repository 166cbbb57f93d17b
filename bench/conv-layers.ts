/** The convolutions of a preset's networks, found by recording the networks themselves. */

import { criticNetwork, generatorNetwork } from '../src/gan/networks/index.ts';
import { makeConfig } from '../src/gan/presets/index.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import type { Network } from '../src/nn/network.ts';
import { type Geometry, geometryOf } from '../src/ops/conv-geometry.ts';
import { scope } from '../src/tensor/scope.ts';
import type { Shape } from '../src/tensor/shape.ts';
import { markLeaf, type Node, traced } from '../src/tensor/tape.ts';
import { empty } from '../src/tensor/tensor.ts';

/** Shape of an image of each data set that the presets are for. */
export const IMAGES: Readonly<Record<string, Shape>> = { mnist: [28, 28, 1], cifar10: [32, 32, 3] };

/** The data set that a preset is for: `mnist` of `mnist-small-js`. */
export const imagesOf = (preset: string): string => preset.split('-')[0];

/** One convolution of a network, `groups` weight blocks of which each meets `n` samples. */
export interface ConvLayer {
  readonly set: string;
  readonly player: 'generator' | 'critic';
  /** a generator's layer: its forward goes from the map to the image */
  readonly transposed: boolean;
  readonly geometry: Geometry;
  readonly ci: number;
  readonly co: number;
  readonly groups: number;
  readonly n: number;
}

/** Such as `mnist critic 28x28x1 > 14x14x64, 5 x 128`: set, player, input > output, groups x samples of each. */
export function layerName({ set, player, transposed, geometry: at, ci, co, groups, n }: ConvLayer): string {
  const [image, map] = [`${at.h}x${at.w}x${ci}`, `${at.oh}x${at.ow}x${co}`];
  return `${set} ${player} ${transposed ? `${map} > ${image}` : `${image} > ${map}`}, ${groups} x ${n}`;
}

/** Floating-point operations of one of a layer's three products, taps that fall outside the image counted too. */
export const layerFlop = ({ geometry: at, ci, co, groups, n }: ConvLayer): number =>
  2 * groups * n * at.oh * at.ow * at.kh * at.kw * ci * co;

/**
 * The layer at the largest power of two of samples whose product is at most `flop` operations, but at least at `least`
 * (what is done once for the weights should not decide) and at most at its own n.
 */
export function reduced(layer: ConvLayer, flop: number, least: number): ConvLayer {
  const most = Math.max(1, Math.floor(flop / layerFlop({ ...layer, n: 1 })));
  return { ...layer, n: Math.min(layer.n, Math.max(least, 2 ** Math.floor(Math.log2(most)))) };
}

/**
 * Every convolution of a preset at its full batch: the K critics on real and fake rows together, the generator on the
 * K sub-batches of its own update.
 * @param partitions K, by default the preset's
 */
export function convLayers(gpu: Gpu, preset: string, partitions?: number): ConvLayer[] {
  const config = makeConfig(preset, partitions ? { partitions } : {});
  const { partitions: K, batch, latent } = config;
  const set = imagesOf(preset);
  const shape = IMAGES[set];
  const generator = convolutions(gpu, generatorNetwork(config, shape), [1, 1, latent]);
  const critic = convolutions(gpu, criticNetwork(config, shape), [1, 1, shape.reduce((a, b) => a * b)]);
  return [
    ...generator.map((layer) => ({ ...layer, set, player: 'generator' as const, groups: 1, n: K * batch })),
    ...critic.map((layer) => ({ ...layer, set, player: 'critic' as const, groups: K, n: 2 * batch })),
  ];
}

export type Convolution = Pick<ConvLayer, 'transposed' | 'geometry' | 'ci' | 'co'>;

/** The convolutions on a network's tape, first to last. Records them only: nothing runs. */
export function convolutions(gpu: Gpu, network: Network, input: Shape): Convolution[] {
  const found: Convolution[] = [];
  const tensors = (shapes: Record<string, Shape>) =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, empty(gpu, shape)]));
  const record = () =>
    traced(() => {
      const parameters = tensors(network.shapes(1));
      for (const t of Object.values(parameters)) markLeaf(t);
      const pass = { training: false, seed: 0, statistics: tensors(network.statistics(1)) };
      const visit = (node: Node | null) => {
        if (!node) return;
        for (const parent of node.parents) visit(parent);
        if (node.op === 'conv' || node.op === 'convTranspose') found.push(convolution(node));
      };
      visit(network.apply(parameters, empty(gpu, input), pass).node);
    });
  gpu.capture('bench.layers', () => scope(record)).dispose();
  return found;
}

function convolution({ op, inputs: [from, weights], output }: Node): Convolution {
  const transposed = op === 'convTranspose';
  const [image, map] = transposed ? [output, from] : [from, output];
  const [h, w] = image.shape.slice(2);
  const [oh, ow] = map.shape.slice(2);
  // The networks pad 'same', whose map is the image over the stride, rounded up.
  const stride = [Math.ceil(h / oh), Math.ceil(w / ow)] as const;
  const geometry = geometryOf('bench', image.shape, weights.shape, { stride });
  if (geometry.oh !== oh || geometry.ow !== ow)
    throw new Error(`${op} to ${output.shape}: no stride of 'same' padding`);
  return { transposed, geometry, ci: weights.shape[3], co: weights.shape[4] };
}
