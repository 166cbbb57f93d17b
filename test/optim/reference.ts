/** Parameters to update, and the optimisers once more in float64; shares nothing with src/optim but the config's type. */
import type { OptimizerConfig } from '../../src/optim/optimizer.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';

/**
 * Nine parameters, so that two dispatches pack them; each with the size of its gradients. Those of 1e-6 tell whether
 * epsilon (1e-7) lies outside of the root and how large it is.
 */
export const PARAMETERS: Readonly<Record<string, { shape: Shape; size: number }>> = {
  a: { shape: [1, 2, 7], size: 1 },
  b: { shape: [1, 7], size: 1e-6 },
  c: { shape: [3, 5, 13], size: 1 },
  d: { shape: [1], size: 1 },
  e: { shape: [64], size: 30 },
  f: { shape: [65], size: 1e-6 },
  g: { shape: [63], size: 0 },
  h: { shape: [3, 11], size: 1e-3 },
  i: { shape: [2, 33, 67], size: 1 },
};
export const names = Object.keys(PARAMETERS);
export const shapes = Object.fromEntries(names.map((name) => [name, PARAMETERS[name].shape]));
export const lengths = names.map((name) => sizeOf(shapes[name]));
export const total = lengths.reduce((a, b) => a + b, 0);
export const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0));

/** One number of a player, its moments, and how far it went. */
export interface State {
  w: number;
  m: number;
  v: number;
  /** sum of |steps| */
  path: number;
}

/** One number after `steps` gradients, in float64 (as TensorFlow 2.1 has it); |w| <= clip after each. */
export function reference(
  c: OptimizerConfig,
  w0: number,
  gradient: (t: number) => number,
  clip: number,
  steps: number,
): State {
  let [w, m, v, path] = [w0, 0, 0, 0];
  for (let t = 1; t <= steps; t++) {
    const g = gradient(t - 1);
    let step: number;
    if (c.kind === 'sgd') {
      v = (c.momentum ?? 0) * v + g;
      step = c.rate * v;
    } else if (c.kind === 'rmsprop') {
      const decay = c.decay ?? 0.9;
      v = decay * v + (1 - decay) * g * g;
      step = (c.rate * g) / (Math.sqrt(v) + (c.epsilon ?? 1e-7));
    } else {
      const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = c;
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      step = ((c.rate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t)) * (m / (Math.sqrt(v) + epsilon));
    }
    w = Math.min(clip, Math.max(-clip, w - step));
    path += Math.abs(step);
  }
  return { w, m, v, path };
}
