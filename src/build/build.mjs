/**
 * Bundles: the command line and the tests for Node, the engine for pages. `node src/build/build.mjs` builds dist/, which
 * is what `npm pack` packs: `--out DIR` elsewhere, `--budget BYTES` against another size.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { buildLibrary, ENTRIES } from './library.mjs';
import { root, wgsl, writeShaderTypes } from './shaders.mjs';

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  plugins: [wgsl],
  logLevel: 'error',
  sourcemap: 'inline',
  sourcesContent: false,
};

/** Bundles `entries` ({out: in}) for Node; packages stay outside. */
export function bundleForNode(entries, outdir, options = {}) {
  return esbuild.build({ ...common, ...options, entryPoints: entries, outdir, platform: 'node', packages: 'external' });
}

/** Milliseconds after which nobody who has started can still want to load a file of an earlier build. */
const STALE_MS = 3_600_000;

/**
 * The command line into a folder: cli.js, and in cli/ what the verbs need, which is loaded when one is asked for.
 * @param {string} outdir from the root
 * @param {Record<string, string>} [more] entries
 * @returns {Promise<string>} the file to run
 */
export async function bundleCli(outdir, more = {}) {
  const options = { splitting: true, chunkNames: 'cli/[name]-[hash]', metafile: true };
  const { metafile } = await bundleForNode({ cli: 'src/cli/main.ts', ...more }, outdir, options);
  const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
  for (const file of readdirSync(join(root, outdir, 'cli'))) {
    const path = join(root, outdir, 'cli', file);
    if (!made.has(file) && Date.now() - statSync(path).mtimeMs > STALE_MS) rmSync(path);
  }
  return join(root, outdir, 'cli.js');
}

/** Bundles one entry for a page; returns its text. `minify` is what ships. */
export async function bundleForPage(entry, { minify = false } = {}) {
  const result = await esbuild.build({
    ...common,
    entryPoints: [entry],
    platform: 'browser',
    sourcemap: false,
    minify,
    write: false,
  });
  return result.outputFiles[0].text;
}

/** The command line, built from source: about 0.2 s. Returns the file to run. */
export async function buildCli() {
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeShaderTypes();
  return bundleCli('dist');
}

/** What `veilgan help TOPIC` prints, from the root. */
function documents() {
  const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const folders = ['', 'src', ...rooms.map(({ name }) => `src/${name}`), 'shaders', 'bench', '.github'];
  return folders.flatMap((folder) =>
    (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [])
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file)),
  );
}

/** Most bytes of `veilgan` in a page, compressed: tensors, operations and gradients. */
export const BUDGET = 40_000;

/** What a page loads without a bundler: one file of these, each of which has the ones above it. */
const PAGES = {
  'veilgan.min.js': 'src/api/index.ts',
  'veilgan-nn.min.js': 'src/api/nn.ts',
  'veilgan-gan.min.js': 'src/api/gan.ts',
};

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

/**
 * All that is published. Nothing is written where the engine is over its budget.
 * @param {string} out a folder of the project; its library is emptied first
 * @param {object} [options]
 * @param {number} [options.budget] bytes
 * @param {boolean} [options.types] whether to write types, which takes seconds
 * @returns {Promise<Record<string, number>>} compressed bytes of what a page loads, by file
 * @throws {Error} that says by how much the budget is exceeded, or what does not compile
 */
export async function buildPackage(out, { budget = BUDGET, types = true } = {}) {
  writeShaderTypes();
  const pages = await Promise.all(
    Object.entries(PAGES).map(async ([file, entry]) => [file, await bundleForPage(entry, { minify: true })]),
  );
  const sizes = Object.fromEntries(pages.map(([file, text]) => [file, gzipSync(text, { level: 9 }).length]));
  const over = sizes['veilgan.min.js'] - budget;
  if (over > 0) {
    const [is, may] = [sizes['veilgan.min.js'], budget].map(kilobytes);
    throw new Error(`the engine in a page is ${is} compressed, ${over} bytes over the budget of ${may}`);
  }
  mkdirSync(join(root, out), { recursive: true });
  for (const file of readdirSync(join(root, out))) if (file.endsWith('.js')) rmSync(join(root, out, file));
  for (const folder of ['cli', 'docs']) rmSync(join(root, out, folder), { recursive: true, force: true });
  await buildLibrary(`${out}/lib`, { types });
  await bundleCli(out);
  for (const path of documents()) cpSync(join(root, path), join(root, out, 'docs', path));
  for (const [file, text] of pages) writeFileSync(join(root, out, file), text);
  return sizes;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'dist' },
      budget: { type: 'string', default: String(BUDGET) },
    },
  });
  try {
    const sizes = await buildPackage(values.out, { budget: Number(values.budget) });
    process.stderr.write(
      `built ${values.out}/: the command line, lib/ of ${ENTRIES.length} entries, and for a script tag\n`,
    );
    for (const [file, size] of Object.entries(sizes)) {
      const limit = file === 'veilgan.min.js' ? `, of at most ${kilobytes(BUDGET)}` : '';
      process.stderr.write(`  ${file}: ${kilobytes(size)} compressed${limit}\n`);
    }
  } catch (error) {
    process.stderr.write(`build: ${error.message}\n`);
    process.exitCode = 1;
  }
}
