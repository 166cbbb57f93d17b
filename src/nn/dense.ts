import { assign } from '../ops/assign.ts';
import { linear } from '../ops/contract.ts';
import { scale, shift } from '../ops/elementwise.ts';
import { uniform } from '../ops/random.ts';
import { scope } from '../tensor/scope.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Parameters by name. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** A network over parameter records; `groups` weight blocks make that many independent copies of it. */
export interface Network {
  readonly shapes: (groups: number) => Record<string, Shape>;
  /** Fills parameters with their initial values, independent for each group. */
  readonly initialise: (parameters: Parameters, seed: number, stream: number) => void;
  /** @param x [G, n, inputs] @returns [G or groups, n, outputs] */
  readonly apply: (parameters: Parameters, x: Tensor) => Tensor;
}

/** Weights uniform in +-sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010), in place. @param w [Gw, in, out] */
export function glorotUniform(w: Tensor, seed: number, stream: number): void {
  const [, inputs, outputs] = w.shape;
  const limit = Math.sqrt(6 / (inputs + outputs));
  scope(() => assign(w, shift(scale(uniform(w.gpu, w.shape, { seed, stream }), 2 * limit), -limit)));
}

/**
 * Dense layers with leaky units between them and a linear end.
 * @param sizes inputs, hidden sizes, outputs
 * @param slope of the leaky units below zero (TensorFlow's default 0.3)
 */
export function mlp(sizes: readonly number[], slope = 0.3): Network {
  const layers = sizes.slice(1).map((outputs, i) => ({ inputs: sizes[i], outputs, last: i === sizes.length - 2 }));
  return {
    shapes: (groups) =>
      Object.fromEntries(
        layers.flatMap(({ inputs, outputs }, i) => [
          [`${i}.weight`, [groups, inputs, outputs]],
          [`${i}.bias`, [groups, outputs]],
        ]),
      ),
    initialise: (parameters, seed, stream) => {
      layers.forEach((_, i) => {
        glorotUniform(parameters[`${i}.weight`], seed, stream + i);
      });
    },
    apply: (parameters, x) =>
      layers.reduce(
        (h, { last }, i) =>
          linear(h, parameters[`${i}.weight`], parameters[`${i}.bias`], { activation: last ? 'none' : 'leaky', slope }),
        x,
      ),
  };
}

/** Trainable numbers in a network of one group. */
export const parameterCount = (network: Network): number =>
  Object.values(network.shapes(1)).reduce((n, shape) => n + shape.reduce((a, b) => a * b, 1), 0);
