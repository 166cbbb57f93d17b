import { dense } from './layers.ts';
import { type Network, sequential } from './network.ts';

/**
 * Dense layers with leaky units between them and a linear end: [G, n, inputs] -> [G, n, outputs].
 * @param sizes inputs, hidden sizes, outputs
 * @param slope of the leaky units below zero (TensorFlow's default 0.3)
 */
export const mlp = (sizes: readonly number[], slope = 0.3): Network =>
  sequential(
    sizes
      .slice(1)
      .map((outputs, i) =>
        dense(sizes[i], outputs, i === sizes.length - 2 ? { activation: 'none' } : { activation: 'leaky', slope }),
      ),
  );
