/** Files that the page cannot take, or that are unusual: each is told in a sentence or read, and the page goes on. */
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../src/build/chromium.mjs';
import { drop, inPage, note, press } from './page-driver.ts';

if (!findChromium()) {
  note('SKIPPED: bad input was NOT tried in the page; there is no Chromium (npm run setup -- --browser)');
  test.skip('bad input');
} else {
  inputTests();
}

function inputTests(): void {
  const alerted = async (page: Page): Promise<string> => {
    const box = page.locator('.steps [role=alert]');
    await box.waitFor();
    return (await box.textContent()) ?? '';
  };
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  const many = (columns: number, rows: number, cell: (i: number, j: number) => string) =>
    [
      Array.from({ length: columns }, (_, j) => `c${j}`),
      ...Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => cell(i, j))),
    ]
      .map((row) => row.join(','))
      .join('\n');
  const bad: readonly [name: string, content: Buffer | string, says: RegExp][] = [
    ['empty.csv', '', /empty.*Choose another/s],
    ['picture.csv', png, /picture \(PNG\).*table/s],
    ['book.csv', Buffer.from('504b030414000600', 'hex'), /spreadsheet.*CSV/s],
    ['noise.csv', Buffer.from([65, 44, 66, 10, 0, 1, 2, 255, 10]), /UTF-8/],
    ['latin.csv', Buffer.from('name,age\nM\xfcller,3\n', 'latin1'), /UTF-8.*line 2/s],
    ['ragged.csv', 'a,b\n1,2\n3\n4,5\n', /1 cell.*row 2/s],
    ['open.csv', 'a,b\n1,"2\n3,4\n', /quote/],
    ['header.csv', 'a,b\n', /no rows/],
    ['twice.csv', 'a,a\n1,2\n', /both named/],
  ];

  test('each bad input is told in a sentence, and the page goes on', async () => {
    await inPage(async (page) => {
      for (const [name, content, says] of bad) {
        await page.setInputFiles('#file', { name, mimeType: 'text/csv', buffer: Buffer.from(content) });
        const told = await alerted(page);
        assert.match(told, says, name);
        assert.not.match(told, /--[a-z]/, `${name}: a flag of the command line is of no use here`);
        // The next one takes its place.
        await page.evaluate(() => document.querySelector('.steps [role=alert]')?.remove());
      }
      await drop(page, [
        { name: 'a.csv', text: 'a\n1' },
        { name: 'b.csv', text: 'b\n2' },
      ]);
      assert.match(await alerted(page), /2 files.*single/s);
      await page.setInputFiles('#file', {
        name: 'few.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from('a,b\n1,x\n2,y\n3,x\n'),
      });
      await press(page, 'Continue');
      assert.match(await alerted(page), /3 rows.*at least 20/s);
    });
  });

  test('one column, 200 columns, and quotes and newlines inside of cells are read', async () => {
    await inPage(async (page) => {
      const opened = async (name: string, text: string) => {
        await page.setInputFiles('#file', { name, mimeType: 'text/csv', buffer: Buffer.from(text) });
        await page.waitForSelector('.columns');
        const found = await page.$$eval('.columns li', (list) => list.map((item) => item.textContent ?? ''));
        await press(page, 'Continue');
        await page.waitForSelector('.cards');
        await page.locator('.summary button').first().click();
        await page.waitForSelector('.drop');
        return found;
      };
      assert.is(
        (
          await opened(
            'one.csv',
            many(1, 50, (i) => String(i * 0.5)),
          )
        ).length,
        1,
      );
      assert.is(
        (
          await opened(
            'wide.csv',
            many(200, 50, (i, j) => String(((i * (j + 3)) % 17) / 2)),
          )
        ).length,
        200,
      );
      const cells = ['"a ""quoted"" one"', '"two\nlines"', '"with, comma"'];
      const [first] = await opened(
        'quotes.csv',
        many(2, 60, (i, j) => (j ? String(i % 2) : cells[i % 3])),
      );
      assert.match(first, /a "quoted" one/);
      assert.match(first, /with, comma/);
    });
  });

  test('a million rows are read with progress, and can be cancelled', async () => {
    await inPage(async (page) => {
      const rows = '2021-03-04,17.5,blue,yes\n2022-11-30,3.25,red,no\n'.repeat(5000);
      const long = (times: number) => ({ name: 'long.csv', text: 'day,size,colour,ok\n', more: { text: rows, times } });
      await drop(page, [long(1000)]);
      await press(page, 'Cancel');
      await page.waitForSelector('.drop');
      assert.is(await page.locator('.steps [role=alert]').count(), 0);
      // The page is watched from within: on a busy machine the bar may be gone before a look from outside finds it.
      const shown = await page.evaluateHandle(() => {
        const parts: number[] = [];
        const look = () => {
          const bar = document.querySelector<HTMLProgressElement>('progress[value]');
          if (bar) parts.push(bar.position);
        };
        new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
        return parts;
      });
      const started = performance.now();
      await drop(page, [long(100)]);
      await page.waitForSelector('.columns');
      const parts = await shown.jsonValue();
      assert.ok(parts.length > 0, 'the progress of reading is shown');
      assert.ok(
        parts.every((part, i) => part > 0 && part <= 1 && part >= (parts[i - 1] ?? 0)),
        parts.join(' '),
      );
      assert.match((await page.textContent('.body')) ?? '', /1,000,000 rows/);
      note(`a million rows are looked at in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    });
  });
}

test.run();
