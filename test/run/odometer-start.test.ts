/** Private runs on a stored data set: noted before it is looked at, with what they cost, and what they name as public. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { TableData } from '../../src/data/dataset.ts';
import type { Given } from '../../src/data/encoding/schema.ts';
import { importSource } from '../../src/data/formats/index.ts';
import { saveDataset } from '../../src/data/store/save.ts';
import { loadSource } from '../../src/data/store/store.ts';
import { withPreset } from '../../src/gan/presets/index.ts';
import { parsePrivate } from '../../src/gan/private/config.ts';
import { ODOMETER, spentOn } from '../../src/run/odometer.ts';
import { openTraining, startTraining } from '../../src/run/session.ts';
import { runTraining } from '../../src/run/training.ts';
import { priceOf } from '../../src/run/training-data.ts';
import { rejection } from '../support/failure.ts';

const gpu = await open();
const root = fs.mkdtempSync(join(tmpdir(), 'veilgan-noted-'));
const home = join(root, 'data');
process.env.VEILGAN_DATA = home;
test.after(() => {
  gpu.close();
  fs.rmSync(root, { recursive: true });
});

const small = { generatorHidden: [16], criticHidden: [16], latent: 4, snapshotEvery: 5, steps: 2, criticSteps: 2 };
const configOf = (fields: Record<string, unknown> = {}) =>
  parsePrivate(
    withPreset('broward-dpgan', { ...small, start: 'random', epsilon: 3, noiseMultiplier: 2, batch: 64, ...fields }),
  );

/** Stores 3,000 rows; what is known of them is given or not. */
async function stored(name: string, given?: Given): Promise<string> {
  const rows = Array.from(
    { length: 3000 },
    (_, i) => `${20 + name.charCodeAt(0) - 97 + (i % 50)},${(i % 31) / 4},${['a', 'b'][i % 2]}`,
  );
  fs.writeFileSync(join(root, 't.csv'), `age,weight,town\n${rows.join('\n')}\n`);
  const file = given ? { given: join(root, 'given.json') } : {};
  if (given) fs.writeFileSync(join(root, 'given.json'), JSON.stringify(given));
  const source = { kind: 'csv', path: join(root, 't.csv'), isFile: true, name } as const;
  const data = (await importSource(source, { name, holdoutShare: 0.2, ...file })) as TableData;
  return (await saveDataset(data)).sha256;
}

const start = (data: string, out: string, fields: Record<string, unknown> = {}, insecureSeed?: number) =>
  startTraining(gpu, { system: 'dpgan', data, config: configOf(fields), seed: 1, out: join(root, out), insecureSeed });

test('a run is noted with what it spends, and names what the rows decided', async () => {
  const sha256 = await stored('people');
  const job = await start('people', 'one');
  assert.equal(
    spentOn({ name: 'people', sha256 }).runs.map(({ dir, by, relation }) => [dir, by, relation]),
    [[join(root, 'one'), 'ledger', 'zero-out']],
  );
  await runTraining(job);
  job.guarantee?.close();
  job.run.close();
  const { encoding, data } = job.run.info;
  assert.is(data.split, 'hash');
  assert.equal(
    encoding?.open?.map(({ what, column }) => `${what} ${column}`),
    ['kind age', 'kind weight', 'decimals weight', 'kind town'],
  );
  const { epsilon, runs } = spentOn({ name: 'people', sha256 });
  assert.ok(epsilon > 0.4 && epsilon < 3 && runs.length === 1, `${epsilon}`);
  // It still opens, and opening is no start.
  const again = await openTraining(gpu, join(root, 'one'));
  again.gan.dispose();
  again.guarantee?.close();
  assert.is(spentOn({ name: 'people', sha256 }).runs.length, 1);
});

test('a start that fails after noise was drawn counts with its price, one that nothing was drawn for as nothing', async () => {
  const sha256 = await stored('few');
  const config = configOf({ encoderEpsilon: 0.002 });
  const price = priceOf(await loadSource('few'), config);
  assert.ok(price.epsilon > 0 && price.delta > 0);
  // No noise is drawn where the budget does not pay for one update; with so much of it no value is frequent enough.
  assert.match((await rejection(start('few', 'poor', { epsilon: 0.001 }))).message, /does not pay for one update/);
  assert.match((await rejection(start('few', 'noisy', { encoderEpsilon: 0.002 }))).message, /column/);
  const given: Given = {
    columns: {
      age: { kind: 'integer', low: 0, high: 120 },
      weight: { kind: 'number', decimals: 2, low: 0, high: 10 },
      town: { values: ['b', 'a'] },
    },
  };
  const whole = await stored('whole', given);
  assert.equal(priceOf(await loadSource('whole'), config), { epsilon: 0, delta: 0 });
  await rejection(start('whole', 'one'));
  assert.equal(
    spentOn({ name: 'few', sha256 }).runs.map(({ by, epsilon, delta, dir }) => [by, epsilon, delta, dir]),
    [
      ['failed', 0, 0, join(root, 'poor')],
      ['ledger', price.epsilon, price.delta, join(root, 'noisy')],
    ],
  );
  assert.is(spentOn({ name: 'whole', sha256: whole }).epsilon, 0);
  assert.is(spentOn({ name: 'whole', sha256: whole }).runs.length, 1);
  // What cannot be a private run at all is refused before it is noted, and others are not noted.
  const job = await start('whole', 'seeded', {}, 1);
  job.guarantee?.close();
  job.run.close();
  assert.equal(job.run.info.encoding?.open, []);
  assert.is(spentOn({ name: 'whole', sha256: whole }).unguarded, 1);
});

test('where nothing can be noted nothing is looked at', async () => {
  const sha256 = await stored('kept');
  const path = join(home, ODOMETER);
  const before = fs.readFileSync(path);
  fs.rmSync(path);
  fs.mkdirSync(path);
  const error = await rejection(start('kept', 'none'));
  assert.equal([error.code, error.where], ['FILE', path]);
  assert.is(fs.existsSync(join(root, 'none')), false);
  // Not even in memory.
  let looked = false;
  const source = (await loadSource('kept')) as TableData;
  const look = () => {
    looked = true;
    return source.train;
  };
  const table = Object.defineProperty({ ...source.table }, 'train', { get: look });
  const watched = Object.defineProperties({ ...source, table }, { train: { get: look }, values: { get: look } });
  const again = startTraining(gpu, {
    system: 'dpgan',
    data: watched,
    config: configOf(),
    seed: 1,
    out: join(root, 'n'),
  });
  assert.is((await rejection(again)).code, 'FILE');
  assert.is(looked, false);
  fs.rmdirSync(path);
  fs.writeFileSync(path, before);
  assert.equal(spentOn({ name: 'kept', sha256 }).runs, []);
});

test.run();
