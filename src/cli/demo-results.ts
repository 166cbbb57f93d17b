/** What the demo makes of two trained and attacked runs: the table, the measures of the report, one honest sentence. */

import type { AttackResult } from '../attack/judge/result.ts';
import { attackMeasure, attackReadings, TVD_MEASURES } from '../report/measures.ts';
import type { Measure, Reading, SummaryRun } from '../report/summary.ts';
import type { Assessment } from '../run/assess/attacks.ts';
import type { Quality } from '../run/assess/values.ts';
import { table } from './format.ts';

/** One of the two systems, trained and attacked. */
export interface Part {
  readonly title: string;
  readonly summary: SummaryRun & { readonly seconds: number };
  readonly attacks: Assessment;
  readonly quality: Quality;
  readonly samples: Float32Array;
  /** of the report */
  readonly losses: { readonly svg: string; readonly caption: string };
}

const ATTACKS = ['white-box-max', 'white-box-mean', 'white-box-own', 'white-box-own-vs-rest', 'nearest-sample'];

export const MEASURES: readonly Measure[] = [
  ...ATTACKS.map(attackMeasure),
  ...TVD_MEASURES,
  {
    key: 'modes',
    name: 'smallest mode share',
    meaning: 'Share of samples in the rarest of the five blobs; 20 % is right.',
  },
  {
    key: 'within',
    name: 'samples within 3 sigma',
    meaning: "Share of samples within three standard deviations of a blob's mean; real points have 99 %.",
  },
  {
    key: 'wasserstein',
    name: 'sliced Wasserstein distance',
    meaning: 'Between samples and points not trained on, in units of the data; smaller is better.',
    unit: 'number',
  },
];

/** A run's numbers by the keys of MEASURES. */
export function readings(assessment: Assessment, quality: Quality): Record<string, Reading | undefined> {
  return {
    ...attackReadings(assessment),
    modes: quality.mode_shares && { value: Math.min(...quality.mode_shares) },
    within: quality.within_3_sigma === undefined ? undefined : { value: quality.within_3_sigma },
    wasserstein: { value: quality.sliced_wasserstein_1 },
  };
}

/** The table on the terminal. */
export function resultTable(parts: readonly Part[]): string {
  const rows = MEASURES.map(({ key, name, unit: kind }) => [
    name,
    ...parts.map(({ summary }) => {
      const r = summary.readings[key];
      if (!r) return '-';
      const show = (x: number) => (kind === 'number' ? x.toFixed(3) : `${(100 * x).toFixed(1)} %`);
      const interval = r.ci95 ? ` [${show(r.ci95[0])}, ${show(r.ci95[1])}]` : '';
      return `${show(r.value)}${interval}${r.chance === undefined ? '' : `, chance ${show(r.chance)}`}`;
    }),
  ]);
  const shares = parts.map(
    ({ quality }) => (quality.mode_shares ?? []).map((x) => `${(100 * x).toFixed(0)}`).join(' ') || '-',
  );
  rows.splice(
    rows.findIndex(([name]) => name === 'smallest mode share'),
    1,
    ['mode shares, %', ...shares],
  );
  return table(['', ...parts.map((p) => p.title)], rows);
}

/** Says what the numbers say, whichever way they came out. */
export function verdict(parts: readonly Part[]): { sentence: string; plain_leaks: boolean } {
  const find = (part: Part, name: string) => part.attacks.attacks.find((a) => a.name === name) as AttackResult;
  const [plain, par] = parts;
  const leaks = (a: AttackResult) => a.ci95[0] > a.chance;
  const percent = (a: AttackResult) => `${(100 * a.accuracy).toFixed(0)} %`;
  const before = find(plain, 'white-box-max');
  const pooled = [find(par, 'white-box-max'), find(par, 'white-box-mean')];
  const own = find(par, 'white-box-own');
  const plainly = leaks(before)
    ? `The plain GAN leaks: its critic tells members from others with ${percent(before)} accuracy.`
    : `This plain GAN does not leak measurably (${percent(before)} accuracy).`;
  const pools = `PAR-GAN's pooled critics reach ${pooled.map(percent).join(' (max) and ')} (mean)`;
  const knows = leaks(own)
    ? `, but an attacker who knows the partition reaches ${percent(own)}: do not release the critics.`
    : `, and knowing the partition does not help (${percent(own)}).`;
  return { sentence: `${plainly} ${pools}${knows}`, plain_leaks: leaks(before) };
}
