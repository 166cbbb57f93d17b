/** What is measured of a run, each number with the row that says what it is. Unknown names go by themselves. */
import { attacks, NOT_ASKED, ONLY_NAMED, readings } from '../attack/index.ts';
import { type Measure, measures } from '../metrics/index.ts';
import { formatNumber, formatPercent } from './numbers.ts';
import type { StoredAgainst, StoredAssessment } from './results.ts';

/** What a number is called and what it says. */
export interface Row extends Pick<Measure, 'title' | 'unit' | 'meaning'> {
  /** the name under which it is stored */
  readonly name: string;
  /** Attacks are marked when they are surely better than chance. */
  readonly attack: boolean;
}

/** One measured number. An interval that lies wholly above chance is marked: the attack found something. */
export interface Reading {
  readonly row: Row;
  readonly value: number;
  /** 95 % confidence interval. */
  readonly ci95?: readonly [number, number];
  /** What an attacker without any information would give. */
  readonly chance?: number;
  /** What real rows give that were not trained on either, so the best that samples could. */
  readonly real?: number;
}

/** A number as people read it, in the unit of its row. */
export const shown = ({ unit }: Pick<Row, 'unit'>, value: number): string =>
  unit === 'number' ? formatNumber(value, 3) : formatPercent(value);

/** A list of shares as text: `21.0 %, 19.5 %, 59.5 %`. */
export const shares = (list: readonly number[]): string => list.map(formatPercent).join(', ');

/** A number of an attack. */
export function attackRow(name: string): Row {
  const { title, score, kind = 'accuracy' } = readings.get(name) ?? { title: name, score: '' };
  const meaning =
    kind === 'accuracy' ? ['Attack accuracy.', score, 'Chance is 50 %.'].filter(Boolean).join(' ') : score;
  return { name, title, unit: kind === 'distance' ? 'number' : 'share', meaning, attack: true };
}

/** How an attack scores records. */
export const attackNote = (name: string): string => readings.get(name)?.score ?? '';

/** A quality measure. */
export function qualityRow(name: string): Row {
  const known = Object.hasOwn(measures, name) ? (measures as Record<string, Measure>)[name] : undefined;
  if (!known) return { name, title: name.replaceAll('_', ' '), unit: 'number', meaning: '', attack: false };
  const { title, unit, meaning, ideal } = known;
  return { name, title, unit, meaning: ideal ? `${meaning} Ideal: ${ideal}.` : meaning, attack: false };
}

/** What attacks found beside each other, which is their accuracy; distances of score histograms last. */
export const attackReadings = ({ attacks, tvd }: StoredAgainst): Reading[] => [
  ...attacks.map(({ name, accuracy, ci95, chance }) => ({ row: attackRow(name), value: accuracy, ci95, chance })),
  ...tvdReadings(tvd),
];

export const tvdReadings = (tvd: StoredAgainst['tvd']): Reading[] =>
  tvd
    ? (['max', 'mean'] as const).map((of) => ({
        row: attackRow(`tvd-${of}`),
        value: tvd[of],
        chance: tvd.floor[of].mean,
      }))
    : [];

type Numbers = Readonly<Record<string, unknown>>;

/** The numbers of a quality report that are single ones. */
export const qualityReadings = (quality: Numbers, real: Numbers = {}): Reading[] =>
  Object.entries(quality).flatMap(([name, value]) => {
    const best = real[name];
    if (typeof value !== 'number') return [];
    return [{ row: qualityRow(name), value, ...(typeof best === 'number' ? { real: best } : {}) }];
  });

/** Attacks of the literature that were not tried, with the reason where one is known. */
export function notRun({ attacks: found, tvd, not_run = [] }: StoredAssessment): string[] {
  const there = new Set([...found.map(({ name }) => name), ...(tvd ? ['tvd-max'] : [])]);
  const tried = new Set([...there].map((name) => readings.get(name)?.family));
  const missing = new Set([...readings.values()].map(({ family }) => family).filter((family) => !tried.has(family)));
  return [...missing].map((family) => {
    const names = Object.entries(attacks).flatMap(([name, attack]) => (attack.family === family ? [name] : []));
    // That nobody asked for it is no reason.
    const entry = not_run.find(({ name, why }) => names.includes(name) && why !== NOT_ASKED && why !== ONLY_NAMED);
    return entry ? `${family}: ${entry.why}` : family;
  });
}
