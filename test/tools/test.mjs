/**
 * Runs the tests: each file of test/ in a process of its own (one device a process), two at a time, those of the engine
 * in a page of headless Chromium as well, and prints as its last line the totals counted from what ran.
 * `node test/tools/test.mjs [--checks] [--bail] [FILTER...]`; a filter `page:NAME` is for the files in pages. With
 * `--bail` files run one after another in the order of the filters, and the first test that fails ends it.
 */
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, sep } from 'node:path';
import { bundleForNode } from '../../src/build/build.mjs';
import { findChromium } from '../../src/build/chromium.mjs';
import { ensureAdapter } from '../../src/build/ensure.mjs';
import { root, writeShaderTypes } from '../../src/build/shaders.mjs';
import { bundleSuite, runSuite } from './browser-suite.mjs';

const args = process.argv.slice(2);
const filters = args.filter((a) => !a.startsWith('--'));
const bail = args.includes('--bail');
const out = join(root, '.build', 'test');

const all = readdirSync(join(root, 'test'), { recursive: true })
  .map((f) => f.split(sep).join('/'))
  .filter((f) => f.endsWith('.test.ts'))
  .sort();
const PAGE = 'page:';
const files = all.filter((f) => !filters.length || filters.some((x) => !x.startsWith(PAGE) && f.includes(x)));
const paged = all.filter(
  (f) => !filters.length || filters.some((x) => x.startsWith(PAGE) && f.includes(x.slice(PAGE.length))),
);
if (!files.length && !paged.length) {
  process.stderr.write(`no test file matches ${filters.join(' ')}\n`);
  process.exit(1);
}

const env = { ...process.env, ...(await ensureAdapter()), FORCE_COLOR: '0' };
const totals = { passed: 0, failed: 0, skipped: 0 };

if (args.includes('--checks')) {
  const { runChecks, runMutantCheck } = await import('./checks.mjs');
  for (const { name, ok, seconds, output, always } of [...(await runChecks()), await runMutantCheck()]) {
    totals[ok ? 'passed' : 'failed']++;
    process.stdout.write(
      `${ok ? 'ok  ' : 'FAIL'} check: ${name} (${seconds.toFixed(1)} s)\n${ok && !always ? '' : `${output}\n`}`,
    );
  }
}

rmSync(out, { recursive: true, force: true });
writeShaderTypes();
await bundleForNode(Object.fromEntries(files.map((f) => [f.replace(/\.ts$/, ''), join('test', f)])), out);

/** One file; uvu's `Total:`, `Passed:`, `Skipped:` lines are what counts, and one that ended without them failed. */
function count(name, output, seconds, fault) {
  const sum = (word) =>
    [...output.matchAll(new RegExp(`${word}:\\s+(\\d+)`, 'g'))].reduce((n, m) => n + Number(m[1]), 0);
  const total = sum('Total');
  const passed = sum('Passed');
  const skipped = sum('Skipped');
  // uvu leaves skipped tests out of its total.
  let failed = total - passed;
  if ((fault || total + skipped === 0) && failed === 0) failed = 1;
  totals.passed += passed;
  totals.skipped += skipped;
  totals.failed += failed;
  const how = `${passed}/${total} in ${seconds.toFixed(1)} s${fault ? `, ${fault}` : ''}`;
  process.stdout.write(`${failed ? 'FAIL' : 'ok  '} ${name}: ${how}\n`);
  // A note may stand behind uvu's marks of the tests before it.
  const notes = output.split('\n').flatMap((line) => /^(?:[•✘] )*(# .*)/.exec(line)?.[1] ?? []);
  if (failed) process.stdout.write(`${output}\n`);
  else if (notes.length) process.stdout.write(`${notes.join('\n')}\n`);
  return { passed, seconds };
}

function run(file) {
  const started = performance.now();
  const built = join(out, file.replace(/\.ts$/, '.js'));
  const child = spawn(process.execPath, ['--expose-gc', '--enable-source-maps', built], { cwd: root, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  // uvu says which test failed at its end only, but marks it at once.
  if (bail) child.stdout.on('data', (data) => data.includes('✘') && child.kill('SIGKILL'));
  return new Promise((done) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 300_000);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const fault = signal ? `killed by ${signal}` : code ? `exit ${code}` : '';
      done(count(file, output, (performance.now() - started) / 1000, fault));
    });
  });
}

/** The engine's tests in pages, one file after another. */
async function runInPages() {
  const note = (line) => process.stdout.write(`# ${line}\n`);
  if (!findChromium()) {
    note("SKIPPED: the engine's suite was NOT run in a page; there is no Chromium (npm run setup -- --browser)");
    return;
  }
  const { cases, left } = await bundleSuite(paged);
  for (const { file, why } of left) note(`not in a page: ${file}: ${why}`);
  const done = [];
  await runSuite(cases, ({ file, output, seconds, fault }) =>
    done.push(count(`${PAGE}${file}`, output, seconds, fault)),
  );
  const sum = (key) => done.reduce((n, one) => n + one[key], 0);
  note(`in pages of Chromium: ${sum('passed')} tests of ${done.length} files passed in ${sum('seconds').toFixed(0)} s`);
}

const first = bail
  ? (file) => filters.findIndex((x) => file.includes(x))
  : (file) => -Number(basename(file).startsWith('page'));
const queue = [...files].sort((a, b) => first(a) - first(b)).map((file) => () => run(file));
// The longest first.
if (paged.length)
  queue.unshift(() => runInPages().catch((error) => count("the engine's suite in pages", '', 0, error.message)));
const worker = async () => {
  for (let job = queue.shift(); job && !(bail && totals.failed); job = queue.shift()) await job();
};
await Promise.all(Array.from({ length: bail ? 1 : Math.min(2, availableParallelism()) }, worker));

process.exitCode = totals.failed ? 1 : 0;
process.stdout.write(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}\n`,
);
