/** What a page needs of data sets imports neither Node nor a package. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf, resolved, sources } from '../house/sources.ts';

const PAGES = ['cifar', 'csv', 'dataset', 'idx', 'images', 'known', 'records', 'synthetic', 'utf8'];

test('browser-safe files of data reach browser-safe files only', () => {
  const byPath = new Map(sources('src', ['.ts']).map(({ path, text }) => [path, text]));
  const seen = new Set<string>();
  const outside: string[] = [];
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = byPath.get(path);
    assert.ok(text, path);
    for (const specifier of importsOf(text ?? '')) {
      if (specifier.startsWith('.')) visit(resolved(path, specifier));
      else if (!specifier.startsWith('#shaders/')) outside.push(`${path} imports ${specifier}`);
    }
  };
  for (const name of PAGES) visit(`src/data/${name}.ts`);
  assert.ok(seen.has('src/data/gunzip.ts'), 'the walk goes on');
  assert.equal(outside, []);
});

test.run();
