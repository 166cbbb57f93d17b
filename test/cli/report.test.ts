/** The verb `report` as a process: one run, private ones with and without the owner's part, several. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine, csv } from './spawned.ts';

const cli = await CommandLine.make('report');
test.after(() => cli.remove());

const TINY = '--data points --batch 8 --generator-hidden 8 --critic-hidden 8 --steps 6 --quiet'.split(' ');
const train = (system: string, out: string, ...more: string[]) =>
  cli.json('train', system, ...TINY, '--out', out, ...more);
const report = async (...args: string[]): Promise<[file: string, html: string]> => {
  const { file, public_unpaid, ...others } = await cli.json<{ file: string; public_unpaid?: object[] }>(
    'report',
    ...args,
  );
  assert.equal(others, {});
  // What a private run's rows decided, by run: the file was taken as numbers by how its cells look.
  const runs = args.filter((arg) => ['plain', 'private', 'insecure'].includes(arg));
  const items = runs.map((run) => (run === 'plain' ? null : [{ what: 'numbers' }]));
  assert.equal(public_unpaid, items.some(Boolean) ? items : undefined);
  return [file, cli.read(file).toString().replaceAll('\u00a0', ' ')];
};
const json = (file: string) => JSON.parse(cli.read(file).toString());

test.before(async () => {
  cli.write('points.csv', csv(80));
  await cli.json(...'data import points.csv --name points --rows 0:60 --holdout 60:80'.split(' '));
  await Promise.all([
    train('pargan', 'plain', '--partitions', '2'),
    train('dpgan', 'private', '--noise-multiplier', '2'),
    train('dp-pargan', 'insecure', '--partitions', '2', '--insecure-seed', '3'),
  ]);
});

test('a run without a guarantee: attacked on the way, in its directory', async () => {
  const [file, html] = await report('plain', '--attack');
  assert.is(file, join('plain', 'report.html'));
  const { attacks } = json('plain/private/attacks.json');
  assert.ok(attacks.length > 3);
  for (const text of ['No privacy guarantee', `AUC ${attacks[0].auc.toFixed(3)}`, '2 critics, 30 training rows each']) {
    assert.ok(html.includes(text), text);
  }
  const { metrics, real } = json('plain/private/quality.json');
  assert.ok(metrics.sliced_wasserstein_1 > 0 && real.sliced_wasserstein_1 > 0);
  // Trained on: what is stored is of another model.
  await cli.json('train', '--resume', 'plain', '--steps', '8');
  const [, later] = await report('plain');
  assert.match(later, /trained on after these attacks/);
  assert.not.equal(json('plain/private/quality.json').metrics, metrics);
});

test("a private run: nothing of what looked at real records without the flag, and with it in the owner's folder", async () => {
  const [open, html] = await report('private');
  assert.is(open, join('private', 'report.html'));
  assert.not.ok(fs.existsSync(join(cli.cwd, 'private/private')), 'nothing was attacked or judged');
  assert.match(html, /Public, and not paid for.*plain numbers and no table.*compares training rows \(.*\) of which all others stay on their side/s);
  const epsilon = /Differentially private: epsilon ([\d.]+) at delta 1e-5/.exec(html)?.[1];
  assert.ok(Number(epsilon) > 0);
  const [file, all] = await report('private', '--diagnostics', '--attack');
  assert.is(file, join('private', 'private', 'report.html'));
  const { attacks, tvd } = json('private/private/attacks.json');
  const { metrics } = json('private/private/quality.json');
  const numbers = [
    ...attacks.map((a: { auc: number }) => `AUC ${a.auc.toFixed(3)}`),
    ...attacks.map((a: { ci95: number[] }) => `95 %: ${a.ci95.map((x) => `${(100 * x).toFixed(1)} %`).join(' to ')}`),
    ...[tvd.max, metrics.sliced_wasserstein_1, metrics.energy_distance].map((x: number) => `>${x.toPrecision(3)}<`),
    'One critic saw all',
    'over the training points',
  ];
  const [box, rest] = [
    all.indexOf('<section class="panel owner">'),
    all.replace(/<section class="panel owner">.*/s, ''),
  ];
  assert.ok(box > 0);
  for (const text of numbers) {
    assert.ok(all.indexOf(text, box) > 0, `${text} is in the owner's section`);
    for (const page of [rest, html]) assert.not.ok(page.includes(text), text);
  }
  const { sha256 } = json('private/run.json').data;
  for (const page of [all, html]) assert.not.ok(page.includes(sha256));
  // Whatever lies in private/, the page for others is the same to the byte.
  assert.is((await report('private'))[1], html);
  assert.match(await cli.fails(['report', 'private', '--attack'], 2), /the run is private.*--diagnostics/);
});

test('several runs, one of an insecure seed, and calls that go wrong', async () => {
  const judged = () => fs.statSync(join(cli.cwd, 'plain/private/quality.json')).mtimeMs;
  const before = judged();
  const [file, html] = await report('plain', 'private', 'insecure', '--out', 'all.html');
  assert.is(file, 'all.html');
  assert.match(html, /3 runs side by side/);
  assert.match(html, /NONE: --insecure-seed/);
  assert.match(html, /<p class="warning" role="alert">Epsilon carries no guarantee here: with --insecure-seed/);
  assert.is(html.split('Differentially private: epsilon').length - 1, 1, 'of the one run that is');
  assert.is(judged(), before, 'what is stored is not judged again');
  await cli.allFail([
    ['report plain private', 2, /belongs to none of them.*--out/],
    ['report plain --out no/such/r.html', 2, /there is no folder no\/such/],
    ['report plain --out plain', 2, /plain is a folder/],
    ['report nowhere', 1, /no run at nowhere/],
  ]);
  cli.write('plain/private/attacks.json', '{"attacks":[{"name":"x"}]}');
  const line = await cli.fails(['report', 'plain'], 1);
  assert.match(line, /attacks\.0\.accuracy: .*Remove the file/);
});

test.run();
