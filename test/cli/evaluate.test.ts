/** `evaluate`: what it measures by the kind of the data, where it keeps it, and what it refuses. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measures } from '../../src/metrics/index.ts';
import { idx } from '../data/making.ts';
import { CommandLine, csv } from './spawned.ts';

const cli = await CommandLine.make('evaluate');
test.after(() => cli.remove());

type Values = Record<string, number | null>;
interface Found {
  metrics: Values;
  real: Values;
  rows: { samples: number; real: number; reference: number };
  details: Record<string, { columns: string[]; real: (number | null)[]; samples: (number | null)[] }>;
  not_run: { name: string; why: string }[];
}
const TINY = '--partitions 2 --batch 8 --generator-hidden 8 --critic-hidden 8 --rate 1e-2 --seed 5 --steps 6'.split(
  ' ',
);
const stored = (run: string) => JSON.parse(cli.read(join(run, 'private', 'quality.json')).toString()) as Found;
const why = ({ not_run }: Found) => Object.fromEntries(not_run.map(({ name, why }) => [name, why]));

/** Four columns of zeros and ones: the second repeats the first, the third is a coin, the fourth rare. */
const bits = (rows: number) =>
  `a,b,c,d\n${Array.from({ length: rows }, (_, i) => {
    const [a, c] = [(i * 7) % 3 ? 1 : 0, (i * i) % 5 < 2 ? 1 : 0];
    return `${a},${a},${c},${i % 17 ? 0 : 1}\n`;
  }).join('')}`;

test.before(async () => {
  cli.write('points.csv', csv(120));
  await cli.json(...'data import points.csv --name points --rows 0:80 --holdout 80:120'.split(' '));
  cli.write('bits.csv', bits(120));
  await cli.json(...'data import bits.csv --name bits --rows 0:80 --holdout 80:120'.split(' '));
});

test('points: every measure with that of real rows beside it, printed and kept', async () => {
  await cli.json('train', 'pargan', '--data', 'points', ...TINY, '--out', 'p');
  const found = await cli.json<Found>('evaluate', 'p', '--samples', '300');
  const { metrics, real, rows, details } = found;
  const common = ['sliced_wasserstein_1', 'energy_distance', 'mmd', 'precision', 'recall', 'density', 'coverage'];
  const gap = ['generalisation_gap', 'generalisation_gap_error', 'generalisation_gap_standardised'];
  assert.equal(Object.keys(metrics), [...common, ...gap]);
  assert.equal(Object.keys(real), common);
  assert.equal(rows, { samples: 300, real: 80, reference: 40 });
  assert.ok([...Object.values(metrics), ...Object.values(real)].every((x) => Number.isFinite(x)));
  // Members are of the hold-out's own law; six steps make no such samples.
  for (const name of ['sliced_wasserstein_1', 'energy_distance', 'mmd'])
    assert.ok((real[name] ?? 1) < (metrics[name] ?? 0), `${name}: ${real[name]} ${metrics[name]}`);
  assert.ok((real.coverage ?? 0) > 0.6 && (real.precision ?? 0) > 0.6);
  assert.is((details.generalisation_gap_by_critic as unknown as number[]).length, 2);
  assert.equal(why(found), { downstream: 'it runs with --downstream' });
  assert.equal(stored('p'), found);
  // Again, for people.
  const { code, stdout } = await cli.run('evaluate', 'p', '--samples', '300', '--quiet');
  assert.is(code, 0);
  assert.match(stdout, /^300 samples against 40 rows that were not trained on; "real rows": 80 training rows/);
  assert.match(
    stdout,
    new RegExp(`energy_distance +${metrics.energy_distance?.toFixed(4)} +${real.energy_distance?.toFixed(4)} +0\n`),
  );
  assert.match(stdout, /generalisation_gap +-?\d/);
  assert.match(stdout, /not run: downstream \(/);
});

test('zeros and ones: probabilities of columns, their prediction, and a column as the class', async () => {
  await cli.json('train', 'pargan', '--data', 'bits', ...TINY, '--out', 'b');
  const found = await cli.json<Found>('evaluate', 'b', '--samples', '200', '--downstream');
  const { columns, real, samples } = found.details.dimension_probability;
  assert.equal(columns, ['a', 'b', 'c', 'd']);
  assert.equal([real[0], real[0]], [real[1], 53 / 80]);
  assert.ok(samples.every((p) => p !== null && p >= 0 && p <= 1));
  const squares = real.reduce<number>((s, p, i) => s + ((p ?? 0) - (samples[i] ?? 0)) ** 2, 0);
  assert.ok(Math.abs((found.metrics.dimension_probability_rmse ?? 0) - Math.sqrt(squares / 4)) < 1e-12);
  assert.ok((found.real.dimension_probability_rmse ?? 1) < 0.1);
  const predicted = found.details.dimension_prediction;
  assert.equal([predicted.real[0], predicted.real[1]], [1, 1], 'a copy is predicted from its original');
  assert.is(predicted.samples.length, 4);
  const skipped = predicted.real.filter((v, i) => v !== null && predicted.samples[i] === null).length;
  assert.is(found.metrics.dimension_prediction_skipped, skipped);

  const target = await cli.json<Found>('evaluate', 'b', '--samples', '200', '--targets', 'b');
  assert.is(target.real.downstream_linear_accuracy, 1);
  assert.ok((target.metrics.downstream_linear_accuracy ?? -1) >= 0);
  assert.is(target.metrics.downstream_majority, Math.max(...[0, 1].map((v) => share(80, 120, v))));
  assert.is(target.metrics.dimension_prediction, undefined);
});
const share = (from: number, to: number, value: number) => {
  const column = Array.from({ length: to - from }, (_, i) => (((i + from) * 7) % 3 ? 1 : 0));
  return column.filter((v) => v === value).length / column.length;
};

/** A boolean that follows the sign of a number with missing cells, a category, and rows that stand twice. */
const mixed = (rows: number) =>
  `size,town,answer\n${Array.from({ length: rows }, (_, i) => {
    const v = ((i - (i % 2)) * 37) % 101;
    return `${v % 10 ? v - 50 : ''},${['Bern', 'Wien', 'Oslo'][v % 3]},${v > 50 ? 'yes' : 'no'}\n`;
  }).join('')}`;

test('tables: columns, pairs, shares and a linear model by default; each category with --downstream', async () => {
  cli.write('mixed.csv', mixed(150));
  await cli.json(...'data import mixed.csv --name mixed --rows 0:100 --holdout 100:150'.split(' '));
  await cli.json('train', 'pargan', '--data', 'mixed', ...TINY, '--out', 't');
  const { stdout } = await cli.run('evaluate', 't', '--samples', '200', '--quiet');
  assert.match(stdout, /\ncolumn +kind +distance +real rows\n/);
  assert.match(stdout, /\npairs of columns furthest off +total variation +hold-out\n/);
  assert.match(stdout, /A linear model that predicts answer, trained on the samples, is right in \d/);
  const { metrics, real, details, not_run } = stored('t');
  const pairs = ['marginal_distance_mean', 'marginal_distance_max', 'association_difference_mean'];
  const judged = [1, 2, 3].map((ways) => `total_variation_${ways}`);
  for (const key of [...pairs, ...judged, 'dimension_probability_rmse', 'detection_auc']) {
    assert.ok((metrics[key] ?? -1) >= (real[key] ?? 9), `${key}: six steps are worse than real rows`);
  }
  assert.equal(
    (details.columns as unknown as { name: string }[]).map(({ name }) => name),
    ['size', 'town', 'answer'],
  );
  assert.equal(details.dimension_probability.columns.slice(0, 2), ['size=(missing)', 'town=Bern']);
  assert.ok((real.downstream_linear_accuracy ?? 0) > 0.8 && (real.downstream_linear_auc ?? 0) > 0.8);
  assert.equal(
    not_run.map(({ name, why }) => `${name}: ${why}`),
    ['column_accuracy: it runs with --downstream'],
  );
  const all = await cli.json<Found>(...'evaluate t --samples 200 --downstream --targets town,answer'.split(' '));
  assert.equal(all.details.column_accuracy.columns, ['town', 'answer']);
  assert.equal((all.details.downstream as unknown as { target: string; taken: string }).taken, 'target');
  const targets = all.details.targets as unknown as { target: string; classes: number; auc: number }[];
  assert.equal(
    targets.map(({ target, classes }) => `${target} ${classes}`),
    ['town 3', 'answer 2'],
  );
  assert.is(all.metrics.downstream_linear_auc, targets[0].auc);
  assert.equal(
    Object.keys(all.metrics).filter((key) => !Object.hasOwn(measures, key)),
    [],
    'every measure has its row',
  );
  await cli.allFail([
    ['evaluate t --targets size', 2, /targets: column size is a number, no category\. Name a category.*: town, answer/],
    ['evaluate t --targets town=Bern', 2, /the table has no column town=Bern/],
  ]);
  // The report says it too, whether it was evaluated or not.
  fs.rmSync(join(cli.cwd, 't', 'private', 'quality.json'));
  const { file } = await cli.json<{ file: string }>('report', 't');
  const html = cli.read(file).toString();
  for (const text of [
    'predicts answer',
    'Pairs of columns',
    'Tables of counts',
    'Shares of values',
    'class="bars"',
    'Columns by how far',
  ])
    assert.ok(html.includes(text), text);
});

test('labelled images: a linear model and the network of a classifier, trained on conditional samples', async () => {
  const folder = join(cli.cwd, 'idx');
  fs.mkdirSync(folder);
  // Left halves bright for label 0, right ones for label 1.
  const pixels = Uint8Array.from({ length: 60 * 64 }, (_, i) => {
    const bright = Number(i % 8 >= 4) === Math.floor(i / 64) % 2;
    return (bright ? 200 : 20) + ((i * 31) % 40);
  });
  fs.writeFileSync(join(folder, 'train-images-idx3-ubyte'), idx([60, 8, 8], pixels));
  fs.writeFileSync(
    join(folder, 'train-labels-idx1-ubyte'),
    idx(
      [60],
      Uint8Array.from({ length: 60 }, (_, i) => i % 2),
    ),
  );
  await cli.json(...'data import idx --name bars'.split(' '));
  const judge = 'classifier --data bars --channels 4 --hidden 8 --batch 12 --rate 1e-2 --epochs 4 --out judge';
  await cli.json(...judge.split(' '));
  const net = '--network conditional --labels condition --generator-channels 4,4 --critic-channels 4,4 --latent 3';
  const small = `train gan --data bars --rows 40 --batch 4 --steps 4 --snapshots 1 --out c ${net}`;
  await cli.json(...small.split(' '));
  const found = await cli.json<Found>(...'evaluate c --samples 60 --classifier judge --downstream'.split(' '));
  const { metrics, real } = found;
  for (const name of ['downstream_linear_accuracy', 'downstream_classifier_accuracy']) {
    assert.ok((metrics[name] ?? -1) >= 0 && (metrics[name] ?? 2) <= 1, name);
    assert.ok((real[name] ?? 0) > 0.9, `${name}: ${real[name]}`);
  }
  assert.is(metrics.downstream_majority, 0.5);
  for (const name of ['frechet_distance', 'kernel_distance', 'precision', 'recall', 'density', 'coverage']) {
    const key = `classifier_${name}`;
    assert.ok(Number.isFinite(metrics[key]) && Number.isFinite(real[key]), key);
  }
  assert.ok((real.classifier_frechet_distance ?? 9) < (metrics.classifier_frechet_distance ?? 0));
  assert.equal(why(found), { fid: 'it needs --inception FILE' });
  assert.equal(
    Object.keys(metrics).filter((key) => !Object.hasOwn(measures, key)),
    [],
    'every measure has its row',
  );
});

test('a private run shows real records to its owner only, and what is wrong is one line', async () => {
  const dp = 'train dpgan --data points --partitions 1 --batch 8 --generator-hidden 8 --critic-hidden 8 --steps 2';
  await cli.json(...`${dp} --noise-multiplier 1 --out d`.split(' '));
  cli.write('bad.safetensors', 'no weights');
  await cli.allFail([
    ['evaluate d', 2, /the run is private.*--diagnostics/],
    ['evaluate p --inception bad.safetensors', 2, /inception: data set points has no images/],
    ['evaluate c --inception none.safetensors', 1, /none\.safetensors.*no such file/],
    ['evaluate c --inception bad.safetensors', 1, /bad\.safetensors, byte 0: header length/],
    ['evaluate b --targets z', 2, /targets: data set bits has no column z\. Name one of a, b, c, d/],
    ['evaluate p --targets x', 2, /targets: column x has more than 20 values/],
    ['evaluate c --targets x', 2, /Leave it away for images/],
    ['evaluate p --samples 1', 2, /whole number from 2/],
  ]);
  const found = await cli.json<Found>('evaluate', 'd', '--diagnostics', '--samples', '50');
  assert.ok(Number.isFinite(found.metrics.generalisation_gap));
  assert.equal(stored('d'), found);
  const table = dp.replace('points', 'mixed');
  await cli.json(...`${table} --noise-multiplier 1 --epsilon 0 --encoder-epsilon 100 --out e`.split(' '));
  const { file } = await cli.json<{ file: string }>('report', 'e');
  assert.not.match(cli.read(file).toString(), /Pairs of columns|Tables of counts|predicts answer|class="bars"/);
  const own = await cli.json<{ file: string }>('report', 'e', '--diagnostics');
  const html = cli.read(own.file).toString();
  assert.ok(html.indexOf('class="bars"') > html.indexOf('<section class="panel owner">'));
});

test.run();
