/** What the owner knows of columns without the rows: typed in the page, checked, and free of charge. */
import { parse } from 'csv-parse/sync';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import { findChromium } from '../../src/build/chromium.mjs';
import { encodeTable } from '../../src/data/encoding/encode.ts';
import { fitEncoding } from '../../src/data/encoding/encoding.ts';
import { type Given, givenCodes } from '../../src/data/encoding/schema.ts';
import type { Column } from '../../src/data/table.ts';
import { samplingRate } from '../../src/gan/private/config.ts';
import { usualPlan } from '../../src/page/steps/plan.ts';
import {
  EMPTY,
  type Entry,
  entryOf,
  givenIn,
  givenOfAll,
  linesOf,
  readEntry,
  valuesIn,
} from '../../src/page/steps/schema.ts';
import { privatePlan } from '../../src/page/worker/config.ts';
import { heldShare } from '../../src/page/worker/shelf.ts';
import { pldEpsilon } from '../../src/privacy/accountant/pld.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { decodeSafetensors } from '../../src/run/safetensors.ts';
import { newRecords } from '../../src/run/training-data.ts';
import { named } from '../support/dataset.ts';
import { failure } from '../support/failure.ts';
import { mixedCsv, TOWNS } from './page-csv.ts';
import { drop, ended, inPage, note, press, saved, train, untilNow } from './page-driver.ts';

const AGE: Column = { name: 'age', kind: 'integer', decimals: 0 };
const WEIGHT: Column = { name: 'a.low', kind: 'number', decimals: 1 };
const BORN: Column = { name: 'born', kind: 'date', format: 'DD.MM.YYYY' };
const TOWN: Column = { name: '__proto__', kind: 'category', values: [] };
const entry = (fields: Partial<Entry>): Entry => ({ ...EMPTY, ...fields });

test('a list of values: one a line, quotes only where a value has a line break', () => {
  const values = [...TOWNS, '"quoted"', 'a,b', 'x"', '" half', '1'];
  assert.equal(valuesIn(linesOf(values)), values);
  assert.equal(valuesIn(' a \r\n\n  b, c\n"d" e\n"f\ng"\n"h""i"  \n'), ['a', 'b, c', '"d" e', 'f\ng', 'h"i']);
  assert.equal(valuesIn(' \n\n'), []);
});

test('an entry becomes what the command line takes, and back', () => {
  const all: [Column, Entry][] = [
    [AGE, entry({ low: '0', high: ' 120 ' })],
    [WEIGHT, entry({ low: '-1.5', high: '1e2', missing: true })],
    [BORN, entry({ low: '01.01.1900', high: '31.12.2020' })],
    [TOWN, entry({ values: 'a\nb', missing: true })],
  ];
  const given = givenOfAll(all.map(([column, typed]) => [column.name, readEntry(column, typed)]));
  assert.equal(
    JSON.stringify(given),
    '{"columns":{"age":{"low":0,"high":120},"a.low":{"low":-1.5,"high":100,"missing":true},' +
      '"born":{"low":"01.01.1900","high":"31.12.2020"},"__proto__":{"values":["a","b"],"missing":true}}}',
  );
  const columns = all.map(([column]) => column);
  assert.is(givenCodes(columns, given, 'page').size, 4);
  const read = givenIn(JSON.stringify(given), columns, 'known.json');
  for (const [column, typed] of all) {
    const back = readEntry(
      column,
      entryOf(Object.entries(read.columns).find(([name]) => name === column.name)?.[1] ?? {}),
    );
    assert.equal(back, readEntry(column, typed));
  }
  assert.equal(Object.keys(givenIn(JSON.stringify(given), [AGE], 'known.json').columns), ['age']);
  assert.is(givenOfAll([['age', readEntry(AGE, entry({ missing: true }))]]), undefined);
  assert.equal(readEntry(TOWN, entry({ values: ' \n', low: '3' })), {});
});

test('what is wrong is said at the field, with its remedy', () => {
  const cases: [Column, Partial<Entry>, string, RegExp][] = [
    [AGE, { low: '5' }, 'high', /Give the highest value too/],
    [AGE, { high: '5' }, 'low', /Give the lowest value too/],
    [AGE, { low: '?', high: '5' }, 'low', /no number/],
    [AGE, { low: '5', high: '5' }, 'high', /must be above the lowest/],
    [WEIGHT, { low: '5', high: '1' }, 'high', /must be above the lowest/],
    [AGE, { low: '0', high: '1.5' }, 'high', /whole number/],
    [WEIGHT, { low: '0.25', high: '1.5' }, 'low', /at most 1 decimal/],
    [BORN, { low: '2020-01-01', high: '01.01.2021' }, 'low', /no date.*DD\.MM\.YYYY/],
    [BORN, { low: '01.01.2021', high: '01.01.2020' }, 'high', /must be above the lowest/],
    [TOWN, { values: 'a\nb\na ' }, 'values', /"a" is there twice\. Give each value once\./],
  ];
  for (const [column, typed, field, text] of cases) {
    const { given, wrong } = readEntry(column, entry(typed));
    assert.is(given, undefined);
    assert.is(wrong?.field, field);
    assert.match(wrong?.text ?? '', text);
  }
  for (const text of ['x', '[]', 'null', '{"columns":[]}', '{"columns":{"age":{"low":"a","high":3}}}']) {
    assert.match(failure(() => givenIn(text, [AGE], 'known.json')).where, /^known\.json/);
  }
});

test('types that a file gives are kept beside the fields; rows are kept back at a rate that their number hardly moves', () => {
  const given = { kind: 'number', decimals: 2, unit: 'kg', low: 0, high: 300 } as const;
  assert.equal(readEntry(WEIGHT, entryOf(given)).given, given);
  assert.equal(readEntry(AGE, entryOf({ kind: 'integer' })).given, { kind: 'integer' });
  assert.equal(entryOf({ kind: 'leave' }), EMPTY);
  assert.equal([100, 5000, 50_000, 50_001, 100_000, 1_000_000].map(heldShare), [0.2, 0.2, 0.2, 0.1, 0.1, 0.00625]);
});

test('the noise of a plan leaves room for what counting the columns really costs: no delta where values are given', () => {
  const s = new PhiloxStream(1, 'test/page-given');
  const columns: Column[] = [
    AGE,
    { ...WEIGHT, name: 'weight' },
    { name: 'town', kind: 'category', values: ['a', 'b'] },
  ];
  const train = Float64Array.from({ length: 3 * 3000 }, (_, i) => (i % 3 === 2 ? s.below(2) : s.below(80)));
  const table = { columns, train, holdout: new Float64Array() };
  const source = named({ name: 'people', table, meta: { origin: 'made' } });
  const fitted = encodeTable(table, fitEncoding(table), source);
  const known = { age: { low: 0, high: 120 }, weight: { low: 0, high: 200 }, town: { values: ['a', 'b', 'c'] } };
  const { age, weight, town } = known;
  const usual = { ...usualPlan('dpgan', { kind: 'table', rows: 3000, holdout: 0, columns: 3 }), steps: 4 };
  const some: Given['columns'][] = [{}, { town }, { age, weight }, known];
  const prices = some.map((given) => {
    const plan = { ...usual, given: { columns: given } };
    const config = privatePlan(plan, fitted);
    const { encoding } = newRecords({ ...source, given: plan.given }, 0, { config, key: PrivacyKey.fresh() });
    const { epsilon, delta } = encoding?.paid ?? { epsilon: 0, delta: 0 };
    const phase = { q: samplingRate(config, 3000), sigma: config.noiseMultiplier, steps: 4 * plan.criticSteps };
    const spent = epsilon + pldEpsilon([phase], plan.delta - delta).upper;
    assert.ok(spent > 2.99 && spent <= 3, `epsilon ${spent}`);
    return [epsilon, delta / plan.delta];
  });
  assert.equal(prices, [
    [0.8, 0.1],
    [0.8, 0],
    [0.8, 0.1],
    [0.8, 0],
  ]);
});

if (!findChromium()) {
  note('SKIPPED: nothing was typed into the page; there is no Chromium (npm run setup -- --browser)');
  test.skip('known columns in the page');
} else pageTests();

/** What is known: towns without one that the table has, and with one that it has not; ends within those of the rows. */
const KNOWN = {
  born: { low: '1960-01-01', high: '1990-12-31' },
  age: { low: 30, high: 60 },
  weight: { low: 60, high: 80, missing: true },
  town: { values: ['Elsewhere', ...TOWNS.slice(1)] },
  grade: { values: ['low', 'middle', 'high'] },
  member: { values: ['no', 'yes'] },
  visits: { low: 0, high: 100 },
};

/** What is wrong with a cell by what is known; nothing where it fits. */
function stranger(name: string, cell: string): boolean {
  const { low, high, values, missing } = entryLike(KNOWN[name as keyof typeof KNOWN]);
  if (cell === '') return !missing;
  if (values) return !values.includes(cell);
  const place = (text: string | number | undefined) => (name === 'born' ? Date.parse(String(text)) : Number(text));
  return !(place(cell) >= place(low) && place(cell) <= place(high));
}

const entryLike = (known: object) =>
  known as { low?: string | number; high?: string | number; values?: string[]; missing?: boolean };

function pageTests(): void {
  const file = { name: 'members.csv', mimeType: 'text/csv', buffer: Buffer.from(mixedCsv(400)) };
  const price = (page: Page) => page.textContent('.price');
  const wrong = (page: Page) => page.locator('.wrong:not(:empty)').allTextContents();
  const start = (page: Page) => page.getByRole('button', { name: 'Start training' });
  const bound = (page: Page, side: string, name: string) =>
    page.getByLabel(`${side} value of ${name}`, { exact: true });

  test('all columns known: wrong entries are refused, no value has to be named, a reload loses nothing', async () => {
    await inPage(async (page) => {
      const begun = performance.now();
      page.on('dialog', (dialog) => void dialog.accept());
      await drop(page, [{ name: file.name, text: file.buffer.toString() }]);
      await press(page, 'Continue');
      await page.getByText('DPGAN: differential privacy').click();
      // First, so that the time of a step is measured while the fields are filled.
      await page.getByText('Small', { exact: true }).click();
      await page.getByText('Advanced settings', { exact: true }).click();
      assert.is(
        await page.getByLabel('Rows a lesson').inputValue(),
        '200',
        'half of all rows, where the preset has 256',
      );
      await page.getByLabel('Rows a lesson').fill('32');
      await page.getByLabel('Critic lessons a step').fill('1');
      await page.getByLabel('The limit (epsilon)').fill('9');
      assert.match(
        (await price(page)) ?? '',
        /^0\.90 of epsilon 9 goes for counting the 7 columns, .* What 7 of them can hold/,
      );
      await page.getByText('What do you know without').click();
      assert.equal(
        await page.$$eval('.known input:not([type=checkbox]), .known textarea', (all) =>
          (all as HTMLInputElement[]).map(({ value, placeholder }) => `${value}${placeholder}`).join(''),
        ),
        'YYYY-MM-DDYYYY-MM-DD',
        'nothing of the rows stands in the fields',
      );

      await bound(page, 'Lowest', 'age').fill('60');
      await bound(page, 'Highest', 'age').fill('30');
      assert.equal(await wrong(page), [], 'nobody is told while typing');
      await page.waitForFunction(() => /Correct.*"age"/.test(document.querySelector('.estimate')?.textContent ?? ''));
      assert.ok(await start(page).isDisabled());
      await bound(page, 'Lowest', 'born').fill('12/31/1960');
      assert.equal(await wrong(page), ['The highest value must be above the lowest.']);
      await bound(page, 'Highest', 'born').fill('1990-12-31');
      await page.getByLabel('Possible values, one a line of town').fill('a\nb\na');
      await page.keyboard.press('Tab');
      await page.getByLabel('The limit (epsilon)').focus();
      assert.match((await wrong(page)).join(' '), /12\/31\/1960" is no date\. .*YYYY-MM-DD.* "a" is there twice/);
      assert.is(await bound(page, 'Lowest', 'born').getAttribute('aria-invalid'), 'true');
      assert.is(await bound(page, 'Highest', 'born').getAttribute('aria-invalid'), 'false');

      await bound(page, 'Lowest', 'age').fill('30');
      await bound(page, 'Highest', 'age').fill('60');
      await page.getByLabel('Possible values, one a line of town').fill(linesOf(KNOWN.town.values));
      assert.match((await price(page)) ?? '', /^0\.90 of epsilon 9 .* What 5 of them can hold/);
      const { weight, ...others } = KNOWN;
      await page.setInputFiles('.knowing input[type=file]', {
        name: 'known.json',
        mimeType: 'application/json',
        buffer: Buffer.from(JSON.stringify({ columns: { ...others, gone: { low: 0, high: 1 } } })),
      });
      await page.getByText('6 columns of 7 filled in').waitFor();
      assert.equal(await wrong(page), []);
      assert.match((await price(page)) ?? '', /What 1 of them can hold/);
      await bound(page, 'Lowest', 'weight').fill(String(weight.low));
      await bound(page, 'Highest', 'weight').fill(String(weight.high));
      await page.getByLabel('Cells may be empty: weight').check();
      assert.match((await price(page)) ?? '', /^0\.90 of epsilon 9 .* What they can hold is given/);
      const written = JSON.parse((await saved(page, 'Save for next time')).bytes.toString());
      assert.equal(written, { columns: KNOWN });

      // As long as epsilon 9 is worth, which the worker has found out.
      await page.waitForFunction(() => /^\d{3} steps, /.test(document.querySelector('.estimate')?.textContent ?? ''));
      await train(page, 100_000);
      await untilNow(page, /^Training: step/);
      await page.reload();
      await page.setInputFiles('#kept-file', file);
      await press(page, 'Continue training');
      await untilNow(page, /^Training: step/);
      await press(page, 'Stop');
      note(`known columns, trained, left, and gone on with: ${await ended(page)}`);
      await press(page, 'Go on to the download');

      const [head, ...rows] = parse((await saved(page, 'Save the rows')).bytes.toString()) as string[][];
      assert.equal(head, Object.keys(KNOWN));
      assert.equal(
        rows.flatMap((row) => head.filter((name, i) => stranger(name, row[i]))),
        [],
      );
      const model = await saved(page, 'Save the model');
      const { metadata } = decodeSafetensors(model.bytes, model.file);
      const { encoding } = JSON.parse(metadata['run.json']);
      assert.equal([encoding.from, encoding.paid.delta], ['paid', 0], 'counted, and no value had to be named');
      assert.equal(
        encoding.columns.map(({ name, missing }: { name: string; missing: boolean }) => [name, missing]),
        head.map((name) => [name, name === 'weight']),
      );
      const report = (await saved(page, 'Save the report')).bytes.toString();
      assert.match(report, /Differentially private: epsilon [\d.]+ at delta/);
      assert.match(report, /encoding of the columns.{0,90}by noisy counts/s);
      note(`known columns: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    });
  });
}

test.run();
