/** Private GANs that go on from a fit to features: begun, trained, stopped, opened again, and noted once. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { makeDataset } from '../../src/data/dataset.ts';
import { saveDataset } from '../../src/data/store/save.ts';
import { loadSource } from '../../src/data/store/store.ts';
import { parseFeatures } from '../../src/fit/features/config.ts';
import { FeaturesFit } from '../../src/fit/features/features.ts';
import { parsePrivate } from '../../src/gan/private/config.ts';
import { GanSystem } from '../../src/gan/system.ts';
import { epsilonOf } from '../../src/privacy/budget.ts';
import { factsOf } from '../../src/report/facts.ts';
import { openRun } from '../../src/run/directory.ts';
import { spentOn } from '../../src/run/odometer.ts';
import { type DirectoryJob, openTraining, startTraining } from '../../src/run/session.ts';
import { spending } from '../../src/run/spend.ts';
import { runTraining } from '../../src/run/training.ts';
import { warmStart, withWarm } from '../../src/run/warm.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { failure } from '../support/failure.ts';
import { sameBits, Values } from '../support/values.ts';

const gpu = await open();
const root = fs.mkdtempSync(join(tmpdir(), 'veilgan-warm-'));
process.env.VEILGAN_DATA = join(root, 'data');
test.after(() => {
  gpu.close();
  fs.rmSync(root, { recursive: true });
});

const [ROWS, SIDE] = [200, 8];

/** Stores images of noise in three classes. */
async function stored(name: string, seed: number): Promise<string> {
  const { stream } = new Values(seed);
  const labels = Uint32Array.from({ length: ROWS + 10 }, () => stream.below(3));
  const values = Uint8Array.from({ length: labels.length * SIDE * SIDE }, () => stream.below(256));
  const data = makeDataset({
    ...{ name, columns: [], shape: [SIDE, SIDE, 1], values, split: ROWS, labels },
    ...{ classes: ['a', 'b', 'c'], meta: { origin: 'test' } },
  });
  await saveDataset(data);
  return (await loadSource(name)).meta.sha256 as string;
}
const sha256 = await stored('noise', 1);
await stored('other', 2);

function end({ run, gan, guarantee }: DirectoryJob): void {
  guarantee?.close();
  run.close();
  gan.dispose();
}

const fitted = { epsilon: 1, latent: 4, generatorChannels: [8, 4], batch: 12, projections: 20, steps: 3 };

/** A fit to features that is finished, or not. */
async function before(
  dir: string,
  more: Record<string, unknown> = {},
  { stop = false, seed = null as number | null } = {},
) {
  const config = parseFeatures({ ...fitted, ...more });
  const plan = { system: 'dp-features', data: 'noise', config, seed: 1, insecureSeed: seed ?? undefined } as const;
  const job = await startTraining(gpu, { ...plan, out: join(root, dir) });
  await runTraining(job, { chunk: 1, stop: () => stop });
  return job;
}

const small = {
  partitions: 1,
  batch: 20,
  physicalBatch: 30,
  criticChannels: [4, 8],
  criticSteps: 2,
  steps: 4,
  snapshots: 1,
};
const warmOf = async (dir: string, data = 'noise', insecureSeed?: number) =>
  warmStart(openRun(join(root, dir)), await loadSource(data), { insecureSeed });

/** A GAN that goes on from it. */
async function start(
  dir: string,
  from: string,
  more: Record<string, unknown> = {},
  system: 'dpgan' | 'dp-pargan' = 'dpgan',
) {
  const warm = await warmOf(from);
  const config = parsePrivate(withWarm({ ...small, epsilon: 3, noiseMultiplier: 2, ...more }, warm));
  return startTraining(gpu, { system, data: 'noise', config, seed: 2, out: join(root, dir), warm });
}

test('the generator begins as the fit left it, both are paid for in one ledger, and noted once', async () => {
  const fit = await before('fit');
  const z = tensor(gpu, new Values(3).normal([12 * 7]), [1, 12, 7]);
  assert.ok(fit.gan instanceof FeaturesFit);
  const made = (job: DirectoryJob) => {
    const { generator, seed } = job.gan as FeaturesFit;
    return generator.train(z, seed, undefined, { frozen: true }).read();
  };
  const want = await made(fit);
  const [release] = fit.guarantee?.ledger.totals() ?? [];
  const alone = spending(fit.guarantee as NonNullable<typeof fit.guarantee>);
  end(fit);
  const charged = spentOn({ name: 'noise', sha256 });
  assert.equal([charged.runs.length, charged.epsilon], [1, alone.epsilon?.rdp]);

  for (const [dir, system, partitions] of [
    ['gan', 'dpgan', 1],
    ['pargan', 'dp-pargan', 2],
  ] as const) {
    const job = await start(dir, 'fit', { partitions }, system);
    // Labels are handed on behind each image.
    const rows = await made(job);
    const images = Float32Array.from({ length: want.length }, (_, i) => rows[Math.floor(i / 64) * 67 + (i % 64)]);
    sameBits(images, want, 'at first');
    assert.ok(job.gan instanceof GanSystem);
    sameBits(await job.gan.sample(5), (await job.gan.sample(9)).subarray(0, 5 * 64));
    assert.is(job.gan.classes, 3);
    let done = 0;
    await runTraining(job, { chunk: 1, stop: () => done >= 2, onRows: (some) => void (done += some.length) });
    const stopped = job.gan.step;
    assert.ok(stopped >= 2 && stopped < 4);
    end(job);

    const again = await openTraining(gpu, join(root, dir), { write: true });
    assert.is(again.gan.step, stopped);
    await runTraining(again);
    const { ledger } = again.guarantee as NonNullable<typeof again.guarantee>;
    const q = (20 * partitions) / ROWS;
    const updates = { q, sigma: 2, steps: 8 };
    assert.equal(ledger.totals(partitions - 1), [release, updates]);
    assert.equal(
      ledger.lines().map(({ from, to, sigma }) => [from, to, sigma]),
      [[0, 1, release.sigma]],
    );
    const { epsilon } = spending(again.guarantee as NonNullable<typeof again.guarantee>);
    assert.equal(
      epsilon,
      epsilonOf([release, updates], 1e-5, { mechanism: 'gaussian', relation: 'zero-out', released: 1 }),
    );
    assert.ok(rows.every(Number.isFinite) && (await made(again)).some((v, i) => v !== rows[i]));
    const facts = await factsOf(again, dir, {});
    assert.ok(facts);
    end(again);
    // What the fit released is charged with the fit, and the updates by themselves.
    const { runs } = spentOn({ name: 'noise', sha256 });
    assert.equal(runs.at(-1)?.epsilon, epsilonOf([updates], 1e-5, { mechanism: 'gaussian', relation: 'zero-out' }).pld);
    assert.is(runs[0].epsilon, alone.epsilon?.rdp);
  }
  assert.is(spentOn({ name: 'noise', sha256 }).runs.length, 3);
  const read = await openTraining(gpu, join(root, 'gan'));
  assert.is((await read.gan.sample(3)).length, 3 * 64);
  end(read);
});

test('a run of other data, another system, unfinished or seeded, and settings that differ: refused before anything is written', async () => {
  end(await before('short', {}, { stop: true }));
  end(await before('seeded', {}, { seed: 5 }));
  const noted = spentOn({ name: 'noise', sha256 }).runs.length;
  const refusal = async (dir: string, data?: string) => {
    const found = await warmOf(dir, data).then(
      () => assert.unreachable(),
      (error) => error,
    );
    return [found.code, found.where, found.message];
  };
  const [code, where, message] = await refusal('fit', 'other');
  assert.equal([code, where], ['DATA', 'warmFrom']);
  assert.match(message, /trained on other data than other has/);
  assert.match(String(await refusal('gan')), /USAGE,warmFrom,.*a run of dpgan/);
  assert.match(String(await refusal('short')), /CONFIG,warmFrom,.*has made 0 of its 3 steps/);
  assert.match(String(await refusal('seeded')), /CONFIG,warmFrom,.*follows from a seed/);
  assert.ok(await warmOf('seeded', 'noise', 5));
  const warm = await warmOf('fit');
  for (const [field, value] of [
    ['delta', 1e-6],
    ['relation', 'replace-one'],
    ['population', 500],
    ['rows', 100],
    ['latent', 5],
    ['network', 'conditional'],
    ['accountant', 'pld'],
  ] as const) {
    const error = failure(() => withWarm({ [field]: value }, warm));
    assert.equal([error.code, error.where], ['CONFIG', field]);
  }
  assert.equal(withWarm({ latent: 4, rate: 1e-3 }, warm).network, 'features');
  // A checkpoint of another generator, which somebody put there, is found before a run is made.
  const config = parsePrivate(withWarm({ ...small, epsilon: 3, noiseMultiplier: 2 }, warm));
  const broken = { ...warm, tensors: {} };
  const bad = startTraining(gpu, {
    system: 'dpgan',
    data: 'noise',
    config,
    seed: 2,
    out: join(root, 'no'),
    warm: broken,
  });
  await bad.then(
    () => assert.unreachable(),
    (error) => assert.is(error.code, 'FILE'),
  );
  assert.is(fs.existsSync(join(root, 'no')), false);
  const last = spentOn({ name: 'noise', sha256 }).runs;
  assert.equal([last.length - noted, last.at(-1)?.epsilon], [1, 0]);
});

test.run();
