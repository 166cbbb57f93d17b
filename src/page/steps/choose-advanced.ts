/** The settings that most people leave as they are. */

import { isPrivateSystem, type Plan, type Ready } from '../protocol.ts';
import { numberInput, radios } from '../ui/controls.ts';
import { field, h } from '../ui/dom.ts';

export function advanced(
  plan: Plan,
  { rows }: Ready,
  change: (fields: Partial<Plan>, matters?: boolean) => void,
): HTMLElement {
  const dp = isPrivateSystem(plan.system);
  const most = Math.max(1, Math.floor(rows / plan.partitions));
  const fields = [
    field(
      'Rows a lesson (batch size)',
      numberInput(plan.batch, { min: 1, max: Math.min(1024, most), whole: true }, (batch) => change({ batch })),
      dp ? 'On average, for each critic: which rows, chance decides.' : 'For each critic.',
    ),
    field(
      'Critic lessons a step',
      numberInput(plan.criticSteps, { min: 1, max: 100, whole: true }, (criticSteps) => change({ criticSteps })),
      'In each step the critics learn so often, the generator once.',
    ),
    field(
      'Learning rate',
      numberInput(plan.rate, { min: 1e-6, max: 0.1 }, (rate) => change({ rate }, false)),
      'How large a correction is; halve it where the losses jump about.',
    ),
    dp
      ? field(
          'Delta',
          numberInput(plan.delta, { min: 1e-12, max: 0.01 }, (delta) => change({ delta }, false)),
          'The probability with which the limit may fail.',
        )
      : null,
    dp
      ? field(
          'Clip norm',
          numberInput(plan.clipNorm, { min: 0.001, max: 1000 }, (clipNorm) => change({ clipNorm }, false)),
          'The most that one row may pull in a lesson; the noise is measured by it.',
        )
      : null,
    field(
      'Seed',
      numberInput(plan.seed, { min: 0, max: 4_294_967_295, whole: true }, (seed) => change({ seed }, false)),
      dp
        ? 'The same seed begins with the same networks. The noise is fresh each time, or it would protect nothing.'
        : 'The same seed on the same computer gives the same rows.',
    ),
  ];
  return h(
    'details.advanced',
    h('summary', 'Advanced settings'),
    h('div.fields', fields),
    radios(
      'What the critics measure',
      [
        { value: 'js', title: 'Jensen-Shannon', text: 'real or made up: a probability' },
        { value: 'wgan-gp', title: 'Wasserstein (WGAN-GP)', text: 'a distance; slower, steadier' },
      ],
      plan.divergence,
      (divergence: Plan['divergence']) => change({ divergence }),
      'segments',
    ),
  );
}
