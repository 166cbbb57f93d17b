/**
 * The conditional DCGAN of "Private GANs, Revisited" (Bie, Kamath and Zhang 2023) at any size that is
 * halved to its smallest grid: no normalisation anywhere, PyTorch's initial values, kernels of 4 (3 where an odd grid
 * is halved). Records have their label's one-hot values behind their own where labels condition; without labels each
 * first layer has one half, of full width.
 */
import { VeilganError } from '../../base/errors.ts';
import { convLayer, convTransposeLayer, dense, functionLayer, reshapeLayer } from '../../nn/layers.ts';
import { handingOn, type Network, sequential, sideBySide } from '../../nn/network.ts';
import { scale, shift } from '../../ops/elementwise.ts';
import { broadcastTo, detach } from '../../ops/movement.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { NetworkSettings, RecordLayout } from './network.ts';

const kernelTo = (larger: number): number => (larger % 2 ? 3 : 4);

/** Widths of the two halves of a first layer. @throws VeilganError CONFIG for an odd number of channels */
function halves(channels: number, classes: number, where: string): [number, number] {
  if (!classes) return [channels, 0];
  if (channels % 2 === 0) return [channels / 2, channels / 2];
  throw new VeilganError('CONFIG', `${channels} channels are not shared evenly by the image and its label`, {
    where,
    fix: 'Give an even first number of channels',
  });
}

/** Sides of the grids from a square image down: halved `times` times, upwards rounded. @throws VeilganError CONFIG */
function square([height, width]: Shape, times: number, where: string): number[] {
  const sides = [height];
  for (let i = 0; i < times; i++) sides.push(Math.ceil(sides[i] / 2));
  if (height === width && sides[times] >= 2) return sides;
  throw new VeilganError('CONFIG', `images of ${height} x ${width} are not square or too small for ${times} halvings`, {
    where,
    fix: 'Use fewer channels, or import the images at a square size, such as 32',
  });
}

/**
 * z and label [G, n, latent + classes] -> records and label [G, n, values + classes].
 * @throws VeilganError CONFIG
 */
export function conditionalGenerator(config: NetworkSettings, { shape, classes }: RecordLayout): Network {
  const { latent, slope, generatorChannels: widths } = config;
  const sides = square(shape, widths.length, 'generatorChannels').reverse();
  const initial = 'torch' as const;
  const first = (inputs: number, outputs: number) =>
    sequential([
      reshapeLayer([1, 1, inputs]),
      convTransposeLayer(inputs, outputs, sides[0], { padding: 'valid', activation: 'leaky', slope, initial }),
    ]);
  const [own, labels] = halves(widths[0], classes, 'generatorChannels');
  const to = (i: number): [number, number] => [sides[i], sides[i]];
  const last = widths.length;
  const trunk = [
    ...widths.slice(1).map((n, i) => {
      const at = { stride: 2, output: to(i + 1), activation: 'leaky', slope, initial } as const;
      return convTransposeLayer(widths[i], n, kernelTo(sides[i + 1]), at);
    }),
    convTransposeLayer(widths[last - 1], shape[2], kernelTo(sides[last]), {
      stride: 2,
      output: to(last),
      activation: 'tanh',
      initial,
    }),
    reshapeLayer([sizeOf(shape)]),
  ];
  if (!classes) return sequential([first(latent, own), ...trunk]);
  return handingOn(latent, sequential([sideBySide(latent, first(latent, own), first(classes, labels)), ...trunk]));
}

/**
 * Records and label [G, n, values + classes] -> scores [G, n, 1].
 * @throws VeilganError CONFIG
 */
export function conditionalCritic(config: NetworkSettings, { shape, classes }: RecordLayout): Network {
  const { slope, criticChannels: widths } = config;
  const sides = square(shape, widths.length, 'criticChannels');
  const [height, width, channels] = shape;
  const at = { stride: 2, activation: 'leaky', slope, initial: 'torch' } as const;
  const [own, labels] = halves(widths[0], classes, 'criticChannels');
  const last = sides[widths.length];
  const image = sequential([
    reshapeLayer(shape),
    functionLayer(unit),
    convLayer(channels, own, kernelTo(sides[0]), at),
  ]);
  const planes = sequential([
    reshapeLayer([1, 1, classes]),
    // Nothing is learnt through a label: a generator only hands it on.
    functionLayer((x) => broadcastTo(detach(x), [x.shape[0], x.shape[1], height, width, classes])),
    convLayer(classes, labels, kernelTo(sides[0]), at),
  ]);
  return sequential([
    classes ? sideBySide(sizeOf(shape), image, planes) : image,
    ...widths.slice(1).map((n, i) => convLayer(widths[i], n, kernelTo(sides[i + 1]), at)),
    reshapeLayer([last * last * widths[widths.length - 1]]),
    dense(last * last * widths[widths.length - 1], 1, { initial: 'torch' }),
  ]);
}

/** Records in [-1, 1] as the papers' networks see them, in [0, 1]. */
export const unit = (x: Parameters<typeof shift>[0]) => scale(shift(x, 1), 0.5);
