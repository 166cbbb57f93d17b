import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lossCurves, scatterGrid } from '../../src/report/charts/plot.ts';
import { escapeHtml } from '../../src/report/html.ts';
import type { Reading, Row } from '../../src/report/readings.ts';
import { type Report, renderReport as render, type SummaryRun, summaryBlocks } from '../../src/report/summary.ts';

/** A page whose numbers may leave their per cent signs. */
const renderReport = (report: Report): string => render(report).replaceAll('\u00a0', ' ');

const run = (title: string, K: number, readings: SummaryRun['readings']): SummaryRun => ({
  title,
  dir: `runs/${title}`,
  info: {
    format: 1,
    system: 'pargan',
    data: { name: 'blobs', rows: 200 },
    seed: 7,
    config: { partitions: K, learning_rate: 0.0002, divergence: 'js', betas: [0.5, 0.9] },
    created: '2025-01-02T03:04:05.000Z',
    version: { veilgan: '0.1.0', node: '20.20.0', git: { commit: 'a'.repeat(40), dirty: true } },
    adapter: { name: 'llvmpipe <LLVM>', vendor: 'mesa', limits: {} },
  },
  steps: 2000,
  seconds: 30,
  readings,
});

const wb = { name: 'wb', title: 'white-box attack, max', meaning: 'Share guessed right.', unit: 'share', attack: true };
const hq = { name: 'hq', title: 'within 3 sigma', meaning: 'Share of good samples.', unit: 'share', attack: false };
const tvd = { name: 'tvd', title: 'TVD', meaning: 'Distance.', unit: 'number', attack: true };
const rows = [wb, hq, tvd] as Row[];
const reading = (row: unknown, value: number, others: Partial<Reading> = {}): Reading => ({
  ...{ row: row as Row, value },
  ...others,
});

const summary = {
  setting: ['200 rows & wide networks'],
  warnings: ['only <one> seed'],
  runs: [
    run('GAN, K = 1', 1, [
      reading(wb, 0.64, { ci95: [0.59, 0.69], chance: 0.5 }),
      reading(hq, 0.95, { chance: 1, ci95: [1.1, 1.2] }),
      reading(tvd, 0.3, { ci95: [0.2, 0.4], chance: 0.2 }),
    ]),
    run('PAR-GAN, K = 10', 10, [reading(wb, 0.52, { ci95: [0.47, 0.57], chance: 0.5 }), reading(hq, 0.97)]),
  ],
  figures: [{ svg: '<svg><clipPath id="clip0"/><g clip-path="url(#clip0)"/></svg>', caption: 'Loss "curves"' }],
};

test('every number stands with its interval and chance, and leaks are marked', () => {
  const html = renderReport({ title: 'Demo', blocks: summaryBlocks(summary) });
  assert.ok(html.includes('64.0 %<small>95 %: 59.0 % to 69.0 %</small><small>chance: 50.0 %, above chance</small>'));
  assert.ok(html.includes('52.0 %<small>95 %: 47.0 % to 57.0 %</small><small>chance: 50.0 %</small>'));
  // Touching chance is not above it, quality is no attack, and a missing number says so.
  assert.is(html.split(', above chance<').length - 1, 1);
  assert.is(html.split('class="bad"').length - 1, 1);
  assert.ok(html.includes('0.300<small>95 %: 0.200 to 0.400</small><small>chance: 0.200</small>'));
  assert.ok(html.includes('-<small>not measured</small>'));
  for (const { title, meaning } of rows) assert.ok(html.includes(`<dt>${title}</dt><dd>${meaning}</dd>`), title);
});

test('how the runs were made: adapter, code, seed, settings that differ first', () => {
  const html = renderReport({ title: 'Demo', blocks: summaryBlocks(summary) });
  assert.ok(html.includes('llvmpipe &lt;LLVM&gt;, mesa'));
  assert.ok(html.includes(`VeilGAN 0.1.0, git ${'a'.repeat(12)} with changes, Node 20.20.0`));
  assert.ok(html.includes('blobs: 200 rows'));
  assert.ok(html.includes('30.0 s (15 ms a step)'));
  const settings = html.slice(html.indexOf('Configuration</h2>'));
  const order = [...settings.matchAll(/<th scope="row">([^<]+)/g)].map((m) => m[1]);
  assert.equal(order, ['partitions', 'betas', 'divergence', 'learning_rate']);
  assert.ok(settings.includes('<td>0.5, 0.9</td>'));
});

test('text is escaped everywhere', () => {
  const evil = '<script>alert("1")</script>\'&';
  const blocks = [
    { kind: 'heading', text: evil },
    { kind: 'paragraph', text: evil },
    { kind: 'warning', text: evil },
    { kind: 'list', items: [{ term: evil, text: evil }] },
    { kind: 'table', columns: [evil], rows: [[evil], [{ value: evil, notes: [evil] }]], caption: evil },
    { kind: 'figure', svg: '<svg></svg>', caption: evil },
  ] as const;
  const html = renderReport({ title: evil, blocks });
  assert.not.match(html, /<script|alert\("/);
  assert.is(html.split(escapeHtml(evil)).length - 1, 14);
  assert.is(render({ title: '', blocks: [{ kind: 'paragraph', text: '5 % of' }] }).includes('5\u00a0% of'), true);
  assert.is(escapeHtml(evil), '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;');
});

test('the page reaches for nothing outside itself', async () => {
  const pictures = [lossCurves([{ step: 1, loss_g: 1, loss_d: [1] }]), scatterGrid([{ title: 'a', points: [0, 0] }])];
  const figures = await Promise.all(pictures.map(async (p) => ({ svg: await p.svg(), caption: 'c' })));
  const html = renderReport({ title: 'Demo', blocks: summaryBlocks({ ...summary, figures }) });
  assert.match(html, "default-src 'none'");
  const links = [...html.matchAll(/https?:\/\/[^"'\s<)]+/g)].map((m) => m[0]);
  assert.ok(
    links.every((link) => link.startsWith('http://www.w3.org/')),
    links.join(),
  );
  assert.not.match(html, /<(link|script|img|iframe)\b|@import|url\((?!#)/);
});

test('pictures do not share ids', () => {
  const { svg } = summary.figures[0];
  const html = renderReport({ title: 'x', blocks: [1, 2].map(() => ({ kind: 'figure', svg, caption: '' }) as const) });
  for (const prefix of ['f0-', 'f1-']) {
    assert.is(html.split(`id="${prefix}clip0"`).length - 1, 1);
    assert.is(html.split(`"url(#${prefix}clip0)"`).length - 1, 1);
  }
  assert.not.match(html, /"clip0"|#clip0/);
});

test.run();
