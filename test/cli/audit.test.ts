/** `audit` as a process: its document, its words for people, its exit codes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine, csv, type Wrong } from './spawned.ts';

const cli = await CommandLine.make('audit');
test.after(() => cli.remove());

interface Audit {
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

const TINY = '--runs 2 --canaries 4 --steps 4 --insecure-seed 1'.split(' ');

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
  assert.equal(cli.listing(), before);
});

test('in words, on own data: what was found, what it means, and for whom it is', async () => {
  cli.write('points.csv', csv(80));
  await cli.json(...'data import points.csv --name points'.split(' '));
  const { code, stdout, stderr } = await cli.run('audit', '--data', 'points', ...TINY, '--batch', '4', '--quiet');
  assert.is(code, 0, stderr);
  assert.match(stdout, /^claimed +epsilon \d/);
  assert.match(stdout, /found +epsilon is at least \d\.\d{4}, with 95 % confidence/);
  assert.match(stdout, /no contradiction, which is no proof/);
  assert.match(stdout, /keep this to yourself/);
});

test('what cannot be audited is refused', async () => {
  const wrong: Wrong[] = [
    ['audit pargan', 2, /no claim to audit/],
    ['audit --confidence 1', 2, /between 0 and 1/],
    ['audit --mode many-run --canaries 3', 1, /--canaries/],
    ['audit --mode many-run --runs 1', 1, /--runs/],
    ['audit --bound weights --divergence wgan', 1, /weight clipping claims no epsilon/],
    ['audit --partitions 3', 1, /one critic/],
  ];
  await cli.allFail(wrong);
});

test.run();
