/** What the page stands in: no network, no WebGPU, a reload, a keyboard alone, and a policy that the browser enforces. */
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../src/build/chromium.mjs';
import { withPage } from '../tools/browser.mjs';
import { drop, files, html, inPage, note, press, TIMEOUT_MS, title, train, untilNow } from './page-driver.ts';

if (!findChromium()) {
  note('SKIPPED: the page was NOT tried offline and without WebGPU; there is no Chromium (npm run setup -- --browser)');
  test.skip('surroundings');
} else {
  surroundingsTests();
}

/** The folders of runs in the browser's own file system. */
const keptNames = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const names = [];
    for await (const name of (await root.getDirectoryHandle('veilgan-runs', { create: true })).keys()) names.push(name);
    return names;
  });

function surroundingsTests(): void {
  test('no part of the page can connect to anything, the worker neither', async () => {
    const complaints: string[] = [];
    const refused = (page: Page) =>
      page.evaluate(() =>
        fetch('/icon.svg').then(
          () => 'allowed',
          () => 'refused',
        ),
      );
    await withPage(
      async (page) => {
        await page.waitForSelector('.steps .open');
        assert.is(await refused(page), 'refused');
        const [worker] = page.workers();
        assert.ok(worker, 'there is a worker');
        assert.is(
          await worker.evaluate(() =>
            fetch(`${origin}/icon.svg`).then(
              () => 'allowed',
              () => 'refused',
            ),
          ),
          'refused',
        );
      },
      { html, files, timeout: TIMEOUT_MS, console: (text) => complaints.push(text) },
    );
    assert.ok(
      complaints.some((text) => /connect-src/.test(text)),
      complaints.join('\n'),
    );
  });

  test('offline the page opens again', async () => {
    await inPage(async (page) => {
      await page.waitForFunction(() => document.querySelector('#offline')?.textContent !== '');
      await page.context().setOffline(true);
      await page.reload();
      await page.click('[data-example=points]');
      await page.waitForSelector('.dots');
    });
  });

  test('a reload during training asks first; what was learnt is kept, and goes on', async () => {
    await inPage(async (page) => {
      const asked: string[] = [];
      page.on('dialog', (dialog) => {
        asked.push(dialog.type());
        void dialog.accept();
      });
      await page.click('[data-example=points]');
      await press(page, 'Continue');
      await train(page, 100_000);
      await page.waitForSelector('.dots');
      await untilNow(page, /step ([2-9]|\d\d)/);
      await page.reload();
      assert.equal(asked, ['beforeunload']);
      await page.getByRole('button', { name: 'Go on', exact: true }).click();
      await page.waitForSelector('.dots');
      assert.match((await title(page)) ?? '', /Training/);
      assert.match((await page.textContent('.now')) ?? '', /Stopped\. [\d,]+ step/);
      await press(page, 'Continue training');
      await untilNow(page, /^Training: step/);
      await press(page, 'Stop');
      await press(page, 'Go on to the download');
      await press(page, 'Remove everything and start anew');
      await press(page, 'Remove it');
      await page.waitForSelector('.drop');
      assert.equal(await keptNames(page), []);
      await page.reload();
      await page.waitForSelector('.drop');
      assert.is(await page.locator('#kept').count(), 0);
    });
  });

  test('of a training that was left, a wrong file and another tab destroy nothing; who removes it, removes all of it', async () => {
    await inPage(async (page) => {
      page.on('dialog', (dialog) => void dialog.accept());
      const csv = (rows: number) => `a,b\n${Array.from({ length: rows }, (_, i) => `${i / 7},${i % 5}`).join('\n')}\n`;
      await drop(page, [{ name: 'mine.csv', text: csv(300) }]);
      await press(page, 'Continue');
      await train(page, 100_000);
      await untilNow(page, /step ([2-9]|\d\d)/);
      const kept = await keptNames(page);
      assert.is(kept.length, 1);
      const other = await page.context().newPage();
      await other.goto(page.url());
      const choose = (tab: Page, text: string) =>
        tab.setInputFiles('#kept-file', { name: 'mine.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
      await choose(other, csv(300));
      await other.waitForSelector('#kept [role=alert]');
      assert.match((await other.textContent('#kept [role=alert]')) ?? '', /open in another tab/);
      await other.close();
      await page.reload();
      await choose(page, csv(299));
      await page.waitForSelector('#kept [role=alert]');
      assert.match((await page.textContent('#kept [role=alert]')) ?? '', /not the rows that the run was trained on/);
      assert.equal(await keptNames(page), kept);
      await choose(page, csv(300));
      await page.waitForSelector('.now');
      assert.match((await page.textContent('.now')) ?? '', /Stopped\. [\d,]+ step/);
      await press(page, 'Continue training');
      await untilNow(page, /^Training: step/);
      await page.reload();
      await press(page, 'Remove what is kept');
      await page.waitForSelector('#kept', { state: 'detached' });
      assert.equal(await keptNames(page), []);
    });
  });

  test('without WebGPU the page says what to do, and stays readable', async () => {
    await inPage(async (page) => {
      await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
      await page.reload();
      await page.waitForSelector('#notices .panel');
      assert.match((await page.textContent('#notices')) ?? '', /no WebGPU.*Chrome/s);
      await page.click('[data-example=people]');
      await press(page, 'Continue');
      await page.waitForSelector('.estimate:not(:empty)');
      assert.match((await page.textContent('.estimate')) ?? '', /cannot start/);
      assert.ok(await page.getByRole('button', { name: 'Start training' }).isDisabled());
    });
  });

  test('by keyboard alone: an example is chosen, and each step takes the focus', async () => {
    await inPage(async (page) => {
      const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
      for (let i = 0; i < 20 && !/^Points/.test(await focused()); i++) await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.dots');
      assert.match(await focused(), /Its columns/);
      for (let i = 0; i < 5 && (await focused()) !== 'Continue'; i++) await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.cards');
      assert.match(await focused(), /Protection and size/);
      await page.keyboard.press('Tab');
      await page.keyboard.press('ArrowDown');
      assert.match((await page.textContent('.body')) ?? '', /Number of critics/);
    });
  });
}

test.run();
