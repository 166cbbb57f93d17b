/** ROC curves: what is drawn, where, and what is left out. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rocCurves, rocPoints } from '../../src/report/charts/roc.ts';

test('points: clamped to the axes, ends kept, the curve nowhere off by more than a hundredth of a decade', () => {
  assert.equal(rocPoints({ fpr: [0, 0, 1], tpr: [0, 0.5, 1] }, 0.01), [
    { fpr: 0.01, tpr: 0.01 },
    { fpr: 0.01, tpr: 0.5 },
    { fpr: 1, tpr: 1 },
  ]);
  const fpr = Array.from({ length: 20_001 }, (_, i) => i / 20_000);
  const curve = { fpr, tpr: fpr.map((x) => x ** 0.7) };
  const kept = rocPoints(curve, 1e-3);
  assert.ok(kept.length < 700, `${kept.length} points`);
  let at = 0;
  fpr.forEach((x, i) => {
    // At the left edge stand all rates that are smaller.
    if (x < 1e-3) return;
    while (at + 1 < kept.length && kept[at + 1].fpr <= x) at++;
    const off = Math.log10(curve.tpr[i] / kept[at].tpr);
    assert.ok(off >= -1e-12 && off < 0.0101, `${x}: ${off}`);
  });
  assert.equal(rocPoints({ fpr: [], tpr: [] }, 0.1), []);
});

test('the chart: log axes down to the floor, a line a curve and one of chance, names, dashes', async () => {
  const svg = await rocCurves(
    [
      { name: 'own <critic>', fpr: [0, 0.1, 1], tpr: [0.1, 0.1, 1] },
      { name: 'nearest', fpr: [0, 1], tpr: [0, 1] },
    ],
    { floor: 0.01 },
  ).svg();
  for (const text of [
    'own &lt;critic&gt;',
    'nearest',
    'chance',
    '1%',
    '10%',
    '100%',
    'others taken for members (FPR)',
  ]) {
    assert.ok(svg.includes(text), text);
  }
  const paths = [...svg.matchAll(/<path d="(M[^"]+)"[^>]*stroke-width="1.8"/g)].map((m) => m[1]);
  assert.is(paths.length, 3);
  assert.is(paths[0], 'M0,340L380,0', 'chance from corner to corner');
  // A tenth of the members without a wrong accusation: half way up at the left edge, flat to the right, then up.
  assert.match(paths[1], /^M0,170L190,170(L190,170)?L380,170L380,0$/);
  assert.is(paths[2], 'M0,340L380,340L380,0');
  assert.match(svg, /stroke-dasharray="6,2"/);
  assert.not.match(svg, /NaN|undefined/);
});

test.run();
