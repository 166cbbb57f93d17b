/** Replacing one record: bounds and divergences against direct integration of the two laws, and against each other. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import { noiseMultiplier, stepsWithin } from '../../src/privacy/accountant/calibrate.ts';
import { discreteEpsilon, discreteReplaceLogMoment } from '../../src/privacy/accountant/discrete.ts';
import { dominated, dominating } from '../../src/privacy/accountant/discretise.ts';
import { gaussianEpsilon } from '../../src/privacy/accountant/gaussian.ts';
import type { Phase } from '../../src/privacy/accountant/phases.ts';
import { type PldOptions, pldEpsilon } from '../../src/privacy/accountant/pld.ts';
import { rdpEpsilon, rdpStep } from '../../src/privacy/accountant/rdp.ts';
import { ReplaceLaw, replaceLogMoment } from '../../src/privacy/accountant/replace.ts';

const one = (q: number, sigma: number, steps: number): Phase[] => [{ q, sigma, steps }];
const relation = 'replace-one' as const;
const pld = (phases: readonly Phase[], delta: number, options: PldOptions = {}) =>
  pldEpsilon(phases, delta, { ...options, relation });
const rdp = (phases: readonly Phase[], delta: number) => rdpEpsilon(phases, delta, relation).epsilon;

/** (1-q) N(0, s^2) + q N(at, s^2) at x. */
const density = (q: number, s: number, at: number, x: number): number =>
  ((1 - q) * Math.exp(-(x * x) / (2 * s * s)) + q * Math.exp(-((x - at) ** 2) / (2 * s * s))) /
  (s * Math.sqrt(2 * Math.PI));

/** Simpson's rule. */
function integral(f: (x: number) => number, low: number, high: number, n: number): number {
  let sum = 0;
  for (let i = 0; i <= n; i++) sum += (i === 0 || i === n ? 1 : 2 + 2 * (i % 2)) * f(low + (i * (high - low)) / n);
  return (sum * (high - low)) / (3 * n);
}

/** The hockey-stick divergence of the pair at any real eps: where own outweighs other is right of a place. */
function deltaOnce(q: number, s: number, epsilon: number, n = 4000): number {
  const excess = (x: number) => density(q, s, 1, x) - Math.exp(epsilon) * density(q, s, -1, x);
  let [low, high] = [-1 - 20 * s, 1 + 12 * s];
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (excess(middle) > 0) high = middle;
    else low = middle;
  }
  return integral(excess, high, 1 + 12 * s, n);
}

test('published epsilons, beside those of adding or removing a record', () => {
  for (const [q, sigma, steps, alone, replaced] of [
    [0.01, 1, 1000, 1.828, 2.843],
    [0.04, 1.5, 2250, 6.769, 13.488],
    [1, 1, 1, 4.377, 9.997],
  ]) {
    for (const [bounds, want] of [
      [pldEpsilon(one(q, sigma, steps), 1e-5), alone],
      [pld(one(q, sigma, steps), 1e-5), replaced],
      [pldEpsilon(one(q, sigma, steps), 1e-5, { relation: 'zero-out' }), alone],
    ] as const) {
      assert.ok(bounds.lower < want + 6e-4 && want - 6e-4 < bounds.upper, `${bounds.lower} ${bounds.upper}, ${want}`);
      assert.ok(bounds.upper - bounds.lower < 3e-4);
    }
  }
});

test('one step: both bounds around the hockey-stick divergence integrated directly', () => {
  for (const [q, sigma, delta] of [
    [0.01, 1, 1e-5],
    [0.3, 0.5, 1e-6],
    [0.3, 2, 1e-5],
    [1e-3, 0.3, 1e-5],
    [0.95, 3, 1e-3],
    [0.5, 60, 1e-3],
    [0.999, 1, 1e-4],
  ]) {
    const { upper, lower } = pld(one(q, sigma, 1), delta, { relative: 1e-5 });
    const [least, most] = [deltaOnce(q, sigma, upper), deltaOnce(q, sigma, lower)];
    const what = `${[q, sigma, delta]}: ${lower} ${upper}, ${least} ${most}`;
    assert.ok(least <= delta * (1 + 1e-7) && delta * (1 - 1e-7) <= most && upper - lower < 2e-5 * upper + 1e-7, what);
  }
});

test('two steps against nested integration', () => {
  for (const [q, sigma, delta] of [
    [0.05, 0.7, 1e-4],
    [0.4, 1.5, 1e-6],
    [0.9, 0.9, 1e-2],
  ]) {
    const { upper, lower } = pld(one(q, sigma, 2), delta, { relative: 1e-5 });
    const twice = (epsilon: number) =>
      integral(
        (x) =>
          density(q, sigma, 1, x) *
          deltaOnce(q, sigma, epsilon - Math.log(density(q, sigma, 1, x) / density(q, sigma, -1, x)), 400),
        -10 * sigma,
        1 + 10 * sigma,
        700,
      );
    const [least, most] = [twice(upper), twice(lower)];
    const what = `${[q, sigma, delta]}: ${lower} ${upper}, ${least} ${most}`;
    assert.ok(least <= delta * (1 + 1e-5) && delta * (1 - 1e-5) <= most && upper - lower < 2e-5 * upper + 1e-7, what);
  }
});

test('q = 1 is the Gaussian at sensitivity 2, by the formula and on the grid', () => {
  for (const [sigma, steps, delta] of [
    [5, 100, 1e-5],
    [40, 10_000, 1e-10],
    [1000, 7, 0.001],
  ]) {
    const exact = gaussianEpsilon(delta, (2 * Math.sqrt(steps)) / sigma);
    const [formula, grid] = [true, false].map((formulas) =>
      pld(one(1, sigma, steps), delta, { formulas, relative: 1e-4 }),
    );
    for (const { lower, upper } of [formula, grid]) {
      assert.ok(lower <= exact && exact <= upper && upper - lower <= 1e-4 * upper + 1e-7, `${lower} ${exact} ${upper}`);
    }
  }
});

test('the loss and the place of a loss undo each other, and the grid laws stand around the true one', () => {
  const out = new Float64Array(2);
  for (const [q, sigma] of [
    [0.01, 1],
    [0.3, 0.5],
    [1e-6, 0.1],
    [0.95, 3],
    [1, 2],
    [0.2, 500],
  ]) {
    const law = new ReplaceLaw(q, sigma);
    for (let x = -6 * sigma; x < 1 + 6 * sigma; x += 0.37 * sigma) {
      const loss = law.loss(x);
      assert.ok(loss === -law.loss(-x) && law.loss(x + 0.01 * sigma) >= loss);
      const slope = law.bend(x).slope * sigma;
      if (slope > 1e-9) assert.ok(Math.abs(law.place(loss) - x) < 1e-6 * sigma, `${[q, sigma, x]}: ${law.place(loss)}`);
      const [own, other] = [density(q, sigma, 1, x), density(q, sigma, -1, x)];
      law.at(x, 0.25, 0.5, out);
      const want = [own * Math.exp(0.5), (own - Math.exp(0.25) * other) * Math.exp(0.5)];
      for (const i of [0, 1]) assert.ok(Math.abs(out[i] - want[i]) < 1e-11 * (own + other), `${[q, sigma, x]}: ${out}`);
    }
    if (sigma > 100 || q === 1 || sigma < 0.2) continue;
    for (const h of [0.3, 0.01]) {
      const grid = { h, origin: 0, theta: 0, scale: 0, low: -13 * sigma, high: 1 + 10 * sigma };
      const [above, below] = [dominating(law, grid), dominated(law, grid)];
      const hockey = ({ first, masses }: typeof above, epsilon: number) =>
        masses.reduce((sum, p, j) => sum + p * Math.max(0, -Math.expm1(epsilon - (first + j) * h)), 0);
      for (let epsilon = -1; epsilon < 4; epsilon += 0.371) {
        const [most, truth, least] = [hockey(above, epsilon), deltaOnce(q, sigma, epsilon), hockey(below, epsilon)];
        assert.ok(
          least <= truth + 1e-10 && truth <= most + 1e-10,
          `${[q, sigma, h, epsilon]}: ${least} ${truth} ${most}`,
        );
      }
    }
  }
});

test('no other two records are told apart more easily than opposite ones of full length', () => {
  const tops = [-1, -0.6, -0.2, 0, 0.3, 0.7, 1];
  for (const [q, s] of [
    [0.05, 1],
    [0.5, 0.6],
    [0.9, 2],
  ]) {
    for (const epsilon of [0.05, 0.5, 1.5]) {
      const worst = deltaOnce(q, s, epsilon);
      for (const a of tops) {
        for (const b of tops) {
          const part = (x: number) => Math.max(0, density(q, s, a, x) - Math.exp(epsilon) * density(q, s, b, x));
          assert.ok(integral(part, -14 * s, 14 * s, 2000) <= worst + 2e-5, `${[q, s, epsilon, a, b]}`);
        }
      }
    }
  }
});

/** The logarithm of the moment by Simpson's rule, scaled by its largest value. */
function slowLogMoment(q: number, s: number, order: number): number {
  const [low, high, n] = [-15 * s, 2 * order + 15 * s, 80_000];
  const ratio = (y: number) => (y < 30 ? Math.log(1 - q + q * Math.exp(y)) : y + Math.log(q + (1 - q) * Math.exp(-y)));
  const exponents = Float64Array.from({ length: n + 1 }, (_, i) => {
    const x = low + (i * (high - low)) / n;
    const [up, down] = [ratio((2 * x - 1) / (2 * s * s)), ratio((-2 * x - 1) / (2 * s * s))];
    return order * up + (1 - order) * down - (x * x) / (2 * s * s);
  });
  const top = exponents.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  exponents.forEach((e, i) => (sum += (i === 0 || i === n ? 1 : 2 + 2 * (i % 2)) * Math.exp(e - top)));
  return top + Math.log((sum * (high - low)) / (3 * n * s * Math.sqrt(2 * Math.PI)));
}

test('Renyi divergences by another quadrature, at any order', () => {
  for (const q of [0.003, 0.1, 0.7, 0.99]) {
    for (const sigma of [0.4, 1, 3, 40]) {
      for (const order of [1.3, 2.5, 6.7, 33.3]) {
        const [fast, slow] = [replaceLogMoment(q, sigma, order), slowLogMoment(q, sigma, order)];
        assert.ok(Math.abs(fast - slow) < 1e-11 * Math.max(1, slow), `${[q, sigma, order]}: ${fast}, ${slow}`);
      }
    }
  }
  // Small ones to a relative precision: 2 q^2 a to first order in 1 / sigma^2.
  for (const [q, order] of [
    [1e-6, 1.5],
    [1e-4, 30],
  ]) {
    const [sigma, first] = [3000, (2 * q * q * order) / 3000 ** 2];
    assert.ok(Math.abs(rdpStep(q, sigma, order, relation) / first - 1) < 1e-5, `${[q, order]}`);
  }
  assert.is(rdpStep(1, 2, 5, relation), (4 * 5) / (2 * 4));
});

test('over the whole range: lower <= upper <= RDP, and no less than adding or removing a record', () => {
  const stream = new PhiloxStream(11, 'replace');
  const log = (low: number, high: number) => low * (high / low) ** stream.uniform();
  for (let i = 0; i < 16; i++) {
    const [q, sigma, steps, delta] = [log(1e-5, 1), log(0.3, 300), Math.round(log(1, 1e6)), log(1e-12, 0.1)];
    const { upper, lower } = pld(one(q, sigma, steps), delta, { maxLog2: 17 });
    const epsilon = rdp(one(q, sigma, steps), delta);
    const alone = pldEpsilon(one(q, sigma, steps), delta, { maxLog2: 17 });
    const what = `${[q, sigma, steps, delta]}: ${lower} ${upper} ${epsilon} ${alone.lower}`;
    assert.ok(Number.isFinite(upper) && 0 <= lower && lower <= upper && upper <= epsilon * (1 + 1e-9), what);
    assert.ok(upper >= alone.lower && epsilon >= rdpEpsilon(one(q, sigma, steps), delta).epsilon, what);
    assert.ok(upper - lower <= 0.03 * upper + 1e-6, what);
    assert.ok(discreteEpsilon(one(q, sigma, steps), delta, relation).epsilon >= epsilon * (1 - 1e-9), what);
  }
});

test('corners: never NaN', () => {
  for (const [q, sigma, steps, delta] of [
    [1e-6, 0.3, 1e7, 1e-5],
    [1e-6, 1000, 1e7, 1e-8],
    [0.999999, 0.3, 1e5, 1e-5],
    [1e-6, 0.3, 2, 1e-7],
    [0.01, 1, 1000, 1e-300],
    [0.01, 1, 1000, 0.9],
    [0.5, 0.01, 3, 1e-5],
    [0.5, 0.03, 3, 1e-5],
  ]) {
    const { upper, lower } = pld(one(q, sigma, steps), delta, { maxLog2: 17 });
    assert.ok(0 <= lower && lower <= upper, `${[q, sigma, steps, delta]}: ${lower} ${upper}`);
    assert.ok(!Number.isNaN(upper) && (Number.isFinite(upper) || sigma < 0.1), `${[q, sigma, steps, delta]}: ${upper}`);
  }
});

test('epsilon grows with q and steps, and falls with sigma and delta', () => {
  const base = { q: 0.02, sigma: 1.3, steps: 400, delta: 1e-5 };
  const at = (change: Partial<typeof base>) => {
    const { delta, ...phase } = { ...base, ...change };
    return { ...pld([phase], delta, { relative: 1e-4 }), rdp: rdp([phase], delta) };
  };
  const middle = at({});
  for (const more of [{ q: 0.021 }, { steps: 420 }, { sigma: 1.25 }, { delta: 8e-6 }]) {
    const found = at(more);
    assert.ok(found.lower > middle.upper && found.rdp > middle.rdp, JSON.stringify(more));
  }
  for (const less of [{ q: 0.019 }, { steps: 380 }, { sigma: 1.35 }, { delta: 1.2e-5 }]) {
    const found = at(less);
    assert.ok(found.upper < middle.lower && found.rdp < middle.rdp, JSON.stringify(less));
  }
});

test('phases add up, and budgets are kept by each accountant', () => {
  const [a, b] = [one(0.01, 1, 300)[0], one(1, 15, 4)[0]];
  const [whole, alone] = [pld([a, b, a], 1e-5), pld([{ ...a, steps: 600 }], 1e-5)];
  assert.ok(whole.lower > alone.upper && whole.upper <= rdp([a, a, b], 1e-5));
  for (const accountant of ['pld', 'rdp', 'discrete'] as const) {
    const budget = { epsilon: 3, delta: 1e-5, accountant, relation };
    const { sigma, epsilon } = noiseMultiplier(0.02, 200, budget);
    assert.ok(
      epsilon <= 3 && epsilon > 2.99 && sigma > noiseMultiplier(0.02, 200, { ...budget, relation: 'zero-out' }).sigma,
    );
    const steps = stepsWithin(0.02, sigma, budget);
    assert.ok(steps >= 199 && steps <= 202, `${accountant}: ${steps}`);
  }
});

/** ln E_Q[(P/Q)^order] of integer noise, one record shifting by `plus`, the other by `minus`, summed over the integers. */
function integerLogMoment(q: number, s: number, [plus, minus]: readonly number[], order: number): number {
  const reach = Math.ceil(20 * s + 3 * order * (Math.abs(plus) + Math.abs(minus)));
  const ratio = (x: number, shift: number) =>
    Math.log(1 - q + q * Math.exp((2 * x * shift - shift * shift) / (2 * s * s)));
  let [norm, moment] = [0, 0];
  for (let x = -reach; x <= reach; x++) {
    const fallen = (-x * x) / (2 * s * s);
    norm += Math.exp(fallen);
    moment += Math.exp(fallen + order * ratio(x, plus) + (1 - order) * ratio(x, minus));
  }
  return Math.log(moment / norm);
}

test('the integer mechanism: an upper bound for any two records, exact where all take part', () => {
  for (const [q, s, length] of [
    [0.1, 0.8, 1],
    [0.02, 1.5, 2],
    [0.5, 4, 3],
    [0.9, 3, 2],
    [1, 2, 1],
  ]) {
    for (const order of [1.2, 1.9, 2, 2.5, 4, 6.3]) {
      const bound = discreteReplaceLogMoment(q, s / length, order);
      for (const shifts of [
        [length, -length],
        [length, 0],
        [0, -length],
        [length, -length + 1],
        [length - 1, -length],
      ]) {
        const exact = integerLogMoment(q, s, shifts, order);
        assert.ok(bound >= exact * (1 - 1e-12), `${[q, s, shifts, order]}: ${bound} < ${exact}`);
      }
      if (q === 1 && Number.isInteger(order)) {
        assert.ok(Math.abs(bound - integerLogMoment(q, s, [length, -length], order)) < 1e-9);
      }
    }
  }
});

test.run();
