/** What a file of given types decides, no cell can: two files that differ in one odd row are one but for their rows. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TableData } from '../../src/data/dataset.ts';
import { encodeTable } from '../../src/data/encoding/encode.ts';
import { paidEncoding } from '../../src/data/encoding/private.ts';
import type { Given } from '../../src/data/encoding/schema.ts';
import { openOf } from '../../src/data/encoding/schema.ts';
import { schemaFile } from '../../src/data/encoding/schema-export.ts';
import { type ImportOptions, importSource } from '../../src/data/formats/index.ts';
import type { CategoryColumn, Open } from '../../src/data/table.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { rejection } from '../support/failure.ts';
import { Folder } from './making.ts';

const test = suite<{ folder: Folder }>('data/given-schema');
test.before.each((context) => {
  context.folder = new Folder();
});
test.after.each(({ folder }) => folder.remove());

const HEADER = 'id,age,weight,town,born,member,code';
const row = (i: number) =>
  `u${i % 40},${20 + (i % 50)},${(60 + (i % 30) + 0.25).toFixed(2)},${['a', 'b', 'c'][i % 3]},` +
  `2001-02-${String(1 + (i % 28)).padStart(2, '0')},${i % 2 ? 'yes' : 'no'},${(i % 4) + 1}`;
const ROWS = Array.from({ length: 200 }, (_, i) => row(i));

const WHOLE: Given = {
  comment: 'known',
  columns: {
    id: { kind: 'leave' },
    age: { kind: 'integer', low: 0, high: 120, unit: 'years' },
    weight: { kind: 'number', decimals: 2, low: 0, high: 300, unit: 'kg', missing: true },
    town: { kind: 'category', values: ['c', 'a', 'b', 'elsewhere'], missing: true },
    born: { kind: 'date', format: 'YYYY-MM-DD', low: '1900-01-01', high: '2030-12-31', missing: true },
    member: { kind: 'boolean', values: ['no', 'yes'] },
    code: { values: ['1', '2', '3', '4', '5'], comment: 'a list of codes' },
  },
};

/** Rows that would each change what a file looks like. */
const ODD: Readonly<Record<string, string>> = {
  'more decimals': 'u1,41,123.4567,a,2001-02-03,yes,1',
  'a fraction among integers': 'u1,41.5,61.00,a,2001-02-03,yes,1',
  'another date format': 'u1,41,61.00,a,03/02/2001,yes,1',
  'a date with a time': 'u1,41,61.00,a,2001-02-03 10:00:00,yes,1',
  'a text among numbers': 'u1,old,61.00,a,2001-02-03,yes,1',
  'a number with a comma': 'u1,"1,000",61.00,a,2001-02-03,yes,1',
  'a new value': 'u1,41,61.00,Zanzibar,2001-02-03,yes,1',
  'a third answer': 'u1,41,61.00,a,2001-02-03,perhaps,1',
  'missing cells': ',,,,,,',
  'huge numbers': 'u1,1e308,1e999,a,2001-02-03,yes,9e99',
  infinite: 'u1,-inf,inf,a,2001-02-03,yes,inf',
  'another spelling': 'u1,41.0,61,a,2001-02-03,YES,1.000',
  'a long code': 'u1,00041,61.00,a,2001-02-03,yes,01',
  'first value last': 'u1,41,61.00,c,2001-02-03,no,4',
};

async function imported(folder: Folder, rows: readonly string[], given?: Given, options: ImportOptions = {}) {
  const path = folder.put('t.csv', `${HEADER}\n${rows.join('\n')}\n`);
  const file = given && { given: folder.put('given.json', JSON.stringify(given)) };
  return (await importSource({ kind: 'csv', path, isFile: true, name: 't' }, { ...file, ...options })) as TableData;
}

/** All that is derived from a file but its rows. */
function derived(named: TableData) {
  const { name, table, meta, given, notes } = named;
  const { columns, label } = table;
  const encoding = { ...paidEncoding(table, { epsilon: 1, delta: 1e-5, key: PrivacyKey.fresh(), given }) };
  const { columns: names, blocks, shape } = encodeTable(table, encoding, named);
  return { name, columns, label, meta, given, notes, open: openOf(named), encoding, names, blocks, shape };
}

test('with a whole file nothing but the rows differs, whatever one row holds and wherever it stands', async ({
  folder,
}) => {
  const plain = await imported(folder, ROWS, WHOLE, { label: 'member' });
  const expected = derived(plain);
  assert.equal(expected.open, []);
  assert.is(expected.encoding.from, 'given');
  for (const [what, odd] of Object.entries(ODD)) {
    for (const at of [0, 100, 200]) {
      const rows = [...ROWS.slice(0, at), odd, ...ROWS.slice(at)];
      const other = await imported(folder, rows, WHOLE, { label: 'member' });
      assert.equal(derived(other), expected, `${what} at ${at}`);
      assert.is(other.table.train.length, plain.table.train.length + 6);
      // The other rows are what they were, too.
      const others = [...other.table.train.slice(0, 6 * at), ...other.table.train.slice(6 * (at + 1))];
      assert.equal(others, [...plain.table.train], `${what}, the other rows`);
    }
  }
  // A column whose cells all differ would be left out as an identifier.
  const texts = Array.from({ length: 200 }, (_, i) => row(i).replace(/,[abc],/, `,town ${i},`));
  assert.equal(derived(await imported(folder, texts, WHOLE, { label: 'member' })), expected);
});

test('bounds alone tell nothing of decimals, a date format or a kind: they stay open', async ({ folder }) => {
  const bounds: Given = { columns: { weight: { low: 0, high: 300 }, town: { values: ['a', 'b', 'c'] } } };
  const open = openOf(await imported(folder, ROWS, bounds));
  const of = (what: Open['what']) => open.filter((item) => item.what === what).map(({ column }) => column);
  assert.ok(of('decimals').includes('weight'));
  assert.ok(of('kind').includes('weight') && !of('kind').includes('town'));
  assert.equal(of('format'), ['born']);
});

test('cells that do not fit: missing, moved to the bounds, or the first value', async ({ folder }) => {
  const cells = async (line: string) => [...(await imported(folder, [line], WHOLE)).table.train];
  const gone = Number.NaN;
  const day = Date.UTC(2001, 1, 3) / 86_400_000;
  assert.equal(await cells(ODD['more decimals']), [41, 123.46, 1, day, 1, 0]);
  assert.equal(await cells(ODD['a fraction among integers']), [42, 61, 1, day, 1, 0]);
  assert.equal(await cells(ODD['another date format']), [41, 61, 1, gone, 1, 0]);
  assert.equal(await cells(ODD['a text among numbers']), [gone, 61, 1, day, 1, 0]);
  assert.equal(await cells(ODD['a new value']), [41, 61, 0, day, 1, 0]);
  assert.equal(await cells(ODD['missing cells']), [gone, gone, gone, gone, gone, gone]);
  assert.equal(await cells(ODD['huge numbers']), [120, 300, 1, day, 1, 0]);
  assert.equal(await cells(ODD.infinite), [gone, gone, 1, day, 1, 0]);
  assert.equal(await cells(ODD['another spelling']), [41, 61, 1, day, 0, 0]);
  assert.equal(await cells('u1,-5,-5,b,1850-01-01,no,5'), [0, 0, 2, Date.UTC(1900, 0, 1) / 86_400_000, 0, 4]);
});

/** What may differ by the items that a table names as open. */
function differing(a: TableData, b: TableData): Set<string> {
  const found = new Set<string>();
  const names = new Set([...a.table.columns, ...b.table.columns].map(({ name }) => name));
  for (const name of names) {
    const [x, y] = [a, b].map(({ table }) => table.columns.find((column) => column.name === name));
    if (!x || !y) found.add(`left-out ${name}`);
    else if (x.kind !== y.kind) found.add(`kind ${name}`);
    else if ('decimals' in x && 'decimals' in y && x.decimals !== y.decimals) found.add(`decimals ${name}`);
    else if ('values' in x && 'values' in y && x.values.some((value) => !y.values.includes(value))) {
      // Others of a category are paid for; how numbers among them are written is not.
      found.add(`decimals ${name}`);
    } else if ('format' in x && 'format' in y && x.format !== y.format) found.add(`format ${name}`);
  }
  return found;
}

const named = (list: readonly Open[]) => new Set(list.map(({ what, column }) => `${what} ${column ?? ''}`));

test('without a file what differs is what is named, and what is given is neither', async ({ folder }) => {
  const plain = await imported(folder, ROWS);
  assert.equal(openOf(plain), [
    { what: 'kind', column: 'id' },
    { what: 'kind', column: 'age' },
    { what: 'kind', column: 'weight' },
    { what: 'decimals', column: 'weight' },
    { what: 'kind', column: 'town' },
    { what: 'kind', column: 'born' },
    { what: 'format', column: 'born' },
    { what: 'kind', column: 'member' },
    { what: 'kind', column: 'code' },
    { what: 'decimals', column: 'code' },
  ]);
  const seen = new Set<string>();
  for (const [what, odd] of Object.entries(ODD)) {
    if (what === 'infinite' || what === 'huge numbers') continue;
    const other = await imported(folder, [...ROWS, odd]);
    const open = new Set([...named(openOf(plain)), ...named(openOf(other))]);
    for (const item of differing(plain, other)) {
      seen.add(item);
      // That a column is left out or not is a part of its kind.
      assert.ok(open.has(item) || open.has(item.replace('left-out', 'kind')), `${what}: ${item}`);
    }
  }
  assert.equal([...seen].sort(), ['decimals code', 'decimals weight', 'kind age', 'kind born', 'kind member']);

  // Of some columns the type is given: they do not move, and are not named.
  const { age, weight, born } = WHOLE.columns;
  const part = { columns: { age, weight, born } };
  const some = await imported(folder, ROWS, part);
  assert.ok([...named(openOf(some))].every((item) => !/ (age|weight|born)$/.test(item)));
  for (const [what, odd] of Object.entries(ODD)) {
    // The last column is not given, and refuses what is infinite.
    if (what === 'infinite' || what === 'huge numbers') continue;
    const other = await imported(folder, [...ROWS, odd], part);
    assert.ok([...differing(some, other)].every((item) => !/ (age|weight|born)$/.test(item)));
  }
  assert.equal((await imported(folder, ROWS, undefined, { types: { age: 'integer', id: 'leave' } })).meta.open?.[0], {
    what: 'kind',
    column: 'weight',
  });
});

test('a kind without the rest: decimals and format come from the rows and are named, no cell is refused', async ({
  folder,
}) => {
  const partly: Given = {
    columns: { weight: { kind: 'number' }, born: { kind: 'date' }, town: { kind: 'category' } },
  };
  const rows = [...ROWS, 'u1,41,inf,a,2001-02-03,yes,1', 'u1,41,"1,5",none,soon,yes,1'];
  const { table, meta } = await imported(folder, rows, partly);
  assert.equal(table.columns.slice(2, 5), [
    { name: 'weight', kind: 'number', decimals: 2 },
    { name: 'town', kind: 'category', values: ['a', 'b', 'c', 'none'] },
    { name: 'born', kind: 'date', format: 'YYYY-MM-DD' },
  ]);
  const of = (meta.open ?? []).filter(({ column }) => Object.hasOwn(partly.columns, column ?? ''));
  assert.equal(of, [
    { what: 'decimals', column: 'weight' },
    { what: 'format', column: 'born' },
  ]);
  // Of a category every text is a value, and one that is no number changes none of the others.
  const spelled = ['1', '1.0', 'none', '2'].map((code) => `u1,41,61.00,a,2001-02-03,yes,${code}`);
  const told: Given = { columns: { ...WHOLE.columns, code: { kind: 'category' } } };
  for (const more of [[], ['u1,41,61.00,a,2001-02-03,yes,x']]) {
    const { columns } = (await imported(folder, [...spelled, ...more], told)).table;
    assert.equal((columns[5] as CategoryColumn).values.slice(0, 4), ['1', '1.0', 'none', '2']);
  }
});

test('a table that was read without a file: what it gives afterwards counts instead of what the rows look like', async ({
  folder,
}) => {
  const { weight, age } = WHOLE.columns;
  const odd = [...ROWS, ODD['more decimals']];
  const codes = async (rows: readonly string[], given: Given) => {
    const table = await imported(folder, rows, undefined, { types: { age: 'number', id: 'leave' } });
    const options = { epsilon: 400, delta: 1e-5, key: PrivacyKey.insecure(1), given };
    const { columns } = paidEncoding(table.table, options);
    const open = openOf({ ...table, given }).map(({ what, column }) => `${what} ${column}`);
    return { columns, open };
  };
  const whole = await codes(odd, { columns: { weight, age } });
  assert.equal(whole.columns.slice(0, 2), (await codes(ROWS, { columns: { weight, age } })).columns.slice(0, 2));
  assert.ok(whole.open.every((item) => !/ (age|weight)$/.test(item)));
  // Bounds are paid for, decimals given.
  const some = { columns: { weight: { kind: 'number', decimals: 2 } } } as const;
  for (const rows of [odd, ROWS]) {
    const { columns, open } = await codes(rows, some);
    assert.is((columns[1] as { decimals?: number }).decimals, 2);
    assert.ok(!open.includes('decimals weight') && !open.includes('kind weight'));
  }
});

test('a schema from the rows says so, and comes back through --given once it is confirmed', async ({ folder }) => {
  const texts = ROWS.map((line, i) => line.replace(/^u\d+/, `u${i}`));
  const read = await imported(folder, texts);
  const schema = schemaFile(read);
  assert.match(schema.comment ?? '', /^Taken from the rows: every entry/);
  assert.equal(Object.entries(schema.columns), [
    ['age', { kind: 'integer', low: 20, high: 69, missing: false }],
    ['weight', { kind: 'number', decimals: 2, low: 60.25, high: 89.25, missing: false }],
    ['town', { kind: 'category', values: ['a', 'b', 'c'], missing: false }],
    ['born', { kind: 'date', format: 'YYYY-MM-DD', low: '2001-02-01', high: '2001-02-28', missing: false }],
    ['member', { kind: 'boolean', values: ['no', 'yes'], missing: false }],
    ['code', { kind: 'category', values: ['1', '2', '3', '4'], missing: false }],
    ['id', { kind: 'leave' }],
  ]);
  const again = await imported(folder, texts, schema);
  assert.equal(openOf(again), []);
  assert.equal(schemaFile(again).columns, schema.columns);
  // Columns of one value, and of none.
  const few = schemaFile(
    await imported(folder, ['u1,5,5.5,a,2001-02-03,yes,'], undefined, {
      types: { age: 'integer', weight: 'number', born: 'date' },
    }),
  );
  assert.equal(few.columns.age, { kind: 'integer', low: 5, high: 6, missing: false });
  assert.equal(few.columns.born, {
    kind: 'date',
    format: 'YYYY-MM-DD',
    low: '2001-02-03',
    high: '2001-02-04',
    missing: false,
  });
  await imported(folder, ['u1,5,5.5,a,2001-02-03,yes,'], few);
});

test('a key may be given as well, and a schema from the rows keeps it', async ({ folder }) => {
  const given = { columns: { ...WHOLE.columns, id: { kind: 'key' } } } as Given;
  const read = await imported(folder, ROWS, given);
  assert.equal(read.meta.keys, [{ name: 'id', at: 0 }]);
  assert.equal(openOf(read), []);
  const leave = await imported(folder, ROWS, WHOLE);
  assert.equal([read.table.columns, read.values], [leave.table.columns, leave.values]);
  assert.is(leave.meta.keys, undefined);
  assert.equal(schemaFile(read).columns.id, { kind: 'key' });
  const told = await imported(folder, ROWS, undefined, { types: { id: 'key', age: 'integer' } });
  assert.equal(schemaFile(told, { id: 'key' }).columns.id, { kind: 'key' });
  // What the command line says goes before what the file says.
  assert.is((await imported(folder, ROWS, given, { types: { id: 'leave' } })).meta.keys, undefined);
  // A file of knowledge may name a key that these rows do not have.
  const other = { columns: { ...given.columns, number: { kind: 'key' } } } as Given;
  assert.equal((await imported(folder, ROWS, other)).meta.keys, [{ name: 'id', at: 0 }]);
});

test('a file that is wrong: what and where', async ({ folder }) => {
  const wrong: [object, RegExp, RegExp][] = [
    [{ age: { kind: 'float' } }, /columns\.age\.kind/, /"float\\?" is no kind of column|is no kind of column/],
    [{ age: { kind: 'integer', decimals: 2 } }, /columns\.age\.decimals/, /2 is no number of decimals/],
    [{ age: { kind: 'number', decimals: 1.5 } }, /columns\.age\.decimals/, /1\.5 is no number of decimals/],
    [{ age: { kind: 'number', values: ['1'] } }, /columns\.age/, /takes no "values"/],
    [{ town: { kind: 'category', decimals: 1 } }, /columns\.town/, /takes no "decimals"/],
    [{ born: { kind: 'date', format: 'DD.MM' } }, /columns\.born\.format/, /is no format of dates/],
    [{ born: { format: 'DD.MM.YYYY', low: '2001-01-01', high: '2002-01-01' } }, /columns\.born\.low/, /is no date/],
    [{ age: { kind: 'integer', unit: 5 } }, /columns\.age\.unit/, /is no short text/],
    [{ height: { kind: 'integer' } }, /columns\.height/, /no such column/],
    [{ id: { kind: 'leave', low: 1, high: 2 } }, /columns\.id/, /takes no "low"/],
    [{ id: { kind: 'key', values: ['u1'] } }, /columns\.id/, /takes no "values"/],
  ];
  for (const [columns, where, message] of wrong) {
    const error = await rejection(imported(folder, ROWS, { columns } as Given));
    assert.is(error.code, 'CONFIG', error.line());
    assert.match(error.where, where);
    assert.match(error.message, message);
  }
});

test('a header is known by the names that are given, and numbers are a table', async ({ folder }) => {
  const path = folder.put('n.csv', '2019,2020\n1,0\n0,1\n');
  const given = folder.put(
    'n.json',
    JSON.stringify({ columns: { 2019: { kind: 'integer' }, 2020: { values: ['0', '1'] } } }),
  );
  const data = (await importSource({ kind: 'csv', path, isFile: true, name: 'n' }, { given })) as TableData;
  assert.equal(data.table.columns, [
    { name: '2019', kind: 'integer', decimals: 0 },
    { name: '2020', kind: 'boolean', values: ['0', '1'] },
  ]);
  const bits = await importSource({ kind: 'csv', path, isFile: true, name: 'n' }, { header: 'yes' });
  assert.equal(bits.meta.open, [{ what: 'numbers' }]);
  const told = await importSource({ kind: 'csv', path, isFile: true, name: 'n' }, { header: 'yes', as: 'numbers' });
  assert.is(told.meta.open, undefined);
});

test.run();
