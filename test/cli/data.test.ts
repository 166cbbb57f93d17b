/** The verb `data` as a process: what it stores and prints, and what it refuses without leaving anything. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine, csv } from './spawned.ts';

const cli = await CommandLine.make('data');
test.after(() => cli.remove());

test('CSV files that cannot be imported: file, row and column, and no data set appears', async () => {
  cli.write('nan.csv', 'x,y\n1,2\n3,4\n5,NaN\n');
  cli.write('text.csv', 'x,y\n1,2\n3,four\n');
  cli.write('ragged.csv', 'x,y\n1,2\n3\n');
  cli.write('empty.csv', '');
  cli.write('good.csv', csv(30));
  cli.write('binary.csv', 'x,y\n1,\0\n');
  await cli.allFail([
    ['data import missing.csv', 1, /missing\.csv: there is no such file/],
    ['data import nan.csv', 1, /nan\.csv, row 3 \(line 4\), column y: the cell "NaN" is a missing value/],
    ['data import text.csv', 1, /text\.csv, row 2 \(line 3\), column y: the cell "four" is not a number/],
    ['data import ragged.csv', 1, /ragged\.csv, row 2 \(line 3\)/],
    ['data import empty.csv', 1, /empty\.csv/],
    ['data import binary.csv', 1, /binary\.csv/],
    ['data import good.csv --columns x,z', 1, /there is no column "z"; there are: x, y/],
    ['data import good.csv --rows 0:31', 1, /31|30/],
    ['data import good.csv --rows 5', 2, /--rows: "5" is not a range of rows/],
    ['data import good.csv --rows 0:20 --holdout 10:30', 2, /overlap/],
    ['data import good.csv --name blobs', 1, /"blobs" is the name of a generated data set/],
    ['data import good.csv --name a/b', 1, /"a\/b" cannot be the name of a data set/],
    ['data info nope', 1, /there is no data set "nope"/],
  ]);
});

test('data import, info and list print one document each; a name is given once', async () => {
  cli.write('points.csv', csv(30, 'a,b'));
  const imported = await cli.json<Record<string, unknown>>(
    ...'data import points.csv --name mine --rows 0:20 --holdout 20:30'.split(' '),
  );
  assert.equal([imported.name, imported.rows, imported.holdout], ['mine', 20, 10]);
  assert.equal([imported.shape, imported.columns], [[2], ['a', 'b']]);
  assert.match(String(imported.sha256), /^[0-9a-f]{64}$/);
  assert.equal(await cli.json('data', 'info', 'mine'), imported);
  const list = await cli.json<Record<string, unknown>[]>('data', 'list');
  assert.equal(
    list.map((d) => d.name),
    ['blobs', 'circles', 'mine'],
  );
  assert.equal(list[2], imported);
  for (const d of list) {
    for (const key of ['name', 'rows', 'shape', 'sha256']) assert.ok(Object.hasOwn(d, key), key);
  }
  assert.match(await cli.fails('data import points.csv --name mine'.split(' '), 1), /"mine" exists already.*--force/);
  await cli.allFail([
    ['train pargan --data mine --partitions 21', 1, /--partitions: 21 partitions of 20 rows: more partitions/],
  ]);
  const human = await cli.run('data', 'list');
  assert.equal([human.code, human.stderr], [0, '']);
  assert.match(human.stdout, /^mine +20 +10 +\[2\]/m);
});

test.run();
