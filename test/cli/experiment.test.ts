/** `experiment` as a process: a table of several runs, finished ones kept, and what it refuses. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine, csv, type Wrong } from './spawned.ts';

const cli = await CommandLine.make('experiment');
test.after(() => cli.remove());

interface Done {
  experiment: string;
  report: string;
  table: { metric: string; values: { setting: string; mean?: number; n?: number }[] }[];
}

const TINY =
  '--data points --batch 8 --generator-hidden 8 --critic-hidden 8 --steps 6 --partitions 2 --epsilon 8'.split(' ');
const files = () => fs.readdirSync(join(cli.cwd, 'x', 'runs')).sort();

test.before(async () => {
  cli.write('points.csv', csv(120));
  await cli.json(...'data import points.csv --name points --rows 0:60 --holdout 60:120'.split(' '));
});

test('compare trains, attacks and judges a run for each system and seed; one that goes on trains what is missing', async () => {
  const first = await cli.json<Done>('experiment', 'compare', ...TINY, '--seeds', '2', '--out', 'x');
  const accuracy = first.table.find(({ metric }) => metric === 'white-box-max');
  assert.equal(
    accuracy?.values.map(({ setting, n }) => [setting, n]),
    ['GAN', 'PAR-GAN, K = 2', 'DPGAN, epsilon 8', 'DP-PAR-GAN, K = 2, epsilon 8'].map((name) => [name, 2]),
  );
  assert.is(files().length, 8);
  const html = fs.readFileSync(first.report).toString();
  assert.match(html, /PAR-GAN, K = 2/);
  assert.match(html, /chance/);
  assert.not.match(html, /https?:\/\/(?!www\.w3\.org)/);

  const kept = join(cli.cwd, 'x', 'runs', 'gan-seed-1', 'checkpoint.safetensors');
  const before = fs.statSync(kept).mtimeMs;
  fs.rmSync(join(cli.cwd, 'x', 'runs', 'par-gan-k-2-seed-2'), { recursive: true });
  const again = await cli.json<Done>('experiment', '--resume', 'x');
  assert.equal(again.table, first.table);
  assert.is(fs.statSync(kept).mtimeMs, before);
  assert.is(files().length, 8);
});

test('wrong calls: one line, and nothing written', async () => {
  const wrong: Wrong[] = [
    ['experiment --data points', 2, /which kind/],
    ['experiment sweep --data points', 2, /k-sweep/],
    ['experiment compare', 2, /--data.*no data set/],
    ['experiment compare --data nope', 1, /no data set "nope"/],
    ['experiment compare --data points --attacks guess', 2, /--attacks.*guess/],
    ['experiment compare --data points --batch 0', 1, /--batch/],
    ['experiment k-sweep --data points --values 1,x', 2, /--values/],
    ['experiment --resume nowhere', 2, /--resume.*no experiment/],
    ['experiment --resume x --seeds 3', 2, /keeps its settings: --seeds cannot change/],
  ];
  await cli.allFail(wrong);
});

test.run();
