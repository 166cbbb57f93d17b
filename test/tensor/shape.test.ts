import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  broadcastShapes,
  broadcastStrides,
  collapse,
  normaliseAxes,
  pad8,
  same,
  sizeOf,
  stridesOf,
} from '../../src/tensor/shape.ts';
import { codeOf, Values } from '../support/values.ts';

test('sizes and strides', () => {
  assert.is(sizeOf([]), 1);
  assert.is(sizeOf([2, 0, 3]), 0);
  assert.equal(stridesOf([2, 3, 5]), [15, 5, 1]);
  assert.equal(stridesOf([]), []);
  assert.ok(same([2, 3], [2, 3]) && !same([2, 3], [3, 2]) && !same([2], [2, 1]));
  assert.equal(pad8([3, 2], 1), [3, 2, 1, 1, 1, 1, 1, 1]);
});

test('broadcasting is that of NumPy', async () => {
  assert.equal(
    broadcastShapes('t', [
      [5, 1, 3],
      [4, 1],
    ]),
    [5, 4, 3],
  );
  assert.equal(broadcastShapes('t', [[], [3], [2, 1]]), [2, 3]);
  assert.equal(broadcastShapes('t', [[1], [0]]), [0]);
  assert.is(await codeOf(() => broadcastShapes('t', [[2], [3]])), 'SHAPE');
  assert.is(await codeOf(() => broadcastShapes('t', [[2], [0]])), 'SHAPE');
  assert.throws(
    () =>
      broadcastShapes('add', [
        [2, 3],
        [4, 3],
      ]),
    /add \[2, 3\] x \[4, 3\]: axis 0 has both 2 and 4/,
  );
  assert.equal(broadcastStrides([3, 1], [2, 3, 5]), [0, 1, 0]);
});

test('axes are made non-negative, sorted and single', async () => {
  assert.equal(normaliseAxes('t', [2, 3, 5], [-1, 0, 2]), [0, 2]);
  assert.equal(normaliseAxes('t', [2, 3], undefined), [0, 1]);
  assert.equal(normaliseAxes('t', [2, 3], []), []);
  for (const bad of [2, -3, 0.5, Number.NaN]) assert.is(await codeOf(() => normaliseAxes('t', [2, 3], bad)), 'SHAPE');
});

test('collapse walks the same elements in the same order, in as few axes as it can', () => {
  /** Offsets that nested loops over `shape` visit. */
  const walk = (shape: readonly number[], strides: readonly number[]): number[] =>
    Array.from({ length: sizeOf(shape) }, (_, i) =>
      stridesOf(shape).reduce((at, s, k) => at + (Math.floor(i / s) % shape[k]) * strides[k], 0),
    );
  const values = new Values(1);
  for (let round = 0; round < 200; round++) {
    const shape = Array.from({ length: values.int(0, 6) }, () => values.int(1, 3));
    const operands = Array.from({ length: 2 }, () =>
      broadcastStrides(
        shape.map((d) => (values.int(0, 1) ? d : 1)),
        shape,
      ),
    );
    const { shape: small, strides } = collapse(shape, operands);
    operands.forEach((o, k) => {
      assert.equal(walk(small, strides[k]), walk(shape, o), `${shape}, strides ${o}`);
    });
    assert.ok(small.length <= Math.max(1, shape.length));
  }
  assert.equal(collapse([2, 3, 5], [[15, 5, 1]]).shape, [30]);
  assert.equal(
    collapse(
      [2, 3, 5],
      [
        [15, 5, 1],
        [0, 5, 1],
      ],
    ).shape,
    [2, 15],
  );
  assert.equal(collapse([1, 1], [[0, 0]]), { shape: [1], strides: [[0]] });
});

test.run();
