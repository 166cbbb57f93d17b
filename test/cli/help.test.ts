/** `help`: what a verb takes, and the documents of the repository, in a checkout as in a package. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { topics } from '../../src/cli/help.ts';
import { CommandLine } from './spawned.ts';

const cli = await CommandLine.make('help');
test.after(() => cli.remove());

test('a topic is the document of a folder; one that is called as a verb is goes by its path', () => {
  const root = mkdtempSync(join(tmpdir(), 'veilgan-topics-'));
  const files = ['README.md', 'src/README.md', 'src/privacy/README.md', 'src/data/README.md', 'bench/README.md'];
  try {
    for (const file of [...files, '.github/CHANGELOG.md', 'src/gan/deep/README.md', 'src/privacy/notes.txt']) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), `first\n# About ${file}\n\n# more\n`);
    }
    assert.equal(
      topics(root).map(({ name, title }) => [name, title]),
      [
        ['veilgan', 'About README.md'],
        ['src', 'About src/README.md'],
        ['src/data/README.md', 'About src/data/README.md'],
        ['privacy', 'About src/privacy/README.md'],
        ['bench/README.md', 'About bench/README.md'],
        ['changelog', 'About .github/CHANGELOG.md'],
      ],
    );
    assert.equal(topics(join(root, 'nowhere')), []);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('help of a verb is its --help; without a topic there is a list; an unknown one names the nearest', async () => {
  await cli.inOne(async (run) => {
    for (const verb of [['train'], ['data', 'import'], ['help']]) {
      const [help, flag] = [await run(['help', ...verb]), await run([...verb, '--help'])];
      assert.equal(help, flag);
      assert.match(help.stdout, new RegExp(`^Usage: veilgan ${verb.join(' ')} `));
    }
    const { code, stdout } = await run(['help']);
    assert.is(code, 0);
    for (const line of [/^train +train a system/m, /^veilgan help TOPIC$/m, /^privacy +\S/m])
      assert.match(stdout, line);
    const { topics: all } = JSON.parse((await run(['help', '--json'])).stdout) as { topics: { name: string }[] };
    const { stdout: chapter } = await run(['help', 'privacy']);
    assert.ok(all.some(({ name }) => name === 'privacy') && /^# /m.test(chapter));
  });
  await cli.allFail([
    ['help privcy', 2, /TOPIC: there is no topic privcy\. Did you mean privacy\?/],
    ['help trian', 2, /Did you mean train\?/],
  ]);
});

test('a reader who leaves early is no error', async () => {
  const { child, ended } = cli.start(['help', 'privacy']);
  child.stdout.destroy();
  const { code, stderr } = await ended;
  assert.equal([code, stderr], [0, '']);
});

test.run();
