/** The verb `demo` as a process, with next to no training. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine } from './spawned.ts';

const cli = await CommandLine.make('demo');
test.after(() => cli.remove());

test('demo: report, runs, summary', async () => {
  const { report, runs, summary } = await cli.json<{ report: string; runs: { system: string }[]; summary: object }>(
    ...'demo --steps 2 --out demo'.split(' '),
  );
  assert.match(fs.readFileSync(report, 'utf8').slice(0, 100), /^<!doctype html>/i);
  assert.equal(
    runs.map((r) => r.system),
    ['gan', 'pargan'],
  );
  assert.ok(Object.keys(summary).length > 0);
  for (const name of ['samples.png', 'gan/run.json', 'pargan/checkpoint.safetensors', 'pargan/samples/samples.csv']) {
    assert.ok(fs.existsSync(join(cli.cwd, 'demo', name)), name);
  }
  // Another seed, whose data set would be a new one.
  assert.match(await cli.fails('demo --seed 2 --out demo'.split(' '), 2), /demo exists and is not empty/);
});

test.run();
