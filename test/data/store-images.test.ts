/** Images in the store, and sets that were stored before there were any. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, fingerprintOf } from '../../src/data/dataset.ts';
import { saveDataset } from '../../src/data/store/save.ts';
import { describeDataset, listDatasets, loadDataset } from '../../src/data/store/store.ts';
import { datasetOf } from '../support/dataset.ts';
import { rejection } from '../support/failure.ts';
import { Folder } from './making.ts';

const test = suite<{ home: string; folder: Folder }>('data/store-images');
test.before.each((context) => {
  context.folder = new Folder();
  context.home = context.folder.path;
});
test.after.each(({ folder }) => folder.remove());

const picture = (): Dataset =>
  datasetOf({
    name: 'pictures',
    columns: [],
    shape: [1, 3, 1],
    train: Uint8Array.of(0, 1, 2, 253, 254, 255, 7, 8, 9),
    holdout: Uint8Array.of(3, 2, 1),
    labels: { train: Uint32Array.of(0, 1, 1), holdout: Uint32Array.of(0) },
    classes: ['cat', 'dog'],
    meta: { origin: 'test' },
  });

test('images keep their bytes and the names of their classes', async ({ home }) => {
  const data = picture();
  const info = await saveDataset(data, { home });
  const path = join(home, 'pictures');
  assert.equal(readdirSync(path).sort(), ['holdout.u32', 'holdout.u8', 'meta.json', 'train.u32', 'train.u8']);
  assert.equal([...readFileSync(join(path, 'train.u8'))], [...data.train]);
  const back = await loadDataset('pictures', { home });
  assert.equal([back.train, back.holdout], [data.train, data.holdout]);
  assert.equal([back.labels, back.classes, back.columns], [data.labels, ['cat', 'dog'], []]);
  assert.equal([info.shape, info.classes, info.bytes, info.rows, info.holdout], [[1, 3, 1], ['cat', 'dog'], 28, 3, 1]);
  assert.is(back.meta.sha256, await fingerprintOf(data));
  assert.equal(await describeDataset('pictures', { home }), info);
  writeFileSync(join(path, 'train.u8'), Uint8Array.of(0, 1, 2, 253, 254, 255, 7, 8, 8));
  assert.match((await rejection(loadDataset('pictures', { home }))).message, 'checksum');
});

test('a set that was stored before there were images and classes loads', async ({ home }) => {
  const path = join(home, 'old');
  mkdirSync(path);
  const train = Float32Array.of(1, 2, 3, 4);
  const sums: string[] = [];
  const files = [['train.f32', train] as const, ['holdout.f32', new Float32Array(0)] as const].map(([name, array]) => {
    writeFileSync(join(path, name), new Uint8Array(array.buffer));
    const sha256 = createHash('sha256').update(new Uint8Array(array.buffer)).digest('hex');
    sums.push(`${sha256}  ${name}\n`);
    return { name, bytes: array.byteLength, sha256 };
  });
  const sha256 = createHash('sha256').update(sums.join('')).digest('hex');
  const stored = { format: 1, name: 'old', columns: ['a', 'b'], shape: [2], rows: 2, holdoutRows: 0, sha256 };
  writeFileSync(join(path, 'meta.json'), JSON.stringify({ ...stored, origin: 'then', files }));
  const data = await loadDataset('old', { home });
  assert.equal([data.train, data.classes, data.meta.sha256], [train, undefined, sha256]);
  assert.is(await fingerprintOf(data), sha256);
});

test('labels beyond the classes, and classes without labels, are no data set', () => {
  const parts = picture();
  const { labels: _, ...bare } = parts;
  assert.throws(() => datasetOf({ ...parts, classes: ['cat'] }), /do not fit/);
  assert.throws(() => datasetOf(bare), /do not fit/);
});

test('the folder of downloads is no data set', async ({ home }) => {
  mkdirSync(join(home, 'downloads', 'mnist'), { recursive: true });
  const names = (await listDatasets({ home })).map((info) => info.name);
  assert.equal(names, ['blobs', 'circles', 'codes']);
  assert.match(
    (await rejection(saveDataset({ ...picture(), name: 'downloads' }, { home }))).message,
    'the folder of downloads',
  );
});

test.run();
