/** The command line's contract: help, exit codes, one clear line for what is wrong, and nothing half-written. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { flagOf } from '../../src/cli/verb.ts';
import { ganConfig } from '../../src/gan/config.ts';
import { root } from '../house/sources.ts';
import { CommandLine } from './spawned.ts';

const cli = await CommandLine.make('cli');
test.after(() => cli.remove());

const device = ['--json', '--adapter'];
const VERBS: Readonly<Record<string, readonly string[]>> = {
  demo: [...device, '--out', '--seed', '--steps'],
  train: [
    ...device,
    ...['--data', '--preset', '--epochs', '--seed', '--out', '--resume', '--chunk', '--quiet'],
    ...Object.keys(ganConfig.shape).map((field) => `--${flagOf(field)}`),
  ],
  sample: [...device, '--n', '--out', '--stream'],
  attack: [...device, '--attacks'],
  evaluate: device,
  'data list': ['--json'],
  'data info': ['--json'],
  'data import': [
    ...[
      '--json',
      '--name',
      '--columns',
      '--rows',
      '--holdout',
      '--holdout-share',
      '--header',
      '--delimiter',
      '--force',
    ],
    ...['--as', '--types', '--label', '--scale', '--shuffle'],
    ...['--given', '--schema-out', '--classes', '--holdout-seed'],
  ],
  bench: [...device, '--peers'],
  doctor: ['--json'],
};

test('--help of every verb names its flags, ends with 0 and writes nothing to stderr', () =>
  cli.inOne(async (run) => {
    for (const [verb, flags] of Object.entries(VERBS)) {
      const { code, stdout, stderr } = await run([...verb.split(' '), '--help']);
      assert.equal([code, stderr], [0, ''], verb);
      assert.match(stdout, new RegExp(`^Usage: veilgan ${verb} `));
      for (const flag of [...flags, '--help']) {
        assert.match(stdout, new RegExp(`^ +(-\\w, )?${flag}( |$)`, 'm'), `${verb} names ${flag}`);
      }
    }
  }));

test('--help and --version of the program; without a verb, help on stderr and exit 2', async () => {
  const help = await cli.run('--help');
  assert.is(help.code, 0);
  for (const verb of ['demo', 'train', 'sample', 'attack', 'evaluate', 'data', 'bench', 'doctor']) {
    assert.match(help.stdout, new RegExp(`^ +${verb}\\b`, 'm'));
  }
  const { version } = JSON.parse(fs.readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  assert.equal(await cli.run('--version'), { code: 0, stdout: `${version}\n`, stderr: '' });
  const none = await cli.run();
  assert.equal([none.code, none.stdout], [2, '']);
  assert.match(none.stderr, /^Usage: veilgan/);
});

test('what cannot be trained: one line, nothing written', () =>
  cli.allFail([
    ['train pargan --data blobs --preset nope', 1, /--preset: there is no preset nope\. Use one of blobs-js, /],
    ['train nope --data blobs', 2, /there is no system nope\. Use gan, pargan, dpgan, dp-pargan/],
    ['train --data blobs', 2, /which system\? Use gan, pargan, dpgan, dp-pargan/],
    ['train pargan', 2, /--data: no data set was named/],
    [
      'train pargan --data nope --json',
      1,
      /there is no data set "nope"; there are: blobs, circles, codes.* data import /,
    ],
    ['train pargan --data ../etc', 1, /"\.\.\/etc" cannot be the name of a data set/],
    [
      'train pargan --data blobs --partitions 256 --batch 32',
      1,
      /--batch: a partition has 19 rows.*--batch 19 or less/,
    ],
    ['train gan --data blobs --partitions 3', 1, /--partitions: a gan has one critic\. Use pargan instead/],
    ['train dpgan --data blobs --partitions 3', 1, /--partitions: a dpgan has one critic\. Use dp-pargan instead/],
    ['train gan --data blobs --noise-multiplier 1', 1, /--noise-multiplier belongs to private systems/],
    ['train pargan --data blobs --insecure-seed 1', 1, /--insecure-seed belongs to private systems/],
    ['train pargan --data blobs --partitions 0', 1, /--partitions: .*>=1/],
    ['train pargan --data blobs --batch 2.5', 1, /--batch: /],
    ['train pargan --data blobs --steps 10 --epochs 2', 2, /--epochs and --steps/],
    ['train --resume nope', 1, /no run at nope/],
    ['train --resume nope --rate 0.1', 2, /a resumed run keeps its settings: --rate cannot change/],
  ]));

test('flags that cannot be read: one line with the flag, exit 2', () =>
  cli.allFail([
    ['train pargan --data blobs --seed -1', 2, /--seed <n>.*'-1'.*whole number from 0/],
    ['train pargan --data blobs --seed 1.5', 2, /--seed/],
    ['train pargan --data blobs --batch abc', 2, /--batch <value>.*'abc'.*must be a number/],
    ['train pargan --data blobs --generator-hidden 8,x', 2, /--generator-hidden.*must be a number/],
    ['train pargan --data blobs --divergence kl', 2, /--divergence.*'kl'.*js, wgan-gp, wgan/],
    ['train pargan --data blobs --chunk 1000', 2, /--chunk.*from 1 to 256/],
    ['train pargan --data blobs --partition 3', 2, /unknown option '--partition'.*--partitions/],
    ['trian', 2, /unknown command 'trian'.*train/],
    ['attack run --attacks nope', 2, /--attacks <names>.* There is no nope\. There are white-box, tvd, nearest-sample/],
    ['sample run --out samples.txt', 2, /samples\.txt: samples are written as \.csv, \.npy, \.png/],
    ['sample run', 2, /required option '--out <file>'/],
    ['sample run --out a.csv --n 0', 2, /--n <n>.*from 1/],
    ['bench nope', 2, /'nope' is invalid for argument 'suites'.*matmul/],
    ['evaluate', 2, /missing required argument 'run'/],
    ['evaluate nope', 1, /no run at nope\. Name a directory that `veilgan train` made/],
  ]));

test('doctor --json: ok, adapter, limits, advice', async () => {
  const report = await cli.json<{ ok: boolean; adapter: unknown; limits: object; advice: unknown[] }>('doctor');
  assert.is(report.ok, true);
  assert.ok(report.adapter && Object.keys(report.limits).length > 0 && Array.isArray(report.advice));
});

test('from source, as npm runs it: one document on stdout and nothing else', () => {
  const args = [join(root, 'src', 'build', 'veilgan.mjs'), 'data', 'info', 'blobs', '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: cli.cwd, encoding: 'utf8' });
  assert.equal([status, stderr], [0, '']);
  assert.is((JSON.parse(stdout) as { name: string }).name, 'blobs');
});

test.run();
