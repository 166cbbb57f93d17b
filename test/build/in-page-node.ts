/** A test file that no page can run, for browser-suite.test.ts. */
import { cpus } from 'node:os';
import { test } from 'uvu';

test('counts processors', () => {
  cpus();
});

test.run();
