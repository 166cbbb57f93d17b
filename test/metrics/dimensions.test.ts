/** Tables of zeros and ones: probabilities, balancing, hard labels, columns that are left out; and downstream tasks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import { codes } from '../../src/data/synthetic.ts';
import {
  asBinary,
  balancedAccuracy,
  balancedRows,
  columnProbabilities,
  diagonalAgreement,
  dimensionPredictions,
  isBinary,
} from '../../src/metrics/dimensions.ts';
import { columnAsClass, gainShare, linearModel, majorityShare } from '../../src/metrics/downstream.ts';
import { codeOf } from '../support/values.ts';

test('probabilities and their distance from the diagonal, by hand', () => {
  assert.ok(isBinary(Float32Array.of(0, 1, 1)) && !isBinary(Float32Array.of(0, 0.5)));
  assert.equal(asBinary(Float32Array.of(0.49, 0.5, -1, 2)), Float32Array.of(0, 1, 0, 1));
  assert.equal(columnProbabilities(Float32Array.of(1, 0, 1, 1, 0, 0, 1, 0), 2), [0.75, 0.25]);
  const { rmse, correlation } = diagonalAgreement([0, 0.5, 1, null], [0.1, 0.5, 0.7, 3]);
  assert.ok(Math.abs(rmse - Math.sqrt((0.01 + 0.09) / 3)) < 1e-15);
  // Means 0.5 and 13/30; covariance 0.1, variances 1/6 and 14/225 of the population.
  assert.ok(Math.abs((correlation ?? 0) - 0.1 / Math.sqrt((1 / 6) * (14 / 225))) < 1e-12, `${correlation}`);
  assert.is(diagonalAgreement([0.2, 0.2], [0, 1]).correlation, null);
});

test('balancing keeps all of the smaller class and as many of the larger, drawn by the seed', () => {
  const labels = [0, 1, 0, 0, 1, 0, 0, 0, 0, 0];
  const one = balancedRows(labels, new PhiloxStream(1, 'x'));
  assert.is(one.length, 4);
  assert.equal(
    one.filter((row) => labels[row] === 1),
    [1, 4],
  );
  assert.is(new Set(one).size, 4);
  const seeds = Array.from({ length: 8 }, (_, seed) => balancedRows(labels, new PhiloxStream(seed, 'x')).join());
  assert.ok(new Set(seeds).size > 3, seeds.join(' '));
  assert.equal(balancedRows([1, 1, 1], new PhiloxStream(1, 'x')), []);
});

test('hard predictions: balanced accuracy is the mean of both rates', () => {
  // Two of three zeros, one of two ones.
  assert.is(balancedAccuracy(Uint32Array.of(0, 0, 1, 1, 0), Uint32Array.of(0, 0, 0, 1, 1)), (2 / 3 + 1 / 2) / 2);
  assert.is(balancedAccuracy(Uint32Array.of(0, 0, 0), Uint32Array.of(0, 1, 0)), 0.5, 'always zero is chance');
});

test('dimension-wise prediction: a copy is predicted, noise is not, a constant column is left out', () => {
  const make = (n: number, seed: number) => {
    const random = new PhiloxStream(seed, 'test');
    const out = new Float32Array(4 * n);
    for (let r = 0; r < n; r++) {
      const bit = random.below(10) < 2 ? 1 : 0;
      out.set([bit, bit, random.below(2), 0], 4 * r);
    }
    return out;
  };
  const visited: number[] = [];
  const found = dimensionPredictions(make(300, 1), make(300, 2), 4, { onColumn: (c) => visited.push(c) });
  assert.equal(visited, [0, 1, 2, 3]);
  assert.equal([found[0], found[1], found[3]], [1, 1, null]);
  assert.ok(Math.abs((found[2] ?? 0) - 0.5) < 0.12, `${found[2]}`);
  // A column that is constant in the test rows cannot be judged either.
  const flat = make(50, 3).map((v, i) => (i % 4 === 1 ? 0 : v));
  assert.is(dimensionPredictions(make(50, 1), flat, 4)[1], null);
});

test('the generated codes: a half predicts the other about as well, and shuffled columns are chance', () => {
  const { train, holdout, features } = codes({ rows: 1600, seed: 3 });
  const some = (rows: Float32Array) => {
    const out = new Float32Array((rows.length / features) * 12);
    for (let i = 0; i < out.length; i++) out[i] = rows[Math.floor(i / 12) * features + (i % 12)];
    return out;
  };
  const mean = (list: (number | null)[]) => {
    const known = list.flatMap((v) => (v === null ? [] : [v]));
    return known.reduce((s, v) => s + v, 0) / known.length;
  };
  const real = mean(dimensionPredictions(some(train), some(holdout), 12));
  const order = new PhiloxStream(4, 'shuffle');
  const rows = train.length / features;
  const columns = Array.from({ length: 12 }, () => order.permutation(rows));
  const mixed = some(train).map((_, i) => some12(train, features, columns[i % 12][Math.floor(i / 12)], i % 12));
  const shuffled = mean(dimensionPredictions(mixed, some(holdout), 12));
  assert.ok(real > 0.6 && Math.abs(shuffled - 0.5) < 0.06, `${real} ${shuffled}`);
});

const some12 = (rows: Float32Array, features: number, row: number, column: number) => rows[row * features + column];

test('a column as the class: its values are the classes, and others count as the nearest', async () => {
  const table = Float32Array.of(1, 10, 2, 20, 3, 10, 4, 40);
  const { classes, split } = columnAsClass(table, 2, 1, 'y');
  assert.is(classes, 3);
  assert.equal(split(table), { rows: Float32Array.of(1, 2, 3, 4), labels: Uint32Array.of(0, 1, 0, 2) });
  assert.equal(split(Float32Array.of(9, 14, 9, 16, 9, 1000)).labels, Uint32Array.of(0, 1, 2));
  assert.is(await codeOf(() => columnAsClass(Float32Array.of(1, 5, 2, 5), 2, 1, 'y')), 'USAGE');
  const many = Float32Array.from({ length: 60 }, (_, i) => i);
  assert.is(await codeOf(() => columnAsClass(many, 2, 1, 'y')), 'USAGE');
  assert.is(majorityShare(Uint32Array.of(0, 2, 2, 1), 3), 0.5);
  const x = Float32Array.from({ length: 40 }, (_, i) => (i % 2 ? 1 : -1) + 0.01 * i);
  const labels = Uint32Array.from({ length: 40 }, (_, i) => i % 2);
  const some = { rows: x.slice(0, 8), labels: labels.slice(0, 8) };
  assert.equal(linearModel({ rows: x, labels }, some, 2), { accuracy: 1, auc: 1 });
  // Four pairs of a one and a zero: all but (-1, 0.5) in order.
  const test = { rows: Float32Array.of(-2, -1, 0.5, 2), labels: Uint32Array.of(0, 1, 0, 1) };
  assert.equal(linearModel({ rows: x, labels }, test, 2), { accuracy: 0.5, auc: 0.75 });
  assert.is(linearModel({ rows: x, labels }, { rows: x.slice(0, 1), labels: labels.slice(0, 1) }, 2).auc, null);
  // A third class that no row is of changes no order; three classes in a row, by the mean of each against the others.
  assert.is(linearModel({ rows: x, labels }, some, 3).auc, 1);
  const three = Float32Array.from({ length: 30 }, (_, i) => i);
  const of = (classes: readonly number[]) => Uint32Array.from({ length: 30 }, (_, i) => classes[Math.floor(i / 10)]);
  const model = linearModel({ rows: three, labels: of([0, 1, 2]) }, { rows: three, labels: of([0, 1, 2]) }, 3);
  assert.ok((model.auc ?? 0) > 0.6 && model.accuracy > 0.9, `${model.auc}`);
});

test('how far from the majority to the ceiling; nothing where they are too near to tell', () => {
  assert.ok(Math.abs((gainShare(0.65, 0.6, 0.7, 10_000) ?? 0) - 0.5) < 1e-12);
  assert.ok((gainShare(0.5, 0.6, 0.7, 10_000) ?? 0) < 0);
  // Two standard errors of 0.7 in 100 rows are 0.09.
  assert.is(gainShare(0.65, 0.62, 0.7, 100), null);
  assert.ok(gainShare(0.65, 0.6, 0.7, 100) !== null);
  assert.is(gainShare(0.65, 0.7, 0.6, 100), null);
});

test.run();
