/** The public surface; runs in a page as it runs in Node. */
import '../ops/install.ts';

export { grad, valueAndGrad } from '../autograd/grad.ts';
export { perSample, sampleNorms, weightedSum } from '../autograd/per-sample.ts';
export { type ErrorCode, VeilganError } from '../base/errors.ts';
export type { AdapterReport, MemoryReport, OpenOptions, Program, Replay } from '../gpu/index.ts';
export { Gpu, type Ticket } from '../gpu/index.ts';
export { assign, log } from '../ops/assign.ts';
export { crossEntropy, logSoftmax, oneHot, softmax } from '../ops/classes.ts';
export { type LinearOptions, linear, matmul } from '../ops/contract.ts';
export { conv, convFilter, convTranspose } from '../ops/conv.ts';
export type { ConvOptions, Padding } from '../ops/conv-geometry.ts';
export { dropout, dropoutMask } from '../ops/dropout.ts';
export { mix, where } from '../ops/elementwise.ts';
export { embedding } from '../ops/embedding.ts';
export { gather } from '../ops/gather.ts';
export { concat, detach } from '../ops/movement.ts';
export { batchNorm, batchNormInference, groupNorm, layerNorm, updateMoving } from '../ops/norm.ts';
export { avgPool, globalAvgPool, maxPool } from '../ops/pool.ts';
export { normal, uniform } from '../ops/random.ts';
export { keep, scope } from '../tensor/scope.ts';
export { noGrad } from '../tensor/tape.ts';
export { Tensor, tensor } from '../tensor/tensor.ts';
export { open } from './open.ts';
