/** What the demo makes of two trained and attacked runs: the table, the measures of the report, one honest sentence. */

import type { AttackResult } from '../attack/judge/result.ts';
import { type Metrics, numbersOf } from '../metrics/index.ts';
import { attackReadings, qualityReadings, type Reading, shown } from '../report/readings.ts';
import type { SummaryRun } from '../report/summary.ts';
import type { Assessment } from '../run/assess/attacks.ts';
import { table } from './format.ts';

/** One of the two systems, trained and attacked. */
export interface Part {
  readonly title: string;
  readonly summary: SummaryRun & { readonly seconds: number };
  readonly attacks: Assessment;
  readonly quality: Metrics;
  readonly samples: Float32Array;
  /** of the report */
  readonly losses: { readonly svg: string; readonly caption: string };
}

/** What the demo shows, in this order. */
const SHOWN = [
  ...['white-box-max', 'white-box-mean', 'white-box-own', 'white-box-own-vs-rest', 'nearest-sample'],
  ...['tvd-max', 'tvd-mean', 'smallest_mode_share', 'within_3_sigma', 'sliced_wasserstein_1'],
];

/** A run's numbers that are shown. */
export function readings(assessment: Assessment, quality: Metrics): Reading[] {
  const found = [...attackReadings(assessment), ...qualityReadings(Object.fromEntries(numbersOf(quality)))];
  return SHOWN.flatMap((name) => found.find(({ row }) => row.name === name) ?? []);
}

/** The table on the terminal. */
export function resultTable(parts: readonly Part[]): string {
  const rows = parts[0].summary.readings.map(({ row }) => [
    row.title,
    ...parts.map(({ summary }) => {
      const found = summary.readings.find(({ row: { name } }) => name === row.name);
      if (!found) return '-';
      const { value, ci95, chance } = found;
      const interval = ci95 ? ` [${shown(row, ci95[0])}, ${shown(row, ci95[1])}]` : '';
      return `${shown(row, value)}${interval}${chance === undefined ? '' : `, chance ${shown(row, chance)}`}`;
    }),
  ]);
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
