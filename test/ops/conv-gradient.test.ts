/** Convolution and its two adjoints: adjointness, gradients of order 1 to 3. */
import { test } from 'uvu';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { conv, convFilter, convTranspose } from '../../src/ops/conv.ts';
import type { ConvOptions } from '../../src/ops/conv-geometry.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { geometry } from '../support/conv64.ts';
import { near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const title = (value: unknown) => JSON.stringify(value);
const inner = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i], 0);
const absolute = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + Math.abs(v * b[i]), 0);

const OPTIONS: readonly ConvOptions[] = [
  {},
  { stride: 2 },
  { stride: [3, 1] },
  { stride: [1, 2], padding: 'valid' },
  {
    stride: 2,
    padding: [
      [0, 3],
      [2, 1],
    ],
  },
];
/** Blocks of the image and of the weights. */
const GROUPS = [
  [1, 1],
  [3, 3],
  [3, 1],
  [1, 3],
  [4, 2],
  [2, 4],
] as const;

test('<conv(x, k), g> = <x, convTranspose(g, k)> = <k, convFilter(x, g)>', async () => {
  const values = new Values(1);
  for (const groups of [1, 3]) {
    for (const options of OPTIONS) {
      for (const [kh, kw, ci, co] of [
        [5, 5, 3, 8],
        [2, 3, 5, 1],
        [4, 1, 1, 16],
        [1, 4, 33, 4],
      ]) {
        const [h, w] = [values.int(5, 9), values.int(5, 9)];
        const s = geometry([h, w, ci], [kh, kw, ci, co], options);
        const [x, k] = [values.tensor(gpu, [groups, 2, h, w, ci]), values.tensor(gpu, [groups, kh, kw, ci, co])];
        const g = values.tensor(gpu, [groups, 2, s.oh, s.ow, co]);
        poison(gpu);
        const y = await conv(x, k, options).read();
        const dx = await convTranspose(g, k, { ...options, output: [h, w] }).read();
        const dk = await convFilter(x, g, [kh, kw], options).read();
        const gs = await g.read();
        const forms = [inner(y, gs), inner(await x.read(), dx), inner(await k.read(), dk)];
        const bound = 1e-5 * absolute(y, gs) + 1e-4;
        const what = title([groups, options, h, w, kh, kw, ci, co]);
        near(forms.slice(1), [forms[0], forms[0]], { relative: 0, absolute: bound, what });
      }
    }
  }
});

/** The three as functions of their two operands, for an image of 4 x 3 and 2 x 3 taps, with the shapes of these. */
function trio(gx: number, gk: number, options: ConvOptions) {
  const [n, h, w, kh, kw, ci, co] = [2, 4, 3, 2, 3, 2, 3];
  const s = geometry([h, w, ci], [kh, kw, ci, co], options);
  const groups = Math.max(gx, gk);
  const blocks = groups === gk ? gk : 1;
  const map = (g: number): Shape => [g, n, s.oh, s.ow, co];
  const image = (g: number): Shape => [g, n, h, w, ci];
  return [
    ['conv', (x: Tensor, k: Tensor) => conv(x, k, options), image(gx), [gk, kh, kw, ci, co]],
    [
      'convTranspose',
      (y: Tensor, k: Tensor) => convTranspose(y, k, { ...options, output: [h, w] }),
      map(gx),
      [gk, kh, kw, ci, co],
    ],
    [
      'convFilter',
      (x: Tensor, y: Tensor) => convFilter(x, y, [kh, kw], { ...options, blocks }),
      image(groups),
      map(groups),
    ],
  ] as const;
}

test('gradients of order 1 and 2, every mix of groups and padding', async () => {
  const values = new Values(2);
  for (const [gx, gk] of GROUPS) {
    for (const options of OPTIONS) {
      for (const [name, f, as, bs] of trio(gx, gk, options)) {
        await checkGrad(f, [values.tensor(gpu, as), values.tensor(gpu, bs)], { order: 2 }).catch((error) => {
          throw new Error(`${name} of ${title([as, bs, options])}: ${error.message}`);
        });
      }
    }
  }
});

test('gradients of order 3', async () => {
  const values = new Values(3);
  for (const [gx, gk, options] of [
    [1, 1, { stride: 2 }],
    [4, 2, { stride: [1, 2], padding: 'valid' }],
    [1, 3, {}],
  ] as const) {
    for (const [name, f, as, bs] of trio(gx, gk, options)) {
      // A square makes the third derivative non-zero.
      const squared = (a: Tensor, b: Tensor) => f(a, b).square();
      await checkGrad(squared, [values.tensor(gpu, as), values.tensor(gpu, bs)], { order: 3 }).catch((error) => {
        throw new Error(`${name} of ${title([as, bs, options])}: ${error.message}`);
      });
    }
  }
});

test('gradients through every epilogue, order 2, in both directions', async () => {
  const values = new Values(4);
  const small = (shape: Shape) =>
    tensor(
      gpu,
      values.normal(shape).map((v) => 0.2 * v),
      shape,
    );
  for (const [gx, gk, gb] of [
    [1, 1, 1],
    [3, 3, 3],
    [6, 3, 1],
    [1, 3, 3],
  ]) {
    for (const forward of [true, false]) {
      const channels = forward ? 4 : 2;
      const [as, ks] = [
        [gx, 2, ...(forward ? [4, 3, 2] : [2, 2, 4])],
        [gk, 3, 3, 2, 4],
      ];
      // A bias of about +-1.5 keeps every unit away from the kink.
      const bias = tensor(
        gpu,
        Float32Array.from({ length: gb * channels }, (_, i) => (i % 2 ? 1.6 : -1.6)),
        [gb, channels],
      );
      for (const [kind, slope] of [
        ['bias', 0],
        ['leaky', 0.3],
        ['tanh', 0],
      ] as const) {
        const f = (t: Tensor, k: Tensor, b: Tensor) => {
          const epilogue = { kind, bias: b, slope } as const;
          return forward ? conv(t, k, { stride: 2, epilogue }) : convTranspose(t, k, { stride: 2, epilogue });
        };
        await checkGrad(f, [small(as), small(ks), bias], { order: 2 }).catch((error) => {
          throw new Error(`${forward ? 'conv' : 'convTranspose'} ${kind} ${[gx, gk, gb]}: ${error.message}`);
        });
      }
    }
  }
});

test.run();
