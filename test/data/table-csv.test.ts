/** Tables of mixed types from CSV text: the cells, and what is wrong with a file. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import { readTable, type TableOptions } from '../../src/data/csv/table.ts';
import { fileSource } from '../../src/data/formats/csv.ts';
import type { CategoryColumn } from '../../src/data/table.ts';
import { rejection } from '../support/failure.ts';
import { column, inspect, line, many, read } from './reading.ts';

test('a small table of every type, cell by cell', async () => {
  const text = `name;age;town;member;since;income
ann;31;Rome;yes;2020-01-02;1200.50
bob;;Oslo;no;2020-01-04;NA
"c;d";45;Rome;no;?;80.25
eve;31;null;yes;1970-01-01;3
`;
  const { data, table, rows } = await read(text, {
    types: { age: 'integer' },
    label: 'member',
    rows: '0:3',
    holdout: '3:4',
  });
  assert.equal(rows, 4);
  assert.equal(data.notes, ['cells are separated by ";"']);
  assert.equal(table.columns, [
    { name: 'name', kind: 'category', values: ['ann', 'bob', 'c;d', 'eve'] },
    { name: 'age', kind: 'integer', decimals: 0 },
    { name: 'town', kind: 'category', values: ['Rome', 'Oslo'] },
    { name: 'member', kind: 'boolean', values: ['yes', 'no'] },
    { name: 'since', kind: 'date', format: 'YYYY-MM-DD' },
    { name: 'income', kind: 'number', decimals: 2 },
  ]);
  const gone = Number.NaN;
  assert.equal([...table.train], [0, 31, 0, 0, 18263, 1200.5, 1, gone, 1, 1, 18265, gone, 2, 45, 0, 1, gone, 80.25]);
  assert.equal([...table.holdout], [3, 31, gone, 0, 0, 3]);
  assert.is(table.label, 'member');
});

test('keys are left out, and where they stood is remembered', async () => {
  const text = 'id,age,code,town,note\n1,31,7,Rome,a\n2,45,8,Oslo,b\n';
  const { data, table } = await read(text, {
    types: { id: 'key', age: 'integer', code: 'key', town: 'category', note: 'leave' },
  });
  assert.equal(
    table.columns.map(({ name }) => name),
    ['age', 'town'],
  );
  assert.equal(data.meta.keys, [
    { name: 'id', at: 0 },
    { name: 'code', at: 2 },
  ]);
  assert.equal(data.meta.open, [], 'what is told is not found in the rows');
  const plain = await read(text, { types: { id: 'leave', code: 'leave', note: 'leave', age: 'integer' } });
  assert.is(plain.data.meta.keys, undefined);
});

test('no header: rows of texts and numbers like the next one; types by index', async () => {
  const { data, table } = await read('ann,31,2020-01-01\nbob,32,2020-01-05\n', {
    types: { 1: 'integer' },
    label: '0',
  });
  assert.equal(
    table.columns.map(({ name, kind }) => [name, kind]),
    [
      ['column0', 'category'],
      ['column1', 'integer'],
      ['column2', 'date'],
    ],
  );
  assert.is(table.label, 'column0');
  assert.equal(data.notes, ['the first line is a row: columns have numbers for names']);
  assert.match(await line('x,2019\n1,2\n'), '`header: yes` or `header: no`');
});

test('separators are guessed from the first lines', async () => {
  const names = async (text: string, options: TableOptions = {}) =>
    (await inspect(text, options)).columns.map(({ name }) => name);
  assert.equal(await names('a\tb, c\n1\t2\n3\t4\n'), ['a', 'b, c']);
  assert.equal(await names('a|b\n1|2,5\n'), ['a', 'b']);
  assert.equal(await names('a,b\n"x;y",2\n"p;q",3\n'), ['a', 'b']);
  assert.equal(await names('a;b\n1,5;2,5\n3,5;4,5\n'), ['a', 'b']);
  assert.equal(await names('only\n1\n2\n'), ['only']);
  assert.equal(await names('a;b\n1;2\n', { delimiter: ',' }), ['a;b']);
});

test('quotes, newlines in cells, CRLF, a byte-order mark, spaces', async () => {
  const { table } = await read('\ufeff"a ""x""",b\r\n"two\r\nlines, ""quoted""", 1 \r\n" padded ",2\r\n');
  assert.equal(table.columns, [
    { name: 'a "x"', kind: 'category', values: ['two\r\nlines, "quoted"', 'padded'] },
    { name: 'b', kind: 'category', values: ['1', '2'] },
  ]);
});

test('chunks of any size give the same table, whatever they cut', async () => {
  const text = 'naïve,"b\nc"\n"x,\n""1""",2\n∞,"3\n"\ny,4\n';
  const bytes = new TextEncoder().encode(text);
  const whole = (await read(text)).table;
  assert.equal((whole.columns[0] as CategoryColumn).values, ['x,\n"1"', '∞', 'y']);
  for (let size = 1; size < bytes.length; size += 3) {
    const pieces = {
      name: 't.csv',
      async *bytes() {
        for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
      },
    };
    assert.equal((await readTable(pieces)).table, whole, `chunks of ${size}`);
  }
});

test('bad files: what and where', async () => {
  assert.match(await line(''), 't.csv: the file is empty');
  assert.match(await line('a,b\n'), 'a header but no rows');
  assert.match(await line(Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)), 'the file is not UTF-8 text');
  assert.match(await line(Uint8Array.of(0x61, 10, 0xe4, 10)), 't.csv, line 2: the file is not UTF-8 text');
  assert.match(await line('a,b\n1,2\n3\n'), 't.csv, row 2 (line 3): the row has 1 cell, but the first line has 2');
  assert.match(await line('a,b,a\n1,2,3\n'), 'columns 0 and 2 (from 0) are both named "a"');
  assert.match(await line('a\n1\n"2\n'), 'a quoted cell is not closed');
  assert.match(await line('a,b\n1,2\nx"y,3\n'), 'line 3: a quote (") stands inside a cell');
  assert.match(await line(`a,b\n1,2\n${'x'.repeat((1 << 20) + 9)},3\n`), 'line 3: a record is longer than 1 MiB');
  assert.match(await line(`a,b\n1,"${'x\n'.repeat(1 << 20)}"\n`), 'a record is longer than 1 MiB');
  const long = (await inspect(`a,b\n1,2\n${'x'.repeat(1 << 20)},3\n`)).columns[0];
  assert.equal([long.kind, long.note], ['leave', 'left out: its texts are too long for categories']);
  assert.match(await line('a,b\n1,2\n', { holdout: '0:1', holdoutShare: 0.5 }), 'given twice');
  assert.match(await line('a,b\n1,2\n', { holdoutShare: 0.5 }), /a share of 0.5 holds out (all|none) of 1 row/);
});

test('one column, two hundred columns, blank lines', async () => {
  const one = await read('c\n5\n\n7\n\n');
  assert.equal([...one.table.train], [0, Number.NaN, 1]);
  const wide = await read(
    `${many(200, (i) => `c${i}`).join()}\n${many(30, (r) => many(200, (i) => r * i).join()).join('\n\n')}\n`,
  );
  assert.is(wide.table.columns.length, 200);
  assert.is(wide.table.train.length, 6000);
  assert.is(wide.table.train[29 * 200 + 199], 29 * 199);
});

test('a share of the rows is held out, by a hash of each row', async () => {
  const rows = many(400, (i) => i % 350);
  const sides = async (list: readonly (string | number)[], options: TableOptions = {}) => {
    const { table, data } = await read(column(list), { types: { c: 'integer' }, ...options });
    const { origin, split } = data.meta;
    return { origin, split, train: [...table.train], holdout: [...table.holdout] };
  };
  const share = { holdoutShare: 0.2 };
  const all = await sides(rows, share);
  assert.is(all.origin, 't.csv, each held out with probability 0.2 by a hash');
  assert.is(all.split, 'hash');
  assert.is(all.train.length + all.holdout.length, 400);
  assert.ok(Math.abs(all.holdout.length - 80) < 32, `${all.holdout.length} of 80`);
  // A row fewer, wherever it stands, moves no other one.
  for (const gone of [0, 20, 349, 399]) {
    const fewer = await sides(
      rows.filter((_, i) => i !== gone),
      share,
    );
    const lost = (from: readonly number[], to: readonly number[]) => {
      const left = [...from];
      for (const row of to) left.splice(left.indexOf(row), 1);
      return left;
    };
    const missing = [...lost(all.train, fewer.train), ...lost(all.holdout, fewer.holdout)];
    assert.equal(missing, [Number(rows[gone])]);
  }
  const other = await sides(rows, { ...share, holdoutSeed: 2 });
  assert.not.equal(other.holdout, all.holdout);
  assert.match(other.origin, '(seed 2)');
  const copies = await sides(
    many(400, () => 5),
    share,
  );
  assert.ok(Math.abs(copies.holdout.length - 80) < 32, `copies are treated one by one: ${copies.holdout.length}`);
  const part = await sides(rows, { rows: '10:60', holdoutShare: 0.2 });
  assert.equal([part.split, part.train.length + part.holdout.length], ['positions', 50]);
  assert.is((await sides(rows)).split, undefined);
});

test('random tables come back: cells of every type through text', async () => {
  const stream = new PhiloxStream(9, 'table');
  const rows = 400;
  const expected: number[] = [];
  const lines: string[] = [];
  for (let i = 0; i < rows; i++) {
    const gap = () => stream.below(10) === 0;
    const [number, integer, day, word] = [
      stream.below(2 ** 31) / 997,
      stream.below(1000),
      stream.below(40_000),
      stream.below(5),
    ];
    const cells = [gap() ? Number.NaN : number, gap() ? Number.NaN : integer, gap() ? Number.NaN : day];
    const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
    const shown = [String(number), String(integer), date].map((text, j) => (Number.isNaN(cells[j]) ? '' : text));
    lines.push([...shown, `"w ""${word}"""`].join(','));
    expected.push(...cells, word);
  }
  const { table } = await read(`n,i,d,w\n${lines.join('\n')}`);
  assert.equal(
    table.columns.map(({ kind }) => kind),
    ['number', 'integer', 'date', 'category'],
  );
  const { values } = table.columns[3] as CategoryColumn;
  assert.equal(
    [...table.train].map((v, i) => (i % 4 === 3 ? Number(values[v].slice(3, -1)) : v)),
    expected,
  );
});

test('progress of two passes, and stopping', async () => {
  const text = column(many(100_000, (i) => i));
  const seen: number[] = [];
  await read(text, { onProgress: (done, total) => seen.push(done / total) });
  assert.ok(seen.length > 2 && seen.every((v, i) => i === 0 || v > seen[i - 1]));
  assert.is(seen[seen.length - 1], 1);
  const stop = new AbortController();
  const stopped = await rejection(read(text, { signal: stop.signal, onProgress: () => stop.abort() }));
  assert.is(stopped.code, 'INTERRUPTED');
});

test('a file that changes between the passes', async () => {
  let pass = 0;
  const changing = {
    name: 't.csv',
    async *bytes() {
      yield new TextEncoder().encode(`a\n1\n2\n${pass++ > 0 ? '3\n' : ''}`);
    },
  };
  assert.match((await rejection(readTable(changing))).message, 'the file changed while it was read');
});

test('Hospital and Broward of PAR-GAN, where they are', async () => {
  const folder = join(process.env.VEILGAN_SHARED ?? resolve('..', 'shared'), 'data');
  if (!existsSync(join(folder, 'Hospital.csv'))) {
    console.log(`# SKIPPED: ${folder} is not here`);
    return;
  }
  for (const [file, width, integers] of [
    ['Hospital.csv', 17, [0, 3]],
    ['Broward.csv', 9, [2, 5]],
  ] as const) {
    const { table } = await readTable(fileSource(join(folder, file)));
    assert.is(table.columns.length, width);
    const found = table.columns.flatMap(({ kind }, i) => (kind === 'integer' ? i : []));
    assert.equal(found, integers);
    for (const { kind } of table.columns) assert.ok(['integer', 'category', 'boolean'].includes(kind));
    if (file === 'Hospital.csv')
      assert.equal(table.columns[16], { name: 'column16', kind: 'boolean', values: ['1.0', '0.0'] });
  }
});

test.run();
