/** Softmax and what classifiers are trained with, over the last axis; right for logits of +-1e4. */
import oneHotShader from '#shaders/one_hot.wgsl';
import softmaxShader from '#shaders/softmax.wgsl';
import { scope } from '../tensor/scope.ts';
import { same, shapeError } from '../tensor/shape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { checkIndex, common, strided } from './dispatch.ts';
import { div, exp, log, mul, sub } from './elementwise.ts';
import { fused } from './fused.ts';
import type { IndexList } from './gather.ts';
import { detach } from './movement.ts';
import { max, sum } from './reduce.ts';

/** Most classes that one thread walks; with more, threads of a workgroup would read far apart. */
const MOST = 256;

function rows(op: string, x: Tensor): number {
  common(op, [x]);
  if (!x.rank || !x.length) throw shapeError(op, [x.shape], 'needs an axis of classes', 'Give [..., classes]');
  return x.shape[x.rank - 1];
}

function runSoftmax(x: Tensor, logarithm: boolean): Tensor {
  const y = empty(x.gpu, x.shape);
  const classes = x.shape[x.rank - 1];
  const n = x.length / classes;
  const { grid, threads } = strided(x.gpu, n);
  x.gpu.run(softmaxShader, { overrides: { LOG: logarithm ? 1 : 0 } }, { x, y }, { n, threads, classes }, grid);
  return y;
}

// Any constant may be taken off the logits; the largest keeps exp from overflowing. It needs no derivative.
const shifted = (x: Tensor): Tensor => sub(x, detach(max(x, -1, { keep: true })));
const eligible = ([x]: readonly Tensor[]): boolean => x.shape[x.rank - 1] <= MOST;

const softmaxOf = fused<null>(
  'softmax',
  ([x]) => {
    const e = exp(shifted(x));
    return div(e, sum(e, -1, { keep: true }));
  },
  {
    eligible,
    kernel: ([x]) => runSoftmax(x, false),
    vjp: ({ output: y }, g) => [mul(y, sub(g, sum(mul(g, y), -1, { keep: true })))],
  },
);

const logSoftmaxOf = fused<null>(
  'logSoftmax',
  ([x]) => {
    const z = shifted(x);
    return sub(z, log(sum(exp(z), -1, { keep: true })));
  },
  {
    eligible,
    kernel: ([x]) => runSoftmax(x, true),
    vjp: ({ output: y }, g) => [sub(g, mul(exp(y), sum(g, -1, { keep: true })))],
  },
);

/** exp(x) / sum of exp(x) over the last axis. @param x [..., classes] @throws VeilganError SHAPE for a scalar */
export function softmax(x: Tensor): Tensor {
  rows('softmax', x);
  return softmaxOf([x], null);
}

/** x - log of the sum of exp(x) over the last axis. @param x [..., classes] @throws VeilganError SHAPE for a scalar */
export function logSoftmax(x: Tensor): Tensor {
  rows('logSoftmax', x);
  return logSoftmaxOf([x], null);
}

/**
 * 1 at the class, 0 elsewhere; zeros only where the index is not below `classes`.
 * @param index u32 [...]; or, inside a program, a chunk's list of which each step takes the next `perStep`
 * @returns [..., classes]
 * @throws VeilganError VALIDATION where the index is not u32
 */
export function oneHot(index: Tensor | IndexList, classes: number): Tensor {
  const { list, perStep } = 'list' in index ? index : { list: index };
  checkIndex('oneHot', list);
  const { gpu } = list;
  const y = empty(gpu, [...(perStep === undefined ? list.shape : [perStep]), classes]);
  const { grid, threads } = strided(gpu, y.length);
  const overrides = { STEP: perStep === undefined ? 0 : 1 };
  gpu.run(oneHotShader, { overrides }, { index: list, y }, { n: y.length, threads, classes }, grid);
  return y;
}

/**
 * Cross-entropy of each sample: minus the sum over classes of label times log-softmax.
 * @param logits [..., classes]
 * @param labels class numbers u32 [...], or probabilities of the logits' shape (one-hot rows)
 * @returns [...]
 * @throws VeilganError SHAPE where labels do not fit the logits
 */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const classes = rows('crossEntropy', logits);
  const wanted = labels.dtype === 'u32' ? logits.shape.slice(0, -1) : logits.shape;
  if (!same(labels.shape, wanted)) {
    throw shapeError('crossEntropy', [logits.shape, labels.shape], `labels need the shape [${wanted}]`);
  }
  return scope(() => {
    const target = labels.dtype === 'u32' ? oneHot(labels, classes) : labels;
    return sum(mul(logSoftmax(logits), target), -1, { scale: -1 });
  });
}
