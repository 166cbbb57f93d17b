import * as z from 'zod';
import { VeilganError } from '../../base/errors.ts';
import { type Budget, type Cost, encodingPrice } from '../../privacy/budget.ts';
import { RELATION_NAMES, type Relation } from '../../privacy/relation.ts';
import { ganConfig, parseConfig } from '../config.ts';
import { divergenceNames, divergences } from '../divergences.ts';
import { networks } from '../networks/index.ts';
import { systemsWith } from '../systems.ts';

/** Settings of a differentially private GAN: those of a GAN, and what the guarantee is made of. */
export const privateConfig = ganConfig.extend({
  bound: z
    .enum(['clip', 'weights'])
    .default('clip')
    .describe(
      "what bounds a record's gradient: clipping each to C; or, as DPGAN was published, the clipping of weights, which proves nothing",
    ),
  noiseMultiplier: z.number().min(0).max(1e6).default(1).describe('sigma: noise over the clip norm'),
  clipNorm: z
    .number()
    .positive()
    .max(1e6)
    .default(1)
    .describe("C: the largest norm of a record's gradient in a sum; with bound weights claimed, not enforced"),
  mechanism: z
    .enum(['gaussian', 'discrete'])
    .default('gaussian')
    .describe('noise on the device, or exact integer sums with discrete Gaussian noise, slower'),
  clipping: z
    .enum(['flat', 'per-layer', 'automatic'])
    .default('flat')
    .describe("how a record's gradient is brought below the bound"),
  population: z
    .int()
    .min(0)
    .max(4_000_000_000)
    .default(0)
    .describe(
      'public number of records that sampling rates and divisors are computed from; 0: the rows of the data set, then public',
    ),
  relation: z
    .enum(['auto', ...RELATION_NAMES])
    .default('auto')
    .describe(
      'what epsilon compares: a record zeroed out, the number of records staying known; added or removed, with population; or exchanged for any other, which costs more. auto: add-remove with population, else zero-out',
    ),
  physicalBatch: z
    .int()
    .min(0)
    .max(65_536)
    .default(0)
    .describe(
      'rows of a device batch, beside up to as many generated ones; Poisson batches are split, never cut; 0: batch + 4 sqrt(batch)',
    ),
  burst: z
    .int()
    .min(0)
    .max(5000)
    .default(0)
    .describe('critic updates before each of the first 25 generator updates and every 500th; 0: n_D as ever'),
  adaptive: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      'raise n_D, from 1 on, when the share of generated records that the critics see through falls to this; 0: n_D is fixed',
    ),
  epsilon: z.number().min(0).max(1e4).default(0).describe('stop before the guarantee exceeds this; 0: train all steps'),
  delta: z.number().positive().lt(1).default(1e-5).describe('of the guarantee (epsilon, delta)'),
  encoderEpsilon: z
    .number()
    .min(0)
    .max(1e4)
    .default(0)
    .describe(
      'tables: what is spent on noisy bounds and values of their columns, of epsilon; 0: a tenth of it, but 0.4 where that is at most a third, and with start marginals 0.8 where that is at most half',
    ),
  start: z
    .enum(['random', 'marginals'])
    .default('random')
    .describe(
      'tables: what the generator makes before its first step. marginals: each column as noisy counts have it, independent of the others; all columns are counted for that, given ones too',
    ),
  anchor: z
    .number()
    .min(0)
    .max(1e6)
    .default(24)
    .describe(
      'start marginals: weight of what keeps the generator at its noisy shares; less lets it learn more, and drift',
    ),
  accountant: z.enum(['pld', 'rdp']).default('pld').describe('which accountant the budget stop follows'),
});

export type PrivateConfig = z.output<typeof privateConfig>;

/** Divergences that clip weights. */
const CLIPPED = divergenceNames.filter((name) => divergences[name].weightClip).join(' or ');

/** Why a config can hold no promise, each with the field at fault. */
const RULES: readonly [refused: (c: PrivateConfig) => boolean, field: keyof PrivateConfig, why: string, fix: string][] =
  [
    [
      ({ bound, noiseMultiplier }) => bound === 'clip' && noiseMultiplier === 0,
      'noiseMultiplier',
      'a private run without noise',
      `Give a positive number, or train ${systemsWith({ private: false }).join(' or ')}`,
    ],
    [
      ({ criticNorm }) => criticNorm === 'batch',
      'criticNorm',
      'batch normalisation in a private critic: a record changes the gradients of all others in its batch, so that clipping each bounds nothing',
      'Use `criticNorm: none`',
    ],
    [
      ({ bound, network }) => bound === 'clip' && networks[network].pretrain !== undefined,
      'network',
      'this network trains its autoencoder on the records, outside of the budget',
      'Use `network: mlp`, or `bound: weights` for the published experiment, which has no guarantee',
    ],
    [
      ({ bound, epsilon }) => bound === 'weights' && epsilon > 0,
      'epsilon',
      'weight clipping has no guarantee that a budget could be spent of',
      'Use `bound: clip`, or leave `epsilon` away',
    ],
    [
      ({ bound, mechanism }) => bound === 'weights' && mechanism === 'discrete',
      'mechanism',
      'exact integer sums are of clipped gradients',
      'Use `bound: clip`',
    ],
    [
      ({ bound, divergence }) => bound === 'weights' && !divergences[divergence].weightClip,
      'bound',
      `weights are clipped in divergence ${CLIPPED} only`,
      `Use \`divergence: ${CLIPPED}\``,
    ],
    [
      ({ mechanism, clipping }) => mechanism === 'discrete' && clipping !== 'flat',
      'clipping',
      'the discrete mechanism clips whole gradients',
      'Use `clipping: flat`',
    ],
    [
      ({ mechanism, accountant, epsilon }) => mechanism === 'discrete' && accountant === 'pld' && epsilon > 0,
      'accountant',
      'the discrete mechanism is accounted by RDP: its privacy-loss distribution is not that of one number',
      'Use `accountant: rdp`',
    ],
    [
      ({ start, bound }) => start === 'marginals' && bound === 'weights',
      'start',
      'weight clipping has no budget that columns could be counted of',
      'Use `bound: clip`, or leave `start` away',
    ],
    [
      ({ start, latentLaw, network }) => start === 'marginals' && (latentLaw !== 'normal' || network !== 'mlp'),
      'start',
      'the generator begins with noisy shares in network mlp with normal latent vectors only',
      'Use `network: mlp` and `latentLaw: normal`, or leave `start` away',
    ],
    [
      ({ relation, population }) => relation === 'add-remove' && population === 0,
      'relation',
      'add-remove hides the number of records, which is public here, as sampling rates are computed from it',
      'Give `population`, a number known without the data, or use `relation: zero-out`',
    ],
  ];

/** Which two data sets a config's guarantee compares. */
export const relationOf = ({ relation, population }: Pick<PrivateConfig, 'relation' | 'population'>): Relation =>
  relation !== 'auto' ? relation : population ? 'add-remove' : 'zero-out';

/** The budget of a config, and the rules by which it is spent. */
export const budgetOf = (config: PrivateConfig): Budget => {
  const { epsilon, delta, encoderEpsilon, accountant, mechanism, start } = config;
  return {
    epsilon,
    delta,
    encoderEpsilon,
    counted: start === 'marginals',
    accountant,
    mechanism,
    relation: relationOf(config),
  };
};

/** What a private run of a table is charged for its encoding. @param open columns of which bounds or values are not given */
export const priceOfColumns = (config: PrivateConfig, open: readonly { readonly kind: string }[]): Cost =>
  encodingPrice(budgetOf(config), open, config.start === 'marginals' || open.length > 0);

/** @throws VeilganError CONFIG for a combination that breaks the guarantee, with the reason */
export function checkPrivate(config: PrivateConfig): PrivateConfig {
  for (const [refused, where, why, fix] of RULES) {
    if (refused(config)) throw new VeilganError('CONFIG', why, { where, fix });
  }
  return config;
}

/** @throws VeilganError CONFIG naming a field, or a combination that breaks the guarantee */
export const parsePrivate = (fields: Readonly<Record<string, unknown>>): PrivateConfig =>
  checkPrivate(parseConfig(privateConfig, fields) as PrivateConfig);

/** Records of a critic's partition that a noisy update sees with probability q, by configuration alone. */
export function samplingRate({ batch, partitions, population }: PrivateConfig, rows: number): number {
  return Math.min(1, (batch * partitions) / (population || rows));
}

/** Rows of a device batch. */
export const physicalRows = ({ physicalBatch, batch }: PrivateConfig): number =>
  physicalBatch || Math.ceil(batch + 4 * Math.sqrt(batch));
