/** The settings that most people leave as they are. */

import type { DivergenceName } from '../../gan/divergences.ts';
import { isFit, isPrivate } from '../../gan/systems.ts';
import type { Change, PlanNumber } from '../fields.ts';
import type { Plan, Ready } from '../protocol.ts';
import { checkbox, numberField, segments } from '../ui/controls.ts';
import { h, plural } from '../ui/dom.ts';
import { isWeighed, rowsOf } from './plan.ts';

/** What critics can measure here. */
const MEASURED = {
  js: ['Jensen-Shannon', 'real or made up: a probability'],
  'wgan-gp': ['Wasserstein (WGAN-GP)', 'a distance; slower, steadier'],
} as const satisfies Partial<Record<DivergenceName, readonly [title: string, text: string]>>;

export function advanced(plan: Plan, ready: Ready, change: Change): HTMLElement {
  const dp = isPrivate(plan.system);
  const fits = isFit(plan.system);
  const most = Math.min(1024, Math.max(1, Math.floor(rowsOf(plan, ready) / plan.partitions)));
  const number = (...[name, hint, bounds]: [PlanNumber, string, { max: number }?]) =>
    numberField(name, plan, change, hint, bounds);
  const fewer = isWeighed(plan, ready) ? ' Less often where the limit pays for little, unless you give the steps.' : '';
  return h(
    'details.advanced',
    h('summary', 'Advanced settings'),
    h(
      'div.fields',
      !fits &&
        number('batch', dp ? 'On average, for each critic: which rows, chance decides.' : 'For each critic.', {
          max: most,
        }),
      !fits && number('criticSteps', `In each step the critics learn so often, the generator once.${fewer}`),
      !fits && number('rate', 'How large a correction is; halve it where the losses jump about.'),
      dp && number('delta', 'The probability with which the limit may fail.'),
      dp && !fits && number('clipNorm', 'The most that one row may pull in a lesson; the noise is measured by it.'),
      number(
        'seed',
        dp
          ? 'The same seed begins with the same networks. The noise is fresh each time, or it would protect nothing.'
          : 'The same seed on the same computer gives the same rows.',
      ),
    ),
    dp && ready.kind === 'table' && ready.holdout > 0 ? keepBack(plan, ready, change) : null,
    fits
      ? null
      : segments('What the critics measure', MEASURED, plan.divergence as keyof typeof MEASURED, (divergence) =>
          change({ divergence }),
        ),
  );
}

/** Whether rows of a table are kept back where a guarantee needs none. */
function keepBack({ whole }: Plan, { holdout }: Ready, change: Change): HTMLElement {
  const text = `Keep ${plural(holdout, 'row')} back from training`;
  const { line } = checkbox(text, !whole, (keep) => change({ whole: !keep }));
  const hint =
    'Attacks need them, and so does the comparison with real rows that were not learnt from: both for you only. The guarantee needs neither, and the new rows are better without.';
  return h('div.field', line, h('p.hint', hint));
}
