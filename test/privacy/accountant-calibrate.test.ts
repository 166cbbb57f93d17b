/** Noise for a budget and steps for a budget, from the safe side. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Budget, epsilonBy, noiseMultiplier, stepsWithin } from '../../src/privacy/accountant/calibrate.ts';
import { gaussianSigma } from '../../src/privacy/accountant/gaussian.ts';

const near = (value: number, want: number, relative: number) =>
  assert.ok(Math.abs(value - want) <= relative * want, `${value} is not ${want} within ${relative}`);
const budget = (epsilon: number, accountant: Budget['accountant'] = 'rdp', delta = 1e-5): Budget => ({
  epsilon,
  delta,
  accountant,
});

test('published noise multipliers (systems.md 11, privacy.md 7)', () => {
  const rows: [q: number, steps: number, at10: number, at1: number][] = [
    [1 / 118, 2000, 0.596, 1.725],
    [1 / 118, 5000, 0.677, 2.551],
    [1 / 118, 10000, 0.769, 3.519],
    [1 / 118, 20000, 0.908, 4.913],
    [1 / 118, 40000, 1.121, 6.903],
    [1 / 30, 2000, 1.052, 6.115],
    [1 / 30, 5000, 1.439, 9.588],
    [1 / 30, 10000, 1.908, 13.52],
    [1 / 30, 20000, 2.601, 19.1],
  ];
  for (const [q, steps, at10, at1] of rows) {
    near(noiseMultiplier(q, steps, budget(10)).sigma, at10, 1.2e-3);
    near(noiseMultiplier(q, steps, budget(1)).sigma, at1, 1.2e-3);
  }
  near(noiseMultiplier(0.0683, 2197, budget(10)).sigma, 1.855, 1e-3);
  near(noiseMultiplier(0.0683, 2197, budget(1)).sigma, 13, 1e-3);
  near(noiseMultiplier(0.0683, 2197, budget(10, 'pld')).sigma, 1.76, 1e-3);
});

test('the multiplier never overshoots, and hardly undershoots', () => {
  for (const accountant of ['rdp', 'pld', 'discrete'] as const) {
    for (const [q, steps, epsilon] of [
      [0.01, 1000, 0.5],
      [0.2, 30, 20],
      [1, 7, 3],
      [1e-4, 100_000, 2],
    ]) {
      // Bounds at q = 1e-4 take the finest grid.
      if (accountant === 'pld' && q === 1e-4) continue;
      const found = noiseMultiplier(q, steps, budget(epsilon, accountant));
      const real = epsilonBy(accountant, [{ q, sigma: found.sigma, steps }], 1e-5);
      assert.ok(real <= epsilon && found.epsilon <= epsilon, `${accountant} ${[q, steps]}: ${real}`);
      assert.ok(found.epsilon > 0.998 * epsilon, `${accountant} ${[q, steps]}: ${found.epsilon}`);
    }
  }
});

test('q = 1 by PLD is the analytic Gaussian', () => {
  const { sigma } = noiseMultiplier(1, 25, budget(2, 'pld', 1e-6));
  near(sigma, 5 * gaussianSigma(2, 1e-6), 2e-4);
});

test('what was spent counts, and impossible budgets are refused', () => {
  const spent = [{ q: 0.01, sigma: 1, steps: 500 }];
  const more = noiseMultiplier(0.01, 500, { ...budget(2), spent }).sigma;
  assert.ok(more > noiseMultiplier(0.01, 500, budget(2)).sigma);
  assert.ok(epsilonBy('rdp', [...spent, { q: 0.01, sigma: more, steps: 500 }], 1e-5) <= 2);
  assert.throws(() => noiseMultiplier(0.01, 500, { ...budget(0.5), spent }), /no noise/);
  assert.throws(() => noiseMultiplier(0.01, 500, budget(0)), /epsilon is 0/);
  assert.throws(() => noiseMultiplier(0.01, 0, budget(1)), /no steps/);
  assert.throws(() => noiseMultiplier(2, 10, budget(1)), /q is 2/);
  assert.is(stepsWithin(0.01, 1, { ...budget(0.5), spent }), 0);
});

test('steps: the last that fits', () => {
  const steps = stepsWithin(1 / 469, 1, budget(10));
  const at = (n: number) => epsilonBy('rdp', [{ q: 1 / 469, sigma: 1, steps: n }], 1e-5);
  assert.ok(at(steps) <= 10 && at(steps + 1) > 10, `${steps}`);
  assert.ok(steps > 450_000);
  const spent = [{ q: 1 / 469, sigma: 1, steps: 1000 }];
  assert.is(stepsWithin(1 / 469, 1, { ...budget(10), spent }), steps - 1000);
  assert.is(stepsWithin(1, 0.5, budget(0.1)), 0);
  assert.is(stepsWithin(0, 1, budget(1)), 1e9);
});

test('steps by PLD: more than by RDP, within the budget, and not many more would be', () => {
  const steps = stepsWithin(0.01, 1, budget(2, 'pld'));
  const at = (n: number) => epsilonBy('pld', [{ q: 0.01, sigma: 1, steps: n }], 1e-5);
  assert.ok(steps > stepsWithin(0.01, 1, budget(2)), `${steps}`);
  assert.ok(at(steps) <= 2 && at(Math.ceil(steps * 1.002)) > 2, `${steps}`);
});

test.run();
