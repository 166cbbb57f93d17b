/** Networks over parameter records: layers put one after another or side by side. */
import { concat, slice } from '../ops/movement.ts';
import type { RowTags } from '../ops/row-draws.ts';
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
  /** tags of the samples, which dropout masks then follow; without, masks go by place and seed */
  readonly rows?: RowTags;
  /** in training: the moving averages stay as they are */
  readonly frozen?: boolean;
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

/**
 * Two networks on the two halves of their input's last axis, their outputs joined along the last axis:
 * [G, n, at + rest] -> [G, n, ..., left's + right's].
 * @param at where the input is cut
 */
export function sideBySide(at: number, left: Network, right: Network): Network {
  const both = [left, right];
  return {
    shapes: (groups) => prefixed(both.map((part) => part.shapes(groups))),
    statistics: (groups) => prefixed(both.map((part) => part.statistics(groups))),
    initialise: (parameters, statistics, seed, stream) => {
      // Apart from the streams of the layers behind.
      both.forEach((part, i) => {
        part.initialise(within(parameters, `${i}.`), within(statistics, `${i}.`), seed, stream + 100 * (i + 1));
      });
    },
    apply: (parameters, x, pass) => {
      const y = both.map((part, i) =>
        part.apply(within(parameters, `${i}.`), slice(x, 2, i * at, i ? x.shape[2] : at), {
          ...pass,
          statistics: within(pass.statistics, `${i}.`),
        }),
      );
      return concat(y, y[0].rank - 1);
    },
  };
}

/** A network whose input's last values, from `at` on, are handed on behind its output: [G, n, at + rest] -> [G, n, ... + rest]. */
export const handingOn = (at: number, inner: Network): Network => ({
  ...inner,
  apply: (parameters, x, pass) => concat([inner.apply(parameters, x, pass), slice(x, 2, at, x.shape[2])], 2),
});

/** Trainable numbers in a network of one group. */
export const parameterCount = (network: Network): number =>
  Object.values(network.shapes(1)).reduce((n, shape) => n + sizeOf(shape), 0);
