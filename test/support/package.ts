/** The package as somebody else installs it: what would be packed, in node_modules of an empty project. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { root } from '../house/sources.ts';

// Not bundled into the tests: the build scripts know the project's root by where they lie.
const build: typeof import('../../src/build/build.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
);

export interface Installed {
  /** an ES-module project with the package in its node_modules */
  readonly project: string;
  /** the package's own folder */
  readonly dir: string;
  /** compressed bytes of what a page loads, by file */
  readonly sizes: Readonly<Record<string, number>>;
  remove(): void;
}

/** Builds the package and installs it beside the other tests' files. */
export async function installPackage(name: string, { types = true } = {}): Promise<Installed> {
  const home = `.build/${name}-${process.pid}`;
  const [dir, project] = [join(root, home, 'package'), join(root, home, 'project')];
  const sizes = await build.buildPackage(`${home}/package/dist`, { types });
  copyFileSync(join(root, 'package.json'), join(dir, 'package.json'));
  cpSync(join(root, 'src', 'examples'), join(dir, 'src', 'examples'), { recursive: true });
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  symlinkSync(dir, join(project, 'node_modules', 'veilgan'), 'junction');
  cpSync(join(root, 'src', 'examples'), project, { recursive: true });
  // Without one of its own it would be a part of this package, whose name then means dist/, built or not.
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  const remove = () => rmSync(join(root, home), { recursive: true, force: true });
  return { project, dir, sizes, remove };
}

/** What a bundler makes of a file of the project, or of a text: for a page, minified. */
export async function bundled({ project }: Installed, source: { file: string } | { text: string }): Promise<string> {
  const { outputFiles } = await esbuild.build({
    ...('file' in source
      ? { entryPoints: [join(project, source.file)] }
      : { stdin: { contents: source.text, resolveDir: project } }),
    // Not this project's own settings, which say that veilgan lies in src.
    tsconfigRaw: {},
    bundle: true,
    format: 'esm',
    platform: 'browser',
    minify: true,
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

/** A file of the package's dist/. */
export const shipped = ({ dir }: Installed, file: string): string => readFileSync(join(dir, 'dist', file), 'utf8');
