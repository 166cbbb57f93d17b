import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import * as operations from '../../src/ops/elementwise.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { map, nd } from '../support/nd.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';
import { type ElementwiseName, elementwise, type Reference, references } from './elementwise.ts';

const gpu = await open();
test.after(() => gpu.close());

const names = Object.keys(references) as ElementwiseName[];

/** Shapes of a, b, c: equal, scalar, trailing, leading and middle axes, groups against one row of each group. */
const BROADCASTS: readonly (readonly Shape[])[] = [
  [
    [3, 7],
    [3, 7],
    [3, 7],
  ],
  [[5, 3], [], [5, 3]],
  [[], [7], [1]],
  [[2, 3, 5], [5], [3, 5]],
  [[3, 1], [3, 5], [5]],
  [
    [3, 5, 1, 7],
    [5, 3, 1],
    [1, 1, 3, 7],
  ],
  [
    [3, 5, 2],
    [3, 1, 2],
    [3, 5, 1],
  ],
  [[1], [1, 1], []],
];

/** Samples for each input, away from kinks whichever elements meet: the k-th input draws from its own third or half. */
function samples(ref: Reference, shapes: readonly Shape[], seed: number): Float32Array[] {
  const values = new Values(seed);
  const [low, high] = ref.range ?? [-2, 2];
  const { s = 0, t = 0, kink = () => 1 } = ref;
  // Points on a grid of 0.1 whose pairs are all far enough apart: odd multiples for a, even for b.
  const draw = (k: number) => {
    const v = values.stream.uniform() * (high - low) + low;
    return ref.arity === 2 && ref.kink && kink(1, 1, 1, s, t) === 0 ? Math.round(v) + (k % 2 ? 0.3 : -0.2) : v;
  };
  return shapes.slice(0, ref.arity).map((shape, k) =>
    Float32Array.from({ length: sizeOf(shape) }, () => {
      for (;;) {
        const v = draw(k);
        if (kink(k === 0 ? v : 9, k === 1 ? v : 9, 9, s, t) >= 0.3) return v;
      }
    }),
  );
}

const upload = (data: readonly Float32Array[], shapes: readonly Shape[]) =>
  data.map((values, k) => tensor(gpu, values, shapes[k]));

test('every operation has a reference, and is a method on tensors', () => {
  assert.equal(Object.keys(operations).sort(), [...names].sort());
  const x = tensor(gpu, [1, 2]);
  for (const name of names) assert.type(x[name], 'function', name);
});

test('operations fold lists', async () => {
  const list = [1, 2, 3].map((v) => tensor(gpu, [v, -v]));
  near(await list.reduce(operations.add).read(), [6, -6]);
  near(await list.reduce(operations.maximum).read(), [3, -1]);
});

test('what is no tensor is refused where one is needed', async () => {
  const x = tensor(gpu, [1, 2]);
  assert.is(await codeOf(() => x.maximum(3 as unknown as Tensor)), 'VALIDATION');
});

for (const name of names) {
  const ref = references[name];
  const { js, s = 0, t = 0 } = ref;

  test(`${name}: values under broadcasting`, async () => {
    poison(gpu);
    for (const [i, shapes] of BROADCASTS.entries()) {
      const data = samples(ref, shapes, i + 1);
      const y = elementwise(name, upload(data, shapes), s, t);
      const expected = map((a, b = 0, c = 0) => js(a, b, c, s, t), ...data.map((x, k) => nd(x, shapes[k])));
      assert.equal(y.shape, expected.shape);
      near(await y.read(), expected.data, { absolute: ref.absolute, what: `${name} of ${JSON.stringify(shapes)}` });
    }
  });

  test(`${name}: extreme points`, async () => {
    for (const b of ref.b ?? [0.7]) {
      const a = Float32Array.from(ref.points);
      const others = [tensor(gpu, [b]), tensor(gpu, [1.5])].slice(0, ref.arity - 1);
      const y = await elementwise(name, [tensor(gpu, a), ...others], s, t).read();
      const [bf, cf, sf, tf] = [b, 1.5, s, t].map(Math.fround);
      // Whether a denormal survives is up to the adapter.
      const expected = a.map((v) => js(v, bf, cf, sf, tf));
      near(y, expected, { absolute: ref.absolute ?? 1e-37, what: `${name}(${[...a]}), b = ${b}` });
    }
  });

  // finite has steps at infinity only; nothing to differentiate.
  if (name === 'finite') continue;
  test(`${name}: first and second gradient`, async () => {
    for (const shapes of [BROADCASTS[0], BROADCASTS[4], BROADCASTS[6]]) {
      const inputs = upload(samples(ref, shapes, 7), shapes);
      await checkGrad((...x: Tensor[]) => elementwise(name, x, s, t), inputs, { order: 2 });
    }
  });
}

test('gradients stay finite at +-1e4', async () => {
  const at = [-1e4, -100, 0, 100, 1e4];
  const sigmoid = [0, 0, 0.5, 1, 1];
  const expected: [ElementwiseName, number[]][] = [
    ['tanh', [0, 0, 1, 0, 0]],
    ['sigmoid', [0, 0, 0.25, 0, 0]],
    ['softplus', sigmoid],
    ['bceWithLogits', sigmoid.map((v) => v - 0.25)],
  ];
  for (const [name, values] of expected) {
    const target = tensor(gpu, [0.25]);
    const others = references[name].arity === 2 ? [target] : [];
    const loss = (x: Tensor) => elementwise(name, [x, ...others]).sum();
    near(await grad(loss)(tensor(gpu, at)).read(), values, { absolute: 1e-6, what: name });
    const second = await grad((x: Tensor) => grad(loss)(x).sum())(tensor(gpu, at)).read();
    assert.ok(second.every(Number.isFinite), `second derivative of ${name}: ${[...second]}`);
  }
});

test('small values keep their relative precision', async () => {
  const a = [-60, -20, -10, -5];
  near(
    await tensor(gpu, a).softplus().read(),
    a.map((v) => Math.log1p(Math.exp(v))),
    { relative: 1e-5, absolute: 0 },
  );
  near(
    await tensor(gpu, a).sigmoid().read(),
    a.map((v) => 1 / (1 + Math.exp(-v))),
    { relative: 1e-5, absolute: 0 },
  );
});

test('where: a condition of infinity sends the gradient to the chosen branch', async () => {
  const test = tensor(gpu, [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, 0]);
  const pick = ([yes, no]: readonly Tensor[]) => elementwise('where', [test, yes, no]).sum();
  const [yes, no] = grad(pick)([tensor(gpu, [1, 2, 3, 4]), tensor(gpu, [5, 6, 7, 8])]);
  near(await yes.read(), [1, 0, 1, 0]);
  near(await no.read(), [0, 1, 0, 1]);
});

test('ties of maximum, minimum and clamp share one cotangent, no more and no less', async () => {
  const x = tensor(gpu, [1, 2, 2]);
  for (const name of ['maximum', 'minimum'] as const) {
    const [a, b] = grad(([a, b]: readonly Tensor[]) => elementwise(name, [a, b]).sum())([x, x]);
    near(await a.add(b).read(), [1, 1, 1], { what: name });
  }
  near(await grad((a: Tensor) => a.clamp(1, 2).sum())(x).read(), [1, 1, 1]);
});

test('long inputs, where each thread takes several elements', async () => {
  poison(gpu, 1 << 20);
  const n = 200_003;
  const x = new Values(3).normal([n]);
  near(
    await tensor(gpu, x).square().read(),
    x.map((v) => v * v),
  );
  const column = new Values(4).normal([n, 1]);
  const y = await tensor(gpu, column, [n, 1])
    .add(tensor(gpu, [0, 1, 2]))
    .read();
  near(
    y,
    Float64Array.from({ length: 3 * n }, (_, i) => column[Math.floor(i / 3)] + (i % 3)),
  );
});

test('numbers as operands', async () => {
  const x = tensor(gpu, [1, 2, 4]);
  near(await x.add(1).sub(0.5).mul(4).div(2).read(), [3, 5, 9]);
});

test('inputs that do not fit together are refused', async () => {
  const make = (...shape: number[]) => new Values(1).tensor(gpu, shape);
  assert.is(await codeOf(() => make(2, 3).add(make(2))), 'SHAPE');
  assert.is(await codeOf(() => make(2, 3).add(make(4, 2, 2))), 'SHAPE');
  // Nine axes that alternate cannot be walked by a kernel of eight.
  const odd = make(2, 1, 2, 1, 2, 1, 2, 1, 2);
  const even = make(1, 2, 1, 2, 1, 2, 1, 2, 1);
  assert.is(await codeOf(() => odd.add(even)), 'SHAPE');
  const u32 = tensor(gpu, new Uint32Array(6), [2, 3]);
  assert.is(await codeOf(() => make(2, 3).add(u32)), 'VALIDATION');
});

test.run();
