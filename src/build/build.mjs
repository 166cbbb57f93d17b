/** Bundles: the command line and the tests for Node, the engine for pages. `node src/build/build.mjs` builds dist/. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
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
export function bundleForNode(entries, outdir) {
  return esbuild.build({ ...common, entryPoints: entries, outdir, platform: 'node', packages: 'external' });
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

/** The launcher, and what it starts. */
const cli = { cli: 'src/cli/launch.ts', main: 'src/cli/main.ts' };

/** The command line, built from source: about 0.2 s. Returns the file to run. */
export async function buildCli() {
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeShaderTypes();
  await bundleForNode(cli, 'dist');
  return join(root, 'dist', 'cli.js');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeShaderTypes();
  await bundleForNode({ ...cli, index: 'src/index.ts', node: 'src/node.ts' }, 'dist');
  process.stderr.write('built dist/cli.js, dist/index.js, dist/node.js\n');
}
