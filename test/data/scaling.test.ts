import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scaled, unscaled } from '../../src/data/encoding/linear.ts';
import { detect } from '../../src/data/formats/index.ts';
import { saveDataset } from '../../src/data/store/save.ts';
import { loadDataset } from '../../src/data/store/store.ts';
import { datasetOf } from '../support/dataset.ts';
import { records } from './making.ts';

const home = mkdtempSync(join(tmpdir(), 'veilgan-scaling-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

const table = () =>
  datasetOf({
    name: 'ages',
    columns: ['age', 'constant', 'income'],
    shape: [3],
    train: Float32Array.from([20, 7, -1000, 60, 7, 3000, 40, 7, 0]),
    holdout: Float32Array.from([100, 7, 1000]),
    meta: { origin: 'test' },
  });

test('by the training rows: their extremes become -1 and 1, a constant column 0, the hold-out is cut', () => {
  const data = scaled(table(), 'data');
  assert.equal(Array.from(data.train), [-1, 0, -1, 1, 0, 1, 0, 0, -0.5]);
  assert.equal(Array.from(data.holdout), [1, 0, 0]);
  assert.equal(data.scaling, { low: [20, 7, -1000], high: [60, 7, 3000], from: 'data' });
  assert.equal(Array.from(unscaled(data.train as Float32Array, data.scaling)), [20, 7, -1000, 60, 7, 3000, 40, 7, 0]);
});

test('by bounds, one for all or one for each: no record has a say', () => {
  const each = scaled(table(), '0:100,0:14,-1000:1000');
  assert.equal(Array.from(each.train.subarray(3, 6)), [Math.fround(0.2), 0, 1]);
  assert.is(each.scaling?.from, 'given');
  const all = scaled(table(), '-100:100');
  assert.equal(Array.from(all.train.subarray(0, 3)), [Math.fround(0.2), Math.fround(0.07), -1]);
});

test('what is no scale is refused', () => {
  for (const spec of ['', '1', '5:1', '1:1', 'a:b', '0:1,0:1', 'minmax']) {
    assert.throws(
      () => scaled(table(), spec),
      (e: { code: string; where: string }) => e.code === 'USAGE' && e.where === 'scale',
    );
  }
  const image = datasetOf({
    ...{ name: 'i', columns: [], shape: [1, 1, 1], train: new Uint8Array(2), holdout: new Uint8Array(1) },
    meta: { origin: 'test' },
  });
  assert.throws(() => scaled(image, 'data'), /images/);
});

test('the store keeps it, and a damaged one is found', async () => {
  const file = join(home, 'ages.csv');
  writeFileSync(file, 'a,b\n1,10\n2,20\n3,40\n');
  const data = await records(await detect(file), { scale: '0:4,0:40' });
  await saveDataset(data, { home });
  const read = await loadDataset('ages', { home });
  assert.equal(read.scaling, { low: [0, 0], high: [4, 40], from: 'given' });
  assert.equal(Array.from(read.train), [-0.5, -0.5, 0, 0, 0.5, 1]);
});

test.run();
