import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clopperPearsonLower, clopperPearsonUpper } from '../../src/base/maths/binomial.ts';
import { emptyStart, grainOf, histogram, laplaceLaw, noiseBound } from '../../src/data/encoding/histogram.ts';
import type { Encoding, NumberCode, Table } from '../../src/data/table.ts';
import { ERRORS } from '../privacy/laws.ts';
import { category, frequency, kept, number, type Paying, seeded, times } from './paying.ts';
import { tableOf } from './tables.ts';

/** Thresholds of discrete Laplace noise. */
const law = (epsilon: number) => laplaceLaw(epsilon, Float64Array.from);

/** A lower bound, wrong once in a million, on the epsilon at which these frequencies of an event are possible. */
function epsilonBelow(more: number, less: number, draws: number, delta: number): number {
  return Math.log((clopperPearsonLower(more, draws, 5e-7) - delta) / clopperPearsonUpper(less, draws, 5e-7));
}

/** Bounds on epsilon from an event and its complement, of two neighbouring tables. */
function shownEpsilon(tables: [Table, Table], options: Paying, event: (e: Encoding) => boolean, draws: number) {
  const [a, b] = tables.map((table, i) => frequency(table, options, event, draws, i * draws));
  const pairs = [
    [a, b],
    [b, a],
    [draws - a, draws - b],
    [draws - b, draws - a],
  ];
  return Math.max(...pairs.map(([x, y]) => epsilonBelow(x, y, draws, options.delta)));
}

test('neighbouring tables: events differ as epsilon allows and no more, in each part and in all together', () => {
  const options = { epsilon: 1, delta: 1e-4 };
  const draws = 12_000;
  const column = category('c', 'a', 'b');
  // Two below the threshold, where the noise's tail has its full ratio.
  const least = law(1).threshold(options.delta);
  const one = (n: number, gone = 0) => {
    const cells = [...times(60, 1), ...times(n, 0), ...times(gone, Number.NaN)];
    return tableOf([[column, cells]], cells.length);
  };
  const shown = shownEpsilon([one(least - 2), one(least - 1)], options, kept(0, 'a'), draws);
  assert.ok(shown <= 1 && shown > 0.75, `a value: ${shown}`);
  const missing = law(1).filled(1);
  const gone = shownEpsilon([one(0, missing - 2), one(0, missing - 1)], options, (e) => e.columns[0].missing, draws);
  assert.ok(gone <= 1 && gone > 0.75, `missing cells: ${gone}`);

  const second = category('d', 'a', 'b');
  const two = (n: number) => {
    const cells = [...times(60, 1), ...times(n, 0)];
    return tableOf(
      [
        [column, cells],
        [second, cells],
      ],
      cells.length,
    );
  };
  const both = (e: Encoding) => kept(0, 'a')(e) && kept(1, 'a')(e);
  const split = law(1).threshold(options.delta / 2);
  const together = shownEpsilon([two(split - 2), two(split - 1)], { ...options, epsilon: 2 }, both, draws);
  assert.ok(together <= 2 && together > 1.2, `two columns: ${together}`);

  const far = law(1).filled(127);
  const numbers = (n: number) => {
    const cells = [...times(60, 5), ...times(n, 1000)];
    return tableOf([[number('n'), cells]], cells.length);
  };
  const reaches = (e: Encoding) => ((e.columns[0] as NumberCode).values.at(-1) as number) > 100;
  const bounds = shownEpsilon([numbers(far - 2), numbers(far - 1)], { ...options, epsilon: 2 }, reaches, 10_000);
  assert.ok(bounds <= 2 && bounds > 0.7, `bounds: ${bounds}`);
});

test('a column that is given and counted: its shares differ between neighbours as its part of epsilon allows', () => {
  const given = { columns: { c: { values: ['a', 'b'] }, n: { low: 0, high: 7 } } };
  const options = { epsilon: 2, delta: 1e-4, given, counts: true };
  const table = (a: number) => {
    const cells = [...times(40, 1), ...times(a, 0)];
    return tableOf(
      [
        [category('c', 'a', 'b'), cells],
        [number('n'), cells],
      ] as const,
      cells.length,
    );
  };
  // Half of epsilon for each column: whether the count of a is above the noise of a count.
  const least = Math.ceil(Math.SQRT2);
  const told = (e: Encoding) => (e.columns[0].shares?.[0] ?? 0) > 0;
  const shown = shownEpsilon([table(least - 2), table(least - 1)], options, told, 12_000);
  assert.ok(shown <= 1 && shown > 0.6, `a share: ${shown}`);
});

test('whether cells of a number are missing is told by a noisy count too', () => {
  const options = { epsilon: 2, delta: 1e-4 };
  const least = law(1).filled(1);
  const missing = (n: number) => tableOf([[number('n'), [...times(60, 5), ...times(n, Number.NaN)]]], 60 + n);
  const told = (e: Encoding) => e.columns[0].missing;
  const shown = shownEpsilon([missing(least - 2), missing(least - 1)], options, told, 12_000);
  assert.ok(shown <= 1 && shown > 0.75, `${shown}`);
});

test('the ranks of knots are noisy, by as much as half the epsilon asks for', () => {
  // One octave, in which the even bins are the same whatever the first counts are, and of which none looks empty.
  const cells = Array.from({ length: 960 }, (_, i) => 64 + (i % 64));
  const table = tableOf([[number('n'), cells]], cells.length);
  const [epsilon, knots] = [8, 9];
  const bins = knots - 1;
  const parts = Array.from({ length: 300 }, (_, seed) => {
    const [{ values, at }] = seeded(table, { epsilon, delta: 1e-6, knots }, seed).columns as NumberCode[];
    assert.is(values.length, knots);
    // Without the eighth toward even spacing: the middle bins' part of all, from the knots on both sides.
    const rank = at.map((x, i) => ((x + 1) / 2 - i / (knots - 1) / 8) / (7 / 8));
    return rank[4] - rank[3];
  });
  const mean = parts.reduce((a, b) => a + b) / parts.length;
  assert.ok(Math.abs(mean * bins - 1) < 0.01, `${mean}`);
  // Between two knots lies one bin; discrete Laplace noise of epsilon 4 is in its count.
  const e = Math.exp(-epsilon / 2);
  const want = Math.sqrt((2 * e) / (1 - e) ** 2) / cells.length;
  const deviation = Math.sqrt(parts.reduce((a, x) => a + (x - mean) ** 2, 0) / parts.length);
  assert.ok(deviation > 0.8 * want && deviation < 1.3 * want, `${deviation}, not ${want}`);
});

test('a value that one record has is named with probability delta at most, one of no record never', () => {
  const draws = 12_000;
  for (const [epsilon, delta] of [
    [1, 0.05],
    [0.3, 0.2],
    [3, 0.004],
  ]) {
    const least = law(epsilon).threshold(delta);
    const exact = Math.exp(-epsilon * (least - 1)) / (1 + Math.exp(-epsilon));
    assert.ok(exact <= delta && exact * Math.exp(epsilon) > delta, `${exact}`);
    const korolova = 1 + Math.log(1 / (2 * delta)) / epsilon;
    assert.ok(Math.abs(least - korolova) <= 1.5, `${least}, ${korolova} of continuous noise`);
    const cells = [...times(200, 1), 0];
    const table = tableOf([[category('c', 'new', 'old', 'never'), cells]], 201);
    const named = frequency(table, { epsilon, delta }, kept(0, 'new'), draws) / draws;
    assert.ok(Math.abs(named - exact) < ERRORS * Math.sqrt(exact / draws), `${named} is not ${exact}`);
    assert.is(frequency(table, { epsilon, delta }, kept(0, 'never'), 500), 0);
  }
  // Two columns have half of both each: epsilon 1 and delta 0.05.
  const cells = [...times(200, 1), 0];
  const columns = ['c', 'd'].map((name) => [category(name, 'new', 'old'), cells] as const);
  const exact = Math.exp(1 - law(1).threshold(0.05)) / (1 + Math.exp(-1));
  const named = frequency(tableOf(columns, 201), { epsilon: 2, delta: 0.1 }, kept(1, 'new'), 5000) / 5000;
  assert.ok(Math.abs(named - exact) < ERRORS * Math.sqrt(exact / 5000), `${named} is not ${exact}`);
});

test('bounds of the noise: exact tails, summed from the law', () => {
  for (const epsilon of [0.001, 0.03, 0.5, 1, 4]) {
    for (const p of [0.4, 0.05, 1e-3, 1e-9]) {
      const weight = (k: number) => Math.exp(-epsilon * Math.abs(k));
      const tail = (k: number) => {
        let sum = 0;
        for (let i = k; weight(i) > 1e-18 * weight(k); i++) sum += weight(i);
        return sum / (1 + 2 / Math.expm1(epsilon));
      };
      const k = noiseBound(epsilon, p);
      assert.ok(tail(k) <= p * (1 + 1e-9), `${epsilon}, ${p}: P[Z >= ${k}] = ${tail(k)}`);
      if (k > 0) assert.ok(tail(k - 1) > p * (1 - 1e-9), `${epsilon}, ${p}: ${k} is not the least`);
    }
  }
  assert.equal([grainOf(0.1) <= 0.1, grainOf(0.1) > 0.0999999, grainOf(3)], [true, true, 3]);
  assert.equal(Array.from(histogram([-3, 0, 1, 8], Float64Array.of(-9, -3, -1, 0, 1, 7.9, 8, 99))), [3, 1, 4]);
  const empty = (...counts: number[]) => emptyStart(Float64Array.from(counts), law(1));
  assert.equal([empty(1, -2, 0, 500, 3), empty(500, 0), empty(0, 0, 0)], [3, 0, 2]);
  // Four are more than 1.5 deviations (2.1), and less than three with the allowance (4.9): cut where few of all.
  assert.equal([empty(4, 100), empty(4, 1000), empty(6, 1000), empty(9, 0, 0, 0, 9000)], [0, 1, 0, 0]);
});

test.run();
