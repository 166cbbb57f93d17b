/** Every operation gives the same numbers in a page (headless Chromium, SwiftShader) as in Node, value and gradients. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { findChromium } from '../../src/build/chromium.mjs';
import { root } from '../house/sources.ts';
import { withPage } from '../tools/browser.mjs';
import { cases } from './suite-cases.ts';
import { type Numbers, runNumbers } from './suite-numbers.ts';

/**
 * Largest difference between the two machines, of an element in multiples of itself or of the root mean square of its
 * array, whichever is larger. Where nothing is added up or only in a fixed order, the bits are the same; sums whose order
 * the width of subgroups decides, divisions and exponentials differ by a few units of 6e-8 in the last place.
 */
const TOLERANCE: Readonly<Record<string, number>> = {
  elementwise: 2e-6,
  // WGSL promises 2^-11 = 4.9e-4, absolute; SwiftShader keeps no more than 1.9e-4.
  'sin and cos': 5e-4,
  reductions: 1e-6,
  movement: 0,
  contractions: 5e-6,
  convolutions: 5e-6,
  normalisation: 2e-6,
  pooling: 1e-6,
  classes: 3e-6,
  gather: 0,
  dropout: 0,
  random: 2e-6,
  others: 2e-6,
};
const TIMEOUT_MS = 200_000;

// Not bundled into this file: the build scripts know the project's root by where they lie.
const build: typeof import('../../src/build/build.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
);

const note = (line: string) => console.error(`# ${line}`);

/** Largest difference of two arrays, in the unit of TOLERANCE; NaN is equal to NaN only. */
function difference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const size = Math.sqrt(b.reduce((sum, v) => sum + (v * v) / b.length, 0));
  return b.reduce((worst, v, i) => {
    if (Object.is(a[i], v) || a[i] === v) return worst;
    const off = Math.abs(a[i] - v) / Math.max(Math.abs(v), size);
    return Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
  }, 0);
}

test('the difference sees one wrong element, one missing, and NaN', () => {
  const b = [1, -2, 2, 0];
  assert.is(difference([1, -2, 2, 0], b), 0);
  assert.ok(Math.abs(difference([1, -2, 2, 0.003], b) - 0.002) < 1e-9);
  assert.ok(Math.abs(difference([1, -2.002, 2, 0], b) - 0.001) < 1e-9);
  for (const wrong of [
    [1, -2, 2],
    [1, -2, 2, Number.NaN],
    [1, Number.POSITIVE_INFINITY, 2, 0],
  ]) {
    assert.is(difference(wrong, b), Number.POSITIVE_INFINITY);
  }
  assert.is(difference([0], [Number.NaN]), Number.POSITIVE_INFINITY);
  assert.is(difference([Number.NaN], [Number.NaN]), 0);
});

if (!findChromium()) {
  note('SKIPPED: the operations were NOT compared with a page; there is no Chromium (npm run setup -- --browser)');
  test.skip('the operations in a page');
} else {
  const script = await build.bundleForPage('test/page/suite-entry.ts');
  const result = async (tab: import('playwright-core').Page) =>
    (await (await tab.waitForFunction('window.numbers')).jsonValue()) as Numbers;
  compare(await withPage(result, { script, timeout: TIMEOUT_MS }), await runNumbers(() => open()));
}

function compare(page: Numbers, node: Numbers): void {
  for (const [where, { adapter, seconds }] of Object.entries({ page, node })) {
    note(`${where}: ${adapter}, ${seconds.toFixed(1)} s`);
  }

  test('the same arrays were computed, on two adapters', () => {
    assert.equal(Object.keys(page.results), Object.keys(node.results));
    assert.is.not(page.adapter, node.adapter);
    assert.equal(Object.keys(TOLERANCE), Object.keys(cases));
  });

  for (const [group, operations] of Object.entries(cases)) {
    const names = Object.keys(node.results).filter((name) => name.startsWith(`${group}: `));
    const off = names.map((name) => difference(page.results[name] ?? [], node.results[name]));
    const worst = Math.max(...off);
    const at = worst ? `, ${names[off.indexOf(worst)].slice(group.length + 2)}` : '';
    const what = `${Object.keys(operations).length} operations, ${names.length} arrays`;
    note(`${group}: ${what}, at most ${worst.toExponential(1)} apart (allowed: ${TOLERANCE[group]})${at}`);

    test(`${group}: values and gradients agree`, () => {
      // Arrays of one value say little; the derivative of a comparison is one.
      const varied = names.filter((name) => new Set(node.results[name]).size > 2);
      assert.ok(varied.length > 0.6 * names.length, `${varied.length} of ${names.length} arrays vary`);
      assert.ok(worst <= TOLERANCE[group], `off by ${worst}${at}`);
    });
  }
}

test.run();
