/** Nearest neighbours against all pairs in float64: host and device, ties, duplicates, hostile numbers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { nearestDistances, nearestNeighbours } from '../../src/metrics/neighbours.ts';
import { disposeCandidates, makeCandidates, nearestTile } from '../../src/ops/nearest.ts';
import { nearestTileNaive } from '../../src/ops/nearest-naive.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** Distances of all pairs, sorted with their indices. */
function brute(queries: Float32Array, base: Float32Array, features: number, k: number) {
  const squared: number[] = [];
  const indices: number[] = [];
  for (let q = 0; q < queries.length; q += features) {
    const list: [number, number][] = [];
    for (let b = 0; b < base.length; b += features) {
      let sum = 0;
      for (let f = 0; f < features; f++) sum += (queries[q + f] - base[b + f]) ** 2;
      list.push([sum, b / features]);
    }
    list.sort((x, y) => x[0] - y[0] || x[1] - y[1]);
    squared.push(...list.slice(0, k).map(([d]) => d));
    indices.push(...list.slice(0, k).map(([, i]) => i));
  }
  return { squared, indices };
}

async function check(queries: Float32Array, base: Float32Array, features: number, k: number, tile?: number) {
  const want = brute(queries, base, features, k);
  for (const on of ['host', 'device'] as const) {
    const got = await nearestNeighbours(gpu, queries, base, { features, k, on, tile });
    const what = `${on}, ${queries.length / features} x ${base.length / features} x ${features}, k ${k}`;
    assert.is(got.k, Math.min(k, base.length / features), what);
    assert.equal([...got.squared], want.squared, what);
    assert.equal([...got.indices], want.indices, what);
  }
}

const values = new Values(1);
const KINDS: Record<string, (features: number) => (i: number) => number> = {
  normal: () => () => values.stream.normal(),
  grid: () => () => values.stream.below(3),
  constant: () => () => 0.5,
  'far from the origin': () => () => 1000 + 0.01 * values.stream.normal(),
  clusters: (features) => {
    const centre = Array.from({ length: features }, () => 10 * values.stream.normal());
    return (i) => (Math.floor(i / features) % 2 ? 1 : -1) * centre[i % features] + 1e-3 * values.stream.normal();
  },
};

test('equals all pairs in float64: shapes, ties, duplicates, offsets', async () => {
  const shapes = [
    [2, 33, 70, 1],
    [3, 20, 4, 5],
    [12, 17, 100, 3],
    [13, 31, 129, 5],
    [65, 9, 61, 16],
    [130, 40, 40, 1],
  ];
  poison(gpu, 1 << 14);
  for (const [features, queries, rows, k] of shapes) {
    for (const [name, kind] of Object.entries(KINDS)) {
      const value = kind(features);
      const base = Float32Array.from({ length: rows * features }, (_, i) => value(i));
      const some = Float32Array.from({ length: queries * features }, (_, i) => value(i));
      // Some queries are rows, some rows come twice.
      some.set(base.subarray(0, features), features);
      if (rows > 8) base.copyWithin(5 * features, 0, 2 * features);
      await check(some, base, features, k, name === 'normal' ? 2048 : 16);
    }
  }
});

test('many tiles give the same as one, and the last may be small', async () => {
  const features = 21;
  const [queries, base] = [values.normal([53, features]), values.normal([307, features])];
  for (const tile of [4, 12, 100, 308]) await check(queries, base, features, 5, tile);
});

test('numbers that f32 cannot square, or only as zero', async () => {
  for (const scale of [1e25, 1e-25, 1e19]) {
    const base = values.normal([50, 14]).map((x) => x * scale);
    await check(
      values.normal([6, 14]).map((x) => x * scale),
      base,
      14,
      3,
    );
  }
  // Some rows overflow and are in no list, and a query is one of them.
  const few = values.normal([10, 14]);
  for (let i = 0; i < 4 * 14; i++) few[6 * 14 + i] = 3e19 * (Math.floor(i / 14) % 2 ? 1 : -1) * (1 + i * 1e-3);
  await check(few.slice(5 * 14), few, 14, 1);
  // Rows far from their mean, alike but for what f32 cannot tell at that distance; the first of each tile is the mean.
  const far = Float32Array.from({ length: 200 * 14 }, (_, i) => {
    const row = Math.floor(i / 14);
    return row % 16 ? (row % 2 ? 300 : -300) + 1e-2 * values.stream.normal() : 0;
  });
  await check(far.slice(14, 40 * 14), far, 14, 3, 16);
  // One row so far out that it spoils the bound of every query.
  const base = values.normal([60, 14]);
  base[14] = 1e22;
  await check(values.normal([6, 14]), base, 14, 3);
});

test('wide records: 12,288 values', async () => {
  const features = 12_288;
  await check(values.uniform([5, features], -1, 1), values.uniform([70, features], -1, 1), features, 2);
});

test('a duplicate is at distance exactly 0', async () => {
  const base = values.normal([400, 100]);
  const distances = await nearestDistances(gpu, base, base, { features: 100, on: 'device' });
  assert.ok(distances.every((d) => d === 0));
});

test('the kernels: candidates of product and differences agree, strips keep their own', async () => {
  const [features, rows, queries] = [37, 201, 52];
  const [x, q] = [values.normal([rows, features]), values.normal([queries, features])];
  const norms = Float32Array.from({ length: rows }, (_, r) =>
    x.subarray(r * features, (r + 1) * features).reduce((sum, v) => sum + v * v, 0),
  );
  const on = [tensor(gpu, x, [rows, features]), tensor(gpu, norms), tensor(gpu, q, [queries, features])] as const;
  const exact = (j: number, i: number) =>
    brute(q.subarray(j * features, (j + 1) * features), x.subarray(i * features, (i + 1) * features), features, 1)
      .squared[0];
  for (const k of [8, 16, 24] as const) {
    const want = brute(q, x, features, k);
    const read = async (lists: ReturnType<typeof makeCandidates>) => {
      const [scores, indices] = [await lists.scores.read(), await lists.indices.read()];
      disposeCandidates(lists);
      return { scores, indices };
    };
    const naive = makeCandidates(gpu, queries, k);
    nearestTileNaive(naive, on[0], on[2], 0);
    const plain = await read(naive);
    const product = makeCandidates(gpu, queries, k);
    nearestTile(product, on[0], on[1], on[2], 0);
    const chosen = await read(product);
    for (let j = 0; j < queries; j++) {
      const shift = q.subarray(j * features, (j + 1) * features).reduce((sum, v) => sum + v * v, 0);
      for (let r = 0; r < k; r++) {
        const [at, w] = [r * queries + j, j * k + r];
        // Two rows may be as near as makes no difference in f32.
        const of = [plain, chosen].map(({ indices }) => exact(j, indices[at]));
        const got = [plain.scores[at], chosen.scores[at] + shift, ...of];
        near(got, new Array(4).fill(want.squared[w]), { absolute: 1e-4 });
      }
    }
    const strips = makeCandidates(gpu, queries, k, 3);
    nearestTile(strips, on[0], on[1], on[2], 0);
    const { indices } = await read(strips);
    for (let j = 0; j < queries; j++) {
      const all = [0, 1, 2].map((s) => Array.from({ length: k }, (_, r) => indices[(s * k + r) * queries + j]));
      all.forEach((list, s) => assert.ok(list.every((i) => Math.floor(i / 67) === s)));
      const found = all.flat();
      const nearest = found.map((i) => exact(j, i)).sort((a, b) => a - b);
      near(nearest.slice(0, k), want.squared.slice(j * k, (j + 1) * k), { absolute: 1e-4 });
    }
  }
  for (const t of on) t.dispose();
});

test('memory stays bounded, progress rises to 1', async () => {
  gpu.trim();
  const before = gpu.memory();
  const shares: number[] = [];
  const base = values.normal([900, 50]);
  await nearestNeighbours(gpu, base, base, { features: 50, tile: 64, on: 'device', onProgress: (s) => shares.push(s) });
  const after = gpu.memory();
  assert.is(after.live, before.live);
  // Two tiles, a packed one, the product and the lists.
  assert.ok(after.pooled < 12 * 4 * 64 * 64, `${after.pooled}`);
  assert.ok(shares.every((s, i) => i === 0 || s >= shares[i - 1]));
  assert.is(shares[shares.length - 1], 1);
});

test('what is not whole records of numbers is refused', async () => {
  const good = Float32Array.of(0, 1);
  const run =
    (q: Float32Array, b: Float32Array, k = 1) =>
    () =>
      nearestNeighbours(gpu, q, b, { features: 2, k });
  assert.is(await codeOf(run(good, new Float32Array(0))), 'SHAPE');
  assert.is(await codeOf(run(Float32Array.of(1), good)), 'SHAPE');
  assert.is(await codeOf(run(good, Float32Array.of(0, Number.NaN))), 'NAN');
  assert.is(await codeOf(run(Float32Array.of(Number.NaN, 0), good)), 'NAN');
  assert.is(await codeOf(run(good, values.normal([30, 2]), 17)), 'SHAPE');
  assert.is(await codeOf(run(good, good, 0)), 'SHAPE');
});

test.run();
