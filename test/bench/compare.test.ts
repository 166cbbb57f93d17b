/** Ratios and rounds of the benchmarks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { againstPeers, meanOfBoth, withNewer } from '../../bench/compare.ts';
import { alternate, type Result } from '../../bench/measure.ts';

const row = (fields: Partial<Result>): Result => ({
  suite: 'conv',
  case: 'a, forward',
  impl: 'chosen',
  median_ms: 2,
  ...fields,
});

test("a peer's time over that of the chosen kernel in the same case, with the budget where there is one", () => {
  const ours = [row({ impl: 'naive', median_ms: 50 }), row({}), row({ case: 'a, both gradients', median_ms: 4 })];
  const of = (fields: Partial<Result>) => againstPeers(ours, [row({ median_ms: 10, ...fields })])[0];
  const tfjs = 'tfjs-webgpu 4.22.0: own await';
  assert.equal([of({ impl: tfjs }).ratio, of({ impl: tfjs }).of], [5, 'our time, budget >= 4']);
  const both = of({ impl: tfjs, case: 'a, both gradients' });
  assert.equal([both.ratio, both.of], [2.5, 'our time, budget >= 6']);
  assert.is(of({ impl: 'jax-js 0.1.25: own await' }).of, 'our time');
  assert.is(of({ impl: tfjs, case: 'another' }).ratio, undefined);
  assert.is(of({ impl: tfjs, suite: 'matmul' }).ratio, undefined);
});

test('two passes over the same cases: mean of medians, best of both, rate of the mean', () => {
  const [mean] = meanOfBoth(
    [row({ median_ms: 10, best_ms: 8, gflops: 3 })],
    [row({ median_ms: 20, best_ms: 7, gflops: 1.5 })],
  );
  assert.equal([mean.median_ms, mean.best_ms, mean.gflops], [15, 7, 2]);
});

test('what was measured again replaces its like', () => {
  const old = [row({}), row({ impl: 'naive' })];
  const newer = [row({ median_ms: 3 }), row({ case: 'b' })];
  assert.equal(withNewer(old, newer), [old[1], ...newer]);
});

test('rounds alternate, and a subject with fewer of them takes part in the first ones', async () => {
  const seen: string[] = [];
  const subject = (name: string, rounds?: number) => ({ name, rounds, run: async () => void seen.push(name) });
  const times = await alternate([subject('a', 1), subject('b')], { rounds: 3, targetMs: 0 });
  assert.equal(seen, ['a', 'a', 'b', 'b', 'a', 'b', 'b', 'b']);
  assert.equal(
    times.map((t) => t.length),
    [1, 3],
  );
});

test.run();
