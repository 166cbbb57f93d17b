/**
 * The checks that need no test: types, format, lint. `npm run check` prints them; the test runner adds them to
 * its totals (`test/tools/test.mjs --checks`). `npm run format` mends what can be mended by itself.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { writeShaderTypes } from '../../src/build/shaders.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Name, package that has the tool, arguments. */
const CHECKS = [
  ['types', 'typescript', 'tsc', ['--noEmit', '--pretty', 'false']],
  ['format', '@biomejs/biome', 'biome', ['format', '--colors=off']],
  ['lint', '@biomejs/biome', 'biome', ['check', '--formatter-enabled=false', '--error-on-warnings', '--colors=off']],
];

/**
 * Runs every check, whatever the others say.
 * @returns {Promise<Array<{ name: string, ok: boolean, seconds: number, output: string }>>} `output` is what the
 *   tool printed, for people
 */
export async function runChecks() {
  // The types of the shaders are generated, and the type check needs them.
  try {
    writeShaderTypes();
  } catch (error) {
    return [{ name: 'shaders', ok: false, seconds: 0, output: String(error.message) }];
  }
  return Promise.all(CHECKS.map(([name, owner, tool, args]) => run(name, executable(owner, tool), args)));
}

/** Minutes of mutants in CI. */
const MUTANT_MINUTES = 1;

/**
 * Some mutants of the private path, as many as fit, chosen by the commit: a check that takes minutes, so `npm run check`
 * leaves it out. Its table is printed whatever came of it.
 */
export async function runMutantCheck() {
  const { mutantCheck } = await import('./mutants.mjs');
  const commit = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  const seed = commit.status === 0 ? commit.stdout.trim() : '1';
  return { ...(await mutantCheck(MUTANT_MINUTES, seed)), always: true };
}

/** The script of a tool, without a shell and without the .cmd that npm writes on Windows. */
function executable(owner, tool) {
  const manifest = createRequire(import.meta.url).resolve(`${owner}/package.json`);
  const { bin } = createRequire(import.meta.url)(manifest);
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[tool]);
}

function run(name, script, args) {
  const start = performance.now();
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    const end = (ok, more = '') => {
      const seconds = (performance.now() - start) / 1000;
      resolve({ name, ok, seconds, output: Buffer.concat(chunks).toString() + more });
    };
    child.on('error', (error) => end(false, error.message));
    child.on('close', (code) => end(code === 0));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const results = await runChecks();
  for (const { name, ok, seconds, output } of results) {
    if (!ok) process.stdout.write(`${output.trim()}\n\n`);
    console.log(`${ok ? 'passed' : 'FAILED'}  ${name} (${seconds.toFixed(1)} s)`);
  }
  if (results.some(({ ok }) => !ok)) process.exitCode = 1;
}
