/** The four ways to make rows, K and epsilon, each with what it means. */

import { isPrivateSystem, type Plan, type Ready, type SystemName } from '../protocol.ts';
import { numberInput } from '../ui/controls.ts';
import { count, explain, field, h, put } from '../ui/dom.ts';
import { deltaText, epsilonText } from './meaning.ts';
import { mostPartitions } from './plan.ts';

export const SYSTEMS: Readonly<Record<SystemName, { title: string; name: string; text: string }>> = {
  gan: {
    title: 'No guarantee, best looking',
    name: 'GAN',
    text: 'One network makes rows, another, the critic, tells them from real ones; both learn from each other. Nothing limits what the rows give away about single people.',
  },
  pargan: {
    title: 'Split among several critics',
    name: 'PAR-GAN',
    text: 'Each critic sees a part of your rows only. What the rows share is learnt, what is special to one should be learnt less. Its authors found that it leaks less; nothing guarantees it.',
  },
  dpgan: {
    title: 'Guaranteed',
    name: 'DPGAN: differential privacy',
    text: 'Measured noise goes into every lesson of the critic. A limit, epsilon, then holds on what anyone can find out about one row, whatever they know. The rows look rougher.',
  },
  'dp-pargan': {
    title: 'Guaranteed and split',
    name: 'DP-PAR-GAN',
    text: 'Both: noise, and several critics that each see a part of the rows. Needs many rows, 10,000 or more, to look good.',
  },
};

/**
 * K and epsilon, as far as the system has them.
 * @param known of tables the fields that say what need not be paid for
 */
export function protectionFields(
  plan: Plan,
  { rows }: Ready,
  change: (fields: Partial<Plan>) => void,
  known?: HTMLElement,
): HTMLElement[] {
  const out: HTMLElement[] = [];
  if (plan.partitions > 1 || plan.system === 'pargan' || plan.system === 'dp-pargan') {
    const most = mostPartitions(rows);
    const share = h('p.hint');
    const tell = (k: number) =>
      put(
        share,
        Number.isNaN(k) ? '' : `Each critic sees about ${count(Math.floor(rows / k))} of your ${count(rows)} rows.`,
      );
    const input = numberInput(plan.partitions, { min: 2, max: Math.max(2, most), whole: true }, (partitions) => {
      tell(partitions);
      change({
        partitions,
        batch: Number.isNaN(partitions) ? plan.batch : Math.min(plan.batch, Math.floor(rows / partitions)),
      });
    });
    tell(plan.partitions);
    out.push(
      field(
        'Number of critics (K)',
        input,
        'The more there are, the fewer rows each of them sees, and the slower they learn; 2 to 10 is usual.',
      ),
      share,
    );
  }
  if (isPrivateSystem(plan.system)) out.push(epsilonField(plan, rows, change, known));
  return out;
}

function epsilonField(
  plan: Plan,
  rows: number,
  change: (fields: Partial<Plan>) => void,
  known?: HTMLElement,
): HTMLElement {
  const meaning = h('p.meaning');
  const tell = (epsilon: number) => put(meaning, Number.isNaN(epsilon) ? '' : epsilonText(epsilon, plan.delta));
  const input = numberInput(plan.epsilon, { min: 0.1, max: 100 }, (epsilon) => {
    tell(epsilon);
    change({ epsilon });
  });
  const quick = [1, 3, 10].map((value) =>
    h(
      'button.quiet',
      {
        type: 'button',
        onclick: () => {
          input.value = String(value);
          input.dispatchEvent(new Event('input'));
        },
      },
      `${value}: ${value === 1 ? 'strong' : value === 3 ? 'medium' : 'weak'}`,
    ),
  );
  tell(plan.epsilon);
  return h(
    'div.epsilon',
    field('The limit (epsilon)', input, 'Small protects better and makes rougher rows.'),
    h('div.quick', quick),
    meaning,
    explain('What are epsilon and delta?', deltaText(plan.delta, rows)),
    known,
  );
}
