import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lossCurves, scatter, scatterGrid } from '../../src/report/charts/plot.ts';
import { chartPng } from '../../src/report/charts/png.ts';
import { COLOURS } from '../../src/report/charts/theme.ts';

const rows = Array.from({ length: 50 }, (_, i) => ({
  step: i + 1,
  loss_g: 0.7 - i / 500,
  loss_d: [1.3 + i / 900, 1.4, 1.5],
}));
const cloud = (n: number) => Float32Array.from({ length: 2 * n }, (_, i) => Math.sin(i * 12.9898) * 1.5);
const count = (text: string, part: string) => text.split(part).length - 1;
/** Everything before the legend, whose symbols are circles too. */
const marks = (svg: string) => svg.slice(0, svg.indexOf('role-legend'));
const size = (svg: string) => {
  const [, width, height] = /<svg [^>]*width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  return [Number(width), Number(height)];
};

test('loss curves: title, axes, legend, curves and band', async () => {
  const svg = await lossCurves(rows, { title: 'blobs <JS> & "more"', yTitle: 'loss (nats)' }).svg();
  for (const text of [
    'blobs &lt;JS&gt; &amp; "more"',
    'step (generator updates)',
    'loss (nats)',
    'generator, L_G',
    'mean of 3 discriminators, L_D',
    'band: lowest to highest discriminator',
  ]) {
    assert.ok(svg.includes(text), text);
  }
  assert.is(count(svg, 'mark-line role-mark'), 2);
  assert.is(count(svg, 'mark-area role-mark'), 2);
  // The band spans the discriminators; for the one generator it has no height.
  const bands = [...svg.matchAll(/<path d="([^"]*Z)"[^>]*fill="(#[0-9a-f]{6})"/g)].map(([, d, fill]) => {
    const ys = [...d.matchAll(/[ML]?-?[\d.]+,(-?[\d.]+)/g)].map((m) => Number(m[1]));
    return [fill, Math.max(...ys) - Math.min(...ys)] as const;
  });
  assert.ok((bands.find(([fill]) => fill === COLOURS.orange)?.[1] ?? 0) > 20);
  assert.ok(size(svg)[0] <= 820 && size(svg)[0] >= 700);
});

test('loss curves of one discriminator, of none, with gaps, and of many steps', async () => {
  const single = await lossCurves(rows.map((row) => ({ ...row, loss_d: [1] }))).svg();
  assert.ok(single.includes('discriminator, L_D') && !single.includes('band:'));
  assert.ok((await lossCurves([]).svg()).includes('no losses recorded'));
  assert.not.match(await lossCurves([{ step: 1, loss_g: Number.NaN, loss_d: [Number.NaN] }]).svg(), /NaN|undefined/);
  const many = Array.from({ length: 15_000 }, (_, i) => ({ step: i + 1, loss_g: 1, loss_d: [1] }));
  const svg = await lossCurves(many).svg();
  assert.ok(svg.includes('a point stands for 25 steps'));
  assert.ok(svg.length < 150_000, `${svg.length} bytes`);
});

test('a scatter draws the samples over the training points', async () => {
  const svg = await scatter(cloud(30), { title: 'PAR-GAN', reference: cloud(700), domain: [-2, 2] }).svg();
  const drawn = marks(svg);
  assert.is(count(drawn, `fill="${COLOURS.grey}"`), 700);
  assert.is(count(drawn, `fill="${COLOURS.blue}"`), 30);
  assert.ok(drawn.lastIndexOf(COLOURS.grey) < drawn.indexOf(COLOURS.blue), 'samples on top');
  for (const text of ['PAR-GAN', '>30 samples<', '>samples<', '>training points<', '>x<', '>y<']) {
    assert.ok(svg.includes(text), text);
  }
  assert.match(svg, /<circle cx="-?[\d.]+" cy="-?[\d.]+" r="[\d.]+" fill=/);
});

test('few training points are rings over the samples', async () => {
  const svg = await scatter(cloud(600), { reference: cloud(40), domain: [-2, 2] }).svg();
  const drawn = marks(svg);
  assert.is(count(drawn, `stroke="${COLOURS.ink}"`), 40);
  assert.ok(drawn.lastIndexOf(COLOURS.blue) < drawn.indexOf(`stroke="${COLOURS.ink}"`), 'rings on top');
  assert.ok(svg.includes('training points (rings)'));
});

test('positions: the corners of the axes are the corners of the panel', async () => {
  const svg = await scatter([-1, -1, 1, 1, 0, 0.5], { domain: [-1, 1] }).svg();
  const points = [...marks(svg).matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="[\d.]+" fill="#0072b2" opacity/g)];
  assert.equal(
    points.map((m) => [Number(m[1]), Number(m[2])]),
    [
      [0, 520],
      [520, 0],
      [260, 130],
    ],
  );
  assert.not.ok(svg.includes('training points'));
});

test('samples outside the axes, or not numbers, are counted instead of drawn', async () => {
  const svg = await scatter([0, 0, 5, 0, 0, -5, Number.NaN, 0], { domain: [-1, 1] }).svg();
  assert.ok(svg.includes('4 samples, 3 outside the axes'));
  assert.is([...marks(svg).matchAll(/<circle cx="[\d.]+" cy="[\d.]+" r="[\d.]+" fill="#0072b2" opacity/g)].length, 1);
  assert.throws(() => scatter([1, 2, 3]), /3 numbers are no x, y pairs/);
});

test('small multiples share axes and legend; large sets are thinned', async () => {
  const panels = ['gan', 'pargan', 'third', 'fourth'].map((title) => ({ title, points: cloud(3000) }));
  const picture = scatterGrid(panels, { reference: cloud(5), title: 'All', domain: [-2, 2], limit: 100 });
  const svg = await picture.svg();
  for (const { title } of panels) assert.ok(svg.includes(`>${title}<`), title);
  assert.ok(svg.includes('>All<'));
  assert.is(count(svg, '>3,000 samples, 100 drawn<'), 4);
  assert.is(count(svg, '>samples<'), 1);
  const ids = [...svg.matchAll(/\sid="([^"]+)"/g)].map((m) => m[1]);
  assert.is(new Set(ids).size, ids.length);
  for (const [, id] of svg.matchAll(/url\(#([^)]+)\)/g)) assert.ok(ids.includes(id), id);
  assert.is(await scatterGrid(panels, { reference: cloud(5), title: 'All', domain: [-2, 2], limit: 100 }).svg(), svg);
});

test('the PNG has its magic, twice the size of the SVG, and text without system fonts', async () => {
  const picture = lossCurves(rows, { title: 'A title of some length' });
  const png = await chartPng(picture);
  assert.equal([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  assert.is(String.fromCharCode(...png.subarray(12, 16)), 'IHDR');
  const header = new DataView(png.buffer, png.byteOffset);
  const [width, height] = size(await picture.svg());
  assert.equal([header.getUint32(16), header.getUint32(20)], [2 * width, 2 * height]);
  // The same chart without a letter in its title compresses to less: glyphs are drawn.
  const blank = await chartPng(lossCurves(rows, { title: ' ' }));
  assert.ok(png.length > blank.length + 500, `${png.length} against ${blank.length}`);
});

test.run();
