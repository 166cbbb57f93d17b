/** The verbs that train and judge, as processes: their documents, files and exit codes. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine, csv, type Wrong } from './spawned.ts';

const cli = await CommandLine.make('verbs');
test.after(() => cli.remove());

const TINY = '--partitions 2 --batch 8 --generator-hidden 8 --critic-hidden 8 --rate 1e-2 --seed 5'.split(' ');

interface Trained {
  run: string;
  system: string;
  data: string;
  steps: number;
  seconds: number;
  ms_per_step: number;
  adapter: string;
  interrupted: boolean;
  losses: { loss_g: number; loss_d: number[] };
}

test.before(async () => {
  cli.write('points.csv', csv(80));
  await cli.json(...'data import points.csv --name points --rows 0:60 --holdout 60:80'.split(' '));
});

const train = (out: string, steps: number, ...more: string[]) =>
  cli.json<Trained>('train', 'pargan', '--data', 'points', ...TINY, '--steps', `${steps}`, '--out', out, ...more);
const file = (...path: string[]) => cli.read(join(...path));
/** Everything that follows from the seed. */
const results = (out: string) =>
  ['metrics.jsonl', 'checkpoint.safetensors', 'samples/samples.csv'].map((name) => file(out, name).toString('base64'));

test('train prints one document and leaves a whole run', async () => {
  const a = await train('a', 24);
  assert.equal(
    [a.run, a.system, a.data, a.steps, a.interrupted],
    [join(fs.realpathSync(cli.cwd), 'a'), 'pargan', 'points', 24, false],
  );
  assert.ok(a.seconds > 0 && a.ms_per_step > 0 && a.adapter.length > 0);
  assert.ok(Number.isFinite(a.losses.loss_g) && a.losses.loss_d.length === 2);
  assert.equal((fs.readdirSync(join(cli.cwd, 'a'), { recursive: true }) as string[]).sort(), [
    'checkpoint.safetensors',
    'metrics.jsonl',
    'run.json',
    'samples',
    ...['losses.png', 'losses.svg', 'samples.csv', 'samples.png', 'samples.svg'].map((name) => `samples/${name}`),
  ]);
  const lines = file('a', 'samples/samples.csv').toString().trimEnd().split('\n');
  assert.equal([lines[0], lines.length], ['x,y', 10_001]);
});

test('the same seed, another chunk, stopped and resumed: the same bits', async () => {
  await train('c', 11, '--chunk', '5');
  const resumed = await cli.json<Trained>('train', '--resume', 'c', '--steps', '24');
  assert.equal([resumed.steps, resumed.system, resumed.run], [24, 'pargan', join(fs.realpathSync(cli.cwd), 'c')]);
  assert.equal(results('c'), results('a'));
  const wrong: Wrong[] = [
    ['train --resume c --batch 4', 2, /a resumed run keeps its settings: --batch cannot change/],
    ['train gan --resume c', 2, /the run is a pargan, not a gan/],
    [
      'train pargan --data points --partitions 2 --batch 8 --out a',
      2,
      /a exists and holds a run.*--out, or continue that run with --resume a/,
    ],
  ];
  await cli.allFail(wrong);
});

test('Ctrl-C: what is done is saved, exit 130, and the run goes on from there', async () => {
  const { child, ended } = cli.start([
    'train',
    'pargan',
    '--data',
    'points',
    ...TINY,
    '--steps',
    '1000000',
    '--out',
    'long',
    '--json',
  ]);
  for (const end = Date.now() + 30_000; !fs.existsSync(join(cli.cwd, 'long', 'metrics.jsonl')); ) {
    assert.ok(Date.now() < end && child.exitCode === null, 'it trains');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGINT');
  const { code, stdout } = await ended;
  assert.is(code, 130);
  const stopped = JSON.parse(stdout) as Trained;
  assert.ok(stopped.interrupted && stopped.steps > 0 && stopped.steps < 1_000_000);
  const rows = file('long', 'metrics.jsonl').toString().trimEnd().split('\n');
  assert.is(rows.length, stopped.steps);
  assert.not.ok(fs.existsSync(join(cli.cwd, 'long', 'lock')));
  assert.ok(fs.existsSync(join(cli.cwd, 'long', 'checkpoint.safetensors')));
});

test('a training that diverges: one line with the step, exit 1; without a row of losses no run stays', async () => {
  const args = 'train pargan --batch 8 --partitions 2 --steps 50 --quiet --chunk 1'.split(' ');
  cli.write('extreme.csv', csv(40).replace(/\.\d+/g, '$&e30'));
  await cli.json('data', 'import', 'extreme.csv');
  assert.match(await cli.fails([...args, '--data', 'extreme'], 1), /loss is not finite at step 1\. Lower --rate/);

  const wild = [...args, '--data', 'points', '--optimizer', 'sgd', '--rate', '10', '--out', 'wild'];
  const { code, stdout, stderr } = await cli.run(...wild);
  assert.equal([code, stdout], [1, '']);
  const [, step] = /^veilgan: the \w+ loss is not finite at step (\d+)\. [^\n]+\n$/.exec(stderr) ?? [];
  // The losses up to there are kept, for whoever looks for the cause.
  assert.is(file('wild', 'metrics.jsonl').toString().trimEnd().split('\n').length, Number(step) - 1);
  assert.equal(fs.readdirSync(join(cli.cwd, 'wild')).sort(), ['metrics.jsonl', 'run.json']);
  assert.match(await cli.fails(['train', '--resume', 'wild'], 1), /no checkpoint.*Train it again .* another --out/);
  assert.not.match(await cli.fails(wild, 2), /--resume/);
});

test('sample: .csv, .npy and .png, with the same rows in the first two', async () => {
  for (const extension of ['csv', 'npy', 'png']) {
    const name = `s.${extension}`;
    assert.equal(await cli.json('sample', 'a', '--n', '50', '--out', name), { file: name, n: 50, shape: [50, 2] });
  }
  const rows = file('s.csv').toString().trimEnd().split('\n');
  assert.equal([rows[0], rows.length], ['x,y', 51]);
  const npy = file('s.npy');
  assert.is(npy.subarray(1, 6).toString(), 'NUMPY');
  assert.match(npy.subarray(10, 128).toString('latin1'), /'shape': \(50, 2\)/);
  const values = new Float32Array(npy.buffer.slice(npy.byteOffset + npy.length - 400, npy.byteOffset + npy.length));
  assert.equal(
    rows.slice(1).flatMap((row) => row.split(',').map((x) => Math.fround(Number(x)))),
    Array.from(values),
  );
  assert.is(file('s.png').subarray(1, 4).toString(), 'PNG');
  const first = file('a', 'samples/samples.csv').toString().split('\n');
  assert.equal(rows, first.slice(0, 51), 'the released rows begin with them');
  await cli.allFail([['sample a --out no/such/folder/s.csv', 1, /no such file or directory/]]);
});

test('attack: each attack with accuracy, AUC, TPR at low FPR, advantage, chance and interval', async () => {
  type Attack = Record<string, unknown> & { name: string; tpr_at_fpr: Record<string, number>; ci95: number[] };
  const { attacks } = await cli.json<{ attacks: Attack[] }>('attack', 'a');
  const names = attacks.map((a) => a.name);
  for (const name of ['white-box-max', 'white-box-mean', 'white-box-own', 'nearest-sample']) {
    assert.ok(names.includes(name), `${name} is among ${names.join(', ')}`);
  }
  for (const attack of attacks) {
    for (const key of ['accuracy', 'auc', 'advantage', 'chance']) {
      assert.ok(Number.isFinite(attack[key]), `${key} of ${attack.name}`);
    }
    assert.equal(Object.keys(attack.tpr_at_fpr), ['0.01', '0.001']);
    assert.ok(attack.ci95.length === 2 && attack.ci95[0] <= attack.ci95[1]);
  }
  assert.ok(fs.existsSync(join(cli.cwd, 'a', 'private', 'attacks.json')));
  const one = await cli.json<{ attacks: Attack[] }>('attack', 'a', '--attacks', 'nearest-sample');
  assert.equal(
    one.attacks,
    attacks.filter((a) => a.name === 'nearest-sample'),
  );
});

test.run();
