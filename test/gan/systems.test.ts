/** The tables of systems, divergences and networks: what follows from their rows. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { divergences } from '../../src/gan/divergences.ts';
import { networks } from '../../src/gan/networks/index.ts';
import { presetNotes, presets } from '../../src/gan/presets/index.ts';
import {
  isFit,
  isPrivate,
  measuredBy,
  relative,
  systemNamed,
  systemNames,
  systems,
  systemsWith,
  systemTitle,
  withCritics,
} from '../../src/gan/systems.ts';
import { failure } from '../support/failure.ts';

test('rows have the names they stand under, and titles that no other has', () => {
  for (const rows of [systems, divergences, networks]) {
    for (const [name, row] of Object.entries(rows)) assert.is(row.name, name);
  }
  for (const rows of [systems, divergences]) {
    const titles = Object.values(rows).map(({ title }) => title);
    assert.is(new Set(titles).size, titles.length);
  }
});

test('systems by what they are', () => {
  assert.equal(systemsWith({ private: true }), ['dpgan', 'dp-pargan', 'dp-marginals', 'dp-features']);
  assert.equal(systemNames.filter(isFit), ['dp-marginals', 'dp-features']);
  assert.equal(systemNames.filter(isFit).map(measuredBy), ['tables', 'features']);
  assert.equal(systemsWith({ measures: 'tables' }), ['dp-marginals']);
  assert.equal(systemsWith({ critics: 'one', private: false }), ['gan']);
  assert.equal(
    systemNames.map((name) => relative(name, { private: false })),
    ['gan', 'pargan', 'gan', 'pargan', 'gan', 'gan'],
  );
  assert.is(relative('gan', { critics: 'many', private: true }), 'dp-pargan');
  // What comes from a file may have no row; nothing of it is private then, nor inherited from objects.
  assert.equal(['classifier', 'constructor', ''].map(isPrivate), [false, false, false]);
});

test('what a system is called, with K where it has a choice', () => {
  assert.equal(
    systemNames.map((name) => systemTitle(name, 4)),
    ['GAN', 'PAR-GAN, K = 4', 'DPGAN', 'DP-PAR-GAN, K = 4', 'DP-MARGINALS', 'DP-FEATURES'],
  );
  assert.is(systemTitle('classifier', 1), 'classifier');
});

test('a name that is none, and critics that a system cannot have, are refused', () => {
  const unknown = failure(() => systemNamed('wgan'));
  assert.equal([unknown.code, unknown.where], ['USAGE', 'system']);
  assert.match(unknown.fix, /gan, pargan, dpgan, dp-pargan/);
  assert.match(
    failure(() => systemNamed('gan', systemsWith({ private: true }))).fix,
    /^Use dpgan, dp-pargan, dp-marginals, dp-features$/,
  );
  assert.equal(withCritics('dpgan', { batch: 3 }), { batch: 3, partitions: 1 });
  assert.equal(withCritics('pargan', { partitions: 3 }), { partitions: 3 });
  const several = failure(() => withCritics('dpgan', { partitions: 2 }));
  assert.equal([several.code, several.where, several.fix], ['CONFIG', 'partitions', 'Use dp-pargan instead']);
  assert.equal(withCritics('dp-marginals', { places: 3 }), { places: 3 });
  assert.match(failure(() => withCritics('dp-marginals', { partitions: 1 })).message, /no critics/);
});

test('every preset has a note', () => {
  const noted = presetNotes.flatMap(([names]) => names.split(', '));
  assert.equal(noted.sort(), Object.keys(presets).sort());
});

test.run();
