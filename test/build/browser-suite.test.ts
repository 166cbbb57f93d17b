/** The runner of tests in pages: what fails there is told as in Node, and whatever breaks a page counts as a failure. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../src/build/chromium.mjs';
import { root } from '../house/sources.ts';

// Not bundled into this file: the build scripts know the project's root by where they lie.
const { bundleSuite, runSuite }: typeof import('../tools/browser-suite.mjs') = await import(
  pathToFileURL(join(root, 'test', 'tools', 'browser-suite.mjs')).href
);
const check = findChromium() ? test : test.skip;
if (!findChromium()) console.error('# SKIPPED: no Chromium (npm run setup -- --browser)');

test('files that reach a module of Node, and those of other layers, stay out', async () => {
  const files = ['build/in-page.ts', 'build/in-page-node.ts', 'cli/cli.test.ts', 'gpu/gc.test.ts'];
  const { cases, left } = await bundleSuite(files, ['build', 'gpu']);
  assert.equal(
    cases.map(({ file }) => file),
    ['build/in-page.ts'],
  );
  assert.equal(left[0].file, 'gpu/gc.test.ts');
  assert.equal(left[1], { file: 'build/in-page-node.ts', why: 'test/build/in-page-node.ts imports node:os' });
  assert.is(left.length, 2);
});

check('failures come with name, message and place; a page that breaks does not stop the next', async () => {
  const [real] = (await bundleSuite(['build/in-page.ts'], ['build'])).cases;
  const made = (file: string, script: string) => ({ ...real, file, script });
  const done: Parameters<Parameters<typeof runSuite>[1]>[0][] = [];
  await runSuite(
    [
      real,
      made('throws', 'throw new Error("on purpose")'),
      made('hangs', 'console.log("waits")'),
      made('ends', 'console.log("\\n  Total: 1"); console.log("\\n  Duration: 1")'),
    ],
    (one) => done.push(one),
    8000,
  );
  assert.equal(
    done.map(({ file }) => file),
    ['build/in-page.ts', 'throws', 'hangs', 'ends'],
  );
  const [own, throws, hangs, ends] = done;
  assert.is(own.fault, '');
  assert.match(own.output, /Total: +3\n +Passed: +1\n +Skipped: +0\n/);
  assert.match(own.output, /FAIL +"fails on purpose"\n +one is not two/);
  assert.match(own.output, /at Object\.handler \(test\/build\/in-page\.ts:15:10\)/);
  assert.match(own.output, /FAIL +"reads from a lost device"\n +the GPU device was lost/);
  assert.match(own.output, /^(• )*# a note$/m);
  assert.match(throws.fault, /the page failed: Error: on purpose/);
  assert.match(hangs.fault, /within 8 s/);
  assert.is(hangs.output, 'waits');
  assert.is(ends.fault, '');
});

test.run();
