/** From a budget to settings: what is planned stays within it, and what a configuration is told to pay for is what it pays for. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePrivate } from '../../src/gan/private/config.ts';
import { FEW_STEPS, forBudget, stepsPaid } from '../../src/gan/private/planner.ts';
import { Schedule, updatesBehind } from '../../src/gan/private/schedule.ts';
import { encodingPrice, epsilonOf, FREE, stepsFor } from '../../src/privacy/budget.ts';

const ROWS = 5000;
const TUNED = { epsilon: 8, noiseMultiplier: 1.5 };
/** RDP, whose searches are fast; the rules are the same. */
const base = { partitions: 1, batch: 256, criticSteps: 5, steps: 1_000_000, accountant: 'rdp', delta: 1e-5 } as const;
const asked = (epsilon: number, more: object = {}) => parsePrivate({ ...base, epsilon, ...more });
const q = 256 / ROWS;

test('the settings for a budget use all of it and no more, what the encoding costs included', () => {
  for (const [epsilon, more, encoded] of [
    [1, {}, false],
    [1, {}, true],
    [3, { relation: 'replace-one' }, true],
    [8, {}, true],
    [2, { burst: 20 }, false],
    [1, { accountant: 'pld', batch: 512 }, true],
  ] as const) {
    const config = asked(epsilon, more);
    const { delta, accountant, relation } = config;
    const budget = { epsilon, delta, encoderEpsilon: 0, accountant, mechanism: 'gaussian' } as const;
    const neighbours = relation === 'replace-one' ? relation : 'zero-out';
    const paid = encoded ? encodingPrice({ ...budget, relation: neighbours }, [{ kind: 'category' }]) : FREE;
    const found = forBudget(config, TUNED, ROWS, paid);
    const made = { q: config.batch / ROWS, sigma: found.noiseMultiplier, steps: updatesBehind(found, found.steps) };
    const terms = { relation: neighbours, encoding_epsilon: paid.epsilon, encoding_delta: paid.delta };
    const { rdp, pld } = epsilonOf([made], delta, terms);
    const spent = accountant === 'pld' ? (pld ?? Number.NaN) : rdp;
    assert.ok(spent <= epsilon && spent > 0.998 * epsilon, `${JSON.stringify([epsilon, more])}: ${spent}`);
    assert.is(stepsPaid(found, ROWS, paid), found.steps);
  }
});

test('a larger budget: more updates, less noise, no fewer lessons; few updates: fewer lessons a step', () => {
  const found = [0.05, 0.3, 1, 2, 4, 8, 16].map((epsilon) => forBudget(asked(epsilon), TUNED, ROWS));
  for (const [i, { steps, criticSteps, noiseMultiplier }] of found.entries()) {
    assert.ok(criticSteps >= 1 && criticSteps <= 5 && steps >= FEW_STEPS, `${steps} of ${criticSteps}`);
    // As many lessons as leave 150 steps.
    assert.ok(criticSteps === 1 || steps >= 150, `${steps} of ${criticSteps}`);
    assert.ok(criticSteps === 5 || steps * criticSteps < 150 * (criticSteps + 1) + criticSteps);
    if (i === 0) continue;
    const before = found[i - 1];
    assert.ok(steps * criticSteps >= before.steps * before.criticSteps && criticSteps >= before.criticSteps);
    assert.ok(noiseMultiplier < before.noiseMultiplier, `${noiseMultiplier} after ${before.noiseMultiplier}`);
  }
  assert.equal([found[0].steps, found[0].criticSteps], [FEW_STEPS, 1]);
  assert.is(found[6].criticSteps, 5);
  // At the budget that was tuned for: what its noise pays for, at that noise.
  const { steps, noiseMultiplier } = found[5];
  const known = stepsFor({ q, sigma: 1.5 }, { ...asked(8), mechanism: 'gaussian', relation: 'zero-out' });
  assert.is(steps, Math.ceil(known / 5));
  assert.ok(Math.abs(noiseMultiplier / 1.5 - 1) < 0.01, `${noiseMultiplier}`);
  // Half the budget: (1 / 2)^0.7 of them.
  assert.ok(Math.abs((found[4].steps * 5) / known - 2 ** -0.7) < 0.01);
});

test('steps that are paid for: of the updates of a budget as many as the schedule makes whole steps of', () => {
  for (const [criticSteps, burst] of [
    [1, 0],
    [5, 0],
    [2, 100],
    [3, 1],
    [7, 4000],
  ]) {
    for (const sigma of [1.5, 3, 5.3, 11]) {
      const config = asked(4, { criticSteps, burst, noiseMultiplier: sigma, steps: 700 });
      const updates = stepsFor({ q, sigma }, { ...config, mechanism: 'gaussian', relation: 'zero-out' });
      const schedule = new Schedule(config);
      let [steps, made] = [0, 0];
      while (steps < 700 && made + schedule.updates(steps) <= updates) made += schedule.updates(steps++);
      assert.is(stepsPaid(config, ROWS), steps, JSON.stringify([criticSteps, burst, sigma, updates]));
    }
  }
  const few = asked(1, { noiseMultiplier: 0.5, burst: 500 });
  assert.is(stepsPaid(few, ROWS), 0);
  assert.is(stepsPaid(asked(0, { noiseMultiplier: 1, steps: 30 }), ROWS), 30, 'no budget, no limit');
  assert.is(stepsPaid(asked(1, { noiseMultiplier: 1, adaptive: 0.6 }), ROWS), Number.POSITIVE_INFINITY);
  const paid = { epsilon: 0.4, delta: 1e-6 };
  const sure = asked(1, { noiseMultiplier: 6 });
  assert.ok(stepsPaid(sure, ROWS, paid) < stepsPaid(sure, ROWS));
});

test.run();
