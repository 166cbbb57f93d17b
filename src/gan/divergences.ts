/**
 * What the critics estimate, one row each: the terms of both losses (PAR-GAN, KDD 2021, and its notebooks; WGAN-GP is
 * Gulrajani et al. 2017, WGAN with clipped weights Arjovsky et al. 2017), and what a critic's output is.
 */
import { grad } from '../autograd/grad.ts';
import { bceWithLogits, mix, mul, neg, scale, shift, sigmoid, sqrt, square } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Scores of a stack of critics: [K, n, d] -> [K, n, 1]. */
export type Critic = (x: Tensor) => Tensor;

/** What of a config the losses follow. */
export interface LossSettings {
  readonly loss: 'standard' | 'tf21';
}

export interface Divergence {
  readonly name: string;
  readonly title: string;
  /** one line for --help */
  readonly summary: string;
  /** what a critic says of a record once trained: the probability that it is real, or a number without bounds */
  readonly output: 'probability' | 'value';
  /** what its losses are measured in */
  readonly unit: string;
  /**
   * Terms of the critics' losses, without the penalty: a critic's loss is the sum over its rows divided by B, the mean
   * over real rows plus the mean over generated ones. [K, 2B, 1]
   * @param scores [K, 2B, 1]
   * @param target [K, 2B, 1], 1 for real rows and 0 for generated ones
   */
  readonly critic: (scores: Tensor, target: Tensor, settings: LossSettings) => Tensor;
  /**
   * Terms of the generator's loss against each critic, whose mean it is: [K, B, 1].
   * @param scores [K, B, 1] of generated rows
   * @param real [K, B, 1] of ones
   */
  readonly generator: (scores: Tensor, real: Tensor, settings: LossSettings) => Tensor;
  /** what is added to each record's term, `penalty` times; it mixes each record with a generated one */
  readonly penalty?: typeof gradientPenalty;
  /** whether every weight of the critics is kept within `clip` */
  readonly weightClip: boolean;
}

/** The notebooks feed sigmoid outputs to a loss that expects logits; `tf21` repeats that. */
const asLogits = (scores: Tensor, { loss }: LossSettings): Tensor => (loss === 'tf21' ? sigmoid(scores) : scores);

/** Generated rows less real ones, and for the generator less its own: an estimate of the Wasserstein distance. */
const wasserstein = {
  output: 'value',
  unit: 'critic units',
  critic: (scores, target) => mul(scores, shift(scale(target, -2), 1)),
  generator: (scores) => neg(scores),
} as const satisfies Partial<Divergence>;

/**
 * Terms of the two-sided gradient penalty, (|d critic / d x_hat| - 1)^2 with x_hat between a real and a generated row;
 * a critic's penalty is the mean of its own. [K, B]
 * The derivative inside is the engine's own, so its gradient is a second-order one.
 * @param at [K, B, 1] in [0, 1): 0 is the real row
 */
export function gradientPenalty(critic: Critic, real: Tensor, fake: Tensor, at: Tensor): Tensor {
  const slope = grad((x: Tensor) => sum(critic(x)))(mix(real, fake, at));
  // 1e-12 keeps the root's derivative finite at zero and changes nothing elsewhere.
  const norm = sqrt(shift(sum(square(slope), -1), 1e-12));
  return square(shift(norm, -1));
}

const rows = {
  js: {
    name: 'js',
    title: 'Jensen-Shannon',
    summary: 'whether a record is real: a probability',
    output: 'probability',
    unit: 'nats',
    critic: (scores, target, settings) => bceWithLogits(asLogits(scores, settings), target),
    generator: (scores, real, settings) => bceWithLogits(asLogits(scores, settings), real),
    weightClip: false,
  },
  'wgan-gp': {
    name: 'wgan-gp',
    title: 'Wasserstein (WGAN-GP)',
    summary: 'a Wasserstein distance, with a gradient penalty',
    ...wasserstein,
    penalty: gradientPenalty,
    weightClip: false,
  },
  wgan: {
    name: 'wgan',
    title: 'Wasserstein (WGAN)',
    summary: 'a Wasserstein distance, with clipped weights',
    ...wasserstein,
    weightClip: true,
  },
} satisfies Record<string, Divergence>;

export type DivergenceName = keyof typeof rows;

export const divergences: Readonly<Record<DivergenceName, Divergence>> = rows;

export const divergenceNames = Object.keys(divergences) as DivergenceName[];
