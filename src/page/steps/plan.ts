/** What is proposed in step 3, and what follows from what was chosen there. */
import { defaultsFor } from '../../fit/defaults.ts';
import { isFit, isPrivate, type SystemName, systems, systemsWith } from '../../gan/systems.ts';
import type { Plan, Ready } from '../protocol.ts';

export type Length = 'short' | 'medium' | 'long';

const LENGTHS: Readonly<Record<Length, { plain: number; images: number; dp: number }>> = {
  short: { plain: 500, images: 250, dp: 150 },
  medium: { plain: 2000, images: 1000, dp: 500 },
  long: { plain: 8000, images: 4000, dp: 1500 },
};

/** Generator steps behind the words of the form: those of images are slow, and private ones have more lessons each. */
export function lengthOf(length: Length, system: SystemName, ready: Ready, epsilon: number): number {
  const { kind, rows, columns } = ready;
  if (isFit(system)) {
    const { steps } = defaultsFor({ epsilon, rows, pairs: (columns * (columns - 1)) / 2 });
    return { short: steps / 2, medium: steps, long: 2 * steps }[length];
  }
  const { plain, images, dp } = LENGTHS[length];
  return isPrivate(system) ? dp : kind === 'images' ? images : plain;
}

/** The power of ten that is at most a tenth of 1 / rows, and at most 1e-5. */
export const usualDelta = (rows: number): number =>
  Math.min(1e-5, 10 ** -Math.ceil(Math.log10(10 * Math.max(1, rows))));

/** Most critics that leave each a fair number of rows. */
export const mostPartitions = (rows: number): number => Math.max(1, Math.min(32, Math.floor(rows / 50)));

/** Rows from which a guarantee leaves useful ones. */
const ENOUGH = 2000;

/** What is proposed first: a guarantee wherever the rows suffice for one, for tables are about people. */
export const usualSystem = ({ rows, kind }: Ready): SystemName =>
  kind === 'table' && rows >= ENOUGH
    ? systemsWith({ measures: 'tables' })[0]
    : systemsWith({ critics: 'one', private: false })[0];

/** A plan to begin with. */
export function usualPlan(system: SystemName, ready: Ready): Plan {
  const { rows, kind } = ready;
  // What fits tables is good at a strong promise already.
  const epsilon = isFit(system) ? 1 : 3;
  const split = systems[system].critics === 'many';
  const dp = isPrivate(system);
  const images = kind === 'images';
  const partitions = split ? Math.min(4, mostPartitions(rows)) : 1;
  const batch = (dp ? 256 : 64) / (split ? 2 : 1) / (images ? 2 : 1);
  return {
    system,
    partitions,
    size: images ? 'small' : 'medium',
    steps: lengthOf('medium', system, ready, epsilon),
    batch: Math.max(1, Math.min(batch, Math.floor(rows / partitions / 2))),
    epsilon,
    delta: usualDelta(rows),
    clipNorm: 1,
    criticSteps: dp ? 5 : 1,
    rate: dp ? 1e-3 : 5e-4,
    seed: 1,
    divergence: 'js',
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
