/** What columns of CSV files are taken for, by their cells or as told. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CategoryColumn } from '../../src/data/table.ts';
import { column, kindOf, line, many, read } from './reading.ts';

test('integers of few values are categories; 1 and 1.0 are one value, written as all of the column', async () => {
  const { table } = await read(`a,b\n${many(60, (i) => `${['1', '1.0', '2', '+2'][i % 4]},${i % 21}`).join('\n')}\n`);
  assert.equal(table.columns, [
    { name: 'a', kind: 'category', values: ['1.0', '2.0'] },
    { name: 'b', kind: 'integer', decimals: 0 },
  ]);
  assert.equal([...table.train.subarray(0, 8)], [0, 0, 0, 1, 1, 2, 1, 3]);
  assert.is((await kindOf(many(60, (i) => i % 20))).kind, 'category');
  const summary = await kindOf(many(60, (i) => `${i % 21}.0`));
  assert.equal([summary.kind, summary.distinct, summary.min, summary.max, summary.missing], ['integer', 21, 0, 20, 0]);
});

test('booleans in the words of the source', async () => {
  for (const pair of [
    ['TRUE', 'FALSE'],
    ['Yes', 'No'],
    ['n', 'y'],
    ['t', 'f'],
    ['0.0', '1.0'],
    ['1', '0'],
  ]) {
    const { table } = await read(`x,z\n${many(9, (i) => `${pair[Number(i % 3 === 1)]},7`).join('\n')}`);
    assert.equal(table.columns[0], { name: 'x', kind: 'boolean', values: pair });
    assert.equal(table.columns[1], { name: 'z', kind: 'category', values: ['7'] });
  }
  assert.is((await kindOf(['yes', 'no', 'maybe'])).kind, 'category');
  assert.is((await kindOf(['1', '2', '1'])).kind, 'category');
});

test('missing values in all their spellings; "none" only where numbers or dates are', async () => {
  const gaps = ['', 'NA', 'n/a', 'NULL', 'NaN', '?', '-', '#N/A', 'None', 'nil'];
  const numbers = await read(column([...gaps, ...many(30, (i) => i + 0.5)]));
  assert.is([...numbers.table.train].filter(Number.isNaN).length, 10);
  assert.is(numbers.summaries[0].missing, 10);
  const words = await read(column([...gaps, 'some', 'none', 'some']));
  assert.equal(words.table.columns[0], { name: 'c', kind: 'category', values: ['None', 'nil', 'some', 'none'] });
  assert.is(words.summaries[0].missing, 8);
  const dates = await read(column(['2020-01-01', 'none', '2020-01-03']));
  assert.equal([...dates.table.train], [18262, Number.NaN, 18264]);
});

test('numbers: f64 exactly, exponents, the decimals that are there', async () => {
  const values = [0.1, -1.229524538653809, 1e-12, 123456789.125, 2 ** 52 + 0.5];
  const { table } = await read(column(values));
  assert.equal([...table.train], values);
  assert.is((await kindOf(['1.5', '2.25', '3'])).decimals, 2);
  assert.is((await kindOf(['1.5e-3', '20', '1'])).decimals, 4);
  assert.is((await kindOf(many(30, (i) => Math.sin(i)))).decimals, 14);
  const { min, max } = await kindOf(['-3.5', '7', '2.25']);
  assert.equal([min, max], [-3.5, 7]);
});

test('numbers that would lose digits are texts: zeros in front, more than 2^53', async () => {
  const zip = await kindOf(many(60, (i) => String(i % 9).padStart(5, '0')));
  assert.equal([zip.kind, zip.distinct, zip.examples[1]], ['category', 9, '00001']);
  const long = await kindOf(['12345678901234567891', '12345678901234567892', '1']);
  assert.equal([long.kind, long.distinct], ['category', 3]);
  assert.is((await kindOf(['1e20', '2e20', '1'])).kind, 'number');
  assert.is((await kindOf(['007', '008'], { types: { c: 'integer' } })).kind, 'integer');
});

test('dates: formats told apart by the values; ambiguous ones say so', async () => {
  const of = async (...cells: string[]) => {
    const { kind, format, note } = await kindOf(cells);
    return [kind, format, note];
  };
  assert.equal(await of('01/02/2024', '25/12/2024'), ['date', 'DD/MM/YYYY', undefined]);
  assert.equal(await of('01/02/2024', '12/25/2024'), ['date', 'MM/DD/YYYY', undefined]);
  assert.equal(await of('01/02/2024', '03/04/2024'), [
    'date',
    'MM/DD/YYYY',
    'taken as MM/DD/YYYY; the values would fit DD/MM/YYYY too',
  ]);
  assert.equal(await of('1/2/2024', '13/02/2024'), ['date', 'D/M/YYYY', undefined]);
  assert.equal(await of('1.2.2024', '31.12.1999'), ['date', 'D.M.YYYY', undefined]);
  assert.equal(await of('2024-01-01T10:00:00', '2024-01-02T10:00:00'), ['date', 'YYYY-MM-DDTHH:MM:SS', undefined]);
  assert.equal((await of('2024-01-01', '2024-01-02', 'soon'))[0], 'category');
  assert.equal((await of('01/25/2024', '25/01/2024'))[0], 'category');
  const { table } = await read(column(['01/02/2024', '03/04/2024']), { types: { c: 'date:DD/MM/YYYY' } });
  assert.equal(table.columns[0], { name: 'c', kind: 'date', format: 'DD/MM/YYYY' });
  assert.equal([...table.train], [19754, 19816]);
  const compact = await read(column(['20240101', '20240102']), { types: { c: 'date:YYYYMMDD' } });
  assert.equal([...compact.table.train], [19723, 19724]);
});

test('identifiers, free text and empty columns are left out with a note, unless a type is told', async () => {
  const text = `id,note,gap,x\n${many(200, (i) => `u${i * 7},"text ${i % 150}",,${i % 3}`).join('\n')}\n`;
  const { table, summaries } = await read(text);
  assert.equal(
    table.columns.map(({ name }) => name),
    ['x'],
  );
  assert.equal(
    summaries.map(({ kind }) => kind),
    ['leave', 'leave', 'leave', 'category'],
  );
  assert.is(summaries[0].note, 'left out: 200 different texts in 200 rows are identifiers or free text');
  assert.is(summaries[2].note, 'left out: it has no values');
  const told = await read(text, { types: { id: 'category', x: 'leave' } });
  assert.equal(
    told.table.columns.map(({ name }) => name),
    ['id'],
  );
  assert.is((await kindOf(many(200, (i) => 5 * i))).note, 'rises from row to row: leave it out if it numbers the rows');
  assert.is((await kindOf(many(90, (i) => `u${i}`))).kind, 'category', 'a small table may have them all');
  assert.match(await line('a,b\nNA,\n,?\n'), /no column is left; column a: left out: it has no values\. .*`types`/);
});

test('more different texts than are remembered', async () => {
  const summary = await kindOf(many(12_000, (i) => `t${i % 11_000}`));
  assert.equal([summary.kind, summary.distinct, summary.more], ['leave', 10_000, true]);
  assert.match(summary.note ?? '', 'more than 10,000 different texts in 12,000 rows');
  const { table } = await read(column(many(12_000, (i) => `t${i % 11_000}`)), { types: { c: 'category' } });
  assert.is((table.columns[0] as CategoryColumn).values.length, 11_000);
  assert.is((await kindOf(many(12_000, (i) => `${i}.5`))).distinct, 10_000);
});

test('columns of numbers with some texts: a note says which; as numbers those are missing', async () => {
  const cells = [...many(150, (i) => i), 'four', ...many(49, (i) => i + 200), '12+'];
  const found = await kindOf(cells);
  assert.is(found.kind, 'leave');
  assert.match(found.note ?? '', 'most cells are numbers, but not "four" in row 151 (line 152)');
  const { table, summaries } = await read(column(cells), { types: { c: 'integer' } });
  assert.is([...table.train].filter(Number.isNaN).length, 2);
  assert.is(summaries[0].note, '2 cells that are no number, such as "four" in row 151 (line 152), count as missing');
});

test('what a type cannot be: the cell and its place', async () => {
  const told = (type: string, ...cells: string[]) => line(column(cells), { types: { c: type as 'date' } });
  assert.match(
    await told('number', '1.5', '1,5'),
    /t\.csv, row 2 \(line 3\), column c: the cell "1,5" .*decimal point/,
  );
  assert.match(await told('integer', '1', '2.5'), /row 2 \(line 3\), column c: the cell "2\.5" is no whole number/);
  assert.match(await told('number', '1', '-inf'), /row 2 \(line 3\), column c: the cell "-inf" is infinite/);
  assert.match(await told('number', 'a', 'b'), /column c: the column holds no number/);
  assert.match(await told('date', 'a', 'b'), /holds no date/);
  assert.match(await told('boolean', 'a', 'b', 'c'), /has 3 different values/);
  assert.match(await told('colour', 'a'), /colour is no type of column c\. Give number, integer/);
  assert.match(await told('date:YYYY', 'a'), /is no type/);
  assert.match(await line('a,b\n1,2\n', { types: { z: 'number' } }), /no column "z"; there are: a, b.*`types`/);
  assert.match(await line('a,b\n1,2\n', { columns: ['a'], types: { b: 'number' } }), /not among the columns taken/);
  assert.match(await line('a,b\n1,2\n', { label: 'z' }), /no column "z".*`label`/);
  assert.match(
    await line('a,b\n1,2\n', { label: 'b', types: { b: 'leave' } }),
    /column b is to be predicted but is not/,
  );
});

test('infinite numbers are refused, numbers with commas are no numbers and say so', async () => {
  assert.match(await line(column(['1', '2', '1e999'])), /row 3 \(line 4\), column c: the cell "1e999" is infinite/);
  const { kind, note } = await kindOf(['1,5', '2,5', '1,5']);
  assert.is(kind, 'category');
  assert.match(note ?? '', 'numbers with commas, such as "1,5" in row 1 (line 2)');
});

test.run();
