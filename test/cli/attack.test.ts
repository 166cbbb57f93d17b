/** The verb `attack` as a process: every attack, both kinds of non-members, a reference, and what is not run. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLine, csv, type Wrong } from './spawned.ts';

const cli = await CommandLine.make('attack');
test.after(() => cli.remove());

interface Attack {
  name: string;
  accuracy: number;
  auc: number;
  advantage: number;
  chance: number;
  tpr_at_fpr: Record<string, number>;
  ci95: [number, number];
  members: number;
  non_members: number;
  roc?: { fpr: number[]; tpr: number[] };
}
interface Part {
  attacks: Attack[];
  tvd?: { max: number };
  set_attacks?: { name: string; accuracy: number; chance: number }[];
  closest_records?: { share: number; records: number };
}
type Document = Part & { non_members: string; clean?: Part; not_run: { name: string; why: string }[] };

const TINY = '--partitions 2 --batch 8 --generator-hidden 8 --critic-hidden 8 --steps 6 --quiet --seed 5'.split(' ');
const train = (data: string, out: string, ...more: string[]) =>
  cli.json('train', 'pargan', '--data', data, ...TINY, '--out', out, ...more);

test.before(async () => {
  cli.write('points.csv', csv(200));
  const rows = (name: string, train: string, hold: string) =>
    cli.json('data', 'import', 'points.csv', '--name', name, '--rows', train, '--holdout', hold);
  await rows('points', '0:80', '80:120');
  await rows('others', '120:180', '180:200');
  await train('points', 'a', '--rows', '50');
  await train('others', 'other');
  await train('points', 'same', '--rows', '60');
});

const names = (part: Part | undefined) => part?.attacks.map(({ name }) => name) ?? [];

test('a table of mixed columns, a third of whose rows stand twice: every attack runs', async () => {
  const kinds = ['a', 'b', 'c'];
  const row = (i: number) => `${i % 6 ? (i * 37) % 101 : ''},${kinds[i % 3]},${i % 2 ? 'yes' : 'no'}\n`;
  cli.write('mixed.csv', `v,k,b\n${Array.from({ length: 120 }, (_, i) => row(i % 80)).join('')}`);
  await cli.json('data', 'import', 'mixed.csv', '--name', 'mixed', '--rows', '0:70', '--holdout', '70:120');
  await train('mixed', 't');
  const few = '--samples 200 --records 10 --shadows 2 --attacker-steps 3';
  const { attacks, tvd, closest_records, not_run } = await cli.json<Document>(
    ...`attack t --attacks all ${few}`.split(' '),
  );
  assert.equal(not_run, []);
  assert.ok(tvd && closest_records);
  const found = names({ attacks });
  for (const name of ['nearest-sample', 'domias', 'gan-leaks-partial', 'gan-leaks-white-box', 'lira-black-box'])
    assert.ok(found.includes(name), name);
  for (const { name, accuracy, ci95, chance } of attacks)
    assert.ok(chance === 0.5 && ci95[0] <= accuracy && accuracy <= ci95[1], `${name} ${accuracy} ${ci95}`);
});

test('by default all quick attacks, against the hold-out and against rows of the same file', async () => {
  const found = await cli.json<Document>('attack', 'a');
  const quick = [
    'white-box-max',
    'white-box-own',
    'nearest-sample',
    'gan-leaks',
    'monte-carlo-single',
    'dcr-calibrated',
  ];
  for (const name of [...quick, 'domias']) {
    assert.ok(names(found).includes(name) && names(found.clean).includes(name), name);
  }
  assert.is(found.non_members, 'hold-out');
  assert.ok(found.attacks.every(({ members, non_members }) => members === 50 && non_members === 40));
  assert.ok(found.clean?.attacks.every(({ members, non_members }) => members === 50 && non_members === 30));
  for (const part of [found, found.clean as Part]) {
    for (const { accuracy, auc, advantage, chance, tpr_at_fpr, ci95, roc } of part.attacks) {
      assert.ok([accuracy, auc, advantage].every((x) => x >= 0 && x <= 1) && chance === 0.5 && roc === undefined);
      assert.ok(Object.keys(tpr_at_fpr).join() === '0.01,0.001' && ci95[0] <= ci95[1]);
    }
    assert.ok(part.tvd && part.closest_records && part.closest_records.share <= 1);
    assert.equal(
      part.set_attacks?.map((s) => [s.name, s.chance.toFixed(3)]),
      [
        ['monte-carlo-set', '0.500'],
        ['monte-carlo-set-original', '0.556'],
      ],
    );
  }
  const missing = found.not_run.map(({ name }) => name);
  assert.equal(missing, ['gan-leaks-partial', 'gan-leaks-white-box', 'logan-black-box', 'lira']);
  const stored = JSON.parse(fs.readFileSync(join(cli.cwd, 'a', 'private', 'attacks.json'), 'utf8')) as Document;
  for (const { roc, non_members } of [...stored.attacks, ...(stored.clean?.attacks ?? [])]) {
    assert.ok(roc && roc.fpr.length === roc.tpr.length && roc.fpr.length <= Math.min(200, non_members + 1));
    assert.is(roc.tpr[roc.tpr.length - 1], 1);
  }
});

test('slow attacks when named, with a reference that calibrates', async () => {
  const args =
    '--attacks gan-leaks,gan-leaks-partial,gan-leaks-white-box,logan-black-box,lira --records 10 --shadows 2';
  const more = ['--samples', '300', '--attacker-steps', '4', '--reference', 'other'];
  const found = await cli.json<Document>('attack', 'a', ...args.split(' '), ...more);
  const plain = ['gan-leaks', 'gan-leaks-partial', 'gan-leaks-white-box'].flatMap((name) => [
    name,
    `${name}-calibrated`,
  ]);
  assert.equal(names(found), [...plain, 'logan-black-box', 'lira-white-box', 'lira-black-box']);
  assert.equal(names(found.clean), names(found));
  const by = Object.fromEntries(found.attacks.map((a) => [a.name, a]));
  assert.equal([by['gan-leaks-white-box'].members, by['gan-leaks-white-box'].non_members], [10, 10]);
  assert.equal([by['gan-leaks'].members, by.lira, by['lira-white-box'].members], [50, undefined, 40]);
  assert.ok(found.not_run.some(({ name, why }) => name === 'white-box' && why === 'not asked for'));
});

test('wrong calls', async () => {
  const wrong: Wrong[] = [
    ['attack a --attacks white-box,magic', 2, /There is no magic\. There are white-box, /],
    ['attack a --reference same', 1, /trained on 50 of the 50 members.*Import other rows/],
    ['attack nowhere', 1, /nowhere/],
    ['attack a --shadows 1', 2, /from 2 to 256/],
  ];
  await cli.allFail(wrong);
  assert.match((await cli.run('attack', '--help')).stdout, /gan-leaks-white-box: gradients over z/);
});

test.run();
