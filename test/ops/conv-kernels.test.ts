/** Every convolution kernel, forced, against float64 and against the naive one, with the tiles of both kinds of adapter. */
import '../../src/ops/conv-naive.ts';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { ConvOptions } from '../../src/ops/conv-geometry.ts';
import { type ConvKernel, eligibleConv } from '../../src/ops/conv-plan.ts';
import { type ConvCall, runConv, runConvFilter, runConvInput } from '../../src/ops/conv-run.ts';
import { type Epilogue, NONE } from '../../src/ops/epilogue.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { asHardware } from '../support/adapters.ts';
import { conv64, convFilter64, convInput64, geometry, grouped64 } from '../support/conv64.ts';
import { codeOf, near, poison, rounding, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const KERNELS = Object.keys({
  naive: 1,
  register: 1,
  fold: 1,
  subgroup4: 1,
  tile: 1,
} satisfies Record<ConvKernel, 1>) as ConvKernel[];

interface Case {
  groups: number;
  /** groups that share a block of what is convolved */
  share: number;
  n: number;
  image: readonly [h: number, w: number, ci: number];
  kernel: readonly [kh: number, kw: number];
  co: number;
  options: ConvOptions;
}

/** The three at one shape: shapes of operands and results, the call, and the results in float64. */
function setting({ groups, share, n, image, kernel, co, options }: Case, values: Values) {
  const s = geometry(image, [...kernel, image[2], co], options);
  const { co: _, ci: __, ...at } = s;
  const call: ConvCall = { geometry: at, groups, n, ci: image[2], co, share };
  const images = (g: number): Shape => [g, n, ...image];
  const maps = (g: number): Shape => [g, n, s.oh, s.ow, co];
  const weights: Shape = [groups, ...kernel, image[2], co];
  const blocks = groups / share;
  const draw = (shape: Shape) => ({ shape, data: values.normal(shape) });
  const [x, y, k] = [draw(images(blocks)), draw(maps(blocks)), draw(weights)];
  const [xs, ys] = share === 1 ? [x, y] : [draw(images(groups)), draw(maps(groups))];
  const put = ({ shape, data }: { shape: Shape; data: Float32Array }) => tensor(gpu, data, shape);
  const of = ({ data }: { data: Float32Array }) => Float64Array.from(data);
  return {
    call,
    runs: {
      conv: (force: ConvKernel, epilogue: Epilogue = NONE) =>
        runConv({ ...call, force }, put(x), put(k), epilogue, maps(groups)),
      convTranspose: (force: ConvKernel, epilogue: Epilogue = NONE) =>
        runConvInput({ ...call, force }, put(y), put(k), epilogue, images(groups)),
      convFilter: (force: ConvKernel) => runConvFilter({ ...call, share: 1, force }, put(xs), put(ys), weights),
    },
    expected: {
      conv: () => grouped64(conv64, [of(x), blocks], [of(k), groups], n, s),
      convTranspose: () => grouped64(convInput64, [of(y), blocks], [of(k), groups], n, s),
      convFilter: () => grouped64(convFilter64, [of(xs), groups], [of(ys), groups], n, s),
    },
    /** channels summed over (none in a filter, which sums positions) and channels that come out */
    inputs: { conv: image[2], convTranspose: co, convFilter: 0 },
    outputs: { conv: co, convTranspose: image[2], convFilter: co },
    terms: {
      conv: kernel[0] * kernel[1] * image[2],
      convTranspose: kernel[0] * kernel[1] * co,
      convFilter: n * s.oh * s.ow,
    },
  };
}

const OPS = ['conv', 'convTranspose', 'convFilter'] as const;

/** Whether a kernel can run an operation at all here. */
const can = (op: (typeof OPS)[number], kernel: ConvKernel) =>
  eligibleConv(kernel, op === 'convFilter' ? 0 : 4, 4, gpu.adapter);

/** Every kernel that can, and how many could. */
async function compare(c: Case, values: Values, seen: Map<string, number>): Promise<void> {
  const { runs, expected, inputs, outputs, terms } = setting(c, values);
  // No output is freed, so none can hold what another kernel left: NaN or, from fresh memory, zero.
  poison(gpu);
  for (const op of OPS) {
    const reference = expected[op]();
    for (const kernel of KERNELS) {
      if (!eligibleConv(kernel, inputs[op], outputs[op], gpu.adapter)) continue;
      const what = `${op}, ${kernel}, ${JSON.stringify(c)}`;
      const tolerance = rounding(terms[op]);
      near(await runs[op](kernel).read(), reference, { ...tolerance, what });
      seen.set(`${op} ${kernel}`, (seen.get(`${op} ${kernel}`) ?? 0) + 1);
      // Wider workgroups and more splits; of the narrow tiles there are too many to compile them all.
      if (outputs[op] > 4 && (kernel === 'register' || kernel === 'tile')) {
        const y = asHardware(gpu, () => runs[op](kernel));
        near(await y.read(), reference, { ...tolerance, what: `${what}, as on hardware` });
      }
    }
  }
}

test('every kernel on random shapes, groups and shared operands', async () => {
  const values = new Values(1);
  const seen = new Map<string, number>();
  const pick = <T>(list: readonly T[]): T => list[values.int(0, list.length - 1)];
  for (let trial = 0; trial < 30; trial++) {
    const [groups, share] = pick([
      [1, 1],
      [3, 1],
      [3, 3],
      [4, 2],
    ] as const);
    const padding = (
      [
        'same',
        'valid',
        [
          [2, 0],
          [1, 3],
        ],
      ] as const
    )[trial % 3];
    const stride = [values.int(1, 3), values.int(1, 3)] as const;
    const kernel = [values.int(1, 5), values.int(1, 5)] as const;
    const image = [values.int(5, 9), values.int(5, 12), pick([1, 2, 3, 4, 5, 8, 16, 33, 36])] as const;
    const co = pick([1, 2, 3, 4, 5, 8, 16, 33, 40]);
    await compare(
      { groups, share, n: values.int(1, 4), image, kernel, co, options: { stride, padding } },
      values,
      seen,
    );
  }
  // A kernel that no shape reached would be a test that cannot fail.
  for (const op of OPS) {
    for (const kernel of KERNELS) {
      if (can(op, kernel)) assert.ok((seen.get(`${op} ${kernel}`) ?? 0) >= 5, `${op} ${kernel}`);
    }
  }
});

test('every kernel on layers of the image networks: several tiles each way, K = 2', async () => {
  const values = new Values(2);
  for (const [side, ci, co, stride] of [
    [14, 64, 128, 2],
    [7, 128, 72, 1],
    [28, 1, 64, 2],
    [16, 3, 64, 2],
  ]) {
    const image = [side, side, ci] as const;
    const c: Case = { groups: 2, share: 1, n: 2, image, kernel: [5, 5], co, options: { stride } };
    await compare(c, values, new Map());
  }
});

test('epilogues in every kernel: as the naive one has them', async () => {
  const values = new Values(3);
  for (const co of [3, 8, 36]) {
    const c: Case = { groups: 3, share: 1, n: 2, image: [6, 5, 4], kernel: [3, 3], co, options: { stride: 2 } };
    const { runs, inputs, outputs } = setting(c, values);
    for (const op of ['conv', 'convTranspose'] as const) {
      const shape = runs[op]('naive').shape;
      const at = tensor(
        gpu,
        values.normal(shape).map((v, i) => (i % 7 ? v : 0)),
        shape,
      );
      const [each, shared] = [values.tensor(gpu, [3, outputs[op]]), values.tensor(gpu, [1, outputs[op]])];
      const epilogues: Epilogue[] = [
        ...[each, shared].flatMap((bias): Epilogue[] => [
          { kind: 'bias', bias },
          { kind: 'leaky', bias, slope: 0.2 },
          { kind: 'tanh', bias },
        ]),
        { kind: 'leaky', slope: 0.2 },
        { kind: 'leaky', slope: 0 },
        { kind: 'tanh' },
        { kind: 'mask', at, slope: 0.2 },
      ];
      for (const epilogue of epilogues) {
        const expected = await runs[op]('naive', epilogue).read();
        for (const kernel of KERNELS) {
          if (!eligibleConv(kernel, inputs[op], outputs[op], gpu.adapter)) continue;
          const what = `${op} ${kernel} ${epilogue.kind} co ${co}`;
          near(await runs[op](kernel, epilogue).read(), expected, { ...rounding(9 * co), what });
        }
      }
    }
  }
});

test('the same bits twice, from every kernel', async () => {
  const values = new Values(4);
  const c: Case = { groups: 5, share: 1, n: 7, image: [9, 8, 4], kernel: [5, 5], co: 4, options: { stride: 2 } };
  const { runs } = setting(c, values);
  for (const op of OPS) {
    for (const kernel of KERNELS) {
      if (!can(op, kernel)) continue;
      const first = await runs[op](kernel).read();
      poison(gpu);
      sameBits(await runs[op](kernel).read(), first, `${op} ${kernel}`);
    }
  }
});

test('an infinite pixel stays within the taps that see it, in every kernel', async () => {
  const infinite = Number.POSITIVE_INFINITY;
  for (const channels of [1, 4, 12]) {
    const shape = [1, 1, 1, 6, channels];
    const x = tensor(
      gpu,
      Float32Array.from({ length: 6 * channels }, (_, i) => (i < channels ? infinite : 0)),
      shape,
    );
    const k = tensor(gpu, new Float32Array(3 * channels * channels).fill(1), [1, 1, 3, channels, channels]);
    const { co: _, ci: __, ...at } = geometry([1, 6, channels], [1, 3, channels, channels]);
    const call = { geometry: at, groups: 1, n: 1, ci: channels, co: channels, share: 1 };
    const expected = Array.from({ length: 6 * channels }, (_, i) => (i < 2 * channels ? infinite : 0));
    for (const force of KERNELS) {
      if (!eligibleConv(force, channels, channels, gpu.adapter)) continue;
      near(await runConv({ ...call, force }, x, k, NONE, shape).read(), expected, { what: `conv ${force}` });
      near(await runConvInput({ ...call, force }, x, k, NONE, shape).read(), expected, { what: `transposed ${force}` });
    }
  }
});

test('a kernel that cannot compute a shape is refused', async () => {
  const c: Case = { groups: 1, share: 1, n: 1, image: [5, 5, 3], kernel: [3, 3], co: 3, options: {} };
  const { runs } = setting(c, new Values(5));
  for (const op of OPS) assert.is(await codeOf(() => runs[op]('subgroup4')), 'VALIDATION');
});

test.run();
