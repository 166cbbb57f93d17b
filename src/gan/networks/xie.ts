/** The networks of DPGAN as published (Xie et al. 2018), its critics free of batch normalisation. */
import { batchNormLayer, convLayer, convTransposeLayer, dense, functionLayer, reshapeLayer } from '../../nn/layers.ts';
import { type Network, sequential } from '../../nn/network.ts';
import { scale, sigmoid, tanh } from '../../ops/elementwise.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { unit } from './conditional.ts';
import { fromStride, type NetworkSettings, type RecordLayout } from './network.ts';

/** Their `dcgan` pair: weights N(0, 0.02^2), but Glorot in the critic's last layer. */
const initial = { deviation: 0.02 };
const KERNEL = 4;
/** Units of the dense layers. */
const DENSE = 1024;

/**
 * z [G, n, latent] -> images [G, n, values]: two dense layers, then grids doubled, all with batch normalisation and ReLU;
 * 6,665,601 parameters for 28 x 28 x 1 and channels 128, 64.
 * @throws VeilganError CONFIG where a side is not divisible by 2 to the number of `generatorChannels`
 */
export function xieGenerator({ latent, generatorChannels: widths }: NetworkSettings, { shape }: RecordLayout): Network {
  const [h, w] = shape.slice(0, 2).map((side) => fromStride(side, widths.length));
  const norm = (n: number) => batchNormLayer(n, { slope: 0, scaled: false });
  const first = h * w * widths[0];
  return sequential([
    dense(latent, DENSE, { initial }),
    norm(DENSE),
    dense(DENSE, first, { initial }),
    reshapeLayer([h, w, widths[0]]),
    norm(widths[0]),
    ...widths.slice(1).flatMap((n, i) => [convTransposeLayer(widths[i], n, KERNEL, { stride: 2, initial }), norm(n)]),
    convTransposeLayer(widths[widths.length - 1], shape[2], KERNEL, { stride: 2, initial }),
    // Their sigmoid gives [0, 1]; records here are in [-1, 1], and 2 sigmoid(x) - 1 = tanh(x / 2).
    functionLayer((x) => tanh(scale(x, 0.5))),
    reshapeLayer([sizeOf(shape)]),
  ]);
}

/** Images [G, n, values] -> scores [G, n, 1]; 6,556,865 parameters for 28 x 28 x 1 and channels 64, 128. */
export function xieCritic({ slope, criticChannels: widths }: NetworkSettings, { shape }: RecordLayout): Network {
  const halved = (side: number) => widths.reduce((n) => Math.ceil(n / 2), side);
  const flat = halved(shape[0]) * halved(shape[1]) * widths[widths.length - 1];
  const channels = [shape[2], ...widths];
  return sequential([
    reshapeLayer(shape),
    functionLayer(unit),
    ...widths.map((n, i) => convLayer(channels[i], n, KERNEL, { stride: 2, activation: 'leaky', slope, initial })),
    reshapeLayer([flat]),
    dense(flat, DENSE, { activation: 'leaky', slope, initial }),
    dense(DENSE, 1),
  ]);
}

/** Units between the autoencoder's two halves. */
export const CODE = 128;

/** Half of the autoencoder: codes [G, n, 128] -> logits of the records [G, n, features]. */
export const ehrDecoder = (features: number): Network => dense(CODE, features);

/** The other half: records [G, n, features] -> codes [G, n, 128] in (-1, 1). */
export const ehrEncoder = (features: number): Network =>
  sequential([dense(features, CODE), functionLayer((x) => tanh(x))]);

/** z [G, n, latent] -> probabilities [G, n, features]: the generator proper (49,408 parameters), then the decoder. */
export function ehrGenerator({ latent }: NetworkSettings, { shape }: RecordLayout): Network {
  const norm = () => batchNormLayer(CODE, { slope: 0, scaled: false });
  return sequential([
    dense(latent, CODE, { bias: false }),
    norm(),
    dense(CODE, CODE, { bias: false }),
    norm(),
    dense(CODE, CODE, { bias: false }),
    functionLayer((x) => sigmoid(x)),
    ehrDecoder(sizeOf(shape)),
    functionLayer((x) => sigmoid(x)),
  ]);
}

/** What the decoder's parameters are named in `ehrGenerator`. */
export const DECODER = '6.';

/** Records in [0, 1], [G, n, features] -> scores [G, n, 1]; 307,457 parameters for 1,071 features. */
export const ehrCritic = (_: NetworkSettings, { shape }: RecordLayout): Network =>
  sequential([
    dense(sizeOf(shape), 256, { activation: 'leaky', slope: 0 }),
    dense(256, 128, { activation: 'leaky', slope: 0 }),
    dense(128, 1),
  ]);
