/** What weights and biases begin as. */
import { assign } from '../ops/assign.ts';
import { scale, shift } from '../ops/elementwise.ts';
import { normal, uniform } from '../ops/random.ts';
import { scope } from '../tensor/scope.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * glorot: weights uniform in +-sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010), biases zero: TensorFlow's default.
 * torch: weights and biases uniform in +-1 / sqrt(fan), PyTorch's default, whose fan is weights' second-to-last axis
 * and taps for dense and convolutions, and for transposed convolutions their outputs and taps (the axis before the
 * last here too). normal: weights N(0, deviation^2), biases zero.
 */
export type Initial = 'glorot' | 'torch' | { readonly deviation: number };

function between(w: Tensor, limit: number, seed: number, stream: number): void {
  scope(() => assign(w, shift(scale(uniform(w.gpu, w.shape, { seed, stream }), 2 * limit), -limit)));
}

/** Biases draw from a stream that no layer has: layers' streams are counted from thousands up to a few hundred. */
const BIAS = 500;

/**
 * Fills a layer's weights [Gw, ...taps, in, out] and bias (zero so far).
 * @param stream which of the seed's streams the layer draws from
 */
export function initialise(
  { weight, bias }: Readonly<Record<string, Tensor>>,
  seed: number,
  stream: number,
  initial: Initial = 'glorot',
): void {
  const [inputs, outputs] = weight.shape.slice(-2);
  const taps = sizeOf(weight.shape.slice(1, -2));
  if (initial === 'glorot') {
    between(weight, Math.sqrt(6 / (taps * (inputs + outputs))), seed, stream);
  } else if (initial === 'torch') {
    const limit = 1 / Math.sqrt(taps * inputs);
    between(weight, limit, seed, stream);
    if (bias) between(bias, limit, seed, stream + BIAS);
  } else {
    scope(() => assign(weight, scale(normal(weight.gpu, weight.shape, { seed, stream }), initial.deviation)));
  }
}
