/** Presets for tables of mixed columns: our own design, since the papers give none. */
import type { GanConfig } from '../config.ts';
import type { PrivateConfig } from '../private/config.ts';

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

const js = { ...table, divergence: 'js', rate: 3e-4, criticSteps: 1 } as const;
const gp = { ...table, divergence: 'wgan-gp', rate: 5e-4, penalty: 10, criticSteps: 2 } as const;
/** One critic on all rows sees large batches, and several updates go before each of the generator's. */
const dp = {
  ...table,
  divergence: 'js',
  rate: 1e-3,
  criticSteps: 5,
  accountant: 'pld',
  delta: 1e-5,
  steps: 1_000_000,
} as const;
/**
 * At epsilon 8 and 37,000 rows ten updates of the critic for one of the generator teach what the label depends on; five
 * teach less of it, twenty leave the generator too few steps.
 */
const patient = { criticSteps: 10, noiseMultiplier: 1.03, snapshotEvery: 25, epsilon: 8 } as const;

export type Presets = Readonly<Record<string, Partial<PrivateConfig>>>;

const plain: Presets = {
  'hospital-js': { ...js, snapshotEvery: 140, steps: 4500 },
  'hospital-wgan-gp': { ...gp, steps: 3000 },
  'broward-js': { ...js, snapshotEvery: 125, steps: 4000 },
  'broward-wgan-gp': { ...gp, steps: 2000 },
};
const guarded: Presets = {
  'hospital-dpgan': { ...dp, ...patient, partitions: 1, batch: 512 },
  // Each critic's gradient has twice the noise of one on all rows, and takes larger steps.
  'hospital-dp-pargan': { ...dp, ...patient, partitions: 2, batch: 256, rate: 2e-3 },
  'broward-dpgan': { ...dp, partitions: 1, snapshotEvery: 10, batch: 256, noiseMultiplier: 1.5, epsilon: 8 },
  'broward-dp-pargan': { ...dp, partitions: 2, snapshotEvery: 10, batch: 128, noiseMultiplier: 2, epsilon: 8 },
};

export const tableGroups = [
  {
    note: 'tables of mixed columns, for gan and pargan (K = 5): dense networks with a head for each column; minutes on a software adapter',
    presets: plain,
  },
  {
    note: 'the same for private systems (dp-pargan with K = 2), epsilon 8, encoders included',
    presets: guarded,
  },
];

/** From how many rows on a table takes the settings for Hospital's size rather than those for Broward's. */
const LARGE = 20_000;

/** The preset of a table for which none was named: its system's, its divergence's, or JS's. @param rows to train on */
export function usualPreset(system: string, rows: number, divergence?: unknown): string {
  const names = [system, divergence, 'js'].map((what) => `${rows < LARGE ? 'broward' : 'hospital'}-${what}`);
  return names.find((name) => Object.hasOwn(plain, name) || Object.hasOwn(guarded, name)) as string;
}
