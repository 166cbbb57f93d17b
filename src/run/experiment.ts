/** Experiments over systems, settings and seeds: which runs they are made of, and what their numbers come to. */
import { incompleteBeta } from '../attack/audit_binomial.ts';
import { type PrivateConfig, privateConfig, samplingRate } from '../gan/private_config.ts';
import { VeilganError } from '../gpu/errors.ts';
import { noiseMultiplier } from '../privacy/accountant/calibrate.ts';
import { isPrivate } from './private.ts';

export const KINDS = ['k-sweep', 'epsilon-sweep', 'compare'] as const;
export type Kind = (typeof KINDS)[number];

/** What the runs have in common, and how they differ. */
export interface Plan {
  readonly kind: Kind;
  readonly data: string;
  /** of compare and, private ones, of epsilon-sweep */
  readonly systems: readonly string[];
  /** K of k-sweep; epsilon of epsilon-sweep, where 0 is training without privacy */
  readonly values: readonly number[];
  readonly seeds: readonly number[];
  /** settings of all runs; `batch` is that of one critic on all rows, and divided among several */
  readonly fields: Readonly<Record<string, unknown>>;
  /** settings of private runs beside them */
  readonly private: Readonly<Record<string, unknown>>;
  /** K of pargan and dp-pargan in compare */
  readonly partitions: number;
  /** of private runs in compare */
  readonly epsilon: number;
  /** records that training looks at, and so a constant of the plan */
  readonly rows: number;
  readonly attacks: readonly string[];
}

/** A setting, of which there is a run for each seed. */
export interface Setting {
  /** such as `pargan, K = 5`; also what its runs' folders are called, with other characters */
  readonly label: string;
  readonly system: string;
  /** its place in a sweep; null for training without privacy, and in compare */
  readonly value: number | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

const divided = (fields: Plan['fields'], partitions: number): Record<string, unknown> => ({
  ...fields,
  partitions,
  batch: Math.max(1, Math.round(Number(fields.batch ?? 32) / partitions)),
});

/** A run with the noise that makes its last update meet epsilon, at the plan's number of updates. */
function noised(plan: Plan, partitions: number, epsilon: number): Record<string, unknown> {
  const fields = { ...divided({ ...plan.fields, ...plan.private }, partitions), epsilon };
  const config = privateConfig.parse(fields) as PrivateConfig;
  const { steps, criticSteps, delta, accountant } = config;
  const q = samplingRate(config, plan.rows);
  return { ...fields, noiseMultiplier: noiseMultiplier(q, steps * criticSteps, { epsilon, delta, accountant }).sigma };
}

const NAMES: Readonly<Record<string, string>> = {
  gan: 'GAN',
  pargan: 'PAR-GAN',
  dpgan: 'DP-GAN',
  'dp-pargan': 'DP-PAR-GAN',
};

function labelOf(system: string, partitions: number, epsilon: number | null): string {
  const parts = [NAMES[system], ...(partitions > 1 ? [`K = ${partitions}`] : [])];
  return [...parts, ...(epsilon ? [`epsilon ${epsilon}`] : [])].join(', ');
}

/** The settings of a plan. @throws VeilganError USAGE for systems and values that make no experiment, CONFIG */
export function settingsOf(plan: Plan): Setting[] {
  const { kind, systems, values, fields } = plan;
  const refuse = (where: string, message: string, fix: string) => new VeilganError('USAGE', message, { where, fix });
  const make = (system: string, partitions: number, epsilon: number | null, value: number | null): Setting => ({
    label: labelOf(system, partitions, epsilon),
    system,
    value,
    fields: epsilon ? noised(plan, partitions, epsilon) : divided(fields, partitions),
  });
  if (kind === 'k-sweep') {
    if (!values.every((k) => Number.isInteger(k) && k >= 1)) {
      throw refuse('--values', `K of ${values.join(', ')}`, 'Give whole numbers from 1 on');
    }
    return values.map((k) => make(k === 1 ? 'gan' : 'pargan', k, null, k));
  }
  const K = (system: string) => (system === 'pargan' || system === 'dp-pargan' ? plan.partitions : 1);
  if (kind === 'compare') return systems.map((s) => make(s, K(s), isPrivate(s) ? plan.epsilon : null, null));
  const wrong = systems.find((system) => !isPrivate(system));
  if (wrong !== undefined) throw refuse('--systems', `${wrong} has no epsilon`, 'Use dpgan or dp-pargan');
  if (!values.every((epsilon) => epsilon >= 0)) {
    throw refuse(
      '--values',
      `epsilon of ${values.join(', ')}`,
      'Give numbers above 0, and 0 for training without privacy',
    );
  }
  return systems.flatMap((system) =>
    values.map((epsilon) =>
      epsilon
        ? make(system, K(system), epsilon, epsilon)
        : make(system === 'dpgan' ? 'gan' : 'pargan', K(system), null, null),
    ),
  );
}

/** The folder of a run inside its experiment's. */
export const folderOf = ({ label }: Setting, seed: number): string =>
  `${label.toLowerCase().replace(/[^a-z0-9.]+/g, '-')}-seed-${seed}`;

/** What one run measured: numbers by name. */
export type Readings = Readonly<Record<string, number>>;

/** The same number of several seeds. */
export interface Averaged {
  readonly mean: number;
  /** 95 % t interval of the mean; null for a single seed */
  readonly ci95: readonly [number, number] | null;
  readonly n: number;
}

/** P(T <= t) for t >= 0 of Student's t with `df` degrees of freedom. */
const tBelow = (t: number, df: number): number => 1 - incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;

/** The t that 97.5 % of Student's distribution lie below. @param df degrees of freedom, >= 1 */
export function tQuantile(df: number): number {
  let [low, high] = [0, 16];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (tBelow(middle, df) < 0.975) low = middle;
    else high = middle;
  }
  return high;
}

/** Mean and its 95 % t interval. @throws VeilganError DATA for no values */
export function averaged(values: readonly number[]): Averaged {
  const n = values.length;
  if (!n) throw new VeilganError('DATA', 'an average of nothing', { where: 'experiment' });
  const mean = values.reduce((a, b) => a + b, 0) / n;
  if (n === 1) return { mean, ci95: null, n };
  const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (n - 1);
  const half = tQuantile(n - 1) * Math.sqrt(variance / n);
  return { mean, ci95: [mean - half, mean + half], n };
}

/** A row of the table: one number under every setting. */
export interface Row {
  readonly metric: string;
  /** by setting, in order; null where no run has it */
  readonly values: readonly (Averaged | null)[];
}

/** Averages over seeds. @param runs the readings of each setting's runs */
export function tableOf(runs: readonly (readonly Readings[])[]): Row[] {
  const metrics = [...new Set(runs.flat().flatMap((readings) => Object.keys(readings)))];
  return metrics.map((metric) => ({
    metric,
    values: runs.map((list) => {
      const found = list.flatMap((readings) => (Number.isFinite(readings[metric]) ? [readings[metric]] : []));
      return found.length ? averaged(found) : null;
    }),
  }));
}
