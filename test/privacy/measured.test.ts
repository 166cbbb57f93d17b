/** Measured tables: their noise, choices between them, the filter that keeps the budget, and what a ledger says of them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { releaseRho, sigmaGrid, zcdpEpsilon, zcdpRho } from '../../src/privacy/accountant/releases.ts';
import { epsilonOf, FIXED, isExhausted, MEASURED, upperBound } from '../../src/privacy/budget.ts';
import { ChaChaStream } from '../../src/privacy/chacha.ts';
import { CHOICE, choiceEpsilon, choiceGrid, choiceRho, choiceSigma, chooseTable } from '../../src/privacy/choice.ts';
import { gaussianBound, gaussianThreshold, noisyTable } from '../../src/privacy/counts.ts';
import { ZcdpFilter } from '../../src/privacy/filter.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { createLedger, type LedgerTerms, readLedger } from '../../src/privacy/ledger/ledger.ts';
import { RELATION_NAMES } from '../../src/privacy/relation.ts';
import { MemoryLedgerFile } from '../../src/run/memory-run.ts';
import { failure } from '../support/failure.ts';
import { chi, ERRORS } from './laws.ts';

const words = (seed: number, purpose: 'measure' | 'choice' = 'measure') =>
  new ChaChaStream(PrivacyKey.insecure(seed).derive(purpose), [0, 0, 0]);

test('the keys of measurements and choices are theirs alone', () => {
  const key = PrivacyKey.insecure(3);
  const purposes = ['noise', 'sampling', 'discrete', 'partition', 'encoding', 'tags', 'measure', 'choice'] as const;
  assert.is(new Set(purposes.map((purpose) => key.derive(purpose).join())).size, purposes.length);
});

test('a noisy table: each count with discrete Gaussian noise of its own; a sigma 10 % off is seen', () => {
  for (const sigma of [0.5, 1.25, 7 + 1 / 1024, 40]) {
    const counts = Uint32Array.from({ length: 40_000 }, (_, i) => (i % 7) * 1000);
    const noisy = noisyTable(words(1), counts, sigma);
    const weight = (s: number) => (k: number) => Math.exp((-k * k) / (2 * s * s));
    const errors = (s: number) => {
      let i = 0;
      return chi(weight(s), () => noisy[i] - counts[i++], counts.length);
    };
    assert.ok(errors(sigma) < ERRORS, `sigma ${sigma}: ${errors(sigma)}`);
    assert.ok(errors(sigma * 1.1) > ERRORS && errors(sigma * 0.9) > ERRORS);
    // No noise is shared by neighbours.
    let product = 0;
    for (let i = 1; i < counts.length; i++) product += (noisy[i] - counts[i]) * (noisy[i - 1] - counts[i - 1]);
    assert.ok(Math.abs(product) < ERRORS * Math.sqrt(counts.length) * sigma * sigma);
  }
  assert.ok(noisyTable(words(2), [0, 0, 0, 0, 0, 0, 0, 0], 20).some((count) => count < 0));
  assert.is(noisyTable(words(2), [], 20).length, 0);
  for (const sigma of [15.3, 0, -1, Number.NaN])
    assert.is(failure(() => noisyTable(words(1), [1], sigma)).code, 'CONFIG');
  for (const count of [0.5, Number.NaN]) assert.is(failure(() => noisyTable(words(1), [count], 1)).code, 'VALIDATION');
});

test('what noise rarely exceeds, to the count', () => {
  for (const sigma of [0.3, 1, 2.7, 15.25, 300]) {
    const most = Math.ceil(40 * sigma);
    const weight = (k: number) => Math.exp((-k * k) / (2 * sigma * sigma));
    let all = 1;
    for (let k = most; k > 0; k--) all += 2 * weight(k);
    const tail = (from: number) => {
      let sum = 0;
      for (let k = most; k >= from; k--) sum += weight(k) / all;
      return sum;
    };
    for (const p of [0.99, 0.5, 0.3, 0.01, 1e-6, 1e-12, 1e-80]) {
      const k = gaussianBound(sigma, p);
      assert.ok(tail(k) <= p && (k === 0 || tail(k - 1) > p * (1 - 1e-8)), `sigma ${sigma}, p ${p}: ${k}`);
      assert.is(gaussianThreshold(sigma, p), 1 + k);
    }
  }
  // Where sums are long: the next whole number but one above the normal's quantile, at most.
  assert.ok([Math.ceil(4.753424 * 5000), Math.ceil(4.753424 * 5000) + 1].includes(gaussianBound(5000, 1e-6)));
  assert.is(gaussianBound(3, 1), 0);
  for (const p of [0, -1, 1.1, Number.NaN]) assert.is(failure(() => gaussianBound(1, p)).code, 'CONFIG');
  for (const sigma of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.is(failure(() => gaussianThreshold(sigma, 1e-6)).code, 'CONFIG');
  }
});

test('a choice has its exact probabilities; an epsilon 20 % off is seen', () => {
  for (const [scores, epsilon, sensitivity] of [
    [[0, 1, 2, 3, 4], 1, 1],
    [[-10, 50, 20, 50, 49, -300], 0.25, 3],
    [[2 ** 40, 2 ** 40 - 2 ** 30], choiceGrid(0.7), 2 ** 30],
    [[0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2, 2],
  ] as const) {
    const best = Math.max(...scores);
    const source = words(5, 'choice');
    const sample = () => chooseTable(source, scores, epsilon, sensitivity);
    const weight = (e: number) => (k: number) =>
      k in scores ? Math.exp((e * (scores[k] - best)) / (2 * sensitivity)) : 0;
    const drawn = Array.from({ length: 60_000 }, sample);
    const errors = (e: number) => {
      let i = 0;
      return chi(weight(e), () => drawn[i++], drawn.length);
    };
    assert.ok(errors(epsilon) < ERRORS, `${scores}: ${errors(epsilon)}`);
    assert.ok(errors(1.2 * epsilon) > ERRORS, `${scores}: 20 % are not seen`);
    assert.ok(errors(2 * epsilon) > ERRORS && errors(epsilon / 2) > ERRORS);
  }
});

test('a choice among one, among equals, and of a score that is out of reach', () => {
  assert.is(chooseTable(words(1), [-7], 1, 1), 0);
  const equal = new Set(Array.from({ length: 200 }, (_, i) => chooseTable(words(i), [5, 5, 5], 8, 1)));
  assert.is(equal.size, 3);
  for (let i = 0; i < 50; i++) assert.is(chooseTable(words(i), [0, 2 ** 52, -(2 ** 52)], 1, 1), 1);
  for (const [scores, epsilon, sensitivity] of [
    [[], 1, 1],
    [[0.5], 1, 1],
    [[Number.NaN, 1], 1, 1],
    [[1], 0.3, 1],
    [[1], Number.NaN, 1],
    [[1], 0, 1],
    [[1], 1, 0],
    [[1], 1, 1.5],
  ] as const) {
    assert.is(failure(() => chooseTable(words(1), scores, epsilon, sensitivity)).code, 'CONFIG');
  }
});

test('what a choice costs, and the table that costs as much', () => {
  assert.is(choiceGrid(0.3), Math.floor(0.3 * 2 ** 24) / 2 ** 24);
  assert.is(choiceRho(2), 0.5);
  // The bound is met by no two laws of bounded range: their Renyi divergence of order a is at most a e^2 / 8.
  for (const e of [0.1, 1, 3]) {
    for (const a of [1.5, 2, 10]) {
      for (let i = 1; i < 50; i++) {
        // Two outcomes with losses t and t - e, and what keeps the sums at 1.
        const q = i / 50;
        const t = -Math.log(q + (1 - q) * Math.exp(-e));
        const moment = q * Math.exp(a * t) + (1 - q) * Math.exp(a * (t - e));
        assert.ok(Math.log(moment) / (a - 1) <= a * choiceRho(e) * (1 + 1e-12));
      }
    }
    for (const relation of RELATION_NAMES) {
      const line = { q: 1, sigma: choiceSigma(e, relation), steps: 1 };
      assert.ok(Math.abs(releaseRho([line], relation) - choiceRho(e)) < 1e-15 * 8);
    }
  }
  assert.is(choiceSigma(0.5, 'zero-out'), 4);
  assert.is(choiceSigma(0.5, 'replace-one'), 4 * Math.SQRT2);
  for (const rho of [1e-6, 0.003, 0.125, 2]) {
    const e = choiceEpsilon(rho);
    assert.ok(choiceRho(e) <= rho && choiceRho(e + 2 ** -23) > rho);
  }
  assert.is(failure(() => choiceEpsilon(1e-20)).code, 'CONFIG');
});

test('the filter refuses what would exceed the budget, and counts nothing then', () => {
  const filter = new ZcdpFilter(1);
  filter.take(0.5);
  assert.ok(filter.admits(0.5) && !filter.admits(0.5 + 1e-9));
  assert.is(failure(() => filter.take(0.6)).code, 'CONFIG');
  assert.equal([filter.spent, filter.left], [0.5, 0.5]);
  filter.take(filter.left);
  assert.is(filter.left, 0);
  assert.ok(!filter.admits(1e-9) && filter.admits(0));
  for (const rho of [-0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.not(filter.admits(rho));
    assert.is(failure(() => filter.take(rho)).code, 'CONFIG');
  }
  // Equal shares of a budget are the budget, however they are rounded; of what is left all may be taken.
  for (const n of [3, 7, 10, 49, 105, 1000]) {
    const budget = zcdpRho(1, 1e-5);
    const shares = new ZcdpFilter(budget);
    for (let i = 0; i < n; i++) shares.take(budget / n);
    assert.not(shares.admits(budget / n));
    assert.ok(zcdpEpsilon(shares.spent, 1e-5) <= 1);
    const halves = new ZcdpFilter(budget, budget / 3);
    for (let i = 0; i < n; i++) halves.take(halves.left / 2);
    halves.take(halves.left);
    assert.ok(zcdpEpsilon(halves.spent, 1e-5) <= 1);
  }
  assert.not(new ZcdpFilter(1, 1.5).admits(1e-6));
  assert.is(new ZcdpFilter(1, 1.5).left, 0);
  for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.is(failure(() => new ZcdpFilter(wrong)).code, 'CONFIG');
    if (wrong !== 0) assert.is(failure(() => new ZcdpFilter(1, wrong)).code, 'CONFIG');
  }
});

const terms = (schedule: string): LedgerTerms => ({
  mechanism: MEASURED,
  sampler: 'full',
  relation: 'add-remove',
  bound: 1,
  divisor: 1,
  partitions: 1,
  schedule,
});

test('epsilon of measured tables: zCDP always, the PLD where the schedule was fixed and nowhere else', () => {
  const phases = [{ q: 1, sigma: 15.25, steps: 105 }];
  for (const relation of RELATION_NAMES) {
    const fixed = epsilonOf(phases, 1e-5, { ...terms(FIXED), relation });
    assert.is(fixed.rdp, zcdpEpsilon(releaseRho(phases, relation), 1e-5));
    assert.ok(fixed.pld! < 0.95 * fixed.rdp && fixed.pld_lower! <= fixed.pld! && fixed.pld_lower! > 0.99 * fixed.pld!);
    for (const schedule of ['adaptive', 'Fixed', '', undefined]) {
      const spent = epsilonOf(phases, 1e-5, { ...terms('adaptive'), schedule, relation });
      assert.equal(spent, { rdp: fixed.rdp, pld: null, pld_lower: null });
      assert.is(upperBound(spent), fixed.rdp);
    }
  }
  // What a stability threshold may fail by is no longer there for the tables; the lower bound does not count on it.
  const paid = epsilonOf(phases, 1e-5, { ...terms(FIXED), encoding_delta: 4e-6 });
  assert.is(paid.rdp, zcdpEpsilon(releaseRho(phases, 'add-remove'), 6e-6));
  const free = epsilonOf(phases, 1e-5, terms(FIXED));
  assert.ok(paid.pld! > free.pld! && paid.pld_lower === free.pld_lower);
  assert.is(epsilonOf(phases, 1e-5, { ...terms('adaptive'), encoding_epsilon: 0.25 }).rdp, free.rdp + 0.25);
});

test('a budget of adaptive tables is used up by zCDP, of fixed ones by the PLD', () => {
  const phases = [{ q: 1, sigma: 15.25, steps: 105 }];
  const { rdp, pld } = epsilonOf(phases, 1e-5, terms(FIXED));
  const between = { epsilon: (rdp + pld!) / 2, delta: 1e-5, accountant: 'pld' } as const;
  assert.ok(isExhausted(phases, between, terms('adaptive')));
  assert.not(isExhausted(phases, between, terms(FIXED)));
  assert.ok(isExhausted(phases, { ...between, accountant: 'rdp' }, terms(FIXED)));
});

test('a ledger says what each line paid for, in order, and adds up all', () => {
  const file = new MemoryLedgerFile('memory');
  const ledger = createLedger(file, terms('adaptive'));
  const lines = [
    { from: 0, to: 14, q: 1, sigma: sigmaGrid(20), what: 'one-way tables' },
    { from: 14, to: 15, q: 1, sigma: choiceSigma(0.5, 'add-remove'), what: CHOICE },
    { from: 15, to: 16, q: 1, sigma: sigmaGrid(20), what: 'age × sex' },
  ];
  ledger.append(lines[0]);
  ledger.append(lines[1], lines[2]);
  ledger.append({ from: 16, to: 17, q: 1, sigma: 3 });
  assert.equal(ledger.lines(), lines);
  assert.is(failure(() => ledger.append({ from: 17, to: 18, q: 1, sigma: 3, what: 'x'.repeat(201) })).code, 'CONFIG');
  assert.is(failure(() => ledger.append({ from: 17, to: 18, q: 1, sigma: 3, what: '' })).code, 'CONFIG');
  ledger.close();
  const read = readLedger(file);
  assert.equal(read.lines(), lines);
  assert.equal(read.totals(), [
    { q: 1, sigma: 20, steps: 15 },
    { q: 1, sigma: 4, steps: 1 },
    { q: 1, sigma: 3, steps: 1 },
  ]);
  const rho = 15 / 800 + 1 / 32 + 1 / 18;
  assert.ok(Math.abs(releaseRho(read.totals(), 'add-remove') - rho) < 1e-15);
});

test('a ledger of a fixed schedule takes no choice', () => {
  const ledger = createLedger(new MemoryLedgerFile('memory'), terms(FIXED));
  ledger.append({ from: 0, to: 3, q: 1, sigma: 4, what: 'age × sex' });
  assert.match(failure(() => ledger.append({ from: 3, to: 4, q: 1, sigma: 4, what: CHOICE })).message, /choice/);
  ledger.append({ from: 3, to: 4, q: 1, sigma: 4, what: 'age × income' });
});

test.run();
