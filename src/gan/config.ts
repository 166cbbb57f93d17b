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
  rows: z.int().min(0).max(4_000_000_000).default(0).describe('train on the first rows only; 0: on all'),
  network: z.enum(['mlp', 'dcgan']).default('mlp').describe('dense networks, or convolutional ones for images'),
  latent: z.int().min(1).max(4096).default(2).describe('dimensions of z ~ N(0, I)'),
  generatorHidden: sizes.default([256, 256]).describe('hidden sizes of the generator, comma-separated'),
  criticHidden: sizes.default([256]).describe('hidden sizes of each critic, comma-separated'),
  generatorChannels: sizes
    .min(2)
    .default([256, 128, 64])
    .describe(
      'dcgan: channels of the generator from its smallest grid on; each but the first two doubles it, and so do the pixels',
    ),
  criticChannels: sizes.min(1).default([64, 128]).describe('dcgan: channels of each critic; each halves the grid'),
  kernel: z.int().min(1).max(7).default(5).describe('dcgan: rows and columns of every kernel'),
  denseNorm: z
    .enum(['feature', 'channel'])
    .default('feature')
    .describe(
      "dcgan: what the first batch normalisation counts as one: a feature (MNIST's notebooks) or a channel (CIFAR-10's)",
    ),
  dropout: z.number().min(0).max(0.95).default(0.3).describe("dcgan: share of the critics' units that training drops"),
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
  gridEvery: z.int().min(0).default(0).describe('images: generator steps between two pictures of samples; 0: none'),
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

const images = {
  network: 'dcgan',
  partitions: 5,
  latent: 100,
  batch: 64,
  beta1: 0.5,
  penalty: 10,
  snapshots: 1,
  gridEvery: 1000,
} as const;
const cifar: Partial<GanConfig> = {
  generatorChannels: [256, 256, 128, 64],
  criticChannels: [64, 128, 256],
  denseNorm: 'channel',
};

/** Narrower networks, smaller batches, fewer rows, a higher rate: minutes on two cores instead of days. */
const small: Partial<GanConfig> = {
  rows: 5000,
  latent: 64,
  generatorChannels: [64, 32, 32],
  criticChannels: [32, 32],
  batch: 16,
  optimizer: 'adam',
  rate: 5e-4,
  gridEvery: 250,
};

/** The settings of PAR-GAN's notebooks (KDD 2021; spec section 2), and smaller ones for software adapters. */
export const presets: Readonly<Record<string, Partial<GanConfig>>> = {
  'blobs-js': js,
  'blobs-wgan-gp': gp,
  'circles-js': js,
  'circles-wgan-gp': gp,
  'mnist-js': { ...js, ...images, rows: 7000, steps: 31_500 },
  'mnist-wgan-gp': { ...gp, ...images, rows: 7000, steps: 210_000 },
  'cifar10-js': { ...js, ...images, ...cifar, rows: 6000, steps: 27_000 },
  'cifar10-wgan-gp': { ...gp, ...images, ...cifar, rows: 7000, steps: 210_000 },
  'mnist-small-js': { ...js, ...images, ...small, steps: 2500 },
  'mnist-small-wgan-gp': { ...gp, ...images, ...small, beta2: 0.9, criticSteps: 2, steps: 1500 },
};

/** What --help says of the presets. */
export const presetNotes: readonly (readonly [names: string, note: string])[] = [
  ['blobs-js, blobs-wgan-gp, circles-js, circles-wgan-gp', "PAR-GAN's notebooks on points in the plane, K = 10"],
  [
    'mnist-js, mnist-wgan-gp',
    'its notebooks on MNIST, the first 7,000 images, K = 5: G 2,305,472, D 212,865 parameters',
  ],
  ['cifar10-js, cifar10-wgan-gp', 'on CIFAR-10, 6,000 and 7,000 images: G 3,078,208, D 1,033,345 parameters'],
  [
    'mnist-small-js, mnist-small-wgan-gp',
    'for software adapters: G 64-32-32 and D 32-32 channels, 5,000 images, batches of 16, Adam at 5e-4; minutes instead of days',
  ],
];

/**
 * A full config from a preset and single fields; later ones win.
 * @throws VeilganError CONFIG naming the preset or the field
 */
export function makeConfig(preset: string | undefined, fields: Readonly<Record<string, unknown>>): GanConfig {
  return parseConfig(ganConfig, withPreset(preset, fields));
}

/** The fields of a preset, overwritten by single ones. @throws VeilganError CONFIG where there is no such preset */
export function withPreset(
  preset: string | undefined,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  if (preset !== undefined && !Object.hasOwn(presets, preset)) {
    throw new VeilganError('CONFIG', `there is no preset ${preset}`, {
      where: '--preset',
      fix: `Use one of ${Object.keys(presets).join(', ')}`,
    });
  }
  return { ...(preset ? presets[preset] : {}), ...fields };
}

/** A config from its fields, defaults filled in. @throws VeilganError CONFIG naming the field */
export function parseConfig<T>(schema: z.ZodType<T>, fields: Readonly<Record<string, unknown>>): T {
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue.code === 'unrecognized_keys' ? issue.keys : issue.path;
  throw new VeilganError('CONFIG', `${path.join('.')}: ${issue.message}`, {
    where: `--${flagOf(String(path[0]))}`,
    fix: 'See --help for what it takes',
  });
}

/** `criticSteps` as the command line spells it: `critic-steps`. */
export const flagOf = (field: string): string => field.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
