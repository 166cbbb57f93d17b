/** `audit` as a process: its document, its words for people, its exit codes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine, csv, type Wrong } from './spawned.ts';

const cli = await CommandLine.make('audit');
test.after(() => cli.remove());

interface Audit {
  parts: { name: string; found: string; ceiling: string; tests: { name: string; p: number }[] }[];
  tests: number;
  failed: unknown[];
  ceiling: number;
  epsilon_lower: number;
  confidence: number;
  epsilon_claimed: number;
  disproved: boolean;
  delta: number;
  canaries: number;
  guesses: number;
  correct: number;
  noisy_updates: number;
  sampling_rate: number;
  insecure: boolean;
}

const TINY = '--parts transcript --runs 2 --canaries 4 --steps 4 --insecure-seed 1'.split(' ');

test('one document: the bound, its confidence and the claim; nothing is written', async () => {
  const before = cli.listing();
  const found = await cli.json<Audit>('audit', 'dp-pargan', ...TINY, '--partitions', '2', '--confidence', '0.9');
  assert.is(found.confidence, 0.9);
  assert.is(found.delta, 1e-5);
  assert.is(found.canaries, 8);
  assert.is(found.noisy_updates, 4);
  assert.ok(found.correct <= found.guesses && found.guesses <= 8);
  assert.ok(found.epsilon_lower >= 0 && found.epsilon_lower < found.epsilon_claimed && !found.disproved);
  // 16 records of 1000 and 2 canaries from each of 2 partitions.
  assert.ok(Math.abs(found.sampling_rate - 32 / 1002) < 1e-12, `${found.sampling_rate}`);
  assert.ok(found.insecure);
  assert.equal(found.failed, []);
  assert.ok(found.ceiling >= 0 && found.ceiling < found.epsilon_claimed);
  assert.equal(
    found.parts.map(({ name, tests }) => [name, tests.length]),
    [['transcript', 1]],
  );
  assert.equal(cli.listing(), before);
});

test('in words, on own data: what was found, what it means, and for whom it is', async () => {
  cli.write('points.csv', csv(80));
  await cli.json(...'data import points.csv --name points'.split(' '));
  const small = '--batch 4 --partitions 2 --updates 40 --quick --quiet'.split(' ');
  const args = ['--data', 'points', ...TINY.slice(2), '--parts', 'step,transcript', ...small];
  const { code, stdout, stderr } = await cli.run('audit', ...args);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^one record in single updates\n/);
  assert.match(stdout, /claimed +epsilon \d/);
  assert.match(stdout, /found +epsilon is at least \d\.\d{4}/);
  assert.match(stdout, /ceiling +epsilon \d\.\d{4} for an ideal attacker/);
  assert.match(stdout, /bounds +hold with 95 % confidence each/);
  assert.match(stdout, /no contradiction in \d+ tests, which is no proof/);
  assert.match(stdout, /keep this to yourself/);
});

test('what one record adds, and what the parts prove', async () => {
  const found = await cli.json<{ disproved: boolean; cells: { name: string; moved: number; limit: number }[] }>(
    'audit',
    '--sensitivity',
  );
  assert.not(found.disproved);
  assert.is(found.cells.length, 5);
  for (const { name, moved, limit } of found.cells) assert.ok(moved > 0.9 && moved <= limit && limit < 1.001, name);
  const { stdout } = await cli.run('audit', '--help');
  for (const word of ['replay:', 'step:', 'samplers:', 'transcript:', 'Ctrl-C leaves nothing'])
    assert.ok(stdout.includes(word), word);
});

test('what cannot be audited is refused', async () => {
  const wrong: Wrong[] = [
    ['audit pargan', 2, /'pargan' is invalid for argument 'system'\. Allowed choices are dpgan, dp-pargan/],
    ['audit --confidence 1', 2, /between 0 and 1/],
    ['audit --parts transcript --mode many-run --canaries 3', 1, /--canaries/],
    ['audit --parts transcript --mode many-run --runs 1', 1, /--runs/],
    ['audit --bound weights --divergence wgan', 1, /weight clipping claims no epsilon/],
    ['audit dpgan --partitions 3', 1, /one critic/],
    ['audit --parts step,all', 2, /There are replay, step, samplers, transcript/],
    ['audit --claims 1,-4', 2, /numbers from 0 to 100/],
  ];
  await cli.allFail(wrong);
});

test.run();
