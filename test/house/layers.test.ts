/** A later layer may import an earlier one, never the reverse; what a page loads needs no Node. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf, resolved, root, type Source, sources } from './sources.ts';

const LAYERS = [
  ...['wgsl', 'gpu', 'tensor', 'ops', 'autograd', 'nn', 'optim', 'privacy', 'gan', 'attack', 'metrics', 'data'],
  ...['run', 'assess', 'report', '(entries)', 'cli', 'page', 'examples'],
];
/** The build scripts stand outside: they import no layer, and only `doctor` asks them where things are. */
const BUILD = 'build';
const MAY_ASK_BUILD = new Set(['src/cli/doctor.ts']);
/** The benchmarks live outside src; the verb that runs them may reach them. */
const MAY_BENCH = new Set(['src/cli/bench.ts']);

function layerOf(path: string): string {
  const parts = path.split('/');
  return parts.length === 2 ? '(entries)' : parts[1];
}

/** Every import that goes the wrong way, as `from -> to`. */
function violations(files: readonly Source[]): string[] {
  const wrong: string[] = [];
  for (const { path, text } of files) {
    for (const specifier of importsOf(text).filter((name) => name.startsWith('.'))) {
      const target = resolved(path, specifier);
      if (target.endsWith('.wgsl')) continue;
      if (MAY_BENCH.has(path) && target.startsWith('bench/') && !target.startsWith('bench/peers/')) continue;
      const [from, to] = [layerOf(path), layerOf(target)];
      const allowed =
        from === BUILD || to === BUILD
          ? from === to || MAY_ASK_BUILD.has(path)
          : target.startsWith('src/') && LAYERS.indexOf(to) <= LAYERS.indexOf(from);
      if (!allowed) wrong.push(`${path} -> ${target}`);
    }
  }
  return wrong;
}

// shaders.mjs writes the text of a file that imports; it is no import of its own.
const own = sources('src', ['.ts', '.mjs', '.mts']).filter(({ path }) => path !== 'src/build/shaders.mjs');

test('the walk sees imports of every form', () => {
  const text = `import a from './a.ts';
import {
  b,
} from './b.ts';
import type { C } from '../c.ts';
export * from './d.ts';
  const e = await import('./e.ts');
import './f.ts';
// import './g.ts';
 * import { h } from './h.ts';
const notOne = 'from';
const i = "./i.ts";
`;
  assert.equal(importsOf(text).sort(), ['../c.ts', './a.ts', './b.ts', './d.ts', './e.ts', './f.ts']);
});

test('the rule catches what it is there for', () => {
  const file = (path: string, specifier: string): Source => ({ path, text: `import { x } from '${specifier}';\n` });
  assert.equal(violations([file('src/gpu/a.ts', '../ops/b.ts')]), ['src/gpu/a.ts -> src/ops/b.ts']);
  assert.equal(violations([file('src/gan/a.ts', '../node.ts')]), ['src/gan/a.ts -> src/node.ts']);
  assert.equal(violations([file('src/gan/a.ts', '../../test/b.ts')]), ['src/gan/a.ts -> test/b.ts']);
  assert.equal(violations([file('src/cli/a.ts', '../build/b.mjs')]), ['src/cli/a.ts -> src/build/b.mjs']);
  assert.equal(violations([file('src/build/a.mjs', '../cli/b.ts')]), ['src/build/a.mjs -> src/cli/b.ts']);
  assert.equal(violations([file('src/ops/a.ts', '../gpu/b.ts'), file('src/cli/a.ts', '../node.ts')]), []);
  assert.equal(violations([file('src/ops/a.ts', '../../shaders/b.wgsl')]), []);
});

test('every folder of src is a layer', () => {
  const unknown = own.map(({ path }) => layerOf(path)).filter((layer) => layer !== BUILD && !LAYERS.includes(layer));
  assert.equal([...new Set(unknown)], []);
});

test('imports go from later layers to earlier ones', () => {
  assert.equal(violations(own), []);
});

test('relative imports name a file that exists, with its extension', () => {
  const all = [...own, ...sources('test', ['.ts', '.mjs']), ...sources('bench', ['.ts', '.mjs'])];
  const wrong = all
    .filter(({ path }) => path !== 'test/house/layers.test.ts')
    .flatMap(({ path, text }) =>
      importsOf(text)
        .filter((name) => name.startsWith('.') && !existsSync(join(root, resolved(path, name))))
        .map((name) => `${path}: ${name}`),
    );
  assert.equal(wrong, []);
});

test('what src/index.ts reaches needs neither Node nor a package', () => {
  const byPath = new Map(own.map((source) => [source.path, source]));
  const seen = new Set<string>();
  const outside: string[] = [];
  const visit = (path: string) => {
    const source = byPath.get(path);
    if (!source || seen.has(path)) return;
    seen.add(path);
    for (const specifier of importsOf(source.text)) {
      if (specifier.startsWith('#shaders/')) continue;
      if (specifier.startsWith('.')) visit(resolved(path, specifier));
      else outside.push(`${path} imports ${specifier}`);
    }
  };
  visit('src/index.ts');
  assert.ok(seen.size > 1, 'src/index.ts reaches other files');
  assert.equal(outside, []);
});

test.run();
