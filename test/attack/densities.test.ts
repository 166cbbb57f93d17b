/** Principal components, DOMIAS and LiRA against plain float64 implementations of their definitions. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { densityRatios, fitDensity, logDensities } from '../../src/attack/domias.ts';
import { judge } from '../../src/attack/judge/result.ts';
import { likelihoodRatios, shadowHalves } from '../../src/attack/lira.ts';
import { fitPca, project, symmetricEigen } from '../../src/attack/pca.ts';
import { near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const values = new Values(4);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);

test('eigenvectors of symmetric matrices: A v = lambda v, orthonormal, sorted', () => {
  for (const n of [1, 2, 5, 23]) {
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = values.stream.normal();
    const { values: lambda, vectors } = symmetricEigen(a, n);
    for (let i = 0; i < n; i++) {
      const v = vectors.subarray(i * n, (i + 1) * n);
      const av = Array.from({ length: n }, (_, r) => dot(a.subarray(r * n, (r + 1) * n), v));
      near(
        av,
        v.map((x) => lambda[i] * x),
        { absolute: 1e-12 },
      );
      for (let j = 0; j <= i; j++)
        near([dot(v, vectors.subarray(j * n, (j + 1) * n))], [i === j ? 1 : 0], { absolute: 1e-12 });
      assert.ok(i === 0 || lambda[i] <= lambda[i - 1]);
    }
  }
});

test('PCA: the leading eigenvectors of the covariance, and the coordinates along them', async () => {
  const [rows, features, components] = [300, 60, 7];
  // A mean far from 0 and a falling spectrum in random directions.
  const mix = values.normal([features, features]);
  const data = new Float32Array(rows * features);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < features; k++) {
      const c = values.stream.normal() * 0.8 ** k;
      for (let f = 0; f < features; f++) data[r * features + f] += c * mix[k * features + f];
    }
    for (let f = 0; f < features; f++) data[r * features + f] += 5;
  }
  const mean = Array.from({ length: features }, (_, f) => {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += data[r * features + f] / rows;
    return sum;
  });
  const covariance = new Float64Array(features * features);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < features; i++) {
      for (let j = 0; j < features; j++) {
        covariance[i * features + j] +=
          ((data[r * features + i] - mean[i]) * (data[r * features + j] - mean[j])) / (rows - 1);
      }
    }
  }
  const want = symmetricEigen(covariance, features);
  const pca = await fitPca(gpu, data, features, components);
  near(pca.mean, mean, { relative: 1e-9 });
  near(pca.variances, want.values.slice(0, components), { relative: 1e-4 });
  for (let i = 0; i < components; i++) {
    const along = dot(
      pca.axes.subarray(i * features, (i + 1) * features),
      want.vectors.subarray(i * features, (i + 1) * features),
    );
    near([Math.abs(along)], [1], { absolute: 1e-4, what: `axis ${i}` });
  }
  const some = data.subarray(0, 20 * features);
  const expected = Array.from({ length: 20 * components }, (_, at) => {
    const [r, i] = [Math.floor(at / components), at % components];
    return dot(
      pca.axes.subarray(i * features, (i + 1) * features),
      mean.map((m, f) => some[r * features + f] - m),
    );
  });
  near(await project(gpu, some, pca), expected, { absolute: 2e-4, relative: 1e-4 });
});

test('PCA of fewer rows or directions than asked leaves nothing but zeros beyond them', async () => {
  const data = new Float32Array(30 * 50);
  for (let r = 0; r < 30; r++) data[r * 50] = r;
  const pca = await fitPca(gpu, data, 50, 3);
  near(pca.variances, [77.5, 0, 0], { absolute: 1e-3 });
  near([Math.abs(pca.axes[0])], [1]);
});

/** Mean of normal densities by the inverse and the determinant of a 2 x 2 covariance. */
function plainDensity(rows: Float32Array, x: number, y: number): number {
  const n = rows.length / 2;
  const [mx, my] = [0, 1].map((f) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += rows[2 * i + f] / n;
    return sum;
  });
  let [a, b, c] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [u, v] = [rows[2 * i] - mx, rows[2 * i + 1] - my];
    a += (u * u) / (n - 1);
    b += (u * v) / (n - 1);
    c += (v * v) / (n - 1);
  }
  const h = n ** (-1 / 6);
  [a, b, c] = [a * h * h, b * h * h, c * h * h];
  const ridge = (1e-6 * (a + c)) / 2;
  [a, c] = [a + ridge, c + ridge];
  const det = a * c - b * b;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const [u, v] = [x - rows[2 * i], y - rows[2 * i + 1]];
    sum += Math.exp(-(c * u * u - 2 * b * u * v + a * v * v) / (2 * det)) / (2 * Math.PI * Math.sqrt(det) * n);
  }
  return sum;
}

test('kernel densities: the mean of Gaussians with the scaled covariance of the points', () => {
  const rows = values.normal([80, 2]).map((x, i) => (i % 2 ? 0.3 * x + 1 : 4 * x));
  const queries = values.normal([15, 2]).map((x) => 2 * x);
  const got = logDensities(fitDensity(rows, 2), queries);
  const want = Array.from({ length: 15 }, (_, q) => Math.log(plainDensity(rows, queries[2 * q], queries[2 * q + 1])));
  near(got, want, { relative: 1e-6, absolute: 1e-6 });
  // Far away, where every kernel underflows, the logarithm is still there.
  assert.ok(Number.isFinite(logDensities(fitDensity(rows, 2), Float32Array.of(1e4, 1e4))[0]));
  // Columns that are constant, or that sum to one.
  const table = Float32Array.from({ length: 90 }, (_, i) => [i % 2, 1 - (Math.floor(i / 3) % 2), 7][i % 3]);
  assert.ok(logDensities(fitDensity(table, 3), table).every(Number.isFinite));
});

test('DOMIAS: a ratio of densities; samples crowded at members are found, others are not', () => {
  const [members, nonMembers, reference] = [200, 200, 400].map((n) => values.normal([n, 2]));
  const crowded = Float32Array.from({ length: 4000 }, (_, i) => members[i % 400] + 0.02 * values.stream.normal());
  const scored = densityRatios({ members, nonMembers }, crowded, reference, 2);
  near(
    [scored.members[3]],
    [
      Math.log(plainDensity(crowded, members[6], members[7])) -
        Math.log(plainDensity(reference, members[6], members[7])),
    ],
    { relative: 1e-5, absolute: 1e-5 },
  );
  assert.ok(judge(scored).auc > 0.6);
  const { auc } = judge(densityRatios({ members, nonMembers }, values.normal([2000, 2]), reference, 2));
  assert.ok(Math.abs(auc - 0.5) < 0.09, `${auc}`);
});

test('LiRA: halves that complement each other, ratios by hand, chance and a leak', () => {
  const halves = shadowHalves(9, 6, 1);
  assert.is(halves.length, 6);
  for (let s = 0; s < 6; s += 2) assert.ok(halves[s].every((bit, i) => bit + halves[s + 1][i] === 1));
  assert.is(
    halves[0].reduce((a, b) => a + b, 0),
    4,
  );

  // One candidate, in: 4, 6; out: 0, 1, 2, 3. Medians 5 and 1.5, variances 1 and 1.25.
  const shadows = [[4], [6], [0], [1], [2], [3]];
  const sides = [1, 1, 0, 0, 0, 0].map((bit) => Uint8Array.of(bit));
  const [ratio] = likelihoodRatios([4.5], shadows, sides);
  const normal = (x: number, mean: number, variance: number) =>
    -((x - mean) ** 2) / (2 * variance) - Math.log(variance) / 2;
  near([ratio], [normal(4.5, 5, 1) - normal(4.5, 1.5, 1.25)], { relative: 1e-5 });

  // Each candidate has a level of its own, which hides membership from a plain threshold.
  const count = 1000;
  const level = values.normal([count]).map((x) => 20 * x);
  const play = (shift: number, repeats: number) => {
    const bits = shadowHalves(count, repeats, 2);
    const score = (i: number, inside: number) => level[i] + shift * inside + values.stream.normal();
    const found = bits.map((half) => Array.from({ length: count }, (_, i) => score(i, half[i])));
    const target = Array.from({ length: count }, (_, i) => score(i, i < count / 2 ? 1 : 0));
    const ratios = likelihoodRatios(target, found, bits);
    const half = count / 2;
    return [
      judge({ name: 'lira', members: ratios.subarray(0, half), nonMembers: ratios.subarray(half) }).auc,
      judge({ name: 'plain', members: target.slice(0, half), nonMembers: target.slice(half) }).auc,
    ];
  };
  for (const repeats of [8, 40]) {
    const [lira, plain] = play(2, repeats);
    assert.ok(lira > 0.85 && plain < 0.58, `${lira} against ${plain}`);
    assert.ok(Math.abs(play(0, repeats)[0] - 0.5) < 0.06);
  }
});

test.run();
