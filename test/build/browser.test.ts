/** The page harness: WebGPU is there, and whatever goes wrong in a page fails the test that opened it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../src/build/chromium.mjs';
import { stand } from '../page/stand.ts';
import { withPage } from '../tools/browser.mjs';

const check = findChromium() ? test : test.skip;
if (!findChromium()) console.error('# skipped: no Chromium (npm run setup -- --browser)');

const wait = { timeout: 30_000 };

check('a page has an adapter, files, and a result', async () => {
  const script = `const adapter = await navigator.gpu.requestAdapter();
const text = await (await fetch('/data.csv')).text();
window.answer = { secure: isSecureContext, adapter: adapter !== null, storage: adapter.limits.maxStorageBuffersPerShaderStage, text };`;
  const answer = await withPage(
    async (page) => {
      const handle = await page.waitForFunction('window.answer');
      return (await handle.jsonValue()) as { secure: boolean; adapter: boolean; storage: number; text: string };
    },
    { ...wait, script, files: { '/data.csv': 'x,y\n1,2\n' } },
  );
  assert.is(answer.secure, true);
  assert.is(answer.adapter, true);
  assert.ok(answer.storage >= 8);
  assert.is(answer.text, 'x,y\n1,2\n');
});

const faults: Record<string, [script: string, expected: RegExp]> = {
  'an exception': ['throw new Error("on purpose")', /the page failed: Error: on purpose/],
  'a rejected promise': ['Promise.reject(new Error("later"))', /the page failed: Error: later/],
  'another host': ['new Image().src = "https://elsewhere.invalid/x.png"', /asked another host: GET/],
  'a missing file': ['import "./nowhere.js"', /nowhere\.js, which is not served/],
};

for (const [name, [script, expected]] of Object.entries(faults)) {
  check(`fails on ${name}`, async () => {
    let message = 'nothing failed';
    try {
      await withPage((page) => page.waitForFunction('window.never'), { ...wait, script });
    } catch (error) {
      message = (error as Error).message;
    }
    assert.match(message, expected);
  });
}

check('fails when the page crashes, at once', async () => {
  const started = performance.now();
  const crashing = withPage(async (page) => {
    (await page.context().newCDPSession(page)).send('Page.crash').catch(() => {});
    await page.waitForFunction('window.never');
  }, wait);
  const message = await crashing.then(
    () => 'it ended',
    (error: Error) => error.message,
  );
  assert.match(message, /the page crashed|Target crashed/);
  assert.ok(performance.now() - started < wait.timeout);
});

check('fails when a page does not end, and says where it stands', async () => {
  const html =
    '<!doctype html><div class="steps"><div class="open"><h2>Second</h2><div class="body">so  far</div></div>';
  const hanging = withPage((page) => page.waitForFunction('window.never'), { timeout: 1500, html, stand });
  const message = await hanging.then(
    () => 'it ended',
    (error: Error) => error.message,
  );
  assert.is(message, 'the page did not finish within 1.5 s: it stands at "Second", which says: so far');
});

test.run();
