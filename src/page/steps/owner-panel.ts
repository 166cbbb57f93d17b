/** What only the owner should see: attacks on the model, which look at real rows and which no guarantee covers. */

import type { AttackScore } from '../protocol.ts';
import { checkbox } from '../ui/controls.ts';
import { count, explain, h, newId, plural, put } from '../ui/dom.ts';
import type { Run } from './run.ts';

/** The attacks that are shown, by name; with one critic they are all alike. */
const NAMES: Readonly<Record<string, (critics: number) => string>> = {
  'white-box-max': (k) => (k > 1 ? 'by the surest of the critics' : 'by asking the critic'),
  'white-box-mean': (k) => (k > 1 ? 'by all critics together' : ''),
  'nearest-sample': () => 'by how near the closest of the new ones is',
  'white-box-own': (k) => (k > 1 ? 'by the critic that the row would have been shown to' : ''),
};

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

function scoreView({ accuracy, low, high, step }: AttackScore, how: string): HTMLElement {
  const leak = low > 0.5;
  const verdict = leak ? 'More than a coin: something leaks.' : 'That could be a coin: no leak to be seen.';
  return h(
    'li',
    h('strong', { class: leak ? 'bad' : 'good' }, `${percent(accuracy)} right`),
    ` ${how} (95 % sure: ${percent(low)} to ${percent(high)}; step ${count(step)}). ${verdict}`,
  );
}

/** A box of its own, marked; attacks run only while its switch is on. */
export function ownerPanel(run: Run, holdout: number, dp: boolean): { element: HTMLElement; draw: () => void } {
  const heading = h('h3', { id: newId('owner') }, 'For you only: is it leaking?');
  const list = h('ul.plain');
  const wait = h('p.hint');
  const { box, line } = checkbox('Attack what there is from time to time', run.watched, (on) => {
    void run.watch(on);
    draw();
  });
  const warning = dp
    ? 'This looks at your real rows, and epsilon does not cover what it says. It is off unless you switch it on. Do not pass it on, and do not choose by it when to stop.'
    : 'This looks at your real rows: keep what it says to yourself.';
  const howOf = ({ name }: AttackScore) => NAMES[name]?.(run.plan.partitions) ?? '';
  const draw = () => {
    const shown = run.scores.filter((score) => howOf(score) !== '');
    put(list, box.checked ? shown.map((score) => scoreView(score, howOf(score))) : []);
    put(wait, box.checked && run.scores.length === 0 ? 'The first attack comes within moments.' : '');
  };
  const element =
    holdout > 0
      ? h(
          'section.panel.owner',
          { 'aria-labelledby': heading.id },
          heading,
          h('p', h('strong', 'Outside the guarantee. '), warning),
          h('p', line),
          wait,
          list,
          explain(
            'What is attacked, and how?',
            `${plural(holdout, 'row')} were kept back from training. The attack is shown rows that were trained on and rows that were kept back, in equal numbers, and has to say which is which. A coin is right in 50 % of cases; clearly more means that what was trained on can be told.`,
          ),
        )
      : h('div');
  return { element, draw };
}
