/** The examples of embedding do what they say, in headless Chromium, from the package as it is published. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../src/build/chromium.mjs';
import { bundled, installPackage, shipped } from '../support/package.ts';
import { withPage } from '../tools/browser.mjs';

const check = findChromium() ? test : test.skip;
if (!findChromium())
  console.error('# SKIPPED: the examples were NOT run; there is no Chromium (npm run setup -- --browser)');

const installed = await installPackage('embed', { types: false });
test.after(() => installed.remove());

const example = (name: string) => readFileSync(join(installed.project, name), 'utf8');
const PAGE = '<!doctype html><output>...</output><script type="module" src="/app.js"></script>';

/** The text of the page's output once it matches. */
async function output(page: Page, pattern: RegExp): Promise<string> {
  const found = await page.waitForFunction((source) => {
    const text = document.querySelector('output')?.textContent ?? '';
    return new RegExp(source).test(text) && text;
  }, pattern.source);
  return (await found.jsonValue()) as string;
}

test('no example is longer than fifteen lines', () => {
  for (const name of ['script-tag.html', 'bundler.ts', 'own-device.ts']) {
    const lines = example(name).trimEnd().split('\n').length;
    assert.ok(lines <= 15, `${name} has ${lines}`);
  }
});

check('a script tag: the gradient of |x w|^2 at w = x is 2 x^T x x', async () => {
  const files = { '/veilgan.min.js': shipped(installed, 'veilgan.min.js') };
  const text = await withPage((page) => output(page, /\d/), {
    html: example('script-tag.html'),
    files,
    timeout: 60_000,
  });
  assert.is(text, '104 152 148 216');
});

check('a bundler: PAR-GAN trains in the page and gives points', async () => {
  const files = { '/app.js': await bundled(installed, { file: 'bundler.ts' }) };
  const text = await withPage((page) => output(page, /^-?\d/), { html: PAGE, files, timeout: 60_000 });
  const points = text.split(' ').map(Number);
  assert.is(points.length, 200);
  assert.ok(points.every((x) => Number.isFinite(x) && Math.abs(x) < 10));
});

check('a device of the page: it computes, and outlives the engine', async () => {
  const files = { '/app.js': await bundled(installed, { file: 'own-device.ts' }) };
  assert.is(await withPage((page) => output(page, /\d/), { html: PAGE, files, timeout: 60_000 }), '5');
});

test.run();
