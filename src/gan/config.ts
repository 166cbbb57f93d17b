import '../base/schema.ts';
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { divergenceNames, divergences } from './divergences.ts';
import { latentLawNames } from './draws.ts';
import { networkNames, networks } from './networks/index.ts';

/** What --help says of choices that are rows. */
export const choices = (rows: Readonly<Record<string, { readonly name: string; readonly summary: string }>>): string =>
  Object.values(rows)
    .map(({ name, summary }) => `${name}: ${summary}`)
    .join('; ');

/** Of hidden layers. */
export const sizes = z.array(z.int().min(1).max(8192)).max(8);

/** Every setting of a GAN run. The description of a field is its help on the command line. */
export const ganConfig = z.strictObject({
  divergence: z
    .enum(divergenceNames)
    .default('js')
    .describe(`what the critics estimate. ${choices(divergences)}`),
  loss: z
    .enum(['standard', 'tf21'])
    .default('standard')
    .describe('js only: BCE on logits, or the doubly-sigmoid form of the original notebooks'),
  partitions: z.int().min(1).max(256).default(10).describe('K: critics, and disjoint partitions of the data'),
  partitionOrder: z
    .enum(['file', 'shuffled'])
    .default('file')
    .describe('cut the rows into partitions in file order, or after a seeded shuffle'),
  rows: z.int().min(0).max(4_000_000_000).default(0).describe('train on the first rows only; 0: on all'),
  onlyClass: z
    .int()
    .min(-1)
    .max(65_535)
    .default(-1)
    .describe('train on the records of one class only, by its number; -1: on all'),
  labels: z
    .enum(['ignore', 'condition'])
    .default('ignore')
    .describe('condition: both networks see class labels (network conditional), and samples are made class by class'),
  network: z
    .enum(networkNames)
    .default('mlp')
    .describe(`of the generator and the critics. ${choices(networks)}`),
  latent: z.int().min(1).max(4096).default(2).describe('dimensions of z'),
  latentLaw: z.enum(latentLawNames).default('normal').describe('z ~ N(0, I), or uniform in (-1, 1)'),
  generatorHidden: sizes.default([256, 256]).describe('hidden sizes of the generator, comma-separated'),
  criticHidden: sizes.default([256]).describe('hidden sizes of each critic, comma-separated'),
  generatorChannels: sizes
    .min(2)
    .default([256, 128, 64])
    .describe(
      'images: channels of the generator from its smallest grid on; in dcgan each but the first two doubles it, and so do the pixels; in conditional and xie each but the first, and the pixels',
    ),
  criticChannels: sizes.min(1).default([64, 128]).describe('images: channels of each critic; each halves the grid'),
  kernel: z.int().min(1).max(7).default(5).describe('dcgan: rows and columns of every kernel'),
  denseNorm: z
    .enum(['feature', 'channel'])
    .default('feature')
    .describe(
      "dcgan: what the first batch normalisation counts as one: a feature (MNIST's notebooks) or a channel (CIFAR-10's)",
    ),
  criticNorm: z
    .enum(['none', 'batch'])
    .default('none')
    .describe('dcgan: batch normalisation in the critics; refused in private systems, where records must not meet'),
  dropout: z.number().min(0).max(0.95).default(0.3).describe("dcgan: share of the critics' units that training drops"),
  temperature: z
    .number()
    .min(0.01)
    .max(10)
    .default(0.1)
    .describe('tables: of the softmax by which the generator chooses among the values of a column'),
  slope: z.number().min(0.001).max(1).default(0.3).describe('of the leaky units below zero'),
  batch: z.int().min(1).max(65536).default(32).describe("B: rows of each critic's minibatch"),
  criticSteps: z
    .int()
    .min(1)
    .max(5000)
    .default(2)
    .describe('n_D: critic updates a generator update; on the same real minibatch, private ones on one each'),
  penalty: z.number().min(0).default(5).describe('wgan-gp: weight of the gradient penalty'),
  clip: z.number().positive().default(0.01).describe('wgan: bound on every critic weight'),
  optimizer: z.enum(['adam', 'rmsprop', 'sgd']).default('adam').describe('of both players'),
  rate: z.number().positive().max(10).default(1e-4).describe('learning rate'),
  beta1: z.number().min(0).lt(1).default(0.9).describe("Adam's decay of the first moment"),
  beta2: z.number().min(0).lt(1).default(0.999).describe("Adam's decay of the second moment; RMSProp's is 0.9"),
  accumulator: z.number().min(0).max(1e6).default(0).describe("what RMSProp's accumulator begins as; 1 in TF 1.x"),
  snapshots: z
    .int()
    .min(1)
    .max(64)
    .default(32)
    .describe(
      'samples are drawn in turn from up to this many copies of the generator, of the second half of the run; 1: the last weights only',
    ),
  snapshotEvery: z.int().min(1).default(250).describe('generator steps between two copies'),
  gridEvery: z.int().min(0).default(0).describe('images: generator steps between two pictures of samples; 0: none'),
  steps: z.int().min(1).max(4_000_000_000).default(75_000).describe('generator steps'),
});

export type GanConfig = z.output<typeof ganConfig>;

/** A config from its fields, defaults filled in. @throws VeilganError CONFIG naming the field */
export function parseConfig<T>(schema: z.ZodType<T>, fields: Readonly<Record<string, unknown>>): T {
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue.code === 'unrecognized_keys' ? issue.keys : issue.path;
  throw new VeilganError('CONFIG', `${path.join('.')}: ${issue.message}`, {
    where: String(path[0]),
    fix: 'Give what it takes; src/gan/README.md lists every setting',
  });
}
