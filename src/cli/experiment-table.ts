import { isAccuracy, isAttack } from '../report/experiment.ts';
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
      .filter(({ metric }) => !isAttack(metric) || isAccuracy(metric))
      .map(({ metric, values }) => [metric, ...values.map(cell), isAttack(metric) ? '0.500' : '-']),
  );
}
