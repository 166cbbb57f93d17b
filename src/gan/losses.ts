/** Losses of the critics and the generator: PAR-GAN (KDD 2021) and its notebooks; WGAN-GP is Gulrajani et al. 2017. */
import { grad } from '../autograd/grad.ts';
import { bceWithLogits, mix, mul, neg, scale, shift, sigmoid, softplus, sqrt, square } from '../ops/elementwise.ts';
import { mean, sum } from '../ops/reduce.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { GanConfig } from './config.ts';

/** Scores of a stack of critics: [K, n, d] -> [K, n, 1]. */
export type Critic = (x: Tensor) => Tensor;

/** The notebooks feed sigmoid outputs to a loss that expects logits; `tf21` repeats that. */
const asLogits = (scores: Tensor, { loss }: GanConfig): Tensor => (loss === 'tf21' ? sigmoid(scores) : scores);

/**
 * Loss of each critic, without the penalty: [K].
 * @param scores [K, 2B, 1], real rows first
 * @param target [K, 2B, 1], 1 for real rows and 0 for generated ones
 */
export function criticLoss(scores: Tensor, target: Tensor, config: GanConfig): Tensor {
  const perRow =
    config.divergence === 'js'
      ? bceWithLogits(asLogits(scores, config), target)
      : mul(scores, shift(scale(target, -2), 1));
  // The mean over real rows plus the mean over generated ones.
  return sum(perRow, [1, 2], { scale: 2 / scores.shape[1] });
}

/** Loss of the generator against each critic: [K]. @param scores [K, B, 1] of generated rows */
export function generatorLoss(scores: Tensor, config: GanConfig): Tensor {
  const perRow = config.divergence === 'js' ? softplus(neg(asLogits(scores, config))) : neg(scores);
  return mean(perRow, [1, 2]);
}

/**
 * Two-sided gradient penalty of each critic, mean_b (|d critic / d x_hat_b| - 1)^2 with x_hat between real and
 * generated rows: [K]. The derivative inside is the engine's own, so its gradient is a second-order one.
 * @param at [K, B, 1] in [0, 1): 0 is the real row
 */
export function gradientPenalty(critic: Critic, real: Tensor, fake: Tensor, at: Tensor): Tensor {
  const slope = grad((x: Tensor) => sum(critic(x)))(mix(real, fake, at));
  // 1e-12 keeps the root's derivative finite at zero and changes nothing elsewhere.
  const norm = sqrt(shift(sum(square(slope), -1), 1e-12));
  return mean(square(shift(norm, -1)), 1);
}
