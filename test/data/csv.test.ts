import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { VeilganError } from '../../src/base/errors.ts';
import { type CsvOptions, nameFromFile, readNumbers } from '../../src/data/csv/numbers.ts';
import { utf8Lines } from '../../src/data/csv/utf8.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { fileSource } from '../../src/data/formats/csv.ts';

const test = suite('data/csv', { dir: '' });
test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'veilgan-csv-'));
});
test.after.each((context) => rmSync(context.dir, { recursive: true, force: true }));

function read(dir: string, content: string | Uint8Array, options: CsvOptions = {}): Promise<Dataset> {
  const path = join(dir, 't.csv');
  writeFileSync(path, content);
  return readNumbers(fileSource(path), options);
}

/** The one line that a user would see. */
async function line(dir: string, content: string | Uint8Array, options: CsvOptions = {}): Promise<string> {
  try {
    await read(dir, content, options);
  } catch (error) {
    assert.is((error as Error).name, 'VeilganError', String(error));
    assert.is.not((error as VeilganError).fix, '');
    return (error as VeilganError).line();
  }
  throw new Error(`no error for ${JSON.stringify(content)}`);
}

test('header, all columns, all rows', async ({ dir }) => {
  const data = await read(dir, 'x,y\n1,2\n-3.5e-1,.25\n+4.,1E2\n');
  assert.equal([data.name, data.columns, data.shape, data.rows, data.holdoutRows], ['t', ['x', 'y'], [2], 3, 0]);
  assert.equal([...data.train], [1, 2, Math.fround(-0.35), 0.25, 4, 100]);
});

test('no header: auto sees it, columns by index or by their default names', async ({ dir }) => {
  assert.equal((await read(dir, '1,2,3\n4,5,6')).columns, ['column0', 'column1', 'column2']);
  const data = await read(dir, '1,2,3\n4,5,6', { columns: [2, '0', 'column1'] });
  assert.equal([...data.train], [3, 1, 2, 6, 4, 5]);
  assert.is((await read(dir, '1,2\n4,5', { header: 'yes', columns: ['2'] })).train[0], 5);
});

test('columns by name and in the order asked; a number is always an index', async ({ dir }) => {
  const text = 'x,y,label\n1,2,a\n3,4,b\n';
  assert.equal([...(await read(dir, text, { columns: ['y', 'x'] })).train], [2, 1, 4, 3]);
  assert.equal([...(await read(dir, text, { columns: [1] })).train], [2, 4]);
});

test('ranges are half-open, may be open-ended, and the rest is ignored', async ({ dir }) => {
  const text = `x\n${[0, 1, 2, 3, 4, 5].join('\n')}\n`;
  const cut = async (rows?: string, holdout?: string) => {
    const data = await read(dir, text, { rows, holdout });
    return [[...data.train], [...data.holdout]];
  };
  assert.equal(await cut('0:2', '4:6'), [
    [0, 1],
    [4, 5],
  ]);
  assert.equal(await cut('4:', ':2'), [
    [4, 5],
    [0, 1],
  ]);
  assert.equal(await cut(undefined, '1:3'), [
    [0, 3, 4, 5],
    [1, 2],
  ]);
  assert.equal(await cut('2:3'), [[2], []]);
  const share = await read(dir, text, { holdoutShare: 0.4 });
  assert.equal(
    [[...share.train], [...share.holdout]],
    [
      [0, 1, 2, 3],
      [4, 5],
    ],
  );
  // Rows outside both ranges are not judged.
  assert.equal([...(await read(dir, 'x\n1\nbad\n3\n', { rows: '0:1', holdout: '2:3' })).holdout], [3]);
});

test('quotes, CRLF, byte-order mark, blank lines, spaces, other delimiters', async ({ dir }) => {
  assert.equal([...(await read(dir, '\ufeffx,y\r\n"1", 2\r\n\r\n3,"4"\r\n\r\n')).train], [1, 2, 3, 4]);
  assert.equal((await read(dir, '\ufeffx,y\r\n1,2\r\n')).columns, ['x', 'y']);
  assert.equal((await read(dir, '"a,b","c ""d"""\n1,2\n')).columns, ['a,b', 'c "d"']);
  assert.equal([...(await read(dir, 'x;y\n1;2', { delimiter: ';' })).train], [1, 2]);
  assert.equal([...(await read(dir, 'x\ty\n1\t2', { delimiter: 'tab' })).train], [1, 2]);
  assert.equal((await read(dir, ',x\n0,1\n')).columns, ['column0', 'x']);
  // Carriage returns alone, and both line ends in one file.
  assert.equal([...(await read(dir, 'x,y\r1,2\r3,4\r')).train], [1, 2, 3, 4]);
  assert.equal([...(await read(dir, 'x,y\n1,2\r\n3,4\n')).train], [1, 2, 3, 4]);
});

test('a cell that is no finite number: file, row, line, column, remedy', async ({ dir }) => {
  const bad = async (cell: string) => line(dir, `x,y\n1,2\n3,${cell}\n`);
  const place = /t\.csv, row 2 \(line 3\), column y: /;
  for (const [cell, message] of [
    ['', 'the cell is empty'],
    ['  ', 'the cell is empty'],
    ['NaN', 'the cell "NaN" is a missing value'],
    ['N/A', 'is a missing value'],
    ['Infinity', 'is infinite'],
    ['-inf', 'is infinite'],
    ['abc', 'the cell "abc" is not a number'],
    ['0x10', 'is not a number'],
    ['1_000', 'is not a number'],
    ['1e', 'is not a number'],
    ['1e39', 'too large for a 32-bit float'],
    ['-3.5e38', 'too large for a 32-bit float'],
    ['1e999', 'too large for a 32-bit float'],
  ]) {
    const text = await bad(cell);
    assert.match(text, place);
    assert.match(text, message);
    assert.match(text, '`columns`');
  }
  assert.match(await bad('"1,5"'), 'decimal point');
  assert.match(await line(dir, 'NaN,1\n2,3\n'), 't.csv, row 1 (line 1), column column0: the cell "NaN" is a missing');
  assert.is((await read(dir, 'x\n3.4028234e38\n1e-60\n')).train[1], 0);
});

test('the line is that of the file also after blank lines and cells that span lines', async ({ dir }) => {
  assert.match(await line(dir, 'x,s\n\n1,"a\nb"\n\nbad,c\n', { columns: ['x'] }), 'row 2 (line 6), column x');
});

test('in a single column a blank line is an empty cell, unless nothing follows', async ({ dir }) => {
  assert.match(await line(dir, 'x\n1\n\n3\n'), 'row 2 (line 3), column x: the cell is empty');
  assert.equal([...(await read(dir, 'x\n1\n3\n\n\n')).train], [1, 3]);
});

test('a column that is not there lists those that are', async ({ dir }) => {
  assert.match(await line(dir, 'x,y\n1,2', { columns: ['z'] }), 'no column "z"; there are: x, y');
  assert.match(await line(dir, 'x,y\n1,2', { columns: ['0'] }), 'no column "0"; there are: x, y');
  assert.match(await line(dir, 'x,y\n1,2', { columns: [2] }), 'no column "2"');
  assert.match(await line(dir, '1,2\n3,4', { columns: ['2'] }), 'there are columns 0 to 1');
  assert.match(await line(dir, 'x,y\n1,2', { columns: ['x', 'x'] }), 'chosen twice');
  assert.match(await line(dir, 'x,y\n1,2', { columns: [] }), 'no column is chosen');
});

test('ragged rows', async ({ dir }) => {
  assert.match(await line(dir, 'x,y\n1,2\n3\n'), 't.csv, row 2 (line 3): the row has 1 cell, but the first line has 2');
  assert.match(await line(dir, '1,2\n3,4,5\n'), 'row 2 (line 2): the row has 3 cells');
});

test('empty files', async ({ dir }) => {
  for (const text of ['', '\n\n', '\ufeff']) assert.match(await line(dir, text), 't.csv: the file is empty');
  assert.match(await line(dir, 'x,y\n'), 'a header but no rows');
});

test('ranges past the end, overlapping, empty or malformed', async ({ dir }) => {
  const text = 'x\n1\n2\n3\n';
  assert.match(await line(dir, text, { rows: '0:4' }), '`rows: 0:4` goes past the end: the file has 3 rows');
  assert.match(await line(dir, text, { rows: '0:1', holdout: '5:' }), '`holdout: 5:` goes past the end');
  assert.match(await line(dir, text, { rows: '0:2', holdout: '1:3' }), 'the ranges 0:2 and 1:3 overlap');
  assert.match(await line(dir, text, { rows: '1:', holdout: '2:3' }), 'overlap');
  assert.match(await line(dir, text, { rows: '2:2' }), 'holds no row');
  for (const rows of ['', '5', 'a:b', '-1:2', '1:2:3', '1.5:2', '0:99999999999999999999']) {
    assert.match(await line(dir, text, { rows }), 'not a range');
  }
  assert.match(await line(dir, text, { holdout: '0:3' }), 'no training rows');
});

test('binary garbage and other encodings', async ({ dir }) => {
  assert.match(await line(dir, Buffer.from('x\n1\n\xff\xfe\n', 'latin1')), 't.csv, line 3: the file is not UTF-8 text');
  assert.match(await line(dir, Buffer.from('x,y\n1,2\n', 'utf16le')), 'zero byte');
  assert.match(
    await line(dir, Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b])),
    'line 1: the file is not UTF-8',
  );
  assert.match(await line(dir, 'x\n1\n2\0\n'), 'line 3: the file is not UTF-8 text: it holds a zero byte');
  assert.match(await line(dir, Buffer.from([0x31, 0x0a, 0xc3])), 'line 2');
  const garbage = Buffer.from(Array.from({ length: 4000 }, (_, i) => 1 + ((i * 7919) % 255)));
  assert.match(await line(dir, garbage), 'UTF-8');
});

test('text outside ASCII passes, also across the chunks of the stream', async () => {
  const bytes = new TextEncoder().encode('größe,é\n1,2\n∞,3');
  for (let size = 1; size < bytes.length; size++) {
    const chunks = [];
    for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size));
    let text = '';
    for await (const piece of utf8Lines(chunks, 'f')) text += piece;
    assert.is(text, 'größe,é\n1,2\n∞,3');
  }
});

test('quotes that are not closed, opened or ended properly', async ({ dir }) => {
  assert.match(await line(dir, 'x\n1\n"2\n'), 'not closed');
  assert.match(await line(dir, 'x\n1\n2"3\n'), 't.csv, line 3: a quote');
  assert.match(await line(dir, 'x\n"1"2\n'), 'follows the closing quote');
  assert.match(await line(dir, `x\n"${'a\n'.repeat(600_000)}`), /longer than 1 MiB|not closed/);
});

test('duplicate and doubtful headers', async ({ dir }) => {
  assert.match(await line(dir, 'x,y,x\n1,2,3\n'), 'line 1: columns 0 and 2 (from 0) are both named "x"');
  assert.match(await line(dir, '1,,3\n4,5,6\n'), 'row 1 (line 1), column column1: the cell is empty');
  assert.match(await line(dir, ',\n1,2\n'), 'column column0: the cell is empty');
  const wide = Array.from({ length: 100_000 }, (_, i) => `c${i}`).join();
  assert.match(await line(dir, `${wide},c7\n`), 'columns 7 and 100000 (from 0)');
  assert.match(await line(dir, 'x,2019\n1,2\n'), '`header: yes` or `header: no`');
  assert.equal((await read(dir, 'x,2019\n1,2\n', { header: 'yes' })).columns, ['x', '2019']);
  assert.match(await line(dir, 'x,y\n1,2\n', { header: 'no' }), 'row 1 (line 1), column column0: the cell "x"');
});

test('files that cannot be read, and options that cannot be', async ({ dir }) => {
  const failing = async (path: string, options: CsvOptions = {}) => {
    try {
      await readNumbers(fileSource(path), options);
    } catch (error) {
      return error as VeilganError;
    }
    throw new Error('no error');
  };
  assert.equal((await failing(join(dir, 'none.csv'))).code, 'FILE');
  assert.match((await failing(join(dir, 'none.csv'))).line(), 'there is no such file');
  mkdirSync(join(dir, 'folder.csv'));
  assert.match((await failing(join(dir, 'folder.csv'))).line(), 'this is a folder');
  assert.match((await failing(join(dir, 'none.csv'), { name: '../x' })).message, 'cannot be the name');
  for (const delimiter of ['', ',,', '"', '\n']) {
    assert.match((await failing(join(dir, 'none.csv'), { delimiter })).message, 'cannot separate cells');
  }
});

test('control characters of a hostile file do not reach the terminal, and nothing is written', async ({ dir }) => {
  const text = await line(dir, 'x,\x1b[2Jy\n1,\x1b]0;a\x07\n');
  assert.not.match(text, /\p{Cc}/u);
  assert.match(text, 'column \\u001b[2Jy');
  assert.equal(readdirSync(dir), ['t.csv']);
});

test('many rows, streamed', async ({ dir }) => {
  const rows = Array.from({ length: 60_000 }, (_, i) => `${i},${i / 7}`);
  const data = await read(dir, `i,v\n${rows.join('\n')}\n`, { rows: '10000:60000', holdout: '0:10000' });
  assert.equal([data.rows, data.holdoutRows, data.train[0], data.train[99_998]], [50_000, 10_000, 10_000, 59_999]);
  assert.is(data.train[99_999], Math.fround(59_999 / 7));
});

test('a name from a file name', () => {
  assert.equal(['/a/b.csv', 'My data (2).csv', '..csv', 'x.tar.gz'].map(nameFromFile), [
    'b',
    'My-data-2-',
    'table',
    'x.tar',
  ]);
});

test('the originals of PAR-GAN, where they are', async () => {
  const shared = process.env.VEILGAN_SHARED ?? resolve('..', 'shared');
  const file = join(shared, 'data', 'blobs.csv');
  if (!existsSync(file)) {
    console.log(`skipped: ${file} is not here`);
    return;
  }
  const data = await readNumbers(fileSource(file), {
    name: 'b',
    rows: '0:5000',
    holdout: '5000:10000',
    columns: ['x', 'y'],
  });
  assert.equal([data.rows, data.holdoutRows, data.columns], [5000, 5000, ['x', 'y']]);
  assert.is(data.train[0], Math.fround(-1.229524538653809));
  const hospital = await readNumbers(fileSource(join(shared, 'data', 'Hospital.csv')));
  assert.equal([hospital.rows, hospital.features], [52778, 17]);
});

test.run();
