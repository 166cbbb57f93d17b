/** A classifier's run: which rows it learns and is tested on, opening it again, stopping it, and what is refused. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { floats } from '../../src/data/records.ts';
import { saveDataset } from '../../src/data/store/save.ts';
import { openClassifier, trainClassifier } from '../../src/run/classifier.ts';
import { openTraining, startTraining } from '../../src/run/session.ts';
import { datasetOf } from '../support/dataset.ts';
import { rejection } from '../support/failure.ts';
import { sameBits } from '../support/values.ts';
import { configOf, finish, gpu, halves, root, store } from './images.ts';

test.after(finish);

const fields = { channels: [4], hidden: 8, batch: 12, rate: 1e-2, epochs: 8 };
let runs = 0;
const out = () => join(root, `run-${runs++}`);
const learn = (data: string, more: Record<string, unknown> = {}, hooks = {}, dir = out()) =>
  trainClassifier(gpu, { data, fields: { ...fields, ...more }, seed: 2, out: dir }, hooks);

const json = (dir: string, name: string) => JSON.parse(fs.readFileSync(join(dir, name), 'utf8'));

test('a run: its files, every fifth row for testing, and the same predictions when it is opened', async () => {
  await store('plain', { rows: 150 });
  const before = gpu.memory().live;
  const seen: number[] = [];
  const result = await learn(
    'plain',
    {},
    { onRows: (rows: { step: number }[]) => seen.push(...rows.map((r) => r.step)) },
  );
  assert.is(gpu.memory().live, before);
  const { run, steps, rows, testRows, interrupted, accuracy } = result;
  assert.equal([steps, rows, testRows, interrupted], [80, 120, 30, false]);
  assert.ok((accuracy ?? 0) > 0.95, `${accuracy}`);
  assert.equal(
    seen,
    Array.from({ length: 80 }, (_, i) => i + 1),
  );
  assert.equal(fs.readdirSync(run.dir).sort(), ['checkpoint.safetensors', 'metrics.jsonl', 'run.json', 'test.json']);
  assert.equal(json(run.dir, 'test.json'), { accuracy, rows: 120, testRows: 30, steps: 80, interrupted: false });
  const info = json(run.dir, 'run.json');
  assert.equal([info.system, info.seed, info.data.classes, info.data.shape], ['classifier', 2, 2, [8, 8, 1]]);
  assert.equal(info.config, {
    ...fields,
    ...{ kernel: 3, padding: 'valid', pool: 'last', dropout: 0.25, denseDropout: 0.5 },
  });

  const opened = openClassifier(gpu, run.dir);
  assert.equal([opened.accuracy, opened.classifier.shape, opened.classifier.classes], [accuracy, [8, 8, 1], 2]);
  const x = floats(halves(Uint32Array.of(0, 1, 1), 1, 9));
  const p = await opened.classifier.predict(x);
  assert.equal([p[0] > 0.5, p[3] > 0.5, p[5] > 0.5], [true, true, true]);
  opened.classifier.dispose();
  assert.is(gpu.memory().live, before);
  // The same seed gives the same classifier.
  const again = await learn('plain', {});
  assert.is(again.accuracy, accuracy);
  const other = openClassifier(gpu, again.run.dir);
  sameBits(await other.classifier.predict(x), p);
  other.classifier.dispose();
});

test('images that come class by class, as folders of them do, are learned and tested in all classes', async () => {
  await store('sorted', { rows: 150, label: (row) => Number(row >= 75) });
  assert.ok(((await learn('sorted')).accuracy ?? 0) > 0.95);
});

test('a hold-out is what it is tested on; colours', async () => {
  await store('held', { rows: 48, holdout: 40, channels: 3 });
  const { rows, testRows, accuracy } = await learn('held', { epochs: 20 });
  assert.equal([rows, testRows], [48, 40]);
  assert.ok((accuracy ?? 0) > 0.95, `${accuracy}`);
  // So few that none is left to test with.
  await store('few', { rows: 4 });
  assert.is((await learn('few', { batch: 4 })).accuracy, null);
});

test('stopped: what was learned is tested and kept whole; before the first step nothing stays', async () => {
  await store('plain', { rows: 150 });
  let steps = 0;
  const hooks = {
    onRows: (rows: { step: number }[]) => {
      steps = rows[rows.length - 1].step;
    },
    stop: () => steps >= 20,
  };
  const { run, interrupted, steps: done, accuracy } = await learn('plain', { epochs: 10_000 }, hooks);
  assert.ok(interrupted && done >= 20 && done < 5000, `${done}`);
  assert.is(fs.readFileSync(join(run.dir, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').length, done);
  assert.equal(json(run.dir, 'test.json'), { accuracy, rows: 120, testRows: 30, steps: done, interrupted: true });
  const opened = openClassifier(gpu, run.dir);
  assert.is(opened.accuracy, accuracy);
  opened.classifier.dispose();

  const { live } = gpu.memory();
  const dir = join(root, 'never', 'begun');
  const error = await rejection(() => learn('plain', {}, { stop: () => true }, dir));
  assert.is(error.code, 'INTERRUPTED');
  assert.not.ok(fs.existsSync(join(root, 'never')));
  assert.is(gpu.memory().live, live);
});

test('what it cannot learn from: no labels, tables, small images, small sets, wrong settings; nothing is left', async () => {
  await store('bare', { labelled: false });
  await saveDataset(
    datasetOf({
      name: 'table',
      columns: ['x', 'y'],
      shape: [2],
      train: new Float32Array(40),
      holdout: new Float32Array(0),
      labels: { train: new Uint32Array(20), holdout: new Uint32Array(0) },
      meta: { origin: 'test' },
    }),
  );
  await store('plain');
  const taken = out();
  fs.mkdirSync(taken);
  fs.writeFileSync(join(taken, 'mine'), '');
  const before = (fs.readdirSync(root, { recursive: true }) as string[]).sort();
  const { live } = gpu.memory();
  for (const [data, more, code, says] of [
    ['bare', {}, 'DATA', /^data set bare has no labels\. Train a classifier on labelled images/],
    ['table', {}, 'DATA', /data set table has no images/],
    ['nothing', {}, 'DATA', /there is no data set "nothing"/],
    ['plain', { channels: [2, 2, 2, 2] }, 'CONFIG', /^channels: 4 convolutions do not fit records \[8,8,1\]/],
    ['plain', { batch: 49 }, 'CONFIG', /^a partition has 48 rows, fewer than a batch of 49\. Use `batch: 48`/],
    ['plain', { hidden: 0 }, 'CONFIG', /^hidden: /],
    ['plain', { channels: [] }, 'CONFIG', /^channels: /],
    ['plain', { kernel: 0 }, 'CONFIG', /^kernel: /],
    ['plain', { pool: 'none' }, 'CONFIG', /^pool: /],
    ['plain', { channels: [4, -1] }, 'CONFIG', /^channels\.1: /],
  ] as const) {
    const error = await rejection(() => learn(data, more));
    assert.is(error.code, code, error.line());
    assert.match(error.line(), says);
  }
  assert.is((await rejection(() => learn('plain', {}, {}, taken))).code, 'USAGE');
  assert.equal((fs.readdirSync(root, { recursive: true }) as string[]).sort(), before);
  assert.is(gpu.memory().live, live);
});

test('a loss that is not finite: the step, and no run stays', async () => {
  await saveDataset(
    datasetOf({
      name: 'extreme',
      columns: [],
      shape: [8, 8, 1],
      train: new Float32Array(60 * 64).fill(3e38),
      holdout: new Float32Array(0),
      labels: { train: new Uint32Array(60), holdout: new Uint32Array(0) },
      meta: { origin: 'test' },
    }),
  );
  const dir = out();
  const error = await rejection(() => learn('extreme', {}, {}, dir));
  assert.equal([error.code, error.where], ['NAN', 'step 1']);
  assert.not.ok(fs.existsSync(dir));
});

test('a run of another kind is named as such, both ways; damaged ones are refused without a leak', async () => {
  await store('plain', { rows: 150 });
  const gan = await startTraining(gpu, { system: 'pargan', data: 'plain', config: configOf(), seed: 1, out: out() });
  gan.run.close();
  gan.gan.dispose();
  const wrong = await rejection(() => openClassifier(gpu, gan.run.dir));
  assert.equal([wrong.code, wrong.where], ['USAGE', gan.run.dir]);
  assert.match(wrong.message, /is a pargan, not a classifier/);

  const { run } = await learn('plain', { epochs: 1 });
  const { live } = gpu.memory();
  for (const write of [false, true]) {
    const other = await rejection(() => openTraining(gpu, run.dir, { write }));
    assert.is(other.code, 'USAGE');
    assert.match(other.message, /is a classifier, which generates nothing/);
    assert.not.ok(fs.existsSync(join(run.dir, 'lock')));
  }
  assert.is((await rejection(() => openClassifier(gpu, join(root, 'none')))).code, 'FILE');

  const info = json(run.dir, 'run.json');
  for (const data of [
    { ...info.data, shape: [8, 8] },
    { ...info.data, shape: [8, 8, 1e9] },
    { ...info.data, classes: 'two' },
    { ...info.data, classes: 3 },
  ]) {
    fs.writeFileSync(join(run.dir, 'run.json'), JSON.stringify({ ...info, data }));
    assert.is((await rejection(() => openClassifier(gpu, run.dir))).code, 'FILE', JSON.stringify(data));
    assert.is(gpu.memory().live, live);
  }
});

test.run();
