/**
 * The engine's own tests in headless Chromium: every test file of the browser-safe layers runs unchanged in a page of
 * its own, with navigator.gpu in place of Dawn (test/support/in-page.ts for src/api/node.ts).
 */
import { existsSync } from 'node:fs';
import { builtinModules, SourceMap } from 'node:module';
import { join, relative, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import * as esbuild from 'esbuild';
import { root, wgsl } from '../../src/build/shaders.mjs';
import { inTab, openBrowser } from './browser.mjs';

/** The layers of src that every page may have; folders of test/. */
const LAYERS = ['wgsl', 'gpu', 'tensor', 'ops', 'autograd', 'nn', 'optim', 'privacy', 'gan', 'attack', 'metrics'];

/** What no import tells: why else a file stays out. */
const LEFT_OUT = {
  'gpu/gc.test.ts': "is about Dawn's object and Node's garbage collector",
  'gan/presets.test.ts': 'its float64 references take half a minute; image-steps.test.ts has the same steps, narrower',
  'gan/images.test.ts': 'the float64 reference alone, 10 s: no device, and nothing of src',
  'ops/conv-kernels.test.ts': 'every kernel on every shape takes 34 s; conv.test.ts runs those that a page chooses',
  'gan/twins.test.ts': '43 s of training; networks-private and row-draws have what a device decides of it',
  'ops/weighted.test.ts': '33 s, most of it float64; contract, conv and clip.test.ts run the same kernels',
  'gan/tiny-images.test.ts': '20 s of training; image-steps.test.ts runs the same systems',
  'attack/monte-carlo.test.ts': 'float64 on the host but for its distances, which neighbours.test.ts tests',
  'attack/audit/step-law.test.ts': 'float64 statistics without a device, 10 s; no page audits',
  'attack/audit/verdict.test.ts': 'float64 statistics without a device, a thousand audits; no page audits',
  'attack/audit/guesses.test.ts': 'float64 statistics without a device, 8 s; no page audits',
  'privacy/accountant-pld.test.ts': 'float64 without a device, 12 s; accountant-calibrate.test.ts uses PLD too',
  'privacy/accountant-replace.test.ts': 'float64 without a device, 25 s; budget.test.ts uses both accountants for it',
};

const TIMEOUT_MS = 300_000;

const inPage = {
  name: 'in-page',
  setup(build) {
    build.onResolve({ filter: /\/node\.ts$/ }, ({ path, resolveDir }) =>
      join(resolveDir, path) === join(root, 'src', 'api', 'node.ts')
        ? { path: join(root, 'test', 'support', 'in-page.ts') }
        : undefined,
    );
  },
};

/**
 * Bundles the test files that can run in a page.
 * @param {string[]} files paths below test/, with forward slashes
 * @param {string[]} [layers] the folders whose files are taken
 * @returns {Promise<{ cases: { file: string, script: string, map: string }[], left: { file: string, why: string }[] }>}
 *   those that can, and those of the engine's layers that cannot, with the reason: they reach a module of Node
 */
export async function bundleSuite(files, layers = LAYERS) {
  const mine = files.filter((file) => layers.includes(file.split('/')[0]));
  for (const file of Object.keys(LEFT_OUT))
    if (!existsSync(join(root, 'test', file))) throw new Error(`there is no test/${file} any more to leave out`);
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    plugins: [wgsl, inPage],
    external: ['node:*', ...builtinModules],
    entryPoints: mine.filter((file) => !(file in LEFT_OUT)).map((file) => `test/${file}`),
    outbase: 'test',
    outdir: '.build/page',
    sourcemap: 'external',
    sourcesContent: false,
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [relative(root, path).split(sep).join('/'), text]));
  const cases = [];
  const left = mine.flatMap((file) => (file in LEFT_OUT ? [{ file, why: LEFT_OUT[file] }] : []));
  for (const [path, output] of Object.entries(metafile.outputs)) {
    if (!output.entryPoint) continue;
    const file = output.entryPoint.slice('test/'.length);
    const why = reachesNode(output, metafile.inputs);
    if (why) left.push({ file, why });
    else cases.push({ file, script: texts.get(path), map: texts.get(`${path}.map`) });
  }
  return { cases, left };
}

/** Which of a bundle's files imports which module of Node; null where none does. */
function reachesNode(output, inputs) {
  if (!output.imports.some(({ external }) => external)) return null;
  for (const path of Object.keys(output.inputs)) {
    const found = inputs[path]?.imports.find(({ external }) => external);
    if (found) return `${path} imports ${found.path}`;
  }
  return 'it reaches a module of Node';
}

/**
 * Runs test files one after another, each in a page of its own; a browser in which a page broke is replaced.
 * @param {{ file: string, script: string, map: string }[]} cases of `bundleSuite`
 * @param {(done: { file: string, output: string, seconds: number, fault: string }) => void} report called after each
 *   file with what the page printed, as in Node; `fault` tells of a page that crashed, threw, or did not end, else ''
 * @param {number} [timeout] milliseconds a file may take
 */
export async function runSuite(cases, report, timeout = TIMEOUT_MS) {
  let browser = null;
  for (const { file, script, map } of cases) {
    const started = performance.now();
    let text = '';
    let fault = '';
    try {
      browser ??= await openBrowser();
      await untilDone(browser, script, timeout, (more) => {
        text += more;
      });
    } catch (error) {
      fault = error.message;
      await browser?.close().catch(() => {});
      browser = null;
    }
    const output = withSources(stripVTControlCharacters(text), map);
    report({ file, output, seconds: (performance.now() - started) / 1000, fault: withSources(fault, map) });
  }
  await browser?.close();
}

/** Where there is no process.stdout, uvu prints by console.log, ends of lines included; `Duration` is its last word. */
function untilDone(browser, script, timeout, add) {
  let end;
  const done = new Promise((resolve) => {
    end = resolve;
  });
  const console = (message, type) => {
    add(type === 'log' ? message : `${message}\n`);
    if (/^\s*Duration:/.test(message)) end();
  };
  return inTab(browser, () => done, { script, console, timeout });
}

/** Positions in the served script as positions in the sources. */
function withSources(text, map) {
  if (!/\/script\.js:\d+:\d+/.test(text)) return text;
  const sources = new SourceMap(JSON.parse(map));
  return text.replace(/http:[^\s()]*\/script\.js:(\d+):(\d+)/g, (whole, line, column) => {
    const { originalSource, originalLine, originalColumn } = sources.findEntry(Number(line) - 1, Number(column) - 1);
    if (!originalSource) return whole;
    const path = relative(root, join(root, '.build', 'page', 'x', originalSource));
    return `${path}:${originalLine + 1}:${originalColumn + 1}`;
  });
}
