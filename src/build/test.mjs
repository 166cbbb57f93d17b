/**
 * Runs the tests: each file of test/ in a process of its own (one device a process), two at a time, and prints as its
 * last line the totals counted from what ran. `node src/build/test.mjs [--checks] [FILTER...]`.
 */
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative } from 'node:path';
import { bundleForNode } from './build.mjs';
import { ensureAdapter } from './ensure.mjs';
import { root, writeShaderTypes } from './shaders.mjs';

const args = process.argv.slice(2);
const filters = args.filter((a) => !a.startsWith('--'));
const out = join(root, '.build', 'test');

const files = readdirSync(join(root, 'test'), { recursive: true })
  .filter((f) => f.endsWith('.test.ts') && (!filters.length || filters.some((x) => f.includes(x))))
  .sort();
if (!files.length) {
  process.stderr.write(`no test file matches ${filters.join(' ')}\n`);
  process.exit(1);
}

const env = { ...process.env, ...(await ensureAdapter()), FORCE_COLOR: '0' };
const totals = { passed: 0, failed: 0, skipped: 0 };

if (args.includes('--checks')) {
  const { runChecks } = await import('./checks.mjs');
  for (const { name, ok, seconds, output } of await runChecks()) {
    totals[ok ? 'passed' : 'failed']++;
    process.stdout.write(
      `${ok ? 'ok  ' : 'FAIL'} check: ${name} (${seconds.toFixed(1)} s)\n${ok ? '' : `${output}\n`}`,
    );
  }
}

rmSync(out, { recursive: true, force: true });
writeShaderTypes();
await bundleForNode(Object.fromEntries(files.map((f) => [f.replace(/\.ts$/, ''), join('test', f)])), out);

/** One file; uvu's `Total:`, `Passed:`, `Skipped:` lines are what counts, and a process that dies without them failed. */
function run(file) {
  const started = performance.now();
  const built = join(out, file.replace(/\.ts$/, '.js'));
  const child = spawn(process.execPath, ['--expose-gc', '--enable-source-maps', built], { cwd: root, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  return new Promise((done) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 300_000);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const count = (word) =>
        [...output.matchAll(new RegExp(`${word}:\\s+(\\d+)`, 'g'))].reduce((n, m) => n + Number(m[1]), 0);
      const total = count('Total');
      const passed = count('Passed');
      const skipped = count('Skipped');
      // uvu leaves skipped tests out of its total.
      let failed = total - passed;
      if ((code !== 0 || total + skipped === 0) && failed === 0) failed = 1;
      totals.passed += passed;
      totals.skipped += skipped;
      totals.failed += failed;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const how = signal ? `, killed by ${signal}` : code ? `, exit ${code}` : '';
      process.stdout.write(
        `${failed ? 'FAIL' : 'ok  '} ${relative('test', join('test', file))}: ${passed}/${total} in ${seconds} s${how}\n`,
      );
      const notes = output.split('\n').filter((line) => line.startsWith('# '));
      if (failed) process.stdout.write(`${output}\n`);
      else if (notes.length) process.stdout.write(`${notes.join('\n')}\n`);
      done();
    });
  });
}

const queue = [...files].sort(
  (a, b) => Number(basename(b).startsWith('page')) - Number(basename(a).startsWith('page')),
);
const worker = async () => {
  for (let file = queue.shift(); file; file = queue.shift()) await run(file);
};
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));

process.exitCode = totals.failed ? 1 : 0;
process.stdout.write(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}\n`,
);
