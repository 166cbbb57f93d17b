/** Epsilon and delta in plain words, with their numbers. */

import { relationRow } from '../../privacy/relation.ts';
import { bestGuess, plainDelta } from '../../report/blocks/guarantee.ts';
import { count, h } from '../ui/dom.ts';

const percent = (share: number): string =>
  share > 0.999 ? 'practically always' : `in ${(Math.ceil(1000 * share) / 10).toFixed(1)} % of cases`;

/** The page tells how many rows there are, and accounts for that. */
const NEIGHBOURS = relationRow('zero-out');

/** What an epsilon promises, by the best guess it leaves to anyone. */
export function epsilonText(epsilon: number, delta: number): string {
  const factor = Math.exp(epsilon);
  // Rounded up: the words must not promise more.
  const times = factor < 100 ? (Math.ceil(10 * factor) / 10).toFixed(1) : count(Math.ceil(factor));
  return `Epsilon ${epsilon} means: suppose someone knows every row of your table but one, and has to guess whether that one was in it. A coin is right in 50 % of cases; with the new rows, they are right ${percent(bestGuess(epsilon, delta))} at most. What they see is at most ${times} times as likely in the one case as in the other, apart from delta: ${NEIGHBOURS.cases}.`;
}

/** What stands behind "What are epsilon and delta?". */
export function deltaText(delta: number, rows: number): HTMLElement[] {
  return [
    h(
      'p',
      h('strong', 'Epsilon'),
      ' limits how much any single row can change what comes out. 0 would mean that no row has any influence, so nothing could be learnt. 1 is a strong promise, 3 is common for research on real people, 10 is weak but far better than none.',
    ),
    h(
      'p',
      h('strong', 'Delta'),
      ` is the small probability with which that limit may fail. It is set to ${plainDelta(delta)}, and should be well below one in the number of rows (1 / ${count(rows)}). It can be changed under Advanced settings.`,
    ),
    h(
      'p',
      'Each lesson spends a part of epsilon. Training ends by itself before the limit would be passed. A person with several rows in the table is protected less: the limit is for one row.',
    ),
  ];
}
