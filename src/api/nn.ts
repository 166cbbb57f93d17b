/** `veilgan/nn`: the engine, and layers, networks over parameter records, optimisers and a check of gradients. */
import '../ops/install.ts';

export { type CheckOptions, checkGrad } from '../autograd/check.ts';
export { type Initial, initialise } from '../nn/initial.ts';
export {
  batchNormLayer,
  type ConvLayerOptions,
  convLayer,
  convTransposeLayer,
  dense,
  dropoutLayer,
  functionLayer,
  type LayerOptions,
  maxPoolLayer,
  mlp,
  reshapeLayer,
} from '../nn/layers.ts';
export { type Network, type Parameters, type Pass, parameterCount, sequential, sideBySide } from '../nn/network.ts';
export { disposeFlat, type Flat, flat, flatten } from '../optim/flat.ts';
export { adam, Optimizer, type OptimizerConfig, rmsprop, sgd } from '../optim/optimizer.ts';
export * from './index.ts';
