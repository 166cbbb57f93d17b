/** The convolutional networks of PAR-GAN's notebooks (KDD 2021) on MNIST and CIFAR-10. */
import { batchNormLayer, convLayer, convTransposeLayer, dense, dropoutLayer, reshapeLayer } from '../../nn/layers.ts';
import { type Network, sequential } from '../../nn/network.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { fromStride, type NetworkSettings, type RecordLayout } from './network.ts';

/**
 * z [G, n, latent] -> images [G, n, values]: a dense layer, then grids doubled, with batch normalisation.
 * @throws VeilganError CONFIG where the channels do not lead to images of this size
 */
export function dcganGenerator(config: NetworkSettings, { shape }: RecordLayout): Network {
  const { latent, slope, generatorChannels: widths, kernel } = config;
  const [height, width, channels] = shape;
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

/** Images [G, n, values] -> scores [G, n, 1]. Samples do not meet unless `criticNorm` says so. */
export function dcganCritic(config: NetworkSettings, { shape }: RecordLayout): Network {
  const { slope, kernel, dropout, criticNorm } = config;
  const [height, width, channels] = shape;
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
