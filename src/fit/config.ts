/** Settings of a generator that is fitted to noisy tables. The description of a field is its help on the command line. */
import '../base/schema.ts';
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { parseConfig, sizes } from '../gan/config.ts';
import { privateConfig } from '../gan/private/config.ts';

const { rows, population, relation, delta } = privateConfig.shape;

export const fitConfig = z.strictObject({
  ...{ rows, population, relation, delta },
  epsilon: z.number().min(0).max(1e4).default(1).describe('of the whole run: what is measured is noisy enough for it'),
  selection: z
    .enum(['auto', 'all', 'adaptive'])
    .default('auto')
    .describe(
      'dp-marginals: which pairs of columns are measured. all: every one, in one release; adaptive: in turn the one that the generator has most wrong, chosen with noise. auto: by epsilon and size',
    ),
  order: z
    .int()
    .min(2)
    .max(3)
    .default(2)
    .describe('dp-marginals: 3 measures tables of three columns too: the label with every pair of others'),
  places: z
    .int()
    .min(0)
    .max(256)
    .default(0)
    .describe('dp-marginals: most places that a column has in tables of pairs; 0: by epsilon and size'),
  columnShare: z
    .number()
    .min(0.01)
    .max(0.9)
    .default(0.2)
    .describe('dp-marginals: of the budget, what tables of single columns take'),
  rounds: z
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('adaptive: rounds that the budget is planned for; 0: 16 a column, at most 120'),
  roundSteps: z.int().min(1).max(10_000).default(60).describe('adaptive: steps of the fit after each new table'),
  latent: z.int().min(1).max(4096).default(24).describe('dimensions of z'),
  generatorHidden: sizes.min(1).default([128, 128]).describe('hidden sizes of the generator, comma-separated'),
  batch: z.int().min(2).max(65_536).default(512).describe('latent vectors: the generator is a mixture of so many'),
  slope: z.number().min(0.001).max(1).default(0.2).describe('of the leaky units below zero'),
  rate: z.number().positive().max(10).default(6e-3).describe('learning rate at first; it falls to 0 by a cosine'),
  steps: z
    .int()
    .min(0)
    .max(4_000_000_000)
    .default(0)
    .describe('steps of the fit after the last table; 0: by epsilon and size'),
});

export type FitConfig = z.output<typeof fitConfig>;

/** @throws VeilganError CONFIG naming a field, or a combination that makes no promise */
export function parseFit(fields: Readonly<Record<string, unknown>>): FitConfig {
  const config = parseConfig(fitConfig, fields);
  checkMeasured(config, 'tables');
  return config;
}

/**
 * What every fit needs to promise something.
 * @param what is measured, for messages
 * @throws VeilganError CONFIG for a budget of 0, and for neighbours that hide a number of records that is public
 */
export function checkMeasured(
  { epsilon, relation, population }: Pick<FitConfig, 'epsilon' | 'relation' | 'population'>,
  what: string,
): void {
  const refuse = (message: string, where: string, fix: string) => new VeilganError('CONFIG', message, { where, fix });
  if (epsilon === 0) {
    throw refuse(
      'a budget of 0',
      'epsilon',
      `Give the epsilon that ${what} may be measured for, such as \`epsilon: 1\``,
    );
  }
  if (relation === 'add-remove' && population === 0) {
    throw refuse(
      'add-remove hides the number of records, which is public here',
      'relation',
      'Give `population`, a number known without the data, or use `relation: zero-out`',
    );
  }
}
