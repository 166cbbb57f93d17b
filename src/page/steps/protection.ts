/** The ways to make rows, K and epsilon, each with what it means. */

import { countsRows } from '../../fit/features/counts.ts';
import {
  isFit,
  isPrivate,
  measuredBy,
  type SystemName,
  type SystemRow,
  systems,
  systemsWith,
} from '../../gan/systems.ts';
import { relationRow } from '../../privacy/relation.ts';
import { bestGuess, plainDelta } from '../../report/blocks/guarantee.ts';
import type { Change } from '../fields.ts';
import type { Plan, Ready, Worth } from '../protocol.ts';
import { numberField, type Option } from '../ui/controls.ts';
import { count, explain, h, put } from '../ui/dom.ts';
import { mostPartitions, NOUNS, rowsOf, systemsFor } from './plan.ts';

/** Systems in plain words; one without any is told by its row. */
const WORDS: Partial<Record<SystemName, readonly [title: string, text: string]>> = {
  gan: [
    'No guarantee, best looking',
    'One network makes rows, another, the critic, tells them from real ones; both learn from each other. Nothing limits what the rows give away about single people.',
  ],
  pargan: [
    'Split among several critics',
    'Each critic sees a part of your rows only. What the rows share is learnt, what is special to one should be learnt less. Its authors found that it leaks less; nothing guarantees it.',
  ],
  'dp-marginals': [
    'Guaranteed, for tables',
    'How often each value occurs, and each pair of values of two columns, is counted once, with noise. New rows are then made to fit those counts. A limit, epsilon, holds on what anyone can find out about one row. On tables it is far better than the other guaranteed ways: at epsilon 1 pairs of columns of census data are off by 2 %, where noise on a critic leaves 18 % or more.',
  ],
  'dp-features': [
    'Guaranteed, by one noisy sum',
    'Features of all yours, such as the strokes of images, are summed by class, once, with noise. New ones are then made to come to the same sums. A limit, epsilon, holds on what anyone can find out about one of yours. It shows what those of a class have in common, not fine detail; noise on a critic takes far longer to get there.',
  ],
  dpgan: [
    'Guaranteed, by noise on a critic',
    'Measured noise goes into every lesson of the critic. A limit, epsilon, then holds on what anyone can find out about one row, whatever they know. The rows look rougher.',
  ],
  'dp-pargan': [
    'Guaranteed and split',
    'Both: noise, and several critics that each see a part of the rows. Needs many rows, 10,000 or more, to look good.',
  ],
};

/** A card for each system that can learn from such data. */
export const cardsFor = (ready: Ready): Option<SystemName>[] =>
  systemsFor(ready).map((value) => {
    const row: SystemRow = systems[value];
    const [title, text] = WORDS[value] ?? [row.title, row.summary];
    return { value, title, text, name: row.private ? `${row.title}: differential privacy` : row.title };
  });

/** `Guaranteed (DPGAN)`. */
export const cardTitle = (system: SystemName): string => `${WORDS[system]?.[0] ?? system} (${systems[system].title})`;

/** What is said of a plan whose limit pays for too few steps to learn much; nothing where it pays for enough. */
export function fewLine({ steps, criticSteps, epsilon }: Plan, { updates, least }: Worth): string {
  const paid = Math.floor(updates / criticSteps);
  if (paid >= Math.min(least, steps)) return '';
  const better = cardTitle(systemsWith({ measures: 'tables' })[0]);
  return `Epsilon ${epsilon} pays for ${count(paid)} of them only, too few to learn much; the others have to be bought with more noise. \u201c${better}\u201d makes far better rows at such a limit.`;
}

/**
 * K and epsilon, as far as the system has them.
 * @param known of tables the fields that say what need not be paid for
 */
export function protectionFields(plan: Plan, ready: Ready, change: Change, known?: HTMLElement): HTMLElement[] {
  const out: HTMLElement[] = [];
  const rows = rowsOf(plan, ready);
  if (systems[plan.system].critics === 'many') {
    const share = h('p.hint');
    const tell = (k: number) => {
      const part = `Each critic sees about ${count(Math.floor(rows / k))} of your ${count(rows)} rows.`;
      put(share, Number.isNaN(k) ? '' : part);
    };
    const changed = ({ partitions = 1 }: Partial<Plan>) => {
      tell(partitions);
      const batch = Number.isNaN(partitions) ? plan.batch : Math.min(plan.batch, Math.floor(rows / partitions));
      change({ partitions, batch });
    };
    tell(plan.partitions);
    const hint = 'The more there are, the fewer rows each of them sees, and the slower they learn; 2 to 10 is usual.';
    out.push(numberField('partitions', plan, changed, hint, { max: Math.max(2, mostPartitions(rows)) }), share);
  }
  if (isPrivate(plan.system)) out.push(epsilonField(plan, ready, change, known));
  if (isFit(plan.system) && measuredBy(plan.system) === 'features') out.push(h('p.hint', classesText(ready)));
  return out;
}

/** What is assumed of classes, and what of them counts as public. */
function classesText({ kind, classes }: Ready): string {
  const noun = NOUNS[kind];
  if (classes === undefined) return `There are no labels, so all ${noun}s are taken for one class.`;
  return `That there are ${count(classes)} classes counts as public. How many ${noun}s each of them has is not looked at: ${countsRows.balanced.said}.`;
}

/** Epsilons that a button sets. */
const QUICK: readonly [epsilon: number, word: string][] = [
  [1, 'strong'],
  [3, 'medium'],
  [10, 'weak'],
];

function epsilonField(plan: Plan, ready: Ready, change: Change, known?: HTMLElement): HTMLElement {
  const noun = NOUNS[ready.kind];
  const meaning = h('p.meaning');
  const tell = (epsilon: number) => put(meaning, Number.isNaN(epsilon) ? '' : epsilonText(epsilon, plan.delta, noun));
  const changed = (fields: Partial<Plan>, matters?: boolean) => {
    tell(fields.epsilon as number);
    change(fields, matters);
  };
  const limit = numberField('epsilon', plan, changed, `Small protects better and makes rougher ${noun}s.`);
  const set = (value: number) => {
    const input = limit.querySelector('input') as HTMLInputElement;
    input.value = String(value);
    input.dispatchEvent(new Event('input'));
  };
  tell(plan.epsilon);
  return h(
    'div.epsilon',
    limit,
    h(
      'div.buttons',
      QUICK.map(([value, word]) =>
        h('button.quiet', { type: 'button', onclick: () => set(value) }, `${value}: ${word}`),
      ),
    ),
    meaning,
    explain('What are epsilon and delta?', ...deltaText(plan.delta, rowsOf(plan, ready), noun)),
    known,
  );
}

const percent = (share: number): string =>
  share > 0.999 ? 'practically always' : `in ${(Math.ceil(1000 * share) / 10).toFixed(1)} % of cases`;

/** The page tells how many rows there are, and accounts for that. */
const NEIGHBOURS = relationRow('zero-out');

/** What an epsilon promises, by the best guess it leaves to anyone. */
function epsilonText(epsilon: number, delta: number, noun: string): string {
  const factor = Math.exp(epsilon);
  // Rounded up: the words must not promise more.
  const times = factor < 100 ? (Math.ceil(10 * factor) / 10).toFixed(1) : count(Math.ceil(factor));
  return `Epsilon ${epsilon} means: suppose someone knows all of your ${noun}s but one, and has to guess whether that one was among them. A coin is right in 50 % of cases; with the new ${noun}s, they are right ${percent(bestGuess(epsilon, delta))} at most. What they see is at most ${times} times as likely in the one case as in the other, apart from delta: ${NEIGHBOURS.cases}.`;
}

/** What stands behind "What are epsilon and delta?". */
const deltaText = (delta: number, rows: number, noun: string): (HTMLElement | string)[] => [
  h(
    'p',
    h('strong', 'Epsilon'),
    ` limits how much any single ${noun} can change what comes out. 0 would mean that no ${noun} has any influence, so nothing could be learnt. 1 is a strong promise, 3 is common for research on real people, 10 is weak but far better than none.`,
  ),
  h(
    'p',
    h('strong', 'Delta'),
    ` is the small probability with which that limit may fail. It is set to ${plainDelta(delta)}, and should be well below one in the number of ${noun}s (1 / ${count(rows)}). It can be changed under Advanced settings.`,
  ),
  `Whatever looks at your ${noun}s spends a part of epsilon, and ends before the limit would be passed. A person with several ${noun}s among them is protected less: the limit is for one ${noun}.`,
];
