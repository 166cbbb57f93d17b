/** The READMEs: written parts are fresh, what they point at exists, and nothing cites what a clone does not have. */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root, type Source, trackedFiles } from './sources.ts';

// Not bundled into this file: the tools know the project's root by where they lie.
const docs: typeof import('../tools/docs.mjs') = await import(
  pathToFileURL(join(root, 'test', 'tools', 'docs.mjs')).href
);

const pages: Source[] = docs.pages().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

/** Files that a page points at and that are not there: links, pictures, and paths between backticks. */
function missing({ path, text }: Source): string[] {
  const prose = text.replace(/^```.*?^```$/gms, '');
  const links = [...prose.matchAll(/\]\(([^)\s#]+)[^)]*\)|\bsrc(?:set)?="([^"]+)"/g)].map(([, a, b]) => a ?? b);
  const paths = [...prose.matchAll(/`([\w.-]+(?:\/[\w.-]+)+|[\w-]+\.(?:ts|mjs|wgsl))`/g)]
    .map(([, name]) => name)
    .filter(
      (name) => /\.(ts|mjs|wgsl|md)$|^(src|test|bench|shaders)\//.test(name) && !/^(dist|runs)\/|NAME/.test(name),
    );
  const from = posix.dirname(path);
  const there = (name: string) => [from, '.'].some((folder) => existsSync(join(root, posix.join(folder, name))));
  return [
    ...links.filter((link) => !/^https?:/.test(link) && !existsSync(join(root, posix.join(from, link)))),
    ...paths.filter((name) => !there(name)),
  ].map((name) => `${path}: ${name}`);
}

/** Lines that cite what is no file of the repository. */
const ELSEWHERE = /\bDESIGN(\.md)?\b|(?<!@)\b[Ss]pec[ /]([Ss]ections?\b|[Aa]ppendix\b|\w+\.md|\d)|\d of the spec\b/;
const citing = ({ path, text }: Source): string[] =>
  text.split('\n').flatMap((line, i) => (ELSEWHERE.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : []));

test('a stale part is found and written anew, and a fresh one is left alone', () => {
  const stale = 'a\n<!-- table: verbs -->\nold\n<!-- /table -->\nb\n<!-- quote: a.ts -->\n<!-- /quote -->\n';
  const fresh =
    'a\n<!-- table: verbs -->\ntable verbs\n<!-- /table -->\nb\n<!-- quote: a.ts -->\nquote a.ts\n<!-- /quote -->\n';
  const part = (kind: string, name: string) => `${kind} ${name}`;
  assert.is(docs.filled(stale, part), fresh);
  assert.is(docs.filled(fresh, part), fresh);
});

test('an example is quoted as a paragraph and code', () => {
  const text = "/**\n * Adds.\n * Twice.\n */\nimport { test } from 'uvu';\n\nadd();\n\ntest.run();\n";
  assert.is(docs.quoted(text), "Adds.\nTwice.\n\n```ts\nimport { test } from 'uvu';\n\nadd();\n```");
  assert.throws(() => docs.quoted('add();\n'));
});

test('what rows, measurements and tests write is fresh; `npm run docs` writes it', async () => {
  assert.equal(
    (await docs.stalePages()).map(([path]) => path),
    [],
  );
});

test('README.md has at most 150 lines', () => {
  const lines = readFileSync(join(root, 'README.md'), 'utf8').trimEnd().split('\n').length;
  assert.ok(lines <= 150, `${lines} lines`);
});

test('what a page points at exists', () => {
  const page = (text: string): Source => ({ path: 'src/gan/README.md', text });
  assert.equal(missing(page('[a](../README.md) [b](none.md#x) `src/none.ts` `systems/none.ts`')), [
    ...['src/gan/README.md: none.md', 'src/gan/README.md: src/none.ts', 'src/gan/README.md: systems/none.ts'],
  ]);
  assert.equal(pages.flatMap(missing), []);
});

test('a comment names files that are there', () => {
  const files = trackedFiles();
  if (!files) return console.error('# skipped: not a git checkout');
  const named = ({ path, text }: Source): string[] =>
    text.split('\n').flatMap((line, i) => {
      if (!/^\s*(\/\/|\/?\*)/.test(line)) return [];
      const names = line.match(/(?<![\w./*{-])[a-z][\w./-]*\.(ts|mjs|wgsl)\b(?!\()/g) ?? [];
      // NAME and FILE stand for any.
      const gone = names.filter(
        (name) => !/NAME|FILE/.test(name) && !files.some((file) => `/${file}`.endsWith(`/${name}`)),
      );
      return gone.map((name) => `${path}:${i + 1}: ${name}`);
    });
  assert.equal(named({ path: 'a.ts', text: '// as layers.test.ts and no-such.ts have it\nconst a = "b.ts";\n' }), [
    'a.ts:1: no-such.ts',
  ]);
  const own = files.filter((path) => /^(src|test|bench|shaders)\/.*\.(ts|mts|mjs|wgsl)$/.test(path));
  const others = own.filter((path) => path !== 'test/house/docs.test.ts');
  assert.equal(
    others.flatMap((path) => named({ path, text: readFileSync(join(root, path), 'utf8') })),
    [],
  );
});

test('every dependency has its line', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const house = readFileSync(join(root, 'src', 'README.md'), 'utf8');
  assert.equal(
    Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !house.includes(`\`${name}\``)),
    [],
  );
});

test('no file cites a document that a clone does not have', () => {
  const outside = ['DESIGN', 'md'].join('.');
  const cited = ['spec', 'privacy.md'].join('/');
  const text = `// see ${outside}\n// (KDD 2021; ${'spec'} sections 2 and B)\n// ${cited} 3.2\n//@spec 4 8\n// a design, the specification\n`;
  assert.equal(
    citing({ path: 'a.ts', text }).map((line) => line.slice(0, 6)),
    ['a.ts:1', 'a.ts:2', 'a.ts:3'],
  );
  const files = trackedFiles();
  if (!files) return console.error('# skipped: not a git checkout');
  const own = files.filter((path) => /\.(ts|mts|mjs|wgsl|md|html|css)$/.test(path));
  const found = own
    .filter((path) => path !== 'test/house/docs.test.ts')
    .flatMap((path) => citing({ path, text: readFileSync(join(root, path), 'utf8') }));
  assert.equal(found, []);
});

test.run();
