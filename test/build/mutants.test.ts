/** The runner of mutants: what is noticed, what survives, and which rows are at fault. Needs no GPU. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../house/sources.ts';

interface Mutant {
  name: string;
  area: string;
  file: string;
  find: string;
  replace: string;
  tests: string[];
  survives?: string;
}
interface Outcome {
  mutant: Mutant;
  outcome: string;
  by: string;
}

// Not bundled into this file: the build scripts know the project's root by where they lie.
const built = (name: string) => import(pathToFileURL(join(root, 'test', 'tools', name)).href);
const { readMutants, faultsOf, shuffled } = await built('mutants-list.mjs');
const { runMutants } = await built('mutants-run.mjs');
const { summary, closing } = await built('mutants.mjs');

const row = (more: Partial<Mutant>): Mutant => ({
  name: 'one',
  area: 'trial',
  file: 'src/sum.ts',
  find: 'a + b',
  replace: 'a - b',
  tests: ['sum'],
  ...more,
});

/** A small project with the real test runner: a test that looks at a sum, one that looks at nothing, one that fails. */
const project = mkdtempSync(join(tmpdir(), 'veilgan-trial-'));
test.before(() => {
  for (const name of ['src/build', 'test/tools', 'shaders', '.gitignore', 'package.json'])
    cpSync(join(root, name), join(project, name), { recursive: true });
  mkdirSync(join(project, 'test'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'), 'junction');
  const lines = ['// Adds.', 'export function sum(a: number, b: number) {', '  return a + b;', '}'];
  writeFileSync(join(project, 'src', 'sum.ts'), lines.join('\n'));
  const file = (name: string, body: string) =>
    writeFileSync(
      join(project, 'test', `${name}.test.ts`),
      `import { test } from 'uvu';\nimport { sum } from '../src/sum.ts';\ntest('it', () => { ${body} });\ntest.run();\n`,
    );
  file('sum', "if (sum(1, 1) !== 2) throw new Error('wrong')");
  file('blind', 'sum(1, 1)');
  file('failing', 'throw new Error(String(sum(1, 1)))');
});
test.after(() => rmSync(project, { recursive: true, force: true }));

const scratches = () => readdirSync(tmpdir()).filter((name) => name.startsWith('veilgan-mutants-'));

test('the page on the guarantee says how many there are, and how many survive', async () => {
  const all = (await readMutants(join(root, 'test', 'mutants'))) as { survives?: string }[];
  const text = readFileSync(join(root, 'src', 'privacy', 'README.md'), 'utf8').replace(/\s+/g, ' ');
  const [, lines, survivors] = /(\d+) lines of the private path .*? (\d+) of them survive/.exec(text) ?? [];
  assert.equal([Number(lines), Number(survivors)], [all.length, all.filter(({ survives }) => survives).length]);
});

test('the list fits the tree', async () => {
  assert.equal(faultsOf(await readMutants(join(root, 'test', 'mutants')), root), []);
});

test('rows at fault are told, each with the file and the text', () => {
  assert.equal(faultsOf([row({})], project), []);
  const found = faultsOf(
    [
      row({ name: 'gone', find: 'no such text' }),
      row({ name: 'often', find: 'number' }),
      row({ name: 'nowhere', file: 'src/none.ts' }),
      row({ name: 'untested', tests: ['no/such/test'] }),
      row({ name: 'idle', replace: 'a + b' }),
      row({ name: 'nameless', tests: undefined }),
      row({ name: 'idle' }),
    ],
    project,
  );
  assert.equal(found.length, 7);
  assert.match(found[0], /^gone: stands 0 times in src\/sum\.ts, not once: "no such text"$/);
  assert.match(found[1], /^often: stands 2 times/);
  assert.match(found[2], /there is no file src\/none\.ts/);
  assert.match(found[3], /no test file matches no\/such\/test/);
  assert.match(found[4], /changes nothing/);
  assert.match(found[5], /has no tests/);
  assert.match(found[6], /stands twice/);
});

test('a seed chooses the same rows whatever else is in the list', () => {
  const many = Array.from({ length: 40 }, (_, i) => row({ name: `mutant ${i}` }));
  const names = (list: Mutant[]) => list.map(({ name }) => name);
  const first = names(shuffled(many, 'a'));
  assert.equal(names(shuffled([...many].reverse(), 'a')), first);
  assert.not.equal(names(shuffled(many, 'b')), first);
  assert.equal([...first].sort(), names(many).sort());
});

test('one that a test notices is killed, one that no test notices survives, and nothing is left behind', async () => {
  const before = scratches();
  const outcomes: Outcome[] = await runMutants(
    [
      row({ name: 'dies', tests: ['blind', 'sum'] }),
      row({ name: 'lives', tests: ['blind'] }),
      row({ name: 'reason', find: '// Adds.', replace: '', tests: [], survives: 'it is a comment' }),
      row({ name: 'broken', replace: 'a +' }),
      row({ name: 'blamed', tests: ['failing'] }),
    ],
    { root: project },
  );
  const of = (name: string) => outcomes.find(({ mutant }) => mutant.name === name) as Outcome;
  assert.equal([of('dies').outcome, of('dies').by], ['killed', 'sum.test.ts']);
  assert.equal([of('lives').outcome, of('lives').by], ['survived', '']);
  assert.equal([of('reason').outcome, of('reason').by], ['survived', 'it is a comment']);
  assert.equal(of('broken').outcome, 'error');
  assert.equal([of('blamed').outcome, of('blamed').by], ['error', 'failing.test.ts fails without it too']);
  const sum = summary(outcomes);
  assert.not(sum.ok);
  assert.equal(closing(sum), '1 killed, 2 survived (of which 1 with a reason), 2 could not be tried');
  assert.ok(summary([of('dies'), of('reason')]).ok);
  assert.equal(scratches(), before);
});

test('what takes too long is killed, but not where the tests alone take as long', async () => {
  const endless = row({ replace: '((): never => { for (;;); })()' });
  const [late]: Outcome[] = await runMutants([endless], { root: project, limit: 8 });
  assert.equal([late.outcome, late.by], ['killed', 'timeout']);
  const [slow]: Outcome[] = await runMutants([endless], { root: project, limit: 0.1 });
  assert.equal([slow.outcome, slow.by], ['error', 'sum take too long without it']);
});

test.run();
