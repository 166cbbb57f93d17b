/** Convolutional critics: gradient penalties to order 3, per-sample gradients, groups against each of them alone. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { perSample } from '../../src/autograd/per-sample.ts';
import { linear } from '../../src/ops/contract.ts';
import { conv, convTranspose } from '../../src/ops/conv.ts';
import { mix } from '../../src/ops/elementwise.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

type Net = Record<string, Tensor>;

/** Two strided convolutions and a dense end: [G, n, 6, 5, 2] -> [G, n, 1]. */
function critic(p: Net, x: Tensor): Tensor {
  const [blocks] = p.w3.shape;
  const groups = Math.max(blocks, x.shape[0]);
  const h1 = conv(x, p.k1, { stride: 2, epilogue: { kind: 'leaky', bias: p.b1, slope: 0.3 } });
  const h2 = conv(h1, p.k2, { stride: [2, 1], epilogue: { kind: 'leaky', bias: p.b2, slope: 0.3 } });
  return linear(h2.reshape([groups, x.shape[1], 2 * 3 * 4]), p.w3, p.b3);
}

/** Parameters that keep the units about 1 away from their kinks. */
function criticParameters(values: Values, blocks: number): Net {
  const small = (shape: Shape) =>
    tensor(
      gpu,
      values.normal(shape).map((v) => 0.15 * v),
      shape,
    );
  const bias = (...shape: number[]) =>
    tensor(
      gpu,
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => (i % 2 ? 1.5 : -1.5)),
      shape,
    );
  return {
    k1: small([blocks, 3, 3, 2, 3]),
    b1: bias(blocks, 3),
    k2: small([blocks, 3, 2, 3, 4]),
    b2: bias(blocks, 4),
    w3: small([blocks, 24, 1]),
    b3: bias(blocks, 1),
  };
}

/** Terms of the two-sided gradient penalty at x, [G, n]. */
function penalty(p: Net, x: Tensor): Tensor {
  const slope = grad((t: Tensor) => critic(p, t).sum())(x);
  return slope.square().sum([2, 3, 4]).sqrt().sub(1).square();
}

for (const groups of [1, 3]) {
  test(`a gradient penalty through ${groups} convolutional critic(s), order 1 to 3`, async () => {
    const values = new Values(5);
    const p = criticParameters(values, groups);
    const names = Object.keys(p);
    const x = tensor(
      gpu,
      values.normal([groups, 2, 6, 5, 2]).map((v) => 0.5 * v),
      [groups, 2, 6, 5, 2],
    );
    const f = (...all: Tensor[]) =>
      penalty(Object.fromEntries(names.map((name, i) => [name, all[i]])), all[names.length]).add(
        critic(Object.fromEntries(names.map((name, i) => [name, all[i]])), all[names.length]).reshape([groups, 2]),
      );
    await checkGrad(f, [...Object.values(p), x], { order: 3, tolerance: 2e-3 });
  });
}

const losses: Record<string, (p: Net, x: Tensor, y: Tensor) => Tensor> = {
  'a critic': (p, x) => critic(p, x).square().sum(2),
  'a critic on real and fake rows': (p, x, y) => critic(p, x).softplus().add(critic(p, y).neg().softplus()).sum(2),
  'a gradient penalty': (p, x, y) => penalty(p, mix(x, y, tensor(gpu, 0.3))),
  'a transposed convolution': (p, x) => {
    const up = convTranspose(conv(x, p.k1, { epilogue: { kind: 'bias', bias: p.b1 } }), p.k1, { stride: 2 });
    return up.square().sum([2, 3, 4]);
  },
};

for (const [what, f] of Object.entries(losses)) {
  for (const [groups, blocks] of [
    [1, 1],
    [3, 3],
    [3, 1],
    [4, 2],
  ]) {
    test(`per-sample gradients of ${what}, [${groups}, 3] rows, ${blocks} weight block(s)`, async () => {
      const values = new Values(6);
      const n = 3;
      const p = criticParameters(values, blocks);
      const used = what.startsWith('a transposed') ? ['k1', 'b1'] : Object.keys(p);
      const [x, y] = [values.tensor(gpu, [groups, n, 6, 5, 2]), values.tensor(gpu, [groups, n, 6, 5, 2])];
      poison(gpu);
      const each = perSample((q) => f(q, x, y), p);
      for (const name of used) assert.equal(each[name].shape, [groups, n, ...p[name].shape.slice(1)], name);
      for (let g = 0; g < groups; g++) {
        const owner = Math.floor((g * blocks) / groups);
        const mine = Object.fromEntries(Object.entries(p).map(([name, t]) => [name, t.slice(0, owner, owner + 1)]));
        for (let b = 0; b < n; b++) {
          const one = (t: Tensor) => t.slice(0, g, g + 1).slice(1, b, b + 1);
          const alone = grad((q: Net) => f(q, one(x), one(y)).sum())(mine);
          for (const name of used) {
            const expected = await alone[name].read();
            const size = Math.max(...expected.map(Math.abs));
            const found = await one(each[name]).read();
            near(found, expected, { relative: 1e-4, absolute: 1e-5 * size + 1e-6, what: `${name}, sample ${g}, ${b}` });
          }
        }
      }
    });
  }
}

test('groups in one call are what each of them is alone, forward and gradient', async () => {
  const values = new Values(7);
  const p = criticParameters(values, 5);
  const x = values.tensor(gpu, [5, 2, 6, 5, 2]);
  const f = (q: Net, t: Tensor) => critic(q, t).softplus().sum();
  const together = grad((q: Net) => f(q, x))(p);
  for (let g = 0; g < 5; g++) {
    const part = (t: Tensor) => t.slice(0, g, g + 1);
    const mine = Object.fromEntries(Object.entries(p).map(([name, t]) => [name, part(t)]));
    const alone = grad((q: Net) => f(q, part(x)))(mine);
    for (const name of Object.keys(p)) {
      near(await part(together[name]).read(), await alone[name].read(), { relative: 1e-5, absolute: 1e-5, what: name });
    }
  }
});

test.run();
