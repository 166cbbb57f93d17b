/** Products, factors and eigenvalues in float64, against their definitions and against Jacobi rotations. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { symmetricEigen } from '../../src/attack/pca.ts';
import { rowProducts, semidefiniteFactor, symmetricEigenvalues } from '../../src/base/maths/matrix.ts';
import { Values } from '../support/values.ts';

const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number, what: string) => {
  assert.is(a.length, b.length, what);
  for (let i = 0; i < a.length; i++) {
    assert.ok(Math.abs(a[i] - b[i]) <= tolerance, `${what}: ${i} is ${a[i]}, not ${b[i]}`);
  }
};
const values = new Values(31);
const random = (n: number) => Float64Array.from(values.normal([n]));
/** A^T A for A [rows, n]: rank min(rows, n). */
function gram(rows: number, n: number): Float64Array {
  const a = random(rows * n);
  return Float64Array.from({ length: n * n }, (_, at) => {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += a[r * n + Math.floor(at / n)] * a[r * n + (at % n)];
    return sum;
  });
}

test('inner products of rows, at sizes off every block', () => {
  for (const [p, q, width] of [
    [1, 1, 1],
    [5, 3, 7],
    [67, 131, 513],
    [4, 66, 1025],
    [2, 0, 3],
  ]) {
    const [x, y] = [random(p * width), random(q * width)];
    const plain = (a: Float64Array, b: Float64Array) =>
      Array.from({ length: (a.length / width) * (b.length / width) }, (_, at) => {
        const [i, j] = [Math.floor(at / (b.length / width)), at % (b.length / width)];
        let sum = 0;
        for (let k = 0; k < width; k++) sum += a[i * width + k] * b[j * width + k];
        return sum;
      });
    close(rowProducts(x, width, y), plain(x, y), 1e-11, `${p} x ${q} x ${width}`);
    close(rowProducts(y, width), plain(y, y), 1e-11, `${q} x ${q} x ${width}, symmetric`);
  }
});

test('a factor of a semidefinite matrix, of full rank and below', () => {
  for (const [rows, n] of [
    [20, 9],
    [7, 23],
    [1, 4],
  ]) {
    const s = gram(rows, n);
    const f = semidefiniteFactor(s, n);
    assert.is(f.length / n, Math.min(rows, n), 'rank');
    const back = Float64Array.from({ length: n * n }, (_, at) => {
      let sum = 0;
      for (let r = 0; r < f.length / n; r++) sum += f[r * n + Math.floor(at / n)] * f[r * n + (at % n)];
      return sum;
    });
    close(back, s, 1e-11, `${rows} x ${n}`);
  }
  assert.is(semidefiniteFactor(new Float64Array(9), 3).length, 0);
});

test('eigenvalues: known ones, and those that Jacobi finds', () => {
  // The second difference on n points has 2 - 2 cos(k pi / (n + 1)).
  const n = 50;
  const second = Float64Array.from({ length: n * n }, (_, at) => {
    const apart = Math.abs(Math.floor(at / n) - (at % n));
    return apart === 0 ? 2 : apart === 1 ? -1 : 0;
  });
  const known = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
  close(symmetricEigenvalues(second, n), known, 1e-13, 'second difference');
  close(symmetricEigenvalues(Float64Array.of(2, 1, 1, 2), 2), [1, 3], 1e-15, 'two');
  close(symmetricEigenvalues(Float64Array.of(-4), 1), [-4], 0, 'one');
  assert.is(symmetricEigenvalues(new Float64Array(0), 0).length, 0);
  for (const [rows, size] of [
    [60, 33],
    [8, 21],
  ]) {
    const s = gram(rows, size);
    close(symmetricEigenvalues(s, size), symmetricEigen(s, size).values.slice().sort(), 1e-11 * rows, `${size}`);
    // Not of one sign.
    const shifted = s.map((v, at) => v - (at % (size + 1) ? 0 : 10));
    close(symmetricEigenvalues(shifted, size), symmetricEigen(shifted, size).values.sort(), 1e-10, 'indefinite');
  }
  const twice = Float64Array.of(3, 0, 0, 0, 3, 0, 0, 0, -1);
  close(symmetricEigenvalues(twice, 3), [-1, 3, 3], 0, 'diagonal');
});

test.run();
