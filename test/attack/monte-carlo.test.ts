import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { judge } from '../../src/attack/judge/result.ts';
import {
  halfOrMoreChance,
  medianRadius,
  monteCarloSet,
  shareWithinRadius,
  topHalf,
} from '../../src/attack/monte-carlo.ts';
import { median } from '../../src/base/maths/statistics.ts';
import { PhiloxStream } from '../../src/base/philox.ts';

const near = (value: number, want: number, tolerance: number) =>
  assert.ok(Math.abs(value - want) <= tolerance, `${value} is not ${want} +- ${tolerance}`);
const ascending = (...values: number[]) => Float64Array.from(values).sort();

function normals(n: number, name: string, shift = 0): Float64Array {
  const stream = new PhiloxStream(1, name);
  return Float64Array.from({ length: n }, () => stream.normal() + shift);
}

test('median: the middle, or the mean of the two in it', () => {
  assert.is(median(Float64Array.of(5, 1, 3)), 3);
  assert.is(median(Float64Array.of(5, 1, 3, 4)), 3.5);
  assert.is(medianRadius({ members: Float64Array.of(1, 2), nonMembers: Float64Array.of(9, 10, 3) }), 3);
});

test('shares within epsilon: by differences in float64, the border included', () => {
  const stream = new PhiloxStream(2, 'shares');
  for (const features of [1, 3, 40]) {
    const draw = (rows: number) => Float32Array.from({ length: rows * features }, () => stream.normal());
    const [queries, samples] = [draw(23), draw(61)];
    const radius = Math.sqrt(2 * features) * 0.9;
    const want = Array.from({ length: 23 }, (_, q) => {
      let within = 0;
      for (let s = 0; s < 61; s++) {
        let squared = 0;
        for (let f = 0; f < features; f++) squared += (queries[q * features + f] - samples[s * features + f]) ** 2;
        if (squared <= radius * radius) within++;
      }
      return within / 61;
    });
    assert.ok(want.some((x) => x > 0) && want.some((x) => x < 1));
    assert.equal([...shareWithinRadius(queries, samples, features, radius)], want);
  }
  assert.equal([...shareWithinRadius(Float32Array.of(0, 0), Float32Array.of(3, 4, 3, 4.001), 2, 5)], [0.5]);
});

test('single: samples on top of members', () => {
  const shares = { members: Float64Array.of(0.2, 0.1, 0), nonMembers: Float64Array.of(0, 0, 0) };
  const result = judge({ name: 'single', ...shares });
  // Two members above all, one tied with three others: (2 + 1/4) / 3.
  near(result.accuracy, 0.75, 1e-12);
  near(result.auc, (9 - 1.5) / 9, 1e-12);
});

test('the top half of 2M: by hand, with ties by their probability', () => {
  assert.equal(topHalf(ascending(1, 2), ascending(3, 4)), { more: 1, equal: 0 });
  assert.equal(topHalf(ascending(1, 4), ascending(2, 3)), { more: 0, equal: 1 });
  assert.equal(topHalf(ascending(3, 4), ascending(1, 2)), { more: 0, equal: 0 });
  // All tied: 2 of 4 drawn, 2 white: P(X = 2) = 1/6, P(X = 1) = 4/6.
  const tied = topHalf(ascending(1, 1), ascending(1, 1));
  near(tied.more, 1 / 6, 1e-12);
  near(tied.equal, 4 / 6, 1e-12);
  // One member first, then of {member, other, other} one is drawn; the last member is far.
  const cut = topHalf(ascending(0, 1, 9), ascending(1, 1, 9));
  // Three places: 0, then two of {1 member, 2 others}: with the member (2/3) two of three are members.
  near(cut.more, 2 / 3, 1e-12);
  assert.is(cut.equal, 0);
});

test("the original's chance level is 0.556: in closed form and by simulation", () => {
  near(halfOrMoreChance(100), 0.5562, 1e-4);
  near(halfOrMoreChance(10), 0.6719, 1e-4);
  assert.is(halfOrMoreChance(7), 0.5);
  const stream = new PhiloxStream(3, 'chance');
  let [original, corrected] = [0, 0];
  const games = 20_000;
  for (let g = 0; g < games; g++) {
    const draw = () => Float64Array.from({ length: 100 }, () => stream.uniform()).sort();
    const { more, equal } = topHalf(draw(), draw());
    original += (more + equal) / games;
    corrected += (more + equal / 2) / games;
  }
  near(original, 0.5562, 3 * 0.0035);
  near(corrected, 0.5, 3 * 0.0035);
});

test('set attack: chance, its floor, and a leak', () => {
  const blind = { members: normals(3000, 'a'), nonMembers: normals(3000, 'b') };
  const [corrected, original] = monteCarloSet(blind);
  assert.equal([corrected.name, original.name], ['monte-carlo-set', 'monte-carlo-set-original']);
  near(original.floor.mean, 0.556, 0.03);
  near(corrected.floor.mean, 0.5, 0.03);
  near(original.chance, 0.5562, 1e-4);
  for (const { accuracy, floor, ci95, chance } of [corrected, original]) {
    assert.ok(floor.ci95[0] <= accuracy && accuracy <= floor.ci95[1]);
    assert.ok(ci95[0] <= chance && chance <= ci95[1]);
  }
  // Few candidates: every game is the same game, so chance alone gives nearly anything.
  const few = monteCarloSet({ members: normals(50, 'c'), nonMembers: normals(50, 'd') })[0];
  assert.ok(few.floor.ci95[1] - few.floor.ci95[0] > 0.5);

  const [leak] = monteCarloSet({ members: normals(3000, 'a', -2), nonMembers: normals(3000, 'b') });
  assert.is(leak.accuracy, 1);
  near(leak.ci95[0], 0.025 ** (1 / 50), 1e-9);
  const ties = monteCarloSet({ members: new Float64Array(20), nonMembers: new Float64Array(30) }, { repeats: 5 });
  near(ties[0].accuracy, 0.5, 1e-9);
  near(ties[1].accuracy, 0.5562, 1e-4);
  assert.equal(monteCarloSet(blind), [corrected, original], 'the same again');
});

test.run();
