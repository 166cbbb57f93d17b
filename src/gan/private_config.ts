import { z } from 'zod';
import { ganConfig } from './config.ts';

/** Settings of a differentially private GAN: those of a GAN, and what the guarantee is made of. */
export const privateConfig = ganConfig.extend({
  noiseMultiplier: z.number().positive().max(1e6).default(1).describe('sigma: noise over the clipping bound'),
  bound: z.number().positive().max(1e6).default(1).describe("C: the largest norm of a record's gradient in a sum"),
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
  physicalBatch: z
    .int()
    .min(0)
    .max(65_536)
    .default(0)
    .describe('rows of a device batch; Poisson batches are split, never cut; 0: batch + 4 sqrt(batch)'),
  epsilon: z.number().min(0).max(1e4).default(0).describe('stop before the guarantee exceeds this; 0: train all steps'),
  delta: z.number().positive().lt(1).default(1e-5).describe('of the guarantee (epsilon, delta)'),
  accountant: z.enum(['pld', 'rdp']).default('pld').describe('which accountant the budget stop follows'),
});

export type PrivateConfig = z.output<typeof privateConfig>;

/** Records of a critic's partition that a noisy update sees with probability q, by configuration alone. */
export function samplingRate({ batch, partitions, population }: PrivateConfig, rows: number): number {
  return Math.min(1, (batch * partitions) / (population || rows));
}

/** Rows of a device batch. */
export const physicalRows = ({ physicalBatch, batch }: PrivateConfig): number =>
  physicalBatch || Math.ceil(batch + 4 * Math.sqrt(batch));
