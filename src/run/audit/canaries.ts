/**
 * Canaries: records that nothing but clipping keeps from deciding an update, and that can be told from each other; and
 * the data sets that they join.
 */

import { spreadRows } from '../../attack/audit/likelihood.ts';
import { perSample } from '../../autograd/per-sample.ts';
import { PhiloxStream } from '../../base/philox.ts';
import { pickRows } from '../../base/rows.ts';
import { concatRows, type Dataset, withRows } from '../../data/dataset.ts';
import { floats, type Records } from '../../data/records.ts';
import type { GanConfig } from '../../gan/config.ts';
import { divergences } from '../../gan/divergences.ts';
import { criticNetwork } from '../../gan/networks/index.ts';
import type { PrivateConfig } from '../../gan/private/config.ts';
import { ownersOf } from '../../gan/private/run.ts';
import { conditioning } from '../../gan/system.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { Parameters } from '../../nn/network.ts';
import { matmul } from '../../ops/contract.ts';
import { concat, reshape } from '../../ops/movement.ts';
import { scope } from '../../tensor/scope.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';
import { Player } from '../../train/player.ts';

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
const candidatesFor = (canaries: number, values: number): number =>
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
async function chooseCanaries(
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

interface Widths {
  readonly features: number;
  readonly classes: number;
}

/** Records as the critics see them, with their labels behind them where labels condition. [rows, features + classes] */
export function shown(records: Records, labels: Uint32Array, { features, classes }: Widths): Float32Array {
  const values = floats(records);
  if (!classes) return values;
  const width = features + classes;
  const out = new Float32Array(labels.length * width);
  labels.forEach((label, i) => {
    out.set(values.subarray(i * features, (i + 1) * features), i * width);
    out[i * width + features + label] = 1;
  });
  return out;
}

/** Canaries for one run: records, labels (0 where there are none), and the critic that each belongs to. */
export async function makeCanaries(
  gpu: Gpu,
  { config, data, canaries: count }: { config: PrivateConfig; data: Dataset; canaries: number },
  base: Records,
  seed: number,
) {
  const { features, shape } = data;
  const classes = conditioning(data, config);
  const critics = new Player(gpu, 'critics', criticNetwork(config, shape, classes), config.partitions, {
    kind: 'sgd',
    rate: 1,
  });
  try {
    // As a system of this seed begins.
    critics.initialise(seed, 2000);
    const candidates = canaryCandidates(base, features, candidatesFor(count, critics.parameters.whole.length), seed);
    const total = candidates.length / features;
    const random = new PhiloxStream(seed, 'audit/labels');
    const labels = Uint32Array.from({ length: total }, () => (classes ? random.below(classes) : 0));
    const owner = ownersOf(candidates, features, config.partitions, seed);
    const x = shown(candidates, labels, { features, classes });
    const chosen = new Set(await chooseCanaries(gpu, critics, config, { x, owner, count }));
    const list = [...chosen].sort((a, b) => a - b);
    return {
      classes,
      /** of a gradient of all critics together */
      values: critics.parameters.whole.length,
      records: pickRows(candidates, features, list),
      x: pickRows(x, features + classes, list),
      labels: labels.filter((_, i) => chosen.has(i)),
      owner: owner.filter((_, i) => chosen.has(i)),
    };
  } finally {
    critics.dispose();
  }
}

/** The data set with those canaries that are in. */
export function joined(data: Dataset, base: Records, canaries: Records, labels: Uint32Array): Dataset {
  const rows = base.length / data.features;
  const values = concatRows(base, canaries);
  const own = data.labels && concatRows(data.labels.train.slice(0, rows), labels);
  return withRows(data, values, values.length / data.features, own);
}
