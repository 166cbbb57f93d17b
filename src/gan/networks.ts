/** The generators and critics of PAR-GAN's notebooks (KDD 2021; spec sections 2 and B), and narrower ones of their kind. */
import { VeilganError } from '../gpu/errors.ts';
import { batchNormLayer, convLayer, convTransposeLayer, dense, reshapeLayer } from '../nn/layers.ts';
import { mlp } from '../nn/mlp.ts';
import { type Network, sequential } from '../nn/network.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { GanConfig } from './config.ts';

/**
 * The generator: z [G, n, latent] -> records [G, n, values of a record].
 * @param shape of a record: [features], or [height, width, channels]
 * @throws VeilganError CONFIG where a convolutional network cannot make records of this shape
 */
export function generatorNetwork(config: GanConfig, shape: Shape): Network {
  const { latent, slope } = config;
  if (config.network === 'mlp') return mlp([latent, ...config.generatorHidden, sizeOf(shape)], slope);
  const { generatorChannels: widths, kernel } = config;
  const [height, width, channels] = imageShape(shape);
  const [h, w] = [height, width].map((size) => fromStride(size, widths.length - 1));
  const first = h * w * widths[0];
  const perFeature = config.denseNorm === 'feature';
  const norm = (n: number) => batchNormLayer(n, { slope });
  const grid = reshapeLayer([h, w, widths[0]]);
  return sequential([
    dense(latent, first, { bias: false }),
    ...(perFeature ? [norm(first), grid] : [grid, norm(widths[0])]),
    ...widths
      .slice(1)
      .flatMap((n, i) => [convTransposeLayer(widths[i], n, kernel, { bias: false, stride: i === 0 ? 1 : 2 }), norm(n)]),
    convTransposeLayer(widths[widths.length - 1], channels, kernel, { bias: false, stride: 2, activation: 'tanh' }),
    reshapeLayer([sizeOf(shape)]),
  ]);
}

/**
 * A critic: records [G, n, values] -> scores [G, n, 1]. No batch normalisation, so samples do not meet.
 * @throws VeilganError CONFIG as `generatorNetwork`
 */
export function criticNetwork(config: GanConfig, shape: Shape): Network {
  const { slope, kernel, dropout } = config;
  if (config.network === 'mlp') return mlp([sizeOf(shape), ...config.criticHidden, 1], slope);
  const [height, width, channels] = imageShape(shape);
  const widths = [channels, ...config.criticChannels];
  const left = (size: number) => config.criticChannels.reduce((n) => Math.ceil(n / 2), size);
  const flat = left(height) * left(width) * widths[widths.length - 1];
  return sequential([
    reshapeLayer(shape),
    ...config.criticChannels.map((n, i) =>
      convLayer(widths[i], n, kernel, { stride: 2, activation: 'leaky', slope, dropout }),
    ),
    reshapeLayer([flat]),
    dense(flat, 1),
  ]);
}

function imageShape(shape: Shape): Shape {
  if (shape.length === 3) return shape;
  throw new VeilganError('CONFIG', `dcgan networks need images, and these records are [${shape}]`, {
    where: '--network',
    fix: 'Use --network mlp, or a data set of images',
  });
}

function fromStride(size: number, doublings: number): number {
  const start = size / 2 ** doublings;
  if (Number.isInteger(start)) return start;
  throw new VeilganError('CONFIG', `an image side of ${size} is not doubled ${doublings} times from a whole number`, {
    where: '--generator-channels',
    fix: `Use another number of channels: one doubling for each but the first, or import the images with --size ${
      Math.max(1, Math.round(start)) * 2 ** doublings
    }`,
  });
}
