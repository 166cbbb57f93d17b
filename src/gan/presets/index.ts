/** Settings to start from: the papers', and smaller ones for software adapters. */
import { VeilganError } from '../../base/errors.ts';
import { type GanConfig, ganConfig, parseConfig } from '../config.ts';
import type { PrivateConfig } from '../private/config.ts';
import { systemsWith } from '../systems.ts';

export type Presets = Readonly<Record<string, Partial<PrivateConfig>>>;

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

/** "Private GANs, Revisited" (Bie, Kamath and Zhang 2023). */
const bie: Partial<PrivateConfig> = {
  network: 'conditional',
  labels: 'condition',
  generatorChannels: [512, 256, 128],
  criticChannels: [128, 256, 512],
  slope: 0.2,
  partitions: 1,
  latent: 128,
  divergence: 'js',
  optimizer: 'adam',
  rate: 2e-4,
  beta1: 0.5,
  snapshots: 1,
  gridEvery: 100,
};
const fixed: Partial<PrivateConfig> = { ...bie, batch: 128, population: 60_032, physicalBatch: 128, accountant: 'rdp' };
const adaptive: Partial<PrivateConfig> = {
  ...bie,
  batch: 512,
  population: 60_416,
  physicalBatch: 128,
  accountant: 'rdp',
  criticSteps: 1,
  adaptive: 0.6,
};
/** 64 pixels and 128: one and two doublings more. */
const at64 = { generatorChannels: [512, 256, 128, 64], criticChannels: [64, 128, 256, 512] };
const at128 = { generatorChannels: [512, 256, 128, 64, 32], criticChannels: [32, 64, 128, 256, 512] };
const faces: Partial<PrivateConfig> = {
  ...adaptive,
  batch: 2048,
  population: 184_320,
  noiseMultiplier: 4,
  delta: 1e-6,
  epsilon: 10,
};
/** Generator steps of presets that their budget ends before. */
const FOREVER = 1_000_000;

/** For software adapters: narrow networks, and as much noise as 3,000 updates have for epsilon 10. */
const smallPrivate: Partial<PrivateConfig> = {
  ...bie,
  rows: 8000,
  generatorChannels: [64, 32, 16],
  criticChannels: [16, 32, 64],
  batch: 128,
  physicalBatch: 152,
  population: 8000,
  noiseMultiplier: 0.762,
  epsilon: 10,
  rate: 1e-3,
  criticSteps: 5,
  gridEvery: 50,
  steps: FOREVER,
};

/** Of MNIST and Fashion-MNIST: epsilon 10 and 1, with n_D fixed or raised as the critic weakens. */
const revisited = (data: string, [fixedAt10, steps]: readonly [number, number]): Presets => ({
  [`${data}-dpgan-revisited-eps10`]: { ...fixed, noiseMultiplier: 1, epsilon: 10, criticSteps: fixedAt10, steps },
  [`${data}-dpgan-revisited-eps10-adaptive`]: { ...adaptive, noiseMultiplier: 2, epsilon: 10, steps: FOREVER },
  [`${data}-dpgan-revisited-eps1`]: { ...fixed, noiseMultiplier: 5, epsilon: 1, criticSteps: 200, steps: 1625 },
  [`${data}-dpgan-revisited-eps1-adaptive`]: {
    ...{ ...adaptive, noiseMultiplier: 14, epsilon: 1 },
    ...{ adaptive: 0.7, steps: FOREVER },
  },
});

/** For tables of mixed columns: our own design, since the papers give none. */
const table = {
  network: 'mlp',
  latent: 16,
  generatorHidden: [128, 128],
  criticHidden: [128, 128],
  temperature: 0.1,
  optimizer: 'adam',
  beta1: 0.5,
  batch: 64,
  partitions: 5,
  snapshots: 16,
  snapshotEvery: 100,
} as const satisfies Partial<GanConfig>;

const tableJs = { ...table, divergence: 'js', rate: 3e-4, criticSteps: 1 } as const;
const tableGp = { ...table, divergence: 'wgan-gp', rate: 5e-4, penalty: 10, criticSteps: 2 } as const;
/** One critic on all rows sees large batches, and several updates go before each of the generator's. */
const tableDp = {
  ...table,
  divergence: 'js',
  rate: 1e-3,
  criticSteps: 5,
  start: 'marginals',
  accountant: 'pld',
  delta: 1e-5,
  steps: 1_000_000,
} as const;
/**
 * At epsilon 8 and 37,000 rows ten updates of the critic for one of the generator teach what the label depends on; five
 * teach less of it, twenty leave the generator too few steps.
 */
const patient = { criticSteps: 10, noiseMultiplier: 1.03, snapshotEvery: 25, epsilon: 8 } as const;

const plainTables: Presets = {
  'hospital-js': { ...tableJs, snapshotEvery: 140, steps: 4500 },
  'hospital-wgan-gp': { ...tableGp, steps: 3000 },
  'broward-js': { ...tableJs, snapshotEvery: 125, steps: 4000 },
  'broward-wgan-gp': { ...tableGp, steps: 2000 },
};
const privateTables: Presets = {
  'hospital-dpgan': { ...tableDp, ...patient, partitions: 1, batch: 512 },
  // Each critic's gradient has twice the noise of one on all rows, and takes larger steps.
  'hospital-dp-pargan': { ...tableDp, ...patient, partitions: 2, batch: 256, rate: 2e-3 },
  'broward-dpgan': { ...tableDp, partitions: 1, snapshotEvery: 10, batch: 256, noiseMultiplier: 1.5, epsilon: 8 },
  'broward-dp-pargan': { ...tableDp, partitions: 2, snapshotEvery: 10, batch: 128, noiseMultiplier: 2, epsilon: 8 },
};

/** Presets that belong together, and what --help says of them; those of private systems are of use there only. */
const groups: readonly { readonly note: string; readonly presets: Presets }[] = [
  {
    note: "PAR-GAN's notebooks on points in the plane, K = 10",
    presets: { 'blobs-js': js, 'blobs-wgan-gp': gp, 'circles-js': js, 'circles-wgan-gp': gp },
  },
  {
    note: 'its notebooks on MNIST, the first 7,000 images, K = 5: G 2,305,472, D 212,865 parameters',
    presets: {
      'mnist-js': { ...js, ...images, rows: 7000, steps: 31_500 },
      'mnist-wgan-gp': { ...gp, ...images, rows: 7000, steps: 210_000 },
    },
  },
  {
    note: 'on CIFAR-10, 6,000 and 7,000 images: G 3,078,208, D 1,033,345 parameters',
    presets: {
      'cifar10-js': { ...js, ...images, ...cifar, rows: 6000, steps: 27_000 },
      'cifar10-wgan-gp': { ...gp, ...images, ...cifar, rows: 7000, steps: 210_000 },
    },
  },
  {
    note: 'for software adapters: G 64-32-32 and D 32-32 channels, 5,000 images, batches of 16, Adam at 5e-4; minutes instead of days',
    presets: {
      'mnist-small-js': { ...js, ...images, ...small, steps: 2500 },
      'mnist-small-wgan-gp': { ...gp, ...images, ...small, beta2: 0.9, criticSteps: 2, steps: 2500 },
    },
  },
  {
    note: 'tables of mixed columns, for gan and pargan (K = 5): dense networks with a head for each column; minutes on a software adapter',
    presets: plainTables,
  },
  {
    note: 'the same for private systems (dp-pargan with K = 2), epsilon 8, encoders included',
    presets: privateTables,
  },
  {
    // C is the paper's c_g, sigma 5 and 18 of its lists (Xie et al. 2018).
    note: 'DPGAN as published, for dpgan: weights are clipped, gradients are not, so there is NO guarantee; use `onlyClass` with a digit, and tables of zeros and ones',
    presets: {
      'mnist-dpgan': {
        network: 'xie',
        generatorChannels: [128, 64],
        criticChannels: [64, 128],
        slope: 0.2,
        partitions: 1,
        latent: 100,
        latentLaw: 'uniform',
        divergence: 'wgan',
        clip: 0.02,
        optimizer: 'rmsprop',
        rate: 5e-5,
        accumulator: 1,
        batch: 64,
        criticSteps: 5,
        burst: 100,
        bound: 'weights',
        clipNorm: 13449.216,
        noiseMultiplier: 5 / 13449.216,
        snapshots: 1,
        gridEvery: 1000,
        steps: 10_000,
      },
      'ehr-dpgan': {
        network: 'ehr',
        partitions: 1,
        latent: 128,
        divergence: 'wgan',
        clip: 0.1,
        optimizer: 'rmsprop',
        rate: 5e-4,
        accumulator: 1,
        batch: 500,
        criticSteps: 2,
        bound: 'weights',
        clipNorm: 61414.1,
        noiseMultiplier: 18 / 61414.1,
        snapshots: 1,
        steps: 21_000,
      },
    },
  },
  {
    note: '"Private GANs, Revisited", for dpgan: conditional DCGAN, n_D fixed or raised as the critic weakens; the first for gan',
    presets: {
      'mnist-dpgan-revisited-nonprivate': { ...bie, batch: 128, criticSteps: 1, steps: 45_000 },
      ...revisited('mnist', [50, 9000]),
      ...revisited('fashion-mnist', [100, 4500]),
    },
  },
  {
    note: 'the same at 32, 64 and 128 pixels in colour; `labels: ignore` where the images have no classes',
    presets: {
      'cifar10-dpgan-revisited-eps10-adaptive': {
        ...{ ...adaptive, population: 50_176, noiseMultiplier: 2 },
        ...{ epsilon: 10, steps: FOREVER },
      },
      'celeba32-dpgan-revisited-eps10-adaptive': { ...faces, steps: FOREVER },
      'celeba64-dpgan-revisited-eps10-adaptive': { ...faces, ...at64, physicalBatch: 64, steps: FOREVER },
      'celeba128-dpgan-revisited-eps10-adaptive': { ...faces, ...at128, physicalBatch: 32, steps: FOREVER },
      'camelyon-dpgan-revisited-eps10-adaptive': { ...faces, population: 303_104, steps: FOREVER },
    },
  },
  {
    note: 'the same for software adapters: narrow networks, batches of 128 of 8,000 images, one critic or four, epsilon 10 after about 3,000 updates',
    presets: {
      'mnist-small-dpgan': smallPrivate,
      'mnist-small-dp-pargan': { ...smallPrivate, partitions: 4, batch: 32, physicalBatch: 48 },
    },
  },
];

/** A preset's fields. */
export const presets: Presets = Object.assign({}, ...groups.map((group) => group.presets));

/** What --help says of the presets. */
export const presetNotes = groups.map(({ note, presets }) => [Object.keys(presets).join(', '), note] as const);

/**
 * A full config from a preset and single fields; later ones win.
 * @throws VeilganError CONFIG naming the preset or the field
 */
export function makeConfig(preset: string | undefined, fields: Readonly<Record<string, unknown>>): GanConfig {
  const all = withPreset(preset, fields);
  if (preset !== undefined && Object.keys(presets[preset]).some((name) => !Object.hasOwn(ganConfig.shape, name))) {
    throw new VeilganError('CONFIG', `preset ${preset} is for private systems`, {
      where: 'preset',
      fix: `Train ${systemsWith({ private: true }).join(' or ')} with it`,
    });
  }
  return parseConfig(ganConfig, all);
}

/** The fields of a preset, overwritten by single ones. @throws VeilganError CONFIG where there is no such preset */
export function withPreset(
  preset: string | undefined,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  if (preset !== undefined && !Object.hasOwn(presets, preset)) {
    throw new VeilganError('CONFIG', `there is no preset ${preset}`, {
      where: 'preset',
      fix: `Use one of ${Object.keys(presets).join(', ')}`,
    });
  }
  return { ...(preset ? presets[preset] : {}), ...fields };
}

/** From how many rows on a table takes the settings for Hospital's size rather than those for Broward's. */
const LARGE = 20_000;

/** The preset of a table for which none was named: its system's, its divergence's, or JS's. @param rows to train on */
export function usualPreset(system: string, rows: number, divergence?: unknown): string {
  const names = [system, divergence, 'js'].map((what) => `${rows < LARGE ? 'broward' : 'hospital'}-${what}`);
  return names.find((name) => Object.hasOwn(plainTables, name) || Object.hasOwn(privateTables, name)) as string;
}
