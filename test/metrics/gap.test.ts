/** The generalisation gap: by hand, and how its standard error foretells its scatter. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generalisationGap } from '../../src/metrics/gap.ts';
import { codeOf, Values } from '../support/values.ts';

test('each critic on its own members, by hand', () => {
  const scores = {
    critics: 2,
    // Critic 0 scores members 0..3, then critic 1.
    members: Float32Array.of(1, 3, 9, 9, 8, 8, 5, 7),
    nonMembers: Float32Array.of(0, 2, 4, 4),
    own: Uint32Array.of(0, 0, 1, 1),
  };
  const { gap, each, error, standardised } = generalisationGap(scores);
  assert.equal([gap, each], [1.5, [1, 2]]);
  assert.is(standardised, null, 'critic 1 gives all others one score');
  // Members: variances 2 and 2 over 2 rows each; others: the mean scores 2 and 3, variance 1/2 over 2.
  assert.ok(Math.abs(error - Math.sqrt((1 + 1) / 4 + 0.25)) < 1e-12, `${error}`);
  const one = generalisationGap({ critics: 1, members: Float32Array.of(4, 6), nonMembers: Float32Array.of(1, 3) });
  assert.equal([one.gap, one.each], [3, [3]]);
  assert.ok(Math.abs((one.standardised ?? 0) - 3 / Math.SQRT2) < 1e-12);
  const idle = generalisationGap({ ...scores, own: new Uint32Array(4) });
  assert.equal(idle.each, [5.5 - 1, null]);
});

test('critics that remember nothing: a gap of 0 within its error, with critics that agree with each other', () => {
  const values = new Values(2);
  const [n, m, critics] = [60, 40, 3];
  const tries = Array.from({ length: 200 }, () => {
    const make = (rows: number) => {
      const common = values.normal([rows]);
      return Float32Array.from({ length: critics * rows }, (_, i) => common[i % rows]);
    };
    const own = Uint32Array.from({ length: n }, (_, i) => i % critics);
    return generalisationGap({ critics, members: make(n), nonMembers: make(m), own });
  });
  const scatter = Math.sqrt(tries.reduce((s, { gap }) => s + gap ** 2, 0) / tries.length);
  const told = tries.reduce((s, { error }) => s + error, 0) / tries.length;
  assert.ok(Math.abs(scatter / told - 1) < 0.15, `${scatter} ${told}`);
});

test('an unknown partition is refused', async () => {
  const members = new Float32Array(4);
  assert.is(await codeOf(() => generalisationGap({ critics: 2, members, nonMembers: members })), 'SHAPE');
});

test.run();
