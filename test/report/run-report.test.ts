/** The report on runs: what it promises, what it warns of, and what it keeps to the owner. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gaussianDelta } from '../../src/privacy/accountant/gaussian.ts';
import { epsilonOf } from '../../src/privacy/budget.ts';
import type { Relation } from '../../src/privacy/relation.ts';
import { bestGuess, meaning } from '../../src/report/blocks/guarantee.ts';
import { reportOn } from '../../src/report/compare.ts';
import type { RunFacts } from '../../src/report/facts.ts';
import { renderReport } from '../../src/report/html.ts';
import { attack, EVIL, guarded, info, measured, plain, privacy } from './facts.ts';

const page = async (...runs: RunFacts[]): Promise<string> =>
  renderReport(await reportOn(runs)).replaceAll('\u00a0', ' ');
const has = (html: string, ...texts: string[]) => {
  for (const text of texts) assert.ok(html.includes(text), `the page says ${text}`);
};
const hasNot = (html: string, ...texts: string[]) => {
  for (const text of texts) assert.not.ok(html.includes(text), `the page does not say ${text}`);
};
/** Between the tags. */
const words = (html: string) => html.replace(/<style>.*?<\/style>/s, '').replace(/<[^>]*>/g, ' ');

test('a run without a guarantee says so first, and shows what was measured with chance beside it', async () => {
  const html = await page(plain());
  has(
    html,
    '<h2>No privacy guarantee</h2>',
    'PAR-GAN with 2 critics',
    'for 300 steps on blobs: 5,000 rows of 2 columns',
  );
  assert.ok(html.indexOf('No privacy guarantee') < html.indexOf('Attacks: who was'));
  has(html, 'of 2, 1 attack tells members from others', 'nearest released sample', '67.9 %', '95 %: 65.4 % to 70.1 %');
  has(html, 'chance: 50.0 %, above chance', 'chance: 1.0 %', 'chance: 0.500', 'Against 777 hold-out rows');
  has(html, '0.0987', 'real rows: 0.0241', '25.0 %, 75.0 %', '1,299, 1,301 training rows', 'sha256 c0ffee');
  has(html, 'Attacks that were not run: Monte Carlo', '0.345<small>chance: 0.123');
  assert.is(html.split('class="bad"').length - 1, 1, 'one attack is marked');
  hasNot(html, 'class="panel owner"', 'do not pass it on', 'role="alert"');
  assert.is(html.split('class="marks"').length - 1, 1, 'one chart of ROC curves');
});

test('a private run says what epsilon is and means, and holds nothing that looked at real records', async () => {
  const html = await page(guarded());
  has(html, '<h2>Differentially private: epsilon 2.9972 at delta 1e-5</h2>', '20.03 times', 'at most 95.3 % of cases');
  has(
    html,
    '2.9972 (certified upper bound; the lower one is 2.9951)',
    '3.4108 (upper bound, coarser)',
    '336',
    '0.02560',
  );
  has(
    html,
    'one record (row), its values replaced by nothing',
    'Poisson: each record',
    'each clipped to norm 1.5 (flat)',
    '1.100',
  );
  has(html, 'Left out: the owner&#39;s diagnostics', '--diagnostics');
  // The numbers of `measured` and of run.json that are the owner's.
  const owners = ['67.9', '0.6789', '0.0987', '0.0241', '1,299', '777', 'c0ffee', '0:5000', 'training points', '0.345'];
  hasNot(html, ...owners, 'class="warning"');
  assert.not.match(html, /white-box|nearest released/);
  const all = await page(guarded({ measured: measured() }));
  has(
    all,
    'do not pass it on',
    'Owner&#39;s diagnostics - outside the guarantee',
    ...owners.filter((x) => !/0\.6789|c0ff|0:5/.test(x)),
  );
  // All of it inside the marked section.
  const box = all.indexOf('<section class="panel owner">');
  for (const text of ['67.9', '0.0987', '1,299', '777', '0.345'])
    assert.ok(words(all).indexOf(text) >= 0 && all.indexOf(text) > box, text);
  assert.match(all.slice(box), /<h3>Attacks/);
});

test('a private number of records is told nowhere', async () => {
  const { rows: _, ...hidden } = guarded({
    privacy: privacy({ rowsPublic: false, terms: { ...privacy().terms, population: 4096 } }),
  });
  const html = await page(hidden);
  hasNot(words(html), '5,000', '5000');
  has(html, 'declared number of records', '4,096');
});

test('an insecure seed: a red warning, and epsilon only as what it would be', async () => {
  const { epsilon, ...rest } = privacy({ insecure: true });
  const html = await page(guarded({ privacy: { ...rest, epsilon: null, would: epsilon ?? undefined } }));
  has(html, '<section class="panel bad">', 'NO guarantee: an insecure seed');
  assert.match(html, /<p class="warning" role="alert">Epsilon carries no guarantee here/);
  has(html, 'epsilon by PLD, were the noise secret', 'insecureSeed: it can be repeated');
  hasNot(html, 'Differentially private: epsilon', '20.03 times', 'It holds against every attack', '67.9');
  // Red in both colour schemes.
  assert.match(html, /\.warning \{[^}]*color: var\(--bad\)/);
  const reds = [...html.matchAll(/--bad: #(..)(..)(..);/g)].map((m) => m.slice(1).map((x) => Number.parseInt(x, 16)));
  assert.is(reds.length, 2);
  for (const [r, g, b] of reds) assert.ok(r > 150 && r > 1.5 * g && r > 1.5 * b, `${r} ${g} ${b}`);
});

test('weights clipped as published: no guarantee, and the formula of the paper with its label', async () => {
  const claim = { paper_epsilon: 9.6, paper_epsilon_ln: 14.6, label: 'NOT a guarantee', at_least: 1234.5 };
  const html = await page(guarded({ privacy: privacy({ epsilon: null, claim }) }));
  has(
    html,
    'NO guarantee: weights are clipped, not gradients',
    '9.600; with the natural logarithm 14.60. NOT a guarantee',
  );
  has(html, 'epsilon would be at least 1,234', 'epsilon</th><td>none: gradients are not bounded');
});

test('the discrete mechanism is known by RDP', async () => {
  const epsilon = { rdp: 3.5, pld: null, pld_lower: null };
  const html = await page(
    guarded({ privacy: privacy({ epsilon, terms: { ...privacy().terms, mechanism: 'discrete' } }) }),
  );
  has(html, 'epsilon 3.5000 at delta 1e-5', 'discrete Gaussian noise, exact in integers');
  hasNot(html, 'epsilon by PLD', '32-bit');
});

test('what epsilon means is true: the best guess against a Gaussian reaches no more, and close to it with delta 0', () => {
  assert.is(bestGuess(0, 0), 0.5);
  assert.ok(Math.abs(bestGuess(Math.log(3), 0) - 0.75) < 1e-12);
  assert.is(bestGuess(1, 1), 1);
  // N(0, 1) against N(m, 1): the best guess is right in Phi(m / 2); every pair (epsilon, delta) of it must allow that.
  const phi = (x: number) => 1 - gaussianDelta(0, 1 / (2 * x)) / 2 - 0.5 + gaussianDelta(0, 1 / (2 * x));
  for (const m of [0.2, 1, 2.5]) {
    let least = 1;
    for (let epsilon = 0; epsilon < 8; epsilon += 0.25)
      least = Math.min(least, bestGuess(epsilon, gaussianDelta(epsilon, 1 / m)));
    const truth = phi(m / 2);
    assert.ok(least >= truth - 1e-9 && least < truth + 1e-9, `${m}: ${least} against ${truth}`);
  }
  // Rounded up, never down.
  const [first, second] = meaning({ rdp: 9, pld: 1, pld_lower: 1 }, 1e-5, 'zero-out');
  assert.match(first, /at most 2\.72 times/);
  assert.match(second, /at most 73\.2 % of cases/);
  assert.match(meaning({ rdp: 99, pld: 40, pld_lower: 1 }, 1e-5, 'zero-out')[1], /practically every case/);
  // The two cases are those that were accounted for.
  const cases = (relation: Relation) => meaning({ rdp: 9, pld: 1, pld_lower: 1 }, 1e-5, relation)[0];
  assert.match(cases('zero-out'), /or with nothing in their place, the number of rows being known\. /);
  assert.match(cases('add-remove'), /with that record in the training data or without it\. /);
  assert.match(cases('replace-one'), /with that record or with any other in its place\. /);
});

test('caveats follow the run: an early end, a large epsilon, a delta above one over n, one attack fewer', async () => {
  has(await page(plain({ steps: 120 })), '120 of 300 steps', 'Training was stopped at step 120 of 300');
  has(
    await page(guarded({ privacy: privacy({ epsilon: { rdp: 13, pld: 12.5, pld_lower: 12 } }) })),
    'Epsilon is large',
  );
  has(
    await page(guarded({ privacy: privacy({ delta: 1e-3 }) })),
    'Delta is larger than one over the number of records',
  );
  hasNot(await page(guarded()), 'Epsilon is large', 'Delta is larger', 'Training was stopped');
  const names = [
    'white-box-max',
    'monte-carlo-single',
    'lira-white-box',
    'gan-leaks',
    'gan-leaks-calibrated',
    'domias',
  ];
  const html = await page(plain({ measured: measured({ attacks: { attacks: names.map((name) => attack(name)) } }) }));
  const missing = /Attacks that were not run: ([^<]*)/.exec(html)?.[1] ?? '';
  assert.match(missing, /distance to the closest.*search for the z.*LOGAN black-box/);
  assert.not.match(missing, /Monte Carlo|LiRA|DOMIAS|nearest|reference/);
  has(html, 'Of 6 attacks none is surely better than chance');
  const not_run = [
    { name: 'domias', why: 'too wide' },
    { name: 'dcr', why: 'not asked for' },
  ];
  has(
    await page(plain({ measured: measured({ attacks: { attacks: [attack('white-box-max')], not_run } }) })),
    'distance to the closest record; DOMIAS (density ratio): too wide',
  );
  // A budget that was spent is no early end.
  const spent = await page(guarded({ steps: 120 }));
  hasNot(spent, 'Training was stopped');
  has(spent, 'epsilon 3, spent: one more update would exceed it');
  has(
    await page(guarded({ steps: 120, privacy: privacy({ exhausted: false }) })),
    'Training was stopped',
    '3, not spent',
  );
  has(await page(plain({ measured: measured({ attacks: undefined }) })), 'No attack was run on it', 'veilgan attack');
  has(await page(plain({ measured: measured({ stale: true }) })), 'trained on after these attacks');
});

test("rows of the members' own file are the better non-members: the verdict rests on them", async () => {
  const clean = { attacks: [attack('nearest-sample', 0.5432, [0.53, 0.556])] };
  const sets = [
    { name: 'monte-carlo-set-original', accuracy: 0.58, chance: 0.556, ci95: [0.44, 0.7] as [number, number] },
  ];
  const closest = { share: 0.512, floor: { mean: 0.499 } };
  const attacks = {
    attacks: [attack('nearest-sample', 0.8, [0.78, 0.82])],
    non_members: 'hold-out',
    clean,
    set_attacks: sets,
    closest_records: closest,
  };
  const html = await page(plain({ measured: measured({ attacks }) }));
  has(html, 'is right in 54.3 % of its answers', 'Against 777 rows of the same file that training left out');
  has(html, '58.0 %<small>95 %: 44.0 % to 70.0 %</small><small>chance: 55.6 %', '51.2 %<small>chance: 49.9 %');
  hasNot(html, 'Where that is another split');
});

test('several runs: side by side, then one by one, a level lower; the owner of private ones warned', async () => {
  const html = await page(plain(), guarded({ dir: 'runs/b' }), guarded({ dir: 'runs/c' }));
  has(
    html,
    '<title>VeilGAN: 3 runs side by side</title>',
    'DP-PAR-GAN, K = 2, on blobs (runs/b)',
    'epsilon 2.9972 at delta 1e-5',
  );
  has(html, 'left out: the owner&#39;s', '<h2>PAR-GAN, K = 2, on blobs</h2>', '<h3>No privacy guarantee</h3>');
  // Two releases of the same data spend together.
  const together = async (...list: RunFacts[]) =>
    (/private runs on blobs promises less[^:]*: epsilon ([\d.]+ at delta [\de-]+)/.exec(await page(...list)) ?? [])[1];
  const alike = [guarded({ dir: 'runs/b' }), guarded({ dir: 'runs/c' })];
  const expected = epsilonOf([...privacy().phases, ...privacy().phases], 1e-5).pld;
  assert.is(await together(...alike), `${expected?.toFixed(4)} at delta 1e-5`);
  // Mechanisms of two kinds add up, delta too; the same run twice counts once.
  const discrete = privacy({ terms: { ...privacy().terms, mechanism: 'discrete' } });
  const [a, b] = [epsilonOf(discrete.phases, 1e-5), epsilonOf(discrete.phases, 1e-5, { mechanism: 'discrete' })];
  const mixture = [alike[0], guarded({ dir: 'runs/d', privacy: discrete }), alike[0]];
  assert.is(await together(...mixture), `${((a.pld ?? 0) + b.rdp).toFixed(4)} at delta 2e-5`);
  // Two that exchange a record spend together as that relation has it.
  const replaced = { ...privacy(), relation: 'replace-one' as const };
  const pair = ['runs/e', 'runs/f'].map((dir) => guarded({ dir, privacy: replaced }));
  const dearer = epsilonOf([...privacy().phases, ...privacy().phases], 1e-5, { relation: 'replace-one' }).pld;
  assert.ok(Number(dearer) > 1.4 * Number(expected));
  assert.is(await together(...pair), `${dearer?.toFixed(4)} at delta 1e-5`);
  // Each of them has paid for an encoding of its own.
  const terms = { ...privacy().terms, encoding_epsilon: 0.4, encoding_delta: 0 };
  const tables = ['runs/g', 'runs/h'].map((dir) => guarded({ dir, privacy: privacy({ terms }) }));
  assert.is(await together(...tables), `${(0.8 + (expected ?? 0)).toFixed(4)} at delta 1e-5`);
  has(html, 'Who releases both has no guarantee for blobs at all');
  hasNot(html, 'do not pass it on');
  const mixed = await page(plain(), guarded({ measured: measured() }));
  has(mixed, 'do not pass it on', 'Measured side by side. Owner&#39;s diagnostics');
});

test('all text is escaped, and nothing is asked of the network', async () => {
  const evil = plain({
    dir: EVIL,
    info: { ...info(EVIL, { [EVIL]: EVIL }), adapter: { name: EVIL }, data: { name: EVIL, [EVIL]: EVIL } },
    measured: measured({
      attacks: { attacks: [attack(EVIL, 0.9, [0.8, 0.95])] },
      quality: { metrics: { [EVIL]: 1 } },
      against: EVIL,
    }),
    pictures: [{ kind: 'image', png: Uint8Array.of(1, 2, 3), caption: EVIL, alt: EVIL }],
  });
  for (const html of [await page(evil), await page(evil, guarded({ ...evil, privacy: privacy() }))]) {
    assert.not.match(html, /<script/);
    // Inside a chart's text a quotation mark is only that.
    assert.not.match(html.replace(/<svg.*?<\/svg>/gs, ''), /alert\("/);
    assert.match(html, /<img src="data:image\/png;base64,AQID" alt="&lt;script/);
    const links = [...html.matchAll(/https?:\/\/[^"'\s<)]+/g)].map((m) => m[0]);
    assert.ok(
      links.every((link) => link.startsWith('http://www.w3.org/')),
      links.join(),
    );
    assert.match(html, "default-src 'none'");
    assert.not.match(html, /<(link|iframe|object|embed)\b|@import|url\((?!#)|src="(?!data:)/);
  }
});

test('a page for everybody: one h1, no level left out, heads of columns and rows, words for every picture', async () => {
  for (const html of [await page(plain()), await page(plain(), guarded({ measured: measured() }))]) {
    const levels = [...html.matchAll(/<h(\d)>/g)].map((m) => Number(m[1]));
    assert.is(levels.filter((level) => level === 1).length, 1);
    levels.forEach((level, i) => assert.ok(i === 0 || level <= levels[i - 1] + 1, `h${levels[i - 1]} then h${level}`));
    assert.not.match(html, /<th>|<th (?!scope=)/);
    for (const [figure] of html.matchAll(/<figure>.*?<figcaption>/gs))
      assert.match(figure, /aria-label="[^"]|alt="[^"]/);
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map((m) => m[1]);
    assert.is(new Set(ids).size, ids.length);
    assert.match(html, /@media screen and \(prefers-color-scheme: dark\)/);
    assert.match(html, /@media print/);
  }
});

test.run();
