/** The launcher: drops Dawn's two warnings and nothing else, delays nothing, hands on signals and exit codes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WarningFilter } from '../../src/cli/warnings.ts';
import { root } from '../house/sources.ts';

// Not bundled into this file: the build scripts know the project's root by where they lie.
const build: typeof import('../../src/build/build.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
);
const folder = join(root, '.build', `launch-${process.pid}`);
const launcher = join(folder, 'cli.js');

test.before(async () => {
  mkdirSync(folder, { recursive: true });
  await build.bundleForNode({ cli: 'src/cli/launch.ts', main: 'test/cli/launched.ts' }, folder);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const uniform =
  'Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.\n';

/** What passes of a text that comes in pieces of `size` bytes: at once, and at the end. */
function filtered(text: string, size: number): [passed: string, rest: string] {
  const filter = new WarningFilter();
  const bytes = Buffer.from(text);
  const passed: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) passed.push(filter.push(bytes.subarray(at, at + size)));
  return [Buffer.concat(passed).toString(), Buffer.from(filter.end()).toString()];
}

test('the filter drops the lines whole, in pieces of any size', () => {
  const storage = uniform.replace('Uniform', 'Storage').replace('\n', '\r\n');
  for (const size of [1, 2, 3, 7, 64, 1000]) {
    assert.equal(filtered(`a\n${uniform}${storage}é\n\n${uniform}\r\x1b[2Kbar 10 %`, size), [
      'a\né\n\n\r\x1b[2Kbar 10 %',
      '',
    ]);
  }
});

test('the filter passes what only looks like them', () => {
  const others = [
    uniform.replace('16', 'sixteen'),
    uniform.replace('Uniform', 'Other'),
    uniform.replace('.\n', '. See there.\n'),
    `now: ${uniform}`,
    'Warning: Vulkan shaderUniform required\n',
    'W\n',
    `${'Warning: maxDynamic'.padEnd(300, '.')}`,
  ];
  for (const text of others) for (const size of [1, 5, 1000]) assert.equal(filtered(text, size), [text, '']);
});

test('the filter holds back only what may become one', () => {
  for (const text of ['Warning: max', uniform.slice(0, -1)]) assert.equal(filtered(text, 4), ['', text]);
  for (const text of ['Warning: min', 'x', ' Warning: max']) assert.equal(filtered(text, 4), [text, '']);
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function launch(job: string, options: { detached?: boolean; stdio?: number[] } = {}) {
  const { detached, stdio } = options;
  const child: ChildProcess = spawn(process.execPath, [launcher, job], { detached, stdio: stdio ?? 'pipe' });
  const out = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name]?.on('data', (data) => (out[name] += data));
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...out })));
  const shows = async (text: string) => {
    for (const end = Date.now() + 20_000; !out.stderr.includes(text); await new Promise((r) => setTimeout(r, 10))) {
      if (Date.now() > end || child.exitCode !== null)
        assert.unreachable(`${text} is not in ${JSON.stringify(out.stderr)}`);
    }
  };
  return { child, ended, shows };
}

test('without the warnings everything is there, and the exit code is that of the program', async () => {
  const { code, stdout, stderr } = await launch('warnings').ended;
  assert.is(code, 7);
  assert.is(stdout, '');
  assert.not.match(stderr, 'artificially reduced');
  // Two ways lead here, native and own, each in its order.
  assert.is(stderr.replace('own\n', '').replace('console\n', ''), 'Warning: another one\nünative\nno end of line');
  assert.ok(stderr.indexOf('own\n') >= 0 && stderr.indexOf('own\n') < stderr.indexOf('console\n'));
  assert.is((await launch('killed').ended).code, 128 + 9);
});

test('stdout and stderr of one file keep their order', async () => {
  const path = join(folder, 'log');
  const log = openSync(path, 'a');
  const { code } = await launch('order', { stdio: [0, log, log] }).ended;
  closeSync(log);
  assert.is(code, 0);
  assert.is(readFileSync(path, 'utf8'), `${Array.from({ length: 20 }, (_, i) => i).join('\n')}\n`);
});

// A signal from another process ends a Windows program without asking it.
const signals = process.platform === 'win32' ? test.skip : test;

signals('a line without an end comes through at once; Ctrl-C stops cleanly, once', async () => {
  const { child, ended, shows } = launch('training', { detached: true });
  await shows('bar 10 %');
  await shows('native 10 %');
  // As a terminal does: to the whole group.
  process.kill(-(child.pid as number), 'SIGINT');
  const { code, stderr } = await ended;
  assert.is(code, 130);
  assert.match(stderr, /\[stopping\]\[saved\]$/);
});

signals('SIGTERM and SIGINT to the launcher alone reach the program', async () => {
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    const { child, ended, shows } = launch('training');
    await shows('bar 10 %');
    child.kill(name);
    const { code, stderr } = await ended;
    assert.is(code, 130);
    assert.match(stderr, /\[stopping\]\[saved\]$/);
  }
});

test.run();
