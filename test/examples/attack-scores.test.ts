/**
 * How well do scores tell members of the training data from others? Any attack ends here: one score for each record,
 * larger meaning "member". Accuracies come with intervals, and with what shuffled membership would give.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { attackResult, auc, tprAtFpr } from 'veilgan/attack';

test('an attack is judged by its scores', () => {
  const random = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43758.5453) % 1;
  const others = Array.from({ length: 200 }, (_, i) => random(i + 1));
  const members = Array.from({ length: 200 }, (_, i) => random(i + 1001) + 0.4); // remembered a little

  const leak = attackResult('distance', members, others);
  assert.ok(leak.accuracy > 0.65 && leak.accuracy < 0.8);
  assert.ok(leak.accuracy > leak.floor.ci95[1], 'more than shuffled membership explains');
  assert.is(auc(members, others), leak.auc);
  assert.ok(tprAtFpr(members, others, 0.01) > 0.3, 'many members lie above all others');

  const nothing = attackResult('coin', others, others);
  assert.is(nothing.accuracy, 0.5);
});

test.run();
