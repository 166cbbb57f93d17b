/** Bounds on epsilon from guesses: against exact sums, published values, and mechanisms whose epsilon is known. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  errorBound,
  guessings,
  manyRunAudit,
  oneRunAudit,
  oneRunEpsilon,
  oneRunPValue,
} from '../../../src/attack/audit/guesses.ts';
import {
  binomialTail,
  clopperPearsonLower,
  clopperPearsonUpper,
  incompleteBeta,
  logGamma,
} from '../../../src/base/maths/binomial.ts';
import { PhiloxStream } from '../../../src/base/philox.ts';
import { gaussianDelta } from '../../../src/privacy/accountant/gaussian.ts';

const near = (actual: number, expected: number, relative: number, what = '') =>
  assert.ok(
    Math.abs(actual - expected) <= relative * Math.abs(expected) + 1e-300,
    `${what} ${actual}, not ${expected} within ${relative}`,
  );

const choose = (n: bigint, k: bigint): bigint => {
  let c = 1n;
  for (let i = 0n; i < k; i++) c = (c * (n - i)) / (i + 1n);
  return c;
};

/** a / b to all digits of a double. */
const quotient = (a: bigint, b: bigint): number => {
  const shift = BigInt(Math.max(0, b.toString(2).length - a.toString(2).length + 70));
  return (
    Number((a << shift) / b) / 2 ** Number(shift > 900n ? 900n : shift) / 2 ** Number(shift > 900n ? shift - 900n : 0n)
  );
};

/** P[Bin(n, a / b) >= k] in whole numbers. */
function exactTail(n: number, a: number, b: number, k: number): number {
  const [N, A, B] = [BigInt(n), BigInt(a), BigInt(b)];
  let sum = 0n;
  for (let i = BigInt(Math.max(0, k)); i <= N; i++) sum += choose(N, i) * A ** i * (B - A) ** (N - i);
  return quotient(sum, B ** N);
}

test('binomial tails are those of exact integer sums, far out too', () => {
  for (const [n, a, b] of [
    [1, 1, 2],
    [7, 3, 7],
    [60, 1, 50],
    [200, 13, 16],
    [333, 999, 1000],
  ] as const) {
    for (const k of [0, 1, 2, n >> 2, n >> 1, n - 2, n - 1, n, n + 1]) {
      const expected = exactTail(n, a, b, k);
      if (expected > 1e-250 || expected === 0)
        near(binomialTail(n, a / b, k), expected, 2e-11, `Bin(${n}, ${a}/${b}) >= ${k}:`);
    }
  }
});

test('the incomplete beta function and ln Gamma at points with a closed form', () => {
  for (const x of [0.01, 0.3, 0.5, 0.9, 0.999]) {
    near(incompleteBeta(x, 1, 3.5), 1 - (1 - x) ** 3.5, 1e-13);
    near(incompleteBeta(x, 2.25, 1), x ** 2.25, 1e-13);
    near(incompleteBeta(x, 0.5, 0.5), (2 / Math.PI) * Math.asin(Math.sqrt(x)), 1e-12);
  }
  let factorial = 1n;
  for (let n = 1; n <= 170; n++) {
    factorial *= BigInt(n);
    const expected = Math.log(Number(factorial));
    assert.ok(Math.abs(logGamma(n + 1) - expected) <= 1e-14 * Math.max(1, expected), `ln ${n}!`);
  }
  near(logGamma(0.5), Math.log(Math.PI) / 2, 2e-14);
  near(logGamma(7.5), Math.log((135135 / 128) * Math.sqrt(Math.PI)), 2e-15);
});

test('Clopper-Pearson limits: closed forms, the defining tails, and coverage at every p', () => {
  near(clopperPearsonUpper(0, 500, 0.005), 1 - 0.005 ** (1 / 500), 1e-12);
  near(clopperPearsonLower(500, 500, 0.005), 0.005 ** (1 / 500), 1e-12);
  assert.is(clopperPearsonUpper(9, 9, 0.05), 1);
  assert.is(clopperPearsonLower(0, 9, 0.05), 0);
  // scipy.stats.beta.ppf
  near(clopperPearsonLower(97, 100, 0.05), 0.92428920625017, 1e-11);
  near(clopperPearsonUpper(3, 50, 0.025), 0.16548194660377288, 1e-11);
  const n = 30;
  for (let a = 1; a < 40; a++) {
    const p = a / 40;
    let missed = 0;
    for (let k = 0; k <= n; k++) {
      if (clopperPearsonUpper(k, n, 0.1) < p) missed += exactTail(n, a, 40, k) - exactTail(n, a, 40, k + 1);
    }
    assert.ok(missed <= 0.1 + 1e-9, `at p ${p} the limit is below in ${missed}`);
  }
  for (const wrong of [
    () => clopperPearsonUpper(3, 2, 0.1),
    () => clopperPearsonUpper(0, 0, 0.1),
    () => clopperPearsonUpper(1, 2, 0),
  ]) {
    assert.throws(wrong, (e: { code: string }) => e.code === 'DATA');
  }
});

test('the p-value of one run is that of a sum over exact tails', () => {
  for (const [canaries, guesses, correct, odds, delta] of [
    [50, 20, 17, 3, 1e-3],
    [100, 100, 61, 1, 1e-5],
    [100, 40, 40, 9, 0],
    [1000, 100, 12, 2, 1e-4],
  ] as const) {
    // epsilon = ln(odds), so that randomised response is right with probability odds / (odds + 1).
    const tails = Array.from({ length: correct + 1 }, (_, k) => exactTail(guesses, odds, odds + 1, k));
    const alpha = Math.max(...tails.slice(0, correct).map((t, k) => (t - tails[correct]) / (correct - k)));
    const expected = Math.min(1, tails[correct] + 2 * canaries * delta * alpha);
    near(oneRunPValue({ canaries, guesses, correct }, Math.log(odds), delta), expected, 1e-10);
  }
  assert.is(oneRunPValue({ canaries: 10, guesses: 10, correct: 0 }, 1, 0), 1);
});

test("published values: the paper's two examples, and those of other projects", () => {
  // Steinke, Nasr and Jagielski 2023, appendix D and figure 11, to the digits printed there.
  near(oneRunEpsilon({ canaries: 1000, guesses: 100, correct: 75 }, 1e-4, 0.05), 0.673, 1e-3);
  near(oneRunEpsilon({ canaries: 100_000, guesses: 1510, correct: 1439 }, 1e-5, 0.05), 2.6755, 3e-4);
  near(errorBound({ in: 500, out: 500, falseIn: 0, falseOut: 0 }, { delta: 0, confidence: 0.99 }), 4.5419, 1e-4);
  // All right: p^r = significance.
  const p = 0.05 ** (1 / 64);
  near(oneRunEpsilon({ canaries: 64, guesses: 64, correct: 64 }, 0, 0.05), Math.log(p / (1 - p)), 1e-9);
  assert.is(oneRunEpsilon({ canaries: 64, guesses: 64, correct: 32 }, 0, 0.05), 0);
});

const SIMULATIONS = 250;

/** Share of simulations whose bound is above `epsilon`, and the mean bound. */
function simulate(epsilon: number, bound: (random: PhiloxStream) => number, simulations = SIMULATIONS) {
  const random = new PhiloxStream(11, `audit.test/${epsilon}`);
  const bounds = Array.from({ length: simulations }, () => bound(random));
  return {
    above: bounds.filter((b) => b > epsilon).length / simulations,
    mean: bounds.reduce((a, b) => a + b) / simulations,
  };
}

/** What randomised response says of coins: the truth with probability e^epsilon / (1 + e^epsilon). */
function respond(random: PhiloxStream, epsilon: number, count: number) {
  const included = Array.from({ length: count }, () => random.below(2) === 1);
  const truth = Math.exp(epsilon) / (1 + Math.exp(epsilon));
  const scores = included.map((coin) => ((random.uniform() < truth ? coin : !coin) ? 1 : 0));
  return { included, scores };
}

test('one run of randomised response: above the true epsilon in at most 5 %, and near it with many canaries', () => {
  const options = { delta: 0, confidence: 0.95 };
  for (const epsilon of [0, 0.5, 2]) {
    const means = [50, 300, 3000].map((m) => {
      const found = simulate(
        epsilon,
        (random) => {
          const { included, scores } = respond(random, epsilon, m);
          const half = scores.filter((s) => s === 1).length;
          return oneRunAudit(scores, included, options, [{ in: half, out: m - half }]).epsilon;
        },
        m > 1000 ? 60 : SIMULATIONS,
      );
      // Seeded, so that it never varies; of 250 draws with probability 0.05 more than 25 come up once in 3000 times.
      assert.ok(found.above <= 0.1, `epsilon ${epsilon}, ${m} canaries: above in ${found.above}`);
      return found.mean;
    });
    if (epsilon === 0) continue;
    assert.ok(means[0] < means[1] && means[1] < means[2], means.join());
    assert.ok(means[2] > 0.85 * epsilon, `${means[2]} of ${epsilon}`);
  }
});

test('one run of a Gaussian mechanism, at its delta and with the choice of guesses: below epsilon in 95 %', () => {
  const [mu, delta, m] = [2, 1e-3, 300];
  let epsilon = 0;
  while (gaussianDelta(epsilon, mu) > delta) epsilon += 0.01;
  const found = simulate(epsilon, (random) => {
    const included = Array.from({ length: m }, () => random.below(2) === 1);
    const scores = included.map((coin) => (coin ? mu : 0) + random.normal());
    return oneRunAudit(scores, included, { delta, confidence: 0.95 }).epsilon;
  });
  assert.is(found.above, 0);
  assert.ok(found.mean > 1, `the mean bound is ${found.mean}`);
  // A mechanism without any leak: the choice among guesses must not find one.
  const blind = simulate(0, (random) => {
    const included = Array.from({ length: m }, () => random.below(2) === 1);
    return oneRunAudit(
      included.map(() => random.normal()),
      included,
      { delta: 0, confidence: 0.95 },
    ).epsilon;
  });
  assert.ok(blind.above <= 0.1, `a leak in ${blind.above} where there is none`);
});

test('many runs of randomised response: the same, and of a mechanism that tells all with probability delta', () => {
  for (const epsilon of [0, 1, 3]) {
    const found = simulate(epsilon, (random) => {
      const { included, scores } = respond(random, epsilon, 400);
      return manyRunAudit(scores, included, { delta: 0, confidence: 0.95 }).epsilon;
    });
    assert.ok(found.above <= 0.1, `epsilon ${epsilon}: above in ${found.above}`);
    if (epsilon > 0) assert.ok(found.mean > 0.5 * epsilon, `mean ${found.mean} of ${epsilon}`);
  }
  const delta = 0.1;
  const told = simulate(0, (random) => {
    const included = Array.from({ length: 400 }, () => random.below(2) === 1);
    const scores = included.map((coin) => (random.uniform() < delta ? (coin ? 2 : -2) : random.normal()));
    return manyRunAudit(scores, included, { delta, confidence: 0.95 }).epsilon;
  });
  assert.ok(told.above <= 0.1, `above in ${told.above}`);
});

test('a bound by hand, ties in order, and what cannot be audited', () => {
  // 2 of 40 without are called in, 3 of 50 with are called out; limits at 0.025 each, from scipy.stats.beta.ppf.
  const [fpr, fnr] = [0.16919686395941763, 0.1654819466037729];
  near(
    errorBound({ in: 50, out: 40, falseIn: 2, falseOut: 3 }, { delta: 0.01, confidence: 0.95 }),
    Math.max(Math.log((1 - fnr - 0.01) / fpr), Math.log((1 - fpr - 0.01) / fnr)),
    1e-6,
  );
  assert.is(errorBound({ in: 5, out: 0, falseIn: 0, falseOut: 0 }, { delta: 0, confidence: 0.9 }), 0);
  for (const m of [1, 2, 3, 4, 5, 17, 256]) {
    for (const way of guessings(m)) assert.ok(way.in >= 0 && way.out >= 0 && way.in + way.out <= m);
  }
  const options = { delta: 0, confidence: 0.95 };
  const one = oneRunAudit([1, 1, 1, 0], [true, false, true, false], options, [{ in: 2, out: 1 }]);
  assert.equal([one.guesses, one.correct, one.canaries], [3, 2, 4]);
  const codeOf = (fn: () => unknown) => {
    try {
      fn();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'none';
  };
  assert.is(
    codeOf(() => oneRunAudit([], [], options)),
    'DATA',
  );
  assert.is(
    codeOf(() => oneRunAudit([1, 2], [true], options)),
    'DATA',
  );
  assert.is(
    codeOf(() => oneRunAudit([Number.NaN], [true], options)),
    'NAN',
  );
  assert.is(
    codeOf(() => oneRunAudit([1], [true], { delta: 0, confidence: 1 })),
    'CONFIG',
  );
  assert.is(
    codeOf(() => manyRunAudit([1], [true], options)),
    'DATA',
  );
});

test.run();
