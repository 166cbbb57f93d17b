import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ACCURACY,
  baselinesOf,
  bootstrapIntervals,
  forEachShuffle,
  type ResamplingOptions,
  summarise,
} from '../../src/attack/judge/resampling.ts';
import { attackResult, judge, rocPoints } from '../../src/attack/judge/result.ts';
import { type Ranking, rank, type Scores } from '../../src/base/maths/ranking.ts';
import { advantage, advantageOf, auc, aucOf, topNAccuracy, topNOf, tprAtFpr } from '../../src/base/maths/separation.ts';
import { PhiloxStream } from '../../src/base/philox.ts';

const accuracyInterval = (ranking: Ranking, options: ResamplingOptions = {}): [number, number] =>
  bootstrapIntervals(ranking, [ACCURACY], options)[0];
const permutationBaseline = (
  statistic: (ranking: Ranking) => number,
  members: Scores,
  others: Scores,
  options: ResamplingOptions = {},
) => baselinesOf([statistic], rank(members, others), options)[0];

const near = (value: number, want: number, tolerance: number) =>
  assert.ok(Math.abs(value - want) <= tolerance, `${value} is not ${want} +- ${tolerance}`);

function normals(n: number, name: string, shift = 0): Float64Array {
  const stream = new PhiloxStream(1, name);
  return Float64Array.from({ length: n }, () => stream.normal() + shift);
}

/** Integers, so that there are many ties. */
function tied(n: number, name: string, levels: number): Float64Array {
  const stream = new PhiloxStream(2, name);
  return Float64Array.from({ length: n }, () => stream.below(levels));
}

test('top-n: perfect, inverted, all ties, by hand', () => {
  assert.is(topNAccuracy([3, 4], [1, 2]), 1);
  assert.is(topNAccuracy([1, 2], [3, 4]), 0);
  for (const n of [1, 3, 7, 4999]) assert.is(topNAccuracy(new Float32Array(n), new Float32Array(n)), 0.5);
  near(topNAccuracy(new Float32Array(7), new Float32Array(11)), 0.5, 1e-15);
  assert.is(topNAccuracy([5, 3, 1, 0], [4, 2, -1, -2]), 0.5);
  assert.is(topNAccuracy([0], [-0]), 0.5, '0 and -0 are equal scores');
});

test('top-n: a sigmoid that saturates half-way gets fractional credit', () => {
  // Members 1 1 1 .5, others 1 .5 .5 0: four 1s fill the four places; three are members.
  assert.is(topNAccuracy([1, 1, 1, 0.5], [1, 0.5, 0.5, 0]), 0.75);
  // Members 1 .5 .5 0, others 1 .5 0 0: two 1s; two of the three .5 are called, 2/3 of them members: (1 + 4/3) / 4.
  near(topNAccuracy([1, 0.5, 0.5, 0], [1, 0.5, 0, 0]), (1 + 4 / 3) / 4, 1e-15);
  // Half of the members saturate at 1, all else ties at 0: n/2 + n/2 * (n/2) / (3n/2) of n = 2/3.
  const members = Float32Array.from({ length: 600 }, (_, i) => (i < 300 ? 1 : 0));
  near(topNAccuracy(members, new Float32Array(600)), 2 / 3, 1e-12);
});

test('top-n equals the mean over random orders of the ties', () => {
  const a = tied(40, 'a', 4).map((v) => Math.min(3, v + 0.0));
  const b = tied(40, 'b', 4).map((v) => Math.max(0, v - 1));
  const stream = new PhiloxStream(3, 'ties');
  let mean = 0;
  const repeats = 4000;
  for (let r = 0; r < repeats; r++) {
    const all = [...a].map((s) => [s, 1]).concat([...b].map((s) => [s, 0]));
    const keyed = all.map(([s, member]) => [s, stream.uniform(), member]);
    keyed.sort((x, y) => y[0] - x[0] || x[1] - y[1]);
    mean += keyed.slice(0, 40).reduce((sum, record) => sum + record[2], 0) / 40 / repeats;
  }
  near(topNAccuracy(a, b), mean, 0.003);
});

test('top-n with other numbers of non-members is balanced accuracy', () => {
  // From 9 down to 4: TPR 1/2, FPR 2/4, together 1.
  assert.is(topNAccuracy([9, 1], [8, 2, 3, 4]), 0.5);
  assert.is(topNAccuracy([9, 8], [1, 2, 3]), 1);
  assert.is(topNAccuracy([1, 2, 3], [9, 8]), 0);
  // Every record of one side twice changes nothing.
  const [a, b] = [normals(31, 'a', 0.5), normals(31, 'b')];
  near(topNAccuracy(a, [...b, ...b]), topNAccuracy(a, b), 1e-15);
  near(topNAccuracy([...a, ...a, ...a], b), topNAccuracy(a, b), 1e-15);
  near(topNAccuracy(normals(3000, 'a'), normals(9000, 'b')), 0.5, 0.03);
});

test('AUC equals all pairs, with ties and unequal sizes', () => {
  for (const levels of [2, 5, 1000]) {
    const a = tied(57, `a${levels}`, levels);
    const b = tied(83, `b${levels}`, levels);
    let won = 0;
    for (const x of a) for (const y of b) won += x > y ? 1 : x === y ? 0.5 : 0;
    near(auc(a, b), won / 57 / 83, 1e-13);
    near(auc(a, b) + auc(b, a), 1, 1e-13);
  }
  assert.is(auc([1, 1], [1]), 0.5);
  assert.is(auc([Number.POSITIVE_INFINITY, 0], [Number.NEGATIVE_INFINITY]), 1);
});

test('TPR at FPR: no interpolation, thresholds between ties only', () => {
  const others = Float64Array.from({ length: 100 }, (_, i) => i);
  assert.is(tprAtFpr([1000, 98.5, 97.5, 50.5], others, 0.01), 0.5, 'one false positive allowed');
  assert.is(tprAtFpr([1000, 98.5, 97.5, 50.5], others, 0.0099), 0.25);
  assert.is(tprAtFpr([1000, 98.5, 97.5, 50.5], others, 0.02), 0.75);
  assert.is(tprAtFpr([1, 1], [1, 1], 0.5), 0);
  assert.is(tprAtFpr([1, 1], [1, 1], 1), 1);
  // 29 false positives are allowed although 0.29 * 100 rounds to 28.999999999999996.
  assert.is(tprAtFpr([71.5, 70.5], others, 0.29), 1);
  assert.is(tprAtFpr([71.5, 70.5], others, 0.28), 0.5);
});

test('advantage: largest TPR - FPR', () => {
  assert.is(advantage([3, 4], [1, 2]), 1);
  assert.is(advantage([1, 2], [3, 4]), 0);
  assert.is(advantage([1, 1], [1, 1]), 0);
  assert.is(advantage([5, 3, 1, 0], [4, 2, -1, -2]), 0.5);
  // Two unit normals one apart: 2 Phi(1/2) - 1 = 0.3829.
  near(advantage(normals(20_000, 'a', 1), normals(20_000, 'b')), 0.3829, 0.015);
});

test('chance: 0.5 within its interval, in 95 % of the cases', () => {
  let inside = 0;
  let auc5 = 0;
  for (let i = 0; i < 100; i++) {
    const ranking = rank(normals(300, `m${i}`), normals(300, `o${i}`));
    const [low, high] = accuracyInterval(ranking, { repeats: 300, seed: i });
    if (low <= 0.5 && 0.5 <= high) inside++;
    auc5 += aucOf(ranking) / 100;
  }
  assert.ok(inside >= 88, `${inside} of 100`);
  near(auc5, 0.5, 5 * Math.sqrt(1 / 6 / 300 / 100));
});

test('the interval covers the truth of a real attack, and has the right width', () => {
  // N(0.6, 1) against N(0, 1): the cut is at 0.3, accuracy Phi(0.3) = 0.6179.
  let inside = 0;
  for (let i = 0; i < 100; i++) {
    const ranking = rank(normals(250, `m${i}`, 0.6), normals(250, `o${i}`));
    const [low, high] = accuracyInterval(ranking, { repeats: 300, seed: i });
    if (low <= 0.6179 && 0.6179 <= high) inside++;
    near(high - low, 2 * 1.96 * Math.sqrt((0.6179 * 0.3821) / 500), 0.03);
  }
  assert.ok(inside >= 88, `${inside} of 100`);
});

test('perfect separation still has an honest interval', () => {
  const [low, high] = accuracyInterval(rank([1, 2, 3, 4, 5], [-1, -2, -3, -4, -5]));
  near(low, 0.025 ** 0.2, 1e-12);
  assert.is(high, 1);
  assert.equal(accuracyInterval(rank([-1], [1])), [0, 0.975]);
});

test('permutation baseline: exact distribution of a tiny case, known spread of a large one', () => {
  // 2 + 2 distinct scores: 0, 1/2 and 1 with probability 1/6, 4/6, 1/6.
  const counts = new Map<number, number>();
  const ranking = rank([1, 2], [3, 4]);
  permutationBaseline(
    (shuffled) => {
      const value = topNOf(shuffled);
      counts.set(value, (counts.get(value) ?? 0) + 1);
      return value;
    },
    [1, 2],
    [3, 4],
    { repeats: 6000 },
  );
  assert.is(topNOf(ranking), 0);
  near((counts.get(0) ?? 0) / 6000, 1 / 6, 0.025);
  near((counts.get(0.5) ?? 0) / 6000, 4 / 6, 0.03);
  near((counts.get(1) ?? 0) / 6000, 1 / 6, 0.025);
  // Chance standard deviation sqrt(1/(8n)) (systems.md 3.2): 0.0042 at n = 7000.
  const { mean, ci95 } = permutationBaseline(topNOf, normals(7000, 'a', 3), normals(7000, 'b'), { repeats: 400 });
  near(mean, 0.5, 0.001);
  near(ci95[1] - ci95[0], 2 * 1.96 * 0.004226, 0.0025);
  // The advantage is biased: its floor is not 0.
  const floor = permutationBaseline(advantageOf, normals(500, 'a'), normals(500, 'b'), { repeats: 300 });
  near(floor.mean, Math.sqrt(Math.PI / 8) * Math.sqrt(2 / 500), 0.005);
});

test('shuffles are uniform also from the second on', () => {
  const member = new Float64Array(5);
  forEachShuffle(2, 3, { repeats: 20_000, seed: 5 }, (order, repeat) => {
    assert.is(new Set(order).size, 5);
    if (repeat > 0) for (const i of order.subarray(0, 2)) member[i]++;
  });
  for (const count of member) near(count / 19_999, 0.4, 0.018);
});

test('summarise: mean and interpolated quantiles', () => {
  const { mean, ci95 } = summarise(Float64Array.from({ length: 101 }, (_, i) => 100 - i));
  near(mean, 50, 1e-12);
  near(ci95[0], 2.5, 1e-12);
  near(ci95[1], 97.5, 1e-12);
});

test('the record of an attack', () => {
  const result = attackResult('x', normals(2000, 'a', 1), normals(2000, 'b'), { seed: 1 });
  near(result.accuracy, 0.6915, 0.02);
  near(result.auc, 0.7602, 0.02);
  near(result.tpr_at_fpr['0.01'], 0.0924, 0.05);
  assert.ok(result.ci95[0] < result.accuracy && result.accuracy < result.ci95[1]);
  assert.ok(result.floor.ci95[0] < 0.5 && result.floor.ci95[1] < result.ci95[0]);
  assert.equal([result.chance, result.members, result.non_members, result.name], [0.5, 2000, 2000, 'x']);
  assert.equal(result, attackResult('x', normals(2000, 'a', 1), normals(2000, 'b'), { seed: 1 }));
  assert.equal(JSON.parse(JSON.stringify(result)), result);
});

test('every statistic has its interval and its chance level', () => {
  const { intervals, floors, ...result } = attackResult('x', normals(2000, 'c', 1), normals(2000, 'd'), { seed: 1 });
  const holds = ([low, high]: [number, number], value: number) => assert.ok(low <= value && value <= high);
  holds(intervals.auc, result.auc);
  holds(intervals.auc, 0.7602);
  holds(intervals.advantage, 0.3829);
  holds(intervals.tpr_at_fpr['0.01'], result.tpr_at_fpr['0.01']);
  // Normal scores one apart: TPR at FPR 0.01 is Phi(1 - 2.3263) = 0.0924.
  holds(intervals.tpr_at_fpr['0.01'], 0.0924);
  // Hanley and McNeil (1982): standard error of the AUC 0.76 at 2000 and 2000.
  near(intervals.auc[1] - intervals.auc[0], 2 * 1.96 * 0.0075, 0.004);
  near(floors.auc.mean, 0.5, 0.002);
  near(floors.tpr_at_fpr['0.01'].mean, 0.01, 0.002);
  near(floors.tpr_at_fpr['0.001'].mean, 0.001, 0.001);
  near(floors.advantage.mean, 0.63 * Math.sqrt(2 / 2000), 0.004);

  const perfect = attackResult('x', [3, 4, 5], [0, 1, 2, 2.5]);
  assert.equal(
    [perfect.auc, perfect.advantage, perfect.tpr_at_fpr, perfect.accuracy],
    [1, 1, { '0.01': 1, '0.001': 1 }, 1],
  );
  near(perfect.intervals.tpr_at_fpr['0.01'][0], 0.025 ** (1 / 3), 1e-12);
  near(perfect.intervals.auc[0], 0.025 ** (1 / 3 + 1 / 4), 1e-12);
  near(perfect.ci95[0], (0.025 ** (1 / 3) + 0.025 ** (1 / 4)) / 2, 1e-12);
});

test('ROC points: every vertex of a short curve, few of a long one, none above it', () => {
  assert.equal(rocPoints(rank([4, 3, 1], [3, 2, 0, 0])), { fpr: [0, 0.25, 0.5, 1], tpr: [0.333333, 0.666667, 1, 1] });
  assert.equal(rocPoints(rank([1, 1], [1])), { fpr: [0, 1], tpr: [0, 1] });
  assert.equal(rocPoints(rank([2], [1])), { fpr: [0, 1], tpr: [1, 1] });
  const [members, others] = [normals(5000, 'a', 1), normals(4000, 'b')];
  const ranking = rank(members, others);
  const { fpr, tpr } = rocPoints(ranking);
  assert.ok(fpr.length <= 200 && fpr.length > 120 && tpr.length === fpr.length);
  assert.equal([fpr[0], fpr[fpr.length - 1], tpr[tpr.length - 1]], [0, 1, 1]);
  fpr.forEach((rate, i) => {
    near(tpr[i], tprAtFpr(members, others, rate + 1e-6), 1e-5);
    assert.ok(i === 0 || (rate > fpr[i - 1] && tpr[i] >= tpr[i - 1]));
    // No wide gap on a log axis, once one record more is a small step.
    assert.ok(rate < 0.02 || rate / fpr[i - 1] < 1.1);
  });
  assert.equal(judge({ name: 'x', members, nonMembers: others }).roc, { fpr, tpr });
});

test('constant scores: exactly chance everywhere', () => {
  const result = attackResult('flat', new Float32Array(50), new Float32Array(50));
  assert.equal([result.accuracy, result.auc, result.advantage, result.ci95], [0.5, 0.5, 0, [0.5, 0.5]]);
  assert.equal(result.floor, { mean: 0.5, ci95: [0.5, 0.5] });
});

test('NaN and empty sets are refused', () => {
  const code = (f: () => unknown): string => {
    try {
      f();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'none';
  };
  assert.is(
    code(() => topNAccuracy([1, Number.NaN], [1])),
    'NAN',
  );
  assert.is(
    code(() => auc([1], [Number.NaN])),
    'NAN',
  );
  assert.is(
    code(() => attackResult('x', [1, 2], Float32Array.of(0, Number.NaN))),
    'NAN',
  );
  assert.is(
    code(() => advantage([], [1])),
    'DATA',
  );
  assert.is(
    code(() => tprAtFpr([1], [], 0.1)),
    'DATA',
  );
});

test.run();
