/** The Frechet distance: closed forms, an independent matrix root, and singular covariances. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { symmetricEigen } from '../../src/attack/pca.ts';
import { frechetFrom, type Moments, momentsOf } from '../../src/metrics/images/frechet.ts';
import { codeOf, Values } from '../support/values.ts';

const frechetDistance = (a: Moments, b: Moments): number => frechetFrom(a)(b);

const near = (value: number, want: number, tolerance: number, what = '') =>
  assert.ok(Math.abs(value - want) <= tolerance, `${what} ${value} is not ${want} +- ${tolerance}`);
const values = new Values(7);

const diagonal = (mean: number[], variances: number[]): Moments => ({
  mean: Float64Array.from(mean),
  covariance: Float64Array.from({ length: mean.length ** 2 }, (_, at) =>
    at % (mean.length + 1) ? 0 : variances[at % mean.length],
  ),
});

test('Gaussians with known moments: |m1 - m2|^2 + sum (s1 - s2)^2 for diagonal covariances', () => {
  const [a, b] = [diagonal([1, 2, 3], [4, 9, 0.25]), diagonal([0, 2, 5], [1, 16, 0.25])];
  near(frechetDistance(a, b), 1 + 4 + 1 + 1, 1e-12);
  near(frechetDistance(b, a), 7, 1e-12);
  near(frechetDistance(a, a), 0, 1e-12);
  // A covariance of zero is a point: the distance is the mean square of what lies around it.
  near(frechetDistance(diagonal([0, 0], [0, 0]), diagonal([3, 4], [2, 5])), 25 + 7, 1e-12);
  near(frechetDistance(diagonal([3, 4], [2, 5]), diagonal([0, 0], [0, 0])), 25 + 7, 1e-12);
});

/** n x n product. */
const times = (a: Float64Array, b: Float64Array, n: number) =>
  Float64Array.from({ length: n * n }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[Math.floor(at / n) * n + k] * b[k * n + (at % n)];
    return sum;
  });

/** The inverse, by Gauss-Jordan elimination with pivoting. */
function inverse(m: Float64Array, n: number): Float64Array {
  const a = m.slice();
  const b = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) ? 0 : 1));
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c; r < n; r++) if (Math.abs(a[r * n + c]) > Math.abs(a[pivot * n + c])) pivot = r;
    for (const t of [a, b]) {
      for (let k = 0; k < n; k++) [t[c * n + k], t[pivot * n + k]] = [t[pivot * n + k], t[c * n + k]];
    }
    const by = a[c * n + c];
    for (let k = 0; k < n; k++) {
      a[c * n + k] /= by;
      b[c * n + k] /= by;
    }
    for (let r = 0; r < n; r++) {
      const factor = a[r * n + c];
      if (r === c || factor === 0) continue;
      for (let k = 0; k < n; k++) {
        a[r * n + k] -= factor * a[c * n + k];
        b[r * n + k] -= factor * b[c * n + k];
      }
    }
  }
  return b;
}

/** The square root of a matrix without negative eigenvalues, by the iteration of Denman and Beavers. */
function root(m: Float64Array, n: number): Float64Array {
  let y = m.slice();
  let z = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) ? 0 : 1));
  for (let i = 0; i < 40; i++) {
    const [yi, zi] = [inverse(y, n), inverse(z, n)];
    [y, z] = [y.map((v, at) => (v + zi[at]) / 2), z.map((v, at) => (v + yi[at]) / 2)];
  }
  return y;
}

/** The distance as published: the trace of the root of S1 S2 itself. */
function published(a: Moments, b: Moments): number {
  const n = a.mean.length;
  const both = root(times(a.covariance, b.covariance, n), n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += (a.mean[i] - b.mean[i]) ** 2;
    sum += a.covariance[i * n + i] + b.covariance[i * n + i] - 2 * both[i * n + i];
  }
  return sum;
}

/** Rows whose columns depend on one another. */
function rows(n: number, width: number, shift = 0): Float32Array {
  const [z, mix] = [values.normal([n, width]), values.normal([width, width])];
  return Float32Array.from({ length: n * width }, (_, at) => {
    const [r, f] = [Math.floor(at / width), at % width];
    let sum = shift;
    for (let k = 0; k < width; k++) sum += mix[k * width + f] * z[r * width + k];
    return sum;
  });
}

test('moments by hand', () => {
  const { mean, covariance } = momentsOf(Float32Array.of(1, 10, 2, 14, 6, 12), 2);
  assert.equal([...mean], [3, 12]);
  assert.equal([...covariance], [7, 1, 1, 4]);
});

test('full covariances: equal to the published formula with the root of the product itself', () => {
  for (const width of [1, 3, 17]) {
    const [a, b] = [momentsOf(rows(4 * width + 9, width), width), momentsOf(rows(4 * width + 5, width, 0.5), width)];
    const want = published(a, b);
    near(frechetDistance(a, b), want, 1e-9 * want, `${width}`);
    near(frechetFrom(b)(a), want, 1e-9 * want, `${width}, the other way`);
  }
});

test("fewer rows than features: the sum of the singular values of the centred rows' products", () => {
  const [n, width] = [6, 15];
  const [a, b] = [rows(n, width), rows(n + 1, width, 1)];
  const [p, q] = [momentsOf(a, width), momentsOf(b, width)];
  // tr (S1 S2)^(1/2) is the nuclear norm of A B^T, here by the eigenvalues of (A B^T)(A B^T)^T, by Jacobi rotations.
  const centre = (x: Float32Array, m: Moments) =>
    Float64Array.from(x, (v, i) => (v - m.mean[i % width]) / Math.sqrt(x.length / width - 1));
  const [ca, cb] = [centre(a, p), centre(b, q)];
  const product = Float64Array.from({ length: n * n }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < n + 1; k++) {
      const [i, j] = [Math.floor(at / n), at % n];
      let [x, y] = [0, 0];
      for (let f = 0; f < width; f++) {
        x += ca[i * width + f] * cb[k * width + f];
        y += ca[j * width + f] * cb[k * width + f];
      }
      sum += x * y;
    }
    return sum;
  });
  const nuclear = symmetricEigen(product, n).values.reduce((sum, v) => sum + Math.sqrt(Math.max(0, v)), 0);
  let want = -2 * nuclear;
  for (let f = 0; f < width; f++) {
    want += (p.mean[f] - q.mean[f]) ** 2 + p.covariance[f * (width + 1)] + q.covariance[f * (width + 1)];
  }
  near(frechetDistance(p, q), want, 1e-7 * want);
  near(frechetDistance(p, p), 0, 1e-6 * want);
});

test('what has no covariance is refused', async () => {
  assert.is(await codeOf(() => momentsOf(Float32Array.of(1, 2), 2)), 'DATA');
  assert.is(await codeOf(() => momentsOf(Float32Array.of(1, 2, 3), 2)), 'SHAPE');
  assert.is(await codeOf(() => momentsOf(Float32Array.of(1, Number.NaN), 1)), 'NAN');
  const one = momentsOf(Float32Array.of(1, 2), 1);
  assert.is(await codeOf(() => frechetDistance(one, diagonal([0, 0], [1, 1]))), 'SHAPE');
});

test.run();
