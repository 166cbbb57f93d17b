import { metricOf } from '../report/experiment.ts';
import type { Averaged, Row, Setting } from '../run/experiment/experiment.ts';
import { table } from './format.ts';

/** A column a setting: means with their 95 % intervals, and what chance gives. AUC and the like are in the report. */
export function experimentTable(settings: readonly Setting[], rows: readonly Row[]): string {
  const cell = (value: Averaged | null) => {
    if (!value) return '-';
    const ci = value.ci95 ? ` [${value.ci95.map((x) => x.toFixed(3)).join(', ')}]` : '';
    return `${value.mean.toFixed(3)}${ci}`;
  };
  return table(
    ['mean [95 %]', ...settings.map(({ label }) => label), 'chance'],
    rows
      .map((row) => ({ ...row, of: metricOf(row.metric) }))
      .filter(({ of }) => !of.attack || of.accuracy)
      .map(({ metric, values, of }) => [metric, ...values.map(cell), of.accuracy ? '0.500' : '-']),
  );
}
