/** Clipped sums against the definition: perSample, norms and the sum in float64 on the host. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { grad } from '../../src/autograd/grad.ts';
import { perSample } from '../../src/autograd/per-sample.ts';
import { gradientPenalty } from '../../src/gan/divergences.ts';
import { convLayer, dense, mlp, reshapeLayer } from '../../src/nn/layers.ts';
import { type Network, parameterCount, sequential } from '../../src/nn/network.ts';
import { assign } from '../../src/ops/assign.ts';
import { matmul } from '../../src/ops/contract.ts';
import { conv as layer } from '../../src/ops/conv.ts';
import { gramPays } from '../../src/ops/conv-norms.ts';
import { add, mul, scale, sub } from '../../src/ops/elementwise.ts';
import { reshape } from '../../src/ops/movement.ts';
import { normal } from '../../src/ops/random.ts';
import { sum } from '../../src/ops/reduce.ts';
import { type ClipOptions, clippedSum } from '../../src/privacy/clip.ts';
import { leaves } from '../../src/tensor/scope.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { convFilter64, geometry } from '../support/conv64.ts';

const gpu = await open();
type P = Record<string, Tensor>;
const pass = { training: false, seed: 1, statistics: {} };

function parametersOf(network: Network, groups: number, seed: number): P {
  return Object.fromEntries(
    Object.entries(network.shapes(groups)).map(([name, shape], i) => [name, normal(gpu, shape, { seed, stream: i })]),
  );
}

const image = [6, 5, 2];
const conv = sequential([
  reshapeLayer(image),
  convLayer(2, 8, 3, { stride: 2, activation: 'leaky' }),
  convLayer(8, 3, 3, { stride: 1, activation: 'leaky' }),
  reshapeLayer([3 * 3 * 3]),
  dense(27, 1),
]);
/** Its second layer's norms come from Gram matrices. */
const deeper = sequential([
  reshapeLayer([8, 6, 4]),
  convLayer(4, 16, 3, { stride: 2, activation: 'leaky' }),
  convLayer(16, 32, 5, { stride: 2, activation: 'leaky' }),
  reshapeLayer([2 * 2 * 32]),
  dense(128, 1),
]);
const networks: [string, Network, number][] = [
  ['dense', mlp([7, 12, 5, 1], 0.2), 7],
  ['conv', conv, 60],
  ['deeper conv', deeper, 192],
];

/** Per-sample gradients by the definition, one flat float64 vector a sample. */
async function vectors(losses: (p: P) => Tensor, parameters: P, samples: number): Promise<Float64Array[][]> {
  const each = perSample(losses, parameters);
  const parts = await Promise.all(leaves(each).map((t) => t.read()));
  return Array.from({ length: samples }, (_, s) =>
    parts.map((part) =>
      Float64Array.from(part.subarray((s * part.length) / samples, ((s + 1) * part.length) / samples)),
    ),
  );
}

const norm = (parts: readonly Float64Array[]) =>
  Math.sqrt(parts.reduce((n, p) => n + p.reduce((a, x) => a + x * x, 0), 0));

/** The clipped sum of each parameter in float64: [parameter][group][element]. */
function expected(all: readonly Float64Array[][], groups: number, { bound, kind = 'flat' }: ClipOptions) {
  const sums = all[0].map((part) => Array.from({ length: groups }, () => new Float64Array(part.length)));
  all.forEach((parts, s) => {
    const total = norm(parts);
    const g = Math.floor((s * groups) / all.length);
    parts.forEach((part, i) => {
      const own = norm([part]);
      const each = bound / Math.sqrt(parts.length);
      const c = {
        flat: Math.min(1, bound / total),
        'per-layer': Math.min(1, each / own),
        automatic: bound / (total + 0.01),
      }[kind];
      part.forEach((x, j) => {
        if (Number.isFinite(total)) sums[i][g][j] += c * x;
      });
    });
  });
  return sums;
}

async function check(losses: (p: P) => Tensor, parameters: P, groups: number, n: number, options: ClipOptions) {
  const all = await vectors(losses, parameters, groups * n);
  const wanted = expected(all, groups, options);
  const { sum: got, norms } = clippedSum(losses, parameters, options);
  const found = await Promise.all(leaves(got).map((t) => t.read()));
  found.forEach((part, i) => {
    const flat = wanted[i].flatMap((x) => Array.from(x));
    assert.is(part.length, flat.length);
    part.forEach((x, j) =>
      assert.ok(Math.abs(x - flat[j]) <= 3e-4 * options.bound, `${i}[${j}]: ${x}, not ${flat[j]}`),
    );
  });
  const upper = await norms.read();
  all.forEach((parts, s) => {
    const truth = norm(parts);
    if (!Number.isFinite(truth)) return;
    assert.ok(upper[s] >= truth * (1 - 1e-6), `norm ${upper[s]} of sample ${s} is below ${truth}`);
    assert.ok(upper[s] <= truth * 1.01 + 1e-4, `norm ${upper[s]} of sample ${s} is far above ${truth}`);
  });
}

for (const [name, network, features] of networks) {
  for (const groups of [1, 3]) {
    for (const kind of ['flat', 'per-layer', 'automatic'] as const) {
      test(`${name}, ${groups} group(s), ${kind}: the clipped sum of the definition`, async () => {
        const n = 4;
        const parameters = parametersOf(network, groups, 11);
        const x = normal(gpu, [groups, n, features], { seed: 5 });
        const losses = (p: P) => reshape(network.apply(p, x, pass), [groups, n]);
        const all = (await vectors(losses, parameters, groups * n)).map(norm).sort((a, b) => a - b);
        // Between the norms, so that some samples are clipped and some are not.
        await check(losses, parameters, groups, n, { bound: all[Math.floor(all.length / 2)], kind });
      });
    }
  }

  test(`${name}: with a gradient penalty, whose gradient is a second-order one`, async () => {
    const [groups, n] = [2, 3];
    const parameters = parametersOf(network, groups, 3);
    const [real, fake] = [6, 7].map((seed) => normal(gpu, [groups, n, features], { seed }));
    const at = tensor(
      gpu,
      Float32Array.from({ length: groups * n }, (_, i) => (i + 0.5) / (groups * n)),
      [groups, n, 1],
    );
    const losses = (p: P) => {
      const critic = (x: Tensor) => network.apply(p, x, pass);
      const bare = reshape(sub(critic(fake), critic(real)), [groups, n]);
      return add(bare, gradientPenalty(critic, real, fake, at));
    };
    await check(losses, parameters, groups, n, { bound: 5 });
  });

  test(`${name}: records that cancel, that are huge, zero, infinite or not numbers`, async () => {
    const n = 6;
    const parameters = parametersOf(network, 1, 9);
    const rows = await normal(gpu, [n, features], { seed: 2 }).read();
    rows.subarray(0, features).fill(0);
    rows.subarray(features, 2 * features).forEach((v, i, row) => {
      row[i] = v * 1e6;
    });
    rows[2 * features + 1] = Number.NaN;
    rows[3 * features] = Number.POSITIVE_INFINITY;
    const x = tensor(gpu, rows, [1, n, features]);
    const losses = (p: P) => reshape(network.apply(p, x, pass), [1, n]);
    await check(losses, parameters, 1, n, { bound: 1 });
    const close = tensor(
      gpu,
      rows.map((v) => v * (1 + 1e-6)),
      [1, n, features],
    );
    const pairs = (p: P) => reshape(sub(network.apply(p, x, pass), network.apply(p, close, pass)), [1, n]);
    const { sum: got, norms } = clippedSum(pairs, parameters, { bound: 1e-3 });
    const upper = await norms.read();
    for (const s of [0, 1, 4, 5]) assert.ok(upper[s] >= 0, `norm ${upper[s]}`);
    for (const part of leaves(got)) assert.ok((await part.read()).every(Number.isFinite));
  });

  test(`${name}: taking any one record away moves the sum by at most C`, async () => {
    const n = 5;
    const bound = 0.5;
    const parameters = parametersOf(network, 1, 21);
    const rows = await normal(gpu, [n, features], { seed: 8 }).read();
    rows.subarray(0, features).forEach((v, i, row) => {
      row[i] = v * 1e4;
    });
    const summed = async (kept: number[]) => {
      const data = Float32Array.from(kept.flatMap((s) => Array.from(rows.subarray(s * features, (s + 1) * features))));
      const x = tensor(gpu, data, [1, kept.length, features]);
      const { sum: got } = clippedSum((p: P) => reshape(network.apply(p, x, pass), [1, kept.length]), parameters, {
        bound,
      });
      return (await Promise.all(leaves(got).map((t) => t.read()))).flatMap((part) => Array.from(part));
    };
    const all = [0, 1, 2, 3, 4];
    const whole = await summed(all);
    for (const s of all) {
      const without = await summed(all.filter((other) => other !== s));
      const moved = Math.hypot(...whole.map((v, i) => v - without[i]));
      assert.ok(moved <= bound * (1 + 1e-5), `${moved} without record ${s}`);
    }
  });
}

test('a sum of few samples weighs as its gradient does: unclipped it is the plain gradient', async () => {
  const network = conv;
  const parameters = parametersOf(network, 1, 4);
  const x = normal(gpu, [1, 3, 60], { seed: 1 });
  const losses = (p: P) => reshape(network.apply(p, x, pass), [1, 3]);
  const { sum: got } = clippedSum(losses, parameters, { bound: 1e9 });
  const plain = grad((p: P) => sum(losses(p)))(parameters);
  for (const name of Object.keys(parameters)) {
    const [a, b] = [await got[name].read(), await plain[name].read()];
    a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) <= 1e-4 * (1 + Math.abs(b[i]))));
  }
});

test('no gradient by sample is kept in memory where every layer can do without', () => {
  const network = sequential([
    reshapeLayer([4, 4, 64]),
    convLayer(64, 64, 5, { activation: 'leaky' }),
    reshapeLayer([1024]),
    dense(1024, 1),
  ]);
  const parameters = parametersOf(network, 1, 4);
  const n = 64;
  const x = normal(gpu, [1, n, 1024], { seed: 1 });
  const held = () => gpu.memory().live + gpu.memory().pooled;
  const before = held();
  const program = gpu.capture('clip.memory', () => {
    clippedSum((p: P) => reshape(network.apply(p, x, pass), [1, n]), parameters, { bound: 1 });
  });
  const made = held() - before;
  const each = 4 * n * parameterCount(network);
  assert.ok(made < each / 4, `${made} bytes, gradients by sample would be ${each}`);
  program.dispose();
});

// Padding may hold anything: what is not finite would not count anyway, what is finite must not either.
for (const padding of [Number.NaN, 3]) {
  test(`the rows that a step block counts, as a mask tells of them, with ${padding} in the others`, async () => {
    const network = mlp([3, 5, 1]);
    const [groups, n, padded] = [3, 6, 4];
    const parameters = parametersOf(network, groups, 4);
    const rows = await normal(gpu, [groups, n, 3], { seed: 1 }).read();
    const live = [4, 0, 3];
    const mask = Float32Array.from({ length: groups * n }, (_, i) =>
      i % n >= padded || i % n < live[Math.floor(i / n)] ? 1 : 0,
    );
    mask.forEach((yes, i) => {
      if (!yes) rows.fill(padding, 3 * i, 3 * i + 3);
    });
    const x = tensor(gpu, rows, [groups, n, 3]);
    const losses = (p: P) => reshape(network.apply(p, x, pass), [groups, n]);
    const { sum: wanted } = clippedSum(losses, parameters, { bound: 1, live: tensor(gpu, mask, [groups, n]) });
    const kept = leaves(parameters).map((t) => tensor(gpu, new Float32Array(t.length), t.shape));
    const program = gpu.capture('clip.live', () => {
      const { sum: got } = clippedSum(losses, parameters, { bound: 1, live: padded });
      leaves(got).forEach((t, i) => {
        assign(kept[i], t);
      });
    });
    await gpu.replay([{ program, step: 0, live }]).done();
    for (const [i, t] of leaves(wanted).entries()) {
      const [got, expected] = [await kept[i].read(), await t.read()];
      assert.ok(expected.some((v) => v !== 0) && expected.every(Number.isFinite));
      got.forEach((v, j) => assert.ok(Math.abs(v - expected[j]) <= 1e-6, `${i}[${j}]: ${v}, not ${expected[j]}`));
    }
    program.dispose();
    assert.throws(
      () => clippedSum(losses, parameters, { bound: 1, live: padded }),
      (e: { code: string }) => e.code === 'CAPTURE',
    );
  });
}

test('lengths whose squares vanish do not get a record past the bound', async () => {
  // |x|^2 is below what f32 holds, |error|^2 is not, and their product is of ordinary size.
  const x = tensor(gpu, [1e-23, -1e-23], [1, 2]);
  const { sum: got } = clippedSum((w) => scale(reshape(matmul(x, w), [1]), 1.5e19), tensor(gpu, [[1], [1]]), {
    bound: 1e-6,
  });
  const length = Math.hypot(...(await got.read()));
  assert.ok(length <= 1e-6 * (1 + 1e-5), `${length}`);
});

test('gradients that are all cancellation: norms from Gram matrices are upper bounds too', async () => {
  const [n, image, kernel, co] = [12, [9, 9, 32], [5, 5, 32, 128], 128];
  const options = { stride: 2, padding: 'valid' } as const;
  const s = geometry(image, kernel, options);
  const { co: _, ci: __, ...at } = s;
  assert.ok(gramPays({ geometry: at, groups: 1, n, ci: 32, co, share: 1 }));
  // Pixels alike, errors that sum to nothing.
  const x = (await normal(gpu, [n, ...image], { seed: 3 }).read()).map((v) => 1 + 1e-5 * v);
  const e = await normal(gpu, [n, s.oh * s.ow, co], { seed: 4 }).read();
  for (let i = 0; i < n * co; i++) {
    const places = Array.from(
      { length: s.oh * s.ow },
      (_, t) => (Math.floor(i / co) * s.oh * s.ow + t) * co + (i % co),
    );
    const mean = places.reduce((total, place) => total + e[place], 0) / places.length;
    for (const place of places) e[place] -= mean;
  }
  const [images, errors] = [tensor(gpu, x, [1, n, ...image]), tensor(gpu, e, [1, n, s.oh, s.ow, co])];
  const k = normal(gpu, [1, ...kernel], { seed: 5 });
  const losses = (w: Tensor) => sum(mul(layer(images, w, options), errors), [2, 3, 4]);
  const upper = await clippedSum(losses, k, { bound: 1e-3 }).norms.read();
  for (let i = 0; i < n; i++) {
    const part = (t: Float32Array) => Float64Array.from(t.subarray((i * t.length) / n, ((i + 1) * t.length) / n));
    const truth = norm([convFilter64(part(x), part(e), 1, s)]);
    assert.ok(upper[i] >= truth, `norm ${upper[i]} of sample ${i} is below ${truth}`);
  }
});

test('a clipped sum inside a gradient is refused', () => {
  const parameters = parametersOf(mlp([2, 1]), 1, 1);
  const x = normal(gpu, [1, 2, 2], { seed: 1 });
  const losses = (p: P) => reshape(mlp([2, 1]).apply(p, x, pass), [1, 2]);
  assert.throws(
    () => grad((p: P) => sum(leaves(clippedSum(losses, p, { bound: 1 }).sum)[0]))(parameters),
    (e: { code: string }) => e.code === 'GRADIENT',
  );
});

test('a bound that is not positive is refused', () => {
  const parameters = parametersOf(mlp([2, 1]), 1, 1);
  const x = normal(gpu, [1, 2, 2], { seed: 1 });
  for (const bound of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => clippedSum((p: P) => reshape(mlp([2, 1]).apply(p, x, pass), [1, 2]), parameters, { bound }),
      (e: { code: string; where: string }) => e.code === 'CONFIG' && e.where === 'clippedSum, bound',
    );
  }
});

test.after(() => gpu.close());
test.run();
