import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, fingerprintOf } from '../../src/data/dataset.ts';
import { dataHome } from '../../src/data/store/home.ts';
import { checkFree, saveDataset } from '../../src/data/store/save.ts';
import { describeDataset, listDatasets, loadDataset } from '../../src/data/store/store.ts';
import { blobs } from '../../src/data/synthetic.ts';
import { datasetOf } from '../support/dataset.ts';
import { rejection } from '../support/failure.ts';

const test = suite('data/store', { home: '' });
test.before.each((context) => {
  context.home = mkdtempSync(join(tmpdir(), 'veilgan-store-'));
});
test.after.each((context) => rmSync(context.home, { recursive: true, force: true }));

const small = (name = 'small', first = 1): Dataset =>
  datasetOf({
    name,
    columns: ['a', 'b'],
    shape: [2],
    train: Float32Array.of(first, 2, 3, 4, 5, 6),
    holdout: Float32Array.of(7, 8),
    meta: { origin: 'test' },
  });

test('what is stored comes back, bit for bit, with its fingerprint', async ({ home }) => {
  const data = small();
  const info = await saveDataset(data, { home });
  assert.equal(readdirSync(home), ['small']);
  assert.equal(readdirSync(join(home, 'small')).sort(), ['holdout.f32', 'meta.json', 'train.f32']);
  const back = await loadDataset('small', { home });
  assert.equal(back.train, data.train);
  assert.equal(back.holdout, data.holdout);
  assert.is(back.labels, undefined);
  assert.equal([back.name, back.rows, back.holdoutRows, back.features, back.columns], ['small', 3, 1, 2, ['a', 'b']]);
  assert.is(back.meta.sha256, await fingerprintOf(data));
  assert.is(info.sha256, back.meta.sha256);
  assert.equal(await describeDataset('small', { home }), info);
  assert.equal([info.rows, info.holdout, info.bytes, info.origin], [3, 1, 32, 'test']);
});

test('the arrays are raw little-endian and the fingerprint is what sha256sum says', async ({ home }) => {
  const info = await saveDataset(small(), { home });
  assert.is(readFileSync(join(home, 'small', 'train.f32')).readFloatLE(4), 2);
  if (process.platform !== 'linux') return;
  const command = 'sha256sum train.f32 holdout.f32 | sha256sum';
  const sum = execFileSync('sh', ['-c', command], { cwd: join(home, 'small'), encoding: 'utf8' });
  assert.is(sum.split(' ')[0], info.sha256);
});

test('labels and seeds are kept', async ({ home }) => {
  const data = { ...blobs({ rows: 20, seed: 3 }), name: 'mine' };
  await saveDataset(data, { home });
  const back = await loadDataset('mine', { home });
  assert.equal(back.labels, data.labels);
  assert.is(back.meta.seed, 3);
});

test('an existing name is refused unless forced; forced replaces and leaves nothing else', async ({ home }) => {
  await saveDataset(small(), { home });
  const error = await rejection(saveDataset(small('small', 9), { home }));
  assert.match(error.message, 'exists already');
  assert.match(error.fix, '`force`');
  assert.is((await loadDataset('small', { home })).train[0], 1);
  await saveDataset(small('small', 9), { home, force: true });
  assert.is((await loadDataset('small', { home })).train[0], 9);
  assert.equal(readdirSync(home), ['small']);
});

test('names that are paths, empty, hidden or generated are refused', async ({ home }) => {
  for (const name of ['../x', 'a/b', 'a\\b', '', '.', '..', '.hidden', '/tmp/x', 'a b', 'x'.repeat(65), 'a\0']) {
    assert.match((await rejection(saveDataset(small(name), { home }))).message, 'cannot be the name');
    assert.match((await rejection(loadDataset(name, { home }))).message, 'cannot be the name');
  }
  for (const name of ['blobs', 'Circles']) {
    assert.match((await rejection(checkFree(name, { home }))).message, 'generated');
  }
  assert.equal(readdirSync(home), []);
});

test('an unknown name tells which there are and how to import', async ({ home }) => {
  await saveDataset(small('here'), { home });
  for (const name of ['gone', 'constructor']) {
    const error = await rejection(loadDataset(name, { home }));
    assert.is(error.code, 'DATA');
    assert.match(error.message, `no data set "${name}"; there are: blobs, circles, codes, here`);
    assert.match(error.fix, `data import FILE.csv --name ${name}`);
  }
  assert.match((await rejection(loadDataset('mnist', { home }))).fix, 'data fetch mnist');
  assert.match(
    (await rejection(loadDataset('x', { home: join(home, 'none') }))).message,
    'there are: blobs, circles, codes',
  );
});

test('a writer that fails half-way leaves nothing behind and an existing set untouched', async ({ home }) => {
  await saveDataset(small(), { home });
  const broken = { ...small('small', 9) };
  Object.defineProperty(broken, 'holdout', {
    get() {
      throw new Error('disk full');
    },
  });
  // datasetFiles reads `holdout`: the temporary folder exists by then.
  const error = await rejection(saveDataset(broken, { home, force: true }));
  assert.is(error.code, 'FILE');
  assert.match(error.message, 'disk full');
  assert.equal(readdirSync(home), ['small']);
  assert.is((await loadDataset('small', { home })).train[0], 1);
});

test('a temporary folder of a killed writer is not a data set, and an old one is swept', async ({ home }) => {
  mkdirSync(join(home, '.new-x-1-ab'));
  mkdirSync(join(home, '.new-y-1-ab'));
  writeFileSync(join(home, '.new-y-1-ab', 'train.f32'), 'x');
  utimesSync(join(home, '.new-y-1-ab'), 1, 1);
  assert.equal(
    (await listDatasets({ home })).map((info) => info.name),
    ['blobs', 'circles', 'codes'],
  );
  await saveDataset(small(), { home });
  assert.equal(readdirSync(home).sort(), ['.new-x-1-ab', 'small']);
});

test('two writers of one name: exactly one wins and the set is whole', async ({ home }) => {
  const results = await Promise.allSettled([1, 2, 3, 4].map((n) => saveDataset(small('race', n), { home })));
  assert.is(results.filter((result) => result.status === 'fulfilled').length, 1);
  for (const result of results) {
    if (result.status === 'rejected') assert.match(result.reason.message, 'exists already');
  }
  assert.ok([1, 2, 3, 4].includes((await loadDataset('race', { home })).train[0]));
  assert.equal(readdirSync(home), ['race']);
});

test('damage is named: missing, short, flipped bit, bad meta.json', async ({ home }) => {
  const path = join(home, 'small');
  const cases: [string, () => void, RegExp][] = [
    ['train.f32', () => rmSync(join(path, 'train.f32')), /missing/],
    ['train.f32', () => writeFileSync(join(path, 'train.f32'), 'abc'), /3 bytes instead of 24/],
    ['holdout.f32', () => writeFileSync(join(path, 'holdout.f32'), Buffer.alloc(8, 1)), /checksum/],
    ['meta.json', () => rmSync(join(path, 'meta.json')), /missing/],
    ['meta.json', () => writeFileSync(join(path, 'meta.json'), '{'), /not JSON/],
    ['meta.json', () => writeFileSync(join(path, 'meta.json'), '{"format":2}'), /field "format"/],
  ];
  const edit = (change: (meta: Record<string, unknown>) => void) => () => {
    const meta = JSON.parse(readFileSync(join(path, 'meta.json'), 'utf8'));
    change(meta);
    writeFileSync(join(path, 'meta.json'), JSON.stringify(meta));
  };
  cases.push(['meta.json', edit((meta) => Object.assign(meta, { rows: 2 ** 30 })), /do not fit/]);
  const renamed = (meta: Record<string, unknown>) => {
    for (const file of meta.files as { name: string }[]) file.name = file.name.replace('f32', 'u8');
  };
  cases.push(['meta.json', edit(renamed), /do not fit/]);
  cases.push(['meta.json', edit((meta) => Object.assign(meta, { classes: ['a'] })), /do not fit/]);
  cases.push(['meta.json', edit((meta) => Object.assign(meta, { files: [] })), /do not fit/]);
  cases.push(['meta.json', edit((meta) => Object.assign(meta, { shape: [1e30] })), /field "shape.0"/]);
  const outside = { name: '../../etc/passwd', bytes: 24, sha256: '0'.repeat(64) };
  cases.push(['meta.json', edit((meta) => Object.assign(meta, { files: [outside, outside] })), /do not fit/]);
  for (const [file, damage, message] of cases) {
    await saveDataset(small(), { home, force: true });
    damage();
    const error = await rejection(loadDataset('small', { home }));
    assert.is(error.code, 'FILE');
    assert.match(error.message, message);
    assert.is(error.where, join(path, file));
    assert.match(error.fix, '`force`');
  }
  assert.match((await listDatasets({ home })).find((info) => info.name === 'small')?.problem ?? '', /damaged/);
});

test('a renamed folder loads under its new name', async ({ home }) => {
  await saveDataset(small(), { home });
  renameSync(join(home, 'small'), join(home, 'other'));
  assert.is((await loadDataset('other', { home })).name, 'other');
  assert.is((await describeDataset('other', { home })).name, 'other');
});

test('generated sets are always there, by seed', async ({ home }) => {
  const list = await listDatasets({ home: join(home, 'none') });
  assert.equal(
    list.map(({ name, rows, holdout, path }) => [name, rows, holdout, path]),
    [
      ['blobs', 5000, 5000, undefined],
      ['circles', 5000, 5000, undefined],
      ['codes', 5000, 5000, undefined],
    ],
  );
  const data = await loadDataset('blobs', { home, seed: 4 });
  assert.equal(data.train, blobs({ seed: 4 }).train);
  assert.is(data.meta.sha256, (await describeDataset('blobs', { home, seed: 4 })).sha256);
  assert.is.not(data.meta.sha256, list[0].sha256);
});

test('a folder that cannot be written is a clear error', async ({ home }) => {
  writeFileSync(join(home, 'file'), '');
  const error = await rejection(saveDataset(small(), { home: join(home, 'file') }));
  assert.is(error.code, 'FILE');
  assert.match(error.fix, 'VEILGAN_DATA');
  if (process.getuid?.() === 0) return;
  chmodSync(home, 0o500);
  assert.is((await rejection(saveDataset(small(), { home }))).code, 'FILE');
  chmodSync(home, 0o700);
});

test('where data sets live', () => {
  assert.is(dataHome({ VEILGAN_DATA: '/v', XDG_CACHE_HOME: '/x' }, 'linux', '/h'), '/v');
  assert.is(dataHome({ XDG_CACHE_HOME: '/x' }, 'linux', '/h'), '/x/veilgan/data');
  assert.is(dataHome({ XDG_CACHE_HOME: 'relative' }, 'linux', '/h'), '/h/.cache/veilgan/data');
  assert.is(dataHome({}, 'darwin', '/h'), '/h/Library/Caches/veilgan/data');
  assert.is(dataHome({ LOCALAPPDATA: '/l' }, 'win32', '/h'), '/l/veilgan/Cache/data');
});

test.run();
