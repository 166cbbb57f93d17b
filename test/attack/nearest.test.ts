import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nearestDistances, nearestSample } from '../../src/attack/nearest.ts';
import { blobs } from '../../src/data/synthetic.ts';
import { PhiloxStream } from '../../src/ops/philox.ts';

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

test('equals brute force in 1 to 20 dimensions, clustered, gridded and repeated points included', () => {
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
        assert.equal([...nearestDistances(queries, samples, features)], brute(queries, samples, features));
      }
    }
  }
});

test('samples copied from members give them away; fresh samples do not', () => {
  const { train, holdout } = blobs({ rows: 4000, seed: 5 });
  const { train: fresh } = blobs({ rows: 4000, seed: 6 });
  const copied = nearestSample(train, holdout, train);
  assert.is(copied.accuracy, 1);
  assert.is(copied.name, 'nearest-sample');
  const honest = nearestSample(train, holdout, fresh);
  assert.ok(Math.abs(honest.accuracy - 0.5) < 0.04, `${honest.accuracy}`);
  assert.ok(honest.ci95[0] < 0.5 && 0.5 < honest.ci95[1]);
  // A tenth of the members copied into fresh samples: these are on top, the rest at chance: 0.1 + 0.9 x 1800/3800.
  const mixed = fresh.slice();
  mixed.set(train.subarray(0, 400));
  const partly = nearestSample(train, holdout, mixed);
  assert.ok(partly.tpr_at_fpr['0.001'] >= 0.1 && partly.accuracy > 0.5 && partly.accuracy < 0.56);
});

test('what is not whole records of numbers is refused', () => {
  const good = Float32Array.of(0, 1);
  assert.throws(() => nearestSample(good, good, new Float32Array(0)), /released samples: 0 values/);
  assert.throws(() => nearestSample(Float32Array.of(1), good, good), /whole records/);
  assert.throws(() => nearestSample(good, good, Float32Array.of(0, Number.NaN)), /NaN/);
  assert.throws(() => nearestSample(Float32Array.of(0, Number.NaN), good, good), /NaN/);
});

test.run();
