/** Canaries: records that nothing but clipping keeps from deciding an update, and that can be told from each other. */

import { spreadRows } from '../../attack/audit/likelihood.ts';
import { perSample } from '../../autograd/per-sample.ts';
import { PhiloxStream } from '../../base/philox.ts';
import type { GanConfig } from '../../gan/config.ts';
import { divergences } from '../../gan/divergences.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { Parameters } from '../../nn/network.ts';
import { matmul } from '../../ops/contract.ts';
import { concat, reshape } from '../../ops/movement.ts';
import { scope } from '../../tensor/scope.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';
import type { Player } from '../../train/player.ts';

/** As data sets hold them: values, or the bytes of images. */
type Records = Float32Array | Uint8Array;

/** How far out canaries of a table are, in standard deviations of its columns. */
const DISTANCE = 300;
/** Gradients of candidates that are looked at together, in values. */
const LOOKED_AT = 1 << 23;

/**
 * Records [count, features] in the data's own type, of which canaries are chosen: for tables points far out in random
 * directions, the columns in their own units; for images random black and white.
 * @param train [rows, features]
 */
export function canaryCandidates(train: Records, features: number, count: number, seed: number): Records {
  const random = new PhiloxStream(seed, 'audit/canaries');
  const length = count * features;
  if (train instanceof Uint8Array) return Uint8Array.from({ length }, () => 255 * random.below(2));
  const rows = train.length / features;
  const [sums, squares] = [new Float64Array(features), new Float64Array(features)];
  train.forEach((v, i) => {
    sums[i % features] += v / rows;
  });
  train.forEach((v, i) => {
    squares[i % features] += (v - sums[i % features]) ** 2 / rows;
  });
  const out = new Float32Array(length);
  for (let c = 0; c < count; c++) {
    const way = Float64Array.from({ length: features }, () => random.normal());
    const norm = Math.hypot(...way) / Math.sqrt(features);
    for (let j = 0; j < features; j++) {
      out[c * features + j] = sums[j] + (DISTANCE * (Math.sqrt(squares[j]) || 1) * way[j]) / norm;
    }
  }
  return out;
}

/** How many candidates are worth looking at for so many canaries. @param values of a gradient, over all critics */
export const candidatesFor = (canaries: number, values: number): number =>
  Math.max(canaries, Math.min(256, Math.floor(LOOKED_AT / values)));

/**
 * Gradients of the critics' losses by sample, one row of all parameters each: [K, n, values of one critic]. Without
 * dropout and without the penalty, so that they follow from the records alone.
 * @param x [K, n, width]
 * @param target [K, n, 1], 1 for records and 0 for generated ones
 */
export function gradientRows(
  { network }: Pick<Player, 'network'>,
  parameters: Parameters,
  x: Tensor,
  target: Tensor,
  config: GanConfig,
): Tensor {
  const samples = x.shape.slice(0, 2);
  const { critic } = divergences[config.divergence];
  const pass = { training: false, seed: 0, statistics: {} };
  const each = perSample(
    (p: Record<string, Tensor>) => reshape(critic(network.apply(p, x, pass), target, config), samples),
    parameters as Record<string, Tensor>,
  );
  return concat(
    Object.keys(parameters).map((name) => reshape(each[name], [...samples, -1])),
    2,
  );
}

/**
 * Which of the candidates to use: those whose gradients in untrained critics are long and unlike each other, which
 * looks at nothing private. Gradients of unlike critics have nothing in common.
 * @param critics freshly initialised
 * @param x [candidates, width]
 * @param owner the critic that would see each
 * @returns row numbers, fewer than `count` only where there are fewer candidates
 */
export async function chooseCanaries(
  gpu: Gpu,
  critics: Player,
  config: GanConfig,
  { x, owner, count }: { x: Float32Array; owner: Uint32Array; count: number },
): Promise<number[]> {
  const total = owner.length;
  if (total <= count) return Array.from(owner.keys());
  const gram = new Float64Array(total * total);
  const width = x.length / total;
  for (let k = 0; k < config.partitions; k++) {
    const own = Array.from(owner.keys()).filter((i) => owner[i] === k);
    if (!own.length) continue;
    // One group of activations for each critic: a gradient by sample needs both to have the same.
    const rows = Float32Array.from({ length: own.length * width * config.partitions }, (_, i) => {
      const at = i % (own.length * width);
      return x[own[Math.floor(at / width)] * width + (at % width)];
    });
    const product = scope(() => {
      const shape = [config.partitions, own.length];
      const target = tensor(gpu, new Float32Array(shape[0] * shape[1]).fill(1), [...shape, 1]);
      const g = gradientRows(critics, critics.parameters.parts, tensor(gpu, rows, [...shape, width]), target, config);
      return matmul(g, g, { transposeB: true });
    });
    const values = (await product.read()).subarray(k * own.length ** 2);
    product.dispose();
    own.forEach((i, a) => {
      own.forEach((j, b) => {
        gram[i * total + j] = values[a * own.length + b];
      });
    });
  }
  return spreadRows(gram, total, count);
}
