/** Weighted sums over records, in every kernel: their values, how f32 rounds them, and that records do not meet. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { CHAIN, LINKS, SEGMENT } from '../../src/ops/chains.ts';
import { eligibleConv, type FilterKernel, planConvFilter } from '../../src/ops/conv-plan.ts';
import { runConvFilter } from '../../src/ops/conv-run.ts';
import { NONE } from '../../src/ops/epilogue.ts';
import { runMatmul } from '../../src/ops/matmul.ts';
import { eligible, type MatmulKernel } from '../../src/ops/matmul-plan.ts';
import { weightedTotal } from '../../src/ops/reduce.ts';
import { additions } from '../../src/privacy/sensitivity.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { adapters, asHardware, lavapipe } from '../support/adapters.ts';
import { convFilter64, geometry } from '../support/conv64.ts';
import { near, poison, rounding, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const UNIT = 2 ** -24;
const MATMUL: readonly MatmulKernel[] = ['naive', 'register', 'tile', 'subgroup', 'subgroup4', 'wide', 'tall'];
const FILTER: readonly FilterKernel[] = ['register', 'subgroup4', 'tile'];

/** A sum over n records of weight times record, each [size]; what `run` gives has the elements of one. */
interface Sum {
  readonly name: string;
  readonly size: number;
  readonly run: (records: Float32Array, weights: Float32Array) => Tensor;
}

/** Sums whose records are vectors: totals, products with a column of ones, filters of one pixel. */
function sums(n: number): Sum[] {
  const ones = (length: number) => tensor(gpu, new Float32Array(length).fill(1));
  const put = (data: Float32Array, shape: number[]) => tensor(gpu, data, shape);
  const totals = [1, 8, 40].map((size) => ({
    name: `total of ${size}`,
    size,
    run: (x: Float32Array, c: Float32Array) => weightedTotal(put(x, [1, n, size]), put(c, [1, n])),
  }));
  const products = MATMUL.flatMap((force) => {
    const [m, size] = force === 'wide' ? [2, 8] : force === 'tall' ? [4, 3] : [5, 8];
    const shape = { groups: 1, m, n: size, k: n, aTransposed: true, bTransposed: false };
    if (!eligible(force, shape, gpu.adapter)) return [];
    const sizes = { groups: 1, ga: 1, gb: 1, gc: 1, m, n: size, k: n, shape: [1, m, size], epilogue: NONE };
    const run = (x: Float32Array, c: Float32Array) => {
      const [a, b] = [ones(n * m).view([1, n, m]), put(x, [1, n, size])];
      return runMatmul({ a, b, ta: true, tb: false, ...sizes, weights: put(c, [1, n]), force });
    };
    return [{ name: `product, ${force}`, size, run }];
  });
  const { co, ci, ...at } = geometry([1, 1, 1], [1, 1, 1, 8], {});
  const filters = FILTER.filter((force) => eligibleConv(force, 0, co, gpu.adapter)).map((force) => ({
    name: `filter, ${force}`,
    size: co,
    run: (x: Float32Array, c: Float32Array) => {
      const call = { geometry: at, groups: 1, n, ci, co, share: 1, force };
      return runConvFilter(
        call,
        ones(n).view([1, n, 1, 1, 1]),
        put(x, [1, n, 1, 1, co]),
        [1, 1, 1, 1, co],
        put(c, [n]),
      );
    },
  }));
  return [...totals, ...products, ...filters];
}

/** The f32 value near `about` that makes an addition to `sum` be rounded up by half of the result's last place. */
function upward(sum: number, about: number): number {
  const ulp = 2 ** (Math.floor(Math.log2(sum + about)) - 23);
  return Math.fround((Math.floor((sum + 0.9 * about) / ulp) + 0.5) * ulp + ulp / 64 - sum);
}

/** Values near 1 that are rounded up so again and again where they are added in chains of `length`. */
function adverse(n: number, length: number): Float32Array {
  const out = new Float32Array(n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    if (i % length === 0) sum = 0;
    out[i] = upward(sum, 1);
    sum = Math.fround(sum + out[i]);
  }
  return out;
}

/** Values near 1 whose sums in chains of CHAIN are exact, and rounded up again and again as these are added. */
function adverseLinks(n: number): Float32Array {
  const out = new Float32Array(n).fill(1);
  let sum = 0;
  for (let i = CHAIN - 1; i < n; i += CHAIN) {
    // In steps of 2^-18, of which a chain's sum has no part.
    const link = Math.round(upward(sum, CHAIN) * 2 ** 18) / 2 ** 18;
    out[i] = link - (CHAIN - 1);
    sum = Math.fround(sum + link);
  }
  return out;
}

test('f32 rounds a sum by no more than is counted on, where longer chains are rounded by more', async () => {
  const n = 8000;
  const chunk = planConvFilter(
    { geometry: geometry([1, 1, 1], [1, 1, 1, 8], {}), groups: 1, n, ci: 1, co: 8 },
    lavapipe,
  );
  const bad = [n, SEGMENT, chunk.chunk].map((length) => adverse(n, length));
  for (const values of [...bad, adverseLinks(n)]) {
    const exact = values.reduce((s, v) => s + v, 0);
    const allowed = UNIT * additions({ most: n }) * n * Math.max(...values);
    for (const { name, size, run } of sums(n)) {
      const records = Float32Array.from({ length: n * size }, (_, i) => values[Math.floor(i / size)]);
      const weights = new Float32Array(n).fill(1);
      for (const y of [run(records, weights), asHardware(gpu, () => run(records, weights))]) {
        for (const v of await y.read()) {
          assert.ok(Math.abs(v - exact) <= allowed, `${name}: ${(v - exact) / allowed} of what is allowed`);
        }
      }
    }
  }
});

test('what a record adds has the same bits wherever it stands, whatever the others hold', async () => {
  const values = new Values(3);
  for (const n of [75, 600]) {
    for (const { name, size, run } of sums(n)) {
      const record = values.normal([size]);
      let first: Float32Array | null = null;
      for (const place of [0, 1, 31, 32, 40, n - 1]) {
        const records = new Float32Array(n * size).fill(place % 2 ? Number.NaN : Number.POSITIVE_INFINITY);
        records.set(record, place * size);
        const weights = Float32Array.from({ length: n }, (_, i) => (i === place ? 0.3 : 0));
        const y = await run(records, weights).read();
        sameBits(y, (first ??= y), `${name}, record ${place} of ${n}`);
      }
      assert.ok(first?.every((v) => Number.isFinite(v) && v !== 0));
    }
  }
});

test('a filter gradient forms that of each record first: with the bits that it has alone', async () => {
  const values = new Values(4);
  const [n, image, kernel, co] = [37, [9, 7, 3], [3, 3, 3], 12] as const;
  const { co: _, ci, ...at } = geometry(image, [...kernel, co], { stride: 2 });
  const [pixels, places] = [9 * 7 * 3, at.oh * at.ow * co];
  const [x, y] = [values.normal([n, pixels]), values.normal([n, places])];
  const shape = [1, ...kernel, co];
  for (const force of FILTER.filter((k) => eligibleConv(k, 0, co, gpu.adapter))) {
    const filter = (from: number, to: number, weights?: Float32Array) => {
      const count = to - from;
      const call = { geometry: at, groups: 1, n: count, ci, co, share: 1, force };
      const [a, b] = [x.slice(from * pixels, to * pixels), y.slice(from * places, to * places)];
      const images = tensor(gpu, a, [1, count, ...image]);
      const maps = tensor(gpu, b, [1, count, at.oh, at.ow, co]);
      return runConvFilter(call, images, maps, shape, weights && tensor(gpu, weights)).read();
    };
    const weighing = (...places: number[]) => Float32Array.from({ length: n }, (_, i) => (places.includes(i) ? 1 : 0));
    const first = await filter(0, 1);
    sameBits(await filter(0, n, weighing(0)), first, `${force}, record 0`);
    // Two are added once, wherever they stand: no position of one meets a partial sum of the other.
    for (const place of [1, 13, n - 1]) {
      const one = await filter(place, place + 1);
      sameBits(await filter(0, n, weighing(place)), one, `${force}, record ${place}`);
      const both = one.map((v, i) => v + first[i]);
      sameBits(await filter(0, n, weighing(0, place)), both, `${force}, records 0 and ${place}`);
    }
  }
});

test('weighted filter gradients in every kernel: what has weight 0 adds nothing, whatever it holds', async () => {
  const values = new Values(5);
  for (const { groups, n, image, kernel, co, stride } of [
    { groups: 1, n: 5, image: [6, 5, 3], kernel: [3, 3], co: 8, stride: 1 },
    { groups: 3, n: 33, image: [4, 5, 2], kernel: [3, 2], co: 3, stride: 2 },
    { groups: 2, n: 70, image: [5, 3, 4], kernel: [2, 3], co: 36, stride: 2 },
    { groups: 1, n: 1100, image: [3, 3, 2], kernel: [2, 2], co: 4, stride: 1 },
  ] as const) {
    const s = geometry(image, [...kernel, image[2], co], { stride });
    const { co: _, ci, ...at } = s;
    const [pixels, places] = [image[0] * image[1] * ci, at.oh * at.ow * co];
    const [x, y] = [values.normal([groups * n, pixels]), values.normal([groups * n, places])];
    const c = values.uniform([groups * n], 0, 2).map((v, i) => (i % 3 === 1 ? 0 : v));
    const scaled = Float64Array.from(y, (v, i) => v * c[Math.floor(i / places)]);
    const of = (t: ArrayLike<number>, g: number, each: number) =>
      Float64Array.from(t).subarray(g * n * each, (g + 1) * n * each);
    const expected = Array.from({ length: groups }, (_, g) =>
      Array.from(convFilter64(of(x, g, pixels), of(scaled, g, places), n, s)),
    ).flat();
    c.forEach((weight, i) => {
      if (weight) return;
      x.fill(Number.NaN, i * pixels, (i + 1) * pixels);
      y.fill(Number.POSITIVE_INFINITY, i * places, (i + 1) * places);
    });
    const images = tensor(gpu, x, [groups, n, ...image]);
    const maps = tensor(gpu, y, [groups, n, at.oh, at.ow, co]);
    const shape = [groups, ...kernel, ci, co];
    poison(gpu);
    for (const force of FILTER.filter((k) => eligibleConv(k, 0, co, gpu.adapter))) {
      const call = { geometry: at, groups, n, ci, co, share: 1, force };
      const run = () => runConvFilter(call, images, maps, shape, tensor(gpu, c));
      const tolerance = { ...rounding(n * at.oh * at.ow), what: `${force}, ${n} records` };
      near(await run().read(), expected, tolerance);
      near(await asHardware(gpu, run).read(), expected, tolerance);
    }
  }
});

/** Most additions of a term on its way through items added in chains, each -1 where it holds no record. */
function through(items: readonly number[], chain: number): number {
  let [total, sum] = [-1, -1];
  items.forEach((depth, i) => {
    if (i % chain === 0) {
      if (sum >= 0) total = total < 0 ? sum : Math.max(total, sum) + 1;
      sum = -1;
    }
    if (depth >= 0) sum = sum < 0 ? depth : Math.max(sum, depth) + 1;
  });
  if (sum < 0) return total;
  return total < 0 ? sum : Math.max(total, sum) + 1;
}

/** The same of all items in parts of so many, of which each is added up apart, by `inner`. */
const parts = (items: readonly number[], size: number, inner: (part: readonly number[]) => number): number[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => inner(items.slice(i * size, (i + 1) * size)));

test('no plan makes a record go through more additions than are counted', () => {
  const values = new Values(6);
  const at = geometry([1, 1, 1], [1, 1, 1, 8], {});
  for (let trial = 0; trial < 400; trial++) {
    const long = trial % 3 === 0;
    const [reals, padding, fakes] = [values.int(1, long ? 4000 : 300), values.int(0, 700), values.int(0, 2500)];
    // A record's term is one addition by itself: a product is rounded as it is added to nothing.
    const live = [...Array(reals).fill(1), ...Array(padding).fill(-1), ...Array(fakes).fill(1)];
    const most = additions({ most: reals + fakes });
    const segments = parts(live, SEGMENT, (part) => through(part, CHAIN));
    assert.ok(through(segments, segments.length) <= most, `segments of ${[reals, padding, fakes]}`);
    for (const adapter of adapters) {
      for (const ways of [1, 7, 100]) {
        const shape = { geometry: at, groups: ways, n: live.length, ci: 1, co: 8 };
        const { chunk } = planConvFilter(shape, adapter, undefined, SEGMENT);
        const splits = parts(live, chunk, (part) => through(part, CHAIN));
        assert.ok(through(splits, LINKS) <= most, `filter of ${[reals, padding, fakes]}, chunks of ${chunk}`);
      }
    }
  }
});

test.run();
