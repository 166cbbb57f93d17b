/** Numbers with their rows: what they are called, and what old files may hold. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readings } from '../../src/attack/index.ts';
import { measures } from '../../src/metrics/index.ts';
import { metricOf } from '../../src/report/experiment.ts';
import { attackReadings, attackRow, notRun, qualityReadings, qualityRow, shown } from '../../src/report/readings.ts';
import { attack } from './facts.ts';

test('an attack or measure that nobody knows goes by its own name', () => {
  const row = attackRow('phase-of-the-moon');
  assert.equal([row.title, row.meaning], ['phase-of-the-moon', 'Attack accuracy. Chance is 50 %.']);
  assert.equal([qualityRow('odd_thing').title, qualityRow('odd_thing').unit], ['odd thing', 'number']);
  assert.is(qualityRow('toString').title, 'toString');
});

test('every attack is a row of words, those of the attacker with models of his own too', () => {
  for (const name of ['lira-white-box', 'lira-black-box', 'logan-black-box', 'gan-leaks-calibrated']) {
    assert.not.equal(attackRow(name).title, name);
    assert.match(attackRow(name).meaning, /^Attack accuracy\. .+ Chance is 50 %\.$/);
  }
  assert.match(attackRow('gan-leaks-partial-calibrated').title, /, calibrated$/);
});

test('shares are in percent, distances are not', () => {
  assert.is(shown(qualityRow('within_3_sigma'), 0.25), '25.0 %');
  assert.is(shown(qualityRow('downstream_linear_auc'), 0.25), '0.250');
  assert.is(shown(attackRow('tvd-max'), 0.25), '0.250');
  assert.is(shown(attackRow('closest-record'), 0.25), '25.0 %');
  assert.ok(Object.values(measures).every(({ unit }) => unit === 'share' || unit === 'number'));
});

test('a reading carries its row, value and what it is read against', () => {
  const tvd = { max: 0.3, mean: 0.2, floor: { max: { mean: 0.1 }, mean: { mean: 0.05 } } };
  const found = attackReadings({ attacks: [attack('white-box-max', 0.6, [0.55, 0.65])], tvd });
  assert.equal(
    found.map(({ row, value, ci95, chance }) => [row.name, value, ci95, chance]),
    [
      ['white-box-max', 0.6, [0.55, 0.65], 0.5],
      ['tvd-max', 0.3, undefined, 0.1],
      ['tvd-mean', 0.2, undefined, 0.05],
    ],
  );
  const [energy, ...others] = qualityReadings({ energy_distance: 1, mode_shares: [1] }, { energy_distance: 2 });
  assert.equal([energy.row.title, energy.value, energy.real, others], ['energy distance', 1, 2, []]);
});

test('attacks that were not tried are named by their families, with a reason where there is one', () => {
  const not_run = [
    { name: 'domias', why: 'density estimates of 784 values say nothing' },
    { name: 'lira', why: 'slow: it runs when named' },
  ];
  const missing = notRun({ attacks: [attack('white-box-own'), attack('gan-leaks')], not_run });
  assert.ok(missing.includes('DOMIAS (density ratio): density estimates of 784 values say nothing'));
  assert.ok(missing.includes('LiRA-style, with shadow models'));
  assert.ok(missing.includes('calibration by a reference model'));
  assert.not.ok(missing.some((line) => /white-box on the critics|full black-box/.test(line)));
  const all = [...readings.keys()].map((name) => attack(name));
  assert.equal(notRun({ attacks: all }), []);
});

test("an experiment's numbers: accuracies, other statistics of attacks, quality", () => {
  const [accuracy, auc, rate, quality] = [
    'lira-white-box',
    'dcr-calibrated:auc',
    'domias:tpr-at-1%',
    'modes_covered',
  ].map(metricOf);
  assert.equal([accuracy.attack, accuracy.accuracy, accuracy.chance], [true, true, 0.5]);
  assert.equal([auc.attack, auc.accuracy, auc.chance, auc.unit], [true, false, 0.5, 'number']);
  assert.equal([rate.title, rate.chance], ['DOMIAS, TPR at 1 % FPR', 0.01]);
  assert.equal([quality.attack, quality.title, quality.chance], [false, 'modes covered', undefined]);
});

test.run();
