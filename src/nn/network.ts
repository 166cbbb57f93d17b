/** Networks over parameter records: layers put one after another. */
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Tensors by name. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** What a call of a network needs to know beside its parameters. */
export interface Pass {
  /** batch statistics and dropout, as in training; otherwise moving averages and no dropout */
  readonly training: boolean;
  /** of dropout masks */
  readonly seed: number;
  /** moving averages: read by inference, and updated in training */
  readonly statistics: Parameters;
}

/** A network, or a layer of one. `groups` weight blocks make that many independent copies of it. */
export interface Network {
  /** of the trainable parameters, by name */
  readonly shapes: (groups: number) => Record<string, Shape>;
  /** of the moving averages, by name; empty for a network that keeps none */
  readonly statistics: (groups: number) => Record<string, Shape>;
  /** Fills parameters (zero so far) and statistics with their initial values, independent for each group. */
  readonly initialise: (parameters: Parameters, statistics: Parameters, seed: number, stream: number) => void;
  /** @param x [G, n, ...] @returns [G or groups, n, ...] */
  readonly apply: (parameters: Parameters, x: Tensor, pass: Pass) => Tensor;
}

/** The entries whose names begin with `prefix`, without it. */
function within(record: Parameters, prefix: string): Parameters {
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, t]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), t]] : [])),
  );
}

const prefixed = (parts: readonly Record<string, Shape>[]): Record<string, Shape> =>
  Object.fromEntries(parts.flatMap((part, i) => Object.entries(part).map(([name, shape]) => [`${i}.${name}`, shape])));

/** Layers one after another; the parameters of layer i are named `i.NAME`, and it draws from random stream + i. */
export function sequential(layers: readonly Network[]): Network {
  return {
    shapes: (groups) => prefixed(layers.map((layer) => layer.shapes(groups))),
    statistics: (groups) => prefixed(layers.map((layer) => layer.statistics(groups))),
    initialise: (parameters, statistics, seed, stream) => {
      layers.forEach((layer, i) => {
        layer.initialise(within(parameters, `${i}.`), within(statistics, `${i}.`), seed, stream + i);
      });
    },
    apply: (parameters, x, pass) =>
      layers.reduce(
        (h, layer, i) =>
          layer.apply(within(parameters, `${i}.`), h, { ...pass, statistics: within(pass.statistics, `${i}.`) }),
        x,
      ),
  };
}

/** Trainable numbers in a network of one group. */
export const parameterCount = (network: Network): number =>
  Object.values(network.shapes(1)).reduce((n, shape) => n + sizeOf(shape), 0);
