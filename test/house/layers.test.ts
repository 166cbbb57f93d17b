/** Which rooms may import which, where files may import each other, and that what a page loads needs no Node. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOMS } from './rooms.ts';
import { importsOf, resolved, root, type Source, sources } from './sources.ts';

const ARROWS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(ROOMS).map(([room, { imports }]) => [room, imports]),
);
/** The build scripts stand outside: they import no room, and only `doctor` asks them where things are. */
const BUILD = 'build';
const MAY_ASK_BUILD = new Set(['src/cli/doctor.ts']);
/** The benchmarks live outside src; the verb that runs them may reach them. */
const MAY_BENCH = new Set(['src/cli/bench.ts']);
/** Whose files make each other up; everywhere else files import in one direction. */
const CIRCLES = /^src\/(ops|tensor)\//;
/** Rooms that take the GPU apart; all others come in by its door, gpu/index.ts. */
const MECHANICS = new Set(['gpu', 'tensor', 'ops']);

const roomOf = (path: string): string => path.split('/')[1];

/** Every import that no arrow allows, as `from -> to`. */
function violations(files: readonly Source[]): string[] {
  const wrong: string[] = [];
  for (const { path, text } of files) {
    for (const specifier of importsOf(text).filter((name) => name.startsWith('.'))) {
      const target = resolved(path, specifier);
      if (target.endsWith('.wgsl')) continue;
      if (MAY_BENCH.has(path) && target.startsWith('bench/') && !target.startsWith('bench/peers/')) continue;
      const [from, to] = [roomOf(path), roomOf(target)];
      const inside = target.startsWith('src/') && (from === to || ARROWS[from]?.includes(to));
      const allowed = to === BUILD ? from === to || MAY_ASK_BUILD.has(path) : inside;
      const door = to !== 'gpu' || MECHANICS.has(from) || target === 'src/gpu/index.ts';
      if (!allowed || !door) wrong.push(`${path} -> ${target}`);
    }
  }
  return wrong;
}

/** Files that reach themselves through imports, in groups of those that reach each other (Tarjan 1972). */
function circles(files: readonly Source[]): string[][] {
  const arrows = new Map(
    files.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter((name) => name.startsWith('.'))
        .map((name) => resolved(path, name)),
    ]),
  );
  const found: string[][] = [];
  const [order, low] = [new Map<string, number>(), new Map<string, number>()];
  const stack: string[] = [];
  const visit = (path: string) => {
    order.set(path, order.size);
    low.set(path, order.size - 1);
    stack.push(path);
    for (const next of arrows.get(path) ?? []) {
      if (!arrows.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(path, Math.min(low.get(path) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(path) !== order.get(path)) return;
    const group = stack.splice(stack.indexOf(path));
    if (group.length > 1) found.push(group.sort());
  };
  for (const path of arrows.keys()) if (!order.has(path)) visit(path);
  return found;
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
  assert.equal(violations([file('src/metrics/a.ts', '../attack/b.ts')]), ['src/metrics/a.ts -> src/attack/b.ts']);
  assert.equal(violations([file('src/gan/a.ts', '../api/node.ts')]), ['src/gan/a.ts -> src/api/node.ts']);
  assert.equal(violations([file('src/gan/a.ts', '../gpu/pool.ts')]), ['src/gan/a.ts -> src/gpu/pool.ts']);
  assert.equal(violations([file('src/gan/a.ts', '../../test/b.ts')]), ['src/gan/a.ts -> test/b.ts']);
  assert.equal(violations([file('src/cli/a.ts', '../build/b.mjs')]), ['src/cli/a.ts -> src/build/b.mjs']);
  assert.equal(violations([file('src/build/a.mjs', '../cli/b.ts')]), ['src/build/a.mjs -> src/cli/b.ts']);
  assert.equal(violations([file('src/ops/a.ts', '../gpu/b.ts'), file('src/cli/a.ts', '../api/node.ts')]), []);
  assert.equal(violations([file('src/ops/a.ts', '../../shaders/b.wgsl')]), []);
  const ring = [file('src/a/a.ts', './b.ts'), file('src/a/b.ts', './c.ts'), file('src/a/c.ts', './a.ts')];
  assert.equal(circles([file('src/a/d.ts', './a.ts'), ...ring]), [['src/a/a.ts', 'src/a/b.ts', 'src/a/c.ts']]);
});

test('every folder of src is a room with its arrows, and no two rooms import each other', () => {
  const rooms = [...new Set(own.map(({ path }) => roomOf(path)))].filter((room) => room !== BUILD);
  assert.equal(
    rooms.filter((room) => !ARROWS[room]),
    [],
  );
  const reaches = (room: string): Set<string> => new Set(ARROWS[room].flatMap((next) => [next, ...reaches(next)]));
  for (const room of rooms) assert.not.ok(reaches(room).has(room), `${room} comes back to itself`);
});

test('imports go along the arrows', () => {
  assert.equal(violations(own), []);
});

test('files import in one direction, those of ops and tensor aside', () => {
  assert.equal(
    circles(own).filter((group) => !group.every((path) => CIRCLES.test(path))),
    [],
  );
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

test('what src/api/index.ts reaches needs neither Node nor a package', () => {
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
  visit('src/api/index.ts');
  assert.ok(seen.size > 1, 'src/api/index.ts reaches other files');
  assert.equal(outside, []);
});

test.run();
