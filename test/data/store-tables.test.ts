/** Tables of mixed types in the store. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fingerprintOf, isTable, type TableData } from '../../src/data/dataset.ts';
import { fitEncoding } from '../../src/data/encoding/encoding.ts';
import { openOf } from '../../src/data/encoding/schema.ts';
import { saveDataset } from '../../src/data/store/save.ts';
import { describeDataset, listDatasets, loadDataset, loadSource } from '../../src/data/store/store.ts';
import type { CategoryColumn, Table } from '../../src/data/table.ts';
import { named } from '../support/dataset.ts';
import { rejection } from '../support/failure.ts';

const test = suite('data/store-tables', { home: '' });
test.before.each((context) => {
  context.home = mkdtempSync(join(tmpdir(), 'veilgan-tables-'));
});
test.after.each((context) => rmSync(context.home, { recursive: true, force: true }));

const gone = Number.NaN;
const table: Table = {
  columns: [
    { name: 'age', kind: 'integer', decimals: 0 },
    { name: 'pay', kind: 'number', decimals: 2 },
    { name: 'since', kind: 'date', format: 'DD.MM.YYYY' },
    { name: 'town', kind: 'category', values: ['Rome', 'Oslo, "N"\n'] },
    { name: 'member', kind: 'boolean', values: ['yes', 'no'] },
  ],
  train: Float64Array.of(31, 0.1, 18262, 0, 0, gone, 1e300, gone, 1, 1, 45, -2.5, -1, gone, 1),
  holdout: Float64Array.of(50, gone, 7, 1, gone),
  label: 'member',
};
const keys = [{ name: 'id', at: 0 }];
const people = (more: Partial<Parameters<typeof named>[0]> = {}) =>
  named({ name: 'people', table, meta: { origin: 'test', keys }, notes: ['id: left out'], ...more });

// uvu's comparison of typed arrays takes NaN for different from NaN.
const plain = (of?: Table) => of && { ...of, train: [...of.train], holdout: [...of.holdout] };

test('what the rows decided is kept with the table; of one from before it was noted all that may have been', async ({
  home,
}) => {
  const open = [
    { what: 'kind' as const, column: 'pay' },
    { what: 'left-out' as const, column: 'id' },
  ];
  await saveDataset(people({ meta: { origin: 'test', split: 'hash', open } }), { home });
  const back = (await loadSource('people', { home })) as TableData;
  assert.equal([openOf(back), back.meta.split], [open, 'hash']);
  assert.equal(openOf({ ...back, given: { columns: { pay: { kind: 'number' }, id: { kind: 'leave' } } } }), []);
  const path = join(home, 'people', 'meta.json');
  const { open: _, split: __, ...before } = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify(before));
  const old = (await loadSource('people', { home })) as TableData;
  assert.equal(
    openOf(old).map(({ what, column }) => `${what} ${column ?? ''}`),
    [
      ...['kind age', 'kind pay', 'decimals pay', 'kind since', 'format since', 'kind town', 'kind member'],
      'left-out ',
    ],
  );
});

test('what is stored comes back, bit for bit', async ({ home }) => {
  const info = await saveDataset(people(), { home });
  assert.equal(readdirSync(join(home, 'people')).sort(), ['holdout.f64', 'meta.json', 'train.f64']);
  const back = (await loadSource('people', { home })) as TableData;
  assert.equal(plain(back.table), plain(table));
  assert.equal(back.notes, ['id: left out']);
  assert.equal(back.meta, { origin: 'test', sha256: info.sha256, open: info.open, keys });
  assert.is(info.sha256, await fingerprintOf(people()));
  assert.equal([info.rows, info.holdout, info.bytes, info.columns.length], [3, 1, 160, 5]);
  assert.equal(
    info.table?.columns.map(({ missing }) => missing),
    [1, 1, 1, 1, 1],
  );
  assert.equal(await describeDataset('people', { home }), info);
  assert.equal(
    (await listDatasets({ home })).find(({ name }) => name === 'people'),
    info,
  );
  assert.is(readFileSync(join(home, 'people', 'train.f64')).readDoubleLE(8), 0.1);
  if (process.platform === 'linux') {
    const { files } = JSON.parse(readFileSync(join(home, 'people', 'meta.json'), 'utf8'));
    const sum = execFileSync('sha256sum', ['train.f64'], { cwd: join(home, 'people'), encoding: 'utf8' });
    assert.is(sum.split(' ')[0], files[0].sha256);
  }
});

test('as a data set it is encoded: by the training rows', async ({ home }) => {
  const { sha256 } = await saveDataset(people(), { home });
  const fitted = fitEncoding(table);
  const data = await loadDataset('people', { home });
  assert.equal(data.encoding, fitted);
  assert.equal([data.name, data.rows, data.holdoutRows, data.meta.sha256], ['people', 3, 1, sha256]);
  assert.not.ok(isTable(await loadSource('blobs', { home })));
});

test('the fingerprint tells tables apart whose cells are alike', async () => {
  const of = (change: Partial<Table>) => fingerprintOf(people({ table: { ...table, ...change } }));
  const town = table.columns[3] as CategoryColumn;
  const swapped = table.columns.map((c) =>
    'values' in c && c.name === 'town' ? { ...c, values: [...town.values].reverse() } : c,
  );
  const sums = await Promise.all([
    of({}),
    of({ columns: swapped }),
    of({ label: undefined }),
    of({ train: table.train.slice().reverse() }),
    of({ columns: table.columns.map((c) => (c.kind === 'date' ? { ...c, format: 'MM.DD.YYYY' } : c)) }),
  ]);
  assert.is(new Set(sums).size, 5);
});

test('damage is named', async ({ home }) => {
  const file = join(home, 'people', 'meta.json');
  const edit = (
    change: (meta: { table: { columns: Record<string, unknown>[]; label?: string } } & Record<string, unknown>) => void,
  ) => {
    const meta = JSON.parse(readFileSync(file, 'utf8'));
    change(meta);
    writeFileSync(file, JSON.stringify(meta));
  };
  const cases: [Parameters<typeof edit>[0], RegExp][] = [
    [(meta) => Object.assign(meta, { rows: 2 ** 30 }), /do not fit/],
    [(meta) => delete (meta as { table?: unknown }).table, /do not fit/],
    [(meta) => meta.table.columns.pop(), /do not fit/],
    [(meta) => Object.assign(meta.table.columns[0], { name: 'old' }), /do not fit/],
    [(meta) => Object.assign(meta.table, { label: 'x' }), /do not fit/],
    [(meta) => Object.assign(meta.table.columns[3], { values: ['a', 'a'] }), /a value is there twice/],
    [(meta) => Object.assign(meta.table.columns[3], { values: ['a'] }), /row 2 holds 1, which is no value/],
    [(meta) => Object.assign(meta.table.columns[3], { values: ['a', 'b'] }), /columns are not those that were stored/],
    [(meta) => Object.assign(meta.table.columns[2], { format: 'soon' }), /field "table\.columns\.2\.format"/],
    [(meta) => Object.assign(meta.table.columns[1], { kind: 'colour' }), /field "table\.columns\.1\.kind"/],
    [(meta) => Object.assign(meta.table.columns[1], { decimals: 1e9 }), /field "table\.columns\.1\.decimals"/],
  ];
  for (const [change, message] of cases) {
    await saveDataset(people(), { home, force: true });
    edit(change);
    const error = await rejection(loadSource('people', { home }));
    assert.is(error.code, 'FILE', error.message);
    assert.match(error.message, message);
  }
  await saveDataset(people({ table: { ...table, train: Float64Array.of(1, Number.POSITIVE_INFINITY, 1, 0, 0) } }), {
    home,
    force: true,
  });
  assert.match((await rejection(loadSource('people', { home }))).message, /row 1 holds Infinity/);
  await saveDataset(people(), { home, force: true });
  writeFileSync(join(home, 'people', 'train.f64'), Buffer.alloc(120, 1));
  assert.match((await rejection(loadSource('people', { home }))).message, /checksum/);
});

test.run();
