/** Reads the project's own files for the tests of its house rules. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, posix, relative, sep } from 'node:path';

export interface Source {
  /** path from the root of the project, with forward slashes */
  path: string;
  text: string;
}

/** The folder of the project's package.json, at or above the working directory. */
export const root = findRoot(process.cwd());

/** Files below a folder of the project with one of these extensions. */
export function sources(folder: string, extensions: readonly string[]): Source[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extensions.includes(extname(entry.name)))
    .map((entry) =>
      relative(root, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .filter((path) => !path.includes('node_modules/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Paths that git tracks or would track; null where this is not a git checkout, or git is not there. */
export function trackedFiles(): string[] | null {
  const options = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { status, stdout } = spawnSync('git', options, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) return null;
  return [...new Set(stdout.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path)));
}

/** The module specifiers a TypeScript or JavaScript file imports or re-exports, types included. */
export function importsOf(text: string): string[] {
  const patterns = [
    /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
  ];
  return patterns.flatMap((pattern) => [...withoutComments(text).matchAll(pattern)].map(([, name]) => name));
}

/** The path a relative specifier means, from the root of the project. */
export function resolved(from: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier));
}

/** Blanks lines that are comment and nothing else, so that line numbers stay. */
export function withoutComments(text: string): string {
  return text.replace(/^[ \t]*(?:\/\/|\/?\*).*$/gm, '');
}

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'veilgan')
      return folder;
    if (dirname(folder) === folder) throw new Error(`no package.json of veilgan at or above ${start}`);
  }
}
