/**
 * The page as its visitors use it: from a dropped CSV through all steps to files that are opened and checked. Whatever
 * asks another host fails the test (`withPage`).
 */
import { parse } from 'csv-parse/sync';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../src/build/chromium.mjs';
import { decodeSafetensors } from '../../src/run/safetensors.ts';
import { mixedCsv, wrongCell } from './page-csv.ts';
import { built, drop, ended, inPage, note, press, saved, title, train } from './page-driver.ts';

if (!findChromium()) {
  note('SKIPPED: the page was NOT clicked through; there is no Chromium (npm run setup -- --browser)');
  test.skip('the page');
} else {
  const size = (list: readonly string[]) => (list.reduce((sum, name) => sum + built[name].length, 0) / 1000).toFixed(0);
  const scripts = Object.keys(built).filter((name) => name.endsWith('.js'));
  note(
    `the page: ${size(scripts)} KB of scripts, of which ${size(scripts.filter((n) => n.startsWith('app')))} KB draw it`,
  );
  pathTests();
}

function pathTests(): void {
  const text = mixedCsv();
  const [names, ...cells] = parse(text) as string[][];
  const real = new Map(names.map((name, i) => [name, cells.map((row) => row[i])]));

  function checkRows(csv: string, rows: number, header: readonly string[]): void {
    checkHeader(csv, header, rows);
    const [head, ...made] = parse(csv) as string[][];
    const wrong = made.flatMap((row) => wrongCell(head, row, real) ?? []);
    assert.equal(wrong, []);
  }

  function checkHeader(csv: string, header: readonly string[], rows: number): void {
    const [head, ...made] = parse(csv) as string[][];
    assert.equal(head, header);
    assert.is(made.length, rows);
  }

  test('from a dropped CSV to rows, model and report; then again with a guarantee', async () => {
    await inPage(async (page) => {
      const dropped = performance.now();
      const since = () => ((performance.now() - dropped) / 1000).toFixed(1);
      await drop(page, [{ name: 'members.csv', text }]);
      await page.waitForSelector('.columns');
      const read = since();
      assert.match((await title(page)) ?? '', /Its columns/);
      assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ''), /Its columns/);
      const kinds = await page.$$eval('.columns select', (list) => list.map((s) => (s as HTMLSelectElement).value));
      assert.equal(kinds.slice(1), ['date', 'integer', 'number', 'category', 'category', 'boolean', 'integer']);
      assert.not(await page.getByLabel('id', { exact: true }).isChecked(), 'an identifier is left out');
      await page.getByLabel('Type of visits').selectOption('number');
      await page.getByLabel('visits', { exact: true }).uncheck();
      await page.getByLabel(/Column that others/).selectOption('member');
      await press(page, 'Continue');

      await page.waitForSelector('.cards');
      assert.ok(await page.getByLabel('The limit (epsilon)').isVisible(), 'a guarantee is proposed first');
      await page.getByText('No guarantee, best looking').click();
      await train(page, 60);
      await page.waitForSelector('.made td');
      note(`5,000 rows dropped: read after ${read} s, first synthetic rows after ${since()} s (SwiftShader)`);
      const line = await ended(page);
      note(`trained: ${line} after ${since()} s`);
      assert.match(line, /60 steps/);
      assert.ok((await page.getAttribute('.curve.generator', 'd'))?.includes('L'), 'the losses are drawn');
      assert.match((await page.textContent('.owner')) ?? '', /Outside the guarantee/);
      await press(page, 'Go on to the download');

      const header = ['born', 'age', 'weight', 'town', 'grade', 'member'];
      await page.getByLabel('How many rows').fill('1234');
      const csv = await saved(page, 'Save the rows');
      assert.is(csv.file, 'members-synthetic.csv');
      checkRows(csv.bytes.toString(), 1234, header);
      const model = await saved(page, 'Save the model');
      const { tensors } = decodeSafetensors(model.bytes, model.file);
      assert.ok(
        Object.keys(tensors).some((name) => name.startsWith('generator.')),
        Object.keys(tensors).join(' '),
      );
      const report = (await saved(page, 'Save the report')).bytes.toString();
      assert.match(report, /^<!doctype html>/);
      for (const sentence of [/No privacy guarantee/, /[34],\d{3} rows of/, /white-box/])
        assert.match(report, sentence);
      note(`downloads after ${since()} s`);

      await page.locator('.summary button').nth(2).click();
      await press(page, 'Discard it');
      await page.getByText('DP-MARGINALS: differential privacy').click();
      await page.getByLabel('The limit (epsilon)').fill('5');
      assert.match((await page.textContent('.meaning')) ?? '', /Epsilon 5 means: .*99\.4 % of cases/);
      await page.getByText('Advanced settings', { exact: true }).click();
      assert.not(await page.getByLabel(/^Keep [\d,]+ rows back/).isChecked());
      await train(page, 15);
      const privately = await ended(page);
      note(`with a guarantee: ${privately} after ${since()} s`);
      const budget = /Epsilon spent: ([\d.]+) of 5/.exec((await page.textContent('.budget')) ?? '');
      assert.ok(Number(budget?.[1]) > 0.5 && Number(budget?.[1]) <= 5, `epsilon spent: ${budget?.[1]}`);
      assert.is(await page.locator('.owner').count(), 0, 'no rows are kept back to attack with');
      await press(page, 'Go on to the download');
      const released = (await saved(page, 'Save the rows')).bytes.toString();
      checkHeader(released, header, 5000);
      const guaranteed = (await saved(page, 'Save the report')).bytes.toString();
      assert.match(guaranteed, /Differentially private: epsilon [\d.]+ at delta/);
      assert.match(guaranteed, /Left out: the owner&#39;s diagnostics/);
      note(`all of it: ${since()} s`);
    });
  });
}

test.run();
