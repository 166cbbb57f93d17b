/** What is proposed in step 3, and what follows from what was chosen there. */
import { defaultsFor, FEATURE_STEPS } from '../../fit/defaults.ts';
import {
  isFit,
  isPrivate,
  type Measured,
  measuredBy,
  type SystemName,
  systemNames,
  systems,
  systemsWith,
} from '../../gan/systems.ts';
import type { Plan, Ready, Worth } from '../protocol.ts';

export type Length = 'short' | 'medium' | 'long';

const LENGTHS: Readonly<Record<Length, { plain: number; images: number; dp: number }>> = {
  short: { plain: 500, images: 250, dp: 150 },
  medium: { plain: 2000, images: 1000, dp: 500 },
  long: { plain: 8000, images: 4000, dp: 1500 },
};
/** Of the length that fits a budget. */
const PARTS: Readonly<Record<Length, number>> = { short: 0.5, medium: 1, long: 2 };

/** What is measured of each kind of records, where a generator is fitted to measurements. */
export const MEASURED: Readonly<Record<Ready['kind'], Measured>> = {
  table: 'tables',
  images: 'features',
  points: 'features',
};

/** What a record is called. */
export const NOUNS: Readonly<Record<Ready['kind'], string>> = { table: 'row', images: 'image', points: 'point' };

type Chosen = Pick<Plan, 'system' | 'epsilon' | 'whole'>;

/** Steps of a fit of medium length, as on the command line. */
const fitSteps: Readonly<Record<Measured, (plan: Chosen, ready: Ready) => number>> = {
  tables: ({ epsilon, whole }, ready) => {
    const pairs = (ready.columns * (ready.columns - 1)) / 2;
    return defaultsFor({ epsilon, rows: rowsOf({ whole }, ready), pairs }).steps;
  },
  features: () => FEATURE_STEPS,
};

/** Whether the worker is to be asked how long such a plan is worth being. */
export const isWeighed = ({ system }: Pick<Plan, 'system'>, { usual }: Ready): boolean => usual?.[system] !== undefined;

/**
 * A plan as it is trained: as long as the words of the form have it, where no number was given.
 * @param worth of plans that are weighed, once it is known
 */
export function trainedPlan(plan: Plan, length: Length | 'own', ready: Ready, worth?: Worth): Plan {
  if (length === 'own') return plan;
  if (!isWeighed(plan, ready)) return { ...plan, steps: lengthOf(length, plan, ready) };
  if (!worth) return plan;
  return { ...plan, steps: Math.ceil(PARTS[length] * worth.steps), criticSteps: worth.criticSteps };
}

/** Generator steps behind the words of the form: those of images are slow, and private ones have more lessons each. */
export function lengthOf(length: Length, plan: Chosen, ready: Ready): number {
  const { system } = plan;
  if (isFit(system)) return PARTS[length] * fitSteps[measuredBy(system)](plan, ready);
  const { plain, images, dp } = LENGTHS[length];
  return isPrivate(system) ? dp : ready.kind === 'images' ? images : plain;
}

/** Rows that are trained on. */
export const rowsOf = ({ whole }: Pick<Plan, 'whole'>, { rows, holdout }: Ready): number =>
  whole ? rows + holdout : rows;

/** The largest of 1e-5, 5e-6, 2e-6, 1e-6, ... that is at most a tenth of 1 / rows. */
export function usualDelta(rows: number): number {
  for (let power = 5; ; power++) {
    const found = [5, 2, 1].map((digit) => Number(`${digit}e-${power}`));
    const delta = found.find((each) => each <= 1e-5 && each <= 1 / (10 * rows));
    if (delta !== undefined) return delta;
  }
}

/** Most critics that leave each a fair number of rows. */
export const mostPartitions = (rows: number): number => Math.max(1, Math.min(32, Math.floor(rows / 50)));

/** Rows from which a guarantee leaves useful ones. */
const ENOUGH = 2000;

/** Systems that can learn from such records. */
export const systemsFor = ({ kind, even = true }: Pick<Ready, 'kind' | 'even'>): SystemName[] =>
  systemNames.filter((name) => !isFit(name) || (measuredBy(name) === MEASURED[kind] && even));

/** What is proposed first: a guarantee wherever the rows suffice for one, for tables are about people, and so are images. */
export function usualSystem(ready: Ready): SystemName {
  const rows = rowsOf({ whole: ready.kind === 'table' }, ready);
  const fitted = ready.kind !== 'points' && rows >= ENOUGH ? systemsFor(ready).find(isFit) : undefined;
  return fitted ?? systemsWith({ critics: 'one', private: false })[0];
}

/** A plan to begin with. */
export function usualPlan(system: SystemName, ready: Ready): Plan {
  const { kind } = ready;
  // What is fitted to measurements is good at a strong promise already.
  const epsilon = isFit(system) ? 1 : 3;
  const split = systems[system].critics === 'many';
  const dp = isPrivate(system);
  // A guarantee is proved, not tested: rows kept back for a test would only make the new ones worse.
  const whole = dp && kind === 'table';
  const rows = rowsOf({ whole }, ready);
  const images = kind === 'images';
  const tuned = ready.usual?.[system];
  const partitions = split ? Math.min(tuned?.partitions ?? 4, mostPartitions(rows)) : 1;
  const batch = tuned?.batch ?? (dp ? 256 : 64) / (split ? 2 : 1) / (images ? 2 : 1);
  return {
    system,
    partitions,
    size: images ? 'small' : 'medium',
    steps: lengthOf('medium', { system, epsilon, whole }, ready),
    batch: Math.max(1, Math.min(batch, Math.floor(rows / partitions / 2))),
    epsilon,
    delta: usualDelta(rows),
    clipNorm: 1,
    criticSteps: tuned?.criticSteps ?? (dp ? 5 : 1),
    rate: tuned?.rate ?? (dp ? 1e-3 : 5e-4),
    seed: 1,
    divergence: 'js',
    whole,
  };
}

/** `about 40 s`, `about 3 min`, `about 2 h`. */
export function about(seconds: number): string {
  if (seconds < 5) return 'a few seconds';
  if (seconds < 55) return `about ${5 * Math.ceil(seconds / 5)} s`;
  if (seconds < 55 * 60) return `about ${Math.max(1, Math.round(seconds / 60))} min`;
  const hours = seconds / 3600;
  return `about ${hours < 10 ? Number(hours.toFixed(1)) : Math.round(hours)} h`;
}
