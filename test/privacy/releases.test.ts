/** What measured tables cost: zCDP, the privacy-loss distribution of discrete Gaussians, and the noise that a budget asks for. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gaussianEpsilon } from '../../src/privacy/accountant/gaussian.ts';
import { rdpEpsilon } from '../../src/privacy/accountant/rdp.ts';
import {
  releaseRho,
  sigmaGrid,
  tablesAt,
  tablesEpsilon,
  tablesScale,
  varianceOf,
  zcdpEpsilon,
  zcdpRho,
} from '../../src/privacy/accountant/releases.ts';
import { releaseBudget, sigmaFor, tableSigma, tablesPrice } from '../../src/privacy/measure-budget.ts';
import { RELATION_NAMES, RELATIONS } from '../../src/privacy/relation.ts';
import { failure } from '../support/failure.ts';

const tables = (sigma: number, steps: number) => ({ q: 1, sigma, steps });
const near = (value: number, want: number, relative: number) =>
  assert.ok(Math.abs(value - want) <= relative * Math.abs(want), `${value} is not ${want} +- ${relative}`);

/** Outcomes of noise with the given parameters in that many cells, all moved by one: their probability and their loss. */
function outcomes(sigmas: readonly number[]): { p: number; loss: number }[] {
  let all = [{ p: 1, loss: 0 }];
  for (const sigma of sigmas) {
    const most = Math.ceil(9 * sigma);
    const weights = Array.from({ length: 2 * most + 1 }, (_, i) => Math.exp(-((i - most) ** 2) / (2 * sigma ** 2)));
    const sum = weights.reduce((a, b) => a + b);
    const next = new Map<number, { p: number; loss: number }>();
    for (const { p, loss } of all) {
      weights.forEach((weight, i) => {
        // ln of P[k] over P[k + 1], as the other data set has it.
        const k = i - most;
        const at = loss + ((k + 1) ** 2 - k ** 2) / (2 * sigma ** 2);
        const key = Math.round(at * 1e9);
        const found = next.get(key);
        if (found) found.p += (p * weight) / sum;
        else next.set(key, { p: (p * weight) / sum, loss: at });
      });
    }
    all = [...next.values()];
  }
  return all;
}

/** The least epsilon, by the definition of the hockey-stick divergence. */
function exactEpsilon(sigmas: readonly number[], delta: number): number {
  const all = outcomes(sigmas);
  const curve = (epsilon: number) =>
    all.reduce((sum, { p, loss }) => sum + (loss > epsilon ? -p * Math.expm1(epsilon - loss) : 0), 0);
  if (curve(0) <= delta) return 0;
  let [low, high] = [0, 1000];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (curve(middle) > delta) low = middle;
    else high = middle;
  }
  return high;
}

test('tables of one sigma: by brute force, to charged rounding', () => {
  for (const [sigma, steps, delta] of [
    [0.5, 1, 1e-5],
    [0.5, 6, 1e-5],
    [0.3, 4, 1e-3],
    [1, 1, 1e-5],
    [1, 3, 1e-9],
    [1, 30, 1e-6],
    [4, 10, 1e-5],
    [2.5, 2, 0.2],
  ]) {
    const want = exactEpsilon(Array(steps).fill(sigma), delta);
    const { upper, lower } = tablesEpsilon([tables(sigma, steps)], delta, 'add-remove');
    assert.ok(lower <= want + 1e-9 && want <= upper + 1e-9, `${lower} ${want} ${upper}`);
    near(upper, want, 1e-7);
    near(lower, want, 1e-7);
  }
});

test('tables of several sigmas: by brute force, between the bounds, which are close', () => {
  for (const [sigmas, delta] of [
    [[0.5, 0.8], 1e-5],
    [[0.4, 1.3, 2], 1e-6],
    [[1, 1, 1.5, 3], 1e-5],
    [[2, 2.5, 3.1], 1e-9],
    [[5, 7], 0.01],
  ] as const) {
    const want = exactEpsilon(sigmas, delta);
    const phases = sigmas.map((sigma) => tables(sigma, 1));
    const { upper, lower } = tablesEpsilon(phases, delta, 'zero-out');
    assert.ok(lower <= want && want <= upper, `${sigmas}: ${lower} ${want} ${upper}`);
    near(upper, lower, 1e-3);
    near(upper, want, 3e-4);
  }
});

test('of wide noise what Gaussian noise costs; below, not', () => {
  for (const [sigma, steps] of [
    [3, 40],
    [3, 105],
    [8, 1],
    [15.3, 105],
    [40, 7],
    [255, 105],
    [256, 105],
    [5000, 300],
  ]) {
    const want = gaussianEpsilon(1e-5, Math.sqrt(steps) / sigma);
    const { upper, lower } = tablesEpsilon([tables(sigma, steps)], 1e-5, 'add-remove');
    near(upper, want, 1e-3);
    assert.ok(lower <= upper && lower > want * (1 - 1e-3));
  }
  near(tablesEpsilon([tables(15.3, 105)], 1e-5, 'add-remove').upper, 2.76772, 1e-5);
  const { upper, lower } = tablesEpsilon([tables(1, 1)], 1e-5, 'add-remove');
  assert.ok(Math.min(upper, lower) > 1.01 * gaussianEpsilon(1e-5, 1));
  // The two ways of bounding meet.
  const [narrow, wide] = [255.99, 256].map((sigma) => tablesEpsilon([tables(sigma, 1000)], 1e-6, 'add-remove'));
  near(narrow.upper, wide.upper, 1e-4);
  assert.ok(wide.lower <= narrow.upper && narrow.lower <= wide.upper * (1 + 1e-4));
});

test('a hundred tables of a hundred sigmas, and what is no longer small', () => {
  const many = Array.from({ length: 105 }, (_, i) => tables(10 + i / 7, 1));
  const mu = Math.hypot(...many.map(({ sigma }) => 1 / sigma));
  const { upper, lower } = tablesEpsilon(many, 1e-5, 'add-remove');
  near(upper, gaussianEpsilon(1e-5, mu), 3e-4);
  near(lower, upper, 1e-3);
  near(tablesEpsilon([tables(200, 1e5)], 1e-5, 'add-remove').upper, gaussianEpsilon(1e-5, Math.sqrt(1e5) / 200), 1e-3);
  const far = tablesEpsilon([tables(3, 5), tables(4, 5)], 1e-100, 'add-remove');
  assert.ok(
    far.lower < far.upper && far.upper <= zcdpEpsilon(releaseRho([tables(3, 5), tables(4, 5)], 'add-remove'), 1e-100),
  );
  near(far.lower, far.upper, 1e-3);
});

test('replacing a record moves two cells of each table, in rho and in the distribution', () => {
  for (const sigma of [0.7, 2, 20]) {
    const [one, two] = [tables(sigma, 3), tables(sigma, 6)];
    assert.is(releaseRho([one], 'replace-one'), releaseRho([two], 'add-remove'));
    assert.is(releaseRho([one], 'zero-out'), 3 / (2 * sigma * sigma));
    assert.equal(tablesEpsilon([one], 1e-5, 'replace-one'), tablesEpsilon([two], 1e-5, 'add-remove'));
  }
});

test('the order of tables and how they are grouped does not matter; no tables cost nothing', () => {
  const [a, b, c] = [tables(2, 1), tables(3, 2), tables(2, 4)];
  assert.equal(tablesEpsilon([a, b, c], 1e-5, 'add-remove'), tablesEpsilon([tables(2, 5), b], 1e-5, 'add-remove'));
  near(tablesEpsilon([b, a, c], 1e-5, 'add-remove').upper, tablesEpsilon([a, b, c], 1e-5, 'add-remove').upper, 1e-9);
  assert.equal(tablesEpsilon([], 1e-5, 'add-remove'), { upper: 0, lower: 0, nodes: 0 });
  assert.is(releaseRho([], 'add-remove') + zcdpEpsilon(0, 1e-5), 0);
});

test('zCDP: the RDP of Gaussian noise, below the textbook formula; and back', () => {
  for (const rho of [1e-6, 0.003, 0.5, 7, 400]) {
    for (const delta of [1e-3, 1e-9]) {
      const epsilon = zcdpEpsilon(rho, delta);
      near(epsilon, rdpEpsilon([tables(Math.sqrt(1 / (2 * rho)), 1)], delta).epsilon, 1e-9);
      assert.ok(epsilon < rho + 2 * Math.sqrt(rho * -Math.log(delta)));
      if (epsilon === 0) continue;
      const back = zcdpRho(epsilon, delta);
      near(back, rho, 1e-8);
      assert.ok(back < rho && zcdpEpsilon(back, delta) <= epsilon && zcdpEpsilon(back * (1 + 1e-8), delta) > epsilon);
    }
  }
  // By hand, at the order that is best for it: rho a + ln(1 - 1 / a) - (ln delta + ln a) / (a - 1).
  const at = (a: number) => 0.5 * a + Math.log1p(-1 / a) - (Math.log(1e-5) + Math.log(a)) / (a - 1);
  const least = Math.min(...Array.from({ length: 4000 }, (_, i) => at(1.5 + i / 400)));
  near(zcdpEpsilon(0.5, 1e-5), least, 1e-6);
});

test('the scale of tables fits a budget, and hardly less noise does', () => {
  for (const [weights, epsilon, relation] of [
    [[{ tables: 105, relative: 1 }], 1, 'add-remove'],
    [[{ tables: 105, relative: 1 }], 3, 'replace-one'],
    [[{ tables: 1, relative: 1 }], 12, 'zero-out'],
    [
      [
        { tables: 14, relative: 2 },
        { tables: 91, relative: 1 },
      ],
      8,
      'zero-out',
    ],
    [
      [
        { tables: 3, relative: 0.3 },
        { tables: 2, relative: 5 },
      ],
      40,
      'add-remove',
    ],
  ] as const) {
    const scale = tablesScale(weights, { epsilon, delta: 1e-5, relation });
    const at = (s: number) => tablesEpsilon(tablesAt(weights, s), 1e-5, relation);
    const { upper, lower } = at(scale);
    assert.ok(upper <= epsilon && lower > 0.998 * epsilon, `${scale}: ${lower} to ${upper} of ${epsilon}`);
    assert.ok(at(scale * 0.99).upper > epsilon);
    assert.is(scale, sigmaGrid(scale));
  }
  near(
    tablesScale([{ tables: 105, relative: 1 }], { epsilon: 2.76772, delta: 1e-5, relation: 'add-remove' }),
    15.3,
    2e-4,
  );
  assert.is(
    tablesScale([{ tables: 1, relative: 0.5 }], { epsilon: 1e7, delta: 1e-5, relation: 'add-remove' }),
    21 / 1024,
  );
});

test('sigmas on the grid have an exact variance, and are rounded up', () => {
  for (const sigma of [0.01, 0.5, 15.3, 16384, 16384.0001, 99999.5, 1e6]) {
    const up = sigmaGrid(sigma);
    assert.ok(up >= sigma && up - sigma <= Math.max(2 ** -10, sigma * 2 ** -23));
    assert.is(sigmaGrid(up), up);
    const { num, den } = varianceOf(up);
    assert.ok(Number.isInteger(num) && Number.isInteger(den) && num <= 2 ** 48 && den <= 2 ** 20);
    assert.is(BigInt(num) * 2n ** 20n, BigInt(den) * BigInt(up * 1024) ** 2n);
  }
  assert.is(sigmaGrid(15.3), 15668 / 1024);
  assert.match(failure(() => varianceOf(15.3)).fix, /sigmaGrid/);
});

test('a budget: rho for tables as one goes, noise for so many; what was paid and spent is taken off', () => {
  for (const relation of RELATION_NAMES) {
    const budget = { epsilon: 2, delta: 1e-5, relation };
    const { rho, filter } = releaseBudget(budget);
    assert.is(rho, zcdpRho(2, 1e-5));
    assert.is(filter.left, rho);
    const less = releaseBudget(budget, { paid: { epsilon: 0.5, delta: 1e-6 }, spent: [tables(40, 3)] });
    assert.is(less.rho, zcdpRho(1.5, 9e-6));
    assert.is(less.filter.spent, releaseRho([tables(40, 3)], relation));
    const { zcdp, pld } = sigmaFor(50, budget);
    assert.ok(pld < zcdp);
    const price = tablesPrice([tables(zcdp, 50)], 1e-5, relation);
    assert.ok(price.rho <= rho && price.zcdp <= 2 && price.zcdp > 1.999 && price.pld < price.zcdp);
    assert.ok(tablesPrice([tables(pld, 50)], 1e-5, relation).pld <= 2);
    near(tableSigma(0.01, relation), Math.sqrt(RELATIONS[relation].factor * 50), 1e-3);
    assert.ok(releaseRho([tables(tableSigma(0.01, relation), 1)], relation) <= 0.01);
  }
  assert.is(
    failure(() => releaseBudget({ epsilon: 1, delta: 1e-5, relation: 'zero-out' }, { paid: { epsilon: 1, delta: 0 } }))
      .code,
    'CONFIG',
  );
});

test('what makes no sense is refused, NaN too', () => {
  const good = [tables(3, 2)];
  for (const wrong of [
    () => releaseRho([{ q: 0.5, sigma: 3, steps: 1 }], 'add-remove'),
    () => tablesEpsilon([{ q: 0.5, sigma: 3, steps: 1 }], 1e-5, 'add-remove'),
    () => releaseRho([tables(Number.NaN, 1)], 'add-remove'),
    () => tablesEpsilon([tables(3, 1.5)], 1e-5, 'add-remove'),
    ...[0, 1, Number.NaN].map((delta) => () => tablesEpsilon(good, delta, 'add-remove')),
    ...[-1, Number.NaN].map((rho) => () => zcdpEpsilon(rho, 1e-5)),
    ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((epsilon) => () => zcdpRho(epsilon, 1e-5)),
    ...[0, Number.NaN].map(
      (epsilon) => () => tablesScale([{ tables: 1, relative: 1 }], { epsilon, delta: 1e-5, relation: 'zero-out' }),
    ),
    ...[0, Number.NaN, -1].map(
      (relative) => () => tablesScale([{ tables: 1, relative }], { epsilon: 1, delta: 1e-5, relation: 'zero-out' }),
    ),
    () => tablesScale([], { epsilon: 1, delta: 1e-5, relation: 'zero-out' }),
    () => tablesScale([{ tables: 1e9, relative: 1 }], { epsilon: 1e-3, delta: 1e-9, relation: 'zero-out' }),
    ...[0, Number.NaN, 2e6].map((sigma) => () => sigmaGrid(sigma)),
    () => sigmaFor(0.5, { epsilon: 1, delta: 1e-5, relation: 'zero-out' }),
  ]) {
    assert.is(failure(wrong).code, 'CONFIG');
  }
});

test.run();
