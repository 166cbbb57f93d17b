/** Run directories below a folder of a test's own. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { NewRun } from '../../src/run/run.ts';

export const meta: NewRun = {
  system: 'pargan',
  data: { name: 'blobs', rows: 5000 },
  seed: 1,
  config: { steps: 100, learning_rate: 1e-3, divergence: 'js' },
  adapter: { description: 'llvmpipe' },
};

/** Tests with a fresh folder `root` each, and in it a path `dir` at which nothing is yet. */
export function runTests(name: string) {
  const test = suite<{ dir: string; root: string }>(name);
  test.before.each((context) => {
    context.root = fs.mkdtempSync(join(tmpdir(), 'veilgan-run-'));
    context.dir = join(context.root, 'a', 'run');
  });
  test.after.each(({ root }) => fs.rmSync(root, { recursive: true }));
  return test;
}
