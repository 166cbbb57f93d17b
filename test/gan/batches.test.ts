/** Which rows each critic sees when, as PAR-GAN's notebooks have it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Batches } from '../../src/train/batches.ts';
import { failure } from '../support/failure.ts';

type Config = ConstructorParameters<typeof Batches>[1];
const config = (partitions: number, batch: number, partitionOrder: 'file' | 'shuffled' = 'file'): Config => ({
  partitions,
  batch,
  partitionOrder,
});

/** Rows of one step by critic: [K][B]. */
function step(batches: Batches, at: number): number[][] {
  const { partitions: K, batch: B } = batches;
  // One place before and one after, which nobody may write.
  const out = new Uint32Array(K * B + 2).fill(0xffffffff);
  batches.fill(out, 1, at);
  assert.equal([out[0], out[K * B + 1]], [0xffffffff, 0xffffffff]);
  return Array.from({ length: K }, (_, k) => Array.from(out.subarray(1 + k * B, 1 + (k + 1) * B)));
}

/** Rows that each critic sees in an epoch, in order: [K][stepsPerEpoch B]. */
function epoch(batches: Batches, which: number): number[][] {
  const { partitions: K, stepsPerEpoch } = batches;
  const seen: number[][] = Array.from({ length: K }, () => []);
  for (let s = 0; s < stepsPerEpoch; s++) {
    step(batches, which * stepsPerEpoch + s).forEach((rows, k) => void seen[k].push(...rows));
  }
  return seen;
}

const sorted = (x: Iterable<number>) => [...x].sort((a, b) => a - b);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('K blocks of floor(N / K) rows in file order; leftovers belong to nobody', () => {
  const batches = new Batches(23, config(4, 2), 1);
  assert.equal([batches.block, batches.stepsPerEpoch], [5, 2]);
  assert.equal([...batches.owners(23)], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4]);
  // The notebooks: 10 blocks of 500 with batches of 32, 31 steps an epoch of batches of 16; 5 of 1400 with 64.
  const sizes = [
    [5000, 10, 32, 500, 15],
    [5000, 10, 16, 500, 31],
    [7000, 5, 64, 1400, 21],
    [6000, 5, 64, 1200, 18],
  ];
  for (const [rows, K, B, block, steps] of sizes) {
    const b = new Batches(rows, config(K, B), 1);
    assert.equal([b.block, b.stepsPerEpoch], [block, steps]);
  }
});

test('an epoch takes each row of a block at most once, and none of another block', () => {
  const batches = new Batches(103, config(3, 5), 7);
  assert.equal([batches.block, batches.stepsPerEpoch], [34, 6]);
  for (const e of [0, 1, 5]) {
    for (const [k, rows] of epoch(batches, e).entries()) {
      assert.is(new Set(rows).size, 30, 'no row twice; the 4 rows that fill no batch are dropped');
      assert.ok(rows.every((row) => row >= 34 * k && row < 34 * (k + 1)));
    }
  }
});

test('where batches fill the block, an epoch is a permutation of it', () => {
  const batches = new Batches(60, config(3, 5), 7);
  for (const e of [0, 1, 2]) {
    for (const [k, rows] of epoch(batches, e).entries()) assert.equal(sorted(rows), range(20 * k, 20 * (k + 1)));
  }
});

test('which rows are dropped changes from epoch to epoch', () => {
  const batches = new Batches(13, config(1, 5), 3);
  const dropped = new Set<number>();
  for (let e = 0; e < 40; e++) {
    const [rows] = epoch(batches, e);
    for (const row of range(0, 13)) if (!rows.includes(row)) dropped.add(row);
  }
  assert.is(dropped.size, 13);
});

test('the order follows from the seed; epochs, critics and seeds differ in it', () => {
  const make = (seed: number) => new Batches(200, config(2, 10), seed);
  const [e0, e1] = [epoch(make(4), 0), epoch(make(4), 1)];
  assert.equal(epoch(make(4), 0), e0);
  assert.not.equal(e0[0], e1[0]);
  assert.not.equal(
    e0[0],
    e0[1].map((row) => row - 100),
  );
  assert.not.equal(epoch(make(5), 0), e0);
  assert.not.equal(e0[0], sorted(e0[0]), 'it is shuffled');
});

test('a step has the same rows whatever was asked for before it', () => {
  const [one, two] = [0, 1].map(() => new Batches(90, config(3, 7), 2));
  const order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30];
  const straight = order.map((s) => step(one, s));
  assert.is(one.stepsPerEpoch, 4);
  const back = [...order].reverse().map((s) => step(two, s));
  assert.equal(back.reverse(), straight);
  // A resumed run asks for a step in the middle of an epoch at once.
  assert.equal(step(new Batches(90, config(3, 7), 2), 6), straight[6]);
});

test('every place of a block is as likely as any other in every place of an epoch', () => {
  const batches = new Batches(6, config(1, 1), 11);
  const epochs = 1200;
  const counts = Array.from({ length: 6 }, () => new Array<number>(6).fill(0));
  for (let e = 0; e < epochs; e++) epoch(batches, e)[0].forEach((row, place) => void counts[place][row]++);
  // Chi-square with 25 degrees of freedom: 52.6 is passed once in a thousand; the seed is fixed.
  const chi2 = counts.flat().reduce((sum, n) => sum + (n - epochs / 6) ** 2 / (epochs / 6), 0);
  assert.ok(chi2 < 52.6, `chi-square ${chi2}`);
});

test('partitions cut after a seeded shuffle: disjoint, equal, not in file order, the same for the same seed', () => {
  const N = 103;
  const make = (seed: number) => new Batches(N, config(4, 5, 'shuffled'), seed);
  const owners = make(1).owners(N);
  for (const k of range(0, 4)) assert.is(owners.filter((o) => o === k).length, 25);
  assert.is(owners.filter((o) => o === 4).length, 3);
  assert.not.equal([...owners], sorted(owners));
  assert.equal(make(1).owners(N), owners);
  assert.not.equal([...make(2).owners(N)], [...owners]);
  const batches = make(1);
  for (const e of [0, 1]) {
    for (const [k, rows] of epoch(batches, e).entries()) {
      assert.is(new Set(rows).size, 25);
      assert.ok(
        rows.every((row) => owners[row] === k),
        'a critic sees its own partition only',
      );
    }
  }
  assert.not.equal(epoch(batches, 0), epoch(batches, 1));
});

test('owners agree with the batches in file order too', () => {
  const batches = new Batches(47, config(4, 3), 9);
  const owners = batches.owners(47);
  for (const s of range(0, 9)) {
    for (const [k, rows] of step(batches, s).entries()) assert.ok(rows.every((row) => owners[row] === k));
  }
});

test('one partition of one row, and as many partitions as rows', () => {
  assert.equal(step(new Batches(1, config(1, 1), 0), 5), [[0]]);
  assert.equal(step(new Batches(3, config(3, 1), 0), 5), [[0], [1], [2]]);
});

test('what does not fit is refused, with the flag to change and a value that would do', () => {
  const many = failure(() => new Batches(5, config(6, 1), 1));
  assert.equal([many.code, many.where], ['CONFIG', 'partitions']);
  assert.is(many.line(), '6 partitions of 5 rows: more partitions than rows. Use at most 5 with batches of 1.');
  assert.is(failure(() => new Batches(0, config(1, 1), 1)).where, 'partitions');
  const large = failure(() => new Batches(100, config(4, 26), 1));
  assert.equal([large.code, large.where], ['CONFIG', 'batch']);
  assert.is(
    large.line(),
    'a partition has 25 rows, fewer than a batch of 26. Use `batch: 25` or less, or `partitions: 3`.',
  );
  // What the errors propose is accepted.
  new Batches(5, config(5, 1), 1);
  new Batches(100, config(4, 25), 1);
  new Batches(100, config(3, 26), 1);
  // Proposals must not be refused in turn.
  const alone = failure(() => new Batches(7, config(1, 8), 1));
  assert.is(alone.line(), 'a partition has 7 rows, fewer than a batch of 8. Use `batch: 7` or less.');
  const both = failure(() => new Batches(5, config(6, 8), 1));
  assert.is(both.line(), '6 partitions of 5 rows: more partitions than rows. Use at most 5, and smaller batches.');
});

test.run();
