/** Sample inputs of the operations that layers are made of: products, convolutions, normalisation. */
import * as contract from '../../src/ops/contract.ts';
import * as conv from '../../src/ops/conv.ts';
import * as norm from '../../src/ops/norm.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { type Cases, of } from './suite-case.ts';

export const contractions: Cases<typeof contract> = {
  matmul: [
    of(
      [
        [7, 5],
        [5, 9],
      ],
      (a, b) => contract.matmul(a, b),
    ),
    of(
      [
        [130, 67],
        [67, 98],
      ],
      (a, b) => contract.matmul(a, b),
    ),
    of(
      [
        [6, 33, 40],
        [3, 20, 40],
      ],
      (a, b) => contract.matmul(a, b, { transposeB: true }),
    ),
    of(
      [
        [1, 40, 33],
        [4, 40, 20],
      ],
      (a, b) => contract.matmul(a, b, { transposeA: true }),
    ),
  ],
  contract: [
    of(
      [
        [3, 64, 64],
        [3, 64, 64],
      ],
      (a, b) => contract.contract(a, b, { epilogue: { kind: 'tanh' } }),
    ),
  ],
  linear: [
    of([[33, 20], [20, 65], [65]], (x, w, b) => contract.linear(x, w, b)),
    of(
      [
        [4, 64, 2],
        [2, 2, 128],
        [2, 128],
      ],
      (x, w, b) => contract.linear(x, w, b, { activation: 'leaky' }),
    ),
    of(
      [
        [2, 16, 128],
        [1, 128, 1],
        [1, 1],
      ],
      (x, w, b) => contract.linear(x, w, b, { activation: 'tanh' }),
    ),
  ],
};

export const convolutions: Cases<typeof conv, 'findNormsBy'> = {
  conv: [
    of(
      [
        [1, 2, 9, 7, 3],
        [1, 3, 3, 3, 5],
      ],
      (x, k) => conv.conv(x, k),
    ),
    of(
      [
        [2, 3, 14, 14, 8],
        [2, 5, 5, 8, 16],
      ],
      (x, k) => conv.conv(x, k, { stride: 2 }),
    ),
  ],
  convTranspose: [
    of(
      [
        [1, 2, 5, 4, 3],
        [1, 3, 3, 2, 3],
      ],
      (y, k) => conv.convTranspose(y, k, { stride: 2 }),
    ),
    of(
      [
        [2, 2, 7, 7, 16],
        [1, 5, 5, 8, 16],
      ],
      (y, k) => conv.convTranspose(y, k, { stride: 2 }),
    ),
  ],
  convFilter: [
    of(
      [
        [2, 3, 10, 10, 8],
        [2, 3, 5, 5, 16],
      ],
      (x, y) => conv.convFilter(x, y, [5, 5], { stride: 2, blocks: 1 }),
    ),
  ],
};

const positive = (v: Tensor): Tensor => v.square().add(0.5);
export const norms: Cases<typeof norm> = {
  batchNorm: [
    of([[3, 21, 5], [5], [5]], (x, g, b) => norm.batchNorm(x, g, b).y),
    of(
      [
        [2, 4, 6, 6, 8],
        [2, 8],
        [2, 8],
      ],
      (x, g, b) => norm.batchNorm(x, g, b, { slope: 0.3 }).y,
    ),
  ],
  batchNormInference: [
    of([[2, 9, 5], [5], [5], [5], [5]], (x, g, b, m, v) => norm.batchNormInference(x, g, b, m, positive(v))),
  ],
  layerNorm: [of([[2, 9, 37], [37], [37]], (x, g, b) => norm.layerNorm(x, g, b))],
  groupNorm: [of([[2, 3, 5, 5, 12], [12], [12]], (x, g, b) => norm.groupNorm(x, g, b, 3, { slope: 0.2 }))],
  updateMoving: [
    of(
      [
        [1, 5],
        [1, 5],
        [4, 5],
        [4, 5],
      ],
      (mean, variance, m, v) => {
        const moving = { mean: mean.add(0), variance: positive(variance) };
        norm.updateMoving(moving, { mean: m, variance: positive(v) }, { momentum: 0.9, unbiased: 30 });
        return [moving.mean, moving.variance];
      },
      { constant: true },
    ),
  ],
};
