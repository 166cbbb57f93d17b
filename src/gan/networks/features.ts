/**
 * The generator that is fitted to sums of features: images by grids that are doubled, other records by dense layers; a
 * class's one-hot values go in with z. The critics that go on with it are those of `conditional`, dense ones for points.
 */
import { VeilganError } from '../../base/errors.ts';
import { batchNormLayer, convTransposeLayer, dense, mlp, reshapeLayer } from '../../nn/layers.ts';
import { handingOn, type Network, sequential } from '../../nn/network.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { conditionalCritic } from './conditional.ts';
import type { NetworkSettings, RecordLayout } from './network.ts';

/** Side of the kernels: a multiple of the stride, so that every pixel is made of as many taps and no pattern of them shows. */
const KERNEL = 6;

/**
 * z and class [1, n, latent + classes] -> records in [-1, 1] for images, else of any size, [1, n, values].
 * @param classes 0 without labels
 * @throws VeilganError CONFIG where the channels do not lead to images of this size
 */
export function featuresNetwork(
  config: Pick<NetworkSettings, 'latent' | 'generatorChannels' | 'generatorHidden'>,
  shape: Shape,
  classes: number,
): Network {
  const { latent, generatorChannels: widths, generatorHidden } = config;
  const inputs = latent + classes;
  if (shape.length !== 3) return mlp([inputs, ...generatorHidden, sizeOf(shape)], 0.2);
  const [height, width, channels] = shape;
  const times = 2 ** widths.length;
  if (height % times || width % times) {
    throw new VeilganError('CONFIG', `images of ${height} x ${width} are not halved ${widths.length} times evenly`, {
      where: 'generatorChannels',
      fix: 'Use fewer channels, or import the images at a size such as 32',
    });
  }
  const [h, w] = [height / times, width / times];
  const first = h * w * widths[0];
  const rectified = (n: number) => batchNormLayer(n, { slope: 0 });
  const initial = 'torch' as const;
  return sequential([
    dense(inputs, first, { bias: false, initial }),
    rectified(first),
    reshapeLayer([h, w, widths[0]]),
    ...widths
      .slice(1)
      .flatMap((n, i) => [convTransposeLayer(widths[i], n, KERNEL, { bias: false, stride: 2, initial }), rectified(n)]),
    convTransposeLayer(widths[widths.length - 1], channels, KERNEL, { stride: 2, activation: 'tanh', initial }),
    reshapeLayer([sizeOf(shape)]),
  ]);
}

/**
 * The same as one of a GAN: z and label [1, n, latent + classes] -> records and label [1, n, values + classes].
 * @throws VeilganError CONFIG as `featuresNetwork`
 */
export function featuresGenerator(config: NetworkSettings, { shape, classes }: RecordLayout): Network {
  const inner = featuresNetwork(config, shape, classes);
  return classes ? handingOn(config.latent, inner) : inner;
}

/** Records and label [G, n, values + classes] -> scores [G, n, 1]. @throws VeilganError CONFIG as `conditionalCritic` */
export function featuresCritic(config: NetworkSettings, layout: RecordLayout): Network {
  const { shape, classes } = layout;
  if (shape.length === 3) return conditionalCritic(config, layout);
  return mlp([sizeOf(shape) + classes, ...config.criticHidden, 1], config.slope);
}
