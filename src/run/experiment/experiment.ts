/** Experiments over systems, settings and seeds: which runs they are made of, and what their numbers come to. */
import '../../base/schema.ts';
import * as z from 'zod';
import { VeilganError } from '../../base/errors.ts';
import { incompleteBeta } from '../../base/maths/binomial.ts';
import { bisect } from '../../base/maths/search.ts';
import { priceOfColumns, privateConfig } from '../../gan/private/config.ts';
import { withNoise } from '../../gan/private/plan.ts';
import {
  isPrivate,
  relative,
  systems as rows,
  type SystemName,
  systemNames,
  systemsWith,
  systemTitle,
} from '../../gan/systems.ts';
import { FREE } from '../../privacy/budget.ts';

export const KINDS = ['k-sweep', 'epsilon-sweep', 'compare'] as const;
export type Kind = (typeof KINDS)[number];

/** What the runs have in common, and how they differ. */
export const planSchema = z.object({
  kind: z.enum(KINDS),
  data: z.string(),
  /** of compare and, private ones, of epsilon-sweep */
  systems: z.array(z.enum(systemNames)).max(100),
  /** K of k-sweep; epsilon of epsilon-sweep, where 0 is training without privacy */
  values: z.array(z.number()).max(1000),
  seeds: z.array(z.int().min(0)).min(1).max(1000),
  /** settings of all runs; `batch` is that of one critic on all rows, and divided among several */
  fields: z.record(z.string(), z.unknown()),
  /** settings of private runs beside them */
  private: z.record(z.string(), z.unknown()),
  /** K of systems with several critics in compare */
  partitions: z.int().min(1),
  /** of private runs in compare */
  epsilon: z.number().positive(),
  /** records that training looks at, and so a constant of the plan */
  rows: z.int().min(1),
  /** columns of a table that are not given: what private runs pay for before they train */
  paying: z
    .array(z.object({ name: z.string(), kind: z.enum(['number', 'integer', 'category', 'boolean', 'date']) }))
    .optional(),
  attacks: z.array(z.string()),
});

export type Plan = z.output<typeof planSchema>;

/** A setting, of which there is a run for each seed. */
export interface Setting {
  /** such as `pargan, K = 5`; also what its runs' folders are called, with other characters */
  readonly label: string;
  readonly system: SystemName;
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
  const config = privateConfig.parse(fields);
  const paid = plan.paying ? priceOfColumns(config, plan.paying) : FREE;
  return { ...fields, noiseMultiplier: withNoise(config, plan.rows, paid).noiseMultiplier };
}

const labelOf = (system: SystemName, partitions: number, epsilon: number | null): string =>
  [systemTitle(system, partitions), ...(epsilon ? [`epsilon ${epsilon}`] : [])].join(', ');

/** The settings of a plan. @throws VeilganError USAGE for systems and values that make no experiment, CONFIG */
export function settingsOf(plan: Plan): Setting[] {
  const { kind, systems, values, fields } = plan;
  const refuse = (where: string, message: string, fix: string) => new VeilganError('USAGE', message, { where, fix });
  const make = (system: SystemName, partitions: number, epsilon: number | null, value: number | null): Setting => ({
    label: labelOf(system, partitions, epsilon),
    system,
    value,
    fields: epsilon ? noised(plan, partitions, epsilon) : divided(fields, partitions),
  });
  if (kind === 'k-sweep') {
    if (!values.every((k) => Number.isInteger(k) && k >= 1)) {
      throw refuse('values', `K of ${values.join(', ')}`, 'Give whole numbers from 1 on');
    }
    const [one] = systemsWith({ critics: 'one', private: false });
    return values.map((k) => make(k === 1 ? one : systems[0], k, null, k));
  }
  const K = (system: SystemName) => (rows[system].critics === 'many' ? plan.partitions : 1);
  if (kind === 'compare') return systems.map((s) => make(s, K(s), isPrivate(s) ? plan.epsilon : null, null));
  const wrong = systems.find((system) => !isPrivate(system));
  if (wrong !== undefined)
    throw refuse('systems', `${wrong} has no epsilon`, `Use ${systemsWith({ private: true }).join(' or ')}`);
  if (!values.every((epsilon) => epsilon >= 0)) {
    throw refuse(
      'values',
      `epsilon of ${values.join(', ')}`,
      'Give numbers above 0, and 0 for training without privacy',
    );
  }
  return systems.flatMap((system) =>
    values.map((epsilon) =>
      epsilon
        ? make(system, K(system), epsilon, epsilon)
        : make(relative(system, { private: false }), K(system), null, null),
    ),
  );
}

/** The folder of a run inside its experiment's. */
export const folderOf = ({ label }: Setting, seed: number): string =>
  `${label.toLowerCase().replace(/[^a-z0-9.]+/g, '-')}-seed-${seed}`;

/** What one run measured, by name. */
export type Readings = Readonly<Record<string, Measurement>>;

export interface Measurement {
  readonly value: number;
  /** standard error that comes from which records were asked about; runs of all seeds ask about the same */
  readonly se?: number;
}

/** The same number of several seeds. */
export interface Averaged {
  readonly mean: number;
  /** 95 % interval of the mean; null where there is a single seed and no standard error */
  readonly ci95: readonly [number, number] | null;
  readonly n: number;
}

/** P(T <= t) for t >= 0 of Student's t with `df` degrees of freedom. */
const tBelow = (t: number, df: number): number => 1 - incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;

/**
 * The t that a share `p` of Student's distribution lies below.
 * @param df degrees of freedom, >= 1; Infinity for the normal distribution
 * @param p in [0.5, 0.9999]
 */
export function tQuantile(df: number, p = 0.975): number {
  const degrees = Math.min(df, 1e7);
  return bisect(0, 4000, (t) => tBelow(t, degrees) >= p);
}

/**
 * Mean and its interval: Student's over the seeds, and the normal one of what is common to them all, the choice of
 * records, root of the sum of squares. Seeds alone would seem to know more than they do.
 * @param level share of intervals that hold the true mean
 * @throws VeilganError DATA for no values
 */
export function averaged(list: readonly Measurement[], level = 0.95): Averaged {
  const n = list.length;
  if (!n) throw new VeilganError('DATA', 'an average of nothing', { where: 'experiment' });
  const average = (of: (m: Measurement) => number) => list.reduce((sum, m) => sum + of(m), 0) / n;
  const mean = average(({ value }) => value);
  const p = (1 + level) / 2;
  const common = tQuantile(Number.POSITIVE_INFINITY, p) * Math.sqrt(average(({ se = 0 }) => se * se));
  const variance = n > 1 ? (average(({ value }) => (value - mean) ** 2) * n) / (n - 1) : 0;
  const seeds = n > 1 ? tQuantile(n - 1, p) * Math.sqrt(variance / n) : 0;
  const half = Math.hypot(common, seeds);
  return { mean, ci95: n > 1 || common ? [mean - half, mean + half] : null, n };
}

/** A row of the table: one number under every setting. */
export interface Row {
  readonly metric: string;
  /** by setting, in order; null where no run has it */
  readonly values: readonly (Averaged | null)[];
}

/** Averages over seeds. @param runs the readings of each setting's runs @param level as `averaged` */
export function tableOf(runs: readonly (readonly Readings[])[], level?: number): Row[] {
  const metrics = [...new Set(runs.flat().flatMap((readings) => Object.keys(readings)))];
  return metrics.map((metric) => ({
    metric,
    values: runs.map((list) => {
      const found = list.flatMap((readings) => (Number.isFinite(readings[metric]?.value) ? [readings[metric]] : []));
      return found.length ? averaged(found, level) : null;
    }),
  }));
}
