/** The generator: images by grids that are doubled, other records by dense layers; a class's one-hot values go in with z. */
import { VeilganError } from '../../base/errors.ts';
import { batchNormLayer, convLayer, dense, functionLayer, mlp, reshapeLayer } from '../../nn/layers.ts';
import { type Network, sequential } from '../../nn/network.ts';
import { tanh } from '../../ops/elementwise.ts';
import { broadcastTo, reshape } from '../../ops/movement.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { FeaturesConfig } from './config.ts';

/** Side of the kernels: with each doubled grid they reach about as far as a stroke is wide. */
const KERNEL = 5;

/** Each value four times, as a square: [1, n, h, w, c] -> [1, n, 2 h, 2 w, c]. */
export function doubled(x: Tensor): Tensor {
  const [, n, h, w, c] = x.shape;
  return reshape(broadcastTo(reshape(x, [n * h, 1, w, 1, c]), [n * h, 2, w, 2, c]), [1, n, 2 * h, 2 * w, c]);
}

/**
 * z and class [1, n, latent + classes] -> records in [-1, 1] for images, else of any size, [1, n, values].
 * @param classes 0 without labels
 * @throws VeilganError CONFIG where the channels do not lead to images of this size
 */
export function featuresNetwork(config: FeaturesConfig, shape: Shape, classes: number): Network {
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
      .flatMap((n, i) => [functionLayer(doubled), convLayer(widths[i], n, KERNEL, { bias: false, initial }), rectified(n)]),
    functionLayer(doubled),
    convLayer(widths[widths.length - 1], channels, KERNEL, { initial }),
    functionLayer(tanh),
    reshapeLayer([sizeOf(shape)]),
  ]);
}
