/** The built page in headless Chromium on SwiftShader, and what its visitors do there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { root } from '../house/sources.ts';
import { withPage } from '../tools/browser.mjs';
import { stand } from './stand.ts';

/** Milliseconds for everything that is done in one page. */
export const TIMEOUT_MS = 120_000;
export const note = (line: string) => console.error(`# ${line}`);

// Not bundled into this file: the build scripts know the project's root by where they lie.
const { buildPage }: typeof import('../../src/build/page.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'page.mjs')).href
);
export const built = await buildPage();
export const html = Buffer.from(built['index.html']).toString();
export const files = Object.fromEntries(Object.entries(built).map(([name, bytes]) => [`/${name}`, Buffer.from(bytes)]));

/** What the browser refuses, besides what the test provokes, is a defect of the page. */
export const inPage = async (work: (page: Page) => Promise<void>): Promise<void> => {
  const complaints: string[] = [];
  await withPage(
    async (page) => {
      await page.waitForSelector('.steps .open');
      await work(page);
    },
    { html, files, timeout: TIMEOUT_MS, stand, console: (text, type) => type === 'error' && complaints.push(text) },
  );
  assert.equal(complaints, []);
};

export const title = (page: Page) => page.textContent('.steps .open h2');
export const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

interface Dropped {
  readonly name: string;
  readonly text: string;
  /** more of it, so many times */
  readonly more?: { readonly text: string; readonly times: number };
}

/** Drops files, as a file manager does. */
export async function drop(page: Page, list: readonly Dropped[]): Promise<void> {
  const transfer = await page.evaluateHandle((all) => {
    const made = new DataTransfer();
    for (const { name, text, more } of all) {
      made.items.add(new File([text, ...Array(more?.times ?? 0).fill(more?.text)], name));
    }
    return made;
  }, list);
  await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer });
}

/** Saves what a button offers; gives the file's name and bytes. */
export async function saved(page: Page, name: string): Promise<{ file: string; bytes: Buffer }> {
  const refused = page
    .locator('.steps [role=alert]')
    .waitFor()
    .then(async () => {
      throw new Error(`${name}: ${await page.textContent('.steps [role=alert]')}`);
    });
  refused.catch(() => {});
  const [download] = await Promise.all([Promise.race([page.waitForEvent('download'), refused]), press(page, name)]);
  return { file: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

/** Waits until the line that says what goes on now is like this. */
export const untilNow = (page: Page, like: RegExp) =>
  page.waitForFunction(
    (source) => new RegExp(source).test(document.querySelector('.now')?.textContent ?? ''),
    like.source,
  );

/** From step 3 to the end of training. */
export async function train(page: Page, steps: number): Promise<void> {
  await page.getByText('Small', { exact: true }).click();
  await page.getByText('Own', { exact: true }).click();
  await page.getByLabel('How long', { exact: true }).fill(String(steps));
  await press(page, 'Start training');
}

export const ended = async (page: Page): Promise<string> => {
  await page.getByRole('button', { name: 'Go on to the download' }).waitFor();
  return (await page.textContent('.now')) ?? '';
};
