/** Exact tails: against closed forms, and laws that are known otherwise. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FALSE_ALARM, failed, smallest } from '../../src/attack/audit/family.ts';
import { binomialBelow, binomialMass, binomialTail, binomialTwoSided } from '../../src/base/maths/binomial.ts';
import { chiSquare, correlationP, incompleteGamma, lawP, varianceInterval } from '../../src/base/maths/chi-square.ts';
import { logTail, tail } from '../../src/base/maths/normal.ts';

const near = (actual: number, expected: number, relative: number, what = '') =>
  assert.ok(
    Math.abs(actual - expected) <= relative * Math.abs(expected) + 1e-300,
    `${what} ${actual}, not ${expected}`,
  );

/** P[chi-square of 2 m > x]: the Poisson sum e^-y (1 + y + ... + y^(m - 1) / (m - 1)!), y = x / 2. */
function poissonSum(m: number, x: number): number {
  let [term, sum] = [-x / 2, 0];
  for (let j = 0; j < m; j++) {
    sum += Math.exp(term);
    term += Math.log(x / 2 / (j + 1));
  }
  return sum;
}

test('chi-square tails are the closed forms, far out too', () => {
  for (const m of [1, 2, 7, 11, 12, 30, 500, 4000]) {
    for (const share of [0.2, 0.7, 0.95, 1, 1.05, 1.5, 3]) {
      const x = 2 * m * share;
      const { below, above } = chiSquare(2 * m, x);
      const expected = poissonSum(m, x);
      if (expected > 1e-280) near(above, expected, 1e-10 + m * 1e-13, `${2 * m} at ${x}:`);
      near(below + above, 1, 1e-12);
    }
  }
  for (const x of [0.01, 1, 9, 30]) near(Math.log(chiSquare(1, x * x).above / 2), logTail(x), 1e-12);
  near(chiSquare(3, 1e-8).below, ((1e-8 / 2) ** 1.5 * 4) / (3 * Math.sqrt(Math.PI)), 1e-8);
  // A million of them are nearly normal.
  near(chiSquare(1e6, 1e6 + 5 * Math.sqrt(2e6)).above, tail(5), 0.1);
  near(chiSquare(1e6, 1e6 - 5 * Math.sqrt(2e6)).below, tail(5), 0.1);
  assert.equal(incompleteGamma(3, 0), { below: 0, above: 1 });
  assert.equal(chiSquare(4, Number.POSITIVE_INFINITY), { below: 1, above: 0 });
});

test('an interval of a variance has both of its tails', () => {
  for (const n of [1, 20, 3000]) {
    const [low, high] = varianceInterval(n, 1.3 * n, 0.9);
    near(chiSquare(n, (1.3 * n) / low).above, 0.05, 1e-6);
    near(chiSquare(n, (1.3 * n) / high).below, 0.05, 1e-6);
  }
});

test('correlations: two and three pairs have closed forms', () => {
  for (const r of [0, 0.3, 0.9, 0.9999]) {
    near(correlationP(2, r * 6, 4, 9), (2 / Math.PI) * Math.acos(r), 1e-9);
    near(correlationP(3, -r * 6, 4, 9), 1 - r, 1e-9);
  }
  // For many pairs sqrt(n) r is normal.
  near(correlationP(1e5, 6 / Math.sqrt(1e5), 1, 1), 2 * tail(6), 0.03);
  assert.is(correlationP(10, 4, 4, 4), 0);
  assert.is(correlationP(10, 0, 0, 4), 1);
});

test('binomial tails on either side, and masses', () => {
  const [n, p] = [40, 0.3];
  for (let k = 0; k <= n; k++) {
    assert.ok(Math.abs(binomialBelow(n, p, k) - binomialBelow(n, p, k - 1) - binomialMass(n, p, k)) < 1e-12);
    near(binomialBelow(n, p, k) + binomialTail(n, p, k + 1), 1, 1e-12);
  }
  const masses = Array.from({ length: 601 }, (_, k) => binomialMass(3000, 0.4, k));
  near(
    binomialBelow(3000, 0.4, 600),
    masses.reduce((a, b) => a + b),
    1e-8,
  );
  assert.is(binomialTwoSided(0, 0.5, 0), 1);
  near(binomialTwoSided(10, 0.5, 0), 2 ** -9, 1e-12);
});

test('a law: the bound of Dvoretzky, Kiefer, Wolfowitz and Massart', () => {
  near(lawP(1000, 0.1), 2 * Math.exp(-20), 1e-12);
  assert.is(lawP(1000, -1), 1);
});

test("verdicts: Holm's rule, and what is no number fails", () => {
  const check = (p: number) => ({ name: `${p}`, p, found: '' });
  assert.equal(failed([check(0.3), check(2e-7), check(1)]), [check(2e-7)]);
  assert.equal(failed([check(0.3), check(4e-7), check(1)]), []);
  assert.equal(
    failed([check(1e-8), check(4e-7), check(1)]).map(({ p }) => p),
    [1e-8, 4e-7],
  );
  assert.is(failed([check(Number.NaN), check(1)]).length, 1);
  assert.equal(failed([]), []);
  assert.is(smallest('all', [check(0.01), check(0.2)]).p, 0.02);
  assert.is(FALSE_ALARM, 1e-6);
});

test.run();
