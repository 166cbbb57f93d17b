import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { grad } from '../../src/autograd/grad.ts';
import { perSample, sampleNorms, weightedSum } from '../../src/autograd/per-sample.ts';
import { linear, matmul } from '../../src/ops/contract.ts';
import { mix } from '../../src/ops/elementwise.ts';
import { concat } from '../../src/ops/movement.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const [B, I, H] = [5, 3, 4];

type Net = Record<string, Tensor>;
/** Losses of a batch: [B] for x [B, I] and y alike, [G, B] for x [G, B, I]. */
type Losses = (p: Net, x: Tensor, y: Tensor) => Tensor;

const score = (p: Net, x: Tensor) =>
  linear(linear(x, p.w1, p.b1, { activation: 'leaky', slope: 0.2 }), p.w2, p.b2, { activation: 'tanh' });
/** [..., 1] to [...] */
const flat = (t: Tensor) => t.reshape(t.shape.slice(0, -1));

const losses: Record<string, Losses> = {
  'a dense network': (p, x) => flat(score(p, x).square()),
  'parameters used twice, on real and fake': (p, x, y) =>
    flat(score(p, x).softplus().add(score(p, y).neg().softplus())),
  'a gradient penalty': (p, x, y) => {
    const between = mix(x, y, tensor(gpu, 0.3));
    const slope = grad((t: Tensor) => score(p, t).sum())(between);
    return slope
      .square()
      .sum(-1)
      .sqrt()
      .sub(1)
      .square()
      .add(flat(score(p, x)));
  },
  'one parameter used in a way without pairs': (p, x) => {
    const decay = p.w1
      .square()
      .sum([-2, -1])
      .reshape(p.w1.rank === 3 ? [-1, 1] : [1]);
    return flat(score(p, x)).add(decay);
  },
  'unfused layers': (p, x) => {
    const bias = (b: Tensor) => (b.rank === 2 ? b.reshape([b.shape[0], 1, -1]) : b);
    const h = matmul(x, p.w1).add(bias(p.b1)).tanh();
    return matmul(h, p.w2).add(bias(p.b2)).square().sum(-1);
  },
};

/** Parameters of `groups` networks (null: without a group axis). */
function network(values: Values, groups: number | null): Net {
  const lead = groups === null ? [] : [groups];
  const shapes: Record<string, Shape> = {
    w1: [...lead, I, H],
    b1: [...lead, H],
    w2: [...lead, H, 1],
    b2: [...lead, 1],
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, values.tensor(gpu, shape)]));
}

const mapNet = (p: Net, f: (t: Tensor) => Tensor): Net =>
  Object.fromEntries(Object.entries(p).map(([k, t]) => [k, f(t)]));

for (const [what, f] of Object.entries(losses)) {
  test(`${what}: equal to a loop over samples`, async () => {
    const values = new Values(1);
    const p = network(values, null);
    const [x, y] = [values.tensor(gpu, [B, I]), values.tensor(gpu, [B, I])];
    poison(gpu);
    const each = perSample((q) => f(q, x, y), p);
    for (const [name, t] of Object.entries(p)) assert.equal(each[name].shape, [B, ...t.shape], name);
    for (let b = 0; b < B; b++) {
      const one = (t: Tensor) => t.slice(0, b, b + 1);
      const alone = grad((q: Net) => f(q, one(x), one(y)).sum())(p);
      for (const name of Object.keys(p)) {
        near(await one(each[name]).read(), await alone[name].read(), { absolute: 2e-5, what: `${name}, sample ${b}` });
      }
    }
  });

  // Only kernels that know groups can share a block among some of them.
  const shared = what === 'unfused layers' || what.startsWith('one parameter') ? [] : [[6, 3]];
  for (const [groups, blocks] of [[3, 3], [3, 1], [1, 1], ...shared]) {
    test(`${what}: equal to a loop for [${groups}, ${B}] with ${blocks} weight block(s)`, async () => {
      const values = new Values(2);
      const p = network(values, blocks);
      const [x, y] = [values.tensor(gpu, [groups, B, I]), values.tensor(gpu, [groups, B, I])];
      poison(gpu);
      const each = perSample((q) => {
        const l = f(q, x, y);
        return l.shape.length === 2 && l.shape[0] === groups ? l : l.broadcastTo([groups, B]);
      }, p);
      for (const [name, t] of Object.entries(p)) assert.equal(each[name].shape, [groups, B, ...t.shape.slice(1)], name);
      for (let g = 0; g < groups; g++) {
        const owner = Math.floor((g * blocks) / groups);
        const mine = mapNet(p, (t) => t.slice(0, owner, owner + 1));
        for (let b = 0; b < B; b += 2) {
          const one = (t: Tensor) => t.slice(0, g, g + 1).slice(1, b, b + 1);
          const alone = grad((q: Net) => f(q, one(x), one(y)).sum())(mine);
          for (const name of Object.keys(p)) {
            near(await one(each[name]).read(), await alone[name].read(), {
              absolute: 2e-5,
              what: `${name}, sample ${g}, ${b}`,
            });
          }
        }
      }
    });
  }
}

test('the sum over samples is the ordinary gradient', async () => {
  const values = new Values(3);
  const p = network(values, 3);
  const [x, y] = [values.tensor(gpu, [3, B, I]), values.tensor(gpu, [3, B, I])];
  for (const f of Object.values(losses).slice(0, 3)) {
    const each = perSample((q) => f(q, x, y), p);
    const whole = grad((q: Net) => f(q, x, y).sum())(p);
    for (const name of Object.keys(p)) {
      near(await each[name].sum(1).read(), await whole[name].read(), { absolute: 5e-5, what: name });
    }
  }
});

test('a bare bias, a parameter that is not used, and a list of parameters', async () => {
  const values = new Values(4);
  const x = values.tensor(gpu, [B, I]);
  const [b, unused] = [values.tensor(gpu, [I]), values.tensor(gpu, [2])];
  const [gb, gu] = perSample((q: readonly Tensor[]) => x.add(q[0]).square().sum(1), [b, unused]);
  near(
    await gb.read(),
    (await x.add(b).read()).map((v) => 2 * v),
  );
  assert.equal(gu.shape, [B, 2]);
  near(await gu.read(), new Float32Array(2 * B));
});

test('a scalar parameter and one that broadcasts along its own axes', async () => {
  const values = new Values(5);
  const x = values.tensor(gpu, [B, I]);
  const s = tensor(gpu, 0.7);
  const row = tensor(gpu, [1.3]);
  const f = (q: readonly Tensor[]) => x.mul(q[0]).add(q[1]).square().sum(1);
  const [gs, gr] = perSample(f, [s, row]);
  for (let i = 0; i < B; i++) {
    const xi = (await x.slice(0, i, i + 1).read()).map((v) => v);
    const inner = [...xi].map((v) => 0.7 * v + 1.3);
    near(await gs.slice(0, i, i + 1).read(), [inner.reduce((a, v, k) => a + 2 * v * xi[k], 0)]);
    near(await gr.slice(0, i, i + 1).read(), [inner.reduce((a, v) => a + 2 * v, 0)]);
  }
});

test('norms and weighted sums over all parameters', async () => {
  for (const lead of [[B], [3, B]]) {
    const values = new Values(6);
    const shapes = [
      [...lead, 2, 3],
      [...lead, 4],
    ];
    const data = shapes.map((shape) => values.normal(shape));
    const each = data.map((d, i) => tensor(gpu, d, shapes[i]));
    const samples = sizeOf(lead);
    const norms = Array.from({ length: samples }, (_, b) =>
      Math.sqrt(
        data.reduce(
          (s, d) =>
            s + d.slice((b * d.length) / samples, ((b + 1) * d.length) / samples).reduce((q, v) => q + v * v, 0),
          0,
        ),
      ),
    );
    near(await sampleNorms(each, lead.length).read(), norms);
    const c = values.uniform(lead, 0, 1);
    const sums = weightedSum(each, tensor(gpu, c, lead));
    for (const [k, t] of sums.entries()) {
      const groups = lead.length === 2 ? 3 : 1;
      const size = data[k].length / samples;
      assert.equal(t.shape, [...lead.slice(0, -1), ...shapes[k].slice(lead.length)]);
      const expected = Array.from({ length: groups * size }, (_, j) => {
        const [g, e] = [Math.floor(j / size), j % size];
        let sum = 0;
        for (let b = 0; b < B; b++) sum += c[g * B + b] * data[k][(g * B + b) * size + e];
        return sum;
      });
      near(await t.read(), expected, { absolute: 3e-6 });
    }
  }
});

test('per-sample gradients can be differentiated', async () => {
  const values = new Values(7);
  const [x, w] = [values.tensor(gpu, [B, I]), values.tensor(gpu, [I, H])];
  const f = (v: Tensor) => matmul(x, v).tanh().square().sum(1);
  const norms = grad((v: Tensor) => sampleNorms(perSample(f, v)).sum());
  const looped = grad((v: Tensor) => {
    const each = Array.from({ length: B }, (_, b) => {
      const one = (u: Tensor) =>
        matmul(x.slice(0, b, b + 1), u)
          .tanh()
          .square()
          .sum();
      return grad(one)(v).square().sum().sqrt().reshape([1]);
    });
    return concat(each, 0).sum();
  });
  near(await norms(w).read(), await looped(w).read(), { absolute: 1e-4 });
});

test('nothing is left behind, and each gradient is a tensor of its own', async () => {
  const values = new Values(8);
  const x = values.tensor(gpu, [B, I]);
  const p = { a: values.tensor(gpu, [I]), b: values.tensor(gpu, [I]) };
  const before = gpu.memory().live;
  const each = perSample((q) => x.add(q.a).add(q.b).square().sum(1), p);
  const wanted = await each.b.read();
  each.a.dispose();
  near(await each.b.read(), wanted);
  each.b.dispose();
  assert.is(gpu.memory().live, before);
});

test('a weight made of two parameters is not taken for samples where its rows are as many', async () => {
  const values = new Values(10);
  const x = values.tensor(gpu, [B, B]);
  const p = { u: values.tensor(gpu, [B, 2]), v: values.tensor(gpu, [2, I]), shift: values.tensor(gpu, [I]) };
  const f = (q: typeof p, t: Tensor) => matmul(t, matmul(q.u, q.v.square()).add(q.shift)).square().sum(1);
  const each = perSample((q) => f(q, x), p);
  for (let b = 0; b < B; b++) {
    const alone = grad((q: typeof p) => f(q, x.slice(0, b, b + 1)).sum())(p);
    for (const name of ['u', 'v', 'shift'] as const) {
      near(await each[name].slice(0, b, b + 1).read(), await alone[name].read(), { absolute: 1e-4, what: name });
    }
  }
});

test('grouped losses refuse parameters without a group axis', async () => {
  const values = new Values(11);
  const [x, w, b] = [values.tensor(gpu, [2, B, I]), values.tensor(gpu, [I, H]), values.tensor(gpu, [H])];
  assert.is(await codeOf(() => perSample((q) => matmul(x, q).square().sum(-1), w)), 'GRADIENT');
  assert.is(await codeOf(() => perSample((q) => matmul(x, w).add(q).square().sum(-1), b)), 'GRADIENT');
  assert.is(await codeOf(() => perSample((q) => matmul(x, q.square()).square().sum(-1), w)), 'GRADIENT');
});

test('losses of another rank are refused', async () => {
  const w = new Values(9).tensor(gpu, [I]);
  assert.is(await codeOf(() => perSample((q) => q.sum(), w)), 'GRADIENT');
  assert.is(await codeOf(() => perSample((q) => q.reshape([1, 1, I]), w)), 'GRADIENT');
});

test.run();
