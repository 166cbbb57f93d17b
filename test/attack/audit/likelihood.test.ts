/** What an update says of canaries, against Gaussian densities written out in the space of the gradients. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spreadRows, updateEvidence } from '../../../src/attack/audit/likelihood.ts';
import { PhiloxStream } from '../../../src/base/philox.ts';

const random = new PhiloxStream(5, 'audit_likelihood.test');
const normals = (n: number) => Array.from({ length: n }, () => random.normal());
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i], 0);

/** x of A x = b by elimination with pivots, and ln det A. */
function eliminate(a: readonly (readonly number[])[], b: readonly number[]): { x: number[]; logDet: number } {
  const m = a.map((row, i) => [...row, b[i]]);
  let logDet = 0;
  for (let c = 0; c < m.length; c++) {
    const best = m.slice(c).reduce((p, row, i) => (Math.abs(row[c]) > Math.abs(m[p][c]) ? c + i : p), c);
    [m[c], m[best]] = [m[best], m[c]];
    logDet += Math.log(Math.abs(m[c][c]));
    for (let r = 0; r < m.length; r++) {
      const f = r === c ? 0 : m[r][c] / m[c][c];
      for (let j = c; f && j < m[r].length; j++) m[r][j] -= f * m[c][j];
    }
  }
  return { x: m.map((row, i) => row[m.length] / row[i]), logDet };
}

/** ln of the density of N(mean, covariance) at x, up to a constant. */
function logNormal(x: readonly number[], mean: readonly number[], covariance: readonly (readonly number[])[]): number {
  const away = x.map((v, i) => v - mean[i]);
  const solved = eliminate(covariance, away);
  return -0.5 * (dot(away, solved.x) + solved.logDet);
}

/** The definition: the update's density with the canary in the batch and without, all other rows uncertain. */
function byHand(rows: number[][], y: number[], canaries: number, q: number, noise: number, others: number[]): number[] {
  const mean = rows.map((_, i) => (i < canaries ? q / 2 : others[i - canaries]));
  const variance = mean.map((m, i) => (i < canaries ? m * (1 - m) : m * (1 + m)));
  return Array.from({ length: canaries }, (_, i) => {
    const rest = rows.map((_, j) => j).filter((j) => j !== i);
    const centre = y.map((_, d) => rest.reduce((sum, j) => sum + mean[j] * rows[j][d], 0));
    const covariance = y.map((_, d) =>
      y.map((_, e) => rest.reduce((sum, j) => sum + variance[j] * rows[j][d] * rows[j][e], d === e ? noise : 0)),
    );
    const without = logNormal(y, centre, covariance);
    const within = logNormal(
      y,
      centre.map((c, d) => c + rows[i][d]),
      covariance,
    );
    return Math.log(1 - q + q * Math.exp(within - without));
  });
}

test('evidence is the log-likelihood ratio of Gaussian densities, clipped and whole, with fewer values than rows or more', () => {
  for (const [values, canaries, others, q, noise, bound] of [
    [6, 3, [2, 0.5], 0.1, 4, Number.POSITIVE_INFINITY],
    [4, 5, [1, 3, 3], 0.4, 0.5, Number.POSITIVE_INFINITY],
    [9, 2, [], 0.05, 9, 1],
    [7, 4, [5], 1, 2, 0.7],
  ] as const) {
    const whole = Array.from({ length: canaries + others.length }, () => normals(values).map((v) => 2 * v));
    const rows = whole.map((g) => g.map((v) => v * Math.min(1, bound / Math.sqrt(dot(g, g)))));
    // An update with the first canary in it.
    const y = normals(values).map((v, d) => Math.sqrt(noise) * v + rows[0][d]);
    const expected = byHand(rows, y, canaries, q, noise, [...others]);
    const found = updateEvidence(
      whole.flatMap((a) => whole.map((b) => dot(a, b))),
      whole.map((g) => dot(g, y)),
      { canaries, q, noise, others, bound },
    );
    // Room for what keeps rounded matrices positive: a millionth of the largest.
    expected.forEach((e, i) => assert.ok(Math.abs(found[i] - e) <= 1e-3 * (1 + Math.abs(e)), `${found[i]}, not ${e}`));
  }
});

test('a gradient that is zero or not finite says nothing, and spoils nothing', () => {
  const rows = [normals(5), normals(5), normals(5)];
  const y = normals(5);
  const ask = (canaries: number, gram: number[], products: number[]) =>
    updateEvidence(gram, products, { canaries, q: 0.2, noise: 1, others: [], bound: 1 });
  const inner = (list: number[][]) => list.flatMap((a) => list.map((b) => dot(a, b)));
  const alone = ask(
    2,
    inner(rows.slice(0, 2)),
    rows.slice(0, 2).map((g) => dot(g, y)),
  );
  for (const bad of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
    const spoiled = [rows[0], rows[1], rows[2].map(() => bad)];
    const found = ask(
      3,
      inner(spoiled),
      spoiled.map((g) => dot(g, y)),
    );
    assert.ok(Math.abs(found[2]) < 1e-12, `${bad}: ${found[2]}`);
    for (const i of [0, 1]) assert.ok(Math.abs(found[i] - alone[i]) < 1e-9, `${bad}: ${found[i]}, not ${alone[i]}`);
  }
});

test('the rows that are chosen are long and unlike each other', () => {
  const rows = [
    [1, 0, 0],
    [3, 0, 0],
    [2.9, 0.1, 0],
    [0, 2, 0],
    [0, 0, 0.5],
    [0, Number.NaN, 0],
  ];
  const gram = rows.flatMap((a) => rows.map((b) => dot(a, b)));
  assert.equal(spreadRows(gram, 6, 3), [1, 3, 4]);
  assert.equal(spreadRows(gram, 6, 1), [1]);
  assert.is(new Set(spreadRows(gram, 6, 6)).size, 5);
});

test.run();
