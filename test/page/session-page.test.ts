/**
 * Training in a worker of a page, under a content security policy: runs survive a lost device and a closed session, pay
 * their ledger in the browser's own file system, and the reports are those that the command line writes of their files.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { findChromium } from '../../src/build/chromium.mjs';
import { saveDataset } from '../../src/data/store/save.ts';
import { reportOn } from '../../src/report/compare.ts';
import { factsOf } from '../../src/report/facts.ts';
import { renderReport } from '../../src/report/html.ts';
import { openTraining } from '../../src/run/session.ts';
import { root } from '../house/sources.ts';
import { withPage } from '../tools/browser.mjs';
import { points } from './session-job.ts';
import type { Ended, WorkerReport } from './session-worker.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'";
const HTML = `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>session</title><script type="module" src="/script.js"></script>`;
const TIMEOUT_MS = 120_000;
/** Numbers of a report differ by rounding alone: charts are drawn to a hundredth of a pixel, attacks count records. */
const TOLERANCE = { relative: 0.02, absolute: 0.02 };

const note = (line: string) => console.error(`# ${line}`);

// Not bundled into this file: the build scripts know the project's root by where they lie.
const build: typeof import('../../src/build/build.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
);
const [script, worker] = await Promise.all(
  ['entry', 'worker'].map((name) => build.bundleForPage(`test/page/session-${name}.ts`, { minify: true })),
);

test('the worker needs nothing of Node', () => {
  assert.not.match(worker, /['"`]node:/);
  const size = (text: string) => `${(gzipSync(text, { level: 9 }).length / 1000).toFixed(0)} KB`;
  note(`systems, attacks, report and charts in a worker, minified and gzipped: ${size(worker)}`);
});

if (!findChromium()) {
  note('SKIPPED: training in a page was NOT tested; there is no Chromium (npm run setup -- --browser)');
  test.skip('training in a page');
} else {
  const started = performance.now();
  const { told, refused } = await inPage();
  note(`in the page: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  if (told.failed) throw new Error(`the worker failed: ${told.failed}; refused: ${told.refused}`);
  pageTests(told, refused);
}

async function inPage(): Promise<{ told: WorkerReport; refused: string[] }> {
  // The policy forbids `waitForFunction`, which is made of text.
  const result = async (tab: import('playwright-core').Page) => ({
    told: await tab.evaluate<WorkerReport>('window.told'),
    refused: await tab.evaluate<string[]>('window.refused'),
  });
  return withPage(result, { script, html: HTML, files: { '/worker.js': worker }, timeout: TIMEOUT_MS });
}

function pageTests({ pargan, dpgan, codes, runs, png, torn, ...told }: WorkerReport, refused: readonly string[]): void {
  test('nothing asked for what the policy forbids', () => {
    assert.equal([told.refused, refused], [[], []]);
  });

  test('pargan: trained over a lost device, sampled meanwhile, in more than one chunk', () => {
    assert.is(pargan.losses, 60);
    assert.is(pargan.drawn, 20);
    assert.ok(pargan.chunks.length > 3, `${pargan.chunks}`);
    assert.is(pargan.loss.length, 1);
    assert.match(pargan.loss[0], /was lost and opened again/);
    note(`pargan: 60 steps in ${pargan.seconds.toFixed(1)} s, chunks of ${pargan.chunks}`);
  });

  test('dpgan: kept, opened again and ended at its budget, which the ledger in the file system says', () => {
    const { steps, spent, paid, kept, notices } = dpgan;
    note(`dpgan: ${steps} steps in ${dpgan.seconds.toFixed(1)} s, epsilon ${spent.epsilon?.rdp}`);
    assert.ok(kept >= 5 && kept < steps, `${kept} of ${steps}`);
    assert.is(paid, spent.noisy_updates);
    // Stopped and closed in order: nothing was paid twice.
    assert.is(paid, steps);
    assert.ok(spent.epsilon && spent.epsilon.rdp <= 3 && spent.epsilon.rdp > 2.5, `${spent.epsilon?.rdp}`);
    assert.equal(notices, []);
  });

  test('a run that is open, and other rows, are refused; what is removed is gone', () => {
    assert.equal(codes, ['FILE', 'DATA']);
    assert.equal(runs, [[dpgan.name, pargan.name].sort(), []]);
  });

  test('a state that was cut short or never ended is not the one that is read', () => {
    assert.equal(torn, [2, 1, 3]);
  });

  test('a PNG made in a page has the pixels', async () => {
    const { default: sharp } = await import('sharp');
    const { data, info } = await sharp(Buffer.from(png, 'base64')).raw().toBuffer({ resolveWithObject: true });
    assert.equal([info.width, info.height, info.channels], [4, 1, 3]);
    assert.equal(
      [...data],
      Array.from({ length: 12 }, (_, i) => 20 * i),
    );
  });

  test('the files are run directories, of which the command line writes the same report', async () => {
    const home = mkdtempSync(join(tmpdir(), 'veilgan-page-'));
    process.env.VEILGAN_DATA = join(home, 'data');
    const gpu = await open();
    try {
      await saveDataset(points());
      for (const [ended, diagnostics] of [
        [pargan, false],
        [dpgan, true],
      ] as const) {
        const dir = unpack(ended, home);
        const job = await openTraining(gpu, dir);
        const html = renderReport(await reportOn([await factsOf(job, ended.name, { diagnostics })]));
        job.run.close();
        job.guarantee?.close();
        compare(ended.report, html);
      }
    } finally {
      gpu.close();
      rmSync(home, { recursive: true });
    }
  });
}

function unpack({ name, files }: Ended, home: string): string {
  // Documents last: they must not look older than the checkpoint.
  for (const [file, base64] of Object.entries(files)) {
    const path = join(home, name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.from(base64, 'base64'));
  }
  return join(home, name);
}

/** The words and numbers of two pages, one by one, those of charts too. */
function compare(page: string, node: string): void {
  const tokens = (html: string) =>
    html.replace(/\b[MLAZ](?=-?\d)|(?<=\d)[LAZ]/g, ' $& ').match(/-?\d+(?:\.\d+)?(?:e-?\d+)?|[^\s\d-]+|-/g) ?? [];
  const [a, b] = [tokens(page), tokens(node)];
  assert.ok(a.length > 1000, 'it says something');
  const off = a.findIndex((token, i) => !alike(token, b[i]));
  const around = (list: readonly string[]) => list.slice(Math.max(0, off - 12), off + 6).join(' ');
  assert.is(off, -1, `page: ${around(a)}\nnode: ${around(b)}`);
  assert.is(a.length, b.length);
}

function alike(a: string, b = ''): boolean {
  if (a === b) return true;
  const [x, y] = [Number(a), Number(b)];
  return Math.abs(x - y) <= Math.max(TOLERANCE.absolute, TOLERANCE.relative * Math.abs(y));
}

test.run();
