/** What the page stands in: no network, no WebGPU, a reload, a keyboard alone, and a policy that the browser enforces. */
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withPage } from '../../src/build/browser.mjs';
import { findChromium } from '../../src/build/chromium.mjs';
import { files, html, inPage, note, press, TIMEOUT_MS, title, train } from './page-driver.ts';

if (!findChromium()) {
  note('SKIPPED: the page was NOT tried offline and without WebGPU; there is no Chromium (npm run setup -- --browser)');
  test.skip('surroundings');
} else {
  surroundingsTests();
}

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
      await page.waitForFunction(() => /step ([2-9]|\d\d)/.test(document.querySelector('.now')?.textContent ?? ''));
      await page.reload();
      assert.equal(asked, ['beforeunload']);
      await page.getByRole('button', { name: 'Go on', exact: true }).click();
      await page.waitForSelector('.dots');
      assert.match((await title(page)) ?? '', /Training/);
      assert.match((await page.textContent('.now')) ?? '', /Stopped\. \d+ step/);
      await press(page, 'Continue training');
      await page.waitForFunction(() => /^Training: step/.test(document.querySelector('.now')?.textContent ?? ''));
      await press(page, 'Stop');
      await press(page, 'Go on to the download');
      await press(page, 'Remove everything and start anew');
      await press(page, 'Remove it');
      await page.waitForSelector('.drop');
      await page.reload();
      await page.waitForSelector('.drop');
      assert.is(await page.locator('#kept').count(), 0);
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
