/** What a classifier's probabilities say of images: by hand. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { accuracy, classScores } from '../../src/metrics/images/classes.ts';
import { near, Values } from '../support/values.ts';

const oneHot = (labels: readonly number[], classes: number): Float32Array => {
  const p = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => {
    p[row * classes + label] = 1;
  });
  return p;
};

test('images that look like nothing score 1', () => {
  const s = classScores(new Float32Array(30).fill(0.1), 10);
  near([s.inception_score, s.confidence, s.confident_share], [1, 0.1, 0]);
});

test('images of one class only score 1, however sure it is', () => {
  for (const p of [oneHot([2, 2, 2, 2], 4), Float32Array.of(0.2, 0.5, 0.3, 0.2, 0.5, 0.3)]) {
    near([classScores(p, p.length === 16 ? 4 : 3).inception_score], [1]);
  }
  const s = classScores(oneHot([2, 2, 2, 2], 4), 4);
  assert.equal([s.confidence, s.confident_share, s.class_shares], [1, 1, [0, 0, 1, 0]]);
});

test('each one class for sure and all as frequent: the number of classes', () => {
  const labels = Array.from({ length: 50 }, (_, i) => i % 10);
  const s = classScores(oneHot(labels, 10), 10);
  near([s.inception_score], [10]);
  assert.equal([s.confidence, s.confident_share, s.class_shares.length], [1, 1, 10]);
  near(s.class_shares, new Array(10).fill(0.1));
});

test('two classes of ten, sure and balanced: 2; the others add nothing', () => {
  near([classScores(oneHot([3, 7, 7, 3], 10), 10).inception_score], [2]);
  // 3 : 1, the exponential of the entropy.
  const expected = Math.exp(-(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25)));
  near([classScores(oneHot([0, 0, 1, 0], 2), 2).inception_score], [expected]);
});

test('by hand: two images, three classes', () => {
  const s = classScores(Float32Array.of(0.5, 0.5, 0, 0.25, 0, 0.75), 3);
  // Averages 0.375, 0.25, 0.375.
  const first = 0.5 * Math.log(0.5 / 0.375) + 0.5 * Math.log(0.5 / 0.25);
  const second = 0.25 * Math.log(0.25 / 0.375) + 0.75 * Math.log(0.75 / 0.375);
  near([s.inception_score, s.confidence], [Math.exp((first + second) / 2), 0.625]);
  assert.equal([s.confident_share, s.class_shares], [0, [0.5, 0, 0.5]]);
});

test('between 1 and the number of classes, and no order of the images matters', () => {
  const values = new Values(4);
  for (let trial = 0; trial < 20; trial++) {
    const [rows, classes] = [values.int(1, 9), values.int(1, 6)];
    const raw = Array.from({ length: rows }, () => Array.from(values.uniform([classes], 0, 1), (v) => v ** 4));
    const p = raw.map((row) => row.map((v) => v / row.reduce((a, b) => a + b, 0)));
    const score = (list: number[][]) => classScores(Float32Array.from(list.flat()), classes).inception_score;
    assert.ok(score(p) >= 1 - 1e-6 && score(p) <= classes + 1e-6, `${score(p)} of ${classes}`);
    near([score([...p].reverse())], [score(p)]);
  }
});

test('from 0.9 on an image is sure', () => {
  assert.is(classScores(Float32Array.of(0.90625, 0.09375, 0.875, 0.125), 2).confident_share, 0.5);
});

test('accuracy: the most likely class; of equal ones the first', () => {
  const p = Float32Array.of(0.5, 0.25, 0.25, 0.2, 0.2, 0.6, 0.4, 0.4, 0.2);
  assert.is(accuracy(p, Uint32Array.of(0, 2, 0)), 1);
  assert.is(accuracy(p, Uint32Array.of(0, 2, 1)), 2 / 3);
  assert.is(accuracy(p, Uint32Array.of(1, 0, 2)), 0);
});

test.run();
