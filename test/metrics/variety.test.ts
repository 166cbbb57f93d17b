/** Variety within classes: its distances against all pairs, and what has none. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classSpreads, classVariety } from '../../src/metrics/variety.ts';
import { codeOf, near, Values } from '../support/values.ts';

const values = new Values(8);
const labelled = (rows: Float32Array, ...labels: number[]) => ({ rows, labels: Uint32Array.from(labels) });

test('the mean squared distance of all pairs of a class, in float64', () => {
  for (const [features, offset] of [
    [1, 0],
    [3, 0],
    [7, 1000],
  ] as const) {
    const labels = [0, 2, 1, 0, 0, 2, 1, 0, 2];
    const rows = values.normal([labels.length, features]).map((v) => v + offset);
    const pairs: number[][] = [[], [], []];
    for (let i = 0; i < labels.length; i++) {
      for (let j = 0; j < i; j++) {
        if (labels[i] !== labels[j]) continue;
        let squared = 0;
        for (let f = 0; f < features; f++) squared += (rows[i * features + f] - rows[j * features + f]) ** 2;
        pairs[labels[i]].push(squared);
      }
    }
    const mean = (list: number[]) => list.reduce((a, b) => a + b) / list.length;
    near(classSpreads(labelled(rows, ...labels), 3), pairs.map(mean), { relative: 1e-12, absolute: 0 });
  }
});

test('by hand: the mean of classes and the least; a repeated image has none, and a missing class counts as that', () => {
  const real = labelled(Float32Array.of(0, 2, 10, 14), 0, 0, 1, 1);
  assert.equal(classVariety(real, real, 2), { mean: 1, least: 1 });
  assert.equal(classVariety(labelled(Float32Array.of(5, 6, 7, 9), 0, 0, 1, 1), real, 2), { mean: 0.5, least: 0.5 });
  assert.equal(classVariety(labelled(Float32Array.of(1, 1, 1, 0, 8), 0, 0, 0, 1, 1), real, 2), { mean: 1, least: 0 });
  for (const some of [labelled(Float32Array.of(0, 8), 1, 1), labelled(Float32Array.of(3, 0, 8), 0, 1, 1)]) {
    assert.equal(classVariety(some, real, 2), { mean: 1, least: 0 });
  }
  // Of real rows that do not vary there is nothing to say.
  const flat = labelled(Float32Array.of(4, 4, 10, 14), 0, 0, 1, 1);
  assert.equal(classVariety(real, flat, 2), { mean: 1, least: 1 });
  assert.is(classVariety(real, labelled(Float32Array.of(4, 4), 0, 0), 2), null);
});

test('what is not finite, or no whole rows, is refused', async () => {
  const good = labelled(Float32Array.of(0, 1), 0, 0);
  for (const [rows, code] of [
    [Float32Array.of(0, Number.NaN), 'NAN'],
    [Float32Array.of(0, 1, 2), 'SHAPE'],
  ] as const) {
    assert.is(await codeOf(async () => classVariety(labelled(rows, 0, 0), good, 1)), code);
    assert.is(await codeOf(async () => classVariety(good, labelled(rows, 0, 0), 1)), code);
  }
});

test.run();
