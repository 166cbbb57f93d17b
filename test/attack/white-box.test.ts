import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { histogramDistance } from '../../src/attack/tvd.ts';
import { assignPartitions, whiteBox } from '../../src/attack/white-box.ts';
import { auc, topNAccuracy } from '../../src/base/maths/separation.ts';
import { PhiloxStream } from '../../src/base/philox.ts';
import type { CriticScores } from '../../src/metrics/critics.ts';

const near = (value: number, want: number, tolerance: number) =>
  assert.ok(Math.abs(value - want) <= tolerance, `${value} is not ${want} +- ${tolerance}`);

/**
 * Critic k scores a record N(offset_k, 1), its own members `shift` higher; `shared` is a part common to all critics.
 * Members sit in contiguous blocks, as PAR-GAN cuts them.
 */
function synthetic(K: number, n: number, m: number, shift: number, offset = 0, shared = 0, seed = 1): CriticScores {
  const stream = new PhiloxStream(seed, 'test/critics');
  const own = Uint32Array.from({ length: n }, (_, i) => Math.floor((i * K) / n));
  const fill = (rows: number, of: (row: number, k: number) => number) => {
    const common = Float64Array.from({ length: rows }, () => shared * stream.normal());
    const out = new Float32Array(K * rows);
    for (let k = 0; k < K; k++) {
      for (let row = 0; row < rows; row++) {
        out[k * rows + row] = common[row] + stream.normal() + offset * k + of(row, k);
      }
    }
    return out;
  };
  return { critics: K, own, members: fill(n, (row, k) => (own[row] === k ? shift : 0)), nonMembers: fill(m, () => 0) };
}

test('max and mean are what they say', () => {
  const scores: CriticScores = {
    critics: 2,
    members: Float32Array.of(1, 0, 5, 2, 8, -4),
    nonMembers: Float32Array.of(3, 3, 3, 3, 0, -9),
  };
  const { max, mean, own } = whiteBox(scores);
  assert.is(max.accuracy, topNAccuracy([2, 8, 5], [3, 3, 3]));
  assert.is(mean.auc, auc([1.5, 4, 0.5], [3, 1.5, -3]));
  assert.is(own, undefined);
});

test('chance for all five, within the interval', () => {
  const { max, mean, own, ownRanked, ownVsRest } = whiteBox(synthetic(10, 1500, 1500, 0, 2, 1));
  for (const result of [max, mean, own, ownRanked, ownVsRest]) {
    assert.ok(result);
    near(result.accuracy, 0.5, 0.05);
    near(result.auc, 0.5, 0.05);
  }
});

test('chance also with unequal partitions and other numbers of non-members', () => {
  for (const m of [500, 9000]) {
    const scores = synthetic(4, 4000, m, 0, 5, 0, 3);
    // Partition sizes 2800, 400, 400, 400: a non-member assigned uniformly would betray itself by its critic's offset.
    scores.own = Uint32Array.from({ length: 4000 }, (_, i) => (i < 2800 ? 0 : 1 + (i % 3)));
    const { own, ownRanked } = whiteBox(scores);
    near(own?.accuracy ?? 0, 0.5, 0.05);
    near(own?.auc ?? 0, 0.5, 0.05);
    near(ownRanked?.auc ?? 0, 0.5, 0.05);
  }
});

test('whoever knows the partition sees more than max and mean do', () => {
  const { max, mean, own, ownRanked } = whiteBox(synthetic(10, 1500, 1500, 1.2));
  // One critic against one: Phi(1.2 / sqrt 2) = 0.802.
  near(own?.auc ?? 0, 0.802, 0.03);
  near(ownRanked?.auc ?? 0, 0.802, 0.03);
  near(mean.auc, 0.606, 0.03);
  assert.ok(max.auc < 0.65 && max.auc > 0.55);
});

test('ranks undo the arbitrary level of each critic; the others calibrate a record', () => {
  const apart = whiteBox(synthetic(10, 1500, 1500, 1.2, 20));
  assert.ok((apart.own?.auc ?? 1) < 0.54);
  near(apart.ownRanked?.auc ?? 0, 0.802, 0.03);
  const hard = whiteBox(synthetic(10, 1500, 1500, 1.2, 0, 3));
  assert.ok((hard.own?.auc ?? 1) < 0.65);
  near(hard.ownVsRest?.auc ?? 0, 0.79, 0.03);
});

test('ranks put a dead critic in the middle, whatever the sizes of the partitions', () => {
  // Critic 0 knows its 100 members perfectly, critic 1 (300 members) says 7 to everything. The 400 places go to the
  // 100, then to 300 of the 600 candidates of critic 1, half of them members.
  const own = Uint32Array.from({ length: 400 }, (_, i) => (i < 100 ? 0 : 1));
  const fill = (alive: number) => Float32Array.from({ length: 800 }, (_, i) => (i < 400 ? alive : 7));
  const { ownRanked } = whiteBox({ critics: 2, own, members: fill(1), nonMembers: fill(0) });
  near(ownRanked?.accuracy ?? 0, 250 / 400, 1e-12);
});

test('own against the rest, by hand', () => {
  // Own minus other: members 1 and -3; the one non-member is 2 by one critic, -2 by the other.
  const scores = { critics: 2, own: Uint32Array.of(0, 0), members: Float32Array.of(4, 1, 3, 4) };
  const { ownVsRest } = whiteBox({ ...scores, nonMembers: Float32Array.of(9, 7) });
  assert.is(ownVsRest?.auc, auc([1, -3], [2]));
  const other = whiteBox({ ...scores, own: Uint32Array.of(1, 1), nonMembers: Float32Array.of(7, 5) });
  assert.is(other.ownVsRest?.auc, auc([-1, 3], [-2]));
});

test('with one critic all rules are one', () => {
  const scores = synthetic(1, 500, 500, 0.5);
  delete scores.own;
  const { max, mean, own, ownRanked, ownVsRest } = whiteBox(scores);
  for (const result of [mean, own, ownRanked]) {
    assert.equal([result?.accuracy, result?.auc, result?.advantage], [max.accuracy, max.auc, max.advantage]);
  }
  assert.is(ownVsRest, undefined);
});

test('perfect critics score 1, saturated ones one half', () => {
  const perfect = whiteBox(synthetic(5, 200, 200, 1000));
  assert.equal([perfect.max.accuracy, perfect.mean.accuracy, perfect.own?.accuracy], [1, 1, 1]);
  const flat = { critics: 3, members: new Float32Array(60).fill(1), nonMembers: new Float32Array(60).fill(1) };
  const dead = whiteBox({ ...flat, own: new Uint32Array(20) });
  const all = [dead.max, dead.mean, dead.own, dead.ownRanked, dead.ownVsRest];
  assert.equal(
    all.map((result) => result?.accuracy),
    [0.5, 0.5, 0.5, 0.5, 0.5],
  );
});

test('two of five partitions recognised perfectly: the expected 0.625 of systems.md 4.1', () => {
  // 6000 members, K = 5; critics 0 and 1 give their own block 1 and all else 0, the others are constant 0.
  const own = Uint32Array.from({ length: 6000 }, (_, i) => Math.floor(i / 1200));
  const members = new Float32Array(5 * 6000);
  own.forEach((k, row) => {
    if (k < 2) members[k * 6000 + row] = 1;
  });
  const { max } = whiteBox({ critics: 5, members, nonMembers: new Float32Array(5 * 6000), own });
  near(max.accuracy, 0.625, 1e-12);
});

test('non-members are spread over partitions as members are, at random', () => {
  const count = (assigned: Uint32Array, K: number) =>
    Array.from({ length: K }, (_, k) => assigned.filter((value) => value === k).length);
  const own = Uint32Array.from({ length: 100 }, (_, i) => (i < 50 ? 0 : i < 80 ? 1 : 2));
  assert.equal(count(assignPartitions(own, 3, 1000, 1), 3), [500, 300, 200]);
  assert.equal(count(assignPartitions(own, 4, 7, 1), 4), [4, 2, 1, 0]);
  assert.is.not(assignPartitions(own, 3, 50, 1).join(), assignPartitions(own, 3, 50, 2).join());
  assert.ok(
    assignPartitions(own, 3, 1000, 1)
      .slice(0, 20)
      .some((k) => k > 0),
  );
});

test('TVD floor of flat scores at n = 7000 is 0.047, at 5000 0.056 (systems.md 3.3)', () => {
  for (const [n, want] of [
    [7000, 0.047],
    [5000, 0.056],
  ]) {
    const stream = new PhiloxStream(n, 'flat');
    const flat = () => Float32Array.from({ length: n }, () => stream.uniform() * 0.999999);
    const result = histogramDistance(
      { critics: 1, members: flat(), nonMembers: flat() },
      { range: 'unit', repeats: 100 },
    );
    near(result.floor.mean.mean, want, 0.001);
    assert.equal(result.floor.max, result.floor.mean);
    near(result.max, want, 0.012);
  }
});

test('TVD by hand, per critic', () => {
  const scores = {
    critics: 2,
    members: Float32Array.of(0, 0.005, 0.99, 1, /**/ 0.5, 0.5, 0.5, 0.5),
    nonMembers: Float32Array.of(0.019, 0.021, 0.5, 0.5, /**/ 0.5, 0.5, 0.1, 0.1),
  };
  const result = histogramDistance(scores, { range: 'unit', repeats: 50 });
  // Critic 0: bins {0: 2, 49: 2} against {0: 1, 1: 1, 25: 2}.
  near(result.each[0], 0.75, 1e-15);
  near(result.each[1], 0.5, 1e-15);
  assert.equal([result.max, result.mean, result.bins], [0.75, 0.625, 50]);
  // Two bins: {2, 2} against {2, 2}, where 0.5 belongs to the upper one.
  near(histogramDistance(scores, { range: 'unit', bins: 2, repeats: 5 }).each[0], 0, 1e-15);
});

test('TVD with min-max does not see shifts and scales of a critic; the unit range refuses critic values', () => {
  const stream = new PhiloxStream(6, 'minmax');
  const draw = (n: number) => Float32Array.from({ length: n }, () => stream.below(64) / 64);
  const [members, nonMembers] = [draw(400), draw(300)];
  const plain = histogramDistance({ critics: 1, members, nonMembers }, { range: 'minmax', repeats: 20 });
  const moved = { members: members.map((s) => 8 * s - 3), nonMembers: nonMembers.map((s) => 8 * s - 3) };
  assert.equal(histogramDistance({ critics: 1, ...moved }, { range: 'minmax', repeats: 20 }), plain);
  assert.throws(() => histogramDistance({ critics: 1, ...moved }, { range: 'unit' }), /outside of \[0, 1\]/);
  const infinite = { critics: 1, members: Float32Array.of(Number.POSITIVE_INFINITY), nonMembers: Float32Array.of(1) };
  assert.throws(() => histogramDistance(infinite, { range: 'minmax' }));
  const constant = { critics: 1, members: Float32Array.of(2, 2), nonMembers: Float32Array.of(2) };
  assert.is(histogramDistance(constant, { range: 'minmax', repeats: 5 }).max, 0);
});

test('TVD of separated scores is 1 and far above its floor', () => {
  const K = 3;
  const result = histogramDistance(synthetic(K, 600, 600, 1000), { range: 'minmax', repeats: 100 });
  for (const value of result.each) near(value, 1 / K, 0.05);
  assert.ok(result.floor.max.ci95[1] < 0.15);
  assert.ok(result.floor.max.mean >= result.floor.mean.mean);
});

test('scores that do not fit are refused', () => {
  const good = synthetic(2, 10, 10, 0);
  const code = (scores: CriticScores): string => {
    try {
      whiteBox(scores);
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'none';
  };
  assert.is(code(good), 'none');
  assert.is(code({ ...good, critics: 3 }), 'SHAPE');
  assert.is(code({ ...good, own: new Uint32Array(9) }), 'SHAPE');
  assert.is(code({ ...good, own: new Uint32Array(10).fill(2) }), 'SHAPE');
  assert.is(code({ ...good, nonMembers: new Float32Array(0) }), 'DATA');
  assert.is(code({ ...good, members: new Float32Array(20).fill(Number.NaN) }), 'NAN');
});

test.run();
