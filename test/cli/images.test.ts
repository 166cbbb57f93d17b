/** Images on the command line: import, train, resume, sample, attack, evaluate, and a classifier to judge them. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { idx } from '../data/making.ts';
import { decodeNpy } from '../support/npy.ts';
import { CommandLine, type Wrong } from './spawned.ts';

const cli = await CommandLine.make('images');
test.after(() => cli.remove());

const SIDE = 8;
/** Left halves bright for label 0, right ones for label 1. */
const pixels = (n: number) =>
  Uint8Array.from({ length: n * SIDE * SIDE }, (_, i) => {
    const [row, x] = [Math.floor(i / SIDE ** 2), i % SIDE];
    return (Number(x >= SIDE / 2) === row % 2 ? 200 : 20) + ((i * 31) % 40);
  });
const labels = (n: number) => Uint8Array.from({ length: n }, (_, i) => i % 2);

const TINY = '--network dcgan --generator-channels 4,4 --critic-channels 4 --kernel 3 --latent 3'.split(' ');
const SMALL = [...TINY, ...'--partitions 2 --batch 4 --rate 1e-2 --seed 5 --snapshots 1'.split(' ')];

test.before(async () => {
  const folder = join(cli.cwd, 'idx');
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, 'train-images-idx3-ubyte'), idx([60, SIDE, SIDE], pixels(60)));
  fs.writeFileSync(join(folder, 'train-labels-idx1-ubyte'), idx([60], labels(60)));
  const info = await cli.json<{ rows: number; holdout: number; shape: number[]; classes: string[] }>(
    ...'data import idx --name bars'.split(' '),
  );
  assert.equal([info.rows, info.holdout, info.shape, info.classes], [60, 0, [8, 8, 1], ['0', '1']]);
});

const train = (out: string, steps: number, ...more: string[]) =>
  cli.json<{ steps: number; losses: { loss_d: number[] } }>(
    ...['train', 'pargan', '--data', 'bars', ...SMALL, '--steps', `${steps}`, '--out', out, ...more],
  );
const file = (...path: string[]) => cli.read(join(...path));
const listing = (...path: string[]) => fs.readdirSync(join(cli.cwd, ...path)).sort();
/** Width, height and channels of a PNG. */
async function png(...path: string[]) {
  const { default: sharp } = await import('sharp');
  const { width, height, channels, format } = await sharp(file(...path)).metadata();
  assert.is(format, 'png');
  return [width, height, channels];
}
/** A grid of so many images across and down, each pixel two wide, lines of two between. */
const grid = (across: number, down: number) => [2 * (9 * across + 1), 2 * (9 * down + 1), 1];

test('train: pictures on the way, samples as bytes, a grid of them; resumed, the same bits', async () => {
  const { steps, losses } = await train('a', 12, '--rows', '40', '--grid-every', '5');
  assert.equal([steps, losses.loss_d.length], [12, 2]);
  assert.equal(listing('a'), ['checkpoint.safetensors', 'metrics.jsonl', 'run.json', 'samples']);
  assert.equal(listing('a', 'samples'), [
    'losses.png',
    'losses.svg',
    'samples.npy',
    'samples.png',
    'step-0000005.png',
    'step-0000010.png',
  ]);
  const { shape, data } = decodeNpy(file('a', 'samples', 'samples.npy'));
  assert.equal(shape, [2000, 8, 8, 1]);
  assert.ok(data instanceof Uint8Array && new Set(data).size > 20);
  for (const name of ['samples.png', 'step-0000005.png', 'step-0000010.png']) {
    assert.equal(await png('a', 'samples', name), grid(10, 10), name);
  }
  assert.ok(!file('a', 'samples', 'step-0000005.png').equals(file('a', 'samples', 'step-0000010.png')));

  await train('b', 7, '--rows', '40', '--grid-every', '5', '--chunk', '3');
  await cli.json('train', '--resume', 'b', '--steps', '12');
  for (const name of [
    'metrics.jsonl',
    'checkpoint.safetensors',
    ...listing('a', 'samples').map((n) => `samples/${n}`),
  ]) {
    if (!/losses/.test(name)) assert.ok(file('a', name).equals(file('b', name)), name);
  }
});

test('without --grid-every there are no pictures on the way', async () => {
  await train('c', 3);
  assert.equal(listing('c', 'samples'), ['losses.png', 'losses.svg', 'samples.npy', 'samples.png']);
});

test('sample: .png, .npy and .csv of the same images', async () => {
  for (const name of ['s.npy', 's.csv', 's.png']) {
    assert.equal(await cli.json('sample', 'a', '--n', '7', '--out', name), { file: name, n: 7, shape: [7, 8, 8, 1] });
  }
  const { shape, data } = decodeNpy(file('s.npy'));
  assert.equal(shape, [7, 8, 8, 1]);
  const [names, ...rows] = file('s.csv').toString().trimEnd().split('\n');
  assert.is(names.split(',').length, 64);
  assert.equal([names.split(',')[0], names.split(',')[63]], ['y0_x0', 'y7_x7']);
  assert.equal(
    rows.flatMap((row) => row.split(',').map(Number)),
    Array.from(data),
  );
  const released = decodeNpy(file('a', 'samples', 'samples.npy')).data;
  assert.equal(Array.from(data), Array.from(released.subarray(0, data.length)), 'the released ones begin with them');
  assert.equal(await png('s.png'), grid(3, 3));
  assert.is((await cli.json<{ n: number }>('sample', 'a', '--out', 'hundred.png')).n, 100);
});

test('attack: non-members are the rows that training left out; where there are none it says so', async () => {
  const { attacks } = await cli.json<{ attacks: { name: string; auc: number }[] }>('attack', 'a');
  assert.ok(attacks.some(({ name }) => name === 'nearest-sample') && attacks.every(({ auc }) => auc >= 0 && auc <= 1));
  assert.ok(listing('a', 'private').includes('attacks.json'));
  assert.match(
    await cli.fails(['attack', 'c'], 1),
    /data set bars has no rows that training left out, which attacks need\. Train on fewer --rows/,
  );
});

interface Classified {
  run: string;
  data: string;
  steps: number;
  seconds: number;
  interrupted: boolean;
  rows: number;
  test_rows: number;
  accuracy: number;
}
const CLASSIFIER = '--channels 4 --hidden 8 --batch 12 --rate 1e-2'.split(' ');

test('classifier, and evaluate with it', async () => {
  const args = ['classifier', '--data', 'bars', ...CLASSIFIER, '--epochs', '10', '--out', 'judge'];
  const document = await cli.json<Classified>(...args);
  const { seconds, accuracy, ...rest } = document;
  assert.equal(Object.keys(rest), ['run', 'data', 'steps', 'adapter', 'interrupted', 'rows', 'test_rows']);
  assert.equal(
    [rest.run, rest.data, rest.steps, rest.interrupted, rest.rows, rest.test_rows],
    [join(fs.realpathSync(cli.cwd), 'judge'), 'bars', 40, false, 48, 12],
  );
  assert.ok(seconds > 0 && accuracy > 0.9, `${accuracy}`);
  assert.equal(listing('judge'), ['checkpoint.safetensors', 'metrics.jsonl', 'run.json', 'test.json']);

  type Metrics = Record<string, number> & { class_shares: number[] };
  const { metrics } = await cli.json<{ metrics: Metrics }>('evaluate', 'a', '--classifier', 'judge');
  const { inception_score, confidence, confident_share, class_shares, classifier_accuracy } = metrics;
  assert.ok(inception_score >= 1 && inception_score <= 2 && confidence >= 0.5 && confidence <= 1);
  assert.ok(confident_share >= 0 && confident_share <= 1);
  assert.is(class_shares.length, 2);
  assert.ok(Math.abs(class_shares[0] + class_shares[1] - 1) < 1e-9);
  assert.is(classifier_accuracy, accuracy);
  assert.ok(metrics.sliced_wasserstein_1 > 0 && metrics.energy_distance > 0);
});

test('Ctrl-C on a classifier: what it learned is tested and whole, exit 130', async () => {
  const args = ['classifier', '--data', 'bars', ...CLASSIFIER, '--epochs', '100000', '--out', 'long', '--json'];
  const { child, ended } = cli.start(args);
  for (const end = Date.now() + 30_000; !fs.existsSync(join(cli.cwd, 'long', 'metrics.jsonl')); ) {
    assert.ok(Date.now() < end && child.exitCode === null, 'it trains');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGINT');
  const { code, stdout, stderr } = await ended;
  assert.is(code, 130, stderr);
  const document = JSON.parse(stdout) as Classified;
  assert.ok(document.interrupted && document.steps > 0 && document.steps < 400_000 && document.accuracy >= 0);
  assert.equal(listing('long'), ['checkpoint.safetensors', 'metrics.jsonl', 'run.json', 'test.json']);
  // For people: a table with every metric.
  const { code: fine, stdout: lines } = await cli.run('evaluate', 'a', '--classifier', 'long');
  assert.is(fine, 0);
  for (const name of ['energy_distance', 'inception_score', 'class_shares', 'classifier_accuracy']) {
    assert.match(lines, new RegExp(`${name} +\\d`));
  }
});

test('what is wrong is one line that names the flag, and writes nothing', async () => {
  const folder = join(cli.cwd, 'wide');
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, 'train-images-idx3-ubyte'), idx([20, 6, 10]));
  await cli.json('data', 'import', 'wide');
  const gan = 'train pargan --data wide --network dcgan --latent 2 --partitions 2 --batch 4 --steps 1';
  const wrong: Wrong[] = [
    [
      'sample a --n 401 --out x.png',
      2,
      /--n: a picture shows at most 400 images\. Give --n 400 or less, or write \.npy/,
    ],
    ['sample a --out x.jpg', 2, /x\.jpg: samples are written as \.csv, \.npy or \.png/],
    ['sample a --out x.npy --stream 1001', 2, /whole number from 0 to 1000/],
    ['attack judge', 2, /the run is a classifier/],
    ['evaluate a --classifier c', 2, /the run is a pargan, not a classifier\. Train one on labelled images/],
    [
      `${gan} --generator-channels 4,4,4`,
      1,
      /--generator-channels: an image side of 6 is not doubled 2 times.*--size 8/,
    ],
    [`${gan} --generator-channels 4,x`, 2, /--generator-channels.*must be a number/],
    ['train pargan --data blobs --network dcgan --steps 1', 1, /--network: convolutional networks need images/],
    ['classifier', 2, /--data: no data set was named/],
    ['classifier --data wide', 1, /--data: data set wide has no labels/],
    ['classifier --data bars --steps 3', 2, /unknown option/],
    ['classifier --data bars --channels 4 --batch 12 --out a', 2, /a exists and holds a run/],
  ];
  await cli.allFail(wrong);
  await cli.json(...`${gan} --generator-channels 4,4 --critic-channels 4 --kernel 3 --out w`.split(' '));
  assert.match(
    await cli.fails(['evaluate', 'w', '--classifier', 'judge'], 2),
    /takes \[8,8,1\], .*wide are \[6,10,1\]/,
  );
});

test.run();
