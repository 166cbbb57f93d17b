/** IDX: what it decodes to, and every way in which a file can be wrong. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readWhole } from '../../src/data/formats/files.ts';
import { importIdx } from '../../src/data/formats/idx.ts';
import { idxKind, readIdxImages, readIdxLabels } from '../../src/data/formats/idx-read.ts';
import { Folder, fails, gz, idx, random } from './making.ts';

const labels = idx([5], [3, 1, 4, 1, 5]);
const images = idx([5, 3, 2]);
const long = idx([200, 28, 28]);

test('images and labels, plain and gzipped', async () => {
  for (const pack of [(b: Uint8Array) => b, gz]) {
    const { count, height, width, data } = await readIdxImages(pack(images), 'x');
    assert.equal([count, height, width], [5, 3, 2]);
    assert.equal([...data], [...random(30)]);
    assert.equal([...(await readIdxLabels(pack(labels), 'x'))], [3, 1, 4, 1, 5]);
  }
  assert.equal((await readIdxImages(gz(long), 'x')).data, random(200 * 784));
  // A window into a larger buffer, as Node's pool gives.
  const pool = new Uint8Array(100);
  pool.set(images, 7);
  const { data } = await readIdxImages(pool.subarray(7, 7 + images.length), 'x');
  assert.equal([...data], [...random(30)]);
  assert.is(idxKind(pool.subarray(7)), 'images');
});

test('what is no file of images is refused, with the byte', async () => {
  const wrong: [Uint8Array, string, RegExp][] = [
    [labels, 'f, byte 0', /the file holds labels \(IDX 0x00000801\) where images are expected/],
    [gz(labels), 'f, byte 0', /holds labels/],
    [idx([2, 2, 2], undefined, 13), 'f, byte 0', /32-bit floats; only unsigned bytes/],
    [idx([2, 2, 2, 2]), 'f, byte 0', /IDX data of 4 dimensions where images have 3/],
    [new TextEncoder().encode('x,y\n1,2\n'), 'f, byte 0', /not an IDX file: it begins with 0x782c790a/],
    [gz(new TextEncoder().encode('<html></html>')), 'f, byte 0', /not an IDX file/],
    [new Uint8Array(0), 'f, byte 0', /ends in its header, after 0 bytes/],
    [images.subarray(0, 15), 'f, byte 15', /ends in its header/],
    [idx([0, 28, 28]), 'f, byte 4', /claims 0x28x28: no images/],
    [idx([3, 0, 28]), 'f, byte 8', /no images/],
  ];
  for (const [bytes, where, message] of wrong) await fails(readIdxImages(bytes, 'f'), 'DATA', where, message);
  await fails(readIdxLabels(images, 'f'), 'DATA', 'f, byte 0', /holds images \(IDX 0x00000803\) where labels/);
});

test('cut off, and with something behind', async () => {
  const more = new Uint8Array([...images, 0]);
  for (const pack of [(b: Uint8Array) => b, gz]) {
    const short = pack(images.subarray(0, 40));
    await fails(readIdxImages(short, 'f'), 'DATA', 'f, byte 40', /ends early: .* claims 46 bytes, and there are 40/);
    await fails(readIdxImages(pack(more), 'f'), 'DATA', 'f, byte 46', /end at byte 46 by the header, but more/);
  }
  await fails(readIdxImages(gz(new Uint8Array([...long, 9])), 'f'), 'DATA', 'f, byte 156816', /more bytes follow/);
});

test('gzip data that end early or are damaged', async () => {
  const packed = gz(long);
  for (const length of [3, 12, 1000, packed.length - 9, packed.length - 1]) {
    await fails(readIdxImages(packed.subarray(0, length), 'f'), 'DATA', 'f', /the gzip data end early/);
  }
  const flipped = packed.slice();
  flipped[packed.length - 6] ^= 1;
  await fails(readIdxImages(flipped, 'f'), 'DATA', 'f', /the gzip data are damaged/);
  const behind = new Uint8Array([...packed, 1, 2, 3]);
  await fails(readIdxImages(behind, 'f'), 'DATA', 'f', /the gzip data are damaged/);
});

test('a claim that the file cannot hold is refused before anything is allocated', async () => {
  const header = idx([1, 1, 1]);
  new DataView(header.buffer).setUint32(4, 2 ** 32 - 1);
  new DataView(header.buffer).setUint32(8, 2 ** 16);
  new DataView(header.buffer).setUint32(12, 2 ** 16);
  await fails(readIdxImages(header, 'f'), 'DATA', 'f, byte 17', /ends early/);
  await fails(readIdxImages(gz(header), 'f'), 'DATA', 'f', /claims 18,446,744,069,414,584,000 bytes, more than/);
  // 20 MB of zeros in 20 kB: read no further than the 17 bytes that the header claims.
  const bomb = new Uint8Array(2e7);
  bomb.set(idx([1, 1, 1]));
  await fails(readIdxImages(gz(bomb), 'f'), 'DATA', 'f, byte 17', /more bytes follow/);
});

test('MNIST, where it is', async () => {
  const folder = resolve(process.env.VEILGAN_SHARED ?? resolve('..', 'shared'), 'data', 'mnist');
  if (!existsSync(folder)) {
    console.log(`skipped: ${folder} is not here`);
    return;
  }
  const data = await importIdx(folder, false, { name: 'mnist' });
  // The test images are the hold-out where the training images lie beside them.
  const part = data.holdoutRows ? 'holdout' : 'train';
  const [images, labels] = [data[part], data.labels?.[part] ?? new Uint32Array()];
  assert.equal([labels.length, data.shape], [10_000, [28, 28, 1]]);
  if (part === 'holdout') assert.is(data.rows, 60_000);
  const histogram = new Array(10).fill(0);
  for (const label of labels) histogram[label]++;
  assert.equal(histogram, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  assert.is(labels[0], 7);
  const sum = (list: ArrayLike<number>) => Array.from(list).reduce((a, b) => a + b, 0);
  assert.is(sum(images.subarray(0, 784)), 18_454);
  // The published mean of the test images: 0.1325.
  assert.is((sum(images) / images.length / 255).toFixed(4), '0.1325');
});

test('pairs in a folder: train and t10k, one pair, and what is missing', async () => {
  const folder = new Folder();
  folder.put('train-images-idx3-ubyte.gz', gz(idx([4, 2, 3], [...Array(24).keys()])));
  folder.put('train-labels-idx1-ubyte', idx([4], [0, 1, 2, 0]));
  folder.put('train-labels-idx1-ubyte.gz', 'the unpacked one counts');
  folder.put('t10k-images.idx3-ubyte', idx([2, 2, 3], random(12)));
  folder.put('t10k-labels.idx1-ubyte', idx([2], [2, 5]));
  folder.put('README.md', 'not IDX');
  const read = (rows?: string, holdout?: string) => importIdx(folder.path, false, { name: 'x', rows, holdout });
  const data = await read();
  assert.equal([data.rows, data.holdoutRows, data.shape, data.columns], [4, 2, [2, 3, 1], []]);
  assert.equal([[...data.train], [...data.holdout]], [[...Array(24).keys()], [...random(12)]]);
  assert.equal([data.labels?.train, data.labels?.holdout], [Uint32Array.of(0, 1, 2, 0), Uint32Array.of(2, 5)]);
  assert.equal(data.classes, ['0', '1', '2', '3', '4', '5']);
  // Ranges count through both files.
  const cut = await read('3:5', '5:6');
  assert.equal([[...(cut.labels?.train ?? [])], [...(cut.labels?.holdout ?? [])]], [[0, 2], [5]]);
  assert.equal([...cut.train], [...Array(24).keys()].slice(18).concat([...random(6)]));
  const rest = await read(undefined, '1:5');
  assert.equal([...(rest.labels?.train ?? [])], [0, 5]);
  await fails(read('4:7'), 'DATA', /train-images/, /`rows: 4:7` goes past the end: there are 6 images/);
  await fails(read('0:3', '2:4'), 'USAGE', 'holdout', /overlap/);
  await fails(read(undefined, '0:'), 'DATA', /train-images/, /no training rows are left/);

  folder.put('t10k-labels.idx1-ubyte', idx([3], [2, 5, 5]));
  await fails(read(), 'DATA', 't10k-labels.idx1-ubyte', /3 labels for the 2 images of t10k-images.idx3-ubyte/);
  folder.put('t10k-labels.idx1-ubyte', idx([2, 2, 3]));
  await fails(read(), 'DATA', 't10k-labels.idx1-ubyte, byte 0', /the file holds images/);
  folder.put('t10k-labels.idx1-ubyte', idx([2], [2, 5]));
  folder.put('t10k-images.idx3-ubyte', idx([2, 3, 2], random(12)));
  await fails(read(), 'DATA', 't10k-images.idx3-ubyte', /the images are 2x3, but those of .* 3x2/);
  folder.put('extra-images-idx3-ubyte', idx([2, 3, 2]));
  await fails(read(), 'DATA', folder.path, /There are 3 pairs/);
  folder.remove();
});

test('one file: images with the labels beside them, or without', async () => {
  const folder = new Folder();
  const file = folder.put('some-images-idx3-ubyte', idx([3, 2, 2]));
  const alone = await importIdx(file, true, { name: 'x' });
  assert.equal([alone.rows, alone.labels, alone.classes], [3, undefined, undefined]);
  const beside = folder.put('some-labels-idx1-ubyte.gz', gz(idx([3], [1, 0, 1])));
  assert.equal((await importIdx(file, true, { name: 'x' })).labels?.train, Uint32Array.of(1, 0, 1));
  await fails(importIdx(beside, true, { name: 'x' }), 'DATA', 'some-labels-idx1-ubyte.gz, byte 0', /holds labels/);
  folder.remove();
  const lone = new Folder();
  lone.put('train-labels-idx1-ubyte', labels);
  await fails(importIdx(lone.path, false, { name: 'x' }), 'DATA', /train-labels/, /the labels are there, but not/);
  lone.remove();
});

test('a file that is not there or is no file', async () => {
  await fails(readWhole('/nowhere/at/all'), 'FILE', '/nowhere/at/all', /no such file/);
  await fails(readWhole('/'), 'FILE', '/', /cannot read it/);
});

test.run();
