/** Losses of the critics and the generator: PAR-GAN (KDD 2021) and its notebooks; WGAN-GP is Gulrajani et al. 2017. */
import { grad } from '../autograd/grad.ts';
import { bceWithLogits, mix, mul, neg, scale, shift, sigmoid, sqrt, square } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { GanConfig } from './config.ts';

/** Scores of a stack of critics: [K, n, d] -> [K, n, 1]. */
export type Critic = (x: Tensor) => Tensor;

/** The notebooks feed sigmoid outputs to a loss that expects logits; `tf21` repeats that. */
const asLogits = (scores: Tensor, { loss }: GanConfig): Tensor => (loss === 'tf21' ? sigmoid(scores) : scores);

/**
 * Terms of the critics' losses, without the penalty: a critic's loss is the sum over its rows divided by B, the mean
 * over real rows plus the mean over generated ones. [K, 2B, 1]
 * @param scores [K, 2B, 1]
 * @param target [K, 2B, 1], 1 for real rows and 0 for generated ones
 */
export function criticTerms(scores: Tensor, target: Tensor, config: GanConfig): Tensor {
  if (config.divergence === 'js') return bceWithLogits(asLogits(scores, config), target);
  return mul(scores, shift(scale(target, -2), 1));
}

/**
 * Terms of the generator's loss against each critic, whose mean it is: [K, B, 1].
 * @param scores [K, B, 1] of generated rows
 * @param real [K, B, 1] of ones
 */
export function generatorTerms(scores: Tensor, real: Tensor, config: GanConfig): Tensor {
  return config.divergence === 'js' ? bceWithLogits(asLogits(scores, config), real) : neg(scores);
}

/**
 * Terms of the two-sided gradient penalty, (|d critic / d x_hat| - 1)^2 with x_hat between a real and a generated row;
 * a critic's penalty is the mean of its own. [K, B]
 * The derivative inside is the engine's own, so its gradient is a second-order one.
 * @param at [K, B, 1] in [0, 1): 0 is the real row
 */
export function penaltyTerms(critic: Critic, real: Tensor, fake: Tensor, at: Tensor): Tensor {
  const slope = grad((x: Tensor) => sum(critic(x)))(mix(real, fake, at));
  // 1e-12 keeps the root's derivative finite at zero and changes nothing elsewhere.
  const norm = sqrt(shift(sum(square(slope), -1), 1e-12));
  return square(shift(norm, -1));
}
