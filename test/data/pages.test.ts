/** What a page needs of data sets imports neither Node nor a package but the CSV parser, whose build for pages it takes. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf, resolved, root, sources } from '../house/sources.ts';

const PAGES = [
  'csv/table',
  'csv/text',
  'dataset',
  'encoding/private',
  'formats/idx-read',
  'formats/images',
  'records',
  'split',
  'synthetic',
];
const PARSER = 'csv-parse/browser/esm/sync';

test('browser-safe files of data reach browser-safe files only', () => {
  const byPath = new Map(sources('src', ['.ts']).map(({ path, text }) => [path, text]));
  const seen = new Set<string>();
  const outside: string[] = [];
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = byPath.get(path);
    assert.ok(text, path);
    // Types leave nothing behind.
    for (const specifier of importsOf((text ?? '').replace(/^import type [^;]*;/gm, ''))) {
      if (specifier.startsWith('.')) visit(resolved(path, specifier));
      else if (!specifier.startsWith('#shaders/') && specifier !== PARSER) outside.push(`${path} imports ${specifier}`);
    }
  };
  for (const name of PAGES) visit(`src/data/${name}.ts`);
  assert.ok(seen.has('src/data/csv/utf8.ts'), 'the walk goes on');
  assert.equal(outside, []);
});

test('the reader of tables, bundled for a page, has no import left', async () => {
  // Not bundled into this file: the build scripts know the project's root by where they lie.
  const build: typeof import('../../src/build/build.mjs') = await import(
    pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
  );
  const text = await build.bundleForPage('src/data/csv/table.ts', { minify: true });
  assert.not.match(text, /['"`]node:/);
  assert.not.match(text, /\bimport\s*[({*'"]|\bfrom\s*["']|\brequire\s*\(/);
});

test.run();
