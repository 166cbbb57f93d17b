/** Grids of images: exact pixels, what does not fit, and what a PNG of them holds. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { floats, toBytes } from '../../src/data/records.ts';
import { imageGrid, type Pixels } from '../../src/report/grid.ts';
import { encodePng } from '../../src/report/png.ts';
import { codeOf } from '../support/values.ts';

/** Rows of a picture, a pixel's channels joined by a point. */
const rowsOf = ({ width, height, channels, data }: Pixels): string[] =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const at = (y * width + x) * channels;
      return data.subarray(at, at + channels).join('.');
    }).join(' '),
  );

test('grey images side by side, a line between and around them, the last cell empty', () => {
  const images = Uint8Array.from({ length: 3 * 2 * 3 }, (_, i) => i + 1);
  const grid = imageGrid(images, [2, 3, 1], { scale: 1 });
  assert.equal([grid.width, grid.height, grid.channels], [9, 7, 1]);
  assert.equal(rowsOf(grid), [
    '128 128 128 128 128 128 128 128 128',
    '128 1 2 3 128 7 8 9 128',
    '128 4 5 6 128 10 11 12 128',
    '128 128 128 128 128 128 128 128 128',
    '128 13 14 15 128 128 128 128 128',
    '128 16 17 18 128 128 128 128 128',
    '128 128 128 128 128 128 128 128 128',
  ]);
});

test('colours, each pixel twice as wide and high, the lines too', () => {
  const images = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  const grid = imageGrid(images, [1, 2, 3], { columns: 1 });
  const [g, line] = ['128.128.128', new Array(8).fill('128.128.128').join(' ')];
  const row = (a: string, b: string) => [g, g, a, a, b, b, g, g].join(' ');
  const [first, second] = [row('1.2.3', '4.5.6'), row('7.8.9', '10.11.12')];
  assert.equal(rowsOf(grid), [line, line, first, first, line, line, second, second, line, line]);
});

test('as many columns as rows unless told: 100 images are 10 by 10, 5 are 3 by 2', () => {
  const size = (n: number, columns?: number) => {
    const { width, height } = imageGrid(new Uint8Array(n * 4), [2, 2, 1], { scale: 1, columns });
    return [(width - 1) / 3, (height - 1) / 3];
  };
  assert.equal(
    [size(100), size(5), size(1), size(7, 7), size(7, 3)],
    [
      [10, 10],
      [3, 2],
      [1, 1],
      [7, 1],
      [3, 3],
    ],
  );
});

test('what is no picture, and bytes that are no whole images', async () => {
  for (const shape of [[2], [2, 2], [2, 2, 2], [2, 2, 4], [2, 2, 1, 1]]) {
    assert.is(await codeOf(() => imageGrid(new Uint8Array(16), shape)), 'SHAPE', `[${shape}]`);
  }
  assert.is(await codeOf(() => imageGrid(new Uint8Array(7), [2, 2, 1])), 'SHAPE');
});

test('every byte comes back from its value, what lies outside is cut', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.equal(toBytes(floats(all)), all);
  assert.equal(
    [...toBytes(Float32Array.of(-1.5, -1.002, 1.002, 7, Number.POSITIVE_INFINITY, -1e30))],
    [0, 0, 255, 255, 255, 0],
  );
  // To the nearest: halves of a step to either side.
  const near = Uint8Array.from({ length: 508 }, (_, i) => 1 + (i >> 1));
  const shifted = floats(near).map((v, i) => v + ((i % 2 ? 0.49 : -0.49) * 2) / 255);
  assert.equal(toBytes(shifted), near);
});

for (const channels of [1, 3] as const) {
  test(`a PNG of ${channels} channel(s) decodes to the same pixels`, async () => {
    const images = Uint8Array.from({ length: 5 * 3 * 4 * channels }, (_, i) => (i * 41) & 255);
    const grid = imageGrid(images, [3, 4, channels]);
    const { default: sharp } = await import('sharp');
    const image = sharp(await encodePng(grid));
    const { format, channels: stored } = await image.metadata();
    assert.equal([format, stored], ['png', channels]);
    const raw = channels === 1 ? image.toColourspace('b-w') : image;
    const { data, info } = await raw.raw().toBuffer({ resolveWithObject: true });
    assert.equal([info.width, info.height, info.channels], [grid.width, grid.height, channels]);
    assert.equal(new Uint8Array(data), grid.data);
  });
}

test.run();
