/** Small mathematics on the host, against definitions and numbers known otherwise. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cholesky, solveFactored, solveLower } from '../../src/base/maths/cholesky.ts';
import { bisect, goldenSection } from '../../src/base/maths/search.ts';
import { mean, median, quantile } from '../../src/base/maths/statistics.ts';
import { PhiloxStream } from '../../src/base/philox.ts';

const close = (a: number, b: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${what}: ${a}, not ${b}`);

test('a Cholesky factor gives its matrix back, and solves with it', () => {
  const random = new PhiloxStream(3, 'maths');
  for (const n of [1, 2, 5, 17]) {
    const b = Float64Array.from({ length: n * n }, () => random.normal());
    const at = (i: number, j: number) => Array.from({ length: n }, (_, k) => b[i * n + k] * b[j * n + k]);
    const a = Float64Array.from({ length: n * n }, (_, e) => {
      const [i, j] = [Math.floor(e / n), e % n];
      return at(i, j).reduce((sum, v) => sum + v, i === j ? 0.1 : 0);
    });
    const l = cholesky(a, n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (j > i) assert.is(l[i * n + j], 0);
        let product = 0;
        for (let k = 0; k < n; k++) product += l[i * n + k] * l[j * n + k];
        close(product, a[i * n + j], 1e-12 * n, `${n}: element ${i}, ${j}`);
      }
    }
    const x = Float64Array.from({ length: n }, (_, i) => i - 2);
    const times = (m: (i: number, j: number) => number) =>
      Float64Array.from({ length: n }, (_, i) => x.reduce((sum, v, j) => sum + m(i, j) * v, 0));
    const back = solveFactored(
      l,
      n,
      times((i, j) => a[i * n + j]),
    );
    const rows = Float64Array.of(...times((i, j) => l[i * n + j]), ...new Float64Array(n));
    const lower = solveLower(l, n, rows);
    for (let i = 0; i < n; i++) {
      close(back[i], x[i], 1e-8, `x of L L^T x, ${n}`);
      close(lower[i], x[i], 1e-9, `y of L y, ${n}`);
      assert.is(lower[n + i], 0);
    }
  }
});

test('pivots of a singular matrix are kept above the floor', () => {
  const l = cholesky(Float64Array.of(4, 2, 2, 1), 2, 1e-6);
  assert.equal([...l], [2, 0, 1, 1e-3]);
});

test('mean, median and quantiles', () => {
  const values = Float64Array.of(5, 1, 4, 2);
  assert.is(mean(values), 3);
  assert.is(median(values), 3);
  assert.equal([...values], [5, 1, 4, 2]);
  assert.is(median(Float64Array.of(9, 1, 2)), 2);
  const ascending = Float64Array.of(0, 10, 20, 50);
  assert.equal(
    [0, 0.5, 0.75, 1].map((p) => quantile(ascending, p)),
    [0, 15, 27.5, 50],
  );
});

test('searches: the least good point, and the place of a minimum', () => {
  const root = bisect(0, 10, (x) => x * x >= 2);
  assert.ok(root * root >= 2);
  close(root, Math.SQRT2, 1e-15, 'the root of 2');
  close(
    goldenSection((x) => (x - 3) ** 2, -10, 10, 40),
    3,
    1e-6,
    'the minimum',
  );
});

test.run();
