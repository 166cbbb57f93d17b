import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ChaChaStream } from '../../src/privacy/chacha.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { partitionOf, partitionRows, sipHash } from '../../src/privacy/partition.ts';
import { PoissonSampler, physicalBatches } from '../../src/privacy/sampling.ts';
import { codeOf } from '../support/values.ts';
import { ERRORS } from './laws.ts';

/** Tags of records 0, 1, ...: their numbers. */
const tagsTo = (n: number) => Uint32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? 0 : i / 2));
const listOf = (records: number | Uint32Array) =>
  typeof records === 'number' ? Uint32Array.from({ length: records }, (_, i) => i) : records;
const seeded = (records: number | Uint32Array, q: number, seed = 1, index = 0) =>
  new PoissonSampler(PrivacyKey.insecure(seed), listOf(records), {
    q,
    index,
    tags: tagsTo(Math.max(0, ...listOf(records)) + 1),
  });

/** Sizes of `steps` batches against the binomial law, and each record's count against q. */
function faults(sampler: PoissonSampler, n: number, steps: number, q: number): string[] {
  const sizes: number[] = [];
  const counts = new Float64Array(n);
  for (let i = 0; i < steps; i++) {
    const batch = sampler.next();
    sizes.push(batch.length);
    for (const record of batch) counts[record]++;
  }
  const found: string[] = [];
  const check = (what: string, got: number, mean: number, variance: number) => {
    const errors = Math.abs(got - mean) / Math.sqrt(variance);
    if (!(errors < ERRORS)) found.push(`${what}: ${got}, not ${mean}, ${errors} standard errors`);
  };
  const v = n * q * (1 - q);
  check('size', sizes.reduce((a, b) => a + b) / steps, n * q, v / steps);
  // Fourth central moment of the binomial: v (1 + (3 n - 6) q (1 - q)).
  const fourth = v * (1 + (3 * n - 6) * q * (1 - q));
  const spread = sizes.reduce((a, b) => a + (b - n * q) ** 2, 0) / steps;
  check('variance of the size', spread, v, (fourth - v * v) / steps);
  // Chi-square of the records' counts, nearly normal for many records.
  const chi = counts.reduce((a, c) => a + (c - steps * q) ** 2 / (steps * q * (1 - q)), 0);
  check('chi-square of records', chi, n, n * (2 + (1 - 6 * q * (1 - q)) / (steps * q * (1 - q))));
  return found;
}

test('sizes and records follow the binomial law, and a rate 3 or 6 % off is seen', () => {
  for (const [n, q, steps, off] of [
    [1000, 0.064, 2000, 1.03],
    [300, 0.5, 4000, 1.03],
    [20_000, 1 / 469, 400, 1.06],
  ]) {
    assert.equal(faults(seeded(n, q), n, steps, q), []);
    assert.ok(faults(seeded(n, off * q), n, steps, q).length > 0, `${q} times ${off}`);
  }
});

test('a record is compared with all 64 bits of its probability', () => {
  const key = PrivacyKey.insecure(21).derive('sampling');
  const high = new ChaChaStream(key, [0, 0, 0]).uint32();
  const low = new ChaChaStream(key, [0, 0, 1]).uint32();
  // A step of q as a float64 is at most 2^11 of 2^-64 here.
  for (const [offset, size] of [
    [2 ** 12, 1],
    [-(2 ** 12), 0],
  ]) {
    const q = (high * 2 ** 32 + low + offset) / 2 ** 64;
    assert.is(seeded(1, q, 21).next().length, size);
  }
});

test('two records, and two steps, are independent', () => {
  const [n, q, steps] = [64, 0.3, 4000];
  const sampler = seeded(n, q, 5);
  const rows = Array.from({ length: steps }, () => new Set(sampler.next()));
  for (const other of [1, 15, 16, 63]) {
    const both = rows.filter((r) => r.has(0) && r.has(other)).length;
    assert.ok(Math.abs(both - steps * q * q) < ERRORS * Math.sqrt(steps * q * q * (1 - q * q)), `record ${other}`);
  }
  const twice = rows.filter((r, i) => r.has(3) && rows[(i + 1) % steps].has(3)).length;
  assert.ok(Math.abs(twice - steps * q * q) < ERRORS * Math.sqrt(3 * steps * q * q * (1 - q * q)));
});

test('with a record fewer or more, and in another order, each other record is in the same batches', () => {
  const n = 40;
  const tags = Uint32Array.from({ length: 2 * n }, (_, i) => Math.imul(i + 1, 2654435761) >>> 0);
  const of = (rows: readonly number[]) => {
    const own = Uint32Array.from(rows.flatMap((row) => [tags[2 * row], tags[2 * row + 1]]));
    const sampler = new PoissonSampler(PrivacyKey.insecure(4), listOf(rows.length), { q: 0.3, tags: own });
    return Array.from({ length: 40 }, () => Array.from(sampler.next(), (place) => rows[place]));
  };
  const all = Array.from({ length: n }, (_, i) => i);
  const whole = of(all);
  for (const gone of [0, 17, n - 1]) {
    const fewer = of(all.filter((row) => row !== gone));
    assert.equal(
      fewer,
      whole.map((batch) => batch.filter((row) => row !== gone)),
    );
  }
  const turned = of([...all].reverse());
  assert.equal(
    turned.map((batch) => [...batch].sort((a, b) => a - b)),
    whole,
  );
});

test('a record of a partition goes by its own tag, not by its place in the list', () => {
  const n = 60;
  const tags = Uint32Array.from({ length: 2 * n }, (_, i) => Math.imul(i + 1, 2246822519) >>> 0);
  const key = () => PrivacyKey.insecure(6);
  const whole = new PoissonSampler(key(), listOf(n), { q: 0.3, tags });
  const own = listOf(n).filter((row) => row % 3 === 1);
  const part = new PoissonSampler(key(), own, { q: 0.3, tags });
  for (let i = 0; i < 40; i++)
    assert.equal(
      part.next(),
      whole.next().filter((row) => row % 3 === 1),
    );
});

test('batches are ascending row numbers of the list, sampled with q = 1 whole', () => {
  const rows = Uint32Array.of(3, 9, 10, 400);
  assert.equal(seeded(rows, 1).next(), rows);
  const half = seeded(rows, 0.5);
  for (let i = 0; i < 50; i++) {
    const batch = half.next();
    assert.ok(batch.every((r, j) => rows.includes(r) && (j === 0 || batch[j - 1] < r)));
  }
  assert.is(seeded(0, 0.5).next().length, 0);
});

test('tiny probabilities give empty batches, and no record more than its share', () => {
  const sampler = seeded(1000, 1e-9);
  let total = 0;
  for (let i = 0; i < 200; i++) total += sampler.next().length;
  assert.is(total, 0);
  assert.is(seeded(1000, 2 ** -70).next().length, 0);
});

test('a seed repeats its batches from any position; steps, seeds and samplers differ; fresh keys too', async () => {
  const a = seeded(500, 0.1);
  const first = [a.next(), a.next(), a.next()];
  const b = seeded(500, 0.1);
  b.draws.position = 2;
  assert.equal(b.next(), first[2]);
  const others = [seeded(500, 0.1, 2).next(), seeded(500, 0.1, 1, 1).next()];
  const key = PrivacyKey.fresh();
  const fresh = new PoissonSampler(key, listOf(500), { q: 0.1, tags: tagsTo(500) });
  const again = new PoissonSampler(PrivacyKey.fresh(), listOf(500), { q: 0.1, tags: tagsTo(500) });
  const all = [...first, ...others, fresh.next(), again.next()];
  assert.is(new Set(all.map((x) => x.join())).size, all.length);
  assert.is(await codeOf(() => Object.assign(fresh.draws, { position: 0 })), 'VALIDATION');
  fresh.dispose();
  assert.is(await codeOf(() => fresh.next()), 'USE_AFTER_FREE');
});

test('a probability outside (0, 1] is refused', async () => {
  for (const q of [0, -0.1, 1.0001, Number.NaN, Infinity]) assert.is(await codeOf(() => seeded(10, q)), 'CONFIG');
});

test('physical batches hold every record once, in order, and say which places count', async () => {
  for (const rows of [1, 3, 7, 64]) {
    for (const sizes of [[0], [1], [7], [8], [64, 0, 5], [0, 0], [3, 200]]) {
      const batches = sizes.map((n, g) => Uint32Array.from({ length: n }, (_, i) => 1000 * g + i + 1));
      const pieces = physicalBatches(batches, rows);
      assert.is(pieces.length, Math.ceil(Math.max(...sizes) / rows));
      const back: number[][] = sizes.map(() => []);
      for (const { index, live } of pieces) {
        assert.is(index.length, sizes.length * rows);
        live.forEach((n, g) => {
          back[g].push(...index.subarray(g * rows, g * rows + n));
          assert.ok(index.subarray(g * rows + n, (g + 1) * rows).every((i) => i === 0));
        });
      }
      assert.equal(
        back,
        batches.map((b) => [...b]),
      );
    }
  }
  for (const rows of [0, -1, 1.5, Number.NaN]) assert.is(await codeOf(() => physicalBatches([], rows)), 'CONFIG');
});

test('SipHash-2-4: vectors of the reference implementation', () => {
  const key = Uint32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c);
  const hash = (n: number) => {
    const [low, high] = sipHash(
      key,
      Uint8Array.from({ length: n }, (_, i) => i),
    );
    return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
  };
  assert.is(hash(0), '726fdb47dd0e0e31');
  assert.is(hash(1), '74f839c593dc67fd');
  assert.is(hash(7), 'ab0200f58b01d137');
  assert.is(hash(8), '93f5f5799a932462');
  assert.is(hash(15), 'a129ca6149be45e5');
});

test("a record's partition depends on its id and the key alone, and all partitions fill evenly", async () => {
  const key = PrivacyKey.insecure(1).derive('partition');
  const ids = Array.from({ length: 20_000 }, (_, i) => `person-${i}`);
  const [K, all] = [5, partitionOf(ids, 5, key)];
  const fewer = ids.filter((_, i) => i % 7 !== 3);
  assert.equal(
    partitionOf(fewer, K, key),
    all.filter((_, i) => i % 7 !== 3),
  );
  assert.equal(partitionOf([17], K, key), partitionOf(['17'], K, key));
  const rows = partitionRows(all, K);
  assert.is(
    rows.reduce((n, r) => n + r.length, 0),
    20_000,
  );
  rows.forEach((r, k) => {
    assert.ok(r.every((row) => all[row] === k));
    assert.ok(Math.abs(r.length - 4000) < ERRORS * Math.sqrt(4000 * 0.8), `${r.length} in partition ${k}`);
  });
  const other = partitionOf(ids, K, PrivacyKey.insecure(2).derive('partition'));
  const same = all.filter((k, i) => k === other[i]).length;
  assert.ok(Math.abs(same - 4000) < ERRORS * Math.sqrt(4000 * 0.8));
  assert.equal(partitionOf(ids.slice(0, 9), 1, key), new Uint32Array(9));
  for (const bad of [0, -1, 2.5]) assert.is(await codeOf(() => partitionOf(ids, bad, key)), 'CONFIG');
});

test.run();
