/** README's first example does what it says: it type-checks, runs as it stands, and prints what stands below it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './sources.ts';

// Not bundled into this file: the build scripts know the project's root by where they lie.
const build: typeof import('../../src/build/build.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
);

interface Block {
  language: string;
  text: string;
}

/** The fenced blocks of a Markdown text, in order. */
const blocks = (text: string): Block[] =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, body]) => ({ language, text: body }));

const readme = join(root, 'README.md');
const all = existsSync(readme) ? blocks(readFileSync(readme, 'utf8')) : [];
const at = all.findIndex((b) => b.language === 'ts' && b.text.includes("'veilgan/node'"));

const folder = join(root, '.build', `readme-${process.pid}`);
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('blocks are found as Markdown has them', () => {
  assert.equal(blocks('a\n```ts\nx\n\ny\n```\nb ```c```\n```\nz\n```\n'), [
    { language: 'ts', text: 'x\n\ny\n' },
    { language: '', text: 'z\n' },
  ]);
});

if (at < 0) {
  console.error("# SKIPPED: README.md has no ts block that imports from 'veilgan/node'");
  test.skip('the example');
} else {
  example(all[at].text, all[at + 1]);
}

function example(source: string, below: Block | undefined): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'example.ts');
  writeFileSync(file, source.replaceAll("'veilgan/node'", "'../../src/api/node.ts'"));

  test('the example type-checks', () => {
    const config = { extends: '../../tsconfig.json', include: ['example.ts', '../shaders.d.ts'], exclude: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const { resolve } = createRequire(join(root, 'package.json'));
    const tsc = join(resolve('typescript/package.json'), '..', 'bin', 'tsc');
    const { status, stdout } = spawnSync(process.execPath, [tsc, '--noEmit', '-p', folder], { encoding: 'utf8' });
    assert.is(status, 0, stdout);
  });

  test('the example prints what README says', async () => {
    assert.ok(below && below.language === '', 'a block with the output follows the example');
    await build.bundleForNode({ example: file }, folder);
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'example.js')], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.is(status, 0, stderr);
    const tokens = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/));
    const [found, told] = [tokens(stdout), tokens(below.text)];
    assert.equal(
      found.map((line) => line.length),
      told.map((line) => line.length),
      `printed:\n${stdout}`,
    );
    for (const [i, line] of told.entries()) {
      for (const [j, token] of line.entries()) {
        const same = token === found[i][j] || Math.abs(Number(token) - Number(found[i][j])) <= 1.5e-4;
        assert.ok(same, `line ${i + 1}: ${found[i][j]}, not ${token}; printed:\n${stdout}`);
      }
    }
  });
}

test.run();
