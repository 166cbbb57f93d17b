/** The part of a report on a table's columns: sentences, bars, charts; and what is stored of it, read with care. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columnBlocks, targetSentence } from '../../src/report/blocks/columns.ts';
import { pairsApart, tableBlocks } from '../../src/report/blocks/tables.ts';
import { columnChart, diagonalChart, predictionChart } from '../../src/report/charts/columns.ts';
import { heatMap } from '../../src/report/charts/tables.ts';
import { COLOURS, HEAT } from '../../src/report/charts/theme.ts';
import { reportOn } from '../../src/report/compare.ts';
import { type Block, renderReport } from '../../src/report/html.ts';
import { checkedQuality } from '../../src/report/results.ts';
import { EVIL, measured, plain, tableQuality } from './facts.ts';

const html = (blocks: readonly Block[]) => renderReport({ title: 't', blocks }).replaceAll('\u00a0', ' ');
const count = (text: string, part: string | RegExp) => text.split(part).length - 1;

test('what a model learns, in plain words, whichever way it came out', () => {
  assert.is(
    targetSentence(tableQuality()),
    'A linear model that predicts town, trained on the samples, is right in 66.7 % of 1,500 real cases that nobody trained on; one trained on real rows in 68.4 %. Always guessing the most frequent answer gives 65.3 %. So the samples teach 45.2 % of what real rows teach about it.',
  );
  const { metrics, ...rest } = tableQuality();
  const gained = (gain: number) => targetSentence({ ...rest, metrics: { ...metrics, downstream_gain_share: gain } });
  assert.match(gained(-0.3) ?? '', /So the samples teach nothing about it\.$/);
  assert.match(gained(1.02) ?? '', /teach all of what/);
  const { downstream_gain_share: _, ...unknown } = metrics;
  assert.match(targetSentence({ ...rest, metrics: unknown }) ?? '', /gives 65\.3 %\.$/);
  assert.is(targetSentence({ metrics }), undefined);
});

test('columns: the worst first, with bars that are words too', async () => {
  const page = html(await columnBlocks(tableQuality()));
  assert.ok(page.indexOf('>town<') < page.indexOf('>age<'));
  assert.ok(page.includes('0.15<small>real rows: 0.020</small>'));
  assert.is(count(page, '<svg class="bars"'), 2);
  assert.ok(page.includes('town. Real rows: Bern 75.0 %, (other) 25.0 %. Samples: Bern 60.0 %, (other) 40.0 %.'));
  const [bars] = /<svg class="bars".*?<\/svg>/s.exec(page) ?? [''];
  const tall = (kind: string) =>
    [...bars.matchAll(new RegExp(`class="${kind}"[^>]* height="([\\d.]+)"`, 'g'))].map((m) => Number(m[1]));
  // The largest share fills the height.
  assert.equal(tall('real'), [33, 11]);
  assert.equal(tall('made'), [26.4, 17.6]);
  assert.ok(page.includes('town: distance 0.15. Most at &quot;Bern&quot;: 75.0 % of real rows, 60.0 % of samples.'));
  assert.ok(page.includes('the difference is 0.0321 (real rows: 0.0111)') && page.includes('<td>0.43</td>'));
  assert.is(count(page, '<figure>'), 4, 'two columns, shares, predictions');
  const many = Array.from({ length: 60 }, (_, i) => ({
    ...{ name: `c${i}`, kind: 'boolean', distance: i / 100, labels: ['a'], reference: [1], samples: [1] },
  }));
  const long = html(await columnBlocks({ metrics: {}, details: { columns: many } }));
  assert.is(count(long, '<svg class="bars"'), 40);
  assert.ok(long.includes('The 40 of 60 columns') && long.includes('>c59<') && !long.includes('>c19<'));
  assert.equal(await columnBlocks({ metrics: {} }), []);
});

test('tables of counts: means, bars, and squares below and above the diagonal, in words too', async () => {
  const judge = {
    columns: ['age', 'town', EVIL],
    rows: { samples: 5000, training: 5000, holdout: 2000 },
    ...{ single: [0.01, 0.03, 0], floor_single: [0.02, 0.01, 0], tables: [3, 3, 1] as [number, number, number] },
    ...{ pairs: [0.05, 0.2, 0.005], floor_pairs: [0.04, 0.01, 0.02] },
  };
  const target = { target: 'town', classes: 3, tested: 9, majority: 0.5, accuracy: 0.6, auc: 0.7, real_auc: 0.75 };
  const metrics = { total_variation_1: 0.0133, total_variation_2: 0.085, total_variation_2_independent: 0.171 };
  const targets = [target, { ...target, target: EVIL, auc: null, real_accuracy: 0.65 }];
  const page = html(await tableBlocks({ metrics, real: { total_variation_2: 0.0233 }, details: { judge, targets } }));
  assert.ok(
    page.includes('<td>0.0850</td><td>0.0233</td><td>0.171</td>'),
    'samples between the hold-out and independence',
  );
  assert.ok(
    page.includes('pairs of columns<small>3 tables</small>') && page.includes('triples of columns<small>one table'),
  );
  assert.ok(page.includes('0.0850') && page.includes('0.0233') && page.includes('Beside it 2,000 hold-out rows'));
  assert.ok(page.includes('the worst first: town with 0.030 (hold-out 0.010)'));
  assert.match(page, /Furthest: age and &lt;script.* 0\.20 \(hold-out 0\.010\); age and town 0\.050/);
  assert.not.match(page, /<script/);
  assert.is(count(page, 'role="img" aria-label="'), 2);
  assert.ok(page.includes('0.700') && page.includes('real rows: 65.0 %'), 'targets');
  // Six squares: .05 .2 .005 of samples and .04 .01 .02 of the hold-out.
  const squares = await heatMap(['a', 'b', 'c'], pairsApart(judge)).svg();
  const drawn = squares.slice(0, squares.indexOf('role-legend'));
  const shades = [3, 5, 0, 2, 0, 1].map((step) => HEAT[step]);
  for (const shade of HEAT) assert.is(count(drawn, `fill="${shade}"`), shades.filter((s) => s === shade).length, shade);
  // One column has no pairs, and no hold-out no floor; of many columns some are drawn.
  const tables: [number, number, number] = [1, 0, 0];
  const one = { columns: ['x'], rows: { samples: 5, training: 5 }, single: [0.1], pairs: [], tables };
  const poor = html(
    await tableBlocks({ metrics: { total_variation_1: 0.1 }, details: { judge: { ...judge, ...one } } }),
  );
  assert.ok(poor.includes('no hold-out rows') && poor.includes('no triples'));
  assert.is(count(poor, '<figure>'), 1);
  const names = Array.from({ length: 40 }, (_, i) => `c${i}`);
  const pairs = new Array<number>(780).fill(0.01);
  const many = { ...judge, columns: names, single: names.map((_, i) => i / 100), pairs };
  const wide = html(
    await tableBlocks({
      metrics: {},
      details: { judge: { ...many, floor_single: undefined, floor_pairs: undefined } },
    }),
  );
  assert.is(count(wide, 'The 30 of 40 columns'), 4, 'in captions and their descriptions');
  assert.equal(await tableBlocks({ metrics: {} }), []);
  const read = (more: object) =>
    checkedQuality({ metrics: {}, details: { judge: { ...judge, ...more } } }, 'f').details;
  assert.equal(read({})?.judge, judge);
  assert.is(read({ single: [0.1] })?.judge, undefined);
  assert.is(read({ pairs: [0.1, 0.2, 2] })?.judge?.pairs, undefined);
});

test('tables of zeros and ones: scatter plots of probabilities and of predictions', async () => {
  const pairs = { columns: ['a', 'b', 'c'], real: [0.5, 0.25, null], samples: [0.45, 0.3, 0.9] };
  const page = html(
    await columnBlocks({ metrics: {}, details: { dimension_probability: pairs, dimension_prediction: pairs } }),
  );
  assert.ok(page.includes('balanced accuracy of predicting it') && page.includes('Scatter plot of 2 points'));
});

test('charts: a bar for each share, a point for each value, marks that are told apart', async () => {
  const [age] = tableQuality().details?.columns ?? [];
  const bars = await columnChart(age).svg();
  const drawn = bars.slice(0, bars.indexOf('role-legend'));
  assert.is(count(drawn, `fill="${COLOURS.blue}"`), 2);
  assert.is(count(drawn, `fill="${COLOURS.grey}"`), 2);
  // Labels that are cut to the same text stay two.
  const alike = ['a long label number one', 'a long label number two'];
  assert.ok((await columnChart({ ...age, labels: alike }).svg()).includes('a long label nu... (2)'));
  const points = Array.from({ length: 30 }, (_, i) => ({
    name: `v${i}`,
    real: i / 30,
    samples: i === 3 ? 0.9 : i / 30,
  }));
  const scatter = await diagonalChart(points, { xTitle: 'x', yTitle: 'y', roots: true }).svg();
  assert.is(count(scatter, '<circle'), 30);
  assert.ok(scatter.includes('>v3<'));
  const at = [...scatter.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map((m) => [Number(m[1]), Number(m[2])]);
  // The first point is the origin, and the tenth, of one third, is at the root of it.
  assert.equal(at[0], [0, 330]);
  assert.ok(Math.abs(at[10][0] - 330 * Math.sqrt(1 / 3)) < 0.1, `${at[10]}`);
  const dots = await predictionChart([{ name: 'town', real: 0.8, samples: 0.7, majority: 0.6 }]).svg();
  for (const text of ['most frequent value', 'real rows', 'samples', 'town']) assert.ok(dots.includes(text), text);
});

test('what is stored may be wrong or evil: parts that do not fit are left out, text is escaped', async () => {
  const good = tableQuality();
  const [age] = good.details?.columns ?? [];
  const read = (details: unknown) => checkedQuality({ ...good, details }, 'f').details;
  assert.equal(read(good.details), good.details);
  assert.is(read({ ...good.details, columns: [{ ...age, samples: [1] }] })?.columns, undefined);
  assert.is(read({ ...good.details, columns: [{ ...age, samples: ['<b>', 1] }] })?.columns, undefined);
  assert.is(
    read({ dimension_probability: { columns: ['a'], real: [2], samples: [0] } })?.dimension_probability,
    undefined,
  );
  assert.is(read('none'), undefined);
  const evil = tableQuality({
    details: {
      columns: [{ ...age, name: EVIL, kind: EVIL, labels: [EVIL, EVIL] }],
      associations: [{ a: EVIL, b: EVIL, reference: 0, samples: 1 }],
      dimension_probability: { columns: [EVIL], real: [0.5], samples: [0.1] },
      column_accuracy: { columns: [EVIL], real: [0.5], samples: [0.1] },
      downstream: { target: EVIL, taken: EVIL, classes: [], tested: 3 },
    },
  });
  const page = renderReport(await reportOn([plain({ measured: measured({ quality: evil }) })]));
  assert.not.match(page, /<script/);
  assert.match(page, /aria-label="&lt;script/);
  const levels = [...page.matchAll(/<h(\d)>/g)].map((m) => Number(m[1]));
  levels.forEach((level, i) => assert.ok(i === 0 || level <= levels[i - 1] + 1));
  for (const [tag] of page.matchAll(/<svg class="bars"[^>]*>/g)) assert.match(tag, /role="img" aria-label="[^"]/);
});

test.run();
