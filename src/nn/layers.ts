/** Layers; by default with TensorFlow's initial values (weights Glorot uniform, biases zero), which are PAR-GAN's. */
import { VeilganError } from '../base/errors.ts';
import { assign } from '../ops/assign.ts';
import { linear, matmul } from '../ops/contract.ts';
import { conv, convTranspose } from '../ops/conv.ts';
import type { ConvOptions } from '../ops/conv-geometry.ts';
import { dropout, dropoutMask, leakyDropout } from '../ops/dropout.ts';
import { mul, scale, shift } from '../ops/elementwise.ts';
import { type Activation, epilogueOf } from '../ops/epilogue.ts';
import { reshape } from '../ops/movement.ts';
import { batchNorm, batchNormInference, updateMoving } from '../ops/norm.ts';
import { maxPool } from '../ops/pool.ts';
import { scope } from '../tensor/scope.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { type Initial, initialise } from './initial.ts';
import { type Network, sequential } from './network.ts';

const none = () => ({});
/** A layer without parameters. */
const fixed = { shapes: none, statistics: none, initialise: () => {} };

export interface LayerOptions {
  /** what weights and biases begin as; default glorot */
  readonly initial?: Initial;
  /** default true */
  readonly bias?: boolean;
  readonly activation?: Activation;
  /** of leaky units below zero; default 0.3 */
  readonly slope?: number;
}

/** x w + bias through an activation: [G, n, inputs] -> [G, n, outputs]. */
export function dense(
  inputs: number,
  outputs: number,
  { bias = true, activation = 'none', slope = 0.3, initial }: LayerOptions = {},
): Network {
  if (!bias && activation !== 'none') {
    throw new VeilganError('CONFIG', 'a dense layer without bias has no activation of its own', {
      where: 'dense',
      fix: 'Give it a bias, or follow it with batchNormLayer',
    });
  }
  return {
    shapes: (groups) => ({ weight: [groups, inputs, outputs], ...(bias ? { bias: [groups, outputs] } : {}) }),
    statistics: none,
    initialise: (p, _, seed, stream) => initialise(p, seed, stream, initial),
    apply: ({ weight, bias: b }, x) => (b ? linear(x, weight, b, { activation, slope }) : matmul(x, weight)),
  };
}

export interface ConvLayerOptions extends LayerOptions, ConvOptions {
  /** share of the outputs to drop in training, behind a leaky unit */
  readonly dropout?: number;
}

/** Convolution with a square kernel, an activation and dropout: [G, n, h, w, ci] -> [G, n, oh, ow, co]. */
export function convLayer(ci: number, co: number, kernel: number, options: ConvLayerOptions = {}): Network {
  const { bias = true, activation = 'none', slope = 0.3, dropout: rate = 0, initial, ...at } = options;
  return {
    shapes: (groups) => ({ weight: [groups, kernel, kernel, ci, co], ...(bias ? { bias: [groups, co] } : {}) }),
    statistics: none,
    initialise: (p, _, seed, stream) => initialise(p, seed, stream, initial),
    apply: ({ weight, bias: b }, x, { training, seed, rows }) => {
      const drops = training && rate > 0;
      // A leaky unit and the dropout behind it are one pass, so the convolution then leaves it to that.
      const inside = drops && activation === 'leaky' ? 'none' : activation;
      const y = conv(x, weight, { ...at, epilogue: epilogueOf(inside, b, slope) });
      if (!drops) return y;
      const mask = dropoutMask(x.gpu, y.shape, rate, { seed, rows });
      return inside === activation ? mul(y, mask) : leakyDropout(y, mask, slope);
    },
  };
}

/**
 * Transposed convolution with a square kernel and an activation: [G, n, h, w, inputs] -> [G, n, h s, w s, outputs], or
 * to the `output` that is given.
 */
export function convTransposeLayer(
  inputs: number,
  outputs: number,
  kernel: number,
  {
    bias = true,
    activation = 'none',
    slope = 0.3,
    initial,
    ...at
  }: LayerOptions & ConvOptions & { readonly output?: readonly [number, number] } = {},
): Network {
  return {
    shapes: (groups) => ({
      weight: [groups, kernel, kernel, outputs, inputs],
      ...(bias ? { bias: [groups, outputs] } : {}),
    }),
    statistics: none,
    initialise: (p, _, seed, stream) => initialise(p, seed, stream, initial),
    apply: ({ weight, bias: b }, x) => convTranspose(x, weight, { ...at, epilogue: epilogueOf(activation, b, slope) }),
  };
}

/**
 * Batch normalisation of the last axis, statistics for each g, and a leaky unit behind it. Moving averages as
 * TensorFlow 2.1 keeps them: momentum 0.99; the variance unbiased for images, biased for rows of features.
 * @param options.scaled false: no trained gamma, which is 1 (TF 1.x contrib's default)
 */
export function batchNormLayer(
  channels: number,
  { slope = 1, scaled = true }: { slope?: number; scaled?: boolean } = {},
): Network {
  const shape = (groups: number): Shape => [groups, channels];
  const one = (t: Tensor) => scope(() => assign(t, shift(scale(t, 0), 1)));
  return {
    shapes: (groups) => ({ ...(scaled ? { gamma: shape(groups) } : {}), beta: shape(groups) }),
    statistics: (groups) => ({ mean: shape(groups), variance: shape(groups) }),
    initialise: ({ gamma }, { variance }) => {
      if (gamma) one(gamma);
      one(variance);
    },
    apply: ({ gamma: own, beta }, x, { training, frozen, statistics: { mean, variance } }) => {
      const gamma = own ?? tensor(x.gpu, new Float32Array(channels).fill(1));
      if (!training) return batchNormInference(x, gamma, beta, mean, variance, { slope });
      const { y, ...batch } = batchNorm(x, gamma, beta, { slope });
      if (frozen) return y;
      const unbiased = x.rank === 3 ? undefined : x.length / (x.shape[0] * channels);
      updateMoving({ mean, variance }, batch, { unbiased });
      return y;
    },
  };
}

/** A function of the activations without parameters. */
export const functionLayer = (apply: (x: Tensor) => Tensor): Network => ({ ...fixed, apply: (_, x) => apply(x) });

/** The same values of each sample under another shape: [G, n, ...] -> [G, n, ...shape]. */
export function reshapeLayer(shape: Shape): Network {
  return { ...fixed, apply: (_, x) => reshape(x, [x.shape[0], x.shape[1], ...shape]) };
}

/** The largest value of each size x size window, windows side by side: [G, n, h, w, c] -> [G, n, h / size, w / size, c]. */
export const maxPoolLayer = (size: number): Network => ({ ...fixed, apply: (_, x) => maxPool(x, size) });

/** Drops a share of its input in training. */
export const dropoutLayer = (rate: number): Network => ({
  ...fixed,
  apply: (_, x, { training, seed, rows }) => (training ? dropout(x, rate, { seed, rows }) : x),
});

/**
 * Dense layers with leaky units between them and a linear end: [G, n, inputs] -> [G, n, outputs].
 * @param sizes inputs, hidden sizes, outputs
 * @param slope of the leaky units below zero (TensorFlow's default 0.3)
 */
export const mlp = (sizes: readonly number[], slope = 0.3): Network =>
  sequential(
    sizes
      .slice(1)
      .map((outputs, i) =>
        dense(sizes[i], outputs, i === sizes.length - 2 ? { activation: 'none' } : { activation: 'leaky', slope }),
      ),
  );
