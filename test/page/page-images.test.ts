/** Images that are dropped in the page, with a guarantee: proposed, trained, shown by class, and saved with their classes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../src/build/chromium.mjs';
import { idx } from '../data/making.ts';
import { ended, inPage, note, press, saved, title, train } from './page-driver.ts';

const [SIDE, COUNT, CLASSES] = [8, 2100, 3];
/** Bytes of an array behind the header of a .npy file, and what the header says of its shape. */
function npy(bytes: Buffer) {
  const start = 10 + bytes.readUInt16LE(8);
  return { shape: /\(([\d, ]+)\)/.exec(bytes.toString('latin1', 0, start))?.[1], data: bytes.subarray(start) };
}

if (!findChromium()) {
  note('SKIPPED: images were NOT dropped in the page; there is no Chromium (npm run setup -- --browser)');
  test.skip('images');
} else {
  test('from dropped images and labels to new ones by class, within a limit', async () => {
    const labels = Array.from({ length: COUNT }, (_, i) => i % CLASSES);
    // A bar of each class is at a height of its own.
    const bar = (label: number, i: number) => (Math.floor(i / SIDE) === 2 * label + 1 ? 255 : 0);
    const values = labels.flatMap((label) => Array.from({ length: SIDE * SIDE }, (_, i) => bar(label, i)));
    const files = [
      { name: 'labels', mimeType: '', buffer: Buffer.from(idx([COUNT], labels)) },
      { name: 'bars', mimeType: '', buffer: Buffer.from(idx([COUNT, SIDE, SIDE], values)) },
    ];
    await inPage(async (page) => {
      const started = performance.now();
      const since = () => ((performance.now() - started) / 1000).toFixed(1);
      await page.setInputFiles('#file', files);
      await page.waitForSelector('canvas.pixels');
      assert.match((await page.textContent('.body')) ?? '', /8 by 8 pixels, in 3 classes/);
      await press(page, 'Continue');
      await page.waitForSelector('.cards');
      assert.ok(await page.getByLabel(/DP-FEATURES: differential privacy/).isChecked(), 'a guarantee is proposed');
      assert.match(
        (await page.textContent('.body')) ?? '',
        /3 classes counts as public.*assumed to have equally many/s,
      );
      await train(page, 10);
      const grid = page.getByRole('img', { name: '12 images, a column for each class: 0, 1, 2' });
      await grid.waitFor();
      note(`the first images after ${since()} s (SwiftShader)`);
      note(`${await ended(page)} after ${since()} s`);
      const budget = /Epsilon spent: ([\d.]+) of 1/.exec((await page.textContent('.budget')) ?? '');
      assert.ok(Number(budget?.[1]) > 0.5 && Number(budget?.[1]) <= 1, `epsilon spent: ${budget?.[1]}`);
      await press(page, 'Go on to the download');
      assert.match((await title(page)) ?? '', /Download/);
      await page.getByLabel('How many').fill('30');
      const numbers = npy((await saved(page, 'Save the numbers')).bytes);
      assert.equal([numbers.shape, numbers.data.length], ['30, 8, 8, 1', 30 * SIDE * SIDE]);
      const classes = await saved(page, 'Save their classes');
      assert.is(classes.file, 'bars-synthetic.labels.npy');
      assert.equal(
        Array.from({ length: 30 }, (_, i) => npy(classes.bytes).data.readUInt32LE(4 * i)),
        labels.slice(0, 30),
      );
      const report = (await saved(page, 'Save the report')).bytes.toString();
      assert.match(report, /Differentially private: epsilon [\d.]+ at delta/);
      assert.match(report, /a column for each class/);
      note(`all of it: ${since()} s`);
    });
  });
}

test.run();
