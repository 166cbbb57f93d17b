/** `audit --quick` as a process: what stands guard over every change of the private path. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine } from './spawned.ts';

const cli = await CommandLine.make('audit_quick');
test.after(() => cli.remove());

test('a correct system passes all parts', async () => {
  const before = cli.listing();
  const { code, stdout, stderr } = await cli.run('audit', '--quick', '--json');
  assert.is(code, 0, stderr);
  const found = JSON.parse(stdout);
  assert.equal(
    found.parts.map(({ name }: { name: string }) => name),
    ['replay', 'step', 'samplers', 'transcript'],
  );
  assert.equal(found.failed, []);
  assert.is(found.disproved, false);
  assert.is(found.false_alarm, 1e-6);
  assert.ok(found.epsilon_lower < found.epsilon_claimed && found.ceiling < found.epsilon_claimed);
  assert.equal(cli.listing(), before);
  console.error(`# ${found.tests} tests in ${found.seconds.toFixed(0)} s`);
});

test.run();
