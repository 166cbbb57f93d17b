/** Runs as a report sees them, made up for tests. */

import type { PrivacyFacts } from '../../src/report/blocks/guarantee.ts';
import type { Measured, RunFacts } from '../../src/report/facts.ts';

export const EVIL = '<script>alert("1")</script>\'&';

export const info = (system: string, config: Record<string, unknown> = {}): RunFacts['info'] => ({
  format: 1,
  system,
  data: { name: 'blobs', rows: 5000, holdout: 777, columns: ['x', 'y'], origin: 'rows 0:5000', sha256: 'c0ffee' },
  seed: 7,
  config: { steps: 300, ...config },
  created: '2025-01-02T03:04:05.000Z',
  version: { veilgan: '0.1.0', node: '20.20.0' },
  adapter: { name: 'llvmpipe' },
});

/** Scores of an attack, at chance unless told. */
export const attack = (name: string, accuracy = 0.5, ci95: [number, number] = [0.49, 0.51]) => ({
  name,
  accuracy,
  chance: 0.5,
  ci95,
  auc: accuracy,
  tpr_at_fpr: { '0.01': 0.0123, '0.001': 0.0045 },
  members: 5000,
  non_members: 777,
  roc: { fpr: [0, 0.01, 0.1, 1], tpr: [0, 0.0123, 0.2, 1] },
});

export const measured = (more: Partial<Measured> = {}): Measured => ({
  attacks: {
    attacks: [attack('white-box-max'), attack('nearest-sample', 0.6789, [0.6543, 0.7012])],
    tvd: { max: 0.345, mean: 0.234, floor: { max: { mean: 0.123 }, mean: { mean: 0.111 } } },
  },
  quality: {
    metrics: { sliced_wasserstein_1: 0.0987, mode_shares: [0.25, 0.75] },
    real: { sliced_wasserstein_1: 0.0241 },
  },
  against: 'the 777 hold-out rows',
  partitions: [1299, 1301],
  leftOver: 0,
  pictures: [{ kind: 'paragraph', text: 'training points' }],
  ...more,
});

export const plain = (more: Partial<RunFacts> = {}): RunFacts => ({
  dir: 'runs/a',
  info: info('pargan'),
  steps: 300,
  wanted: 300,
  critics: 2,
  rows: 5000,
  shape: [2],
  pictures: [{ kind: 'figure', svg: '<svg width="100" height="50" viewBox="0 0 100 50"></svg>', caption: 'losses' }],
  measured: measured(),
  ...more,
});

export const privacy = (more: Partial<PrivacyFacts> = {}): PrivacyFacts => ({
  epsilon: { rdp: 3.4108, pld: 2.9972, pld_lower: 2.9951 },
  delta: 1e-5,
  noise_multiplier: 1.1,
  sampling_rate: 0.0256,
  noisy_updates: 336,
  insecure: false,
  phases: [{ q: 0.0256, sigma: 1.1, steps: 336 }],
  lines: [],
  relation: 'zero-out',
  terms: {
    mechanism: 'gaussian',
    sampler: 'poisson',
    relation: 'zero-out',
    bound: 1.5,
    divisor: 32,
    partitions: 2,
    clipping: 'flat',
    population: 5000,
    physical: 55,
  },
  budget: 3,
  exhausted: true,
  rowsPublic: true,
  ...more,
});

/** A private run as anybody may see it. */
export const guarded = (more: Partial<RunFacts> = {}): RunFacts => {
  const { measured: _, ...rest } = plain({ info: info('dp-pargan'), privacy: privacy() });
  return { ...rest, ...more };
};

/** Quality of a table of two columns. */
export const tableQuality = (more: Partial<Measured['quality']> = {}): Measured['quality'] => ({
  metrics: {
    marginal_distance_mean: 0.1,
    association_difference_mean: 0.0321,
    downstream_linear_accuracy: 0.667,
    downstream_majority: 0.653,
    downstream_gain_share: 0.4516,
  },
  real: { downstream_linear_accuracy: 0.684, association_difference_mean: 0.0111 },
  details: {
    columns: [
      {
        ...{ name: 'age', kind: 'integer', distance: 0.05, real: 0.01, labels: ['below 30', 'from 30'] },
        ...{ reference: [0.5, 0.5], samples: [0.45, 0.55] },
      },
      {
        ...{ name: 'town', kind: 'category', distance: 0.15, real: 0.02, labels: ['Bern', '(other)'] },
        ...{ reference: [0.75, 0.25], samples: [0.6, 0.4] },
      },
    ],
    associations: [{ a: 'age', b: 'town', reference: 0.4321, samples: 0.4 }],
    dimension_probability: { columns: ['town=Bern', 'town=(other)'], real: [0.75, 0.25], samples: [0.6, 0.4] },
    column_accuracy: { columns: ['town'], real: [0.8], samples: [0.78], majority: [0.75] },
    downstream: { target: 'town', taken: 'label', classes: ['Bern', '(other)'], tested: 1500 },
  },
  ...more,
});
