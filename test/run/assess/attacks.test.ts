/** Attacks on a run: the target that a training makes, who is a member, and what is not run. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { attackNames } from '../../../src/attack/index.ts';
import { blobs } from '../../../src/data/synthetic.ts';
import { ParGan } from '../../../src/gan/pargan.ts';
import { attackRun, withoutCurves } from '../../../src/run/assess/attacks.ts';
import { quickQuality } from '../../../src/run/assess/quality.ts';
import { membersOf, runModel, unseenOf } from '../../../src/run/assess/target.ts';
import type { TrainingJob } from '../../../src/run/job.ts';
import { datasetOf } from '../../support/dataset.ts';
import { Values } from '../../support/values.ts';
import { configOf, finish, gpu } from '../training.ts';

test.after(finish);

const values = new Values(6);
const gans: ParGan[] = [];
test.after(() => {
  for (const gan of gans) gan.dispose();
});

/** As much of an opened run as attacks look at: 60 rows, of which 40 are trained on, and 30 held out. */
function jobOf(features = 2, name = 'points'): TrainingJob {
  const rows = (n: number) => values.normal([n, features]);
  const data = datasetOf({
    ...{ name, columns: Array.from({ length: features }, (_, i) => `c${i}`), shape: [features] },
    ...{ train: rows(60), holdout: rows(30), meta: { origin: 'test' } },
  });
  const gan = new ParGan(gpu, configOf({ rows: 40 }), data, 1);
  gans.push(gan);
  return { data, gan, steps: 40, run: { dir: 'made-up', info: { seed: 1 } } } as unknown as TrainingJob;
}

test('members are what critics saw; others are the hold-out, and what training left out of the same file', () => {
  const job = jobOf();
  const { rows, own } = membersOf(job);
  assert.equal([rows.length, own.length, new Set(own).size], [80, 40, 2]);
  assert.equal(rows, (job.data.train as Float32Array).subarray(0, 80));
  assert.equal(
    unseenOf(job).map(([source, others]) => [source, others.rows.length / 2]),
    [
      ['hold-out', 30],
      ['left-out', 20],
    ],
  );
});

test('queries go on where what is released ends, and are made once', async () => {
  const job = jobOf();
  const model = runModel(job, 1500, () => {});
  const [released, queried] = [await model.released(), await model.queried()];
  assert.equal([released.length, queried.length], [20_000, 3000]);
  assert.not.equal(queried.subarray(0, 20), released.subarray(0, 20));
  assert.is(await model.queried(), queried);
  assert.equal(await model.sample(5), (await job.gan.sample(5)) as Float32Array);
  assert.equal([model.output, model.critics], ['probability', 2]);
});

test("an attacker's model has one critic where asked, and ends with the target at the latest", async () => {
  const model = runModel(jobOf(), 100, () => {});
  const shares: number[] = [];
  const options = { seed: 1, onProgress: (share: number) => void shares.push(share) };
  const one = await model.trainSurrogate(values.normal([30, 2]), { ...options, critics: 'one' }, 3);
  const same = await model.trainSurrogate(values.normal([30, 2]), { ...options, critics: 'same' }, 3);
  assert.equal([one.critics, same.critics], [1, 2]);
  assert.is((await same.scores(values.normal([7, 2]))).length, 14);
  assert.is(shares[shares.length - 1], 1);
  one.dispose();
  one.dispose();
  model.dispose();
  model.dispose();
});

test('what was not run says why: unfit for such data, slow, or not asked for', async () => {
  const found = await attackRun(jobOf(201, 'wide'), ['white-box', 'domias'], { samples: 100 });
  assert.equal(
    found.attacks.map(({ name }) => name),
    ['max', 'mean', 'own', 'own-ranked', 'own-vs-rest'].map((kind) => `white-box-${kind}`),
  );
  const why = Object.fromEntries(found.not_run.map(({ name, why }) => [name, why]));
  assert.match(why.domias, /201 values say nothing/);
  assert.is(why.lira, 'slow: it runs when named');
  assert.is(why.tvd, 'not asked for');
  assert.is(found.not_run.length, attackNames.length - 1);
  assert.ok(found.clean && found.attacks.every(({ roc }) => roc));
  assert.ok(withoutCurves(found).attacks.every((attack) => !('roc' in attack)));
});

test('our five means score what was drawn from them, not what is called like them', async () => {
  const samples = values.normal([100, 2]);
  const ink = jobOf(2, 'blobs-of-ink');
  assert.is((await quickQuality(ink, samples)).metrics.mode_shares, undefined);
  const job = { ...ink, data: { ...blobs({ rows: 90, train: 60 }), name: 'something' } };
  const { metrics } = await quickQuality(job, samples);
  assert.is((metrics.mode_shares as number[]).length, 5);
  assert.ok(Number(metrics.within_3_sigma) > 0 && metrics.ring_shares === undefined);
});

test.run();
