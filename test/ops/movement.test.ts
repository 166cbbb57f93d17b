import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { broadcastTo, concat, pad, permute, reshape, slice, transpose } from '../../src/ops/movement.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { build, get, type Nd, nd } from '../support/nd.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** Compares an operation on random data of `shape` with what the reference makes of the same data. */
async function compare(what: string, shape: Shape, op: (x: Tensor) => Tensor, reference: (x: Nd) => Nd): Promise<void> {
  const data = new Values(1).normal(shape);
  poison(gpu);
  const y = op(tensor(gpu, data, shape));
  const expected = reference(nd(data, shape));
  assert.equal(y.shape, expected.shape, what);
  near(await y.read(), expected.data, { what, relative: 0, absolute: 0 });
}

test('permute', async () => {
  const cases: [Shape, number[]][] = [
    [
      [3, 5],
      [1, 0],
    ],
    [
      [2, 3, 5],
      [2, 0, 1],
    ],
    [
      [2, 3, 5],
      [-1, 1, 0],
    ],
    [
      [2, 1, 3, 5],
      [3, 1, 0, 2],
    ],
    [[7], [0]],
    [
      [2, 2, 3, 2, 2, 3, 1, 2],
      [7, 2, 0, 6, 1, 5, 3, 4],
    ],
  ];
  for (const [shape, order] of cases) {
    const axes = order.map((a) => (a + shape.length) % shape.length);
    const out = axes.map((a) => shape[a]);
    const back = (at: number[]) => axes.map((_, i) => at[axes.indexOf(i)]);
    await compare(
      `permute [${shape}] by [${order}]`,
      shape,
      (x) => permute(x, order),
      (x) => build(out, (at) => get(x, back(at))),
    );
  }
  await compare('transpose', [2, 3, 5], transpose, (x) => build([2, 5, 3], ([a, b, c]) => get(x, [a, c, b])));
  const x = new Values(1).tensor(gpu, [2, 3]);
  assert.is(await codeOf(() => permute(x, [0, 0])), 'SHAPE');
  assert.is(await codeOf(() => permute(x, [0])), 'SHAPE');
  assert.is(await codeOf(() => permute(x, [0, 2])), 'SHAPE');
});

test('reshape', async () => {
  await compare(
    'reshape',
    [2, 3, 4],
    (x) => reshape(x, [4, 6]),
    (x) => nd(x.data, [4, 6]),
  );
  await compare(
    'reshape -1',
    [2, 3, 4],
    (x) => reshape(x, [3, -1]),
    (x) => nd(x.data, [3, 8]),
  );
  await compare(
    'to a scalar',
    [1, 1],
    (x) => reshape(x, []),
    (x) => nd(x.data, []),
  );
  const x = new Values(1).tensor(gpu, [2, 3]);
  assert.is(await codeOf(() => reshape(x, [4])), 'SHAPE');
  assert.is(await codeOf(() => reshape(x, [4, -1])), 'SHAPE');
  assert.is(await codeOf(() => reshape(x, [-1, -1])), 'SHAPE');
  assert.is(await codeOf(() => reshape(x, [-2, -3])), 'SHAPE');
});

test('slice, views of whole rows included', async () => {
  const cases: [Shape, number, number, number][] = [
    [[9], 0, 2, 5],
    [[3, 7], 1, 2, 6],
    [[3, 7], -1, -3, 7],
    [[3, 7], 0, 1, 3],
    [[5, 64], 0, 2, 4],
    [[5, 64], 0, 0, 5],
    [[1, 5, 64], 1, 3, 5],
    [[2, 5, 64], 1, 3, 5],
    [[300], 0, 128, 200],
    [[300], 0, 65, 66],
  ];
  for (const [shape, axis, start, end] of cases) {
    const at = (axis + shape.length) % shape.length;
    const from = start < 0 ? start + shape[at] : start;
    const out = shape.map((d, i) => (i === at ? end - from : d));
    await compare(
      `slice [${shape}] ${axis}: ${start}..${end}`,
      shape,
      (x) => slice(x, axis, start, end),
      (x) =>
        build(out, (c) =>
          get(
            x,
            c.map((v, i) => (i === at ? v + from : v)),
          ),
        ),
    );
  }
  const x = new Values(1).tensor(gpu, [4, 3]);
  for (const [start, end] of [
    [2, 2],
    [3, 1],
    [0, 5],
    [-5, 2],
  ]) {
    assert.is(await codeOf(() => slice(x, 0, start, end)), 'SHAPE', `${start}..${end}`);
  }
  assert.is(await codeOf(() => slice(x, 2, 0, 1)), 'SHAPE');
});

test('a slice of a slice, used by kernels, is the right range', async () => {
  const data = new Values(2).normal([8, 64]);
  const x = tensor(gpu, data, [8, 64]);
  const y = slice(slice(x, 0, 2, 7), 0, 1, 3);
  near(
    await y.square().read(),
    data.subarray(3 * 64, 5 * 64).map((v) => v * v),
  );
  near(
    await y.sum(1).read(),
    [3, 4].map((r) => data.subarray(r * 64, r * 64 + 64).reduce((a, b) => a + b)),
    {
      absolute: 1e-5,
    },
  );
});

test('pad', async () => {
  for (const [shape, axis, before, after] of [
    [[5], 0, 2, 3],
    [[3, 5], 0, 1, 0],
    [[2, 3, 5], 1, 2, 1],
    [[2, 3], -1, 0, 4],
  ] as [Shape, number, number, number][]) {
    const at = (axis + shape.length) % shape.length;
    const out = shape.map((d, i) => (i === at ? d + before + after : d));
    await compare(
      `pad [${shape}]`,
      shape,
      (x) => pad(x, axis, before, after),
      (x) =>
        build(out, (c) => {
          const v = c[at] - before;
          return v < 0 || v >= shape[at]
            ? 0
            : get(
                x,
                c.map((w, i) => (i === at ? v : w)),
              );
        }),
    );
  }
  assert.is(await codeOf(() => pad(new Values(1).tensor(gpu, [3]), 0, -1, 0)), 'SHAPE');
});

test('broadcastTo', async () => {
  const cases: [Shape, Shape][] = [
    [[], [3, 5]],
    [[5], [3, 5]],
    [
      [3, 1],
      [3, 5],
    ],
    [
      [2, 1, 5],
      [2, 3, 5],
    ],
    [
      [1, 3, 1, 5],
      [7, 3, 2, 5],
    ],
    [
      [2, 3],
      [2, 3],
    ],
  ];
  for (const [from, to] of cases) {
    await compare(
      `[${from}] to [${to}]`,
      from,
      (x) => broadcastTo(x, to),
      (x) => build(to, (at) => get(x, at)),
    );
  }
  const x = new Values(1).tensor(gpu, [3, 5]);
  assert.is(await codeOf(() => broadcastTo(x, [5])), 'SHAPE');
  assert.is(await codeOf(() => broadcastTo(x, [3, 1])), 'SHAPE');
  assert.is(await codeOf(() => broadcastTo(x, [3, 10])), 'SHAPE');
});

test('concat', async () => {
  const cases: [Shape[], number][] = [
    [[[3], [5]], 0],
    [
      [
        [2, 3],
        [2, 5],
        [2, 1],
      ],
      1,
    ],
    [
      [
        [2, 3],
        [4, 3],
      ],
      0,
    ],
    [
      [
        [2, 3, 5],
        [2, 1, 5],
      ],
      -2,
    ],
    [[[1], [2], [3], [4], [5], [6], [7], [8], [9]], 0],
  ];
  for (const [shapes, axis] of cases) {
    const values = new Values(3);
    const parts = shapes.map((shape) => nd(values.normal(shape), shape));
    const at = (axis + shapes[0].length) % shapes[0].length;
    poison(gpu);
    const y = concat(
      parts.map((p) => tensor(gpu, Float32Array.from(p.data), p.shape)),
      axis,
    );
    const out = shapes[0].map((d, i) => (i === at ? shapes.reduce((n, s) => n + s[at], 0) : d));
    const expected = build(out, (c) => {
      let v = c[at];
      let k = 0;
      while (v >= parts[k].shape[at]) v -= parts[k++].shape[at];
      const part = parts[k];
      return get(
        part,
        c.map((w, i) => (i === at ? v : w)),
      );
    });
    assert.equal(y.shape, out);
    near(await y.read(), expected.data, { relative: 0, absolute: 0, what: JSON.stringify(shapes) });
  }
  const make = (...shape: number[]) => new Values(1).tensor(gpu, shape);
  assert.is(await codeOf(() => concat([make(2, 3), make(3, 3)], 1)), 'SHAPE');
  assert.is(await codeOf(() => concat([make(2, 3), make(2)], 0)), 'SHAPE');
  assert.is(await codeOf(() => concat([], 0)), 'SHAPE');
});

test.run();
