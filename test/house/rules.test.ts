/** Rules of the house that no compiler knows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf, root, type Source, sources, trackedFiles, withoutComments } from './sources.ts';

/** What the top level of the repository may hold, besides dotfiles. */
const TOP = new Set([
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE', 'README.md'],
  ...['src', 'shaders', 'bench', 'test'],
]);

/** Hosts that a file may name: this machine, reserved example names, namespaces, and places of papers and standards. */
const HOSTS = [
  /^(localhost|127\.0\.0\.1|\[::1\])$/,
  /(^|\.)(example\.(com|org|net)|example|test|invalid)$/,
  /^(www\.w3\.org|vega\.github\.io|gpuweb\.github\.io|doi\.org|arxiv\.org)$/,
];

/** Words that only a shader's text has; the op table's one-line bodies such as `exp(a)` are not caught. */
const SHADER = /@compute\b|@builtin\(|var<(storage|uniform|workgroup|private)|\barray<\s*(f32|u32|i32|vec)/;

const code = [...sources('src', ['.ts', '.mjs', '.mts']), ...sources('bench', ['.ts', '.mjs'])];

/** `path:line: text` for every line of code that matches. */
function hits(files: readonly Source[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    withoutComments(text)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  );
}

/** Hosts of the addresses in a text that are not on the list. */
function foreignHosts(text: string): string[] {
  return [...text.matchAll(/\bhttps?:\/\/(?:[^\s/@"`]*@)?([^\s/:"'`<>)\\]+|\[::1\])/g)]
    .map(([, host]) => host)
    .filter((host) => /^[a-z0-9.[\]:-]+$/i.test(host) && !HOSTS.some((known) => known.test(host)));
}

test('the rules catch what they are there for', () => {
  const file = (text: string): Source[] => [{ path: 'a.ts', text }];
  assert.equal(hits(file('const a = 1;\n// @compute\nconst s = `@compute`;'), SHADER), [
    'a.ts:3: const s = `@compute`;',
  ]);
  assert.is(hits(file("const s = 'var<storage, read> x: array<f32>;'"), SHADER).length, 1);
  assert.is(hits(file("op('exp', { wgsl: 'exp(a)' })"), SHADER).length, 0);
  const address = ['https:/', 'mirror.somewhere.net', 'debian'].join('/');
  assert.equal(foreignHosts(`see ${address} and http://127.0.0.1:8080/x, https://doi.org/10.1`), [
    'mirror.somewhere.net',
  ]);
});

test('no shader text in TypeScript', () => {
  // The specialiser and the reflection read shader text, so their patterns hold pieces of it.
  const readers = /^src\/(wgsl\/|build\/shaders\.mjs)/;
  assert.equal(
    hits(
      code.filter(({ path }) => !readers.test(path)),
      SHADER,
    ),
    [],
  );
});

test('only src/api/node.ts imports the webgpu package, and the probe that runs before anything is built', () => {
  // The other engines run in processes of their own, with Dawn as their navigator.gpu.
  const ours = code.filter(({ path }) => !path.startsWith('bench/peers/'));
  const importers = ours.filter(({ text }) => importsOf(text).includes('webgpu')).map(({ path }) => path);
  assert.equal(importers, ['src/api/node.ts', 'src/build/probe.mjs']);
});

test('random numbers come from Philox or the platform, never from Math', () => {
  assert.equal(hits(code, /Math\s*\.\s*random\b/), []);
  assert.equal(hits(code, /\{[^}]*\brandom\b[^}]*\}\s*=\s*Math\b/), []);
});

test('globalThis.navigator is left alone', () => {
  assert.equal(
    hits(sources('src', ['.ts']), /(globalThis|window|self)\.navigator\s*=[^=]|defineProperty\([^,]*,\s*'navigator'/),
    [],
  );
});

test('the top level holds what it may hold', () => {
  const files = trackedFiles();
  if (!files) return console.error('# skipped: not a git checkout');
  const top = new Set(files.map((path) => path.split('/')[0]));
  assert.equal(
    [...top].filter((name) => !TOP.has(name) && !name.startsWith('.')),
    [],
  );
});

test('no file names a package registry or another outside host', () => {
  const files = trackedFiles();
  if (!files) return console.error('# skipped: not a git checkout');
  const lists = files.filter((path) =>
    /\.(ts|mts|mjs|js|json|jsonc|wgsl|md|html|css|csv|yml|sh)$|^\.|^LICENSE$/.test(path),
  );
  // `data fetch` has to know where the public data sets are.
  const may = new Set(['package-lock.json', 'src/data/catalogue.ts']);
  const found = lists
    .filter((path) => !may.has(path))
    .flatMap((path) => foreignHosts(readFileSync(join(root, path), 'utf8')).map((host) => `${path}: ${host}`));
  assert.equal(found, []);
});

test('the lock file names no registry, so that the one set up on the machine is used', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string }>;
  };
  const named = Object.entries(lock.packages).filter(([, { resolved }]) => /^https?:/.test(resolved ?? ''));
  assert.equal(
    named.map(([name]) => name),
    [],
  );
});

test.run();
