/** The engine in a page: the same job in headless Chromium, on SwiftShader, and in Node gives the same numbers. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { findChromium } from '../../src/build/chromium.mjs';
import { root } from '../house/sources.ts';
import { near } from '../support/values.ts';
import { withPage } from '../tools/browser.mjs';
import { type JobReport, runJob, type TrainingReport } from './job.ts';

/**
 * Largest difference of a loss between the two machines, absolute. Rounding alone gave, between lavapipe and
 * SwiftShader: 1e-6 in the first step, 5e-6 in 50 steps of JS (losses about 0.7 and 1.4), 2e-5 in 10 steps of WGAN-GP
 * (losses about 4).
 */
const TOLERANCE = { first: 1e-5, js: 1e-4, wganGp: 5e-4 };
const TIMEOUT_MS = 200_000;

// Not bundled into this file: the build scripts know the project's root by where they lie.
const build: typeof import('../../src/build/build.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
);

const zipped = (text: string) => gzipSync(text, { level: 9 }).length;
const kilobytes = (text: string) => `${(zipped(text) / 1000).toFixed(1)} KB`;
const note = (line: string) => console.error(`# ${line}`);

test('the page bundles are whole: no import is left, least of all of Node', async () => {
  const engine = await build.bundleForPage('src/api/index.ts', { minify: true });
  const job = await build.bundleForPage('test/page/entry.ts', { minify: true });
  for (const text of [engine, job]) {
    assert.not.match(text, /['"`]node:/);
    assert.not.match(text, /\bimport\s*[({*'"]|\bfrom\s*["']|\brequire\s*\(/);
  }
  assert.not.match(engine, /zod/i);
  assert.ok(zipped(engine) <= 40_000, `${zipped(engine)} bytes are over the budget of 40 KB`);
  note(
    `src/api/index.ts (tensor, ops, autograd), minified and gzipped: ${kilobytes(engine)}; with the systems: ${kilobytes(job)}`,
  );
});

if (!findChromium()) {
  note('SKIPPED: the engine in a page was NOT tested; there is no Chromium (npm run setup -- --browser)');
  test.skip('the job in a page');
} else {
  pageTests(await inPage(), await runJob(() => open()));
}

async function inPage(): Promise<JobReport> {
  const script = await build.bundleForPage('test/page/entry.ts');
  const result = async (tab: import('playwright-core').Page) =>
    (await (await tab.waitForFunction('window.report')).jsonValue()) as JobReport;
  return withPage(result, { script, timeout: TIMEOUT_MS });
}

function pageTests(page: JobReport, node: JobReport): void {
  for (const [where, { adapter, js, wganGp }] of Object.entries({ page, node })) {
    const lanes = `subgroups of ${adapter.subgroupMin} to ${adapter.subgroupMax}`;
    note(`${where}: ${adapter.name} (${lanes}), JS ${js.seconds.toFixed(1)} s, WGAN-GP ${wganGp.seconds.toFixed(1)} s`);
  }

  test('50 steps by JS give the losses of Node', () => {
    compare('js', page.js, node.js, 50, TOLERANCE.js);
    const meanD = (row: readonly number[]) => row.slice(1).reduce((sum, x) => sum + x / 10, 0);
    // What agrees is a training: the critics have learned 100 times more than the tolerance.
    assert.ok(meanD(page.js.losses[0]) - meanD(page.js.losses[49]) > 100 * TOLERANCE.js);
  });

  test('10 steps by WGAN-GP, with second-order gradients, give the losses of Node', () => {
    compare('wgan-gp', page.wganGp, node.wganGp, 10, TOLERANCE.wganGp);
  });

  test('samples after training agree', () => {
    near(page.js.samples, node.js.samples, { absolute: 2e-3, relative: 0, what: 'js' });
    near(page.wganGp.samples, node.wganGp.samples, { absolute: 2e-3, relative: 0, what: 'wgan-gp' });
  });

  test('gradients of first and second order and per sample agree, and pass the gradient check', () => {
    assert.is(page.derivatives.length, 6 + 6 + 12);
    near(page.derivatives, node.derivatives, { absolute: 5e-7, relative: 1e-6 });
    for (const { checked } of [page, node]) assert.ok(checked >= 0 && checked <= 1);
  });

  test('training leaves memory as it is, and its end leaves nothing', () => {
    for (const { js, wganGp, left } of [page, node]) {
      for (const { memory } of [js, wganGp]) assert.equal(memory[1], memory[0]);
      assert.is(left, 0);
    }
    assert.is(page.js.memory[0].live, node.js.memory[0].live);
  });

  test('a lost device is reported as such', () => {
    assert.equal(page.lost, ['DEVICE_LOST', 'DEVICE_LOST']);
    assert.equal(node.lost, ['DEVICE_LOST', 'DEVICE_LOST']);
  });
}

/** Every loss of every step; NaN differs from everything. */
function compare(name: string, a: TrainingReport, b: TrainingReport, steps: number, tolerance: number): void {
  for (const { losses } of [a, b]) {
    assert.is(losses.length, steps);
    for (const row of losses) assert.is(row.length, 11);
  }
  const off = a.losses.map((row, i) => Math.max(...row.map((x, j) => Math.abs(x - b.losses[i][j]))));
  const worst = Math.max(...off);
  note(
    `${name}: losses differ by at most ${off[0].toExponential(1)} in step 1 and ${worst.toExponential(1)} in ${steps} steps`,
  );
  assert.ok(off[0] <= TOLERANCE.first, `${name}: step 1 differs by ${off[0]}`);
  assert.ok(worst <= tolerance, `${name}: step ${off.indexOf(worst) + 1} differs by ${worst}`);
}

test.run();
