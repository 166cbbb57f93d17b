import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closestRecordPool, closestRecords } from '../../src/attack/dcr.ts';
import { judge } from '../../src/attack/judge/result.ts';
import { distanceScores } from '../../src/attack/target.ts';
import { HostSearch } from '../../src/base/maths/kdtree.ts';
import { PhiloxStream } from '../../src/base/philox.ts';
import { blobs } from '../../src/data/synthetic.ts';

function distances(queries: Float32Array, samples: Float32Array, features: number): Float64Array {
  const search = new HostSearch(samples, features);
  const rows = queries.length / features;
  const out = { k: 1, squared: new Float64Array(rows), indices: new Uint32Array(rows) };
  for (let i = 0; i < rows; i++) search.find(queries, i, out);
  return out.squared.map(Math.sqrt);
}

function brute(queries: Float32Array, samples: Float32Array, features: number): number[] {
  const out: number[] = [];
  for (let q = 0; q < queries.length; q += features) {
    let best = Number.POSITIVE_INFINITY;
    for (let s = 0; s < samples.length; s += features) {
      let squared = 0;
      for (let f = 0; f < features; f++) squared += (queries[q + f] - samples[s + f]) ** 2;
      best = Math.min(best, squared);
    }
    out.push(Math.sqrt(best));
  }
  return out;
}

test('the tree equals brute force in 1 to 20 dimensions, clustered, gridded and repeated points included', () => {
  const stream = new PhiloxStream(1, 'nearest');
  const kinds: ((f: number) => number)[] = [
    () => stream.normal(),
    () => stream.below(4),
    () => 0.5,
    (f) => (f === 0 ? stream.normal() : 0),
    () => stream.normal() * 1e-3 + 10 * stream.below(3),
  ];
  for (const features of [1, 2, 3, 7, 12, 13, 20]) {
    for (const kind of kinds) {
      for (const count of [1, 8, 9, 17, 500]) {
        const samples = Float32Array.from({ length: count * features }, (_, i) => kind(i % features));
        const queries = Float32Array.from({ length: 40 * features }, (_, i) =>
          i < 20 * features ? kind(i % features) : 3 * stream.normal(),
        );
        assert.equal([...distances(queries, samples, features)], brute(queries, samples, features));
      }
    }
  }
});

test('samples copied from members give them away; fresh samples do not', () => {
  const { train, holdout } = blobs({ rows: 4000, seed: 5 });
  const { train: fresh } = blobs({ rows: 4000, seed: 6 });
  const attack = (samples: Float32Array) =>
    judge(
      distanceScores('nearest-sample', {
        members: distances(train, samples, 2),
        nonMembers: distances(holdout, samples, 2),
      }),
    );
  const copied = attack(train);
  assert.is(copied.accuracy, 1);
  assert.is(copied.name, 'nearest-sample');
  const honest = attack(fresh);
  assert.ok(Math.abs(honest.accuracy - 0.5) < 0.04, `${honest.accuracy}`);
  assert.ok(honest.ci95[0] < 0.5 && 0.5 < honest.ci95[1]);
  // A tenth of the members copied into fresh samples: these are on top, the rest at chance: 0.1 + 0.9 x 1800/3800.
  const mixed = fresh.slice();
  mixed.set(train.subarray(0, 400));
  const partly = attack(mixed);
  assert.ok(partly.tpr_at_fpr['0.001'] >= 0.1 && partly.accuracy > 0.5 && partly.accuracy < 0.56);
});

test('calibration: a reference that finds the same records easy takes them out', () => {
  const own = { members: Float64Array.of(1, 5, 9), nonMembers: Float64Array.of(2, 6, 10) };
  const reference = { members: Float64Array.of(3, 7, 11), nonMembers: Float64Array.of(2, 6, 10) };
  const plain = distanceScores('a', own);
  assert.equal(
    [Array.from(plain.members), Array.from(plain.nonMembers)],
    [
      [-1, -5, -9],
      [-2, -6, -10],
    ],
  );
  const calibrated = distanceScores('a', own, reference);
  assert.equal(
    [Array.from(calibrated.members), Array.from(calibrated.nonMembers)],
    [
      [2, 2, 2],
      [0, 0, 0],
    ],
  );
  assert.ok(judge(plain).auc < 1);
  assert.is(judge(calibrated).auc, 1);
});

test('closest records: a pool of equal halves, shares by hand, chance under shuffled membership', () => {
  const { each, order } = closestRecordPool(30, 7, 1);
  assert.is(each, 7);
  assert.is(new Set(order).size, 14);
  assert.is(order.filter((i) => i < 30).length, 7);
  assert.ok(order.every((i) => i < 37));
  assert.ok(
    [...order].some((i, at) => at < 7 && i >= 30),
    'mixed',
  );
  assert.is(closestRecordPool(9000, 8000, 1, 100).order.length, 200);

  const member = Uint8Array.of(1, 0, 0, 1);
  const found = closestRecords(Uint32Array.of(0, 0, 3, 1), member);
  assert.equal([found.share, found.chance, found.samples, found.records], [0.75, 0.5, 4, 2]);
  assert.ok(Math.abs(found.floor.mean - 0.5) < 0.05);
  // All samples nearest to one record: shuffled, that is 0 or 1 and nothing between.
  assert.equal(closestRecords(new Uint32Array(50), member).floor.ci95, [0, 1]);
});

test.run();
