/** Generators and critics by config: PAR-GAN's (KDD 2021; spec sections 2 and B) here, others in files of their own. */
import { VeilganError } from '../../base/errors.ts';
import {
  batchNormLayer,
  convLayer,
  convTransposeLayer,
  dense,
  dropoutLayer,
  mlp,
  reshapeLayer,
} from '../../nn/layers.ts';
import { type Network, sequential } from '../../nn/network.ts';
import type { Block } from '../../ops/heads.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { GanConfig } from '../config.ts';
import { conditionalCritic, conditionalGenerator } from './conditional.ts';
import { tableGenerator } from './table.ts';
import { ehrCritic, ehrGenerator, xieCritic, xieGenerator } from './xie.ts';

/**
 * The generator: z [G, n, latent] -> records [G, n, values of a record]; where labels condition, both have the one-hot
 * values of a label behind them.
 * @param shape of a record: [features], or [height, width, channels]
 * @param classes of the labels that condition, 0 without
 * @param blocks of a table's records, where their columns have kinds
 * @throws VeilganError CONFIG where a convolutional network cannot make records of this shape
 */
export function generatorNetwork(config: GanConfig, shape: Shape, classes = 0, blocks?: readonly Block[]): Network {
  const { latent, slope } = config;
  switch (config.network) {
    case 'mlp':
      return blocks ? tableGenerator(config, blocks) : mlp([latent, ...config.generatorHidden, sizeOf(shape)], slope);
    case 'conditional':
      return conditionalGenerator(config, imageShape(shape), classes);
    case 'xie':
      imageShape(shape)
        .slice(0, 2)
        .map((side) => fromStride(side, config.generatorChannels.length));
      return xieGenerator(config, shape);
    case 'ehr':
      return ehrGenerator(config, sizeOf(shape));
    case 'dcgan':
      return dcganGenerator(config, shape);
  }
}

function dcganGenerator(config: GanConfig, shape: Shape): Network {
  const { latent, slope } = config;
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
 * A critic: records [G, n, values], with labels behind them as the generator's -> scores [G, n, 1]. Samples do not meet
 * unless `criticNorm` says so.
 * @throws VeilganError CONFIG as `generatorNetwork`
 */
export function criticNetwork(config: GanConfig, shape: Shape, classes = 0): Network {
  switch (config.network) {
    case 'mlp':
      return mlp([sizeOf(shape), ...config.criticHidden, 1], config.slope);
    case 'conditional':
      return conditionalCritic(config, imageShape(shape), classes);
    case 'xie':
      return xieCritic(config, imageShape(shape));
    case 'ehr':
      return ehrCritic(sizeOf(shape));
    case 'dcgan':
      return dcganCritic(config, shape);
  }
}

function dcganCritic(config: GanConfig, shape: Shape): Network {
  const { slope, kernel, dropout, criticNorm } = config;
  const [height, width, channels] = imageShape(shape);
  const widths = [channels, ...config.criticChannels];
  const left = (size: number) => config.criticChannels.reduce((n) => Math.ceil(n / 2), size);
  const flat = left(height) * left(width) * widths[widths.length - 1];
  return sequential([
    reshapeLayer(shape),
    ...config.criticChannels.flatMap((n, i) =>
      criticNorm === 'none'
        ? [convLayer(widths[i], n, kernel, { stride: 2, activation: 'leaky', slope, dropout })]
        : [
            convLayer(widths[i], n, kernel, { stride: 2, bias: false }),
            batchNormLayer(n, { slope }),
            dropoutLayer(dropout),
          ],
    ),
    reshapeLayer([flat]),
    dense(flat, 1),
  ]);
}

function imageShape(shape: Shape): Shape {
  if (shape.length === 3) return shape;
  throw new VeilganError('CONFIG', `convolutional networks need images, and these records are [${shape}]`, {
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
