/**
 * Sample inputs of every operation, by the modules of src/ops: under the keys of the registry of elementwise operations
 * and the names that the other modules export, so that the compiler names a missing one.
 */

import * as classes from '../../src/ops/classes.ts';
import * as dropout from '../../src/ops/dropout.ts';
import { embedding } from '../../src/ops/embedding.ts';
import * as gather from '../../src/ops/gather.ts';
import { heads } from '../../src/ops/heads.ts';
import * as movement from '../../src/ops/movement.ts';
import * as pool from '../../src/ops/pool.ts';
import type * as random from '../../src/ops/random.ts';
import { normal, uniform } from '../../src/ops/random.ts';
import * as reduce from '../../src/ops/reduce.ts';
import { rowSums } from '../../src/ops/row-sums.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { type ElementwiseName, elementwise, references } from '../ops/elementwise.ts';
import { type Case, type Cases, indices, of } from './suite-case.ts';
import { contractions, convolutions, norms } from './suite-layers.ts';

const SHAPES = [
  [
    [6, 35],
    [6, 35],
    [6, 35],
  ],
  [[3, 5, 14], [5, 1], [14]],
] as const;

const elementwiseCases = Object.fromEntries(
  Object.entries(references).map(([name, { arity, s, t, range = [-2, 2] as const }]) => [
    name,
    SHAPES.map((three) =>
      of(three.slice(0, arity), (...x) => elementwise(name as ElementwiseName, x, s, t), { range }),
    ),
  ]),
) as unknown as Record<ElementwiseName, Case[]>;
const { sin, cos, ...arithmetic } = elementwiseCases;

const reductions: Cases<typeof reduce> = {
  sum: [
    of([[5, 33, 7]], (x) => [reduce.sum(x), reduce.sum(x, 0), reduce.sum(x, [0, 1]), reduce.sum(x, -1)]),
    of([[40_000]], (x) => reduce.sum(x)),
  ],
  mean: [of([[5, 33, 7]], (x) => [reduce.mean(x), reduce.mean(x, 1), reduce.mean(x, [0, 2], { keep: true })])],
  max: [of([[5, 33, 7]], (x) => [reduce.max(x), reduce.max(x, 1), reduce.max(x, -1)])],
  sumTo: [of([[5, 33, 7]], (x) => [reduce.sumTo(x, [33, 7]), reduce.sumTo(x, [5, 1, 7], 0.3)])],
  chainedSum: [of([[40, 9]], (x) => reduce.chainedSum(x), { constant: true })],
  weightedTotal: [
    of(
      [
        [3, 11, 9],
        [3, 11],
      ],
      (x, c) => reduce.weightedTotal(x, c),
      { constant: true },
    ),
  ],
};

const movements: Cases<typeof movement> = {
  reshape: [of([[5, 33, 7]], (x) => movement.reshape(x, [11, -1]))],
  permute: [of([[5, 33, 7]], (x) => movement.permute(x, [2, 0, 1]))],
  transpose: [of([[5, 33, 7]], (x) => movement.transpose(x))],
  slice: [of([[5, 33, 7]], (x) => [movement.slice(x, 1, 3, -2), movement.slice(x, 0, 1, 4)])],
  pad: [of([[5, 33, 7]], (x) => movement.pad(x, 1, 2, 3))],
  broadcastTo: [of([[5, 1, 7]], (x) => movement.broadcastTo(x, [3, 5, 33, 7], 0.7))],
  concat: [
    of(
      [
        [5, 3, 7],
        [5, 4, 7],
        [5, 1, 7],
      ],
      (...x) => movement.concat(x, 1),
    ),
  ],
  detach: [of([[5, 7]], (x) => movement.detach(x), { constant: true })],
};

const pooling: Cases<typeof pool> = {
  maxPool: [of([[2, 9, 8, 5]], (x) => [pool.maxPool(x, 2), pool.maxPool(x, 3, { stride: 2, padding: 'same' })])],
  avgPool: [of([[2, 9, 8, 5]], (x) => [pool.avgPool(x, 2), pool.avgPool(x, 3, { stride: 2, padding: 'same' })])],
  globalAvgPool: [of([[2, 9, 8, 5]], (x) => pool.globalAvgPool(x))],
};

const classCases: Cases<typeof classes> = {
  softmax: [of([[3, 7, 11]], (x) => classes.softmax(x))],
  logSoftmax: [of([[3, 7, 11]], (x) => classes.logSoftmax(x))],
  oneHot: [of([[1]], (x) => classes.oneHot(indices(x, 30, 9), 8), { constant: true })],
  crossEntropy: [
    of([[21, 11]], (x) => classes.crossEntropy(x, indices(x, 21, 11))),
    of(
      [
        [21, 11],
        [21, 11],
      ],
      (x, y) => classes.crossEntropy(x, classes.softmax(y)),
    ),
  ],
};

const gathers: Cases<typeof gather, 'BYTE_UNIT'> = {
  gather: [of([[13, 3, 5]], (x) => gather.gather(x, indices(x, 29, 13)))],
  gatherBytes: [
    of(
      [[1]],
      (x) => {
        const words = tensor(
          x.gpu,
          Uint32Array.from({ length: 14 }, (_, i) => Math.imul(i + 1, 0x9e3779b9)),
        );
        return gather.gatherBytes({ words, records: 7, width: 8, unit: gather.BYTE_UNIT }, indices(x, 10, 7));
      },
      { constant: true },
    ),
  ],
  scatterAdd: [of([[29, 3, 5]], (x) => gather.scatterAdd(x, indices(x, 29, 13), [13, 3, 5]))],
};

const seed = 5 * 2 ** 32 + 7;
const drops: Cases<typeof dropout> = {
  dropoutMask: [of([[1]], (x) => dropout.dropoutMask(x.gpu, [50, 21], 0.3, { seed }), { constant: true })],
  dropout: [of([[50, 21]], (x) => dropout.dropout(x, 0.3, { seed, stream: 1 }))],
  leakyDropout: [
    of([[50, 21]], (x) => dropout.leakyDropout(x, dropout.dropoutMask(x.gpu, [50, 21], 0.3, { seed }), 0.2)),
  ],
};
const draws: Cases<typeof random, 'drawPlace'> = {
  uniform: [of([[1]], (x) => uniform(x.gpu, [10_001], { seed }), { constant: true })],
  normal: [of([[1]], (x) => normal(x.gpu, [10_001], { seed }), { constant: true })],
};

const BLOCKS = [
  { kind: 'scalar', at: 0, width: 1 },
  { kind: 'choice', at: 1, width: 7 },
  { kind: 'scalar', at: 8, width: 1 },
  { kind: 'choice', at: 9, width: 2 },
] as const;

/** All of them, by group and operation. */
export const cases: Readonly<Record<string, Readonly<Record<string, readonly Case[]>>>> = {
  elementwise: arithmetic,
  'sin and cos': { sin, cos },
  reductions,
  movement: movements,
  contractions,
  convolutions,
  normalisation: norms,
  pooling,
  classes: classCases,
  gather: {
    ...gathers,
    embedding: [of([[3, 13, 5]], (t) => embedding(t, indices(t, 6 * 7, 13).view([6, 7])))],
  },
  dropout: drops,
  random: draws,
  others: {
    rowSums: [
      of(
        [
          [9, 33],
          [9, 4, 7],
        ],
        (...x) => rowSums(x.map((rows, i) => ({ rows, squared: i === 0 }))),
      ),
    ],
    heads: [of([[3, 9, 11]], (x) => heads(x, BLOCKS, 0.5))],
  },
};
