import { z } from 'zod';
import { VeilganError } from '../gpu/errors.ts';

const sizes = z.array(z.int().min(1).max(8192)).max(8);

/** Every setting of a GAN run. The description of a field is its help on the command line. */
export const ganConfig = z.strictObject({
  divergence: z.enum(['js', 'wgan-gp', 'wgan']).default('js').describe('what the critics estimate'),
  loss: z
    .enum(['standard', 'tf21'])
    .default('standard')
    .describe('js only: BCE on logits, or the doubly-sigmoid form of the original notebooks'),
  partitions: z.int().min(1).max(256).default(10).describe('K: critics, and disjoint partitions of the data'),
  partitionOrder: z
    .enum(['file', 'shuffled'])
    .default('file')
    .describe('cut the rows into partitions in file order, or after a seeded shuffle'),
  latent: z.int().min(1).max(4096).default(2).describe('dimensions of z ~ N(0, I)'),
  generatorHidden: sizes.default([256, 256]).describe('hidden sizes of the generator, comma-separated'),
  criticHidden: sizes.default([256]).describe('hidden sizes of each critic, comma-separated'),
  slope: z.number().min(0.001).max(1).default(0.3).describe('of the leaky units below zero'),
  batch: z.int().min(1).max(65536).default(32).describe("B: rows of each critic's minibatch"),
  criticSteps: z
    .int()
    .min(1)
    .max(27)
    .default(2)
    .describe('n_D: critic updates a generator update, on the same real minibatch'),
  penalty: z.number().min(0).default(5).describe('wgan-gp: weight of the gradient penalty'),
  clip: z.number().positive().default(0.01).describe('wgan: bound on every critic weight'),
  optimizer: z.enum(['adam', 'rmsprop', 'sgd']).default('adam').describe('of both players'),
  rate: z.number().positive().max(10).default(1e-4).describe('learning rate'),
  beta1: z.number().min(0).lt(1).default(0.9).describe("Adam's decay of the first moment"),
  beta2: z.number().min(0).lt(1).default(0.999).describe("Adam's decay of the second moment; RMSProp's is 0.9"),
  snapshots: z
    .int()
    .min(1)
    .max(64)
    .default(32)
    .describe(
      'samples are drawn in turn from up to this many copies of the generator, of the second half of the run; 1: the last weights only',
    ),
  snapshotEvery: z.int().min(1).default(250).describe('generator steps between two copies'),
  steps: z.int().min(1).max(4_000_000_000).default(75_000).describe('generator steps'),
});

export type GanConfig = z.output<typeof ganConfig>;

const js = { divergence: 'js', optimizer: 'adam', rate: 1e-4, batch: 32, criticSteps: 2, steps: 75_000 } as const;
const gp = {
  divergence: 'wgan-gp',
  optimizer: 'rmsprop',
  rate: 1e-5,
  penalty: 5,
  batch: 16,
  criticSteps: 4,
  steps: 155_000,
} as const;

/** The settings of PAR-GAN's notebooks (KDD 2021): K = 10, G 2-256-256-2, D 2-256-1, z ~ N(0, I_2). */
export const presets: Readonly<Record<string, Partial<GanConfig>>> = {
  'blobs-js': js,
  'blobs-wgan-gp': gp,
  'circles-js': js,
  'circles-wgan-gp': gp,
};

/**
 * A full config from a preset and single fields; later ones win.
 * @throws VeilganError CONFIG naming the preset or the field
 */
export function makeConfig(preset: string | undefined, fields: Readonly<Record<string, unknown>>): GanConfig {
  if (preset !== undefined && !Object.hasOwn(presets, preset)) {
    throw new VeilganError('CONFIG', `there is no preset ${preset}`, {
      where: '--preset',
      fix: `Use one of ${Object.keys(presets).join(', ')}`,
    });
  }
  const result = ganConfig.safeParse({ ...(preset ? presets[preset] : {}), ...fields });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue.code === 'unrecognized_keys' ? issue.keys[0] : issue.path.join('.');
  throw new VeilganError('CONFIG', `${field}: ${issue.message}`, {
    where: `--${flagOf(field)}`,
    fix: 'See --help for what it takes',
  });
}

/** `criticSteps` as the command line spells it: `critic-steps`. */
export const flagOf = (field: string): string => field.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
