/** The verb `data` as a process: what it stores and prints, and what it refuses without leaving anything. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gz, idx } from '../data/making.ts';
import { Mirror } from '../data/server.ts';
import { CommandLine, csv } from './spawned.ts';

const cli = await CommandLine.make('data');
test.after(() => cli.remove());

/** An image of one colour. */
const png = (width: number, height: number, colour: readonly number[]) => {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
};

test('CSV files that cannot be imported: file, row and column, and no data set appears', async () => {
  cli.write('nan.csv', 'x,y\n1,2\n3,4\n5,NaN\n');
  cli.write('text.csv', 'x,y\n1,2\n3,four\n');
  cli.write('ragged.csv', 'x,y\n1,2\n3\n');
  cli.write('empty.csv', '');
  cli.write('good.csv', csv(30));
  cli.write('binary.csv', 'x,y\n1,\0\n');
  await cli.allFail([
    ['data import missing.csv', 1, /missing\.csv: there is no such file/],
    ['data import nan.csv --as numbers', 1, /nan\.csv, row 3 \(line 4\), column y: the cell "NaN" is a missing value/],
    ['data import text.csv --as numbers', 1, /text\.csv, row 2 \(line 3\), column y: the cell "four" is not a number/],
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
  assert.equal(await cli.json('data', 'info', 'mine'), { ...imported, spent: UNSPENT });
  const list = await cli.json<Record<string, unknown>[]>('data', 'list');
  assert.equal(
    list.map((d) => d.name),
    ['blobs', 'circles', 'codes', 'mine'],
  );
  assert.equal(list[3], imported);
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

const UNSPENT = { runs: [], epsilon: 0, delta: 0, unknown: 0, unguarded: 0, others: 0 };

test('tables of mixed types: what they are taken for, their columns in text and JSON, and what corrects them', async () => {
  const rows = Array.from(
    { length: 120 },
    (_, i) => `u${i},${20 + (i % 40)},${i % 7 === 0 ? 'NA' : ['red', 'blue'][i % 2]},${i % 3 === 0 ? 'yes' : 'no'}`,
  );
  cli.write('people.csv', `id;age;colour;member\n${rows.join('\n')}\n`.replaceAll(',', ';'));
  cli.write('bits.csv', 'a,b\n0,1\n1,1\n0,1\n');
  cli.write('points.csv', csv(30));
  await cli.allFail([
    ['data import people.csv --as numbers', 1, /row 1 \(line 2\), column id: the cell "u0" is not a number/],
    ['data import people.csv --scale 0:1 --as table', 2, /--scale: a table of mixed types/],
    ['data import people.csv --as numbers --types age=number', 2, /--types: plain numbers have neither types/],
    ['data import people.csv --types age', 2, /COLUMN=TYPE/],
    ['data import people.csv --types age=float', 2, /--types: float is no type of column age/],
    ['data import people.csv --label height', 1, /no column "height"/],
    ['data import people.csv --holdout-share 1.5', 2, /between 0 and 1/],
    ['data import people.csv --types age=leave,colour=leave,member=leave', 1, /no column is left; column id/],
  ]);
  const args = 'data import people.csv --name people --label member --holdout-share 0.25 --shuffle 3'.split(' ');
  const stored = await cli.json<Record<string, unknown>>(...args);
  assert.is(Number(stored.rows) + Number(stored.holdout), 120);
  assert.ok(Math.abs(Number(stored.holdout) - 30) < 20, `${stored.holdout} of 30`);
  assert.equal([stored.columns, stored.split], [['age', 'colour', 'member'], 'hash']);
  assert.equal(stored.table, {
    columns: [
      { name: 'age', kind: 'integer', decimals: 0, missing: 0 },
      { name: 'colour', kind: 'category', values: ['blue', 'red'], missing: 18 },
      { name: 'member', kind: 'boolean', values: ['yes', 'no'], missing: 0 },
    ],
    label: 'member',
    notes: ['cells are separated by ";"', 'id: left out: 120 different texts in 120 rows are identifiers or free text'],
  });
  assert.equal(await cli.json('data', 'info', 'people'), { ...stored, spent: UNSPENT });
  const list = await cli.json<Record<string, unknown>[]>('data', 'list');
  assert.equal(
    list.find(({ name }) => name === 'people'),
    stored,
  );
  const { stdout } = await cli.run('data', 'info', 'people');
  assert.match(stdout, /^record {3}3 columns$/m);
  assert.match(stdout, /^age +integer +whole numbers +-$/m);
  assert.match(stdout, /^colour +category +one of 2: blue, red +18$/m);
  assert.match(stdout, /^member +boolean, to predict +one of 2: yes, no +-$/m);
  assert.match(stdout, /^note: id: left out: 120 different texts/m);
  // Points and tables of zeros and ones stay numbers, unless they are asked to be tables.
  for (const [file, flags, typed] of [
    ['bits.csv', [], false],
    ['points.csv', [], false],
    ['points.csv', ['--as', 'table'], true],
    ['points.csv', ['--label', 'x'], true],
  ] as const) {
    const info = await cli.json<Record<string, unknown>>('data', 'import', file, '--name', 'n', '--force', ...flags);
    assert.is('table' in info, typed, `${file} ${flags}`);
  }
});

test('a schema is written from the rows, stores nothing, and is taken once it is confirmed', async () => {
  const rows = Array.from({ length: 150 }, (_, i) => `u${i},${20 + (i % 40)},${(i / 4).toFixed(2)},${'ab'[i % 2]}`);
  cli.write('k.csv', `id,age,weight,town\n${rows.join('\n')}\n`);
  const before = cli.listing();
  const said = await cli.run('data', 'import', 'k.csv', '--schema-out', 'k.json');
  assert.match(said.stdout, /taken from the rows, and nothing was stored.*--given k\.json/s);
  assert.equal(
    cli.listing().filter((line) => !before.includes(line) && /data\//.test(line)),
    [],
  );
  await cli.allFail([['data import k.csv --schema-out k.json', 1, /k\.json: there is a file of that name/]]);
  const info = await cli.json<Record<string, unknown>>(...'data import k.csv --given k.json --name k'.split(' '));
  assert.equal([info.open, info.columns], [[], ['age', 'weight', 'town']]);
  const { stdout } = await cli.run('data', 'info', 'k');
  assert.match(stdout, /^public +nothing of what the rows look like$/m);
  assert.match(stdout, /^spent +nothing: no private run on this data set was noted$/m);
  assert.match((await cli.run('data', 'info', 'people')).stdout, /left out.*: id$/m);
});

test('images: imported, listed and described with their size and classes', async () => {
  const put = (name: string, bytes: Uint8Array) => {
    mkdirSync(join(cli.cwd, dirname(name)), { recursive: true });
    writeFileSync(join(cli.cwd, name), bytes);
  };
  put('digits/train-images-idx3-ubyte.gz', gz(idx([6, 4, 3])));
  put('digits/train-labels-idx1-ubyte.gz', gz(idx([6], [0, 2, 1, 0, 1, 2])));
  put('bad/train-images-idx3-ubyte', idx([6, 4, 3]).subarray(0, 80));
  put('swapped/train-images-idx3-ubyte', idx([6], [0, 2, 1, 0, 1, 2]));
  put('colours/blue/1.png', await png(8, 6, [0, 0, 255]));
  put('colours/red/1.png', await png(8, 6, [255, 0, 0]));
  put('colours/red/2.png', await png(6, 8, [255, 0, 0]));
  put('broken/1.png', new TextEncoder().encode('no image'));
  put('hollow/here.txt', new Uint8Array(1));
  put('from/train-images-idx3-ubyte.gz', gz(idx([6, 4, 3])));
  await cli.allFail([
    ['data import bad', 1, /train-images-idx3-ubyte, byte 80: the file ends early: its header claims 88 bytes/],
    ['data import swapped', 1, /train-images-idx3-ubyte, byte 0: the file holds labels/],
    ['data import colours', 1, /red\/2\.png: the image is 6x8, not the 8x6 of "blue\/1\.png".* --size 8x6/],
    ['data import colours --size huge', 2, /--size: "huge" is no size of images/],
    ['data import digits --size 64', 2, /--size: "digits" holds IDX data/],
    ['data import broken', 1, /1\.png: cannot decode/],
    ['data import digits --classes 2', 1, /there is a label 2, and 2 classes are named/],
    ['data import digits --classes a', 2, /--classes: these are no classes/],
    ['data import colours --size 4 --classes red,green', 1, /"blue" is a folder of images and no class/],
    ['data import hollow', 1, /hollow: nothing to import in this folder/],
    ['data fetch imagenet', 2, /"imagenet" is no data set with a known home/],
    ['data fetch mnist --from from', 1, /from\/train-images-idx3-ubyte\.gz: the file has \d+ bytes, expected 9912422/],
  ]);
  const digits = await cli.json<Record<string, unknown>>(...'data import digits --rows 0:4 --holdout 4:6'.split(' '));
  assert.equal([digits.name, digits.rows, digits.holdout, digits.shape], ['digits', 4, 2, [4, 3, 1]]);
  assert.equal([digits.classes, digits.columns, digits.bytes], [['0', '1', '2'], [], 6 * 12 + 6 * 4]);
  assert.equal(await cli.json('data', 'info', 'digits'), { ...digits, spent: UNSPENT });
  assert.equal(digits.open, [{ what: 'classes' }]);
  const three = 'data import digits --name three --classes a,b,c'.split(' ');
  const { classes, open } = await cli.json<Record<string, unknown>>(...three, '--force');
  assert.equal([classes, open], [['a', 'b', 'c'], []]);
  const colours = await cli.json<Record<string, unknown>>(...'data import colours --size 4 --name c4'.split(' '));
  assert.equal([colours.rows, colours.shape, colours.classes], [3, [4, 4, 3], ['blue', 'red']]);
  const human = await cli.run('data', 'list');
  assert.equal([human.code, human.stderr], [0, '']);
  assert.match(human.stdout, /^c4 +3 +0 +4x4x3 +2 /m);
  assert.match(human.stdout, /^digits +4 +2 +4x3x1 +3 /m);
  assert.match((await cli.run('data', 'info', 'c4')).stdout, /^classes +2: blue, red$/m);
});

test('data fetch that is stopped leaves only what came, as .part', async () => {
  // The checksums are those of the real files: what arrives here is the beginning of one.
  const mirror = await Mirror.start((response) => {
    response.writeHead(200, { 'content-length': 9912422 });
    response.write(new Uint8Array(50_000));
  });
  const { child, ended } = cli.start(['data', 'fetch', 'mnist', '--mirror', mirror.url]);
  while (!cli.listing().some((line) => /\.part 50000$/.test(line))) await new Promise((r) => setTimeout(r, 20));
  child.kill('SIGINT');
  const { code, stdout, stderr } = await ended;
  await mirror.stop();
  assert.equal([code, stdout], [130, ''], stderr);
  assert.match(
    stderr,
    /^veilgan: .*train-images-idx3-ubyte\.gz\.part: stopped by Ctrl-C\. Run the same command again/m,
  );
  assert.equal(
    cli.listing().filter((line) => /mnist/.test(line) && !/mnist \d+$/.test(line)),
    ['data/downloads/mnist/train-images-idx3-ubyte.gz.part 50000'],
  );
  assert.equal(
    (await cli.json<{ name: string }[]>('data', 'list')).map(({ name }) => name),
    ['blobs', 'circles', 'codes', 'c4', 'digits', 'k', 'mine', 'n', 'people', 'three'],
  );
});

test.run();
