/** What a path holds, by content. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { detect, importSource } from '../../src/data/formats/index.ts';
import { rejection } from '../support/failure.ts';
import { cifar, Folder, fails, gz, idx, records } from './making.ts';

const test = suite<{ folder: Folder }>('data/import');
test.before.each((context) => {
  context.folder = new Folder();
});
test.after.each(({ folder }) => folder.remove());

const text = (value: string) => new TextEncoder().encode(value);

test('files by content and then by name, with a name for the set', async ({ folder }) => {
  const files: [string, Uint8Array | string, string, string][] = [
    ['points.csv', 'x,y\n1,2\n', 'csv', 'points'],
    ['table', '1,2\n3,4\n', 'csv', 'table'],
    ['zero.csv', 'x,y\n1,\0\n', 'csv', 'zero'],
    ['digits/train-images-idx3-ubyte.gz', gz(idx([2, 2, 2])), 'idx', 'digits-train'],
    ['digits/t10k-images.idx3-ubyte', idx([2, 2, 2]), 'idx', 'digits-t10k'],
    ['MNIST/raw/any.bytes', idx([2, 2, 2]), 'idx', 'MNIST-any.bytes'],
    ['digits/float-images', idx([2, 2, 2], undefined, 13), 'idx', 'digits-float'],
    ['digits/bad-images-idx3-ubyte', 'cut', 'idx', 'digits-bad'],
    ['one.bin', cifar(2), 'cifar', 'one'],
    ['some.tar.gz', gz(text('no tar')), 'cifar', 'cifar10'],
  ];
  for (const [name, content, kind, set] of files) {
    const source = await detect(folder.put(name, content));
    assert.equal([source.kind, source.name], [kind, set], name);
  }
});

test('folders by their files', async ({ folder }) => {
  folder.put('digits/x-images-idx3-ubyte', idx([2, 2, 2]));
  folder.put('plain/pictures', idx([2, 2, 2]));
  folder.put('plain/pictures.labels', idx([2]));
  folder.put('c/cifar-10-batches-bin/data_batch_1.bin', cifar(1));
  folder.put('d/cifar-10-binary.tar.gz', 'x');
  const of = async (name: string) => {
    const { kind, name: set, isFile } = await detect(join(folder.path, name));
    return [kind, set, isFile];
  };
  assert.equal(await of('digits'), ['idx', 'digits', false]);
  assert.equal(await of('plain'), ['idx', 'plain', false]);
  assert.equal(await of('c'), ['cifar', 'cifar10', false]);
  assert.equal(await of('d'), ['cifar', 'cifar10', true]);
  const plain = await records(await detect(join(folder.path, 'plain')));
  assert.equal([plain.name, plain.rows, plain.labels?.train.length], ['plain', 2, 2]);
});

test('what nothing fits says what would', async ({ folder }) => {
  const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 0);
  const wrong: [string, Uint8Array | string, RegExp, RegExp][] = [
    ['cat.png', png, /this is one image/, /Give the folder/],
    ['cat', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0), /this is one image/, /Give the folder/],
    ['all.zip', 'PK\x03\x04...', /neither IDX nor CIFAR-10/, /Unpack it/],
    ['table.csv.gz', gz(text('x,y\n1,2\n')), /neither IDX nor CIFAR-10/, /Unpack it/],
    ['cut.gz', gz(text('x,y\n1,2\n')).subarray(0, 6), /neither IDX nor CIFAR-10/, /Unpack it/],
    ['model.bytes', Uint8Array.of(1, 2, 3, 0, 5), /no file that can be imported/, /CSV file, IDX data, CIFAR-10/],
  ];
  for (const [name, content, message, fix] of wrong) {
    const path = folder.put(`in/${name}`, content);
    const error = await rejection(detect(path));
    assert.equal([error.code, error.where], ['DATA', path], name);
    assert.match(error.message, message);
    assert.match(error.fix, fix);
  }
  folder.put('tables/a.csv', '1,2\n');
  const error = await rejection(detect(join(folder.path, 'tables')));
  assert.match(error.message, /nothing to import in this folder/);
  assert.match(error.fix, /a\.csv/);
  await fails(detect(join(folder.path, 'gone')), 'FILE', join(folder.path, 'gone'), /there is no such file/);
});

test('options of another kind of source are refused', async ({ folder }) => {
  const table = await detect(folder.put('a.csv', 'x,y\n1,2\n'));
  const digits = await detect(folder.put('a-images-idx3-ubyte', idx([2, 2, 2])));
  await fails(importSource(table, { size: '64' }), 'USAGE', 'size', /a\.csv" holds a CSV file/);
  await fails(importSource(table, { grey: true }), 'USAGE', 'grey', /holds a CSV file/);
  await fails(importSource(digits, { columns: ['x'] }), 'USAGE', 'columns', /holds IDX data/);
  await fails(importSource(digits, { header: 'no' }), 'USAGE', 'header', /holds IDX data/);
  assert.is((await records(table, { grey: false, as: 'numbers' })).rows, 1);
});

test.run();
