/** The engine in a page: the same job in headless Chromium on SwiftShader and in Node gives the same numbers. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withPage } from '../../src/build/browser.mjs';
import { findChromium } from '../../src/build/chromium.mjs';
import { open } from '../../src/node.ts';
import { root } from '../house/sources.ts';
import type { PageReport } from './entry.ts';
import { type JobReport, runJob, type TrainingReport } from './job.ts';

// Not bundled into this test: the build scripts know their place by where their files lie.
const build: typeof import('../../src/build/build.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
);

const TOLERANCE = { first: 0, js: 0, wganGp: 0 };

const chromium = findChromium();
const check = chromium ? test : test.skip;
if (!chromium) console.error('# SKIPPED: the engine in a page; there is no Chromium (npm run setup -- --browser)');

let page: PageReport;
let node: JobReport;

check('setup', async () => {
  const script = await build.bundleForPage('test/page/entry.ts');
  page = await withPage(
    async (tab) => (await (await tab.waitForFunction('window.report')).jsonValue()) as PageReport,
    { script, timeout: 120_000 },
  );
  const gpu = await open();
  node = await runJob(gpu);
  gpu.close();
  const diff = (a: TrainingReport, b: TrainingReport) => a.losses.map((row, i) => Math.max(...row.map((x, j) => Math.abs(x - b.losses[i][j]))));
  console.log(page.adapter, node.adapter, page.js.seconds, node.js.seconds, page.wganGp.seconds, node.wganGp.seconds);
  console.log('js', diff(page.js, node.js), 'gp', diff(page.wganGp, node.wganGp));
  console.log(page.js.memory, node.js.memory, page.wganGp.memory, page.left, node.left, page.checked, node.checked, page.lost);
  console.log(page.derivatives.map((x, i) => x - node.derivatives[i]), page.js.losses[49], node.js.losses[49], page.wganGp.losses[9]);
  console.log(page.js.samples.map((x, i) => x - node.js.samples[i]).slice(0, 10));
});
test.run();
