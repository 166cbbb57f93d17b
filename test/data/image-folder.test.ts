/** Folders of image files: order, classes, sizes, and files that are no images. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { importImages, parseSize } from '../../src/data/formats/image-folder.ts';
import { detect } from '../../src/data/formats/index.ts';
import { Folder, fails, random, records } from './making.ts';

const test = suite<{ folder: Folder }>('data/image-folder');
test.before.each((context) => {
  context.folder = new Folder();
});
test.after.each(({ folder }) => folder.remove());

type Format = 'png' | 'jpeg' | 'webp' | 'gif' | 'tiff';

/** An image of one colour, or of the given pixels. */
function image(width: number, height: number, colour: readonly number[] | Uint8Array, format: Format = 'png') {
  const channels = (colour instanceof Uint8Array ? colour.length / (width * height) : colour.length) as 1 | 3 | 4;
  const pixels = colour instanceof Uint8Array ? colour : new Uint8Array(width * height * channels);
  if (!(colour instanceof Uint8Array)) pixels.forEach((_, i) => (pixels[i] = colour[i % channels]));
  const made = sharp(pixels, { raw: { width, height, channels } });
  const lossless = format === 'webp' ? made.webp({ lossless: true }) : made.tiff({ compression: 'lzw' });
  return (format === 'webp' || format === 'tiff' ? lossless : made.toFormat(format)).toBuffer();
}

/** The first pixel of every record. */
const firsts = ({ train, shape }: { train: ArrayLike<number>; shape: number[] }) => {
  const [h, w, c] = shape;
  const all = Array.from(train);
  return Array.from({ length: all.length / (h * w * c) }, (_, i) => all.slice(i * h * w * c, i * h * w * c + c));
};

test('files by name, bytes as they are, other files left out', async ({ folder }) => {
  const pixels = random(3 * 4 * 3);
  folder.put('b.png', await image(4, 3, pixels));
  folder.put('a.PNG', await image(4, 3, [1, 2, 3]));
  folder.put('c.webp', await image(4, 3, [7, 8, 9], 'webp'));
  folder.put('d.tiff', await image(4, 3, [10, 11, 12], 'tiff'));
  folder.put('list.txt', 'b.png 1');
  folder.put('.hidden.png', 'no image');
  const source = await detect(folder.path);
  assert.is(source.kind, 'images');
  const seen: number[][] = [];
  const data = await records(source, { name: 'x', onProgress: (...counts) => seen.push(counts) });
  assert.equal([data.rows, data.holdoutRows, data.shape, data.labels], [4, 0, [3, 4, 3], undefined]);
  assert.equal([...data.train.subarray(36, 72)], [...pixels]);
  assert.equal(firsts(data), [[1, 2, 3], [...pixels.subarray(0, 3)], [7, 8, 9], [10, 11, 12]]);
  assert.equal(seen, [[4, 4]]);
  const held = await importImages(folder.path, { name: 'x', rows: '0:2', holdout: '3:4' });
  assert.equal([held.rows, [...held.holdout.subarray(0, 3)]], [2, [10, 11, 12]]);
});

test('class folders are labels, in the order of their names; deeper folders belong to them', async ({ folder }) => {
  // As paths, a-b/ comes before a/; labels go by the names.
  const files = { 'a/2.png': 2, 'a/1.png': 1, 'a-b/3.png': 3, 'b/deep/er/4.png': 4, 'empty/readme.txt': 0 };
  for (const [name, grey] of Object.entries(files)) {
    folder.put(name, name.endsWith('png') ? await image(2, 2, [grey, grey, grey]) : 'x');
  }
  const data = await importImages(folder.path, { name: 'x', grey: true });
  assert.equal(data.classes, ['a', 'a-b', 'b']);
  const byValue = firsts(data).map(([value], i) => [value, data.labels?.train[i]]);
  assert.equal(byValue.sort(), [
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 2],
  ]);
  folder.put('stray.png', await image(2, 2, [0, 0, 0]));
  await fails(importImages(folder.path, { name: 'x' }), 'DATA', folder.path, /beside them \("stray.png"\)/);
});

test('a single folder inside is no class', async ({ folder }) => {
  folder.put('img_align/1.png', await image(2, 2, [5, 5, 5]));
  const data = await records(await detect(folder.path), { name: 'x' });
  assert.equal([data.rows, data.labels, data.classes], [1, undefined, undefined]);
});

test('--size covers and crops at the centre', async ({ folder }) => {
  // Red, green and blue thirds, 12x4: a centre square is green.
  const wide = new Uint8Array(12 * 4 * 3);
  for (let i = 0; i < 12 * 4; i++) wide[3 * i + Math.floor((i % 12) / 4)] = 255;
  folder.put('wide.png', await image(12, 4, wide));
  folder.put('tall.png', await image(5, 50, [9, 99, 199]));
  const data = await importImages(folder.path, { name: 'x', size: '4' });
  assert.equal(data.shape, [4, 4, 3]);
  assert.equal([...data.train.subarray(0, 48)], Array.from({ length: 16 }, () => [9, 99, 199]).flat());
  assert.equal([...data.train.subarray(48 + 15, 48 + 18)], [0, 255, 0]);
  assert.equal((await importImages(folder.path, { name: 'x', size: '6x2' })).shape, [2, 6, 3]);
  assert.equal(parseSize(' 96 x 64 '), { width: 96, height: 64 });
  for (const size of ['0', '64x', 'x64', '-3', '64x64x3', '5000', 'big', '']) {
    await fails(importImages(folder.path, { name: 'x', size }), 'USAGE', 'size', /is no size of images/);
  }
});

test('without --size another size is an error that names the file and both sizes', async ({ folder }) => {
  for (let i = 0; i < 20; i++) folder.put(`${String(i).padStart(2, '0')}.png`, await image(4, 3, [i, i, i]));
  folder.put('17.png', await image(3, 4, [0, 0, 0]));
  const promise = importImages(folder.path, { name: 'x' });
  await fails(promise, 'DATA', '17.png', /the image is 3x4, not the 4x3 of "00.png"/);
});

test('colour, grey, transparency, 16 bits, palettes and orientation', async () => {
  const one = async (name: string, bytes: Uint8Array, grey = false) => {
    const only = new Folder();
    only.put(name, bytes);
    const data = await importImages(only.path, { name: 'x', grey });
    only.remove();
    return [data.shape, [...data.train.subarray(0, data.shape[2])]];
  };
  assert.equal(await one('grey.png', await image(2, 2, [40])), [
    [2, 2, 3],
    [40, 40, 40],
  ]);
  assert.equal(await one('grey.png', await image(2, 2, [40]), true), [[2, 2, 1], [40]]);
  const [, [green]] = (await one('green.png', await image(2, 2, [0, 255, 0]), true)) as [number[], number[]];
  assert.ok(green > 150 && green < 230, `${green}`);
  assert.equal(await one('clear.png', await image(2, 2, [10, 20, 30, 0])), [
    [2, 2, 3],
    [255, 255, 255],
  ]);
  assert.equal(await one('half.png', await image(2, 2, [0, 0, 0, 128])), [
    [2, 2, 3],
    [127, 127, 127],
  ]);
  assert.equal(await one('clear.png', await image(2, 2, [0, 0, 0, 0]), true), [[2, 2, 1], [255]]);
  const deep = await sharp(Uint8Array.of(200, 100, 50), { raw: { width: 1, height: 1, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toBuffer();
  assert.equal((await sharp(deep).metadata()).depth, 'ushort');
  assert.equal(await one('deep.png', deep), [
    [1, 1, 3],
    [200, 100, 50],
  ]);
  const palette = await sharp(await image(2, 2, [200, 0, 0]))
    .png({ palette: true })
    .toBuffer();
  assert.equal(await one('palette.png', palette), [
    [2, 2, 3],
    [200, 0, 0],
  ]);
  assert.equal((await one('x.gif', await image(2, 2, [200, 0, 0], 'gif')))[0], [2, 2, 3]);
  const turned = await sharp(await image(6, 2, [50, 50, 50]))
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  assert.equal((await one('turned.jpg', turned))[0], [6, 2, 3]);
  const cmyk = await sharp(await image(4, 4, [255, 255, 255]))
    .toColourspace('cmyk')
    .jpeg()
    .toBuffer();
  assert.equal((await one('cmyk.jpg', cmyk))[0], [4, 4, 3]);
});

test('files that cannot be decoded are named', async ({ folder }) => {
  folder.put('a/1.png', await image(4, 4, [1, 1, 1]));
  const jpeg = await image(64, 64, random(64 * 64 * 3), 'jpeg');
  const png = await image(64, 64, random(64 * 64 * 3));
  const flipped = Uint8Array.from(png);
  flipped[png.length >> 1] ^= 0xff;
  const huge = Uint8Array.from(png);
  new DataView(huge.buffer).setUint32(16, 100_000);
  new DataView(huge.buffer).setUint32(20, 100_000);
  new DataView(huge.buffer).setUint32(29, crc32(huge.subarray(12, 29)));
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>';
  const bad: [string, Uint8Array | string, RegExp][] = [
    ['text.png', 'no image', /cannot decode/],
    ['empty.jpg', '', /cannot decode/],
    ['vector.png', svg, /cannot decode/],
    ['short.jpg', jpeg.subarray(0, jpeg.length >> 1), /cannot decode/],
    ['short.png', png.subarray(0, png.length >> 1), /cannot decode/],
    ['flipped.png', flipped, /cannot decode/],
    ['huge.png', huge, /the image has more than 134217728 pixels/],
  ];
  for (const [name, bytes, message] of bad) {
    const path = folder.put(`b/${name}`, bytes);
    await fails(importImages(folder.path, { name: 'x', size: '4' }), 'DATA', `b/${name}`, message);
    fs.rmSync(path);
  }
});

test('folders without images', async ({ folder }) => {
  await fails(detect(folder.path), 'DATA', folder.path, /nothing to import in this folder: no images, no IDX/);
  await fails(importImages(folder.path, { name: 'x' }), 'DATA', folder.path, /there are no images in this folder/);
  fs.mkdirSync(join(folder.path, 'cats'));
  folder.put('readme.txt', 'x');
  await fails(detect(folder.path), 'DATA', folder.path, /nothing to import/);
});

test.run();
