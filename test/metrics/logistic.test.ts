/** Logistic regression by L-BFGS: known optima, the gradient at the optimum, and the derivative of what is minimised. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lbfgs } from '../../src/base/maths/lbfgs.ts';
import { dense, designOf } from '../../src/metrics/design.ts';
import { fitLogistic, logisticObjective, predictLogistic } from '../../src/metrics/logistic.ts';
import { codeOf, Values } from '../support/values.ts';

const near = (value: number, want: number, tolerance: number, what = '') =>
  assert.ok(Math.abs(value - want) <= tolerance, `${what} ${value} is not ${want} +- ${tolerance}`);
const values = new Values(19);

test('L-BFGS: a quadratic of condition 10^4 and the Rosenbrock valley', () => {
  const scales = Array.from({ length: 30 }, (_, i) => 10 ** ((4 * i) / 29));
  const quadratic = lbfgs(
    (x, g) => {
      let sum = 0;
      x.forEach((v, i) => {
        g[i] = scales[i] * (v - i);
        sum += (scales[i] * (v - i) ** 2) / 2;
      });
      return sum;
    },
    new Float64Array(30),
    { tolerance: 1e-6 },
  );
  quadratic.x.forEach((v, i) => near(v, i, 1e-6));
  assert.ok(quadratic.gradient <= 1e-6 && quadratic.iterations < 1000, `${quadratic.iterations}`);
  const valley = lbfgs(
    ([x, y], g) => {
      g[0] = -2 * (1 - x) - 400 * x * (y - x * x);
      g[1] = 200 * (y - x * x);
      return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
    },
    Float64Array.of(-1.2, 1),
    { tolerance: 1e-8 },
  );
  near(valley.x[0], 1, 1e-7);
  near(valley.x[1], 1, 1e-7);
  const there = lbfgs(([x], g) => {
    g[0] = 2 * x;
    return x * x;
  }, Float64Array.of(0));
  assert.is(there.iterations, 0);
});

test('one feature of -1 and 1: w solves w = n sigma(-w), whatever the side', () => {
  const n = 12;
  const x = Float32Array.from({ length: n }, (_, i) => (i % 2 ? 1 : -1));
  const labels = Uint32Array.from({ length: n }, (_, i) => i % 2);
  let [low, high] = [0, n];
  for (let i = 0; i < 100; i++) {
    const w = (low + high) / 2;
    if (w < n / (1 + Math.exp(w))) low = w;
    else high = w;
  }
  const model = fitLogistic(x, { labels, classes: 2, tolerance: 1e-10 });
  near(model.weights[0], low, 1e-9);
  near(model.weights[1], 0, 1e-9, 'intercept');
  assert.equal(predictLogistic(model, Float32Array.of(-3, 0.01, 2)), Uint32Array.of(0, 1, 1));
  // Without anything to go by, the intercept is the log odds, for the penalty spares it.
  const odds = fitLogistic(new Float32Array(10), { labels: Uint32Array.of(1, 1, 1, 0, 0, 0, 0, 0, 0, 0), classes: 2 });
  near(odds.weights[1], Math.log(3 / 7), 1e-4);
  near(odds.weights[0], 0, 1e-12);
});

test('scikit-learn: LogisticRegression(C=1) on five points', () => {
  // x = 0, 1, 2, 3, 4 with labels 0, 0, 1, 0, 1: the two equations of the optimum, solved by Newton's method here.
  const [x, y] = [
    [0, 1, 2, 3, 4],
    [0, 0, 1, 0, 1],
  ];
  let [w, b] = [0, 0];
  for (let i = 0; i < 50; i++) {
    let [gw, gb, hww, hwb, hbb] = [w, 0, 1, 0, 0];
    x.forEach((v, k) => {
      const p = 1 / (1 + Math.exp(-(w * v + b)));
      gw += (p - y[k]) * v;
      gb += p - y[k];
      hww += p * (1 - p) * v * v;
      hwb += p * (1 - p) * v;
      hbb += p * (1 - p);
    });
    const det = hww * hbb - hwb * hwb;
    [w, b] = [w - (hbb * gw - hwb * gb) / det, b - (hww * gb - hwb * gw) / det];
  }
  const model = fitLogistic(Float32Array.from(x), { labels: Uint32Array.from(y), classes: 2, tolerance: 1e-10 });
  near(model.weights[0], w, 1e-9);
  near(model.weights[1], b, 1e-9);
});

test('the gradient is the derivative, and vanishes at the optimum, for two and for four classes', () => {
  for (const [rows, features, classes, c] of [
    [40, 3, 2, 1],
    [57, 5, 4, 0.3],
  ]) {
    const x = values.normal([rows, features]);
    const labels = Uint32Array.from({ length: rows }, () => values.int(0, classes - 1));
    const objective = logisticObjective(x, { labels, classes, c });
    const size = (classes === 2 ? 1 : classes) * (features + 1);
    const at = Float64Array.from(values.normal([size]));
    const g = new Float64Array(size);
    objective(at, g);
    const other = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const moved = (h: number) =>
        objective(
          at.map((v, j) => v + (i === j ? h : 0)),
          other,
        );
      near((moved(1e-5) - moved(-1e-5)) / 2e-5, g[i], 1e-6 * (1 + Math.abs(g[i])));
    }
    const model = fitLogistic(x, { labels, classes, c, tolerance: 1e-7, iterations: 1000 });
    const lowest = objective(model.weights, g);
    g.forEach((v) => near(v, 0, 1e-7));
    for (let t = 0; t < 20; t++) {
      const noise = values.normal([size]);
      assert.ok(
        objective(
          model.weights.map((v, i) => v + 1e-2 * noise[i]),
          other,
        ) > lowest,
        'it is a minimum',
      );
    }
  }
});

test('extreme logits stay finite', () => {
  for (const classes of [2, 3]) {
    const objective = logisticObjective(Float32Array.of(1e4, -1e4), { labels: Uint32Array.of(0, 1), classes });
    const g = new Float64Array(classes === 2 ? 2 : 6);
    assert.ok(
      Number.isFinite(
        objective(
          Float64Array.from(g, (_, i) => 10 * i + 1),
          g,
        ),
      ) && g.every(Number.isFinite),
    );
  }
});

test('classes that are apart are told apart, and labels that do not fit are refused', async () => {
  const labels = Uint32Array.from({ length: 90 }, (_, i) => i % 3);
  const noise = values.normal([180]);
  const x = Float32Array.from({ length: 180 }, (_, i) => {
    const angle = (2 * Math.PI * labels[i >> 1]) / 3;
    return 4 * (i % 2 ? Math.sin(angle) : Math.cos(angle)) + 0.5 * noise[i];
  });
  assert.equal(predictLogistic(fitLogistic(x, { labels, classes: 3 }), x), labels);
  assert.is(await codeOf(() => fitLogistic(x, { labels, classes: 2 })), 'SHAPE');
  assert.is(await codeOf(() => fitLogistic(x, { labels: labels.slice(1), classes: 3 })), 'SHAPE');
  assert.is(await codeOf(() => fitLogistic(new Float32Array(0), { labels: new Uint32Array(0), classes: 2 })), 'SHAPE');
});

test('rows of mostly zeros: the same products without them, to the last bit', () => {
  for (const kept of [0.1, 0.45, 0]) {
    const [rows, features, columns] = [9, 11, 3];
    const x = values.normal([rows * features]).map((v) => (values.stream.uniform() < kept ? v : 0));
    x.fill(0, 2 * features, 3 * features);
    const weights = Float64Array.from(values.normal([columns * (features + 1)]));
    const [a, b] = [designOf(x, features), dense(x, features)];
    const [p, q] = [new Float64Array(columns), new Float64Array(columns)];
    const [g, h] = [new Float64Array(weights.length), new Float64Array(weights.length)];
    for (let row = 0; row < rows; row++) {
      a.logits(row, weights, p);
      b.logits(row, weights, q);
      assert.equal(p, q);
      const by = (c: number) => weights[c * (features + 1) + features];
      near(
        q[1],
        x
          .subarray(row * features, (row + 1) * features)
          .reduce((sum, v, f) => sum + v * weights[features + 1 + f], by(1)),
        1e-12,
      );
      p[row % columns] = 0;
      a.add(row, p, g);
      b.add(row, p, h);
    }
    assert.equal(g, h);
  }
});

test.run();
