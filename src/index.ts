/** The public surface; runs in a page as it runs in Node. */
import './ops/install.ts';

export { grad, valueAndGrad } from './autograd/grad.ts';
export { perSample, sampleNorms, weightedSum } from './autograd/per_sample.ts';
export { VeilganError } from './gpu/errors.ts';
export { Gpu } from './gpu/gpu.ts';
export { assign, log } from './ops/assign.ts';
export { type LinearOptions, linear, matmul } from './ops/contract.ts';
export { mix, where } from './ops/elementwise.ts';
export { gather } from './ops/gather.ts';
export { concat, detach } from './ops/movement.ts';
export { normal, uniform } from './ops/random.ts';
export { keep, scope } from './tensor/scope.ts';
export { noGrad } from './tensor/tape.ts';
export { Tensor, tensor } from './tensor/tensor.ts';
